/* SPDX-License-Identifier: BSD-3-Clause */
#include "petsc_start.h"
#include <petscsys.h>
#include <stdlib.h>

void petsc_begin(void)
{
  char *words[] = {"tauflow", "-skip_petscrc", "-no_signal_handler", NULL}, **argv = words;
  int argc = 3;
  PetscBool begun;

  CHECK_PETSC(PetscInitialized(&begun));
  if (begun) return;
  unsetenv("PETSC_OPTIONS");
  unsetenv("PETSC_OPTIONS_YAML");
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  CHECK_PETSC(PetscInitialize(&argc, &argv, NULL, NULL));
}

void petsc_end(void)
{
  PetscBool begun;

  CHECK_PETSC(PetscInitialized(&begun));
  if (begun) CHECK_PETSC(PetscFinalize());
}
