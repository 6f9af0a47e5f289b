/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the equations: laws that the weights and signals of any run obey (docs/equations.md),
 * whatever solver integrates them. Here every solver runs on all ranks. With TAUFLOW_TELL set, the
 * measured numbers are printed. */
#include "agree.h"
#include "lab.h"
#include "rng.h"
#include "settle.h"
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 10, INPUTS = 4, UNITS = 8 };

static const char common[] = "network.widths=[4,8,6,10] kp.tau_pot=1 kp.tau_dec=2 seed=4";
static const char *const solvers[] = {"solver.name=cascade", "solver.name=lockstep",
                                      "solver.name=discrete",
                                      "solver.name=discrete discrete.optimizer=adam "
                                      "discrete.rate=0.01"};
enum { SOLVERS = sizeof solvers / sizeof *solvers };

static int rank;

/* random.h5: all labels once; units.h5: sample p is the unit vector of input p, label p; pulse.h5:
 * a one, then a zero, of label 0. */
static void make_data(void)
{
  double x[SAMPLES * INPUTS], unit[UNITS * UNITS] = {0};
  const double pulse[2] = {1, 0};
  int label[SAMPLES];
  const int none[2] = {0, 0};

  for (int k = 0; k < SAMPLES * INPUTS; k++)
    x[k] = 3 * rng_uniform(1, RNG_CIRCLES, 0, (uint64_t)k, 0) - 1.5;
  for (int p = 0; p < SAMPLES; p++) label[p] = (3 * p + 1) % SAMPLES;
  lab_data("random", SAMPLES, INPUTS, x, label);
  for (int p = 0; p < UNITS; p++) unit[p * UNITS + p] = 1;
  for (int p = 0; p < UNITS; p++) label[p] = p;
  lab_data("units", UNITS, UNITS, unit, label);
  lab_data("pulse", 2, 1, pulse, none);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
}

static void tell(const char *what, const char *settings, double a, double b)
{
  if (getenv("TAUFLOW_TELL") && rank == 0) printf("%s %s: %.6g %.6g\n", what, settings, a, b);
}

/* --- V and W --- */

/* max |V_l' - W_{l+1} - factor (the same at the start)| / max |the same at the start|, largest over
 * layers. */
static double mismatch_error(const struct picture *p, const struct picture *start, double factor)
{
  double worst = 0;

  for (int l = 1; l < p->L; l++) {
    const struct array *V = &p->V[l], *W = &p->W[l + 1];
    double off = 0, size = 0;
    for (long i = 0; i < V->rows; i++)
      for (long j = 0; j < V->cols; j++) {
        const long v = i * V->cols + j, w = j * W->cols + i;
        const double before = start->V[l].a[v] - start->W[l + 1].a[w];
        off = fmax(off, fabs(V->a[v] - W->a[w] - factor * before));
        size = fmax(size, fabs(before));
      }
    worst = fmax(worst, size > 0 ? off / size : off);
  }
  return worst;
}

/* Both matrices gain the same products with the same coefficients, so beyond the exact factor of
 * the decay the mismatch feels rounding alone: 1e-16 of the weights at each of some hundred
 * updates. The requirement is 1e-6; 1e-12 holds. 40 presentations are one tau_dec. */
