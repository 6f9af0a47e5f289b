/* SPDX-License-Identifier: BSD-3-Clause */
/* closed.c - S = sum_l P_l P_l', P_l = M_L ... M_{l+1}, P_L = I, and its Cholesky factor
 *
 * One factor of the output's size serves all samples; no hidden layer is solved for (document 002,
 * eq. 4 and 33). */
#include "equilibria.h"
#include <stdlib.h>

/* The method's own is one matrix: S, and then its factor. */
static void closed_create(struct equilibrium *q)
{
  const struct deep *d = q->d;

  q->own = blocks_create(d->grid, d->n[d->L], d->n[d->L]);
}

static void closed_destroy(struct equilibrium *q)
{
  blocks_destroy(q->own);
}

static struct room closed_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                               const long *n)
{
  (void)o;
  double most = 0; /* two neighbours P_l at a time */

  for (int l = 1; l < L; l++)
    most = fmax(most, blocks_bytes(plan, rank, n[L], n[l]) +
                          (l > 1 ? blocks_bytes(plan, rank, n[L], n[l - 1]) : 0));
  return (struct room){.kept = blocks_bytes(plan, rank, n[L], n[L]), .passing = most};
}

/* P_{l-1} = P_l M_l; P NULL: P_L = I. The caller destroys. */
static struct blocks *extend(const struct deep *d, int l, const struct blocks *P)
{
  if (!P) return deep_matrix(d, l);
  struct blocks *next = blocks_create(d->grid, d->n[d->L], d->n[l - 1]);

  blocks_multiply('N', 'N', 1, P, d->W[l], 0, next);
  if (d->o->residual) blocks_add(1, P, next);
  return next;
}

static void form_S(const struct deep *d, struct blocks *S)
{
  struct blocks *P = NULL;

  blocks_zero(S);
  for (int l = d->L; l >= 2; l--) {
    struct blocks *next = extend(d, l, P);
    blocks_destroy(P);
    P = next;
    blocks_gram('N', 1, P, 1, S);
  }
  blocks_destroy(P);
  blocks_add_diagonal(1, S);
}

static void closed_find(struct equilibrium *q, struct found *found)
{
  struct blocks *S = q->own;
  const struct deep *d = q->d;

  form_S(d, S);
  const double norm = blocks_norm(S);
  found->settled = blocks_cholesky(S);
  blocks_copy(d->r, d->e[d->L]);
  if (found->settled == 0) return; /* weights beyond all bounds */
  blocks_cholesky_solve(S, d->e[d->L]);
  found->condition = blocks_condition(S, norm);
}

const struct method by_closed = {
    .create = closed_create, .destroy = closed_destroy, .room = closed_room, .find = closed_find};
