/* SPDX-License-Identifier: BSD-3-Clause */
/* deep_lab.h - networks whole on every rank, and the minimum of their energy by one dense solve */
#ifndef TAUFLOW_DEEP_LAB_H
#define TAUFLOW_DEEP_LAB_H

#include "deep.h"
#include <lapacke.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 40 }; /* rows or columns of anything here */

/* Column-major [cols][rows], whole on every rank. */
struct full {
  long rows, cols;
  double *a;
};

static struct full full_create(long rows, long cols)
{
  return (struct full){rows, cols, fail_alloc((size_t)(rows * cols), sizeof(double))};
}

static double *at(const struct full *A, long i, long j)
{
  return A->a + i + j * A->rows;
}

/* C += factor op(A) op(B). */
static void add_product(double factor, char ta, char tb, const struct full *A, const struct full *B,
                        struct full *C)
{
  const long k = ta == 'N' ? A->cols : A->rows;

  for (long i = 0; i < C->rows; i++)
    for (long j = 0; j < C->cols; j++)
      for (long q = 0; q < k; q++)
        *at(C, i, j) += factor * (ta == 'N' ? *at(A, i, q) : *at(A, q, i)) *
                        (tb == 'N' ? *at(B, q, j) : *at(B, j, q));
}

/* Numbers of no pattern, of size about `size`. */
static void scatter(struct full *A, unsigned seed, double size)
{
  for (long k = 0; k < A->rows * A->cols; k++)
    A->a[k] =
        2 * size * fmod(43758.5453 * sin(12.9898 * (double)(k + 1) + 78.233 * (double)seed), 1);
}

static void to_blocks(const struct full *A, struct blocks *to)
{
  for (long j = 0; j < to->own_cols; j++)
    for (long i = 0; i < to->own_rows; i++)
      *blocks_at(to, i, j) = *at(A, blocks_row(to, i), blocks_col(to, j));
}

