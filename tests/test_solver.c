/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about exactness: every solver against CVODE at tight tolerance, and every run against
 * itself on another number of ranks.
 *
 * Arithmetic is tested on one rank; that all rank counts give the same bits is a fact of its own,
 * tested for every case of the table, so the costly comparisons need no ranks. With TAUFLOW_TELL
 * set, the measured numbers are printed. */
#include "agree.h"
#include "lab.h"
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12 };

/* Weights move by about a third of their size in 12 presentations, so that a wrong plasticity term
 * cannot hide, and inputs of both signs make units switch. */
static const char common[] = "network.widths=[4,8,6,3] kp.tau_pot=1 kp.tau_dec=10 seed=4";

static const char *const cases[] = {
    "network.hidden=relu",
    "network.hidden=clipped_relu network.cap=0.4",
    "network.hidden=tanh",
    "network.hidden=linear",
    "network.hidden=relu kp.output_error=squared",
    "network.hidden=clipped_relu network.cap=0.4 kp.output_error=squared",
    "network.hidden=tanh kp.output_error=squared",
    "kp.gate=false",
    "kp.gate=false network.hidden=tanh kp.feedback_drive=s",
    "kp.feedback_drive=s",
    "kp.rule=fa",
    "kp.rule=dfa",
    "kp.rule=dfa kp.gate=false kp.output_error=squared",
    "kp.rule=sgd",
    "kp.rule=sgd network.hidden=clipped_relu network.cap=0.4",
    "kp.routing=direct",
    "kp.routing=direct kp.feedback_drive=s kp.gate=false",
    "kp.rule=fa kp.routing=direct network.hidden=tanh",
    "kp.feedback_init=transpose",
    "kp.feedback_init=constant kp.feedback_value=0.3",
    "present.label_delay=7ms",
    "present.label_delay=-7ms",
    "present.label_delay=49.5ms",
    "present.label_delay=50ms",
    "present.label_delay=120ms",
    "present.label_delay=-60ms network.hidden=clipped_relu network.cap=0.4",
    "kp.rms_norm=1 network.hidden=tanh",
    "kp.rms_norm=1 kp.output_error=squared network.hidden=linear",
    "kp.rms_norm=0.7 kp.gate=false network.hidden=tanh kp.routing=direct",
    "kp.rms_norm=1 network.hidden=relu kp.tau_pot=20 seed=1",
    "kp.tau_pot_feedback=0.2 kp.tau_dec_feedback=1",
    "kp.tau_pot_feedback=2 kp.tau_dec_feedback=20 kp.routing=direct",
    "kp.tau_err=3ms",
    "kp.tau_inf=4ms kp.tau_err=0.5ms",
    "present.ramp=0",
    "present.ramp=0 present.label_delay=10ms network.hidden=clipped_relu network.cap=0.4",
    "present.ramp=50ms",
    "present.ramp=20ms present.label_delay=-5ms present.duration=30ms",
    "kp.tau_pot=10 kp.tau_dec=1000",
    "kp.tau_dec=300ms kp.tau_pot=200ms network.hidden=tanh",
    "network.widths=[4,9,7,7,5,3] network.hidden=tanh",
    "network.widths=[4,3]",
    /* Wide enough for rows of V behind shut gates to be left out, */
    "network.widths=[4,8,66,3] network.hidden=relu",
    /* and for matrices to be stored by columns. */
    "network.widths=[4,33,3] network.hidden=clipped_relu network.cap=0.4 kp.rule=sgd",
    "network.widths=[4,33,3] kp.feedback_drive=s kp.gate=false network.hidden=tanh",
};
enum { CASES = sizeof cases / sizeof cases[0] };

static int rank, size;

static void make_data(void)
{
  lab_random_data();
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
}

static struct lab *make_lab(MPI_Comm comm, const char *settings, const char *solver)
{
  return lab_create(comm, "%s %s %s", common, settings, solver);
}

/* The state after `shown` presentations, on this rank alone; NULL if the network diverged. */
static struct picture *end_of(const char *settings, const char *solver, long shown)
{
  return lab_end(shown, "%s %s %s", common, settings, solver);
}

