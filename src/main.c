/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"
#include "cli.h"
#include "info.h"
#include "look.h"
#include "petsc_part.h"
#include "subnormals.h"
#include "sweep.h"
#include "wishes.h"
#include <malloc.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* When to stop: --max-wall from now, or the end of the allocation, less the margin. Collective. */
static double end_time(const struct cli *cli, const struct job *job)
{
  double end = cli->slurm_end;

  CHECK_MPI(MPI_Bcast(&end, 1, MPI_DOUBLE, 0, MPI_COMM_WORLD));
  end -= job_real(job, "checkpoint.wall_margin");
  return fmin(end, wishes_now() + cli->max_wall);
}

static int run_or_resume(const struct cli *cli, const struct job *job, struct faults *faults)
{
  char *out = cli_out(cli, job);
  const struct run_options options = {.out = out,
                                      .overwrite = cli->overwrite,
                                      .resume = cli->command == RESUME,
                                      .end_time = end_time(cli, job)};
  const int status = run_job(MPI_COMM_WORLD, job, &options, faults);

  free(out);
  return status;
}

static int sweep(const struct cli *cli, const struct job *job, struct faults *faults)
{
  char *out = cli_out(cli, job);
  const struct sweep_options options = {.out = out,
                                        .overwrite = cli->overwrite,
                                        .end_time = end_time(cli, job),
                                        .ranks_per_member = cli->ranks_per_member,
                                        .member = cli->member};
  const int status = cli->gather ? sweep_gather(MPI_COMM_WORLD, job, out, faults)
                                 : sweep_run(MPI_COMM_WORLD, job, &options, faults);

  free(out);
  return status;
}

static int with_job(const struct cli *cli, struct faults *faults)
{
  struct job *job = cli_job(cli, MPI_COMM_WORLD, faults);
  int status = EXIT_MISTAKE;

  if (!job) return status;
  if (cli->command == EVALUATE)
    status = look_evaluate(MPI_COMM_WORLD, job, cli->subject, cli->confusion, faults);
  else if (cli->command == SWEEP)
    status = sweep(cli, job, faults);
  else if (cli->command == CHECK_JOB)
    status = look_check(MPI_COMM_WORLD, job, &cli->plan, faults) ? EXIT_DONE : EXIT_MISTAKE;
  else
    status = run_or_resume(cli, job, faults);
  job_destroy(job);
  return status;
}

static int dispatch(const struct cli *cli, int rank, struct faults *faults)
{
  if (faults->count) return EXIT_MISTAKE;
  switch (cli->command) {
  case HELP:
    if (rank == 0) cli_print_help();
    return EXIT_DONE;
  case VERSION:
    if (rank == 0) cli_print_version();
    return EXIT_DONE;
  case KEYS:
    if (rank == 0) keys_print(stdout, cli->markdown);
    return EXIT_DONE;
  case INFO: {
    if (cli->diff)
      return info_diff(MPI_COMM_WORLD, stdout, (const char *[]){cli->subject, cli->other}, faults);
    int status = rank == 0 ? info_print(stdout, cli->subject, faults) : 0;
    CHECK_MPI(MPI_Bcast(&status, 1, MPI_INT, 0, MPI_COMM_WORLD));
    return status;
  }
  case BENCH:
    return bench(MPI_COMM_WORLD, cli, faults);
  default:
    return with_job(cli, faults);
  }
}

int main(int argc, char **argv)
{
  struct faults faults = {0};
  int rank, threads;

  /* Large buffers go back to the system at once: by default the limit creeps up with their size,
   * and memory once used for writing files is kept, in holes that nothing else fits. */
  mallopt(M_MMAP_THRESHOLD, 1 << 19);
  subnormals_flush();
  signal(SIGPIPE, SIG_IGN); /* a reader that goes away must not take the run with it */
  struct cli cli = cli_read(argc, argv, &faults);
  const bool runs = cli.command == RUN || cli.command == RESUME || cli.command == SWEEP;
  cli.slurm_end = runs ? wishes_slurm_end() : INFINITY;
  /* The watch's thread makes no calls of MPI. */
  CHECK_MPI(MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &threads));
  CHECK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  if (runs) wishes_listen();
  const int status = dispatch(&cli, rank, &faults);
  fflush(stdout); /* so that what went wrong follows what went well, in a file of both too */
  for (char *line = faults.text; rank == 0 && line && *line; line = strchr(line, '\n') + 1)
    fprintf(stderr, "tauflow: %.*s\n", (int)(strchr(line, '\n') - line), line);
  faults_clear(&faults);
  cli_free(&cli);
  petsc_end();
  CHECK_MPI(MPI_Finalize());
  return status;
}
