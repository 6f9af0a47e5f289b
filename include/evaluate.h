/* SPDX-License-Identifier: BSD-3-Clause */
/* evaluate.h - what the network has learned: accuracy and loss on the test split
 *
 * Weights are frozen, errors clamped to 0, noise left out. `settled` is the forward pass on the
 * slow manifold; `dynamic` integrates the test presentations one after another, from rest, with
 * the job's solver and reads s_L at the end of each. */
#ifndef TAUFLOW_EVALUATE_H
#define TAUFLOW_EVALUATE_H

#include "solver.h"

struct evaluator;

/* Evaluates the weights in `state`, whose y and z it leaves alone. All borrowed. Collective. */
struct evaluator *evaluator_create(const struct job *job, struct model *model,
                                   const struct state *state, const struct dataset *data);
/* From now on through a solver that takes batches; borrowed. Local. */
void evaluator_through(struct evaluator *e, struct solver *batches);
void evaluator_destroy(struct evaluator *e);
/* Memory of a rank by the plan alone [bytes]. Local. */
double evaluator_bytes(const struct job *job, const struct model *m, int rank);
/* How many test samples a run of it takes. Local. */
long evaluator_samples(const struct evaluator *e);
/* Same result on all ranks. confusion: NULL, or [classes][classes], row: true label, column:
 * prediction, added to on every rank. Collective. */
struct evaluation evaluator_run(struct evaluator *e, long *confusion);

/* Loss (target y [n]) and prediction of one answer s [n]: shared with the training accuracy.
 * Local. */
double answer_loss(const double *s, const double *y, long n, bool probabilities);
int answer_class(const double *s, long n); /* the first largest */

extern const struct key evaluate_keys[];

#endif
