/* SPDX-License-Identifier: BSD-3-Clause */
/* scale.c - factors that keep updates from disturbing each other (document 002, appendix C)
 *
 * D_l = (1/B) E_l X' A_l, X the activities the rule learns from and A_l of layer l-1:
 *   sample       D_l = (1/B) sum_b alpha_b e_b x_b',  alpha_b = 1/(x_b . xhat_b)
 *   batch        A_l = alpha I,  alpha = 1/mean_b(x_b . xhat_b)
 *   decorrelate  A_l = (Xhat X'/B)^+: the order for which X' A_l Xhat = B I
 *   regularize   A_l = (Xhat X'/B + eps I)^-1
 * Each is an outer product of n_l x B by n_{l-1} x B, which is what scaler_updates gives.
 *
 * None of them bounds the update: x_b . xhat_b may be near 0. pc.trust does, by one factor on all
 * layers, which leaves the alignment in the limit of rate 0 as it is. */
#include "deep.h"
#include <stdlib.h>

/* Singular values below this share of the largest are 0 but for rounding. */
static const double none = 1e-12;
/* A sample's activities have nothing of their own if no more than this share of their norm is
 * independent of the samples before. Rounding left up to 1.4e-12 in 4000 random networks of
 * deficient rank, up to 8 layers of 40 units. */
static const double own = 1e-11;

struct scaler {
  struct deep *d; /* borrowed */
  struct update *u;
  struct blocks **post, **pre; /* [L+1] where they differ from errors and activities; owned */
  double *dot;                 /* [B] */
  double trusted;
  int dependent; /* the last update: first layer of no fewer units than samples where these are not
                    independent, counted from 0; or -1 */
};

struct scaler *scaler_create(struct deep *d)
{
  struct scaler *s = fail_alloc(1, sizeof *s);
  const size_t count = (size_t)d->L + 1;
  const enum pc_scale kind = d->o->scale;

  s->d = d;
  s->u = fail_alloc(count, sizeof *s->u);
  s->post = fail_alloc(count, sizeof *s->post);
  s->pre = fail_alloc(count, sizeof *s->pre);
  s->dot = fail_alloc((size_t)d->B, sizeof *s->dot);
  for (int l = 1; l <= d->L; l++) {
    if (kind == SCALE_SAMPLE || kind == SCALE_DECORRELATE)
      s->post[l] = blocks_create(d->grid, d->n[l], d->B);
    if (kind == SCALE_DECORRELATE || kind == SCALE_REGULARIZE)
      s->pre[l] = blocks_create(d->grid, d->n[l - 1], d->B);
  }
  return s;
}

void scaler_destroy(struct scaler *s)
{
  if (!s) return;
  for (int l = 1; l <= s->d->L; l++) {
    blocks_destroy(s->post[l]);
    blocks_destroy(s->pre[l]);
  }
  free(s->post);
  free(s->pre);
  free(s->u);
  free(s->dot);
  free(s);
}

struct room scaler_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                        const long *n)
{
  struct room room = {0};

  for (int l = 1; l <= L; l++) {
    const bool qr = o->scale == SCALE_DECORRELATE, re = o->scale == SCALE_REGULARIZE;
    const double square = blocks_bytes(plan, rank, n[l - 1], n[l - 1]);
    if (o->scale == SCALE_SAMPLE || qr) room.kept += blocks_bytes(plan, rank, n[l], o->batch);
    if (qr || re) room.kept += blocks_bytes(plan, rank, n[l - 1], o->batch);
    if (re) room.passing = fmax(room.passing, 2 * square);
    if (qr && o->batch > n[l - 1])
      room.passing = fmax(room.passing, square + blocks_bytes(plan, rank, n[l - 1], o->batch) +
                                            blocks_singular_bytes(plan, rank, n[l - 1], n[l - 1]));
    if (o->trust > 0) room.passing = fmax(room.passing, blocks_bytes(plan, rank, n[l], n[l - 1]));
  }
  return room;
}

/* 1/v; where v is 0 the theorem has no factor, and the update is left out. */
static double inverse(double v)
{
  return v != 0 ? 1 / v : 0;
}

static void by_sample(struct scaler *s, int l, const struct blocks *pre)
{
  struct deep *d = s->d;

  blocks_dot_columns(pre, d->guess[l - 1], s->dot);
  for (long b = 0; b < d->B; b++) s->dot[b] = inverse(s->dot[b]);
  blocks_copy(d->e[l], s->post[l]);
  blocks_scale_columns(s->dot, s->post[l]);
  s->u[l].post = s->post[l];
}

static void by_batch(struct scaler *s, int l, const struct blocks *pre)
{
  double sum = 0;

  blocks_dot_columns(pre, s->d->guess[l - 1], s->dot);
  for (long b = 0; b < s->d->B; b++) sum += s->dot[b];
  s->u[l].factor *= inverse(sum / (double)s->d->B);
}

/* No more samples than units, and no two alike: X' A = B Xhat^+, with Xhat = Q R, so that
 * D_l = E_l R^-1 Q'. False where Xhat has not full rank. */
