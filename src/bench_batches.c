/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_batches.c - the time of a batch at equilibrium against its operations at the rate of DGEMM
 */
#include "bench_parts.h"
#include "deep.h"
#include "session.h"
#include <stdlib.h>

/* What is timed, all on one network. */
struct bout {
  struct deep *d;
  struct equilibrium *q; /* NULL: rule bp */
  struct blocks *a, *b, *c;
};

static void run_product(void *own)
{
  const struct bout *t = own;

  blocks_multiply('N', 'N', 1, t->a, t->b, 0, t->c);
}

static void run_forward(void *own)
{
  const struct bout *t = own;

  deep_forward(t->d, t->d->guess);
  blocks_copy(t->d->y, t->d->r);
  blocks_add(-1, t->d->guess[t->d->L], t->d->r);
}

static void run_find(void *own)
{
  const struct bout *t = own;

  if (t->q)
    equilibrium_find(t->q);
  else
    deep_backpropagate(t->d);
}

static void scatter(struct blocks *A, double size)
{
  for (long j = 0; j < A->own_cols; j++)
    for (long i = 0; i < A->own_rows; i++)
      *blocks_at(A, i, j) =
          size * sin(12.9898 * (double)(blocks_row(A, i) + 1) * (double)(blocks_col(A, j) + 7));
}

static void fill(struct bout *t)
{
  struct deep *d = t->d;

  scatter(d->guess[0], 1);
  scatter(d->y, 1);
  for (int l = 1; l <= d->L; l++) scatter(d->W[l], 1 / sqrt((double)d->n[l]));
  scatter(t->a, 1);
  scatter(t->b, 1);
}

static void print(const char *what, double flop, double seconds, double rate)
{
  if (isfinite(flop))
    printf("  %-12s %8.3g s  %8.3g Gflop  %5.1f Gflop/s  %.2f times its operations at that rate\n",
           what, seconds, flop / 1e9, flop / seconds / 1e9, seconds * rate / flop);
  else
    printf("  %-12s %8.3g s\n", what, seconds);
}

void bench_batches(MPI_Comm comm, const struct cli *cli, const struct job *job, const char *path)
{
  struct network *net = network_create(job);
  struct pc_options o;
  int rank, size;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  pc_options(job, &o);
  struct bout t = {.d = deep_create(comm, &o, net->L, net->n)};
  const long n = net->n[net->L];
  if (o.rule == RULE_PC) t.q = equilibrium_create(t.d);
  t.a = blocks_create(t.d->grid, n, n);
  t.b = blocks_create(t.d->grid, n, n);
  t.c = blocks_create(t.d->grid, n, n);
  fill(&t);
  run_forward(&t);
  struct task task[] = {{.run = run_product, .own = &t},
                        {.run = run_forward, .own = &t},
                        {.run = run_find, .own = &t}};
  const struct pace pace = {comm, 0.01, cli->quick ? 1 : 10};
  bench_time(&pace, 3, task);
  const struct work w = deep_work(&o, net->L, net->n);
  const double cube = 2 * (double)n * (double)n * (double)n, rate = cube / task[0].seconds;
  if (rank == 0) {
    printf("%s: model pc, batch %ld, %d rank%s; products of %ld x %ld: %.1f Gflop/s\n", path,
           o.batch, size, size == 1 ? "" : "s", n, n, rate / 1e9);
    print("forward", w.forward, task[1].seconds, rate);
    print(o.rule == RULE_BP ? "backward" : "equilibrium", w.find, task[2].seconds, rate);
  }
  blocks_destroy(t.a);
  blocks_destroy(t.b);
  blocks_destroy(t.c);
  equilibrium_destroy(t.q);
  deep_destroy(t.d);
  network_destroy(net);
}