START_TEST(mismatch_decays_exponentially)
{
  bool good = true;

  for (int k = 0; k < SOLVERS; k++)
    for (int smooth = 0; smooth < 2; smooth++) {
      struct lab *lab = lab_create(MPI_COMM_WORLD, "%s %s network.hidden=%s", common, solvers[k],
                                   smooth ? "tanh" : "relu");
      struct picture *start = picture_create(lab);
      for (int p = 0; p < 40; p += 10) {
        good &= lab_show(lab, p, 10);
        struct picture *now = picture_create(lab);
        const double off = mismatch_error(now, start, exp(-(p + 10) * 50e-3 / 2));
        tell("mismatch", solvers[k], off, array_distance(&now->W[2], &start->W[2]));
        good &= off < 1e-12 && array_distance(&now->W[2], &start->W[2]) > 0.1;
        picture_destroy(now);
      }
      picture_destroy(start);
      lab_destroy(lab);
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Not a tolerance in sight: products and their order are the same. */
START_TEST(sgd_keeps_V_the_transpose_of_W_bit_for_bit)
{
  static const char *const weights[] = {"double", "single"};
  bool good = true;

  for (int k = 0; k < SOLVERS; k++)
    for (int w = 0; w < 2; w++) {
      struct lab *lab =
          lab_create(MPI_COMM_WORLD, "%s %s kp.rule=sgd network.weights=%s network.hidden=tanh",
                     common, solvers[k], weights[w]);
      struct picture *start = picture_create(lab);
      good &= lab_show(lab, 0, 20);
      struct picture *now = picture_create(lab);
      good &= mismatch_error(start, start, 0) == 0 && mismatch_error(now, start, 0) == 0;
      good &= array_distance(&now->W[2], &start->W[2]) > 0.01;
      picture_destroy(start);
      picture_destroy(now);
      lab_destroy(lab);
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- figure 4 of document 000 --- */

/* P(a sum of n exponential times of mean 1 is below t): n leaky filters' answer to a step. */
static double erlang(int n, double t)
{
  double term = exp(-t), below = 1;

  for (int k = 0; k < n; k++) {
    below -= term;
    term *= t / (k + 1);
  }
  return n == 0 ? 1 : below;
}

/* A pulse of length T that has passed n filters overlaps one that has passed m by T - E|X - Y|, X
 * and Y being the delays picked up: E|X - Y| = int F (1-G) + G (1-F) dt, in units of tau. */
static double overlap(int n, int m, double T)
{
  const double h = 1e-3;
  double sum = 0;

  for (double t = h / 2; t < 80; t += h) {
    const double F = erlang(n, t), G = erlang(m, t);
    sum += h * (F * (1 - G) + G * (1 - F));
  }
  return T - sum;
}

/* D_l in ms into D [L + 1]: what W_l gains, times tau_pot, in a chain of unit weights. The input is
 * 1 for T = 50 ms and then 0 for as long, which leaves the tail to 1e-10; the label comes a million
 * seconds late, so that g_L = -s_L and z_l is minus the pulse behind 2L - l filters. Weights move
 * by 1e-7 and decay by 1e-13, so they stay one. */
static bool drives_of_chain(int L, const char *solver, double *D)
{
  char widths[64] = "1";

  for (int l = 1; l <= L; l++) strcat(widths, ",1");
  struct lab *lab = lab_create(
      MPI_COMM_WORLD,
      "network.widths=[%s] network.hidden=linear kp.output_error=squared data.path=pulse.h5 "
      "data.order=sequential present.ramp=0 present.label_delay=1e6 kp.tau_pot=1e6 "
      "kp.tau_dec=1e12 kp.tau_inf=1ms kp.tau_err=1ms present.duration=50ms solver.relative=1e-6 %s",
      widths, solver);
  lab_set_weights(lab, 1);
  const bool done = lab_show(lab, 0, 2);
  struct picture *p = picture_create(lab);
  for (int l = 1; l <= L; l++) D[l] = -(p->W[l].a[0] - 1) * 1e6 * 1e3;
  picture_destroy(p);
  lab_destroy(lab);
  return done;
}

/* The document's numbers within 0.1 ms, and the formula for every layer within 1e-3 ms, 2e-5
 * of the pulse: some ten times the tolerance of a step. */
START_TEST(drives_of_a_chain_are_those_of_figure_4)
{
  static const struct {
    int L;
    double first, last;
  } figure[2] = {{5, 41.0, 47.5}, {10, 31.0, 46.5}};
  bool good = true;

  for (int f = 0; f < 2; f++)
    for (int k = 0; k < 2; k++) {
      const int L = figure[f].L;
      double D[11];
      good &= drives_of_chain(L, solvers[k], D);
      good &= fabs(D[1] - figure[f].first) < 0.1 && fabs(D[L] - figure[f].last) < 0.1;
      tell("D_1, D_L [ms]", solvers[k], D[1], D[L]);
      for (int l = 1; l <= L; l++) {
        const double exact = overlap(l - 1, 2 * L - l, 50);
        if (k == 0) tell("    off", solvers[k], D[l] - exact, exact);
        good &= fabs(D[l] - exact) < 1e-3;
      }
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- the slow manifold --- */

static double distance_to_settled(const struct lab *lab)
{
  struct session *s = lab->s;
  struct settler *settler = settler_create(s->sys);
  struct moment *at = settler_moment(settler);
  double off[FAMILIES] = {0}, size[FAMILIES] = {0};

  system_look(s->sys, s->sys->segments - 1, s->presenter->duration, at);
  settle(settler, s->presenter->x_to);
  for (int k = 0; k < s->model->stages; k++) {
    const enum family f = s->model->stage[k].family;
    long lo, hi;
    system_rows(s->sys, k, &lo, &hi);
    for (long i = lo; i < hi; i++) {
      off[f] = fmax(off[f], fabs(s->state->value[k][i - lo] - at->value[k][i]));
      size[f] = fmax(size[f], fabs(at->value[k][i]));
    }
  }
  settler_destroy(settler);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, off, FAMILIES, MPI_DOUBLE, MPI_MAX, lab->comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, size, FAMILIES, MPI_DOUBLE, MPI_MAX, lab->comm));
  return fmax(off[ACTIVITY] / size[ACTIVITY], off[ERROR] / size[ERROR]);
}

/* Held for 100 time constants, y and z are at eq. 8. Behind five filters a rest of e^-100 100^5/5!
 * is left, 1e-36; weights move by 1e-16. Solvers keep the fixed point exactly; cascade's steps,
 * being implicit, lead to it at any tolerance, lockstep's, being extrapolated, to within the
 * tolerance's square. */
START_TEST(held_input_and_frozen_weights_lead_to_the_slow_manifold)
{
  static const char *const settings[] = {
      "network.hidden=relu",
      "network.hidden=clipped_relu network.cap=0.4",
      "network.hidden=tanh kp.output_error=squared",
      "network.hidden=linear",
      "network.hidden=relu kp.gate=false kp.routing=direct",
      "network.hidden=tanh kp.rms_norm=1",
      "kp.tau_inf=0.5ms kp.rule=dfa",
  };
  bool good = true;

  for (size_t c = 0; c < sizeof settings / sizeof settings[0]; c++)
    for (int k = 0; k < 2; k++) {
      struct lab *lab = lab_create(MPI_COMM_WORLD,
                                   "%s kp.tau_pot=1e15 kp.tau_dec=1e15 present.duration=100ms "
                                   "solver.relative=1e-6 %s %s",
                                   common, settings[c], solvers[k]);
      good &= lab_show(lab, 0, 2);
      const double off = distance_to_settled(lab);
      tell("slow manifold", settings[c], off, 0);
      good &= off < 1e-9;
      lab_destroy(lab);
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- label delay (document 001, section 4) --- */

/* One layer that starts at W = 0 and learns so little that s stays 0: z is the label, y the input.
 * Inputs and labels are unit vectors that never repeat, so W[p][p] collects what comes of sample p
 * and its own label, and nothing else. Signals lag by 20 us and move for 100 us. */
static struct picture *learn_with_delay(double delay, double tau_dec, const char *solver)
{
  struct lab *lab = lab_create(
      MPI_COMM_WORLD,
      "network.widths=[%d,%d] network.gain=0 kp.output_error=squared data.path=units.h5 "
      "data.order=sequential present.ramp=100us kp.tau_inf=20us kp.tau_err=20us kp.tau_pot=1e6 "
      "kp.tau_dec=%.17g present.label_delay=%.17g %s",
      UNITS, UNITS, tau_dec, delay, solver);
  const bool done = lab_show(lab, 0, UNITS - 2);
  struct picture *p = picture_create(lab);

  CHECK(done, "diverged");
  lab_destroy(lab);
  return p;
}

static const double delays[] = {-60e-3, -50e-3, -40e-3, -25e-3, -10e-3, 0,
                                10e-3,  25e-3,  40e-3,  50e-3,  60e-3};
enum { DELAYS = sizeof delays / sizeof delays[0] };

/* Lag and ramp, 0.12 ms together, are 1.2 % of the shortest overlap, 10 ms, and 0.3 % of T; the law
 * is required within 2 %. */
START_TEST(overlap_of_label_and_sample_sets_the_correct_update)
{
  const double T = 50e-3;
  bool good = true;

  for (int k = 0; k < 2; k++)
    for (int d = 0; d < DELAYS; d++) {
      struct picture *p = learn_with_delay(delays[d], 1e9, solvers[k]);
      const double got = 1e6 * p->W[1].a[2 * UNITS + 2], law = fmax(T - fabs(delays[d]), 0);
      tell("overlap", solvers[k], got, law);
      good &= law > 0 ? fabs(got / law - 1) < 0.02 : fabs(got) < 0.005 * T;
      picture_destroy(p);
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Eq. 4: with a memory as short as the presentation, what coincides from t0 to t1 counts with
 * e^((t-t_end)/tau_dec): the decay is the kernel. Late labels do better than early ones. */
START_TEST(short_memory_skews_the_overlap_law)
{
  const double T = 50e-3, tau = 50e-3, end = (UNITS - 2) * T;
  bool good = true;

  for (int k = 0; k < 2; k++)
    for (int d = 0; d < DELAYS; d++) {
      struct picture *p = learn_with_delay(delays[d], tau, solvers[k]);
      const double t0 = 2 * T + fmax(delays[d], 0), t1 = 3 * T + fmin(delays[d], 0);
      const double law = t1 - t0 > 1e-9 ? tau * (exp((t1 - end) / tau) - exp((t0 - end) / tau)) : 0;
      const double got = 1e6 * p->W[1].a[2 * UNITS + 2];
      tell("skew", solvers[k], got, law);
      good &=
          law > 0 ? fabs(got / law - 1) < 0.02 : fabs(got) < 0.005 * T * exp((3 * T - end) / tau);
      picture_destroy(p);
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- read-outs --- */

/* Test samples have one label each, so the confusion matrix tells every prediction. */
static struct evaluation read_out(const char *settings, const char *readout, long *confusion)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "%s network.gain=1.5 %s evaluate.readout=%s", common,
                               settings, readout);
  memset(confusion, 0, SAMPLES * SAMPLES * sizeof *confusion);
  const struct evaluation e = evaluator_run(lab->s->evaluator, confusion);

  lab_destroy(lab);
  return e;
}

/* T = 50 tau, L = 3: what the dynamic read-out has left to go is e^-50 50^2/2, 1e-19. */
START_TEST(dynamic_and_settled_readouts_agree_when_presentations_are_long)
{
  static const char *const settings[] = {"network.hidden=relu", "network.hidden=clipped_relu",
                                         "network.hidden=tanh kp.output_error=squared",
                                         "network.hidden=relu solver.name=lockstep"};
  bool good = true;

  for (int c = 0; c < 4; c++) {
    long settled[SAMPLES * SAMPLES], dynamic[SAMPLES * SAMPLES];
    const struct evaluation a = read_out(settings[c], "settled", settled);
    const struct evaluation b = read_out(settings[c], "dynamic", dynamic);
    tell("loss", settings[c], a.loss, b.loss - a.loss);
    good &= memcmp(settled, dynamic, sizeof settled) == 0 && a.accuracy == b.accuracy;
    good &= fabs(b.loss / a.loss - 1) < 1e-6;
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* T = 2 tau: signals of the sample before are still at the top. */
START_TEST(dynamic_and_settled_readouts_differ_when_presentations_are_short)
{
  static const char brief[] = "network.hidden=relu present.duration=2ms present.ramp=0.1ms";
  long settled[SAMPLES * SAMPLES], dynamic[SAMPLES * SAMPLES];
  const struct evaluation a = read_out(brief, "settled", settled);
  const struct evaluation b = read_out(brief, "dynamic", dynamic);

  tell("loss", brief, a.loss, b.loss - a.loss);
  const bool good =
      fabs(b.loss / a.loss - 1) > 0.01 && memcmp(settled, dynamic, sizeof settled) != 0;
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static void add_facts(TCase *facts)
{
  make_data();
  tcase_add_test(facts, mismatch_decays_exponentially);
  tcase_add_test(facts, sgd_keeps_V_the_transpose_of_W_bit_for_bit);
  tcase_add_test(facts, drives_of_a_chain_are_those_of_figure_4);
  tcase_add_test(facts, held_input_and_frozen_weights_lead_to_the_slow_manifold);
  tcase_add_test(facts, overlap_of_label_and_sample_sets_the_correct_update);
  tcase_add_test(facts, short_memory_skews_the_overlap_law);
  tcase_add_test(facts, dynamic_and_settled_readouts_agree_when_presentations_are_long);
  tcase_add_test(facts, dynamic_and_settled_readouts_differ_when_presentations_are_short);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "test_laws", add_facts);
}
