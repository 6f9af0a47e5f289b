/* SPDX-License-Identifier: BSD-3-Clause */
/* The element-wise loops against plain scalar ones and integrals, and what they do with what is no
 * number. */
#include "relax.h"
#include "fail.h"
#include "leak.h"
#include "quadrature.h"
#include "rng.h"
#include "some_step.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 300 };
static const long sizes[] = {0, 1, 2, 7, 8, 16, 17, 31, MOST};
enum { SIZES = sizeof sizes / sizeof sizes[0] };
static const double caps[] = {1, 0.3, INFINITY};
enum { CAPS = sizeof caps / sizeof caps[0] };

static uint64_t asked;

/* n numbers on both sides of 0 and 1; some are exactly 0, 1 or another of the edges. */
static double *numbers(long n)
{
  static const double edge[] = {0, -0.0, 1, 0.3, -1};
  double *x = fail_alloc((size_t)n + 1, sizeof *x);

  for (long i = 0; i < n; i++) {
    const uint64_t pick = rng_below(5, RNG_WEIGHT, 1, 0, asked, 20);

    x[i] = pick < 5 ? edge[pick] : rng_normal(5, RNG_WEIGHT, 2, 0, asked);
    asked++;
  }
  x[n] = 7; /* must be left alone */
  return x;
}

START_TEST(relu_and_gate_are_as_defined)
{
  for (int k = 0; k < SIZES * CAPS; k++) {
    const long n = sizes[k / CAPS];
    const double cap = caps[k % CAPS], scale = 1.7;
    double *s = numbers(n), *v = numbers(n), *y = numbers(n), *z = numbers(n);

    relax_relu(n, cap, scale, s, y);
    relax_gate(n, cap, scale, s, v, z);
    for (long i = 0; i < n; i++) {
      ck_assert_double_eq(y[i], scale * fmin(fmax(s[i], 0), cap));
      ck_assert_double_eq(z[i], s[i] > 0 && s[i] < cap ? scale * v[i] : 0);
    }
    ck_assert(y[n] == 7 && z[n] == 7);
    free(s);
    free(v);
    free(y);
    free(z);
  }
}
END_TEST

/* Some r: a step that follows a parabola. */
/* The arrays of a step. */
enum { S0, S1, V0, F0, F1, Q, Q0, Q1, INS, V1 = INS, MEAN, ARRAYS };
struct arrays {
  long n;
  double *x[ARRAYS];
};

static struct arrays arrays(long n)
{
  struct arrays a = {.n = n};

  for (int k = 0; k < ARRAYS; k++) a.x[k] = numbers(n);
  return a;
}

static void free_arrays(struct arrays *a)
{
  for (int k = 0; k < ARRAYS; k++) free(a->x[k]);
}

static struct extent step(const struct arrays *a, const struct relax *r)
{
  double *const *x = a->x;

  return relax_step(a->n, r, x[V0], x[F0], x[F1], x[Q], x[Q0], x[Q1], x[V1], x[MEAN]);
}

/* F0 and F1 are what the step takes them for. */
static struct extent gated_step(const struct arrays *a, const struct relax *r, double cap)
{
  double *const *x = a->x;

  relax_gate(a->n, cap, 1, x[S0], x[Q0], x[F0]);
  relax_gate(a->n, cap, 1, x[S1], x[Q1], x[F1]);
  return relax_gated_step(a->n, r, cap, x[S0], x[S1], x[V0], x[Q], x[Q0], x[Q1], x[V1], x[MEAN]);
}

/* The same of an activity: Q0 and Q1 are S0 and S1. */
static struct extent kinked_step(const struct arrays *a, const struct relax *r, double cap)
{
  double *const *x = a->x;

  memcpy(x[Q0], x[S0], (size_t)a->n * sizeof(double));
  memcpy(x[Q1], x[S1], (size_t)a->n * sizeof(double));
  relax_relu(a->n, cap, 1, x[S0], x[F0]);
  relax_relu(a->n, cap, 1, x[S1], x[F1]);
  return relax_kinked_step(a->n, r, cap, x[Q], x[S0], x[S1], x[V0], x[V1], x[MEAN]);
}

