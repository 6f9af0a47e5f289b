/* SPDX-License-Identifier: BSD-3-Clause */
/* The energy's derivatives against finite differences. */
#include "../src/pc/local.h"
#include "fail.h"
#include "pc_lab.h"
#include "suite.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>

/* A network of equal widths with this hidden activation, every kind of output and residual. */
static struct pc_net variant(int k)
{
  static const long n[] = {7, 7, 7, 7};

  return (struct pc_net){.L = 3,
                         .n = n,
                         .hidden = (enum pc_act)(k % 4),
                         .output = k / 4 % 2 ? PC_SIGMOID : PC_LINEAR,
                         .residual = k / 8 % 2};
}
enum { VARIANTS = 16 };

static void put_sample(struct pc_local *p)
{
  double x[7], y[7];

  for (int i = 0; i < 7; i++) {
    x[i] = normal(20, i);
    y[i] = normal(21, i);
  }
  pc_local_clamp(p, x, y);
}

typedef double evaluation(struct pc_local *p, const double *unknowns, double *gradient);

static void compare_with_differences(struct pc_local *p, evaluation *f, int layer_width)
{
  const long N = p->at[p->net.L];
  double *u = fail_alloc((size_t)N, sizeof *u), *g = fail_alloc((size_t)N, sizeof *g),
         *unused = fail_alloc((size_t)N, sizeof *u);
  const double h = 1e-6;

  for (int l = 1; l < p->net.L; l++)
    for (int i = 0; i < layer_width; i++) u[p->at[l] + i] = normal(22 + l, i);
  f(p, u, g);
  for (int l = 1; l < p->net.L; l++)
    for (int i = 0; i < layer_width; i++) {
      const long k = p->at[l] + i;
      const double here = u[k];

      u[k] = here + h;
      const double above = f(p, u, unused);
      u[k] = here - h;
      const double below = f(p, u, unused);
      u[k] = here;
      ck_assert_double_eq_tol(g[k], (above - below) / (2 * h), 1e-7 * (1 + fabs(g[k])));
    }
  free(u);
  free(g);
  free(unused);
}

START_TEST(gradients_are_those_of_finite_differences)
{
  for (int k = 0; k < VARIANTS; k++) {
    const struct pc_net net = variant(k);
    struct pc_local p;
    double *W[MOST];

    pc_local_create(&p, &net);
    draw(&net, 1.5, W);
    pc_local_weights(&p, seen(W));
    put_sample(&p);
    compare_with_differences(&p, pc_local_errors, 7);
    compare_with_differences(&p, pc_local_activities, 7);
    pc_local_destroy(&p);
    undraw(&net, W);
  }
}
END_TEST

START_TEST(curvature_is_that_of_finite_differences)
{
  for (int k = 0; k < VARIANTS; k++) {
    const struct pc_net net = variant(k);
    const double h = 1e-6;
    struct pc_local p;
    double *W[MOST];

    pc_local_create(&p, &net);
    p.width = 1; /* most relu units are on the parabola */
    draw(&net, 1.5, W);
    pc_local_weights(&p, seen(W));
    put_sample(&p);
    const long N = p.at[net.L];
    double *store = fail_alloc((size_t)(5 * N), sizeof *store), *e = store, *v = e + N,
           *above = v + N, *below = above + N, *Hv = below + N;
    for (int l = 1; l < net.L; l++)
      for (int i = 0; i < 7; i++) {
        e[p.at[l] + i] = normal(30 + l, i);
        v[p.at[l] + i] = normal(33 + l, i);
      }
    for (long i = 0; i < N; i++) e[i] += h * v[i];
    pc_local_errors(&p, e, above);
    for (long i = 0; i < N; i++) e[i] -= 2 * h * v[i];
    pc_local_errors(&p, e, below);
    for (long i = 0; i < N; i++) e[i] += h * v[i];
    pc_local_errors(&p, e, Hv);
    pc_local_curvature(&p, v, Hv);
    for (long i = 0; i < N; i++)
      ck_assert_double_eq_tol(Hv[i], (above[i] - below[i]) / (2 * h), 1e-6 * (1 + fabs(Hv[i])));
    free(store);
    pc_local_destroy(&p);
    undraw(&net, W);
  }
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("pc_local");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, gradients_are_those_of_finite_differences);
  tcase_add_test(facts, curvature_is_that_of_finite_differences);
  return suite_run(runner);
}
