/* SPDX-License-Identifier: BSD-3-Clause */
/* record.h - which quantities a run writes to series.h5 */
#ifndef TAUFLOW_RECORD_H
#define TAUFLOW_RECORD_H

#include "diagnostics.h"
#include "evaluate.h"

struct recorder;

/* For a run of L layers, with feedback weights or without, and the solver's figures; path is the
 * series file. Local; used on rank 0 only. */
struct recorder *recorder_create(const char *path, int L, bool feedback, int figures,
                                 const struct figure *figure);
void recorder_destroy(struct recorder *r);
/* Make the file anew with the job's text. Local. */
bool recorder_begin(struct recorder *r, const char *job, struct faults *faults);
/* Continue the file from presentation `last`. Local. */
bool recorder_resume(struct recorder *r, long last, struct faults *faults);
/* One row of training quantities. law: [L-1] what the mismatch should be; figure: as in
 * recorder_create. Local. */
bool recorder_add(struct recorder *r, long presentation, double t, double accuracy, double loss,
                  const struct measures *measures, const double *law, const struct figure *figure,
                  struct faults *faults);
/* The last test that is in the file; false if there is none. Local. */
bool recorder_last_test(struct recorder *r, struct evaluation *result, struct faults *faults);
/* One row of test results, in place of one of the same presentation: a process that died before it
 * said so may have made this test already. Local. */
bool recorder_add_test(struct recorder *r, long presentation, double t,
                       const struct evaluation *result, struct faults *faults);

#endif
