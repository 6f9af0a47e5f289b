/* SPDX-License-Identifier: BSD-3-Clause */
/* deep.c - passes through the network, forward and backward */
#include "deep.h"
#include "dense.h"
#include <stdlib.h>

static long widest(int L, const long *n)
{
  long most = 1;

  for (int l = 0; l <= L; l++) most = n[l] > most ? n[l] : most;
  return most;
}

void deep_plan(int ranks, int L, const long *n, struct grid *plan)
{
  grid_plan(ranks, widest(L, n), plan);
}

/* Products are most of the work here. Said once, whatever the number of members of a sweep. */
static void warn_of_library(MPI_Comm comm)
{
  static bool said;
  const char *core = said ? NULL : dense_better_core();
  int rank;

  said = true;
  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (core && rank == 0)
    fprintf(stderr,
            "tauflow: warning: OpenBLAS does not know this processor and takes its slowest "
            "routines; set OPENBLAS_CORETYPE=%s\n",
            core);
}

struct deep *deep_create(MPI_Comm comm, const struct pc_options *o, int L, const long *n)
{
  struct deep *d = fail_alloc(1, sizeof *d);
  const size_t count = (size_t)L + 1;

  *d = (struct deep){.o = o, .L = L, .n = n, .B = o->batch};
  warn_of_library(comm);
  d->grid = grid_create(comm, widest(L, n));
  d->W = fail_alloc(count, sizeof(void *));
  d->guess = fail_alloc(count, sizeof(void *));
  d->x = fail_alloc(count, sizeof(void *));
  d->e = fail_alloc(count, sizeof(void *));
  d->guess[0] = d->x[0] = blocks_create(d->grid, n[0], d->B);
  for (int l = 1; l <= L; l++) {
    d->W[l] = blocks_create(d->grid, n[l], n[l - 1]);
    d->guess[l] = blocks_create(d->grid, n[l], d->B);
    d->x[l] = blocks_create(d->grid, n[l], d->B);
    d->e[l] = blocks_create(d->grid, n[l], d->B);
  }
  d->y = blocks_create(d->grid, n[L], d->B);
  d->r = blocks_create(d->grid, n[L], d->B);
  return d;
}

void deep_destroy(struct deep *d)
{
  if (!d) return;
  for (int l = 1; l <= d->L; l++) {
    blocks_destroy(d->W[l]);
    blocks_destroy(d->x[l]);
    blocks_destroy(d->e[l]);
  }
  for (int l = 0; l <= d->L; l++) blocks_destroy(d->guess[l]);
  blocks_destroy(d->y);
  blocks_destroy(d->r);
  free(d->W);
  free(d->guess);
  free(d->x);
  free(d->e);
  grid_destroy(d->grid);
  free(d);
}

double deep_weight_bytes(const struct grid *plan, int rank, int L, const long *n)
{
  double sum = 0;

  for (int l = 1; l <= L; l++) sum += blocks_bytes(plan, rank, n[l], n[l - 1]);
  return sum;
}

double deep_bytes(const struct grid *plan, int rank, const struct pc_options *o, int L,
                  const long *n)
{
  double sum = blocks_bytes(plan, rank, n[0], o->batch);

  for (int l = 1; l <= L; l++) sum += 3 * blocks_bytes(plan, rank, n[l], o->batch);
  return sum + 2 * blocks_bytes(plan, rank, n[L], o->batch);
}

void deep_up(const struct deep *d, int l, const struct blocks *from, bool add, struct blocks *to)
{
  blocks_multiply('N', 'N', 1, d->W[l], from, add, to);
  if (d->o->residual) blocks_add(1, from, to);
}

void deep_down(const struct deep *d, int l, const struct blocks *from, struct blocks *to)
{
  blocks_multiply('T', 'N', 1, d->W[l], from, 0, to);
  if (d->o->residual) blocks_add(1, from, to);
}

enum pc_act deep_act(const struct deep *d, int l)
{
  return l < d->L ? d->o->hidden : d->o->output;
}

