/* SPDX-License-Identifier: BSD-3-Clause */
/* info.h - `tauflow info FILE.h5`: what a state, series or sweep file holds, in words; of a folder,
 * how its run ended and its newest intact state; `tauflow info --diff A B`: what tells two runs
 * apart
 *
 * Kind, version, time, network, every dataset with its norm and range, solver notes, the job and
 * the code that wrote it, so that nobody needs a script to look into a run. */
#ifndef TAUFLOW_INFO_H
#define TAUFLOW_INFO_H

#include "fail.h"
#include <stdio.h>

/* Describe the file, or the run in a folder. Returns 0, or 2 with a fault if it cannot be read, is
 * of another kind, or holds data that do not fit their digest. Local (call on rank 0). */
int info_print(FILE *out, const char *path, struct faults *faults);

/* Say which keys and what provenance differ between two state files, or between the newest ones of
 * two folders of runs, and how far the states are apart: word [2]; rank 0 prints. Returns 0, also
 * where the networks are of different widths; 2 with a fault if one is missing or damaged.
 * Collective. */
int info_diff(MPI_Comm comm, FILE *out, const char *const *word, struct faults *faults);

#endif
