/* SPDX-License-Identifier: BSD-3-Clause */
#include "check.h"
#include <petscsys.h>
#include <stdlib.h>

static void begin(void)
{
  char *words[] = {"tauflow", "-skip_petscrc", "-no_signal_handler", NULL}, **argv = words;
  int argc = 3;

  unsetenv("PETSC_OPTIONS");
  unsetenv("PETSC_OPTIONS_YAML");
  PETSC_COMM_WORLD = MPI_COMM_SELF;
  CHECK_PETSC(PetscInitialize(&argc, &argv, NULL, NULL));
}

static void end(void)
{
  CHECK_PETSC(PetscFinalize());
}

static const struct petsc_part table = {.minimiser_create = minimiser_create,
                                        .minimiser_destroy = minimiser_destroy,
                                        .minimise = minimise,
                                        .conjugate_create = conjugate_create,
                                        .conjugate_destroy = conjugate_destroy,
                                        .conjugate_solve = conjugate_solve,
                                        .end = end};

/* The one symbol that is looked up. */
__attribute__((visibility("default"))) const struct petsc_part *tauflow_petsc(void);
const struct petsc_part *tauflow_petsc(void)
{
  PetscBool begun;

  CHECK_PETSC(PetscInitialized(&begun));
  if (!begun) begin();
  return &table;
}
