/* SPDX-License-Identifier: BSD-3-Clause */
/* samples.c - equilibria of networks that are not linear: each sample by itself, whole on one rank
 *
 * Every rank has all weights and takes its share of the batch's samples, so that each has steps of
 * its own and results do not depend on the rank count; only the pass before and the update after
 * are shared. */
#include "equilibria.h"
#include "petsc_part.h"
#include <stdlib.h>

struct samples {
  struct pc_errors *solver; /* NULL: one layer, where nothing is hidden */
  long *cut;                /* [ranks + 1] of the batch */
  double **W;               /* [L+1] from 1: [n_l][n_{l-1}] */
  double **x, **e;          /* [L+1] own samples [own][n_l]; e from 1 */
  double *y;                /* [own][n_L] */
};

static void samples_create(struct equilibrium *q)
{
  struct samples *s = fail_alloc(1, sizeof *s);
  const struct deep *d = q->d;
  const struct pc_options *o = d->o;
  const size_t layers = (size_t)d->L + 1;
  const struct pc_net net = {d->L, d->n, o->hidden, o->output, o->residual};
  const bool fixed = o->inference == BY_DESCENT;
  const struct pc_how how = {
      .method = fixed       ? PC_DESCENT
                : o->newton ? PC_NEWTON
                            : PC_LBFGS,
      .max_iterations = o->most > 0 ? (int)o->most
                        : fixed     ? 10000
                                    : 100,
      .tolerance = o->tolerance,
      .plateau = o->hidden == PC_RELU ? 1e-6 : 0, /* on kinks gradients stay large */
      .rate = 0.05};

  q->own = s;
  if (d->L > 1) s->solver = pc_errors_create(&net, &how);
  s->cut = lines_shared(d->B, d->grid->size);
  const size_t own = (size_t)(s->cut[d->grid->rank + 1] - s->cut[d->grid->rank]);
  s->W = fail_alloc(layers, sizeof *s->W);
  s->x = fail_alloc(layers, sizeof *s->x);
  s->e = fail_alloc(layers, sizeof *s->e);
  for (int l = 0; l <= d->L; l++) {
    s->x[l] = fail_alloc(own * (size_t)d->n[l], sizeof **s->x);
    if (l == 0) continue;
    s->e[l] = fail_alloc(own * (size_t)d->n[l], sizeof **s->e);
    s->W[l] = fail_alloc((size_t)(d->n[l] * d->n[l - 1]), sizeof **s->W);
  }
  s->y = fail_alloc(own * (size_t)d->n[d->L], sizeof *s->y);
}

static void samples_destroy(struct equilibrium *q)
{
  struct samples *s = q->own;

  for (int l = 0; l <= q->d->L; l++) {
    free(s->W[l]);
    free(s->x[l]);
    free(s->e[l]);
  }
  pc_errors_destroy(s->solver);
  free(s->W);
  free(s->x);
  free(s->e);
  free(s->y);
  free(s->cut);
  free(s);
}

/* Weights three times: as gathered, and for passes up and down. L-BFGS keeps some 30 vectors. */
static struct room samples_room(const struct grid *plan, int rank, const struct pc_options *o,
                                int L, const long *n)
{
  const double own = (double)((rank + 1) * o->batch / plan->size - rank * o->batch / plan->size);
  double weights = 0, units = (double)n[0];

  for (int l = 1; l <= L; l++) {
    weights += (double)n[l] * (double)n[l - 1];
    units += (double)n[l];
  }
  const double part = o->inference == BY_ERRORS ? PETSC_PART_BYTES : 0;
  return (struct room){.kept = part + (3 * weights + (2 * own + 36) * units) * sizeof(double)};
}

