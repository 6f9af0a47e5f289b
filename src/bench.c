/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"
#include "bench_parts.h"
#include "folder.h"
#include "run.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that cannot be written is found out before a minute is spent on it. */
static void check_out(const char *path, struct faults *faults)
{
  const char *slash = strrchr(path, '/');
  char *folder = slash ? fail_text("%.*s", (int)(slash - path + 1), path) : fail_text(".");
  struct stat info;

  if (!path[0])
    faults_add(faults, "--out: the name of a file is missing");
  else if (lstat(path, &info) == 0 && !S_ISREG(info.st_mode)) /* it would be replaced */
    faults_add(faults, "--out %s: is there and is no file", path);
  else if (access(folder, W_OK | X_OK) != 0)
    faults_add(faults, "--out %s: %s: no folder that can be written to", path, folder);
  free(folder);
}

static void print_streams(const struct machine *m, const struct machine_rates *r)
{
  printf("  working set");
  for (int k = 0; k < MACHINE_LEVELS; k++) {
    const double KiB = m->level[k] / 1024;
    printf("  %7.0f %s", KiB < 1024 ? KiB : KiB / 1024, KiB < 1024 ? "KiB" : "MiB");
  }
  printf("\n  triad      ");
  for (int k = 0; k < MACHINE_LEVELS; k++) printf("  %6.1f GB/s", r->triad[k] * 1e-9);
  printf("\n  read       ");
  for (int k = 0; k < MACHINE_LEVELS; k++) printf("  %6.1f GB/s", r->read[k] * 1e-9);
  printf("\n  multiply-add  %.1f Gflop/s in double, %.1f in single precision\n",
         r->fma[IN_DOUBLE] * 1e-9, r->fma[IN_SINGLE] * 1e-9);
}

static void print_kernel(const struct machine *m, const struct machine_rates *r,
                         const struct compared *c, int k, int p)
{
  for (int w = 0; w < MACHINE_WIDTHS; w++) {
    const double rate = r->kernel[k][p][w], bound = c->bound[k][p][w];
    printf("  %-16s %6.0f %9.2f %9.2f %-6s %8.2f", machine_kernel_name[k], m->width[w], rate * 1e-9,
           bound * 1e-9, c->by_fma[k][p][w] ? "fma" : bench_kernel_stream(k), rate / bound);
    if (k == KERNEL_ROWS || k == KERNEL_ROWS2 || k == KERNEL_COLUMNS)
      printf(" %9.2f %13.2f", c->gemv[p][w] * 1e-9, rate / c->gemv[p][w]);
    printf("\n");
  }
}

static void print_kernels(const struct machine *m, const struct machine_rates *r,
                          const struct compared *c, int p)
{
  printf("\n  %s precision (Gflop/s; relax_gated_step: 10^9 elements/s)\n"
         "  kernel            width      rate     bound        fraction  OpenBLAS ours/OpenBLAS\n",
         p == IN_DOUBLE ? "double" : "single");
  for (int k = 0; k < KERNELS; k++)
    if (p == IN_DOUBLE || k != KERNEL_RELAX) print_kernel(m, r, c, k, p);
  printf("  one call on next to nothing [ns]:");
  for (int k = 0; k < KERNELS; k++)
    if (p == IN_DOUBLE || k != KERNEL_RELAX)
      printf(" %s %.0f", machine_kernel_name[k], r->call[k][p] * 1e9);
  printf("\n");
  fflush(stdout);
}

static void print_steps(const struct machine_rates *r)
{
  printf("\n  what a step takes beside products, nodes and folds [ns]\n"
         "  solver       a stage: double    single    a row of it: double    single\n");
  for (int k = 0; k < METHODS; k++)
    printf("  %-9s %19.1f %9.1f %20.2f %9.2f\n", machine_method_name[k],
           r->stage[k][IN_DOUBLE] * 1e9, r->stage[k][IN_SINGLE] * 1e9, r->row[k][IN_DOUBLE] * 1e9,
           r->row[k][IN_SINGLE] * 1e9);
  fflush(stdout);
}

