/* SPDX-License-Identifier: BSD-3-Clause */
/* What weights learn from averages over steps, where values, averages and integrals are all known:
 * every activity is b_i e^(-t/tau_y) and every error a_i e^(-t/tau_z), by decree. */
#include "lab.h"
#include "pending.h"
#include "quadrature.h"
#include "rng.h"
#include <stdlib.h>

enum { SAMPLES = 4, INPUTS = 5, SHOWN = 1 };

static void make_data(void)
{
  double x[SAMPLES * INPUTS];
  const int label[SAMPLES] = {0, 1, 2, 1};

  for (int k = 0; k < SAMPLES * INPUTS; k++) x[k] = rng_normal(6, RNG_CIRCLES, 0, (uint64_t)k, 0);
  lab_data("random", SAMPLES, INPUTS, x, label);
}

/* What stages do: they relax to zero with these times [s]; infinite: they stay. */
struct decree {
  double tau[FAMILIES];
};

static double amplitude(int stage, long i)
{
  return rng_normal(7, RNG_NOISE, (uint64_t)stage, (uint64_t)i, 0);
}

/* Values at u and averages since `since`. */
static void command(const struct lab *lab, const struct decree *d, double since, double u,
                    struct moment *at)
{
  const struct model *m = lab->s->model;

  at->u = u;
  for (int k = 0; k < m->stages; k++) {
    const double tau = d->tau[m->stage[k].family], h = u - since;
    const double fading = exp(-u / tau);
    const double mean = isfinite(tau) && h > 0 ? tau / h * exp(-since / tau) * -expm1(-h / tau) : 1;

    for (long i = 0; i < lab->s->net->n[m->stage[k].layer]; i++) {
      at->value[k][i] = fading * amplitude(k, i);
      at->mean[k][i] = mean * amplitude(k, i);
    }
  }
}

/* Let the decree rule one presentation in equal steps, and the weights of the lab learn from it. */
static void rule(struct lab *lab, const struct decree *d, int steps)
{
  struct system *sys = lab->s->sys;
  struct pending *p = pending_create(sys);
  struct moment *to = moment_on_routes(sys), *from = moment_create(sys);
  double u = 0;

  system_begin(sys, SHOWN);
  command(lab, d, 0, 0, to);
  pending_begin(p);
  pending_first(p, to);
  for (int n = 1; n <= steps; n++) {
    const double next = sys->presenter->duration * n / steps;

    moment_copy(sys, to, from);
    command(lab, d, u, next, to);
    pending_accept(p, next - u, false, from, to);
    for (int k = 0; k < sys->model->stages; k++) pending_amend(p, k, to->mean[k]);
    u = next;
  }
  pending_fold(p);
  moment_destroy(to);
  moment_destroy(from);
  pending_destroy(p);
}

/* What one product of amplitudes becomes by the end of the presentation. */
struct growth {
  const struct lab *lab;
  const struct synapse *syn;
  double rate; /* 1/tau of post and pre together, without the input */
  int end;     /* 0, 1: share of x_from, of x_to; else no input */
};

static long double growing(const void *who, long double t)
{
  const struct growth *g = who;
  const struct presenter *pr = g->lab->s->presenter;
  const long double b = presenter_blend(pr, (double)t);
  const long double share = g->end == 0 ? 1 - b : g->end == 1 ? b : 1;

  return share * expl(-(pr->duration - t) / g->syn->tau_dec - t * g->rate) / g->syn->tau_pot;
}

static double grown(const struct lab *lab, const struct decree *d, int k, int end)
{
  const struct model *m = lab->s->model;
  const struct synapse *syn = &m->synapse[k];
  const double post = d->tau[m->stage[syn->post].family];
  const double pre = syn->pre == INPUT ? INFINITY : d->tau[m->stage[syn->pre].family];
  const struct growth g = {lab, syn, 1 / post + 1 / pre, end};

  return (double)quadrature(growing, &g, 0, lab->s->presenter->duration);
}

/* The largest error of matrix k against its start and the integral, relative to what the integral
 * contributes. */
