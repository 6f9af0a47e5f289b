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
  double ***const family[] = {&p->W,     &p->T,    &p->x,   &p->eps, &p->a,
                              &p->slope, &p->bend, &p->lam, &p->t,   &p->s};
  for (size_t k = 0; k < sizeof family / sizeof *family; k++) *family[k] = pointers(L);
  double *next = p->memory = fail_alloc((size_t)(matrices + 9 * vectors), sizeof *next);
  for (int l = 1; l <= L; l++) {
    p->W[l] = next;
    p->T[l] = p->W[l] + net->n[l] * p->ld[l - 1];
    next = p->T[l] + net->n[l - 1] * p->ld[l];
  }
  next = cut(p->x, 0, L, p->ld, next);
  next = cut(p->eps, 1, L, p->ld, next);
  next = cut(p->a, 1, L, p->ld, next);
  next = cut(p->slope, 1, L, p->ld, next);
  next = cut(p->bend, 1, L, p->ld, next);
  next = cut(p->lam, 1, L, p->ld, next);
  next = cut(p->t, 0, L, p->ld, next);
  next = cut(p->s, 0, L, p->ld, next);
}

void pc_local_destroy(struct pc_local *p)
{
  double **const family[] = {p->W, p->T, p->x, p->eps, p->a, p->slope, p->bend, p->lam, p->t, p->s};

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

/* Of one unit. relu's corner, where it is rounded, is a parabola between the lines beside it. */
static void relu(double width, double a, double *value, double *slope, double *bend)
{
  if (fabs(a) < width) {
    *slope = (a + width) / (2 * width);
    *value = *slope * (a + width) / 2;
    *bend = 1 / (2 * width);
  } else {
    *slope = a > 0;
    *value = a < 0 ? 0 : a;
    *bend = 0;
  }
}

/* f'' of a smooth activation, by its value and slope. */
static double bend_of(enum pc_act f, double value, double slope)
{
  return f == PC_TANH ? -2 * value * slope : f == PC_SIGMOID ? slope * (1 - 2 * value) : 0;
}

static void activate(enum pc_act f, double width, long n, const double *a, double *value,
                     double *slope, double *bend)
{
  for (long i = 0; i < n; i++) {
    if (f == PC_RELU) {
      relu(width, a[i], &value[i], &slope[i], &bend[i]);
      continue;
    }
    value[i] = pc_value(f, a[i]);
    slope[i] = pc_slope(f, value[i]);
    bend[i] = bend_of(f, value[i], slope[i]);
  }
}

/* value = f_l(M_l x_{l-1}), leaving the drive and the slope behind. */
static void predict(struct pc_local *p, int l, double *value)
{
  const enum pc_act f = l < p->net.L ? p->net.hidden : p->net.output;

  up(p, l, p->x[l - 1], p->a[l]);
  activate(f, p->width, p->net.n[l], p->a[l], value, p->slope[l], p->bend[l]);
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

/* x_l = f(M_l x_{l-1}) + eps_l going up. Going down, lam_L = yhat - y, lam_{l-1} = M_l' (f_l' o
 * lam_l), and dE/deps_l = eps_l + lam_l. */
double pc_local_errors(struct pc_local *p, const double *eps, double *gradient)
{
  const int L = p->net.L;

  for (int l = 1; l < L; l++) {
    memcpy(p->eps[l], eps + p->at[l], (size_t)p->ld[l] * sizeof *eps);
    predict(p, l, p->x[l]);
    for (long i = 0; i < p->net.n[l]; i++) p->x[l][i] += p->eps[l][i];
  }
  const double E = energy(p);
  for (long i = 0; i < p->net.n[L]; i++) p->lam[L][i] = -p->eps[L][i];
  for (int l = L; l > 1; l--) {
    for (long i = 0; i < p->net.n[l]; i++) p->s[l][i] = p->slope[l][i] * p->lam[l][i];
    down(p, l, p->s[l], p->lam[l - 1]);
    for (long i = 0; i < p->net.n[l - 1]; i++)
      gradient[p->at[l - 1] + i] = p->eps[l - 1][i] + p->lam[l - 1][i];
  }
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

/* The derivatives of pc_local_errors' lines along v. Going up, t_1 = v_1, t_l = f_l' o M_l t_{l-1}
 * + v_l, v_L = 0. Going down, q_L = t_L, q_{l-1} = M_l' (f_l' o q_l + f_l'' o lam_l o M_l t_{l-1}),
 * and H v = v + q. */
void pc_local_curvature(struct pc_local *p, const double *v, double *out)
{
  const int L = p->net.L;

  memcpy(p->t[1], v, (size_t)p->ld[1] * sizeof *v);
  for (int l = 2; l <= L; l++) {
    up(p, l, p->t[l - 1], p->s[l]);
    for (long i = 0; i < p->net.n[l]; i++) {
      p->t[l][i] = p->slope[l][i] * p->s[l][i] + (l < L ? v[p->at[l] + i] : 0);
      p->s[l][i] *= p->bend[l][i] * p->lam[l][i];
    }
  }
  for (int l = L; l > 1; l--) {
    double *q = p->t[l - 1];
    const double *above = p->t[l];

    for (long i = 0; i < p->net.n[l]; i++) p->s[l][i] += p->slope[l][i] * above[i];
    down(p, l, p->s[l], q);
    for (long i = 0; i < p->net.n[l - 1]; i++) out[p->at[l - 1] + i] = v[p->at[l - 1] + i] + q[i];
  }
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