/* Row i of a step as the header states it, of which D has this share. */
struct row {
  long double D, v1, mean, size; /* size: sum of the magnitudes of all terms */
};

static struct row row_of(const struct arrays *a, const struct relax *r, long i, double share)
{
  double *const *x = a->x;
  const long double D = (long double)r->past * x[Q][i] + (long double)r->here * x[Q0][i] +
                        (long double)r->there * x[Q1][i];
  const long double v0 = x[V0][i], f0 = x[F0][i], f1 = x[F1][i];
  const long double v1 = r->E * v0 + r->c0 * f0 + r->c1 * f1 - r->bow * share * D;

  return (struct row){.D = D,
                      .v1 = v1,
                      .mean = (f0 + f1) / 2 - r->belly * share * D - r->slow * (v1 - v0),
                      .size = fabs(x[Q][i]) + fabs(x[Q0][i]) + fabs(x[Q1][i]) + fabsl(v0) +
                              fabsl(f0) + fabsl(f1)};
}

/* To a few units in the last place of the largest term. */
static void check_row(const struct arrays *a, const struct relax *r, long i, const struct row *row)
{
  const double tolerance = 8 * DBL_EPSILON * (double)row->size + DBL_MIN;

  ck_assert_double_eq_tol(a->x[V1][i], (double)row->v1, tolerance);
  ck_assert_double_eq_tol(a->x[MEAN][i], (double)row->mean, (1 + 2 * r->slow) * tolerance);
}

static void check_extent(struct extent x, double curvature, double size, double scale)
{
  ck_assert_double_eq_tol(x.curvature, curvature, 8 * DBL_EPSILON * scale + DBL_MIN);
  ck_assert_double_eq_tol(x.size, size, 8 * DBL_EPSILON * scale + DBL_MIN);
}

START_TEST(a_step_is_as_defined)
{
  for (int k = 0; k < SIZES; k++) {
    struct arrays a = arrays(sizes[k]);
    const struct extent x = step(&a, &some);
    double curvature = 0, size = 0, scale = 0;

    for (long i = 0; i < a.n; i++) {
      const struct row row = row_of(&a, &some, i, 1);

      check_row(&a, &some, i, &row);
      curvature = fmax(curvature, fabs((double)row.D));
      size = fmax(size, fmax(fabs(a.x[V1][i]), some.reach * fabs(a.x[F1][i])));
      scale = fmax(scale, (double)row.size);
    }
    check_extent(x, curvature, size, scale);
    ck_assert(a.x[V1][a.n] == 7 && a.x[MEAN][a.n] == 7);
    free_arrays(&a);
  }
}
END_TEST

static int region(double cap, double s)
{
  return s <= 0 ? 0 : s < cap ? 1 : 2;
}

/* Rows that stay between 0 and the cap follow the parabola, all others the straight line; the
 * curvature counts unless both ends are on the same flat side. */
START_TEST(a_gated_step_is_as_defined)
{
  for (int k = 0; k < SIZES * CAPS; k++) {
    struct arrays a = arrays(sizes[k / CAPS]);
    const double cap = caps[k % CAPS];
    const struct extent x = _i ? kinked_step(&a, &some, cap) : gated_step(&a, &some, cap);
    double curvature = 0, size = 0, scale = 0;
    bool crosses = false;

    for (long i = 0; i < a.n; i++) {
      const double s0 = a.x[S0][i], s1 = a.x[S1][i];
      const bool flat = (s0 <= 0 && s1 <= 0) || (s0 >= cap && s1 >= cap);
      const bool active = s0 > 0 && s1 > 0 && s0 < cap && s1 < cap;
      const struct row row = row_of(&a, &some, i, active);

      check_row(&a, &some, i, &row);
      crosses |= region(cap, s0) != region(cap, s1);
      curvature = fmax(curvature, flat ? 0 : fabs((double)row.D));
      size = fmax(size, fmax(fabs(a.x[V1][i]), some.reach * fabs(a.x[F1][i])));
      scale = fmax(scale, (double)row.size);
    }
    check_extent(x, curvature, size, scale);
    ck_assert(x.crosses == crosses);
    ck_assert(a.x[V1][a.n] == 7 && a.x[MEAN][a.n] == 7);
    free_arrays(&a);
  }
}
END_TEST

