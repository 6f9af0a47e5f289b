/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"
#include "watch.h"
#include <limits.h>
#include <stdlib.h>

static int message_length(long n)
{
  CHECK(n <= INT_MAX, "a message of %ld elements is beyond MPI's limit of %d", n, INT_MAX);
  return (int)n;
}

struct course course_plan(const struct partition *part, int layer, int blocks, int count,
                          const int *to)
{
  struct course c = {.part = part, .layer = layer, .blocks = blocks};

  c.wants = fail_alloc((size_t)part->size, sizeof *c.wants);
  for (int r = 0; r < part->size; r++) {
    for (int k = 0; k < count; k++) c.wants[r] |= partition_owns(part, to[k], r);
    c.wanters += c.wants[r];
    c.owners += partition_owns(part, layer, r);
  }
  return c;
}

void course_clear(struct course *c)
{
  free(c->wants);
  *c = (struct course){0};
}

void course_rows(const struct course *c, int from, int to, long *lo, long *hi)
{
  *lo = *hi = 0;
  if (from != to && c->wants[to]) partition_rows(c->part, c->layer, from, lo, hi);
}

static double bytes_of(const struct course *c, long rows)
{
  return (double)c->blocks * (double)rows * sizeof(double);
}

/* The sum of course_rows over all others, without the walk over them. */
struct traffic course_sent(const struct course *c, int rank)
{
  const int others = c->wanters - c->wants[rank];
  long lo, hi;

  partition_rows(c->part, c->layer, rank, &lo, &hi);
  if (lo == hi) return (struct traffic){0};
  return (struct traffic){others, others * bytes_of(c, hi - lo)};
}

struct traffic course_received(const struct course *c, int rank)
{
  const long n = c->part->start[c->layer + 1] - c->part->start[c->layer];
  long lo, hi;

  if (!c->wants[rank]) return (struct traffic){0};
  partition_rows(c->part, c->layer, rank, &lo, &hi);
  return (struct traffic){c->owners - (lo < hi), bytes_of(c, n - (hi - lo))};
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
  const struct partition *part = rt->part;
  long lo, hi;

  course_rows(&rt->course, r, part->rank, &lo, &hi);
  if (lo == hi) return;
  MPI_Datatype piece = piece_of(rt, lo, hi);
  CHECK_MPI(MPI_Recv_init(rt->vector + lo, 1, piece, r, rt->tag, part->comm,
                          &rt->request[rt->requests++]));
  CHECK_MPI(MPI_Type_free(&piece));
}

static void plan_send(struct route *rt, int r)
{
  const struct partition *part = rt->part;
  long lo, hi;
  MPI_Count bytes;

  course_rows(&rt->course, part->rank, r, &lo, &hi);
  if (lo == hi) return;
  MPI_Datatype piece = piece_of(rt, lo, hi);
  CHECK_MPI(MPI_Send_init(rt->vector + lo, 1, piece, r, rt->tag, part->comm,
                          &rt->request[rt->requests++]));
  CHECK_MPI(MPI_Type_size_x(piece, &bytes));
  CHECK_MPI(MPI_Type_free(&piece));
  rt->once.messages++;
  rt->once.bytes += (double)bytes;
}

static void plan_messages(struct route *rt)
{
  rt->request = fail_alloc(2 * (size_t)rt->part->size, sizeof *rt->request);
  for (int r = 0; r < rt->part->size; r++) {
    plan_receive(rt, r);
    plan_send(rt, r);
  }
}

struct route *route_along(struct course course, int tag)
{
  const struct partition *part = course.part;
  struct route *rt = fail_alloc(1, sizeof *rt);

  rt->course = course;
  rt->part = part;
  rt->blocks = course.blocks;
  rt->n = part->start[course.layer + 1] - part->start[course.layer];
  rt->tag = tag;
  partition_rows(part, course.layer, part->rank, &rt->lo, &rt->hi);
  rt->wanted = course.wants[part->rank];
  if (rt->wanted || rt->lo < rt->hi)
    rt->vector = fail_alloc((size_t)rt->blocks * (size_t)padded(rt->n), sizeof *rt->vector);
  plan_messages(rt);
  return rt;
}

struct route *route_create(const struct partition *part, int layer, int blocks, int count,
                           const int *to, int tag)
{
  return route_along(course_plan(part, layer, blocks, count, to), tag);
}

void route_destroy(struct route *rt)
{
  if (!rt) return;
  for (int k = 0; k < rt->requests; k++) CHECK_MPI(MPI_Request_free(&rt->request[k]));
  free(rt->request);
  course_clear(&rt->course);
  free(rt->vector);
  free(rt);
}

void route_begin(struct route *rt)
{
  if (rt->requests) CHECK_MPI(MPI_Startall(rt->requests, rt->request));
  rt->sent.messages += rt->once.messages;
  rt->sent.bytes += rt->once.bytes;
}

void route_end(struct route *rt)
{
  if (!rt->requests) return;
  const enum place was = watch_enter(AT_MESSAGES);
  CHECK_MPI(MPI_Waitall(rt->requests, rt->request, MPI_STATUSES_IGNORE));
  watch_enter(was);
}
