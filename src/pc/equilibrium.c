/* SPDX-License-Identifier: BSD-3-Clause */
/* equilibrium.c - where the energy is least: the ways to find it, and what they share
 *
 * In a linear network all follows from the errors of the output, S e_L = r: one backward pass gives
 * the other errors, one forward pass with them the activities, and x_L = y if and only if they are
 * right. */
#include "equilibria.h"
#include <stdlib.h>

/* In the order of enum pc_inference. */
static const struct method *const methods[] = {&by_closed, &by_blocks, &by_cg, &by_samples,
                                               &by_samples};

struct equilibrium *equilibrium_create(struct deep *d)
{
  struct equilibrium *q = fail_alloc(1, sizeof *q);

  q->d = d;
  q->method = methods[d->o->inference];
  q->method->create(q);
  return q;
}

void equilibrium_destroy(struct equilibrium *q)
{
  if (!q) return;
  q->method->destroy(q);
  free(q);
}

struct room equilibrium_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                             const long *n)
{
  return methods[o->inference]->room(plan, rank, o, L, n);
}

/* The other errors, the activities, and how far they miss the target. */
static double unfold(struct deep *d)
{
  deep_backward(d, NULL, d->e);
  for (int l = 1; l <= d->L; l++) {
    blocks_copy(d->e[l], d->x[l]);
    deep_up(d, l, d->x[l - 1], true, d->x[l]);
  }
  blocks_add(-1, d->y, d->x[d->L]);
  const double missed = blocks_largest(d->x[d->L]);
  blocks_add(1, d->y, d->x[d->L]);
  return missed;
}

/* E* = 1/2 r' S^-1 r, mean over samples. */
static double least_energy(const struct deep *d)
{
  double *dot = fail_alloc((size_t)d->B, sizeof *dot), sum = 0;

  blocks_dot_columns(d->r, d->e[d->L], dot);
  for (long b = 0; b < d->B; b++) sum += dot[b] / 2;
  free(dot);
  return sum / (double)d->B;
}

struct found equilibrium_find(struct equilibrium *q)
{
  struct found found = {.condition = NAN, .plateau = NAN, .kinks = NAN, .settled = 1};

  q->method->find(q, &found);
  if (q->method->whole) return found;
  found.certificate = unfold(q->d);
  found.energy = least_energy(q->d);
  return found;
}