void deep_activate(const struct deep *d, int l, struct blocks *a)
{
  const enum pc_act act = deep_act(d, l);

  if (act == PC_LINEAR) return;
  for (long k = 0; k < blocks_own(a); k++) a->a[k] = pc_value(act, a->a[k]);
}

void deep_gate(const struct deep *d, int l, const struct blocks *value, struct blocks *to)
{
  const enum pc_act act = deep_act(d, l);

  if (act == PC_LINEAR) return;
  for (long k = 0; k < blocks_own(to); k++) to->a[k] *= pc_slope(act, value->a[k]);
}

void deep_forward(const struct deep *d, struct blocks *const *v)
{
  for (int l = 1; l <= d->L; l++) {
    deep_up(d, l, v[l - 1], false, v[l]);
    deep_activate(d, l, v[l]);
  }
}

void deep_backward(const struct deep *d, struct blocks *const *value, struct blocks *const *e)
{
  if (value) deep_gate(d, d->L, value[d->L], e[d->L]);
  for (int l = d->L - 1; l >= 1; l--) {
    deep_down(d, l + 1, e[l + 1], e[l]);
    if (value) deep_gate(d, l, value[l], e[l]);
  }
}

void deep_apply(struct deep *d, const struct update *u)
{
  for (int l = 1; l <= d->L; l++)
    blocks_multiply('N', 'T', u[l].factor, u[l].post, u[l].pre, 1, d->W[l]);
}

bool deep_fits(const struct deep *d, const struct update *u, double bound)
{
  const int L = d->L;
  double *most = fail_alloc(2 * (size_t)L, sizeof *most);
  bool fits = true;

  for (int l = 1; l <= L; l++) {
    most[2 * l - 2] = blocks_own_largest(u[l].post);
    most[2 * l - 1] = blocks_own_largest(u[l].pre);
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, most, 2 * L, MPI_DOUBLE, MPI_MAX, d->grid->comm));
  for (int l = 1; l <= L; l++)
    fits &= fabs(u[l].factor) * most[2 * l - 2] * most[2 * l - 1] * (double)d->B < bound;
  free(most);
  return fits;
}

void deep_backpropagate(struct deep *d)
{
  blocks_copy(d->r, d->e[d->L]);
  deep_backward(d, d->guess, d->e);
}

struct blocks *deep_matrix(const struct deep *d, int l)
{
  struct blocks *M = blocks_create(d->grid, d->n[l], d->n[l - 1]);

  blocks_copy(d->W[l], M);
  if (d->o->residual) blocks_add_diagonal(1, M);
  return M;
}

void deep_gram(const struct deep *d, int l, char op, struct blocks *C)
{
  struct blocks *M = d->o->residual ? deep_matrix(d, l) : NULL;

  blocks_gram(op, 1, M ? M : d->W[l], 0, C);
  blocks_destroy(M);
  blocks_add_diagonal(1, C);
}

void deep_orthonormalise(struct deep *d, double gain)
{
  for (int l = 1; l <= d->L; l++) {
    struct blocks *W = d->W[l];
    const bool wide = W->rows <= W->cols;
    const long k = wide ? W->rows : W->cols;
    struct blocks *T = wide ? blocks_create(d->grid, W->cols, k) : NULL;
    struct blocks *R = blocks_create(d->grid, k, k);

    if (wide) blocks_transpose(W, T);
    blocks_orthogonalise(wide ? T : W, R);
    if (wide) blocks_transpose(T, W);
    for (long q = 0; q < blocks_own(W); q++) W->a[q] *= gain;
    blocks_destroy(T);
    blocks_destroy(R);
  }
}

double deep_orthonormal_bytes(const struct grid *plan, int rank, int L, const long *n)
{
  double most = 0;

  for (int l = 1; l <= L; l++) {
    const bool wide = n[l] <= n[l - 1];
    const long k = wide ? n[l] : n[l - 1];
    most = fmax(most, blocks_bytes(plan, rank, k, k) +
                          (wide ? blocks_bytes(plan, rank, n[l - 1], k) : 0));
  }
  return most;
}