static bool by_factors(struct scaler *s, int l)
{
  struct deep *d = s->d;

  if (d->B > d->n[l - 1]) return false;
  struct blocks *R = blocks_create(d->grid, d->B, d->B);
  blocks_copy(d->guess[l - 1], s->pre[l]);
  const bool full = blocks_orthogonalise(s->pre[l], R) > own;
  if (full) {
    blocks_copy(d->e[l], s->post[l]);
    blocks_triangle_solve('R', 'U', 'N', R, s->post[l]);
    s->u[l] = (struct update){d->o->rate, s->post[l], s->pre[l]};
  } else if (s->dependent < 0) {
    s->dependent = l - 1;
  }
  blocks_destroy(R);
  return full;
}

/* The pseudoinverse by singular values, G = Xhat X'/B = U s V': A' X = U s^+ V' X. */
static void by_pseudoinverse(struct scaler *s, int l, const struct blocks *pre)
{
  struct deep *d = s->d;
  const long n = d->n[l - 1];
  struct blocks *G = blocks_create(d->grid, n, n), *U = blocks_create(d->grid, n, n),
                *Vt = blocks_create(d->grid, n, n), *c = blocks_create(d->grid, n, d->B);
  double *value = fail_alloc((size_t)n, sizeof *value);

  blocks_multiply('N', 'T', 1 / (double)d->B, d->guess[l - 1], pre, 0, G);
  blocks_singular(G, value, U, Vt);
  const double least = none * value[0];
  for (long i = 0; i < n; i++) value[i] = value[i] > least ? 1 / value[i] : 0;
  blocks_scale_columns(value, U);
  blocks_multiply('N', 'N', 1, Vt, pre, 0, c);
  blocks_multiply('N', 'N', 1, U, c, 0, s->pre[l]);
  s->u[l].pre = s->pre[l];
  blocks_destroy(G);
  blocks_destroy(U);
  blocks_destroy(Vt);
  blocks_destroy(c);
  free(value);
}

/* eps = max(0, a lmax - lmin) of the symmetric part of Sigma = Xhat X'/B: then
 * v' (Sigma + eps I) v >= a lmax |v|^2. */
static double ridge(struct scaler *s, int l, const struct blocks *pre, struct blocks *work)
{
  struct deep *d = s->d;
  const double half = 0.5 / (double)d->B;
  double *value = fail_alloc((size_t)work->rows, sizeof *value);

  blocks_multiply('N', 'T', half, d->guess[l - 1], pre, 0, work);
  blocks_multiply('N', 'T', half, pre, d->guess[l - 1], 1, work);
  blocks_eigenvalues(work, value);
  const double most = value[work->rows - 1], least = value[0];
  free(value);
  return fmax(0, d->o->regularize_alpha * most - least);
}

static void by_ridge(struct scaler *s, int l, const struct blocks *pre)
{
  struct deep *d = s->d;
  const long n = d->n[l - 1];
  struct blocks *A = blocks_create(d->grid, n, n);
  const double eps = ridge(s, l, pre, A);

  blocks_multiply('N', 'T', 1 / (double)d->B, pre, d->guess[l - 1], 0, A); /* Sigma' */
  blocks_add_diagonal(eps, A);
  blocks_copy(pre, s->pre[l]);
  if (!blocks_solve(A, s->pre[l])) blocks_zero(s->pre[l]); /* nothing came in: Sigma = 0 */
  s->u[l].pre = s->pre[l];
  blocks_destroy(A);
}

static double norm(const struct blocks *A)
{
  double *square = fail_alloc((size_t)A->cols, sizeof *square), sum = 0;

  blocks_dot_columns(A, A, square);
  for (long j = 0; j < A->cols; j++) sum += square[j];
  free(square);
  return sqrt(sum);
}

/* |dW_l|/|M_l|; a layer of zeros may become anything. */
static double relative_change(const struct deep *d, int l, const struct update *u)
{
  struct blocks *A = deep_matrix(d, l);
  const double before = norm(A);

  blocks_multiply('N', 'T', u->factor, u->post, u->pre, 0, A);
  const double change = norm(A);
  blocks_destroy(A);
  return before > 0 ? change / before : 0;
}

/* All layers' updates by one factor, so that none changes its layer by more than is trusted. */
static void shorten(struct scaler *s)
{
  const struct deep *d = s->d;
  double most = 0;

  for (int l = 1; l <= d->L; l++) most = fmax(most, relative_change(d, l, &s->u[l]));
  s->trusted = most > d->o->trust ? d->o->trust / most : 1;
  for (int l = 1; l <= d->L; l++) s->u[l].factor *= s->trusted;
}

double scaler_trusted(const struct scaler *s)
{
  return s->trusted;
}

int scaler_dependent(const struct scaler *s)
{
  return s->dependent;
}

const struct update *scaler_updates(struct scaler *s, struct blocks *const *pre)
{
  struct deep *d = s->d;

  s->dependent = -1;
  for (int l = 1; l <= d->L; l++) {
    s->u[l] = (struct update){d->o->rate / (double)d->B, d->e[l], pre[l - 1]};
    switch (d->o->scale) {
    case SCALE_SAMPLE:
      by_sample(s, l, pre[l - 1]);
      break;
    case SCALE_BATCH:
      by_batch(s, l, pre[l - 1]);
      break;
    case SCALE_DECORRELATE:
      if (!by_factors(s, l)) by_pseudoinverse(s, l, pre[l - 1]);
      break;
    case SCALE_REGULARIZE:
      by_ridge(s, l, pre[l - 1]);
      break;
    default:
      break;
    }
  }
  if (d->o->trust > 0) shorten(s);
  return s->u;
}
