/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep_parts.h - what sweep*.c share */
#ifndef TAUFLOW_SWEEP_PARTS_H
#define TAUFLOW_SWEEP_PARTS_H

#include "code.h"
#include "log.h"
#include "member.h"
#include "sweep.h"

/* A sweep in progress. */
struct sweep {
  MPI_Comm comm, group;
  int rank, in_group, groups;
  const struct job *job;
  const struct sweep_options *options;
  struct faults *faults;
  struct code_run code;
  long todo;
  long *task;    /* [todo] members, in the order in which they are taken */
  long together; /* those from here on run one at a time: each may end the program */
  struct board *board;
  bool first;  /* this group runs them */
  long alone;  /* and has begun tasks up to here, exclusive; 0: none yet */
  int stopped; /* a member was stopped: of this group, then of any */
  /* On rank 0: */
  struct log *log;
  int lock;
  double began, gathered, gathering; /* MPI_Wtime; the last gathering and how long it took [s] */
  double looked;
  bool *seen;                  /* [todo] its end is in the log */
  long over;                   /* tasks seen */
  long count[MEMBER_STATUSES]; /* of all members that are over */
};

typedef void (*member_visit)(void *own, long member, const struct job *job, struct faults *faults);
/* Make the job of each member, check it and show it to `visit`, if there is one. False with faults:
 * those of the first few members. Local. */
bool sweep_visit(const struct job *job, member_visit visit, void *own_of_visit,
                 struct faults *faults);

/* src/sweep_begin.c: before any member runs.
 *
 * Do options, ranks and folder fit the sweep? Faults otherwise, on rank 0. Local. */
void sweep_check_ranks(struct sweep *s, int size);
/* Find the tasks, equal on all ranks; false with faults. Collective. */
bool sweep_plan_tasks(struct sweep *s);
/* Make the folder, lock it and begin its log; false with faults. Members by themselves may be at
 * work side by side, but not beside the whole sweep. Collective. */
bool sweep_open_folder(struct sweep *s);

/* src/sweep_watch.c, on rank 0.
 *
 * Between its presentations: serve the others, and now and then look, tell and gather. share: of
 * the member in its own hands that is done. Local. */
void sweep_attend(void *sweep, double share);
/* When no member runs any more: take away the file `stop`, which all have seen, gather, and write
 * and say how it ended. Returns the exit status. Local. */
int sweep_conclude(struct sweep *s);

#endif
