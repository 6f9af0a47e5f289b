/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about discrete's Adam: its steps against the paper's algorithm, written once more from the
 * paper; what is remembered; ranks. Laws that hold for it too are in test_laws.c.
 *
 * With TAUFLOW_TELL set, the measured numbers are printed. */
#include "agree.h"
#include "lab.h"
#include <stdlib.h>
#include <string.h>

static const char common[] = "network.widths=[4,8,6,3] network.hidden=relu seed=4 kp.tau_dec=20 "
                             "solver.name=discrete discrete.optimizer=adam";
enum { LAYERS = 3, WIDEST = 8 };

static int rank;

/* --- the paper's algorithm --- */

/* Kingma and Ba 2014, algorithm 1, with the names of the paper; and AdamW's decay. */
struct paper {
  double alpha, beta1, beta2, epsilon, decay;
  long t;
  struct picture *theta, *m, *v; /* W alone */
};

/* s_l, y_l of a relu network for y_0, and the error that backpropagation gives each layer. */
static void backpropagate(const struct picture *net, const double *x, int label,
                          double y[LAYERS + 1][WIDEST], double z[LAYERS + 1][WIDEST])
{
  double s[WIDEST], sum = 0;

  memcpy(y[0], x, (size_t)net->W[1].cols * sizeof *x);
  for (int l = 1; l <= LAYERS; l++)
    for (long i = 0; i < net->W[l].rows; i++) {
      s[i] = 0;
      for (long j = 0; j < net->W[l].cols; j++)
        s[i] += net->W[l].a[i * net->W[l].cols + j] * y[l - 1][j];
      y[l][i] = s[i] > 0 ? s[i] : 0;
    }
  for (long i = 0; i < net->W[LAYERS].rows; i++) sum += exp(s[i]);
  for (long i = 0; i < net->W[LAYERS].rows; i++) z[LAYERS][i] = (i == label) - exp(s[i]) / sum;
  for (int l = LAYERS - 1; l >= 1; l--) {
    const struct array *W = &net->W[l + 1];
    for (long j = 0; j < W->cols; j++) {
      z[l][j] = 0;
      for (long i = 0; i < W->rows && y[l][j] > 0; i++)
        z[l][j] += W->a[i * W->cols + j] * z[l + 1][i];
    }
  }
}

static void paper_step(struct paper *p, const double *x, int label)
{
  double y[LAYERS + 1][WIDEST], z[LAYERS + 1][WIDEST];

  p->t++;
  backpropagate(p->theta, x, label, y, z);
  for (int l = 1; l <= LAYERS; l++)
    for (long i = 0; i < p->theta->W[l].rows; i++)
      for (long j = 0; j < p->theta->W[l].cols; j++) {
        const long k = i * p->theta->W[l].cols + j;
        double *m = &p->m->W[l].a[k], *v = &p->v->W[l].a[k], *theta = &p->theta->W[l].a[k];
        const double g = -z[l][i] * y[l - 1][j]; /* of the loss, uphill */
        *m = p->beta1 * *m + (1 - p->beta1) * g;
        *v = p->beta2 * *v + (1 - p->beta2) * g * g;
        const double m_hat = *m / (1 - pow(p->beta1, (double)p->t));
        const double v_hat = *v / (1 - pow(p->beta2, (double)p->t));
        *theta = p->decay * *theta - p->alpha * m_hat / (sqrt(v_hat) + p->epsilon);
      }
}

static void paper_begin(struct paper *p, const struct lab *lab)
{
  p->theta = picture_create(lab);
  p->m = picture_create(lab);
  p->v = picture_create(lab);
  for (int l = 1; l <= LAYERS; l++) {
    const size_t bytes = (size_t)(p->m->W[l].rows * p->m->W[l].cols) * sizeof(double);
    memset(p->m->W[l].a, 0, bytes);
    memset(p->v->W[l].a, 0, bytes);
  }
}

static void paper_end(struct paper *p)
{
  picture_destroy(p->theta);
  picture_destroy(p->m);
  picture_destroy(p->v);
}

/* Largest difference of W after `shown` presentations over the largest change. */
static double distance_from_paper(const char *settings, struct paper p, long shown)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "%s kp.rule=sgd %s", common, settings);
  struct picture *start = picture_create(lab);
  double worst = 0;

  paper_begin(&p, lab);
  for (long k = 0; k < shown; k++) {
    lab_show(lab, k, 1);
    paper_step(&p, lab->s->presenter->x_to, presenter_label(lab->s->presenter));
  }
  struct picture *end = picture_create(lab);
  for (int l = 1; l <= LAYERS; l++) {
    const double off = array_distance(&end->W[l], &p.theta->W[l]);
    worst = fmax(worst, isfinite(off) ? off / array_distance(&end->W[l], &start->W[l]) : INFINITY);
  }
  if (getenv("TAUFLOW_TELL") && rank == 0) printf("%s, %ld: %.1e\n", settings, shown, worst);
  picture_destroy(start);
  picture_destroy(end);
  paper_end(&p);
  lab_destroy(lab);
  return worst;
}

