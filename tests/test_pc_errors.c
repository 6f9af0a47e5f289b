/* SPDX-License-Identifier: BSD-3-Clause */
/* Equilibria of predictive coding: linear networks against one dense system, nonlinear ones against
 * another method, and what is said of those on kinks. */
#include "pc_errors.h"
#include "../src/pc/local.h"
#include "fail.h"
#include "pc_lab.h"
#include "suite.h"
#include <check.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct pc_how lbfgs = {.method = PC_LBFGS, .max_iterations = 200, .tolerance = 1e-8};
static const struct pc_how newton = {.method = PC_NEWTON, .max_iterations = 100, .tolerance = 1e-8};
static const struct pc_how *const both[] = {&lbfgs, &newton};

/* M_l [n_l][n_{l-1}] */
static double entry(const struct pc_net *net, double **W, int l, long i, long j)
{
  return W[l][i * net->n[l - 1] + j] + (net->residual && i == j);
}

/* x_1..x_{L-1} end to end from the normal equations of the stationary point,
 * (I + M_{l+1}' M_{l+1}) x_l - M_l x_{l-1} - M_{l+1}' x_{l+1} = 0, solved as one dense system. */
static void dense_equilibrium(const struct pc_net *net, double **W, const double *x0,
                              const double *y, double *z)
{
  const int L = net->L;
  long at[MOST + 1] = {0}, N = 0;

  for (int l = 1; l < L; l++) {
    at[l] = N;
    N += net->n[l];
  }
  double *H = fail_alloc((size_t)(N * N), sizeof *H);
  memset(z, 0, (size_t)N * sizeof *z);
  for (int l = 1; l < L; l++)
    for (long i = 0; i < net->n[l]; i++) {
      H[(at[l] + i) * N + at[l] + i] += 1;
      for (long j = 0; j < net->n[l - 1]; j++) {
        const double m = entry(net, W, l, i, j);
        if (l == 1)
          z[at[l] + i] += m * x0[j];
        else
          H[(at[l] + i) * N + at[l - 1] + j] -= m;
      }
      for (long k = 0; k < net->n[l + 1]; k++) {
        const double m = entry(net, W, l + 1, k, i);
        if (l + 1 == L)
          z[at[l] + i] += m * y[k];
        else
          H[(at[l] + i) * N + at[l + 1] + k] -= m;
        for (long j = 0; j < net->n[l]; j++)
          H[(at[l] + i) * N + at[l] + j] += m * entry(net, W, l + 1, k, j);
      }
    }
  ck_assert_int_eq(LAPACKE_dposv(LAPACK_ROW_MAJOR, 'L', (int)N, 1, H, (int)N, z, 1), 0);
  free(H);
}

START_TEST(a_linear_network_settles_where_the_dense_system_says)
{
  static const long shapes[][4] = {{6, 5, 4, 8}, {9, 9, 9, 9}, {3, 17, 20, 2}};

  for (int k = 0; k < 6; k++) {
    const struct pc_net net = {
        .L = 3, .n = shapes[k % 3], .hidden = PC_LINEAR, .residual = k % 3 == 1};
    struct pc_how how = *both[k / 3];
    const double *const *x;
    double *W[MOST], x0[20], y[20], z[60];

    how.tolerance = 1e-11;
    for (int i = 0; i < 20; i++) {
      x0[i] = normal(40, i);
      y[i] = normal(41, i);
    }
    draw(&net, 1, W);
    dense_equilibrium(&net, W, x0, y, z);
    struct pc_errors *s = pc_errors_create(&net, &how);
    pc_errors_weights(s, seen(W));
    const struct pc_result r = pc_errors_solve(s, x0, y, &x, NULL);
    ck_assert_int_eq(r.status, PC_CONVERGED);
    for (long i = 0; i < net.n[1]; i++) ck_assert_double_eq_tol(x[1][i], z[i], 1e-9);
    for (long i = 0; i < net.n[2]; i++) ck_assert_double_eq_tol(x[2][i], z[net.n[1] + i], 1e-9);
    for (long i = 0; i < net.n[3]; i++) ck_assert(x[3][i] == y[i]);
    pc_errors_destroy(s);
    undraw(&net, W);
  }
}
END_TEST

