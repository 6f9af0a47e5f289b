/* SPDX-License-Identifier: BSD-3-Clause */
/* krylov.c - S e_L = r by conjugate gradients, S never formed
 *
 * S v is a backward pass, e_l = P_l' v, and a forward pass that adds them up: t_l = M_l t_{l-1} +
 * e_l, S v = t_L. All samples are one system with the same S in every diagonal block. The
 * preconditioner is the Cholesky factor of its first terms, I + M_L M_L'. */
#include "equilibria.h"
#include "petsc_part.h"
#include <stdlib.h>

struct krylov {
  struct blocks *factor; /* n_L x n_L; NULL: L = 1, where S = I */
  const struct petsc_part *part;
  struct conjugate *solver;
};

/* A matrix in blocks with the elements of a vector that is another's. */
static struct blocks on(const struct blocks *like, const double *v)
{
  struct blocks A = *like;

  A.a = (double *)v;
  return A;
}

static void multiply(void *context, const double *v, double *out)
{
  const struct equilibrium *q = context;
  struct deep *d = q->d;
  const struct blocks from = on(d->r, v);
  struct blocks to = on(d->r, out);
  struct blocks *const *e = d->e, *const *t = d->x;

  for (int l = d->L - 1; l >= 1; l--) deep_down(d, l + 1, l == d->L - 1 ? &from : e[l + 1], e[l]);
  for (int l = 1; l < d->L; l++) {
    blocks_copy(e[l], t[l]);
    if (l > 1) deep_up(d, l, t[l - 1], true, t[l]);
  }
  blocks_copy(&from, &to);
  if (d->L > 1) deep_up(d, d->L, t[d->L - 1], true, &to);
}

static void precondition(void *context, const double *v, double *out)
{
  const struct equilibrium *q = context;
  const struct krylov *k = q->own;
  const struct blocks from = on(q->d->r, v);
  struct blocks to = on(q->d->r, out);

  blocks_copy(&from, &to);
  if (k->factor) blocks_cholesky_solve(k->factor, &to);
}

static void krylov_create(struct equilibrium *q)
{
  struct krylov *k = fail_alloc(1, sizeof *k);
  const struct deep *d = q->d;
  const struct positive S = {.comm = d->grid->comm,
                             .n = blocks_own(d->r),
                             .context = q,
                             .multiply = multiply,
                             .precondition = precondition};

  q->own = k;
  if (d->L > 1) k->factor = blocks_create(d->grid, d->n[d->L], d->n[d->L]);
  k->part = petsc_part();
  k->solver = k->part->conjugate_create(&S, d->o->tolerance, d->o->most > 0 ? d->o->most : 1000);
}

static void krylov_destroy(struct equilibrium *q)
{
  struct krylov *k = q->own;

  k->part->conjugate_destroy(k->solver);
  blocks_destroy(k->factor);
  free(k);
}

/* Its five vectors beside the preconditioner; M_L, which that is made of where it is not W_L. */
static struct room krylov_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                               const long *n)
{
  const double square = blocks_bytes(plan, rank, n[L], n[L]);

  return (struct room){.kept =
                           PETSC_PART_BYTES + square + 5 * blocks_bytes(plan, rank, n[L], o->batch),
                       .passing = o->residual ? square : 0};
}

static void krylov_find(struct equilibrium *q, struct found *found)
{
  struct krylov *k = q->own;
  struct deep *d = q->d;
  long iterations;

  blocks_copy(d->r, d->e[d->L]);
  if (k->factor) {
    deep_gram(d, d->L, 'N', k->factor);
    found->settled = blocks_cholesky(k->factor);
    if (found->settled == 0) return;
  }
  found->settled = k->part->conjugate_solve(k->solver, d->r->a, d->e[d->L]->a, &iterations);
  found->iterations = (double)iterations;
}

const struct method by_cg = {
    .create = krylov_create, .destroy = krylov_destroy, .room = krylov_room, .find = krylov_find};
