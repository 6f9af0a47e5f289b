/* SPDX-License-Identifier: BSD-3-Clause */
/* run.h - a job from its first presentation to its last, and what it leaves behind */
#ifndef TAUFLOW_RUN_H
#define TAUFLOW_RUN_H

#include "job.h"

/* Exit statuses of the program. */
enum { EXIT_DONE = 0, EXIT_FAULT = 1, EXIT_MISTAKE = 2, EXIT_STOPPED = 3, EXIT_DIVERGED = 4 };

struct run_options {
  const char *out;  /* the run's folder */
  bool overwrite;   /* remove the files of a run that is there already */
  bool resume;      /* continue the run that is there; from presentation 0 if it has no state yet */
  const char *also; /* another folder in which a file `stop` counts; NULL: none */
  double end_time;  /* stop in time for this, seconds since the epoch; infinite: never */
  bool quiet;       /* say everything in log.txt and nothing but warnings on the terminal */
  const struct faults *warnings; /* for the log, from rank 0's caller; NULL: none */
  /* Called after each presentation with the share of the run that is done; NULL: nothing is. Ranks
   * may have different ones: it must not be collective. */
  void (*each)(void *own, double share);
  void *own; /* its first argument, borrowed */
};

/* Run the job, or continue it. Returns an exit status, equal on all ranks; with EXIT_MISTAKE,
 * faults hold why and nothing was written. Collective. */
int run_job(MPI_Comm comm, const struct job *job, const struct run_options *options,
            struct faults *faults);

/* The job of the run in a folder, and its name in messages: used.yml, or, if that is lost or cannot
 * be read as a job (why: what is wrong with it), what the newest state file says that can be read.
 * NULL if there is neither. Caller frees both. Local. */
char *checkpoint_job(const char *folder, char **origin, struct faults *why);

extern const struct key run_keys[], record_keys[], checkpoint_keys[];

#endif
