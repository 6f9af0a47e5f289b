/* SPDX-License-Identifier: BSD-3-Clause */
/* petsc_start.h - PETSc's beginning and end
 *
 * PETSc begins when something first needs it, in this process alone (its world is MPI_COMM_SELF;
 * objects may still be made on any communicator). It sees no arguments, no ~/.petscrc, and no
 * PETSC_OPTIONS, so that what lies around on a machine cannot change results, and it leaves
 * signals to the program. */
#ifndef TAUFLOW_PETSC_START_H
#define TAUFLOW_PETSC_START_H

#include "fail.h"

/* Begin, unless it has begun. MPI has been initialised. Removes PETSC_OPTIONS and
 * PETSC_OPTIONS_YAML from the environment. Local. */
void petsc_begin(void);
/* End, if it has begun. Before MPI_Finalize, after all its objects are gone; it cannot begin again.
 * Local. */
void petsc_end(void);

#define CHECK_PETSC(call)                                                                          \
  do {                                                                                             \
    const int code_ = (call);                                                                      \
    CHECK(code_ == 0, "%s: PETSc error %d", #call, code_);                                         \
  } while (0)

#endif
