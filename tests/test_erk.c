/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the explicit Runge-Kutta solver: its order, its agreement with CVODE and cascade, and
 * that a run is the same on any number of ranks and when it is continued.
 *
 * With TAUFLOW_TELL set, the measured numbers are printed. */
#include "../src/solvers/tsit5.h"
#include "agree.h"
#include "lab.h"
#include <stdlib.h>

/* As in test_solver.c: weights move by about a third in 12 presentations, units switch. */
static const char common[] = "network.widths=[4,8,6,3] kp.tau_pot=1 kp.tau_dec=10 seed=4";
static const char erk[] = "solver.name=erk";
static const char tight_erk[] = "solver.name=erk solver.relative=1e-9 solver.absolute=1e-11";

static int rank, size;

static struct lab *make_lab(MPI_Comm comm, const char *settings, const char *solver)
{
  return lab_create(comm, "%s %s %s", common, settings, solver);
}

static struct picture *end_of(const char *settings, const char *solver, long shown)
{
  return lab_end(shown, "%s %s %s", common, settings, solver);
}

/* Largest error of a solver, weights relative to their change, against another. */
static double error_of(const char *settings, const char *solver, const char *reference, long shown)
{
  struct picture *start = end_of(settings, "", 0), *ref = end_of(settings, reference, shown);
  struct picture *p = end_of(settings, solver, shown);
  const struct error e = picture_error(p, ref, start);

  if (getenv("TAUFLOW_TELL"))
    printf("%s: %s against %s: W, V %.1e, y, z %.1e\n", settings, solver, reference, e.weights,
           e.values);
  picture_destroy(start);
  picture_destroy(ref);
  picture_destroy(p);
  return fmax(e.weights, e.values);
}

/* --- the method --- */

/* ARKODE works through the order conditions of all rooted trees itself. */
START_TEST(the_table_is_of_order_five_and_four)
{
  ARKodeButcherTable table = tsit5_create();
  int q = 0, p = 0;

  const int verdict = ARKodeButcherTable_CheckOrder(table, &q, &p, NULL);
  ck_assert_int_eq(verdict, 0);
  ck_assert_int_eq(q, 5);
  ck_assert_int_eq(p, 4);
  for (int i = 0; i < TSIT5_STAGES; i++) /* the last stage is the result */
    ck_assert(table->A[TSIT5_STAGES - 1][i] == table->b[i]);
  ARKodeButcherTable_Free(table);
}
END_TEST

/* Equal steps of 1/4, 1/8, 1/16 ms through presentations that are ramps from end to end, so that
 * nothing comes to rest and all is smooth between the kinks: the slope of log2 error. */
START_TEST(fixed_steps_converge_with_order_five)
{
  static const char settings[] = "network.hidden=tanh present.duration=4ms present.ramp=4ms";
  static const char reference[] = "solver.name=cvode solver.relative=1e-13 solver.absolute=1e-16";
  double error[3];

  for (int k = 0; k < 3; k++) {
    const double h = 0.25e-3 / (1 << k);
    char *fixed = fail_text("%s solver.relative=1e5 solver.max_step=%.17g", erk, h);
    error[k] = error_of(settings, fixed, reference, 6);
    free(fixed);
  }
  const double order = log2(error[0] / error[2]) / 2;
  if (getenv("TAUFLOW_TELL")) printf("order %.2f\n", order);
  ck_assert(order > 4.7 && order < 5.5);
}
END_TEST

START_TEST(tight_steps_agree_with_cvode)
{
  static const char *const settings[] = {
      "network.hidden=tanh",
      "network.hidden=tanh kp.rule=fa kp.output_error=squared",
      "network.hidden=linear kp.routing=direct present.label_delay=7ms",
      "network.hidden=tanh present.ramp=0 present.label_delay=-10ms kp.tau_err=3ms",
      "network.hidden=tanh kp.rule=sgd kp.noise=0.1",
  };
  enum { COUNT = sizeof settings / sizeof *settings };

  for (int k = 0; k < COUNT; k++)
    ck_assert(error_of(settings[k], tight_erk, "solver.name=cvode solver.relative=1e-11", 4) <
              1e-6);
}
END_TEST

