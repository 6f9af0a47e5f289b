/* SPDX-License-Identifier: BSD-3-Clause */
/* stepper.h - what cascade and lockstep share: the walk through a presentation's steps
 *
 * A stepper carries three moments (before, from, to), the pending products and the step size. The
 * two solvers differ only in how a step is tried. */
#ifndef TAUFLOW_STEPPER_H
#define TAUFLOW_STEPPER_H

#include "pending.h"
#include "solver.h"

struct stepper {
  struct solver *solver;             /* borrowed */
  struct moment *before, *from, *to; /* owned; `to` lives on the routes */
  bool failed;                       /* the last try was rejected */
  bool has_before;                   /* `before` belongs to the same smooth stretch */
  struct pending *pending;           /* owned */
  int segment;                       /* the one the step lies in */
  double h;                          /* the next step to try [s] */
  bool owed;                         /* means of the last step are still to travel */
  struct leak *leak;                 /* [stages] of the step being tried; owned */
  struct verdict *verdict;           /* [stages] of the step being tried; owned */
  double *size;     /* [stages] largest |v|, |f| of the presentation so far; owned */
  double *drift;    /* [stages] of the step being accepted, see verdict; owned */
  double tau_least; /* [s] */
  struct rows open; /* scratch: of the stage at hand; owned */
  void *own;        /* the solver's own */
};

/* Try the step from->u to from->u + h: fill `to` and this rank's verdicts. */
typedef void step_try(struct stepper *st, double h);
/* Called after a step was accepted and `from` stands at its end. */
typedef void step_accepted(struct stepper *st);

struct stepper *stepper_create(struct solver *solver);
void stepper_destroy(struct stepper *st);
/* Memory of a rank by the plan alone [bytes]. Local. */
double stepper_bytes(const struct model *m, int rank);
/* Integrate the prepared presentation with steps tried by `attempt`; accepted may be NULL.
 * Collective. */
enum outcome stepper_walk(struct stepper *st, step_try *attempt, step_accepted *accepted,
                          double *reached);

/* to->drive of a stage with a synapse, h after `from`, in the rows that matter; its pre vector was
 * met and drives of stages before it are known. Local. */
void stepper_multiply(struct stepper *st, int stage, double h);
/* Hand the other ranks' rows of a stage's averages to the pending products, once they are here.
 * Local. */
void stepper_amend(struct stepper *st, int stage);
/* Fill drive and force of every stage of `at` from its (shared) values, exactly at at->u, with the
 * weights as of the present point. Collective. */
void stepper_evaluate(struct stepper *st, struct moment *at);

#endif