/* Each element in turn is the only bent one, on every pair of sides of 0 and the cap. */
START_TEST(a_gated_step_masks_each_row_by_its_own_sides)
{
  enum { N = 19 };
  static const double side[] = {-2, 0, 0.5, 1, 3}; /* the cap is 1 */
  const struct relax r = {.there = 1, .bow = 1};

  for (int at = 0; at < N; at++)
    for (int from = 0; from < 5; from++)
      for (int to = 0; to < 5; to++) {
        double zero[N] = {0}, q1[N] = {0}, s0[N], s1[N], v1[N], mean[N];

        for (int i = 0; i < N; i++) s0[i] = s1[i] = 0.5;
        q1[at] = -4;
        s0[at] = side[from];
        s1[at] = side[to];
        const bool flat = (from < 2 && to < 2) || (from > 2 && to > 2);
        const struct extent x = relax_gated_step(N, &r, 1, s0, s1, zero, zero, zero, q1, v1, mean);
        ck_assert_double_eq(x.curvature, flat ? 0 : 4);
        for (int i = 0; i < N; i++)
          ck_assert_double_eq(v1[i], i == at && from == 2 && to == 2 ? 4 : 0);
      }
}
END_TEST

/* Rows behind a gate without a q that is of no matter, or that nobody knows: finite, and straight.
 */
START_TEST(an_unknown_drive_bends_nothing)
{
  const struct relax straight = {
      .E = some.E, .c0 = some.c0, .c1 = some.c1, .slow = some.slow, .reach = some.reach};

  for (int k = 0; k < SIZES * CAPS; k++) {
    struct arrays a = arrays(sizes[k / CAPS]);
    const size_t bytes = (size_t)a.n * sizeof(double);
    const double cap = caps[k % CAPS];
    double v1[MOST], mean[MOST];

    const struct extent known = gated_step(&a, &straight, cap);
    memcpy(v1, a.x[V1], bytes);
    memcpy(mean, a.x[MEAN], bytes);
    for (long i = 0; i < a.n; i++) {
      a.x[Q][i] = NAN;
      if (region(cap, a.x[S0][i]) != 1) a.x[Q0][i] = NAN;
      if (region(cap, a.x[S1][i]) != 1) a.x[Q1][i] = NAN;
    }
    const struct extent x = gated_step(&a, &some, cap);
    ck_assert(x.curvature == 0 && x.size == known.size && x.moves == known.moves);
    ck_assert(memcmp(a.x[V1], v1, bytes) == 0 && memcmp(a.x[MEAN], mean, bytes) == 0);
    free_arrays(&a);
  }
}
END_TEST

/* Behind a gate that is shut at the end, and only there; what is not finite stays so. */
START_TEST(values_that_nobody_hears_are_zero)
{
  enum { N = 21 };
  const struct relax r = {.E = 1, .slow = 1, .silent = 1e-3};
  static const double v[] = {9e-4, -9e-4, 1.1e-3, 0, 1e-300, 5};
  double v0[N], shut[N], open[N], zero[N] = {0}, v1[N], mean[N];

  for (int i = 0; i < N; i++) {
    v0[i] = v[i % 6];
    shut[i] = i % 4 ? -1 : 0;
    open[i] = 0.5;
  }
  for (int kinked = 0; kinked < 2; kinked++)
    for (int on = 0; on < 2; on++) {
      const double *s = on ? open : shut;
      if (kinked)
        relax_kinked_step(N, &r, 1, s, s, s, v0, v1, mean);
      else
        relax_gated_step(N, &r, 1, s, s, v0, open, open, open, v1, mean);
      for (int i = 0; i < N; i++) ck_assert_double_eq(v1[i], on || fabs(v0[i]) >= 1e-3 ? v0[i] : 0);
    }
  v0[20] = NAN;
  const struct extent x = relax_gated_step(N, &r, 1, shut, shut, v0, zero, zero, zero, v1, mean);
  ck_assert(isnan(v1[20]) && !isfinite(x.size));
}
END_TEST

