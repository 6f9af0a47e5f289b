/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"
#include <limits.h>
#include <stdlib.h>

static int message_length(long n)
{
  CHECK(n <= INT_MAX, "a message of %ld elements is beyond MPI's limit of %d", n, INT_MAX);
  return (int)n;
}

static void plan_messages(struct route *rt)
{
  const struct partition *part = rt->part;

  rt->request = fail_alloc(2 * (size_t)part->size, sizeof *rt->request);
  for (int r = 0; r < part->size; r++) {
    long lo, hi;
    if (r == part->rank) continue;
    partition_rows(part, rt->layer, r, &lo, &hi);
    if (rt->wanted && lo < hi)
      CHECK_MPI(MPI_Recv_init(rt->vector + lo, message_length(hi - lo), MPI_DOUBLE, r, rt->tag,
                              part->comm, &rt->request[rt->requests++]));
    if (rt->wants[r] && rt->lo < rt->hi)
      CHECK_MPI(MPI_Send_init(rt->vector + rt->lo, message_length(rt->hi - rt->lo), MPI_DOUBLE, r,
                              rt->tag, part->comm, &rt->request[rt->requests++]));
  }
}

struct route *route_create(const struct partition *part, int layer, int count, const int *to,
                           int tag)
{
  struct route *rt = fail_alloc(1, sizeof *rt);

  rt->part = part;
  rt->layer = layer;
  rt->n = part->start[layer + 1] - part->start[layer];
  rt->tag = tag;
  partition_rows(part, layer, part->rank, &rt->lo, &rt->hi);
  rt->wants = fail_alloc((size_t)part->size, sizeof *rt->wants);
  for (int r = 0; r < part->size; r++)
    for (int k = 0; k < count; k++) rt->wants[r] |= partition_owns(part, to[k], r);
  rt->wanted = rt->wants[part->rank];
  if (rt->wanted || rt->lo < rt->hi)
    rt->vector = fail_alloc((size_t)padded(rt->n), sizeof *rt->vector);
  plan_messages(rt);
  return rt;
}

void route_destroy(struct route *rt)
{
  if (!rt) return;
  for (int k = 0; k < rt->requests; k++) CHECK_MPI(MPI_Request_free(&rt->request[k]));
  free(rt->request);
  free(rt->wants);
  free(rt->vector);
  free(rt);
}

void route_begin(struct route *rt)
{
  if (rt->requests) CHECK_MPI(MPI_Startall(rt->requests, rt->request));
}

void route_end(struct route *rt)
{
  if (rt->requests) CHECK_MPI(MPI_Waitall(rt->requests, rt->request, MPI_STATUSES_IGNORE));
}
