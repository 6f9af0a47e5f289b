/* SPDX-License-Identifier: BSD-3-Clause */
/* run_parts.h - what run.c, run_files.c and checkpoint.c share: a run in progress */
#ifndef TAUFLOW_RUN_PARTS_H
#define TAUFLOW_RUN_PARTS_H

#include "code.h"
#include "diagnostics.h"
#include "log.h"
#include "record.h"
#include "run.h"
#include "session.h"
#include "trace.h"

/* Everything of a run in progress. The doubles from `done` to `mismatch_start` are in checkpoints:
 * what an exact continuation needs. */
struct run {
  MPI_Comm comm;
  int rank;
  const struct job *job;
  const struct run_options *options;
  struct faults *faults;
  struct session *s;
  struct code_run code;
  const struct code_run *code_before; /* of a sweep, or NULL */
  struct diagnostics *diagnostics;
  struct recorder *recorder; /* rank 0 */
  struct trace *trace;       /* NULL: none */
  struct log *log;
  int lock; /* of the folder; rank 0 */
  long samples;
  double began;   /* MPI_Wtime when this process began to integrate [s] */
  double solving; /* of that, spent in the solver [s] */
  double first;   /* presentations completed before this process */
  double tried;   /* steps tried before it */

  double done;            /* presentations completed */
  double accuracy, loss;  /* moving averages over the last WINDOW presentations */
  double *largest_start;  /* [synapses] largest |w| at the start, over all ranks */
  double *mismatch_start; /* [L-1] */

  struct evaluation test; /* the last; samples 0: none yet */
  double save_every;      /* wall time between state files [s]; 0: no matter */
  double saves, saving;   /* state files that this process wrote, and the wall time they took [s] */
  double saved;           /* MPI_Wtime at the last state file, or the start [s] */
  double looked;          /* MPI_Wtime when the folder was last looked into for a file `stop` [s] */
  bool save;              /* a state file is wished */
  const char *stopped_by; /* "signal", "file" or "time"; NULL: nothing yet */
  const char *status;
  bool begins;   /* at presentation 0, resumed or not */
  bool diverged; /* the state to resume from: it may end inside a presentation */
  double t_read; /* and its simulated time [s] */
};

/* Steps tried since the run began, refused ones included. Local. */
double run_steps_tried(const struct run *r);

/* Before anything is read: may a new run write to its folder? One that is resumed locks it, lest
 * another one writes and deletes states meanwhile, and learns whether it begins anew, having been
 * killed before its first state file. Faults otherwise; nothing is written yet. Collective. */
bool run_enter_folder(struct run *r);
/* Write the files that say what the run is, and begin its tables or cut them back to the state.
 * False with faults. Collective. */
bool run_open_folder(struct run *r);
/* Have what series and trace hold so far on the disk: before a state is, lest rows be missing that
 * a run resumed from it does not write again. On rank 0. */
void run_sync_tables(struct run *r);
/* The run that ends has obeyed the file `stop`: the next one is not to. Local. */
void run_take_stop(struct run *r);
/* At simulated time t. Collective. */
void run_write_summary(struct run *r, double t);
/* Is there no summary of this end? One of an earlier stop, or of a shorter run, is none.
 * Collective. */
bool run_lacks_summary(const struct run *r);

/* Write a state file of this moment, at simulated time t, and forget the oldest. Collective. */
void checkpoint_write(struct run *r, double t);
/* Take up the newest state file that is intact; false with faults if there is none. Collective. */
bool checkpoint_read_newest(struct run *r);
/* Set aside a used.yml that is no job, before another is written: it may hold somebody's edits.
 * Local. */
void checkpoint_keep_used(struct run *r);
/* Abort if any rank has faults: a file that cannot be written is a fault of the machine by now, not
 * of the job. Collective. */
void run_insist(struct run *r);

#endif