/* Units that switch are bends that no method of order five steps over without an error: only small
 * steps help. cascade treats them exactly, and is of second order elsewhere. */
START_TEST(tight_steps_agree_with_cascade_where_units_switch)
{
  static const char *const settings[] = {
      "network.hidden=relu",
      "network.hidden=clipped_relu network.cap=0.4",
      "network.hidden=relu kp.gate=false kp.feedback_drive=s",
      "network.hidden=clipped_relu network.cap=0.4 kp.rule=dfa present.ramp=0",
  };
  enum { COUNT = sizeof settings / sizeof *settings };

  for (int k = 0; k < COUNT; k++)
    ck_assert(error_of(settings[k], tight_erk, "solver.relative=1e-7", 6) < 1e-4);
}
END_TEST

/* The gate makes the equations jump where a unit switches: there no step of a tight tolerance is
 * short enough, and it is not divergence. */
START_TEST(a_switch_is_crossed_at_any_tolerance)
{
  ck_assert(error_of("network.hidden=clipped_relu network.cap=0.4",
                     "solver.name=erk solver.relative=1e-11 solver.absolute=1e-16", tight_erk,
                     12) < 1e-5);
}
END_TEST

/* At document 001's tolerances the error is what it is; a thousand times tighter it is less. */
START_TEST(the_error_follows_the_tolerance)
{
  static const char settings[] = "network.hidden=tanh";
  static const char reference[] = "solver.name=cvode solver.relative=1e-11";
  const double usual = error_of(settings, erk, reference, 6);
  const double tight =
      error_of(settings, "solver.name=erk solver.relative=2e-6 solver.absolute=1e-8", reference, 6);

  ck_assert(usual < 0.1);
  ck_assert(tight < usual / 30);
}
END_TEST

/* --- what is remembered --- */

struct ending {
  unsigned long long digest;
  struct solver_stats stats;
};

static struct ending ending_of(const struct lab *lab)
{
  return (struct ending){lab_fingerprint(lab), lab->s->solver->stats};
}

static bool same_ending(struct ending a, struct ending b)
{
  return a.digest == b.digest && a.stats.steps == b.stats.steps &&
         a.stats.rejected == b.stats.rejected && a.stats.evaluations == b.stats.evaluations;
}

static const char *const cases[] = {
    "network.hidden=tanh",
    "network.hidden=relu solver.pcoeff=0.3 solver.icoeff=0.4",
    "network.hidden=clipped_relu network.cap=0.4 solver.pcoeff=0.2 solver.dcoeff=0.1",
    "kp.rule=dfa network.weights=single present.label_delay=7ms",
    "network.hidden=tanh kp.rms_norm=1 present.ramp=0",
    "kp.noise=0.1",
};
enum { CASES = sizeof cases / sizeof *cases };

/* Copy what the solver's notes list, as a state file would carry it. */
static void carry_notes(const struct lab *from, const struct lab *to)
{
  struct note a[SOLVER_NOTES], b[SOLVER_NOTES];
  const int count = solver_notes(from->s->solver, a);

  solver_notes(to->s->solver, b);
  for (int k = 0; k < count; k++)
    for (int i = 0; i < a[k].count; i++) b[k].value[i] = a[k].value[i];
  to->s->solver->stats = from->s->solver->stats;
}

/* Four presentations in one solver, or two in one and two in another that takes over. */
static struct ending in_halves(const char *settings, bool notes)
{
  struct lab *first = make_lab(MPI_COMM_WORLD, settings, erk);
  struct lab *second = make_lab(MPI_COMM_WORLD, settings, erk);

  lab_show(first, 0, 2);
  lab_copy_state(first, second);
  if (notes)
    carry_notes(first, second);
  else
    second->s->solver->stats = first->s->solver->stats;
  lab_show(second, 2, 2);
  const struct ending e = ending_of(second);
  lab_destroy(first);
  lab_destroy(second);
  return e;
}

static struct ending at_once(MPI_Comm comm, const char *settings)
{
  struct lab *lab = make_lab(comm, settings, erk);

  lab_show(lab, 0, 4);
  const struct ending e = ending_of(lab);
  lab_destroy(lab);
  return e;
}