START_TEST(steps_are_those_of_the_paper)
{
  const double decay = exp(-50e-3 / 20);
  const struct paper usual = {
      .alpha = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8, .decay = decay};
  const struct paper other = {
      .alpha = 0.02, .beta1 = 0.5, .beta2 = 0.8, .epsilon = 0.01, .decay = decay};
  const char *others =
      "discrete.rate=0.02 discrete.beta1=0.5 discrete.beta2=0.8 discrete.epsilon=0.01";
  char *single = fail_text("network.weights=single %s", others);
  bool good = true;

  for (long shown = 1; shown <= 40; shown += 13) {
    good &= distance_from_paper("", usual, shown) < 1e-12;
    good &= distance_from_paper(others, other, shown) < 1e-12;
    good &= distance_from_paper(single, other, shown) < 1e-5;
  }
  free(single);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Corrected for its start at 0, the first step is rate g / (|g| + epsilon) whatever the betas. */
START_TEST(the_first_step_has_the_size_of_the_rate)
{
  struct lab *lab =
      lab_create(MPI_COMM_WORLD,
                 "%s kp.rule=fa kp.tau_dec=1e15 discrete.rate=0.01 discrete.beta1=0.7", common);
  struct picture *start = picture_create(lab);
  lab_show(lab, 0, 1);
  struct picture *end = picture_create(lab);
  const double *x = lab->s->presenter->x_to;
  bool good = true;
  int moved = 0;

  for (int l = 1; l <= LAYERS; l++)
    for (long i = 0; i < end->W[l].rows; i++)
      for (long j = 0; j < end->W[l].cols; j++) {
        const long k = i * end->W[l].cols + j;
        const double g = end->z[l].a[i] * (l > 1 ? end->y[l - 1].a[j] : x[j]);
        const double step = 0.01 * g / (fabs(g) + 1e-8);
        good &= fabs(end->W[l].a[k] - start->W[l].a[k] - step) < 1e-12;
        moved += fabs(step) > 0.009;
      }
  for (int l = 1; l < LAYERS; l++) good &= array_distance(&end->V[l], &start->V[l]) == 0;
  good &= moved > 30;
  picture_destroy(start);
  picture_destroy(end);
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* --- what is remembered --- */

static const char *const cases[] = {
    "kp.rule=kp", "kp.rule=sgd network.weights=single", "kp.rule=dfa kp.rms_norm=1",
    "kp.routing=direct kp.feedback_drive=s present.label_dither=0.4"};
enum { CASES = sizeof cases / sizeof *cases };

/* Copy what the solver's fields list, as a state file would carry it. */
static int carry_fields(const struct lab *from, const struct lab *to)
{
  struct field *a, *b;
  const int count = solver_fields(from->s->solver, &a);

  solver_fields(to->s->solver, &b);
  for (int k = 0; k < count; k++)
    memcpy(b[k].data, a[k].data,
           (size_t)((a[k].hi - a[k].lo) * a[k].ld) *
               (a[k].single ? sizeof(float) : sizeof(double)));
  state_free_fields(count, a);
  state_free_fields(count, b);
  return count;
}

/* The moments' digest and that of the state, as one number. */
static unsigned long long digest_of(const struct lab *lab)
{
  struct field *fields;
  const int count = session_fields(lab->s, &fields);
  const unsigned long long digest = store_fingerprint(lab->comm, count, fields);

  state_free_fields(count, fields);
  return digest;
}

static unsigned long long in_halves(const char *settings, bool with_fields, int *count)
{
  struct lab *first = lab_create(MPI_COMM_WORLD, "%s %s", common, settings);
  struct lab *second = lab_create(MPI_COMM_WORLD, "%s %s", common, settings);

  lab_show(first, 0, 7);
  lab_copy_state(first, second);
  if (with_fields) *count = carry_fields(first, second);
  lab_show(second, 7, 7);
  const unsigned long long digest = digest_of(second);
  lab_destroy(first);
  lab_destroy(second);
  return digest;
}

static unsigned long long at_once(MPI_Comm comm, const char *settings)
{
  struct lab *lab = lab_create(comm, "%s %s", common, settings);

  lab_show(lab, 0, 14);
  const unsigned long long digest = digest_of(lab);
  lab_destroy(lab);
  return digest;
}

START_TEST(the_moments_continue_a_run)
{
  static const int arrays[CASES] = {10, 10, 6, 10}; /* two of each matrix that learns */
  bool good = true;

  for (int k = 0; k < CASES; k++) {
    const unsigned long long whole = at_once(MPI_COMM_WORLD, cases[k]);
    int count = 0;
    good &= whole == in_halves(cases[k], true, &count) && count == arrays[k];
    good &= whole != in_halves(cases[k], false, &count); /* it is the moments that do it */
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(all_numbers_of_ranks_give_the_same_bits)
{
  bool good = true;

  for (int k = 0; k < CASES; k++) {
    const unsigned long long all = at_once(MPI_COMM_WORLD, cases[k]);
    if (rank == 0) good &= all == at_once(MPI_COMM_SELF, cases[k]);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Squares of gradients beyond the range of floats would freeze weights unnoticed. */
START_TEST(values_whose_squares_fit_no_float_are_divergence)
{
  bool good = true;

  for (int large = 0; large < 2; large++) {
    struct lab *lab =
        lab_create(MPI_COMM_WORLD, "%s network.weights=single kp.output_error=squared", common);
    lab_set_weights(lab, large ? 1e5 : 1);
    good &= lab_show(lab, 0, 6) == !large;
    lab_destroy(lab);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static void add_facts(TCase *facts)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  lab_random_data();
  tcase_add_test(facts, steps_are_those_of_the_paper);
  tcase_add_test(facts, the_first_step_has_the_size_of_the_rate);
  tcase_add_test(facts, the_moments_continue_a_run);
  tcase_add_test(facts, all_numbers_of_ranks_give_the_same_bits);
  tcase_add_test(facts, values_whose_squares_fit_no_float_are_divergence);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "test_adam", add_facts);
}
