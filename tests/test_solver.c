/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about exactness: every solver against CVODE at tight tolerance, and every run against
 * itself on another number of ranks.
 *
 * Arithmetic is tested on one rank; that all rank counts give the same bits is a fact of its own,
 * tested for every case of the table, so the costly comparisons need no ranks. */
#include "agree.h"
#include "lab.h"
#include "rng.h"
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12, SAMPLES = 16, INPUTS = 4 };

/* Weights move by about a third of their size in 12 presentations, so that a wrong plasticity term
 * cannot hide, and inputs of both signs make units switch. */
static const char common[] = "network.widths=[4,8,6,3] kp.tau_pot=0.5 kp.tau_dec=5 seed=3";

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
    "kp.rms_norm=1 network.hidden=relu",
    "kp.tau_pot_feedback=0.2 kp.tau_dec_feedback=1",
    "kp.tau_pot_feedback=2 kp.tau_dec_feedback=20 kp.routing=direct",
    "kp.tau_err=3ms",
    "kp.tau_inf=4ms kp.tau_err=0.5ms",
    "present.ramp=0",
    "present.ramp=0 present.label_delay=10ms network.hidden=clipped_relu network.cap=0.4",
    "present.ramp=50ms",
    "present.ramp=20ms present.label_delay=-5ms present.duration=30ms",
    "kp.tau_pot=10 kp.tau_dec=1000",
    "kp.tau_dec=10ms kp.tau_pot=20ms",
    "network.widths=[4,9,7,7,5,3] network.hidden=tanh",
    "network.widths=[4,3]",
};
enum { CASES = sizeof cases / sizeof cases[0] };

static int rank, size;

static void make_data(void)
{
  double x[SAMPLES * INPUTS];
  int label[SAMPLES];

  for (int k = 0; k < SAMPLES * INPUTS; k++)
    x[k] = 3 * rng_uniform(1, RNG_CIRCLES, 0, (uint64_t)k, 0) - 1.5;
  for (int p = 0; p < SAMPLES; p++) label[p] = (5 * p + p / 4) % 3;
  lab_data("random", SAMPLES, INPUTS, x, label);
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
  struct lab *lab = make_lab(MPI_COMM_SELF, settings, solver);
  struct picture *p = lab_show(lab, 0, shown) ? picture_create(lab) : NULL;

  lab_destroy(lab);
  return p;
}

struct error {
  double weights, values;
};

/* Solver against the reference after `shown` presentations. */
static struct error error_of(const char *settings, const char *solver, const struct picture *ref,
                             const struct picture *start, long shown)
{
  struct picture *p = end_of(settings, solver, shown);
  struct error e = {INFINITY, INFINITY};

  if (p && ref) {
    e.weights = picture_weight_error(p, ref, start);
    e.values = picture_value_error(p, ref);
  }
  picture_destroy(p);
  return e;
}

/* Cases are dealt to the ranks. */
START_TEST(cascade_and_lockstep_agree_with_cvode)
{
  bool good = true;

  for (int k = rank; k < CASES; k += size) {
    struct picture *start = end_of(cases[k], "", 0);
    struct picture *ref = end_of(cases[k], "solver.name=cvode solver.relative=1e-10", SHOWN);
    struct error c = error_of(cases[k], "solver.relative=1e-5", ref, start, SHOWN);
    struct error s =
        error_of(cases[k], "solver.relative=1e-5 solver.name=lockstep", ref, start, SHOWN);

    printf("%-90s %.1e %.1e   %.1e %.1e\n", cases[k], c.weights, c.values, s.weights, s.values);
    fflush(stdout);
    picture_destroy(start);
    picture_destroy(ref);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static void add_facts(TCase *facts)
{
  make_data();
  tcase_add_test(facts, cascade_and_lockstep_agree_with_cvode);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "test_solver", add_facts);
}
