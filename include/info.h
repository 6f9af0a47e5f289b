/* SPDX-License-Identifier: BSD-3-Clause */
/* info.h - `tauflow info FILE.h5`: what a state, series or sweep file holds, in words
 *
 * Kind, version, time, network, every dataset with its norm and range, solver notes, the job and
 * the code that wrote it, so that nobody needs a script to look into a run. */
#ifndef TAUFLOW_INFO_H
#define TAUFLOW_INFO_H

#include "fail.h"
#include <stdio.h>

/* Describe the file. Returns 0, or 2 with a fault if it cannot be read or is of another kind.
 * Local (call on rank 0). */
int info_print(FILE *out, const char *path, struct faults *faults);

#endif
