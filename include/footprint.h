/* SPDX-License-Identifier: BSD-3-Clause */
/* footprint.h - the memory a rank will take, by the plan alone
 *
 * Every module that keeps something of the size of a layer says how much it takes (x_bytes beside
 * x_create); here they are put together. All Local. */
#ifndef TAUFLOW_FOOTPRINT_H
#define TAUFLOW_FOOTPRINT_H

#include "evaluate.h"

struct footprint {
  double weights; /* once */
  double vectors; /* of a layer's width: values, nodes, moments, messages; those of cvode */
  double passing; /* for a while: files, diagnostics, initial weights */
  double peak;    /* all of it; beside what the process takes before it has a job */
};

/* Of a rank of the model's partition [bytes]. */
struct footprint footprint_of(const struct job *job, const struct model *m, int rank);

/* Resident memory of this process, now and at most so far [bytes]; 0 if the system does not say. */
double footprint_now(void);
double footprint_peak(void);

#endif