/* Document 002, figure 1A. */
START_TEST(the_toy_settles_at_a_third)
{
  static const long n[] = {1, 1, 2};
  const struct pc_net net = {.L = 2, .n = n, .hidden = PC_LINEAR};
  const struct pc_how descent = {PC_DESCENT, 1000, 1e-10, 0, 0.05};
  const struct pc_how *const all[] = {&lbfgs, &newton, &descent};
  double one[] = {1, 1}, *W[] = {NULL, one, one}, x0[] = {1}, y[] = {-1, 1};

  for (int k = 0; k < 3; k++) {
    const double *const *x, *const *eps;
    struct pc_errors *s = pc_errors_create(&net, all[k]);

    pc_errors_weights(s, seen(W));
    const struct pc_result r = pc_errors_solve(s, x0, y, &x, &eps);
    ck_assert_int_eq(r.status, PC_CONVERGED);
    ck_assert_double_eq_tol(r.energy_feedforward, 2, 1e-15);
    ck_assert_double_eq_tol(x[1][0], 1.0 / 3, 1e-7);
    ck_assert_double_eq_tol(eps[1][0], -2.0 / 3, 1e-7);
    ck_assert_double_eq_tol(eps[2][0], -4.0 / 3, 1e-7);
    ck_assert_double_eq_tol(eps[2][1], 2.0 / 3, 1e-7);
    ck_assert_double_eq_tol(r.energy, 4.0 / 3, 1e-12);
    pc_errors_destroy(s);
  }
}
END_TEST

/* Images for autoencoders: uniform noise, and noise with structure to learn. */
static void noise(long n, int sample, double *x)
{
  for (long i = 0; i < n; i++) x[i] = rng_uniform(12, RNG_WEIGHT, 0, (uint64_t)sample, (uint64_t)i);
}

static void image(long n, int sample, double *x)
{
  for (long i = 0; i < n; i++) {
    double a = 0;

    for (int k = 0; k < 6; k++) a += normal(50 + k, i) * normal(60 + k, sample);
    x[i] = 1 / (1 + exp(-a));
  }
}

static struct pc_result settle(const struct pc_net *net, double **W, struct pc_how how,
                               const double *x)
{
  struct pc_errors *s = pc_errors_create(net, &how);

  pc_errors_weights(s, seen(W));
  const struct pc_result r = pc_errors_solve(s, x, x, NULL, NULL);
  pc_errors_destroy(s);
  return r;
}

static struct pc_how stopped_at(const struct pc_how *how, int iterations)
{
  struct pc_how stopped = *how;

  stopped.max_iterations = iterations;
  return stopped;
}

static const long wide[] = {784, 128, 32, 128, 784}, small[] = {64, 24, 8, 24, 64};
static const struct pc_how steps = {.method = PC_DESCENT, .tolerance = 1e-8, .rate = 0.05};

START_TEST(the_errors_of_an_autoencoder_settle_in_a_dozen_passes)
{
  const struct pc_net net = {4, wide, PC_TANH, PC_SIGMOID, false};
  double *W[MOST], x[784];

  draw(&net, 1, W);
  for (int b = 0; b < 3; b++) {
    struct pc_result r;
    int most = 0;

    noise(784, b, x);
    const struct pc_result best = settle(&net, W, newton, x);
    ck_assert_int_eq(best.status, PC_CONVERGED);
    do {
      r = settle(&net, W, stopped_at(&lbfgs, ++most), x);
    } while (r.energy > (1 + 1e-6) * best.energy && most < 50);
    ck_assert_int_eq(r.status, PC_STOPPED);
    ck_assert_int_le(r.passes, 15);
    r = settle(&net, W, lbfgs, x);
    ck_assert_int_eq(r.status, PC_CONVERGED);
    ck_assert_int_le(r.passes, 60);
    ck_assert_double_eq_tol(r.energy, best.energy, 1e-12 * best.energy);
    ck_assert_double_gt(r.energy_feedforward, r.energy * 1.1);
  }
  const struct pc_result best = settle(&net, W, newton, x),
                         few = settle(&net, W, stopped_at(&steps, 300), x),
                         many = settle(&net, W, stopped_at(&steps, 500), x);
  ck_assert_double_gt(few.energy, (1 + 1e-6) * best.energy);
  ck_assert_double_lt(many.energy, (1 + 1e-6) * best.energy);
  ck_assert_int_eq(many.status, PC_STOPPED);
  ck_assert_int_eq(many.passes, 501);
  undraw(&net, W);
}
END_TEST

