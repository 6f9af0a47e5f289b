/* SPDX-License-Identifier: BSD-3-Clause */
#include "local.h"
#include "fail.h"
#include "kernel.h"
#include "network.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Cut `layers` vectors of lengths ld out of `from`; returns what is left. */
static double *cut(double **layer, int first, int last, const long *ld, double *from)
{
  for (int l = first; l <= last; l++) {
    layer[l] = from;
    from += ld[l];
  }
  return from;
}

static double **pointers(int L)
{
  return fail_alloc((size_t)L + 1, sizeof(double *));
}

static void set_widths(struct pc_local *p, const struct pc_net *net)
{
  const int L = net->L;
  long *n = fail_alloc(3 * ((size_t)L + 1), sizeof *n);

  p->net = *net;
  p->net.n = memcpy(n, net->n, ((size_t)L + 1) * sizeof *n);
  p->ld = n + L + 1;
  p->at = p->ld + L + 1;
  for (int l = 0; l <= L; l++) p->ld[l] = padded(n[l]);
  for (int l = 2; l <= L; l++) p->at[l] = p->at[l - 1] + p->ld[l - 1];
}

void pc_local_create(struct pc_local *p, const struct pc_net *net)
{
  const int L = net->L;
  long vectors = 0, matrices = 0;

  EXPECT(L >= 2);
  *p = (struct pc_local){0};
  set_widths(p, net);
  for (int l = 0; l <= L; l++) vectors += p->ld[l];
  for (int l = 1; l <= L; l++) matrices += net->n[l] * p->ld[l - 1] + net->n[l - 1] * p->ld[l];
  double ***const family[] = {&p->W, &p->T, &p->x, &p->eps, &p->a, &p->slope, &p->s};
  for (size_t k = 0; k < sizeof family / sizeof *family; k++) *family[k] = pointers(L);
  double *next = p->memory = fail_alloc((size_t)(matrices + 6 * vectors), sizeof *next);
  for (int l = 1; l <= L; l++) {
    p->W[l] = next;
    p->T[l] = p->W[l] + net->n[l] * p->ld[l - 1];
    next = p->T[l] + net->n[l - 1] * p->ld[l];
  }
  next = cut(p->x, 0, L, p->ld, next);
  next = cut(p->eps, 1, L, p->ld, next);
  next = cut(p->a, 1, L, p->ld, next);
  next = cut(p->slope, 1, L, p->ld, next);
  next = cut(p->s, 0, L, p->ld, next);
}

void pc_local_destroy(struct pc_local *p)
{
  double **const family[] = {p->W, p->T, p->x, p->eps, p->a, p->slope, p->s};

  for (size_t k = 0; k < sizeof family / sizeof *family; k++) free(family[k]);
  free(p->memory);
  free((void *)p->net.n);
}

void pc_local_weights(struct pc_local *p, const double *const *W)
{
  for (int l = 1; l <= p->net.L; l++) {
    const long rows = p->net.n[l], cols = p->net.n[l - 1];

    for (long i = 0; i < rows; i++)
      for (long j = 0; j < cols; j++)
        p->W[l][i * p->ld[l - 1] + j] = p->T[l][j * p->ld[l] + i] = W[l][i * cols + j];
  }
}

void pc_local_clamp(struct pc_local *p, const double *x0, const double *y)
{
  memcpy(p->x[0], x0, (size_t)p->net.n[0] * sizeof *x0);
  memcpy(p->x[p->net.L], y, (size_t)p->net.n[p->net.L] * sizeof *y);
}

/* out = M_l below */
static void up(const struct pc_local *p, int l, const double *below, double *out)
{
  kernel_rows_f64(p->W[l], p->net.n[l], p->ld[l - 1], below, out);
  for (long i = 0; p->net.residual && i < p->net.n[l]; i++) out[i] += below[i];
}

/* out = M_l' above */
static void down(const struct pc_local *p, int l, const double *above, double *out)
{
  kernel_rows_f64(p->T[l], p->net.n[l - 1], p->ld[l], above, out);
  for (long i = 0; p->net.residual && i < p->net.n[l]; i++) out[i] += above[i];
}

static void activate(enum pc_act f, long n, const double *a, double *value, double *slope)
{
  for (long i = 0; i < n; i++) {
    switch (f) {
    case PC_LINEAR:
      value[i] = a[i];
      slope[i] = 1;
      break;
    case PC_RELU:
      value[i] = a[i] < 0 ? 0 : a[i];
      slope[i] = a[i] > 0;
      break;
    case PC_TANH:
      value[i] = tanh(a[i]);
      slope[i] = 1 - value[i] * value[i];
      break;
    case PC_SIGMOID:
      value[i] = 1 / (1 + exp(-a[i]));
      slope[i] = value[i] * (1 - value[i]);
      break;
    }
  }
}