/* All of W_l on every rank. */
static void gather(const struct deep *d, int l, double *W)
{
  const struct grid *g = d->grid;
  const size_t size = (size_t)g->size;
  long *cut = lines_shared(d->n[l], g->size);
  int *count = fail_alloc(size, sizeof *count), *first = fail_alloc(size, sizeof *first);

  for (int r = 0; r < g->size; r++) {
    count[r] = (int)((cut[r + 1] - cut[r]) * d->n[l - 1]);
    first[r] = (int)(cut[r] * d->n[l - 1]);
  }
  const struct lines own = {.cut = cut, .ld = d->n[l - 1], .data = W + first[g->rank]};
  blocks_to_lines(d->W[l], &own);
  CHECK_MPI(
      MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, W, count, first, MPI_DOUBLE, g->comm));
  free(cut);
  free(count);
  free(first);
}

static struct lines lines_of(const struct samples *s, const struct deep *d, int l, double *data)
{
  return (struct lines){true, s->cut, d->n[l], data};
}

/* Sample b of this rank: its activities, and its errors through the gates of the drives at rest. */
static struct pc_result settle(struct samples *s, const struct deep *d, long b)
{
  const double *const *x, *const *eps, *const *slope = pc_errors_slopes(s->solver);
  const struct pc_result result =
      pc_errors_solve(s->solver, s->x[0] + b * d->n[0], s->y + b * d->n[d->L], &x, &eps);

  for (int l = 1; l <= d->L; l++)
    for (long i = 0; i < d->n[l]; i++) {
      s->x[l][b * d->n[l] + i] = x[l][i];
      s->e[l][b * d->n[l] + i] = eps[l][i] * slope[l][i];
    }
  return result;
}

enum { MEANS = 4, MOSTS = 2 };

static void summarise(const struct deep *d, double *mean, double *most, struct found *found)
{
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, mean, MEANS, MPI_DOUBLE, MPI_SUM, d->grid->comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, most, MOSTS, MPI_DOUBLE, MPI_MAX, d->grid->comm));
  found->energy = mean[0] / (double)d->B;
  found->iterations = mean[1] / (double)d->B;
  found->kinks = d->o->hidden == PC_RELU ? mean[2] / (double)d->B : NAN;
  found->settled = mean[3] / (double)d->B;
  found->certificate = most[0];
  found->plateau = most[1];
}

/* Nothing is hidden: the only error is that of the answer. */
static void answer_alone(struct deep *d, struct found *found)
{
  double *square = fail_alloc((size_t)d->B, sizeof *square), sum = 0;

  blocks_copy(d->y, d->x[1]);
  blocks_copy(d->r, d->e[1]);
  deep_gate(d, 1, d->guess[1], d->e[1]);
  blocks_dot_columns(d->r, d->r, square);
  for (long b = 0; b < d->B; b++) sum += square[b] / 2;
  found->energy = sum / (double)d->B;
  free(square);
}

static void samples_find(struct equilibrium *q, struct found *found)
{
  struct samples *s = q->own;
  struct deep *d = q->d;
  double mean[MEANS] = {0}, most[MOSTS] = {0};

  if (!s->solver) {
    answer_alone(d, found);
    return;
  }
  for (int l = 1; l <= d->L; l++) gather(d, l, s->W[l]);
  pc_errors_weights(s->solver, (const double *const *)s->W);
  const struct lines in = lines_of(s, d, 0, s->x[0]), target = lines_of(s, d, d->L, s->y);
  blocks_to_lines(d->guess[0], &in);
  blocks_to_lines(d->y, &target);
  for (long b = 0; b < s->cut[d->grid->rank + 1] - s->cut[d->grid->rank]; b++) {
    const struct pc_result r = settle(s, d, b);
    mean[0] += r.energy;
    mean[1] += (double)r.passes;
    mean[2] += (double)r.kinks;
    mean[3] += r.status == PC_CONVERGED;
    most[0] = fmax(most[0], r.gradient);
    most[1] = fmax(most[1], r.plateau);
  }
  summarise(d, mean, most, found);
  for (int l = 1; l <= d->L; l++) {
    const struct lines x = lines_of(s, d, l, s->x[l]), e = lines_of(s, d, l, s->e[l]);
    blocks_from_lines(&x, d->x[l]);
    blocks_from_lines(&e, d->e[l]);
  }
}

const struct method by_samples = {.create = samples_create,
                                  .destroy = samples_destroy,
                                  .room = samples_room,
                                  .find = samples_find,
                                  .whole = true};
