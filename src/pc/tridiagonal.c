/* SPDX-License-Identifier: BSD-3-Clause */
/* tridiagonal.c - the hidden activities as one positive definite system, block by block
 *
 *   H z = b, z = (x_1 .. x_{L-1});  H_ll = I + M_{l+1}' M_{l+1},  H_{l+1,l} = -M_{l+1},
 *   b_1 = M_1 x_0, b_{L-1} += M_L' y
 * H = G G' with G_ll = F_l, the factor of the pivot, and G_{l+1,l} = -C_l', C_l = F_l^-1 M_{l+1}'.
 */
#include "equilibria.h"
#include <stdlib.h>

struct chain {
  struct blocks **F; /* [L] from 1 to L-1: n_l x n_l */
  struct blocks **C; /* [L] from 1 to L-2: n_l x n_{l+1} */
};

static void chain_create(struct equilibrium *q)
{
  struct chain *c = fail_alloc(1, sizeof *c);
  const struct deep *d = q->d;

  q->own = c;
  c->F = fail_alloc((size_t)d->L, sizeof *c->F);
  c->C = fail_alloc((size_t)d->L, sizeof *c->C);
  for (int l = 1; l < d->L; l++) {
    c->F[l] = blocks_create(d->grid, d->n[l], d->n[l]);
    if (l < d->L - 1) c->C[l] = blocks_create(d->grid, d->n[l], d->n[l + 1]);
  }
}

static void chain_destroy(struct equilibrium *q)
{
  struct chain *c = q->own;

  for (int l = 1; l < q->d->L; l++) {
    blocks_destroy(c->F[l]);
    blocks_destroy(c->C[l]);
  }
  free(c->F);
  free(c->C);
  free(c);
}

/* In residual networks, whose widths are equal, M_{l+1} for a while. */
static struct room chain_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                              const long *n)
{
  struct room room = {.passing = o->residual ? blocks_bytes(plan, rank, n[L], n[L]) : 0};

  for (int l = 1; l < L; l++)
    room.kept += blocks_bytes(plan, rank, n[l], n[l]) +
                 (l < L - 1 ? blocks_bytes(plan, rank, n[l], n[l + 1]) : 0);
  return room;
}

/* M_{l+1}' into C. */
static void transpose_of_M(const struct deep *d, int l, struct blocks *C)
{
  blocks_transpose(d->W[l + 1], C);
  if (d->o->residual) blocks_add_diagonal(1, C);
}

static bool factor(struct equilibrium *q)
{
  struct chain *c = q->own;
  const struct deep *d = q->d;

  for (int l = 1; l < d->L; l++) {
    deep_gram(d, l + 1, 'T', c->F[l]);
    if (l > 1) blocks_gram('T', -1, c->C[l - 1], 1, c->F[l]);
    if (!blocks_cholesky(c->F[l])) return false;
    if (l == d->L - 1) break;
    transpose_of_M(d, l, c->C[l]);
    blocks_triangle_solve('L', 'L', 'N', c->F[l], c->C[l]);
  }
  return true;
}

static void chain_find(struct equilibrium *q, struct found *found)
{
  struct chain *c = q->own;
  const struct deep *d = q->d;
  const int L = d->L;
  struct blocks *const *z = d->x;

  found->settled = factor(q);
  blocks_copy(d->r, d->e[L]);
  if (found->settled == 0 || L == 1) return;
  for (int l = 1; l < L; l++) blocks_zero(z[l]);
  deep_down(d, L, d->y, z[L - 1]);
  deep_up(d, 1, d->x[0], true, z[1]);
  for (int l = 1; l < L; l++) {
    if (l > 1) blocks_multiply('T', 'N', 1, c->C[l - 1], z[l - 1], 1, z[l]);
    blocks_triangle_solve('L', 'L', 'N', c->F[l], z[l]);
  }
  for (int l = L - 1; l >= 1; l--) {
    if (l < L - 1) blocks_multiply('N', 'N', 1, c->C[l], z[l + 1], 1, z[l]);
    blocks_triangle_solve('L', 'L', 'T', c->F[l], z[l]);
  }
  deep_up(d, L, z[L - 1], false, d->e[L]);
  for (long k = 0; k < blocks_own(d->y); k++) d->e[L]->a[k] = d->y->a[k] - d->e[L]->a[k];
}

const struct method by_blocks = {
    .create = chain_create, .destroy = chain_destroy, .room = chain_room, .find = chain_find};
