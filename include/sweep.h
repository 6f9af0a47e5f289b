/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep.h - `tauflow sweep`: many runs of one job, each with other values of the keys swept
 *
 * Groups of ranks take members from a shared counter (board.h) and run each as an ordinary run in a
 * folder of its own (member.h). So an interrupted sweep goes on by being started again, and nothing
 * that was finished is done twice. */
#ifndef TAUFLOW_SWEEP_H
#define TAUFLOW_SWEEP_H

#include "run.h"

struct sweep_options {
  const char *out;      /* the sweep's folder */
  bool overwrite;       /* run all members anew */
  double end_time;      /* as in run_options */
  int ranks_per_member; /* a divisor of the ranks */
  long member;          /* run this one alone and gather nothing; -1: all */
};

/* Run what is not done yet of all members, or of one. Returns an exit status, equal on all ranks;
 * with EXIT_MISTAKE, faults hold why and nothing was written. Collective. */
int sweep_run(MPI_Comm comm, const struct job *job, const struct sweep_options *options,
              struct faults *faults);
/* Are all members possible? Faults of the first few that are not. Local. */
bool sweep_check(const struct job *job, struct faults *faults);
/* What is swept, and the first members, in words. Local. */
void sweep_print(const struct job *job);
/* Write OUT/sweep.h5 from what the folder holds. Returns an exit status.
 * Collective. */
int sweep_gather(MPI_Comm comm, const struct job *job, const char *out, struct faults *faults);

#endif
