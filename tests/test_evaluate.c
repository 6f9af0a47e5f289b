/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about evaluation: loss and accuracy by their formulas, and that testing changes nothing. */
#include "agree.h"
#include "lab.h"
#include "rng.h"
#include <stdlib.h>
#include <string.h>

enum { SAMPLES = 10, INPUTS = 4, OUT = 10 };

static double x[SAMPLES * INPUTS];
static int label[SAMPLES];

static void make_data(void)
{
  for (int k = 0; k < SAMPLES * INPUTS; k++)
    x[k] = 3 * rng_uniform(1, RNG_CIRCLES, 0, (uint64_t)k, 0) - 1.5;
  for (int p = 0; p < SAMPLES; p++) label[p] = (3 * p + 1) % OUT;
  lab_data("random", SAMPLES, INPUTS, x, label);
}

START_TEST(loss_of_an_answer_is_by_its_formula)
{
  const double s[3] = {1, 2, 1000}, t[3] = {0.5, 0.25, 0};
  const double first[3] = {1, 0, 0}, second[3] = {0, 1, 0}, third[3] = {0, 0, 1};

  ck_assert_double_eq_tol(answer_loss(s, third, 3, true), 0, 1e-300);
  ck_assert_double_eq_tol(answer_loss(s, first, 3, true), 999, 1e-12);
  ck_assert_double_eq_tol(answer_loss(t, second, 3, true),
                          -log(exp(0.25) / (exp(0.5) + exp(0.25) + 1)), 1e-15);
  ck_assert_double_eq_tol(answer_loss(t, second, 3, false), (0.25 + 0.75 * 0.75) / 2, 1e-15);
  ck_assert_double_eq_tol(answer_loss(t, (const double[]){-1, 0.25, 3}, 3, false),
                          (1.5 * 1.5 + 9) / 2, 1e-15);
  ck_assert_int_eq(answer_class(s, 3), 2);
  ck_assert_int_eq(answer_class((const double[]){1, 3, 3}, 3), 1);
}
END_TEST

/* A dense forward pass in plain loops over the gathered weights. */
static void answer(const struct picture *p, const double *in, double *s)
{
  double y[64], next[64];

  memcpy(y, in, INPUTS * sizeof *y);
  for (int l = 1; l <= p->L; l++) {
    for (long i = 0; i < p->W[l].rows; i++) {
      next[i] = 0;
      for (long j = 0; j < p->W[l].cols; j++) next[i] += p->W[l].a[i * p->W[l].cols + j] * y[j];
      if (l < p->L) next[i] = fmin(fmax(next[i], 0), 1);
    }
    memcpy(y, next, sizeof y);
  }
  memcpy(s, y, OUT * sizeof *s);
}

START_TEST(accuracy_and_loss_are_those_of_a_dense_forward_pass)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "network.widths=[4,20,12,10] kp.tau_pot=1 "
                                               "network.hidden=clipped_relu seed=2");
  lab_show(lab, 0, 600);
  long confusion[OUT * OUT] = {0};
  const struct evaluation got = evaluator_run(lab->s->evaluator, confusion);
  struct picture *p = picture_create(lab);
  double hits = 0, loss = 0;
  long counted = 0, diagonal = 0;

  for (int k = 0; k < SAMPLES; k++) {
    double s[OUT], y[OUT] = {0};
    answer(p, x + k * INPUTS, s);
    y[label[k]] = 1;
    hits += answer_class(s, OUT) == label[k];
    loss += answer_loss(s, y, OUT, true) / SAMPLES;
  }
  for (int k = 0; k < OUT * OUT; k++) counted += confusion[k];
  for (int k = 0; k < OUT; k++) diagonal += confusion[k * OUT + k];
  const bool good = got.samples == SAMPLES && got.accuracy == hits / SAMPLES &&
                    fabs(got.loss / loss - 1) < 1e-12 && counted == SAMPLES &&
                    diagonal == (long)hits && hits > 1;
  picture_destroy(p);
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Noise, y, z and weights of the run go on as if nobody had asked; and asking twice gives the same,
 * for every evaluation starts from rest. */
START_TEST(testing_leaves_no_trace)
{
  static const char *const readouts[] = {"settled", "dynamic"};
  bool good = true;

  for (int k = 0; k < 2; k++) {
    struct lab *lab[2];
    for (int tested = 0; tested < 2; tested++) {
      lab[tested] = lab_create(MPI_COMM_WORLD,
                               "network.widths=[4,9,7,10] kp.tau_pot=1 kp.noise=0.1 "
                               "present.duration=0.005 evaluate.readout=%s",
                               readouts[k]);
      lab_show(lab[tested], 0, 3);
      if (tested) {
        const struct evaluation a = evaluator_run(lab[1]->s->evaluator, NULL);
        const struct evaluation b = evaluator_run(lab[1]->s->evaluator, NULL);
        good &= a.loss == b.loss && a.accuracy == b.accuracy && isfinite(a.loss);
      }
      lab_show(lab[tested], 3, 2);
    }
    good &= lab_fingerprint(lab[0]) == lab_fingerprint(lab[1]);
    lab_destroy(lab[0]);
    lab_destroy(lab[1]);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(evaluate_samples_takes_the_first_ones)
{
  struct lab *lab =
      lab_create(MPI_COMM_WORLD, "network.widths=[4,9,7,10] evaluate.samples=3 seed=5");
  const struct evaluation got = evaluator_run(lab->s->evaluator, NULL);

  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, got.samples == 3));
}
END_TEST

static void add(TCase *facts)
{
  make_data();
  tcase_add_test(facts, loss_of_an_answer_is_by_its_formula);
  tcase_add_test(facts, accuracy_and_loss_are_those_of_a_dense_forward_pass);
  tcase_add_test(facts, testing_leaves_no_trace);
  tcase_add_test(facts, evaluate_samples_takes_the_first_ones);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "evaluate", add);
}
