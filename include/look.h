/* SPDX-License-Identifier: BSD-3-Clause */
/* look.h - commands that look at a job or a state and write nothing */
#ifndef TAUFLOW_LOOK_H
#define TAUFLOW_LOOK_H

#include "plan.h"
#include "run.h"

/* Faults across keys, the data and the start state, without running. True if there are none.
 * Prints the plan (plan.h) on rank 0. Collective. */
bool look_check(MPI_Comm comm, const struct job *job, const struct plan_options *options,
                struct faults *faults);

/* `tauflow evaluate`: accuracy and loss of a state file as flat `key: value` lines, with a
 * confusion matrix on request. Returns an exit status. Collective. */
int look_evaluate(MPI_Comm comm, const struct job *job, const char *state, bool confusion,
                  struct faults *faults);

#endif
