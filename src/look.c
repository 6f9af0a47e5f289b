/* SPDX-License-Identifier: BSD-3-Clause */
#include "look.h"
#include "footprint.h"
#include "sweep.h"
#include <stdlib.h>

bool look_check(MPI_Comm comm, const struct job *job, const struct plan_options *options,
                struct faults *faults)
{
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (job_members(job) > 0) {
    if (rank == 0 && sweep_check(job, faults)) sweep_print(job);
    if (faults_any(faults, comm)) return false;
  }
  struct session *s = session_plan(comm, job, options->ranks, faults);
  if (!s) return false;
  if (session_start_fits(s, faults) && rank == 0)
    plan_print(stdout, s, options, footprint_now(), faults);
  session_destroy(s);
  return !faults_any(faults, comm);
}

static void print_confusion(const long *confusion, int classes)
{
  printf("confusion (rows: label, columns: prediction)\n      ");
  for (int j = 0; j < classes; j++) printf("%6d", j);
  printf("\n");
  for (int i = 0; i < classes; i++) {
    printf("%6d", i);
    for (int j = 0; j < classes; j++) printf("%6ld", confusion[i * classes + j]);
    printf("\n");
  }
}

int look_evaluate(MPI_Comm comm, const struct job *job, const char *state, bool confusion,
                  struct faults *faults)
{
  struct session *s = session_plan(comm, job, 0, faults);
  int rank;

  if (!s) return EXIT_MISTAKE;
  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (!session_fill(s, false, faults) || !session_load(s, state, false, faults)) {
    session_destroy(s);
    return EXIT_MISTAKE;
  }
  const int classes = s->data->classes;
  long *table = fail_alloc((size_t)(classes * classes), sizeof *table);
  const struct evaluation result = evaluator_run(s->evaluator, table);
  if (rank == 0) {
    printf("test_accuracy: %.6g\ntest_loss: %.9g\ntest_samples: %ld\nreadout: %s\n",
           result.accuracy, result.loss, result.samples, job_text(job, "evaluate.readout"));
    if (confusion && classes > 0) print_confusion(table, classes);
    if (confusion && classes == 0) printf("confusion: none, for there are no labels\n");
  }
  free(table);
  session_destroy(s);
  return EXIT_DONE;
}
