/* SPDX-License-Identifier: BSD-3-Clause */
/* gather.h - sweep.h5: the keys, summaries and curves of all members of a sweep in one file
 *
 * Made from the members' own files, so it can be made anew at any time. A member without a summary
 * is in it by its keys and status alone. */
#ifndef TAUFLOW_GATHER_H
#define TAUFLOW_GATHER_H

#include "job.h"

/* Write OUT/sweep.h5 from the folders of the members of a sweep, first under its name with `ending`
 * behind, then renamed. False with a fault; `missing` says which members' series cannot be read,
 * whose curves are not in it. Local. */
bool gather_write(const struct job *job, const char *out, const char *ending,
                  struct faults *missing, struct faults *faults);

#endif