/* A row's bits do not depend on its neighbours, so not on how rows are cut over ranks. */
START_TEST(a_row_does_not_depend_on_the_rows_stepped_with_it)
{
  struct arrays a = arrays(MOST), b = a;

  for (long lo = 0; lo < MOST; lo += 1 + lo / 3)
    for (int kind = 0; kind < 3; kind++) {
      struct arrays part = {.n = MOST - lo};

      for (int k = 0; k < INS; k++) part.x[k] = a.x[k] + lo;
      part.x[F0] = numbers(part.n); /* a gated step forms these */
      part.x[F1] = numbers(part.n);
      if (kind == 0) memcpy(part.x[F0], a.x[F0] + lo, (size_t)part.n * sizeof(double));
      if (kind == 0) memcpy(part.x[F1], a.x[F1] + lo, (size_t)part.n * sizeof(double));
      part.x[V1] = numbers(part.n);
      part.x[MEAN] = numbers(part.n);
      for (int side = 0; side < 2; side++) {
        const struct arrays *rows = side ? &part : &a;
        if (kind == 0)
          step(rows, &some);
        else if (kind == 1)
          gated_step(rows, &some, 0.3);
        else
          kinked_step(rows, &some, 0.3);
      }
      for (long i = 0; i < part.n; i++) {
        ck_assert(part.x[V1][i] == b.x[V1][lo + i]);
        ck_assert(part.x[MEAN][i] == b.x[MEAN][lo + i]);
      }
      free(part.x[F0]);
      free(part.x[F1]);
      free(part.x[V1]);
      free(part.x[MEAN]);
    }
  free_arrays(&a);
}
END_TEST

/* tau dv/dt = f - v along a parabola f: f, and e^(t/tau) f. */
struct parabola {
  long double h, tau, f0, f1, D;
};

static long double height(const struct parabola *p, long double t)
{
  const long double theta = t / p->h;

  return p->f0 + (p->f1 - p->f0) * theta + p->D * theta * (theta - 1);
}

static long double felt(const void *who, long double t)
{
  const struct parabola *p = who;

  return expl(-(p->h - t) / p->tau) / p->tau * height(p, t);
}

/* The mean of v is an integral of an integral: f at t is felt until h. */
static long double felt_until_end(const void *who, long double t)
{
  const struct parabola *p = who;

  return -expm1l(-(p->h - t) / p->tau) * height(p, t) / p->h;
}

/* With D from three values at -back, 0 and h, of a parabola known everywhere. */
START_TEST(a_step_along_a_parabola_is_exact_at_its_end_and_on_average)
{
  static const double ratios[] = {1e-3, 0.05, 0.5, 2, 20}, backs[] = {0.5, 1, 1.7};

  for (int k = 0; k < 5 * 3; k++) {
    const double tau = 3e-3, h = ratios[k / 3] * tau, ratio = backs[k % 3];
    const struct parabola p = {.h = h, .tau = tau, .f0 = 0.4, .f1 = 1.1, .D = -0.3};
    const struct leak leak = leak_over(h, tau);
    const struct relax r = {.E = leak.E,
                            .c0 = leak.c0,
                            .c1 = leak.c1,
                            .past = 1 / (ratio * (1 + ratio)),
                            .here = -1 / ratio,
                            .there = 1 / (1 + ratio),
                            .bow = leak.j,
                            .belly = 1.0 / 6,
                            .slow = tau / h};
    const double v0 = -0.8, f0 = 0.4, f1 = 1.1, q = (double)height(&p, -ratio * h);
    double v1, mean;

    const struct extent x = relax_step(1, &r, &v0, &f0, &f1, &q, &f0, &f1, &v1, &mean);
    const long double gone = -expm1l(-(long double)h / tau);
    const double end = (double)((1 - gone) * v0 + quadrature(felt, &p, 0, h));
    const double average =
        (double)(tau / (long double)h * gone * v0 + quadrature(felt_until_end, &p, 0, h));
    ck_assert_double_eq_tol(x.curvature, 0.3, 1e-14);
    ck_assert_double_eq_tol(v1, end, 1e-12);
    ck_assert_double_eq_tol(mean, average, 1e-12 * fmax(1, tau / h));
  }
}
END_TEST

