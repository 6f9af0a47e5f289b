/* SPDX-License-Identifier: BSD-3-Clause */
/* exchange.h - vectors of one layer travel to the ranks that need them
 *
 * y goes up to the owners of the layer above, z down to the owners of the layer below; a softmax
 * or an RMS needs the whole layer at its own owners. A route is one such vector: its messages are
 * planned once, as persistent requests on its own buffer, and replayed at every step. */
#ifndef TAUFLOW_EXCHANGE_H
#define TAUFLOW_EXCHANGE_H

#include "partition.h"

struct route {
  const struct partition *part; /* borrowed */
  int layer;
  long n, lo, hi; /* width; rows owned here */
  bool wanted;    /* the whole vector is received here */
  int blocks;     /* vectors of the layer that travel together */
  double *vector; /* [blocks][padded(n)] owned; own rows valid always, all of it after route_end
                     where wanted; NULL when this rank neither owns nor wants any of it */
  int requests;
  MPI_Request *request; /* owned */
  int tag;
  bool *wants; /* [size] which ranks receive the vector */
};

/* Plan `blocks` vectors of `layer` for all owners of the layers listed in to[count]. tag is unique
 * in the communicator. Every rank calls it with equal arguments. Collective. part is borrowed. */
struct route *route_create(const struct partition *part, int layer, int blocks, int count,
                           const int *to, int tag);
void route_destroy(struct route *route);
/* Start sending our rows of route->vector; they must stay unchanged until the end. Does not wait.
 * Collective among the ranks concerned. */
void route_begin(struct route *route);
/* Wait until the vector is whole (where wanted) and our rows may change again. */
void route_end(struct route *route);

#endif