static double error_of(const struct lab *lab, const struct lab *start, const struct decree *d,
                       int k)
{
  const struct presenter *pr = lab->s->presenter;
  const struct synapse *syn = &lab->s->model->synapse[k];
  const bool input = syn->pre == INPUT;
  const double g[2] = {grown(lab, d, k, input ? 0 : 2), input ? grown(lab, d, k, 1) : 0};
  const double kept = exp(-pr->duration / syn->tau_dec);
  double worst = 0, most = 0;

  for (long i = 0; i < syn->rows; i++)
    for (long j = 0; j < syn->cols; j++) {
      const double pre =
          input ? g[0] * pr->x_from[j] + g[1] * pr->x_to[j] : g[0] * amplitude(syn->pre, j);
      const double gain = amplitude(syn->post, i) * pre;
      const double w = kept * matrix_at(&start->s->state->matrix[k], i, j) + gain;

      worst = fmax(worst, fabs(matrix_at(&lab->s->state->matrix[k], i, j) - w));
      most = fmax(most, fabs(gain));
    }
  return worst / most;
}

/* The same of all matrices. Local to a rank: the lab is this rank's own. */
static double worst_error(const char *settings, const struct decree *d, int steps)
{
  struct lab *lab = lab_create(MPI_COMM_SELF, "network.widths=[5,9,6,3] %s", settings);
  struct lab *start = lab_create(MPI_COMM_SELF, "network.widths=[5,9,6,3] %s", settings);
  double worst = 0;

  rule(lab, d, steps);
  for (int k = 0; k < lab->s->model->synapses; k++) worst = fmax(worst, error_of(lab, start, d, k));
  if (getenv("TAUFLOW_TELL")) printf("%s, %d steps: %.2e\n", settings, steps, worst);
  lab_destroy(lab);
  lab_destroy(start);
  return worst;
}

/* Errors that die within a tenth of a step leave exactly what they should, activities standing
 * still and nothing decaying: a trapezoid rule would be off by a factor of five. */
START_TEST(what_relaxes_faster_than_the_step_costs_no_accuracy)
{
  static const char settings[] = "present.ramp=0 kp.tau_pot=50ms kp.tau_dec=1e12";
  const struct decree d = {.tau = {[ACTIVITY] = INFINITY, [ERROR] = 50e-3 / 20 / 10}};

  ck_assert_double_lt(worst_error(settings, &d, 20), 1e-12);
}
END_TEST

/* The other way round, over more steps than one batch holds. */
START_TEST(errors_that_stand_still_weigh_activities_by_their_averages)
{
  static const char settings[] = "present.ramp=0 kp.tau_pot=50ms kp.tau_dec=1e12";
  const struct decree d = {.tau = {[ACTIVITY] = 0.4e-3, [ERROR] = INFINITY}};

  ck_assert_double_lt(worst_error(settings, &d, 3 * PENDING_NODES), 1e-12);
}
END_TEST

/* The blend of the held input is known too, so with errors that stand still the first layer is
 * exact at any length of step that ends with the ramp. */
START_TEST(a_moving_input_is_averaged_exactly)
{
  static const char settings[] = "present.ramp=25ms kp.tau_pot=50ms kp.tau_dec=1e12";
  const struct decree d = {.tau = {[ACTIVITY] = INFINITY, [ERROR] = INFINITY}};

  ck_assert_double_lt(worst_error(settings, &d, 4), 1e-12);
}
END_TEST

/* Where both vectors, the input and the weights themselves change within a step, what is missing is
 * of third order in each: errors fall fourfold when steps are halved. */
START_TEST(weights_converge_with_order_two)
{
  static const char settings[] = "present.ramp=50ms kp.tau_pot=200ms kp.tau_dec=100ms "
                                 "kp.tau_pot_feedback=300ms kp.tau_dec_feedback=60ms";
  const struct decree d = {.tau = {[ACTIVITY] = 20e-3, [ERROR] = 15e-3}};
  double last = worst_error(settings, &d, 25);

  ck_assert_double_lt(last, 1e-2);
  for (int steps = 50; steps <= 400; steps *= 2) {
    const double error = worst_error(settings, &d, steps);

    ck_assert_double_eq_tol(last / error, 4, 0.1);
    last = error;
  }
}
END_TEST

static void add_facts(TCase *facts)
{
  make_data();
  tcase_add_test(facts, what_relaxes_faster_than_the_step_costs_no_accuracy);
  tcase_add_test(facts, errors_that_stand_still_weigh_activities_by_their_averages);
  tcase_add_test(facts, a_moving_input_is_averaged_exactly);
  tcase_add_test(facts, weights_converge_with_order_two);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "test_averages", add_facts);
}
