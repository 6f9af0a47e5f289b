/* SPDX-License-Identifier: BSD-3-Clause */
/* The exponential step and the forcing of units that switch, against integrals done numerically. */
#include "switching.h"
#include "quadrature.h"
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <stdbool.h>

/* h/tau from a step far below the time constant to one far above, on both sides of the places where
 * formulas change. */
static const double ratios[] = {1e-8, 1e-4, 9.9e-3, 1.01e-2, 0.1, 0.7, 1.1, 3, 20, 80};
enum { RATIOS = sizeof ratios / sizeof ratios[0] };
static const double tau = 2e-3;

/* What is integrated over a step from 0 to h. */
struct step {
  long double h, cap, s0, s1, v0, v1;
  bool gate;   /* phi'(s) v, else phi(s) */
  bool weighs; /* times e^(-(h-t)/tau)/tau: what the unit feels; else over h: the mean */
};

static long double at(const struct step *p, long double from, long double to, long double t)
{
  return from + (to - from) * t / p->h;
}

static long double integrand(const void *who, long double t)
{
  const struct step *p = who;
  const long double s = at(p, p->s0, p->s1, t);
  const long double weight = p->weighs ? expl(-(p->h - t) / tau) / tau : 1 / p->h;

  if (p->gate) return s > 0 && s < p->cap ? weight * at(p, p->v0, p->v1, t) : 0;
  return weight * (s <= 0 ? 0 : s < p->cap ? s : p->cap);
}

/* The integral in pieces between the times at which s meets 0 and the cap. */
static double integral(const struct step *p)
{
  long double time[4] = {0, 0, 0, p->h};
  const long double level[2] = {0, p->cap};
  int count = 1;

  for (int k = 0; k < 2; k++) {
    const long double t = p->s0 == p->s1 ? 0 : p->h * (level[k] - p->s0) / (p->s1 - p->s0);
    if (isfinite(t) && t > 0 && t < p->h) time[count++] = t;
  }
  if (count == 3 && time[1] > time[2]) {
    const long double t = time[1];
    time[1] = time[2];
    time[2] = t;
  }
  time[count] = p->h;
  long double sum = 0;
  for (int k = 0; k < count; k++) sum += quadrature(integrand, p, time[k], time[k + 1]);
  return (double)sum;
}

START_TEST(a_leak_steps_linear_forcing_exactly)
{
  for (int k = 0; k < RATIOS; k++) {
    const struct leak leak = leak_over(ratios[k] * tau, tau);
    const struct leak straight = leak_straight(ratios[k] * tau, tau);
    /* v from 0 to 1 without a gate is the felt integral of theta, from 1 to 0 of 1 - theta. */
    struct step p = {
        .h = leak.h, .cap = INFINITY, .s0 = 0.5, .s1 = 0.5, .gate = true, .weighs = true};

    ck_assert_double_eq(leak.h, ratios[k] * tau);
    ck_assert_double_eq(leak.tau, tau);
    ck_assert_double_eq_tol(leak.E / exp(-ratios[k]), 1, 1e-15);
    p.v1 = 1;
    ck_assert_double_eq_tol(leak.c1 / integral(&p), 1, 1e-13);
    p.v1 = 0, p.v0 = 1;
    ck_assert_double_eq_tol(leak.c0 / integral(&p), 1, 1e-13);
    ck_assert(straight.E == leak.E && straight.c0 == leak.c0 && straight.c1 == leak.c1);
    ck_assert(straight.h == leak.h && straight.tau == leak.tau);
  }
}
END_TEST

static long double bowed(const void *who, long double t)
{
  const struct leak *k = who;
  const long double h = k->h;

  return expl(-(h - t) / k->tau) / k->tau * t * (h - t) / (h * h);
}

/* j corrects a step by its small curvature, so a few digits less will do. */
START_TEST(the_weight_of_curvature_is_its_integral)
{
  for (int k = 0; k < RATIOS; k++) {
    const struct leak leak = leak_over(ratios[k] * tau, tau);
    const double exact = (double)quadrature(bowed, &leak, 0, leak.h);

    ck_assert_double_eq_tol(leak.j / exact, 1, 1e-9);
  }
}
END_TEST