/* Measure by the ranks of pace->comm at once, and print on the one that speaks. */
static void bench_rates(const struct pace *pace, const struct machine *m, struct machine_rates *r,
                        bool speaks)
{
  struct compared *c = fail_alloc(1, sizeof *c);

  const struct pace longer = {pace->comm, pace->block, 2 * pace->task};

  bench_machine(&longer, m, r); /* so little to measure, and all bounds depend on it */
  if (speaks) print_streams(m, r);
  for (int p = 0; p < PRECISIONS; p++) {
    bench_kernels(pace, m, p, r, c);
    if (speaks) print_kernels(m, r, c, p);
  }
  bench_steps(pace, m, r);
  if (speaks) print_steps(r);
  free(c);
}

static void print_messages(const struct machine *m)
{
  if (m->ranks == 1)
    printf("\nMessages: unknown on one rank; run under mpirun to measure them\n");
  else
    printf("\nMessages between rank 0 and rank %d: %.2f us and %.2f GB/s one way; Allreduce of 50 "
           "numbers over %d ranks: %.2f us\n",
           m->ranks - 1, m->latency * 1e6, m->bandwidth * 1e-9, m->ranks, m->reduce * 1e6);
}

static struct machine measure(MPI_Comm comm, bool quick, int rank)
{
  struct machine m = machine_blank();
  const struct pace alone = {MPI_COMM_SELF, quick ? 0.5e-3 : 2e-3, quick ? 12e-3 : 120e-3};
  struct pace together = alone;

  together.comm = comm;
  CHECK_MPI(MPI_Comm_size(comm, &m.ranks));
  if (rank == 0) {
    printf("Rate of each kernel on square matrices, and what bounds it at that size: multiply-adds "
           "in registers,\nor the bytes it must move at the measured rate of the stream named\n");
    printf(m.ranks > 1 ? "\nOne rank, the others idle\n" : "\nOne rank\n");
    bench_rates(&alone, &m, &m.alone, true);
  }
  bench_rest(comm);
  if (m.ranks > 1) {
    if (rank == 0) printf("\nAll %d ranks at once; rates of the slowest rank\n", m.ranks);
    bench_rates(&together, &m, &m.together, rank == 0);
  } else {
    m.together = m.alone;
  }
  bench_messages(comm, &together, &m);
  return m;
}

static int bench_constants(MPI_Comm comm, const struct cli *cli, struct faults *faults)
{
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0 && cli->out) check_out(cli->out, faults);
  if (faults_any(faults, comm)) return EXIT_MISTAKE;
  const struct machine m = measure(comm, cli->quick, rank);
  if (rank == 0) print_messages(&m);
  if (rank == 0 && cli->out && machine_write(&m, cli->out, faults))
    printf("constants in %s\n", cli->out);
  return faults_any(faults, comm) ? EXIT_FAILURE : EXIT_DONE;
}

/* Faults of all jobs at once, before any of them runs. */
static bool jobs_are_sound(MPI_Comm comm, const struct cli *cli, struct faults *faults)
{
  for (int k = 0; k < cli->subjects; k++) {
    struct faults own = {0};
    struct cli one = *cli;
    one.subject = cli->subject_list[k];
    job_destroy(cli_job(&one, comm, &own));
    if (own.count) faults_add(faults, "%.*s", (int)strlen(own.text) - 1, own.text);
    faults_clear(&own);
  }
  return !faults_any(faults, comm);
}

/* Options that are for the other half of the command. */
static void check_options(const struct cli *cli, struct faults *faults)
{
  const bool jobs = cli->subjects > 0;

  if (jobs && cli->out)
    faults_add(faults, "--out %s: is for a bench without jobs, whose constants it holds", cli->out);
  if (!jobs && cli->sets) faults_add(faults, "--set %s: there is no job to set it in", cli->set[0]);
  if (!jobs && isfinite(cli->max_wall))
    faults_add(faults, "--max-wall %g: is for a bench with jobs", cli->max_wall);
}

int bench(MPI_Comm comm, const struct cli *cli, struct faults *faults)
{
  int status = EXIT_DONE;

  check_options(cli, faults);
  if (faults_any(faults, comm)) return EXIT_MISTAKE;
  if (cli->subjects == 0) return bench_constants(comm, cli, faults);
  if (!jobs_are_sound(comm, cli, faults)) return EXIT_MISTAKE;
  for (int k = 0; status == EXIT_DONE && k < cli->subjects; k++)
    status = bench_job(comm, cli, cli->subject_list[k], faults);
  return status;
}