/* W_l += rate (f_l' o eps_l) x_{l-1}', of tanh below a sigmoid. */
static void learn(const struct pc_net *net, double rate, const double *const *x,
                  const double *const *eps, double **W)
{
  for (int l = 1; l <= net->L; l++)
    for (long i = 0; i < net->n[l]; i++) {
      double *w = W[l] + i * net->n[l - 1];
      const double f = x[l][i] - eps[l][i], slope = l < net->L ? 1 - f * f : f * (1 - f);

      for (long j = 0; j < net->n[l - 1]; j++) w[j] += rate * slope * eps[l][i] * x[l - 1][j];
    }
}

/* Fixed steps of 0.2 settle before training, and not after it. */
START_TEST(trained_networks_settle_where_fixed_steps_do_not)
{
  const struct pc_net net = {4, small, PC_TANH, PC_SIGMOID, false};
  struct pc_how fixed = stopped_at(&steps, 1000);
  const double *const *at, *const *eps;
  double *W[MOST], x[64];
  struct pc_errors *s = pc_errors_create(&net, &lbfgs);

  fixed.rate = 0.2;
  draw(&net, 1, W);
  image(64, 1000, x);
  ck_assert_int_eq(settle(&net, W, fixed, x).status, PC_CONVERGED);
  for (int step = 0; step < 400; step++) {
    image(64, step, x);
    pc_errors_weights(s, seen(W));
    pc_errors_solve(s, x, x, &at, &eps);
    learn(&net, 0.5, at, eps, W);
  }
  pc_errors_destroy(s);
  for (int b = 0; b < 5; b++) {
    image(64, 1000 + b, x);
    const struct pc_result quasi = settle(&net, W, lbfgs, x), full = settle(&net, W, newton, x),
                           still = settle(&net, W, fixed, x);
    ck_assert_int_eq(quasi.status, PC_CONVERGED);
    ck_assert_int_eq(full.status, PC_CONVERGED);
    ck_assert_double_eq_tol(quasi.energy, full.energy, 1e-10 * full.energy);
    ck_assert_double_lt(quasi.energy, quasi.energy_feedforward / 3);
    ck_assert_int_ne(still.status, PC_CONVERGED);
    ck_assert_double_gt(still.gradient, 1e-3);
  }
  undraw(&net, W);
}
END_TEST

/* Where the energy of relu itself, not rounded, is higher in all of many directions. */
static bool lowest_nearby(const struct pc_net *net, double **W, const double *const *x)
{
  struct pc_local p;
  bool lowest = true;

  pc_local_create(&p, net);
  pc_local_weights(&p, seen(W));
  pc_local_clamp(&p, x[0], x[net->L]);
  const long N = p.at[net->L];
  double *here = fail_alloc((size_t)N, sizeof *here), *there = fail_alloc((size_t)N, sizeof *there),
         *unused = fail_alloc((size_t)N, sizeof *unused);
  for (int l = 1; l < net->L; l++) memcpy(here + p.at[l], x[l], (size_t)net->n[l] * sizeof *here);
  const double E = pc_local_activities(&p, here, unused);
  for (int trial = 0; trial < 100; trial++) {
    for (int l = 1; l < net->L; l++)
      for (long i = 0; i < net->n[l]; i++)
        there[p.at[l] + i] = x[l][i] + 1e-3 * normal(70 + trial, p.at[l] + i);
    lowest = lowest && pc_local_activities(&p, there, unused) > E;
  }
  free(here);
  free(there);
  free(unused);
  pc_local_destroy(&p);
  return lowest;
}

START_TEST(newton_ends_in_minima_of_relu_itself)
{
  const struct pc_net net = {4, small, PC_RELU, PC_SIGMOID, false};
  double *W[MOST], x[64];
  struct pc_errors *s = pc_errors_create(&net, &newton);

  draw(&net, 1, W);
  pc_errors_weights(s, seen(W));
  for (int b = 0; b < 10; b++) {
    const double *const *at, *const *slope = pc_errors_slopes(s);

    noise(64, b, x);
    const struct pc_result r = pc_errors_solve(s, x, x, &at, NULL);
    ck_assert_double_lt(r.gradient, newton.tolerance);
    ck_assert(lowest_nearby(&net, W, at));
    long between = 0;
    for (int l = 1; l < net.L; l++)
      for (long i = 0; i < net.n[l]; i++) between += slope[l][i] > 0 && slope[l][i] < 1;
    ck_assert_int_eq(between, r.kinks);
  }
  pc_errors_destroy(s);
  undraw(&net, W);
}
END_TEST

