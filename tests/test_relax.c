/* SPDX-License-Identifier: BSD-3-Clause */
/* The element-wise loops against plain scalar ones, and what they do with what is no number. */
#include "relax.h"
#include "fail.h"
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>

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

START_TEST(the_linear_step_is_as_defined)
{
  for (int k = 0; k < SIZES; k++) {
    const long n = sizes[k];
    const double E = 0.9, c0 = 0.06, c1 = 0.04;
    double *v0 = numbers(n), *f0 = numbers(n), *f1 = numbers(n), *v1 = numbers(n);

    relax_linear(n, E, c0, c1, v0, f0, f1, v1);
    for (long i = 0; i < n; i++) {
      const double size = fabs(E * v0[i]) + fabs(c0 * f0[i]) + fabs(c1 * f1[i]);

      ck_assert_double_eq_tol(v1[i], E * v0[i] + (c0 * f0[i] + c1 * f1[i]),
                              2 * DBL_EPSILON * size + DBL_MIN);
    }
    ck_assert(v1[n] == 7);
    free(v0);
    free(f0);
    free(f1);
    free(v1);
  }
}
END_TEST

static int region(double cap, double s)
{
  return s <= 0 ? 0 : s < cap ? 1 : 2;
}

START_TEST(a_crossing_is_seen_wherever_it_is)
{
  for (int k = 0; k < SIZES * CAPS; k++) {
    const long n = sizes[k / CAPS];
    const double cap = caps[k % CAPS];
    double *s0 = numbers(n), *s1 = numbers(n), *other = numbers(n);

    /* All stay but one. */
    for (long i = 0; i < n; i++) s1[i] = s0[i];
    ck_assert(!relax_crosses(n, cap, s0, s1));
    for (long i = 0; i < n; i++) {
      s1[i] = other[i];
      const bool crosses = region(cap, s0[i]) != region(cap, s1[i]);
      ck_assert(relax_crosses(n, cap, s0, s1) == crosses);
      ck_assert(relax_crosses(n, cap, s1, s0) == crosses);
      s1[i] = s0[i];
    }
    free(s0);
    free(s1);
    free(other);
  }
}
END_TEST

START_TEST(extent_is_the_largest_of_all_elements)
{
  for (int k = 0; k < SIZES; k++) {
    const long n = sizes[k];
    double *v0 = numbers(n), *f0 = numbers(n), *v1 = numbers(n), *f1 = numbers(n);
    double bend = -1, size = -1, most = 0, large = 0;

    relax_extent(n, 1, v0, f0, v1, f1, &bend, &size);
    for (long i = 0; i < n; i++) {
      most = fmax(most, fabs((f1[i] - v1[i]) - (f0[i] - v0[i])));
      large = fmax(large, fmax(fabs(v1[i]), fabs(f1[i])));
    }
    ck_assert_double_eq(bend, most);
    ck_assert_double_eq(size, large);
    free(v0);
    free(f0);
    free(v1);
    free(f1);
  }
}
END_TEST

START_TEST(extent_reports_what_is_not_finite_wherever_it_is)
{
  static const double bad[] = {NAN, -NAN, INFINITY, -INFINITY};

  for (int k = 0; k < SIZES; k++) {
    const long n = sizes[k];
    double *x[4]; /* v0, f0, v1, f1 */

    for (int a = 0; a < 4; a++) x[a] = numbers(n);
    for (int a = 0; a < 4; a++)
      for (long i = 0; i < n; i++)
        for (int b = 0; b < 4; b++) {
          const double kept = x[a][i];
          double bend = 0, size = 0;

          x[a][i] = bad[b];
          relax_extent(n, 1, x[0], x[1], x[2], x[3], &bend, &size);
          ck_assert(!isfinite(bend));
          ck_assert(a < 2 || !isfinite(size)); /* the size is that of v1 and f1 */
          x[a][i] = kept;
        }
    for (int a = 0; a < 4; a++) free(x[a]);
  }
}
END_TEST

