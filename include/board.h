/* SPDX-License-Identifier: BSD-3-Clause */
/* board.h - who does what next, and what became of it, without anybody in charge
 *
 * A piece of rank 0's memory that all ranks reach into (MPI one-sided): a counter from which each
 * takes the number of its next task, and a place for the result of each task. Rank 0 works as the
 * others do, and looks at the results now and then. */
#ifndef TAUFLOW_BOARD_H
#define TAUFLOW_BOARD_H

#include "fail.h"

struct board;

/* What is reported of a task. */
struct outcome_of_task {
  double kind; /* > 0; 0 while the task is not over */
  double value, wall;
};

/* For tasks 0 .. tasks-1. comm is borrowed. Collective. */
struct board *board_create(MPI_Comm comm, long tasks);
void board_destroy(struct board *b); /* Collective. */
/* The next task that nobody has taken; tasks or more when there is none. Local. */
long board_take(struct board *b);
/* Let nobody take a task any more. Local. */
void board_close(struct board *b);
/* Report a task. Local. */
void board_report(struct board *b, long task, const struct outcome_of_task *outcome);
/* On rank 0: what is reported of a task, and how many are taken. Local. */
struct outcome_of_task board_read(struct board *b, long task);
long board_taken(struct board *b);
/* Let other ranks' requests be served, where the network needs this rank's help. Local. */
void board_serve(struct board *b);

#endif
