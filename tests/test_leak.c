/* SPDX-License-Identifier: BSD-3-Clause */
/* The coefficients of an exponential step against the integrals they stand for. */
#include "leak.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

/* r int_0^1 e^(-r(1-x)) w(x) dx by Gauss and Legendre's rule of five points on many panels; w is
 * 1-x for c0, x for c1, x(1-x) for j. */
static long double leak_integral(long double r, int which)
{
  enum { PANELS = 500 };
  const long double inner = sqrtl(5 - 2 * sqrtl(10.0L / 7)) / 3;
  const long double outer = sqrtl(5 + 2 * sqrtl(10.0L / 7)) / 3;
  const long double node[] = {-outer, -inner, 0, inner, outer};
  const long double a = (322 + 13 * sqrtl(70)) / 900, b = (322 - 13 * sqrtl(70)) / 900;
  const long double weight[] = {b, a, 128.0L / 225, a, b};
  long double sum = 0;

  for (int k = 0; k < PANELS; k++)
    for (int n = 0; n < 5; n++) {
      const long double x = (k + (1 + node[n]) / 2) / PANELS;
      const long double w = which == 0 ? 1 - x : which == 1 ? x : x * (1 - x);

      sum += weight[n] / 2 / PANELS * expl(-r * (1 - x)) * w;
    }
  return r * sum;
}

static bool close(double is, long double shall, double tolerance)
{
  return fabsl(is - shall) <= tolerance * fabsl(shall);
}

START_TEST(the_coefficients_of_a_step_are_their_integrals)
{
  static const double ratios[] = {1e-8, 1e-6, 1e-4, 1e-3, 3e-3, 0.00999999, 0.01, 0.0100001, 0.011,
                                  0.02, 0.05, 0.1,  0.3,  1,    3,          10,   30,        50};
  static const double tau = 0.004;
  bool good = true;

  for (size_t k = 0; k < sizeof ratios / sizeof ratios[0]; k++) {
    const double h = ratios[k] * tau;
    const long double r = (long double)h / tau;
    const struct leak leak = leak_over(h, tau);
    const bool right =
        leak.h == h && leak.tau == tau && close(leak.E, expl(-r), 50 * DBL_EPSILON) &&
        close(leak.c0, leak_integral(r, 0), 1e-13) && close(leak.c1, leak_integral(r, 1), 1e-13) &&
        close(leak.j, leak_integral(r, 2), 1e-8) &&
        fabs(leak.E + leak.c0 + leak.c1 - 1) < 2 * DBL_EPSILON;

    if (!right)
      fprintf(stderr, "h/tau = %g: E %.17g c0 %.17g %.17Lg c1 %.17g %.17Lg j %.17g %.17Lg\n",
              ratios[k], leak.E, leak.c0, leak_integral(r, 0), leak.c1, leak_integral(r, 1), leak.j,
              leak_integral(r, 2));
    good = good && right;
  }
  ck_assert(good);
}
END_TEST

START_TEST(the_coefficients_do_not_jump_where_the_series_end)
{
  const struct leak below = leak_over(nextafter(1e-2, 0), 1), above = leak_over(1e-2, 1);

  ck_assert(close(below.E, above.E, 1e-15) && close(below.c0, above.c0, 1e-13) &&
            close(below.c1, above.c1, 1e-13) && close(below.j, above.j, 1e-8));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("leak");
  TCase *facts = tcase_create("facts");

  suite_add_tcase(suite, facts);
  tcase_add_test(facts, the_coefficients_of_a_step_are_their_integrals);
  tcase_add_test(facts, the_coefficients_do_not_jump_where_the_series_end);
  return suite_run(srunner_create(suite));
}