START_TEST(a_crossing_is_seen_wherever_it_is)
{
  for (int k = 0; k < SIZES * CAPS; k++) {
    const long n = sizes[k / CAPS];
    const double cap = caps[k % CAPS];
    double *s0 = numbers(n), *s1 = numbers(n), *other = numbers(n);
    int row[MOST + LIST_SPARE];

    /* All stay but one. */
    for (long i = 0; i < n; i++) s1[i] = s0[i];
    ck_assert_int_eq(relax_crossings(n, cap, s0, s1, row), 0);
    for (long i = 0; i < n; i++) {
      s1[i] = other[i];
      const bool crosses = region(cap, s0[i]) != region(cap, s1[i]);
      for (int back = 0; back < 2; back++) {
        ck_assert_int_eq(relax_crossings(n, cap, back ? s1 : s0, back ? s0 : s1, row), crosses);
        ck_assert(!crosses || row[0] == i);
      }
      s1[i] = s0[i];
    }
    free(s0);
    free(s1);
    free(other);
  }
}
END_TEST

/* Is 0 < s < cap somewhere between a and b? */
static bool opens(double cap, double a, double b)
{
  return fmax(a, b) > 0 && fmin(a, b) < cap;
}

START_TEST(lists_hold_every_row_and_no_other)
{
  for (int k = 0; k < SIZES * CAPS; k++) {
    const long n = sizes[k / CAPS];
    const double cap = caps[k % CAPS], ahead = k % 3;
    double *s0 = numbers(n), *s1 = numbers(n);
    int crossed[MOST + LIST_SPARE], open[MOST + LIST_SPARE];
    long crossings = 0, opened = 0;

    const long listed = relax_crossings(n, cap, s0, s1, crossed);
    const long shown = relax_open(n, cap, ahead, s0, s1, open);
    for (long i = 0; i < n; i++) {
      const double s2 = fma(ahead, s1[i] - s0[i], s1[i]);
      if (region(cap, s0[i]) != region(cap, s1[i])) ck_assert_int_eq(crossed[crossings++], i);
      if (opens(cap, s0[i], s1[i]) || opens(cap, s1[i], s2)) ck_assert_int_eq(open[opened++], i);
    }
    ck_assert_int_eq(listed, crossings);
    ck_assert_int_eq(shown, opened);
    free(s0);
    free(s1);
  }
}
END_TEST

static const double bad[] = {NAN, -NAN, INFINITY, -INFINITY};

START_TEST(extent_reports_what_is_not_finite_wherever_it_is)
{
  static const int counts[] = {1, 7, 8, 17, 31};

  for (int k = 0; k < 5; k++) {
    struct arrays a = arrays(counts[k]);

    for (int i = 0; i < counts[k]; i++)
      for (int b = 0; b < 4; b++)
        for (int which = V0; which < INS; which++) {
          const double kept = a.x[which][i];
          const bool curves = which == Q || which == Q0 || which == Q1;

          a.x[which][i] = bad[b];
          const struct extent x = step(&a, &some);
          ck_assert(!isfinite(x.size));
          ck_assert(isfinite(x.curvature) == !curves);
          ck_assert(!isfinite(a.x[V1][i]) && !isfinite(a.x[MEAN][i]));
          const int from = region(1, a.x[S0][i]), to = region(1, a.x[S1][i]);
          const bool seen = from != to || from == 1;
          const struct extent gated = gated_step(&a, &some, 1);
          /* A q that is no number is unknown, which bends nothing. */
          const bool felt = (which == Q0 && from == 1) || (which == Q1 && to == 1);
          const bool bent = curves && seen && !isnan(bad[b]);
          ck_assert(isfinite(gated.size) == !(which == V0 || felt || bent));
          a.x[which][i] = kept;
        }
    free_arrays(&a);
  }
}
END_TEST

