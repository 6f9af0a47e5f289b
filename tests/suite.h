/* SPDX-License-Identifier: BSD-3-Clause */
/* suite.h - the end of every test's main */
#ifndef TAUFLOW_SUITE_H
#define TAUFLOW_SUITE_H

#include "petsc_part.h"
#include <check.h>
#include <mpi.h>

/* Run the suite without forking, which MPI does not survive, speaking on rank 0 only; free it,
 * finalise MPI and return main's exit status. Collective over the world. */
static inline int suite_run(SRunner *runner)
{
  int rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, rank == 0 ? CK_ENV : CK_SILENT);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  petsc_end();
  MPI_Finalize();
  return failed > 0;
}

#endif
