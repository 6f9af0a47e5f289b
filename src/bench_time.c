/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_parts.h"
#include <math.h>
#include <stdlib.h>

/* Reading the clock takes some 30 ns: too few runs between two readings would be measured with it.
 */
static const double BETWEEN_READINGS = 20e-6;

static double run_some(const struct task *task, long runs)
{
  const double start = MPI_Wtime();

  for (long k = 0; k < runs; k++) task->run(task->own);
  return MPI_Wtime() - start;
}

/* How many runs are worth a reading of the clock; warms up caches on the way. */
static long runs_between(const struct task *task)
{
  long runs = 1;

  while (run_some(task, runs) < BETWEEN_READINGS) runs *= 2;
  return runs;
}

/* Seconds of one run, over a block. The task before it had the caches, which matters unless one run
 * is as long as a block. */
static double time_block(const struct task *task, long runs, double block)
{
  double spent = 0;
  long done = 0;

  if (!(task->seconds > block)) run_some(task, 1);
  while (spent < block) {
    spent += run_some(task, runs);
    done += runs;
  }
  return spent / (double)done;
}

/* Is there time for one more round, by the clock of rank 0? */
static bool goes_on(const struct pace *pace, int rounds, double end)
{
  int more = rounds < MIN_BLOCKS || MPI_Wtime() < end;

  CHECK_MPI(MPI_Bcast(&more, 1, MPI_INT, 0, pace->comm));
  return more;
}

void bench_time(const struct pace *pace, int tasks, struct task *task)
{
  long *runs = fail_alloc((size_t)tasks, sizeof *runs);

  for (int k = 0; k < tasks; k++) runs[k] = runs_between(&task[k]);
  for (int k = 0; k < tasks; k++) task[k].seconds = NAN;
  const double end = MPI_Wtime() + tasks * pace->task;
  for (int round = 0; goes_on(pace, round, end); round++)
    for (int k = 0; k < tasks; k++) {
      CHECK_MPI(MPI_Barrier(pace->comm));
      double seconds = time_block(&task[k], runs[k], pace->block);
      CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &seconds, 1, MPI_DOUBLE, MPI_MAX, pace->comm));
      task[k].seconds = fmin(task[k].seconds, seconds);
    }
  free(runs);
}
