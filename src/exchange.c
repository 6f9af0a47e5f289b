/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"
#include <limits.h>
#include <stdlib.h>

static int message_length(long n)
{
  CHECK(n <= INT_MAX, "a message of %ld elements is beyond MPI's limit of %d", n, INT_MAX);
  return (int)n;
}

/* Rows [lo, hi) of every block as one piece of a message. */
static MPI_Datatype piece_of(const struct route *rt, long lo, long hi)
{
  MPI_Datatype type;

  CHECK_MPI(MPI_Type_vector(rt->blocks, message_length(hi - lo), message_length(padded(rt->n)),
                            MPI_DOUBLE, &type));
  CHECK_MPI(MPI_Type_commit(&type));
  return type;
}

static void plan_receive(struct route *rt, int r)
{
  long lo, hi;

  partition_rows(rt->part, rt->layer, r, &lo, &hi);
  if (!rt->wanted || lo == hi) return;
  MPI_Datatype piece = piece_of(rt, lo, hi);
  CHECK_MPI(MPI_Recv_init(rt->vector + lo, 1, piece, r, rt->tag, rt->part->comm,
                          &rt->request[rt->requests++]));
  CHECK_MPI(MPI_Type_free(&piece));
}

static void plan_send(struct route *rt, int r)
{
  if (!rt->wants[r] || rt->lo == rt->hi) return;
  MPI_Datatype piece = piece_of(rt, rt->lo, rt->hi);
  CHECK_MPI(MPI_Send_init(rt->vector + rt->lo, 1, piece, r, rt->tag, rt->part->comm,
                          &rt->request[rt->requests++]));
  CHECK_MPI(MPI_Type_free(&piece));
}

static void plan_messages(struct route *rt)
{
  rt->request = fail_alloc(2 * (size_t)rt->part->size, sizeof *rt->request);
  for (int r = 0; r < rt->part->size; r++) {
    if (r == rt->part->rank) continue;
    plan_receive(rt, r);
    plan_send(rt, r);
  }
}

struct route *route_create(const struct partition *part, int layer, int blocks, int count,
                           const int *to, int tag)
{
  struct route *rt = fail_alloc(1, sizeof *rt);

  rt->part = part;
  rt->layer = layer;
  rt->blocks = blocks;
  rt->n = part->start[layer + 1] - part->start[layer];
  rt->tag = tag;
  partition_rows(part, layer, part->rank, &rt->lo, &rt->hi);
  rt->wants = fail_alloc((size_t)part->size, sizeof *rt->wants);
  for (int r = 0; r < part->size; r++)
    for (int k = 0; k < count; k++) rt->wants[r] |= partition_owns(part, to[k], r);
  rt->wanted = rt->wants[part->rank];
  if (rt->wanted || rt->lo < rt->hi)
    rt->vector = fail_alloc((size_t)blocks * (size_t)padded(rt->n), sizeof *rt->vector);
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
