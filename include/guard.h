/* SPDX-License-Identifier: BSD-3-Clause */
/* guard.h - a file on which a library crashes is named all the same
 *
 * HDF5 1.10 believes the tables of a file, and can crash on one that is damaged or made to do
 * harm. A seal keeps damage from it (store_seal.c), but files from elsewhere have none. So while
 * such a file is open, a crash ends in a message that names it, and in exit status 2, in place of
 * a silent signal; mpirun then ends the other ranks. Local. */
#ifndef TAUFLOW_GUARD_H
#define TAUFLOW_GUARD_H

/* From now on crashes are put down to this file, the latest where there are several. */
void guard_begin(const char *path);
/* The last file that began is closed; what the signals did before is back with the first. */
void guard_end(void);

#endif
