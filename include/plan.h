/* SPDX-License-Identifier: BSD-3-Clause */
/* plan.h - what a job will take on so many ranks, in words and numbers */
#ifndef TAUFLOW_PLAN_H
#define TAUFLOW_PLAN_H

#include "session.h"
#include <stdio.h>

enum { PLAN_MOST_RANKS = 100000 };

/* What `tauflow check` is asked beside the job. */
struct plan_options {
  int ranks;           /* 0: those of the communicator */
  double steps;        /* of a presentation; 0: by rule of thumb */
  const char *machine; /* file of a machine's constants, or NULL: no time is predicted */
};

/* Print the cut, and rows, memory, messages and work of each rank (of some, when there are many);
 * then, as flat `key: value` lines, what all ranks send, and how long a presentation takes.
 * base: memory of a process without a job [bytes]. False with faults. Local. */
bool plan_print(FILE *out, const struct session *s, const struct plan_options *options, double base,
                struct faults *faults);

#endif