START_TEST(not_a_number_passes_through_relu_and_the_step)
{
  enum { N = 17 };

  for (int k = 0; k < CAPS * N; k++) {
    const int at = k / CAPS;
    double *s = numbers(N), *y = numbers(N), *v = numbers(N), *f = numbers(N), *out = numbers(N);
    double bend, size;

    s[at] = k % 2 ? NAN : -NAN;
    relax_relu(N, caps[k % CAPS], 1, s, y);
    for (int i = 0; i < N; i++) ck_assert(isnan(y[i]) == (i == at));
    relax_linear(N, 0.9, 0.05, 0.05, v, f, y, out);
    relax_extent(N, 1, v, f, out, y, &bend, &size);
    ck_assert(isnan(out[at]) && !isfinite(bend) && !isfinite(size));
    free(s);
    free(y);
    free(v);
    free(f);
    free(out);
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

/* |q1 - q0 - ratio (q0 - q)| of one element. */
static double bent(double ratio, double q, double q0, double q1)
{
  return fabs(q1 - q0 - ratio * (q0 - q));
}

START_TEST(curvature_is_that_of_rows_that_are_not_flat)
{
  for (int k = 0; k < SIZES * CAPS; k++) {
    const long n = sizes[k / CAPS];
    const double cap = caps[k % CAPS], ratio = 0.8;
    double *q = numbers(n), *q0 = numbers(n), *q1 = numbers(n), *s0 = numbers(n), *s1 = numbers(n);
    double all = 0, some = 0, size = 0;

    for (long i = 0; i < n; i++) {
      const double e = bent(ratio, q[i], q0[i], q1[i]);
      const bool flat = (s0[i] <= 0 && s1[i] <= 0) || (s0[i] >= cap && s1[i] >= cap);

      size = fmax(size, fabs(q[i]) + fabs(q0[i]) + fabs(q1[i]));
      all = fmax(all, e);
      some = fmax(some, flat ? 0 : e);
    }
    const double tolerance = 8 * DBL_EPSILON * size + DBL_MIN;
    ck_assert_double_eq_tol(relax_curvature(n, ratio, q, q0, q1, cap, NULL, NULL), all, tolerance);
    ck_assert_double_eq_tol(relax_curvature(n, ratio, q, q0, q1, cap, s0, s1), some, tolerance);
    free(q);
    free(q0);
    free(q1);
    free(s0);
    free(s1);
  }
}
END_TEST

/* Each element in turn is the only bent one, on every pair of sides of 0 and the cap. */
START_TEST(curvature_masks_each_row_by_its_own_sides)
{
  enum { N = 19 };
  static const double side[] = {-2, 0, 0.5, 1, 3}; /* the cap is 1 */

  for (int at = 0; at < N; at++)
    for (int from = 0; from < 5; from++)
      for (int to = 0; to < 5; to++) {
        double q[N] = {0}, q1[N] = {0}, s0[N], s1[N];

        for (int i = 0; i < N; i++) s0[i] = s1[i] = 0.5;
        q1[at] = -4;
        s0[at] = side[from];
        s1[at] = side[to];
        const bool flat = (from < 2 && to < 2) || (from > 2 && to > 2);
        ck_assert_double_eq(relax_curvature(N, 1, q, q, q1, 1, s0, s1), flat ? 0 : 4);
        q1[at] = NAN;
        ck_assert(flat || isnan(relax_curvature(N, 1, q, q, q1, 1, s0, s1)));
      }
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
  tcase_add_test(facts, the_linear_step_is_as_defined);
  tcase_add_test(facts, a_crossing_is_seen_wherever_it_is);
  tcase_add_test(facts, extent_is_the_largest_of_all_elements);
  tcase_add_test(facts, extent_reports_what_is_not_finite_wherever_it_is);
  tcase_add_test(facts, not_a_number_passes_through_relu_and_the_step);
  tcase_add_test(facts, infinity_passes_through_an_uncapped_relu);
  tcase_add_test(facts, curvature_is_that_of_rows_that_are_not_flat);
  tcase_add_test(facts, curvature_masks_each_row_by_its_own_sides);
  return suite_run(runner);
}
