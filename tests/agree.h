/* SPDX-License-Identifier: BSD-3-Clause */
/* agree.h - one verdict on all ranks
 *
 * An assertion that fails on one rank only leaves the others waiting in the next collective call.
 * So tests compute, agree, and assert after the last collective. */
#ifndef TAUFLOW_AGREE_H
#define TAUFLOW_AGREE_H

#include <mpi.h>
#include <stdbool.h>

/* True if `good` is true on every rank. Collective. */
static inline bool agree(MPI_Comm comm, bool good)
{
  int all = good;

  MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_INT, MPI_LAND, comm);
  return all;
}

#endif
