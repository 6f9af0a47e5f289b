/* SPDX-License-Identifier: BSD-3-Clause */
/* adam.h - Adam's steps of the weights (Kingma and Ba 2014)
 *
 * Step t = 1, 2, ... of a weight with gradient g (downhill, as everywhere here):
 *   m <- beta1 m + (1 - beta1) g          c <- beta2 c + (1 - beta2) g^2
 *   W <- W + rate m' / (sqrt(c') + epsilon),   m' = m / (1 - beta1^t), c' = c / (1 - beta2^t)
 * m and c, the moments, start at 0 and belong to the state of a run. All Local. */
#ifndef TAUFLOW_ADAM_H
#define TAUFLOW_ADAM_H

#include "state.h"

struct adam;

/* Moments of every matrix that learns, of the rows of this rank. state is borrowed. */
struct adam *adam_create(const struct job *job, struct state *state);
void adam_destroy(struct adam *a);
/* Memory of a rank by the plan alone [bytes]. */
double adam_bytes(const struct model *m, int rank);
/* Step t >= 1 of synapse k, whose gradient is p q', and before it W <- (1 - loss) W; p [rows],
 * q [ld] in the precision of the weights. Exchanging p and q gives exactly the transposed step. */
void adam_step(struct adam *a, int k, long t, double loss, const void *p, const void *q);
/* The moments as the store sees them: the count; *fields is fresh (state_free_fields). */
int adam_fields(const struct adam *a, struct field **fields);

#endif