START_TEST(not_a_number_passes_through_relu_and_the_step)
{
  enum { N = 17 };

  for (int k = 0; k < CAPS * N; k++) {
    const int at = k / CAPS;
    struct arrays a = arrays(N);

    a.x[S1][at] = k % 2 ? NAN : -NAN;
    relax_relu(N, caps[k % CAPS], 1, a.x[S1], a.x[F1]);
    for (int i = 0; i < N; i++) ck_assert(isnan(a.x[F1][i]) == (i == at));
    ck_assert(!isfinite(kinked_step(&a, &some, caps[k % CAPS]).size));
    for (int i = 0; i < N; i++) ck_assert(isnan(a.x[V1][i]) == (i == at));
    free_arrays(&a);
  }
}
END_TEST

START_TEST(a_line_goes_on_as_defined)
{
  for (int k = 0; k < SIZES; k++) {
    const long n = sizes[k];
    double *a = numbers(n), *b = numbers(n), *out = numbers(n);

    relax_extrapolate(n, 1.7, a, b, out);
    for (long i = 0; i < n; i++)
      ck_assert_double_eq_tol(out[i], b[i] + 1.7 * (b[i] - a[i]),
                              8 * DBL_EPSILON * (fabs(a[i]) + fabs(b[i])) + DBL_MIN);
    relax_extrapolate(n, 0, a, b, out);
    for (long i = 0; i < n; i++) ck_assert_double_eq(out[i], b[i]);
    ck_assert(out[n] == 7);
    free(a);
    free(b);
    free(out);
  }
}
END_TEST

START_TEST(largest_is_the_largest_of_all_elements)
{
  for (int k = 0; k < SIZES; k++) {
    const long n = sizes[k];
    double *x = numbers(n), most = 0;
    float *f = fail_alloc((size_t)n + 1, sizeof *f), largest = 0;

    for (long i = 0; i < n; i++) {
      f[i] = (float)x[i];
      most = fmax(most, fabs(x[i]));
      largest = fmaxf(largest, fabsf(f[i]));
    }
    ck_assert_double_eq(relax_largest_f64(n, x), most);
    ck_assert_double_eq(relax_largest_f32(n, f), (double)largest);
    for (long i = 0; i < n; i++) { /* each in turn, then what is not finite */
      const double kept = x[i];
      const float held = f[i];

      x[i] = f[i] = i % 2 ? -1000 : 1000;
      ck_assert(relax_largest_f64(n, x) == 1000 && relax_largest_f32(n, f) == 1000);
      x[i] = bad[i % 4];
      f[i] = (float)bad[i % 4];
      ck_assert(!isfinite(relax_largest_f64(n, x)) && !isfinite(relax_largest_f32(n, f)));
      x[i] = kept;
      f[i] = held;
    }
    free(x);
    free(f);
  }
}
END_TEST

START_TEST(infinity_passes_through_an_uncapped_relu)
{
  double s[3] = {-INFINITY, 1, INFINITY}, y[3];

  relax_relu(3, INFINITY, 2, s, y);
  ck_assert(y[0] == 0 && y[1] == 2 && y[2] == INFINITY);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("relax");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, relu_and_gate_are_as_defined);
  tcase_add_test(facts, a_step_is_as_defined);
  tcase_add_loop_test(facts, a_gated_step_is_as_defined, 0, 2);
  tcase_add_test(facts, an_unknown_drive_bends_nothing);
  tcase_add_test(facts, a_gated_step_masks_each_row_by_its_own_sides);
  tcase_add_test(facts, values_that_nobody_hears_are_zero);
  tcase_add_test(facts, a_row_does_not_depend_on_the_rows_stepped_with_it);
  tcase_add_test(facts, a_step_along_a_parabola_is_exact_at_its_end_and_on_average);
  tcase_add_test(facts, a_crossing_is_seen_wherever_it_is);
  tcase_add_test(facts, lists_hold_every_row_and_no_other);
  tcase_add_test(facts, extent_reports_what_is_not_finite_wherever_it_is);
  tcase_add_test(facts, not_a_number_passes_through_relu_and_the_step);
  tcase_add_test(facts, a_line_goes_on_as_defined);
  tcase_add_test(facts, largest_is_the_largest_of_all_elements);
  tcase_add_test(facts, infinity_passes_through_an_uncapped_relu);
  return suite_run(runner);
}
