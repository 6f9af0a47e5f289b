/* SPDX-License-Identifier: BSD-3-Clause */
/* held.h - the first layer's products and pending sum, whose input is a blend of two images
 *
 * Over a presentation x = (1-b) x_from + b x_to. So W_1 x is made of two products that are formed
 * once, and all that W_1 learns is A x_from' + B x_to', two vectors however many steps there are:
 * it needs no nodes (pending.h) and is folded once (docs/equations.md, pending products). */
#ifndef TAUFLOW_HELD_H
#define TAUFLOW_HELD_H

#include "system.h"

struct held;

/* For synapse 0 of this system, which multiplies the input; borrowed. Local. */
struct held *held_create(const struct system *sys);
void held_destroy(struct held *h);
/* Memory of a rank by the plan alone [bytes]. Local. */
double held_bytes(const struct model *m, int rank);
/* Start a presentation at u = 0: both images are multiplied; nothing is pending. Local. */
void held_begin(struct held *h);
/* out [own rows] = M(at u) x(u). post [own rows], in the precision of the weights, is the post
 * vector at the present point `now`, which is added with weight `ahead` [s]; NULL where nothing is
 * learned. Local. */
void held_product(const struct held *h, double u, double now, double ahead, const void *post,
                  double *out);
/* x(u).x(u), on ranks with rows of the first layer. Local. */
double held_square(const struct held *h, double u);
/* A step of that length from u stands: post [own rows] is the post vector's average over it.
 * Local. */
void held_accept(struct held *h, double u, double length, const double *post);
/* Write what is pending into the state's matrix, as of time u. Local. */
void held_fold(struct held *h, double u);

#endif