/* Solver against the reference after `shown` presentations. */
static struct error error_of(const char *settings, const char *solver, const struct picture *ref,
                             const struct picture *start, long shown)
{
  struct picture *p = end_of(settings, solver, shown);
  const struct error e = picture_error(p, ref, start);

  picture_destroy(p);
  return e;
}

static const char cvode[] = "solver.name=cvode solver.relative=1e-10 solver.max_order=5";
/* Three times as fast, and within 1e-6 of it in each case. */
static const char quick_cvode[] =
    "solver.name=cvode solver.relative=1e-8 solver.method=adams solver.max_order=12";
static const char tight_cascade[] = "solver.relative=1e-5";
static const char tight_lockstep[] = "solver.name=lockstep solver.relative=1e-5";

static void tell(const char *what, const char *settings, struct error c, struct error s)
{
  if (getenv("TAUFLOW_TELL"))
    printf("%s %-88s %.1e %.1e  %.1e %.1e\n", what, settings, c.weights, c.values, s.weights,
           s.values);
}

/* The requirement on exactness: at 1e-5 the weights are within 1e-3 of their own change (of every
 * matrix), y and z within 1e-3 of their size. CVODE at 1e-8 is exact on that scale. Cases are dealt
 * to the ranks. */
START_TEST(cascade_and_lockstep_agree_with_cvode)
{
  bool good = true;

  for (int k = rank; k < CASES; k += size) {
    struct picture *start = end_of(cases[k], "", 0), *ref = end_of(cases[k], quick_cvode, SHOWN);
    const struct error c = error_of(cases[k], tight_cascade, ref, start, SHOWN);
    const struct error s = error_of(cases[k], tight_lockstep, ref, start, SHOWN);
    const bool close = fmax(c.weights, c.values) < 1e-3 && fmax(s.weights, s.values) < 1e-3;
    tell(close ? "agree " : "DIFFER", cases[k], c, s);
    if (!close) fprintf(stderr, "%s: not within 1e-3 of cvode\n", cases[k]);
    good &= close;
    picture_destroy(start);
    picture_destroy(ref);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- order of convergence --- */

/* How often units of hidden layers cross 0 and the cap between accepted points. */
struct crossings {
  const struct lab *lab;
  double *last; /* [layers][64] drives at the point before */
  long zero, cap;
};

static void count_crossings(void *who, const struct moment *at)
{
  struct crossings *c = who;
  const struct network *net = c->lab->s->net;

  for (int l = 1; l < net->L; l++)
    for (long i = 0; i < net->n[l]; i++) {
      const double before = c->last[64 * l + i], now = at->drive[l - 1][i];
      c->zero += (before > 0) != (now > 0);
      c->cap += (before >= net->cap) != (now >= net->cap);
      c->last[64 * l + i] = now;
    }
}

static struct crossings crossings_of(const char *settings, long shown)
{
  struct lab *lab = make_lab(MPI_COMM_SELF, settings, "");
  double last[64 * 8] = {0};
  struct crossings c = {.lab = lab, .last = last};
  struct observer observer = {.see = count_crossings, .who = &c};

  lab->s->sys->observer = &observer;
  lab_show(lab, 0, shown);
  lab_destroy(lab);
  return c;
}

/* Least-squares slope of log2 error against log2 step, over steps 1/8 ms, 1/16 ms, ... */
static double order_of(const char *settings, const char *solver, int halvings, long shown)
{
  struct picture *start = end_of(settings, "", 0), *ref = end_of(settings, cvode, shown);
  double sx = 0, sy = 0, sxx = 0, sxy = 0;

  for (int k = 0; k < halvings; k++) {
    char *fixed =
        fail_text("%s solver.relative=1e5 solver.max_step=%.17g", solver, 0.125e-3 / (1 << k));
    const double x = -k - 3, y = log2(error_of(settings, fixed, ref, start, shown).weights);
    if (getenv("TAUFLOW_TELL")) printf("%s %s h = 2^%g ms: %.2e\n", settings, solver, x, exp2(y));
    sx += x, sy += y, sxx += x * x, sxy += x * y;
    free(fixed);
  }
  picture_destroy(start);
  picture_destroy(ref);
  return (halvings * sxy - sx * sy) / (halvings * sxx - sx * sx);
}

/* Steps of equal length, six lengths over a factor of 32. A switch is located by the line
 * through two points, so single errors jump about the h^2 line; the fit over the range does not:
 * 1.8 would be missed by far by a scheme that loses an order at switches (it then has 1). */
static void expect_second_order(const char *settings)
{
  static const char *const solvers[2] = {"solver.name=cascade", "solver.name=lockstep"};
  bool good = true;

  for (int k = rank; k < 2; k += size) {
    const double order = order_of(settings, solvers[k], 6, 4);
    if (getenv("TAUFLOW_TELL")) printf("%s: order %.2f\n", solvers[k], order);
    good &= order >= 1.8;
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}

START_TEST(fixed_steps_converge_with_order_two_where_all_is_smooth)
{
  expect_second_order("network.hidden=tanh");
}
END_TEST

START_TEST(fixed_steps_converge_with_order_two_where_units_switch_and_reach_the_cap)
{
  static const char settings[] = "network.hidden=clipped_relu network.cap=0.4";
  const struct crossings c = crossings_of(settings, 4);

  ck_assert_int_ge(c.zero, 10);
  ck_assert_int_ge(c.cap, 5);
  expect_second_order(settings);
}
END_TEST

START_TEST(fixed_steps_converge_with_order_two_where_rows_behind_gates_are_left_out)
{
  static const char settings[] =
      "network.widths=[4,8,66,3] network.hidden=clipped_relu network.cap=0.4";
  struct lab *lab = make_lab(MPI_COMM_SELF, settings, "");
  const struct solver_stats *stats = &lab->s->solver->stats;

  lab_show(lab, 0, 4);
  ck_assert_double_lt(stats->chosen, 0.9 * stats->weights);
  lab_destroy(lab);
  expect_second_order(settings);
}
END_TEST

START_TEST(fixed_steps_converge_with_order_two_for_a_late_jump)
{
  expect_second_order("present.ramp=0 present.label_delay=10.3ms network.hidden=relu");
}
END_TEST

/* --- the reference itself --- */

/* Two methods with nothing in common but the equations. Each keeps its local errors at 1e-12 over
 * some thousand steps, of which a leaky system forgets most; where a unit switches within a step,
 * errors of a hundred times the tolerance were seen. */
START_TEST(bdf_and_adams_agree)
{
  static const char *const settings[] = {"network.hidden=tanh", "network.hidden=relu",
                                         "network.hidden=clipped_relu network.cap=0.4"};
  static const char tighter[] = "solver.name=cvode solver.relative=1e-12 solver.max_order=5";
  bool good = true;

  for (int k = rank; k < 3; k += size) {
    struct picture *start = end_of(settings[k], "", 0), *bdf = end_of(settings[k], tighter, 4);
    struct error e =
        error_of(settings[k],
                 "solver.name=cvode solver.relative=1e-12 solver.method=adams solver.max_order=12",
                 bdf, start, 4);
    tell("adams ", settings[k], e, e);
    good &= fmax(e.weights, e.values) < 1e-9;
    picture_destroy(start);
    picture_destroy(bdf);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* A run of CVODE with a preconditioner against the reference; returns its GMRES iterations in units
 * of Newton's. */
static double krylov_of(const char *settings, const char *preconditioner, const struct picture *ref,
                        const struct picture *start, bool *good)
{
  struct lab *lab = lab_create(MPI_COMM_SELF,
                               "%s %s solver.name=cvode solver.relative=1e-3 "
                               "solver.preconditioner=%s",
                               common, settings, preconditioner);
  const struct solver_stats *stats = &lab->s->solver->stats;

  *good &= lab_show(lab, 0, 4);
  struct picture *p = picture_create(lab);
  const struct error e = {picture_weight_error(p, ref, start), picture_value_error(p, ref)};
  const double krylov = stats->counter[1] / stats->counter[0];
  tell("newton", preconditioner, e, (struct error){stats->counter[0], krylov});
  *good &= e.weights < 1e-2 && e.values < 1e-2;
  picture_destroy(p);
  lab_destroy(lab);
  return krylov;
}

/* What GMRES is told beforehand changes how long it takes, never what it solves. Where steps are
 * long against tau (T = 1 s) the diagonal, blind to what lies between layers, must save some of the
 * iterations, and the sweep more. In a linear network with weights that hardly move the sweep is
 * the inverse itself: one iteration is all GMRES needs. */
START_TEST(preconditioners_save_iterations_and_change_no_answer)
{
  static const char *const settings[] = {
      "network.widths=[4,9,7,7,5,3] network.hidden=tanh present.duration=1s kp.tau_pot=20",
      "network.widths=[4,9,7,7,5,3] network.hidden=linear kp.output_error=squared "
      "present.duration=1s kp.tau_pot=1e7 kp.tau_dec=1e7"};
  bool good = true;

  for (int k = rank; k < 2; k += size) {
    struct picture *start = end_of(settings[k], "", 0), *ref = end_of(settings[k], cvode, 4);
    const double sweep = krylov_of(settings[k], "sweep", ref, start, &good);
    const double layer = krylov_of(settings[k], "layer", ref, start, &good);
    const double none = krylov_of(settings[k], "none", ref, start, &good);
    good &= k == 0 ? sweep < 0.8 * layer && layer < 0.9 * none : sweep <= 1 && layer > 1.2;
    picture_destroy(start);
    picture_destroy(ref);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Held input can push a gated unit back to its threshold from either side: s stays at 0 while the
 * gate chatters ever faster. CVODE chops this into millions of steps at tight tolerance, so 1e-6
 * has to do as a reference; cascade and lockstep must come through in ordinary numbers of steps. */
START_TEST(a_unit_held_at_its_threshold_is_integrated_all_the_same)
{
  static const char settings[] = "network.hidden=relu kp.tau_pot=0.5 kp.tau_dec=5 seed=3";
  static const char loose[] = "solver.name=cvode solver.relative=1e-6 solver.max_order=5";
  static const char *const ours[] = {tight_cascade, tight_lockstep};
  bool good = true;

  for (int k = rank; k < 2; k += size) {
    struct picture *start = end_of(settings, "", 0), *ref = end_of(settings, loose, SHOWN);
    struct lab *lab = make_lab(MPI_COMM_SELF, settings, ours[k]);
    good &= lab_show(lab, 0, SHOWN);
    struct picture *p = picture_create(lab);
    const struct error e = picture_error(p, ref, start);
    tell("held  ", ours[k], e, (struct error){lab->s->solver->stats.steps, 0});
    good &= e.weights < 1e-3 && e.values < 1e-3 && lab->s->solver->stats.steps < 5000;
    picture_destroy(p);
    picture_destroy(start);
    picture_destroy(ref);
    lab_destroy(lab);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- ranks --- */

/* Are state, steps and all that the solver counts after two presentations on all ranks those of one
 * rank? Collective. */
static bool same_on_all_ranks(const char *settings, const char *solver)
{
  unsigned long long digest[2] = {0};
  struct solver_stats stats[2] = {0};

  for (int alone = 0; alone < 2; alone++) {
    if (alone && rank != 0) break;
    struct lab *lab = make_lab(alone ? MPI_COMM_SELF : MPI_COMM_WORLD, settings, solver);
    lab_show(lab, 0, 2);
    digest[alone] = lab_fingerprint(lab);
    stats[alone] = lab->s->solver->stats;
    stats[alone].reductions = 0; /* a rank alone has nobody to agree with */
    double weights[2] = {stats[alone].weights, stats[alone].chosen}; /* of each rank's own rows */
    MPI_Allreduce(MPI_IN_PLACE, weights, 2, MPI_DOUBLE, MPI_SUM,
                  alone ? MPI_COMM_SELF : MPI_COMM_WORLD);
    stats[alone].weights = weights[0];
    stats[alone].chosen = weights[1];
    lab_destroy(lab);
  }
  const bool same =
      rank != 0 || (digest[0] == digest[1] && memcmp(&stats[0], &stats[1], sizeof stats[0]) == 0);
  if (!same) fprintf(stderr, "%s %s: ranks matter\n", settings, solver);
  return agree(MPI_COMM_WORLD, same);
}

START_TEST(cascade_and_lockstep_give_the_same_bits_on_any_number_of_ranks)
{
  bool good = true;

  for (int k = 0; size > 1 && k < CASES; k++) {
    good &= same_on_all_ranks(cases[k], "solver.name=cascade");
    good &= same_on_all_ranks(cases[k], "solver.name=lockstep");
  }
  good &= same_on_all_ranks("kp.noise=0.1", "solver.name=cascade");
  good &= same_on_all_ranks("kp.noise=0.1", "solver.name=lockstep");
  good &= same_on_all_ranks("network.weights=single", "solver.name=cascade");
  good &= same_on_all_ranks("network.weights=single", "solver.name=lockstep");
  ck_assert(good);
}
END_TEST

/* At a loose tolerance: its steps then hang on few bits of the norms just as well. */
START_TEST(cvode_gives_the_same_bits_on_any_number_of_ranks)
{
  static const char *const settings[] = {"network.hidden=tanh", "kp.rule=dfa",
                                         "network.hidden=tanh kp.rms_norm=1",
                                         "network.hidden=tanh network.widths=[4,9,7,7,5,3]"};
  static const char *const methods[] = {"solver.preconditioner=sweep",
                                        "solver.preconditioner=layer", "solver.preconditioner=none",
                                        "solver.method=adams"};
  bool good = true;

  for (int k = 0; k < 4; k++)
    for (int m = 0; m < 4; m++) {
      char *solver = fail_text("solver.name=cvode solver.relative=1e-4 %s", methods[m]);
      good &= same_on_all_ranks(settings[k], solver);
      free(solver);
    }
  ck_assert(good);
}
END_TEST

START_TEST(discrete_gives_the_same_bits_on_any_number_of_ranks)
{
  bool good = same_on_all_ranks("network.hidden=relu", "solver.name=discrete");

  good &= same_on_all_ranks("kp.rule=dfa kp.rms_norm=1", "solver.name=discrete");
  ck_assert(good);
}
END_TEST

/* --- noise --- */

/* The path is a function of the seed, so two solvers see the same one. Between grid points it is
 * linear and steps land on them. */
START_TEST(noise_is_integrated_like_any_other_input)
{
  static const char *const settings[] = {
      "kp.noise=0.2 network.hidden=tanh",
      "kp.noise=0.1 network.hidden=relu kp.tau_err=2ms kp.output_error=squared"};
  bool good = true;

  for (int k = rank; k < 2; k += size) {
    struct picture *start = end_of(settings[k], "", 0);
    struct picture *ref =
        end_of(settings[k], "solver.name=cvode solver.relative=1e-9 solver.max_order=5", 4);
    const struct error c = error_of(settings[k], tight_cascade, ref, start, 4);
    const struct error s = error_of(settings[k], tight_lockstep, ref, start, 4);
    tell("noise ", settings[k], c, s);
    good &= fmax(c.weights, c.values) < 1e-3 && fmax(s.weights, s.values) < 1e-3;
    picture_destroy(start);
    picture_destroy(ref);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* The process itself, at its grid points: N = 24 units for 20000 intervals. With keep = exp(-step
 * / tau), the variance has a relative error of sqrt(2/N (1 + keep^2)/(1 - keep^2)), 0.3 to 0.5 %,
 * and the correlation one of sqrt((1 - keep^2)/N) = 0.1 %. Bounds are four of them or more. */
START_TEST(noise_has_the_stated_deviation_and_correlation_time)
{
  enum { STEPS = 20000 };
  struct lab *lab =
      make_lab(MPI_COMM_SELF, "kp.noise=0.3 kp.tau_err=3ms network.widths=[4,24,24]", "");
  struct model *m = lab->s->model;
  bool good = true;

  for (int e = 0; e < m->stages; e++) {
    double squares = 0, products = 0, before[24] = {0};
    const char *name;
    int stage;
    for (long c = 0; c < STEPS; c++) {
      m->kind->noise(m, c, 0);
      const double *now = m->kind->extra(m, e, &stage, &name);
      for (int i = 0; i < 24; i++) {
        squares += now[i] * now[i];
        products += c > 0 ? now[i] * before[i] : 0;
        before[i] = now[i];
      }
    }
    const double variance = squares / (24.0 * STEPS), keep = products / squares;
    const double tau = -m->noise_interval / log(keep);
    if (getenv("TAUFLOW_TELL")) printf("noise %s: std %.4f tau %.3g\n", name, sqrt(variance), tau);
    good &= fabs(sqrt(variance) / 0.3 - 1) < 0.01;
    good &= fabs(tau / m->stage[stage].tau - 1) < 0.03;
  }
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- limits --- */

/* With frozen-slow weights (tau_pot = 1e6 s: they move by 1e-8) and fast y and z, a presentation
 * adds T z y' / tau_pot as discrete does. What is missing is the time signals need to settle, a
 * few tau of T, so the difference is O(tau/T) and falls in proportion to tau. */
START_TEST(discrete_is_the_limit_of_fast_signals_and_slow_weights)
{
  static const char *const hidden[] = {"relu", "tanh"};
  bool good = true;

  for (int k = rank; k < 2; k += size) {
    static const char slow[] = "kp.tau_pot=1e6 kp.tau_dec=1e9 present.ramp=0";
    char *base = fail_text("%s network.hidden=%s", slow, hidden[k]);
    char *fast = fail_text("%s kp.tau_inf=2us kp.tau_err=2us", base);
    char *faster = fail_text("%s kp.tau_inf=1us kp.tau_err=1us", base);
    struct picture *start = end_of(base, "", 0), *ref = end_of(base, "solver.name=discrete", 5);
    const struct error a = error_of(fast, tight_cascade, ref, start, 5);
    const struct error b = error_of(faster, tight_cascade, ref, start, 5);
    tell("limit ", base, a, b);
    good &= b.weights < 10 * 1e-6 / 50e-3; /* 2 L - 1 = 5 filters in a row, and twice for safety */
    good &= fabs(a.weights / b.weights - 2) < 0.2;
    picture_destroy(start);
    picture_destroy(ref);
    free(base), free(fast), free(faster);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* With rms_norm a layer of which one unit is left jumps when that unit switches off too: the floor
 * of the RMS then makes the common factor 1e8. That is an event to step over, not a divergence. */
START_TEST(a_layer_that_falls_silent_under_rms_norm_is_no_divergence)
{
  static const char settings[] = "kp.rms_norm=1 network.hidden=relu seed=3";
  static const char *const solvers[] = {"solver.relative=1e-4", "solver.relative=1e-5",
                                        "solver.relative=1e-4 solver.name=lockstep"};
  bool good = true;

  for (int k = rank; k < 3; k += size) {
    struct picture *p = end_of(settings, solvers[k], SHOWN);
    good &= p != NULL;
    picture_destroy(p);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static void add_facts(TCase *facts)
{
  make_data();
  tcase_add_test(facts, cascade_and_lockstep_give_the_same_bits_on_any_number_of_ranks);
  tcase_add_test(facts, cvode_gives_the_same_bits_on_any_number_of_ranks);
  tcase_add_test(facts, discrete_gives_the_same_bits_on_any_number_of_ranks);
  if (size > 1) return; /* what follows is one rank's arithmetic */
  tcase_add_test(facts, cascade_and_lockstep_agree_with_cvode);
  tcase_add_test(facts, fixed_steps_converge_with_order_two_where_all_is_smooth);
  tcase_add_test(facts, fixed_steps_converge_with_order_two_where_units_switch_and_reach_the_cap);
  tcase_add_test(facts, fixed_steps_converge_with_order_two_where_rows_behind_gates_are_left_out);
  tcase_add_test(facts, fixed_steps_converge_with_order_two_for_a_late_jump);
  tcase_add_test(facts, bdf_and_adams_agree);
  tcase_add_test(facts, preconditioners_save_iterations_and_change_no_answer);
  tcase_add_test(facts, a_unit_held_at_its_threshold_is_integrated_all_the_same);
  tcase_add_test(facts, noise_is_integrated_like_any_other_input);
  tcase_add_test(facts, noise_has_the_stated_deviation_and_correlation_time);
  tcase_add_test(facts, discrete_is_the_limit_of_fast_signals_and_slow_weights);
  tcase_add_test(facts, a_layer_that_falls_silent_under_rms_norm_is_no_divergence);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "test_solver", add_facts);
}
