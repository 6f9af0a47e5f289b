/* SPDX-License-Identifier: BSD-3-Clause */
/* footprint.h - the memory a rank will take, by the plan alone
 *
 * Every module that keeps something of the size of a layer says how much (x_bytes beside
 * x_create). */
#ifndef TAUFLOW_FOOTPRINT_H
#define TAUFLOW_FOOTPRINT_H

#include "evaluate.h"

struct footprint {
  double weights, vectors, files; /* bytes */
};

struct footprint footprint_of(const struct job *job, const struct model *m, int rank);
double footprint_weights(const struct model *m, int rank);
/* Resident memory of this process, now and at most so far [bytes]; 0 if the system does not say.
 * Local. */
double footprint_now(void);
double footprint_peak(void);

#endif
