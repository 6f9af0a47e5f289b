/* SPDX-License-Identifier: BSD-3-Clause */
/* wishes.h - what reaches a run from outside: signals, and how long it may last
 *
 * SIGUSR1, SIGTERM and SIGINT ask it to stop, SIGUSR2 to write a state file and go on; a second
 * SIGINT ends the process at once. A handler only notes the wish: the run asks between
 * presentations, and all ranks agree before any acts (they need not have got the same signals). */
#ifndef TAUFLOW_WISHES_H
#define TAUFLOW_WISHES_H

#include "log.h"

/* Note signals from now on. Local. */
void wishes_listen(void);
/* The number of the signal that asked to stop; 0: none did. It stays. Local. */
int wishes_stop(void);
/* Was a state file asked for since the last call? Local. */
bool wishes_save(void);
/* Take away a folder's file `stop`, now obeyed, and say so, or warn that it cannot be taken away.
 * Was there one? On the rank that speaks. */
bool wishes_take_stop(const char *folder, struct log *log);

/* Seconds since the epoch, with fractions: what times to stop are compared with. For durations
 * there is MPI_Wtime, which does not jump when the machine's clock is set. Local. */
double wishes_now(void);
/* When the allocation of SLURM that this process is in ends, in seconds since the epoch: from
 * SLURM_JOB_END_TIME, else asked of squeue (a process of its own: to be called before MPI starts);
 * infinite outside of SLURM, without a limit, or on ranks other than the first. Local. */
double wishes_slurm_end(void);
/* The seconds in "[days-][[hours:]minutes:]seconds", as squeue writes the time left; negative if
 * it is none. Local. */
double wishes_seconds(const char *text);

#endif