/* Largest difference over all ranks, relative to the largest element of A. */
static double apart(const struct full *A, const struct blocks *B)
{
  double off = 0, most = 0;

  for (long k = 0; k < A->rows * A->cols; k++) most = fmax(most, fabs(A->a[k]));
  for (long j = 0; j < B->own_cols; j++)
    for (long i = 0; i < B->own_rows; i++)
      off = fmax(off, fabs(*blocks_at(B, i, j) - *at(A, blocks_row(B, i), blocks_col(B, j))));
  MPI_Allreduce(MPI_IN_PLACE, &off, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
  return off / most;
}

/* --- a network, whole on every rank --- */

struct net {
  int L;
  const long *n;
  long B;
  bool residual;
  struct full M[8], xhat[8], x[8], e[8], y, r; /* M includes the identity */
};

/* x and e at the minimum of 1/2 sum_l |x_l - M_l x_{l-1}|^2: the normal equations of all hidden
 * activities, block by block from the energy, solved at once. */
static void solve_reference(struct net *net)
{
  long first[8] = {0}, N = 0;

  for (int l = 1; l < net->L; l++) {
    first[l] = N;
    N += net->n[l];
  }
  struct full H = full_create(N, N), b = full_create(N, net->B);
  for (int l = 1; l <= net->L; l++) { /* the term |x_l - M_l x_{l-1}|^2 */
    for (long i = 0; i < net->n[l] && l < net->L; i++) *at(&H, first[l] + i, first[l] + i) += 1;
    for (long j = 0; j < net->n[l - 1] && l > 1; j++)
      for (long k = 0; k < net->n[l - 1]; k++)
        for (long i = 0; i < net->n[l]; i++)
          *at(&H, first[l - 1] + j, first[l - 1] + k) +=
              *at(&net->M[l], i, j) * *at(&net->M[l], i, k);
    for (long i = 0; i < net->n[l] && l > 1 && l < net->L; i++)
      for (long j = 0; j < net->n[l - 1]; j++) {
        *at(&H, first[l] + i, first[l - 1] + j) -= *at(&net->M[l], i, j);
        *at(&H, first[l - 1] + j, first[l] + i) -= *at(&net->M[l], i, j);
      }
    for (long c = 0; c < net->B; c++) {
      for (long i = 0; i < net->n[1] && l == 1 && net->L > 1; i++)
        for (long j = 0; j < net->n[0]; j++)
          *at(&b, first[1] + i, c) += *at(&net->M[1], i, j) * *at(&net->x[0], j, c);
      for (long j = 0; j < net->n[l - 1] && l == net->L && l > 1; j++)
        for (long i = 0; i < net->n[l]; i++)
          *at(&b, first[l - 1] + j, c) += *at(&net->M[l], i, j) * *at(&net->y, i, c);
    }
  }
  lapack_int *pivot = fail_alloc((size_t)N + 1, sizeof *pivot);
  if (N > 0) LAPACKE_dgesv(LAPACK_COL_MAJOR, (int)N, (int)net->B, H.a, (int)N, pivot, b.a, (int)N);
  for (int l = 1; l < net->L; l++)
    for (long c = 0; c < net->B; c++)
      for (long i = 0; i < net->n[l]; i++) *at(&net->x[l], i, c) = *at(&b, first[l] + i, c);
  memcpy(net->x[net->L].a, net->y.a, (size_t)(net->y.rows * net->B) * sizeof(double));
  for (int l = 1; l <= net->L; l++) {
    memcpy(net->e[l].a, net->x[l].a, (size_t)(net->n[l] * net->B) * sizeof(double));
    add_product(-1, 'N', 'N', &net->M[l], &net->x[l - 1], &net->e[l]);
  }
  free(pivot);
  free(H.a);
  free(b.a);
}

static void pass_forward(struct net *net)
{
  for (int l = 1; l <= net->L; l++) {
    memset(net->xhat[l].a, 0, (size_t)(net->n[l] * net->B) * sizeof(double));
    add_product(1, 'N', 'N', &net->M[l], &net->xhat[l - 1], &net->xhat[l]);
  }
  for (long k = 0; k < net->r.rows * net->B; k++)
    net->r.a[k] = net->y.a[k] - net->xhat[net->L].a[k];
}

static struct net net_create(int L, const long *n, long B, bool residual, double size)
{
  struct net net = {.L = L, .n = n, .B = B, .residual = residual};

  for (int l = 0; l <= L; l++) {
    net.xhat[l] = full_create(n[l], B);
    net.x[l] = full_create(n[l], B);
    net.e[l] = full_create(n[l], B);
    if (l > 0) {
      net.M[l] = full_create(n[l], n[l - 1]);
      scatter(&net.M[l], (unsigned)l, size);
      for (long i = 0; residual && i < n[l]; i++) *at(&net.M[l], i, i) += 1;
    }
  }
  scatter(&net.x[0], 17, 1);
  memcpy(net.xhat[0].a, net.x[0].a, (size_t)(n[0] * B) * sizeof(double));
  net.y = full_create(n[L], B);
  net.r = full_create(n[L], B);
  scatter(&net.y, 23, 1);
  pass_forward(&net);
  return net;
}

static void net_destroy(struct net *net)
{
  for (int l = 0; l <= net->L; l++) {
    free(net->xhat[l].a);
    free(net->x[l].a);
    free(net->e[l].a);
    free(net->M[l].a);
  }
  free(net->y.a);
  free(net->r.a);
}

static struct deep *deep_of(const struct net *net, const struct pc_options *o)
{
  struct deep *d = deep_create(MPI_COMM_WORLD, o, net->L, net->n);

  for (int l = 1; l <= net->L; l++) {
    to_blocks(&net->M[l], d->W[l]);
    if (net->residual) blocks_add_diagonal(-1, d->W[l]);
  }
  to_blocks(&net->x[0], d->guess[0]);
  to_blocks(&net->y, d->y);
  deep_forward(d, d->guess);
  blocks_copy(d->y, d->r);
  blocks_add(-1, d->guess[d->L], d->r);
  return d;
}

static const long rectangular[] = {5, 9, 4, 7, 3}, square[] = {6, 6, 6, 6, 6}, single[] = {7, 4},
                  shallow[] = {4, 6, 5};
static const struct {
  int L;
  const long *n;
  bool residual;
} shapes[] = {{4, rectangular, false},
              {4, square, true},
              {4, square, false},
              {1, single, false},
              {2, shallow, false}};
enum { SHAPES = 5 };

static struct pc_options options(enum pc_inference inference, bool residual, long B)
{
  return (struct pc_options){.rule = RULE_PC,
                             .inference = inference,
                             .residual = residual,
                             .tolerance = 1e-15,
                             .rate = 0.1,
                             .regularize_alpha = 0.01,
                             .batch = B};
}

#endif