/* Rounding of sums of terms of the size of s, or v, over the step. */
static void check_forcing(const struct forcing f, struct step p, double size)
{
  const double part = -expm1((double)(-p.h / tau)); /* of a constant, what the unit feels */

  p.weighs = true;
  ck_assert_double_eq_tol(f.felt, integral(&p), 2e-13 * part * size + DBL_MIN);
  p.weighs = false;
  ck_assert_double_eq_tol(f.mean, integral(&p), 1e-14 * size + DBL_MIN);
}

static void check_switch(double ratio, double cap, double s0, double s1, double v0, double v1)
{
  const struct leak leak = leak_over(ratio * tau, tau);
  const struct switching w = switching_over(&leak, cap, s0, s1);
  struct step p = {.h = leak.h, .cap = cap, .s0 = s0, .s1 = s1, .v0 = v0, .v1 = v1};

  check_forcing(switching_phi(&w, cap, s0, s1), p,
                fmax(fabs(s0), fabs(s1)) + (isfinite(cap) ? cap : 0));
  p.gate = true;
  check_forcing(switching_gate(&w, v0, v1), p, fmax(fabs(v0), fabs(v1)));
}

/* All pairs of ends on both sides of 0 and of the cap, on both themselves, and next to them. */
START_TEST(forcing_of_a_unit_that_switches_is_its_integral)
{
  static const double caps[] = {1, 0.3, INFINITY};
  static const double ends[] = {-40, -1, -0.2, -1e-9, 0, 1e-9, 0.1, 0.3, 0.5, 0.999, 1, 1.5, 60};
  enum { ENDS = sizeof ends / sizeof ends[0] };

  for (int r = 0; r < RATIOS; r++)
    for (int c = 0; c < 3; c++)
      for (int a = 0; a < ENDS; a++)
        for (int b = 0; b < ENDS; b++)
          check_switch(ratios[r], caps[c], ends[a], ends[b], 1.3, -0.4);
}
END_TEST

START_TEST(forcing_is_its_integral_wherever_the_switch_falls)
{
  for (uint64_t k = 0; k < 500; k++) {
    double x[6];

    for (uint64_t i = 0; i < 6; i++) x[i] = rng_normal(3, RNG_WEIGHT, 7, i, k);
    check_switch(exp(2 * x[0]), k % 2 ? 0.8 : INFINITY, x[2], x[3], x[4], x[5]);
  }
}
END_TEST

/* A unit that stays on feels what any linear forcing makes it feel, to the bit; one that stays off
 * or beyond the cap feels a gate of nothing. */
START_TEST(a_unit_that_does_not_switch_is_not_treated_as_one)
{
  const struct leak k = leak_over(tau, tau);
  const struct switching on = switching_over(&k, 1, 0.2, 0.7), off = switching_over(&k, 1, 0, -3),
                         full = switching_over(&k, 1, 1, 4);
  const struct forcing f = switching_phi(&on, 1, 0.2, 0.7), g = switching_gate(&on, 5, -1);
  const struct forcing none[3] = {switching_phi(&off, 1, 0, -3), switching_gate(&off, 5, -1),
                                  switching_gate(&full, 5, -1)};

  ck_assert(f.felt == k.c0 * 0.2 + k.c1 * 0.7 && f.mean == 0.5 * 0.2 + 0.5 * 0.7);
  ck_assert(g.felt == k.c0 * 5 + k.c1 * -1 && g.mean == 2);
  for (int i = 0; i < 3; i++) ck_assert(none[i].felt == 0 && none[i].mean == 0);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("switching");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, a_leak_steps_linear_forcing_exactly);
  tcase_add_test(facts, the_weight_of_curvature_is_its_integral);
  tcase_add_test(facts, forcing_of_a_unit_that_switches_is_its_integral);
  tcase_add_test(facts, forcing_is_its_integral_wherever_the_switch_falls);
  tcase_add_test(facts, a_unit_that_does_not_switch_is_not_treated_as_one);
  return suite_run(runner);
}