/* Newton's end lies lower than where thousands of fixed steps chatter. */
START_TEST(relu_units_on_kinks_are_counted_and_never_called_converged)
{
  const struct pc_net net = {4, small, PC_RELU, PC_SIGMOID, false};
  double *W[MOST], x[64], mean[3] = {0};
  long kinks = 0;

  draw(&net, 1, W);
  for (int b = 0; b < 10; b++) {
    struct pc_how quasi = lbfgs, fixed = stopped_at(&steps, 2000);

    quasi.plateau = fixed.plateau = 1e-10;
    noise(64, b, x);
    const struct pc_result r[] = {settle(&net, W, quasi, x), settle(&net, W, newton, x),
                                  settle(&net, W, fixed, x)};
    for (int k = 0; k < 3; k++) {
      ck_assert_double_lt(r[k].energy, r[k].energy_feedforward);
      ck_assert(r[k].energy_feedforward == r[0].energy_feedforward);
      ck_assert(r[k].status == PC_CONVERGED ? r[k].kinks == 0 && r[k].gradient < 1e-8
                                            : r[k].status == PC_PLATEAU);
      mean[k] += r[k].energy / 10;
    }
    if (r[0].status == PC_PLATEAU) ck_assert_double_gt(r[0].gradient, 1e-4);
    ck_assert_double_lt(r[1].gradient, 1e-8);
    kinks += r[1].kinks;
  }
  ck_assert_int_gt(kinks, 10);
  undraw(&net, W);
}
END_TEST

START_TEST(samples_do_not_know_of_each_other)
{
  const struct pc_net net = {4, small, PC_TANH, PC_SIGMOID, false};
  double *W[MOST], x[2][64], first[24];

  draw(&net, 2, W);
  for (int b = 0; b < 2; b++) noise(64, b, x[b]);
  for (int k = 0; k < 2; k++) {
    const double *const *at;
    struct pc_errors *s = pc_errors_create(&net, both[k]);

    pc_errors_weights(s, seen(W));
    const struct pc_result r = pc_errors_solve(s, x[0], x[0], &at, NULL);
    memcpy(first, at[1], sizeof first);
    pc_errors_solve(s, x[1], x[1], &at, NULL);
    ck_assert(memcmp(first, at[1], sizeof first) != 0);
    const struct pc_result again = pc_errors_solve(s, x[0], x[0], &at, NULL);
    ck_assert(memcmp(first, at[1], sizeof first) == 0);
    ck_assert(r.passes == again.passes && r.energy == again.energy);
    pc_errors_destroy(s);
  }
  undraw(&net, W);
}
END_TEST

START_TEST(what_is_not_finite_fails)
{
  const struct pc_net net = {4, small, PC_TANH, PC_LINEAR, false};
  const struct pc_how *const all[] = {&lbfgs, &newton, &steps};
  double *W[MOST], x[64];

  draw(&net, 1, W);
  noise(64, 0, x);
  x[3] = NAN;
  for (int k = 0; k < 3; k++)
    ck_assert_int_eq(settle(&net, W, stopped_at(all[k], 100), x).status, PC_FAILED);
  undraw(&net, W);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  setenv("PETSC_OPTIONS", "-tao_type nm -ksp_max_it 1", 1); /* no test would pass if it were read */
  Suite *suite = suite_create("pc_errors");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);

  tcase_add_test(facts, a_linear_network_settles_where_the_dense_system_says);
  tcase_add_test(facts, the_toy_settles_at_a_third);
  tcase_add_test(facts, the_errors_of_an_autoencoder_settle_in_a_dozen_passes);
  tcase_add_test(facts, trained_networks_settle_where_fixed_steps_do_not);
  tcase_add_test(facts, newton_ends_in_minima_of_relu_itself);
  tcase_add_test(facts, relu_units_on_kinks_are_counted_and_never_called_converged);
  tcase_add_test(facts, samples_do_not_know_of_each_other);
  tcase_add_test(facts, what_is_not_finite_fails);
  return suite_run(runner);
}
