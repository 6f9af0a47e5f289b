/* SPDX-License-Identifier: BSD-3-Clause */
/* share.h - what rank 0 has found out becomes known to all */
#ifndef TAUFLOW_SHARE_H
#define TAUFLOW_SHARE_H

#include <mpi.h>

/* Rank 0's text, which it gets back; the others get a copy, and the caller frees it. NULL stays
 * NULL. Collective. */
char *share_text(char *text, MPI_Comm comm);

#endif