/* But for noise, whose present value is part of state files and not of what is copied here. */
START_TEST(a_run_in_halves_is_the_whole_run)
{
  bool good = true;

  for (int k = 0; k < CASES - 1; k++) {
    const struct ending whole = at_once(MPI_COMM_WORLD, cases[k]);
    good &= same_ending(whole, in_halves(cases[k], true));
    good &= !same_ending(whole, in_halves(cases[k], false)); /* it is the notes that do it */
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(all_numbers_of_ranks_give_the_same_bits)
{
  bool good = true;

  for (int k = 0; k < CASES; k++) {
    const struct ending all = at_once(MPI_COMM_WORLD, cases[k]);
    if (rank == 0) good &= same_ending(all, at_once(MPI_COMM_SELF, cases[k]));
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* A test during a run must not hang on the tests before it, or a continued run would differ. */
START_TEST(a_dynamic_test_remembers_nothing)
{
  struct lab *lab = make_lab(MPI_COMM_WORLD, "evaluate.readout=dynamic", erk);
  const struct evaluation a = evaluator_run(lab->s->evaluator, NULL);
  const struct evaluation b = evaluator_run(lab->s->evaluator, NULL);

  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, a.loss == b.loss && isfinite(a.loss)));
}
END_TEST

/* --- precision and failure --- */

/* Single precision is how weights are kept between presentations, not how they are integrated. */
START_TEST(single_weights_are_double_ones_rounded_at_the_end)
{
  struct lab *single = make_lab(MPI_COMM_SELF, "network.weights=single", erk);
  struct lab *exact = make_lab(MPI_COMM_SELF, "", erk);
  long moved = 0;

  lab_copy_state(single, exact);
  ck_assert(lab_show(single, 0, 1) && lab_show(exact, 0, 1));
  for (int k = 0; k < single->s->model->synapses; k++) {
    const struct matrix *a = &single->s->state->matrix[k], *b = &exact->s->state->matrix[k];
    for (long i = 0; i < a->rows; i++)
      for (long j = 0; j < a->cols; j++) {
        ck_assert(matrix_at(a, i, j) == (double)(float)matrix_at(b, i, j));
        moved += matrix_at(a, i, j) != matrix_at(b, i, j);
      }
  }
  ck_assert_int_gt(moved, 0);
  lab_destroy(single);
  lab_destroy(exact);
}
END_TEST

/* Linear units and weights of 2 that learn within milliseconds blow up in finite time. */
START_TEST(a_blow_up_is_an_outcome_and_leaves_a_finite_state)
{
  struct lab *lab = make_lab(MPI_COMM_WORLD,
                             "network.hidden=linear kp.tau_pot=1ms kp.tau_dec=1000 "
                             "kp.output_error=squared",
                             erk);
  lab_set_weights(lab, -2);
  const bool diverged = !lab_show(lab, 0, 10);
  struct picture *p = picture_create(lab);
  bool finite = true;

  for (int l = 1; l <= p->L; l++)
    finite &= isfinite(array_size(&p->W[l])) && isfinite(array_size(&p->y[l])) &&
              isfinite(array_size(&p->z[l])) && isfinite(array_size(&p->V[l]));
  picture_destroy(p);
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, diverged && finite));
}
END_TEST

static void add_facts(TCase *facts)
{
  lab_random_data();
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  tcase_add_test(facts, all_numbers_of_ranks_give_the_same_bits);
  tcase_add_test(facts, a_run_in_halves_is_the_whole_run);
  tcase_add_test(facts, a_dynamic_test_remembers_nothing);
  tcase_add_test(facts, a_blow_up_is_an_outcome_and_leaves_a_finite_state);
  if (size > 1) return; /* what follows is one rank's arithmetic */
  tcase_add_test(facts, the_table_is_of_order_five_and_four);
  tcase_add_test(facts, fixed_steps_converge_with_order_five);
  tcase_add_test(facts, tight_steps_agree_with_cvode);
  tcase_add_test(facts, tight_steps_agree_with_cascade_where_units_switch);
  tcase_add_test(facts, a_switch_is_crossed_at_any_tolerance);
  tcase_add_test(facts, the_error_follows_the_tolerance);
  tcase_add_test(facts, single_weights_are_double_ones_rounded_at_the_end);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "test_erk", add_facts);
}
