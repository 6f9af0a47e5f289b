/* SPDX-License-Identifier: BSD-3-Clause */
/* exchange.h - vectors of one layer travel to the ranks that need them
 *
 * y goes up to the owners of the layer above, z down to the owners of the layer below; a softmax
 * or an RMS needs the whole layer at its own owners. A route is one such vector: its messages are
 * planned once, as persistent requests on its own buffer, and replayed at every step. */
#ifndef TAUFLOW_EXCHANGE_H
#define TAUFLOW_EXCHANGE_H

#include "partition.h"

/* Messages and their content, without what MPI adds. */
struct traffic {
  double messages, bytes;
};

/* Whose rows travel to which ranks: a function of the cuts alone. Messages are made from it, and
 * foretold from it for any number of ranks. */
struct course {
  const struct partition *part; /* borrowed */
  int layer;
  int blocks;          /* vectors of the layer that travel together */
  bool *wants;         /* [size] which ranks receive the vector; owned */
  int owners, wanters; /* ranks with rows of it; ranks that receive it */
};

/* For all owners of the layers listed in to[count]. Local. */
struct course course_plan(const struct partition *part, int layer, int blocks, int count,
                          const int *to);
void course_clear(struct course *c);
/* Rows [*lo, *hi) of the layer that `from` sends to `to` whenever the vector travels; lo == hi
 * when there is no message. Local. */
void course_rows(const struct course *c, int from, int to, long *lo, long *hi);
/* What a rank sends, or receives, whenever the vector travels. Local. */
struct traffic course_sent(const struct course *c, int rank);
struct traffic course_received(const struct course *c, int rank);

struct route {
  struct course course;         /* owned */
  const struct partition *part; /* borrowed */
  long n, lo, hi;               /* width; rows owned here */
  bool wanted;                  /* the whole vector is received here */
  int blocks;                   /* vectors of the layer that travel together */
  double *vector; /* [blocks][padded(n)] owned; own rows valid always, all of it after route_end
                     where wanted; NULL when this rank neither owns nor wants any of it */
  int requests;
  MPI_Request *request; /* owned */
  int tag;
  struct traffic once; /* what this rank sends each time */
  struct traffic sent; /* and has sent since the route was made */
};

/* Make the messages of a course, which the route owns from now on. tag is unique in the
 * communicator. Every rank calls it with equal arguments. Collective. */
struct route *route_along(struct course course, int tag);
/* The same for `blocks` vectors of `layer` and all owners of the layers listed in to[count]. */
struct route *route_create(const struct partition *part, int layer, int blocks, int count,
                           const int *to, int tag);
void route_destroy(struct route *route);
/* Start sending our rows of route->vector; they must stay unchanged until the end. Does not wait.
 * Collective among the ranks concerned. */
void route_begin(struct route *route);
/* Wait until the vector is whole (where wanted) and our rows may change again. */
void route_end(struct route *route);

#endif