/* value = f_l(M_l x_{l-1}), leaving the drive and the slope behind. */
static void predict(struct pc_local *p, int l, double *value)
{
  const enum pc_act f = l < p->net.L ? p->net.hidden : p->net.output;

  up(p, l, p->x[l - 1], p->a[l]);
  activate(f, p->net.n[l], p->a[l], value, p->slope[l]);
}

/* eps_L = y - yhat. Returns 1/2 sum_l |eps_l|^2, layers in order. */
static double energy(struct pc_local *p)
{
  const int L = p->net.L;
  double sum = 0;

  predict(p, L, p->s[L]);
  for (long i = 0; i < p->net.n[L]; i++) p->eps[L][i] = p->x[L][i] - p->s[L][i];
  for (int l = 1; l <= L; l++)
    for (long i = 0; i < p->net.n[l]; i++) sum += p->eps[l][i] * p->eps[l][i];
  return sum / 2;
}

/* out = base + q, q_{L-1} = M_L' s_L, q_{l-1} = M_l' (f_l' o q_l), of layers 1..L-1. */
static void adjoint(struct pc_local *p, const double *base, double *out)
{
  for (int l = p->net.L; l > 1; l--) {
    double *q = p->s[l - 1];
    const long begin = p->at[l - 1];

    down(p, l, p->s[l], q);
    for (long i = 0; i < p->net.n[l - 1]; i++) {
      out[begin + i] = base[begin + i] + q[i];
      q[i] *= p->slope[l - 1][i];
    }
  }
}

/* x_l = f(M_l x_{l-1}) + eps_l going up. Going down, with lam_l = dE'/dx_l of E' = 1/2 |y - yhat|^2
 * and eps fixed: lam_{L-1} = M_L' (f_L' o (yhat - y)), lam_{l-1} = M_l' (f_l' o lam_l), and
 * dE/deps_l = eps_l + lam_l. */
double pc_local_errors(struct pc_local *p, const double *eps, double *gradient)
{
  const int L = p->net.L;

  for (int l = 1; l < L; l++) {
    memcpy(p->eps[l], eps + p->at[l], (size_t)p->ld[l] * sizeof *eps);
    predict(p, l, p->x[l]);
    for (long i = 0; i < p->net.n[l]; i++) p->x[l][i] += p->eps[l][i];
  }
  const double E = energy(p);
  for (long i = 0; i < p->net.n[L]; i++) p->s[L][i] = -p->slope[L][i] * p->eps[L][i];
  adjoint(p, eps, gradient);
  return E;
}

/* dE/dx_l = eps_l - M_{l+1}' (f_{l+1}' o eps_{l+1}) */
double pc_local_activities(struct pc_local *p, const double *x, double *gradient)
{
  const int L = p->net.L;

  for (int l = 1; l < L; l++) {
    memcpy(p->x[l], x + p->at[l], (size_t)p->ld[l] * sizeof *x);
    predict(p, l, p->s[l]);
    for (long i = 0; i < p->net.n[l]; i++) p->eps[l][i] = p->x[l][i] - p->s[l][i];
  }
  const double E = energy(p);
  for (int l = L; l > 1; l--) {
    for (long i = 0; i < p->net.n[l]; i++) p->s[l][i] = p->slope[l][i] * p->eps[l][i];
    down(p, l, p->s[l], p->s[l - 1]);
    for (long i = 0; i < p->net.n[l - 1]; i++)
      gradient[p->at[l - 1] + i] = p->eps[l - 1][i] - p->s[l - 1][i];
  }
  return E;
}

void pc_local_feedforward(struct pc_local *p, double *x)
{
  for (int l = 1; l < p->net.L; l++) {
    predict(p, l, p->x[l]);
    memcpy(x + p->at[l], p->x[l], (size_t)p->ld[l] * sizeof *x);
  }
}

/* t_l = f_l' o M_l t_{l-1} + v_l with t_0 = 0 goes up to J v = t_L (v_L = 0); f_L' o J v comes down
 * as J' J v. */
void pc_local_curvature(struct pc_local *p, const double *v, double *out)
{
  const int L = p->net.L;

  memcpy(p->s[1], v, (size_t)p->ld[1] * sizeof *v);
  for (int l = 2; l <= L; l++) {
    up(p, l, p->s[l - 1], p->s[l]);
    for (long i = 0; i < p->net.n[l]; i++)
      p->s[l][i] = p->slope[l][i] * p->s[l][i] + (l < L ? v[p->at[l] + i] : 0);
  }
  for (long i = 0; i < p->net.n[L]; i++) p->s[L][i] *= p->slope[L][i];
  adjoint(p, v, out);
}

/* The left and the right derivative of 1/2 (x - relu(a))^2 at a = 0 are 0 and -x: a kink where
 * x < 0, and x = eps there. */
long pc_local_kinks(const struct pc_local *p)
{
  long count = 0;

  for (int l = 1; p->net.hidden == PC_RELU && l < p->net.L; l++)
    for (long i = 0; i < p->net.n[l]; i++)
      count += fabs(p->a[l][i]) < PC_KINK && p->x[l][i] < -PC_KINK;
  return count;
}
