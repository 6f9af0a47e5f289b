/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with pending outer products against matrices that are written at every step,
 *   M(t+h) = e^(-h/tau_dec) M(t) + e^(-h/(2 tau_dec)) h/tau_pot post pre',
 * post and pre being averages over the step. Values, averages and drives are random numbers here;
 * no equation of motion is integrated. */
#include "agree.h"
#include "pending.h"
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* More steps than three batches of nodes hold, so that folds happen in between. */
enum { STEPS = 50, INPUTS = 36 };
static const double RAMP = 10e-3; /* [s] */

/* Values and drives of all stages and the input at one time, and the averages of all over the step
 * that ends there, whole on every rank. */
struct node {
  double u;
  double **value, **drive, **mean; /* [stages][n] */
  double input[INPUTS], input_mean[INPUTS];
};

/* A system on some ranks, and its matrices whole and in double precision on each of them. */
struct scene {
  MPI_Comm comm;
  struct job *job;
  struct network *net;
  struct partition *part;
  struct dataset *data;
  struct model *model;
  struct state *state;
  struct presenter *presenter;
  struct system *sys;
  struct pending *pending;
  struct moment *at, *from;
  double **M; /* [synapses][rows][cols] */
  struct node now, last;
  bool late;  /* the averages of other ranks' rows arrive after the step was accepted */
  bool pairs; /* every second step has the averages of the one before, and joins it */
};

/* Fast learning: within a few presentations of 50 ms all weights change by about their own size. */
static const char unequal[] =
    "tau_pot: 200 ms, tau_dec: 100 ms, tau_pot_feedback: 300 ms, tau_dec_feedback: 60 ms";
static const char equal[] = "tau_pot: 200 ms, tau_dec: 100 ms";

static struct node make_node(const struct model *m)
{
  struct node node = {.value = fail_alloc((size_t)m->stages, sizeof(double *)),
                      .drive = fail_alloc((size_t)m->stages, sizeof(double *)),
                      .mean = fail_alloc((size_t)m->stages, sizeof(double *))};

  for (int k = 0; k < m->stages; k++) {
    const size_t n = (size_t)m->net->n[m->stage[k].layer];
    node.value[k] = fail_alloc(n, sizeof(double));
    node.drive[k] = fail_alloc(n, sizeof(double));
    node.mean[k] = fail_alloc(n, sizeof(double));
  }
  return node;
}

static void free_node(const struct model *m, struct node *node)
{
  for (int k = 0; k < m->stages; k++) {
    free(node->value[k]);
    free(node->drive[k]);
    free(node->mean[k]);
  }
  free(node->value);
  free(node->drive);
  free(node->mean);
}

static struct scene scene(MPI_Comm comm, const char *kp, const char *times, const char *network)
{
  struct faults faults = {0};
  struct scene s = {.comm = comm};
  char *text = fail_text("network: {widths: [%d, 20, 7, 18, 10]%s}\n"
                         "kp: {%s, %s}\n"
                         "data: {set: glyphs, train: 20, test: 5}\n"
                         "present: {samples: 9, ramp: %g}\n",
                         INPUTS, network, kp, times, RAMP);

  s.job = job_parse(text, "test", ".", 0, NULL, &faults);
  CHECK(faults.count == 0, "%s", faults.text);
  s.data = dataset_create(s.job, comm, &faults);
  CHECK(s.data, "%s", faults.text);
  s.net = network_create(s.job);
  s.part = partition_create(s.net, comm);
  s.model = model_create(s.job, s.net, s.part);
  s.state = state_create(s.model);
  state_initialise(s.state, s.job);
  s.presenter = presenter_create(s.job, s.data, TRAIN);
  s.sys = system_create(s.model, s.state, s.presenter, true);
  s.pending = pending_create(s.sys);
  s.at = moment_on_routes(s.sys);
  s.from = moment_create(s.sys);
  s.M = fail_alloc((size_t)s.model->synapses, sizeof *s.M);
  for (int k = 0; k < s.model->synapses; k++)
    s.M[k] =
        fail_alloc((size_t)(s.model->synapse[k].rows * s.model->synapse[k].cols), sizeof(double));
  s.now = make_node(s.model);
  s.last = make_node(s.model);
  free(text);
  return s;
}

static void end(struct scene *s)
{
  for (int k = 0; k < s->model->synapses; k++) free(s->M[k]);
  free(s->M);
  free_node(s->model, &s->now);
  free_node(s->model, &s->last);
  moment_destroy(s->at);
  moment_destroy(s->from);
  pending_destroy(s->pending);
  system_destroy(s->sys);
  presenter_destroy(s->presenter);
  state_destroy(s->state);
  model_destroy(s->model);
  partition_destroy(s->part);
  network_destroy(s->net);
  dataset_destroy(s->data);
  job_destroy(s->job);
}

/* Matrix k of the state, gathered whole: a rank adds its rows to zeros. Collective. */
static void gather(const struct scene *s, int k, double *whole)
{
  const struct synapse *syn = &s->model->synapse[k];
  const struct matrix *M = &s->state->matrix[k];
  long lo, hi;

  memset(whole, 0, (size_t)(syn->rows * syn->cols) * sizeof *whole);
  partition_rows(s->part, syn->layer, s->part->rank, &lo, &hi);
  for (long i = lo; i < hi; i++)
    for (long j = 0; j < syn->cols; j++) whole[i * syn->cols + j] = matrix_at(M, i - lo, j);
  MPI_Allreduce(MPI_IN_PLACE, whole, (int)(syn->rows * syn->cols), MPI_DOUBLE, MPI_SUM, s->comm);
}

static void gather_all(const struct scene *s)
{
  for (int k = 0; k < s->model->synapses; k++) gather(s, k, s->M[k]);
}

/* The integral of b from the start of the presentation to u: with v = u/ramp, ramp (v^3 - v^4/2)
 * in the ramp. */
static double blend_integral(double u)
{
  const double v = fmin(u / RAMP, 1);

  return RAMP * v * v * v * (1 - v / 2) + fmax(u - RAMP, 0);
}

/* x(t) or its average, as b or its average blends it. */
static void blend_input(const struct scene *s, double b, double *input)
{
  for (long j = 0; j < INPUTS; j++)
    input[j] = (1 - b) * s->presenter->x_from[j] + b * s->presenter->x_to[j];
}

/* A number of size 1: a function of presentation, step, stage, kind and place. */
static double number(const struct scene *s, int step, int stage, int kind, long i)
{
  return rng_normal(4, RNG_NOISE, (uint64_t)(stage + 100 * kind), (uint64_t)i,
                    (uint64_t)step + 1000 * (uint64_t)s->presenter->p);
}

/* New values, drives and averages of all stages at time u. Everybody knows them whole; on the
 * routes they start from their owners. Collective. */
static void draw(struct scene *s, int step, double u)
{
  const struct node spare = s->last;
  const int drawn = s->pairs && step > 0 && step % 2 == 0 ? step - 1 : step; /* of the means */

  moment_copy(s->sys, s->at, s->from);
  s->last = s->now;
  s->now = spare;
  s->now.u = s->at->u = u;
  for (int k = 0; k < s->model->stages; k++) {
    long lo, hi;

    for (long i = 0; i < s->net->n[s->model->stage[k].layer]; i++) {
      s->now.value[k][i] = number(s, step, k, 0, i);
      s->now.drive[k][i] = number(s, step, k, 1, i);
      s->now.mean[k][i] = number(s, drawn, k, 2, i);
    }
    system_rows(s->sys, k, &lo, &hi);
    for (long i = lo; i < hi; i++) {
      s->at->value[k][i] = s->now.value[k][i];
      s->at->drive[k][i] = s->now.drive[k][i];
      s->at->mean[k][i] = s->now.mean[k][i];
    }
    system_share_value(s->sys, k);
  }
  blend_input(s, presenter_blend(s->presenter, u), s->now.input);
  if (step == 0) return;
  const double gained = blend_integral(u) - blend_integral(s->last.u);
  blend_input(s, gained / (u - s->last.u), s->now.input_mean);
}

static void meet(const struct scene *s)
{
  for (int k = 0; k < system_stages(s->sys); k++)
    if (system_uses(s->sys, k)) pending_meet(s->pending, k, s->at->value[k]);
}

static const double *pre_of(const struct synapse *syn, const struct node *node)
{
  return syn->pre == INPUT ? node->input : node->value[syn->pre];
}

static bool learns(const struct scene *s, int k)
{
  return s->sys->learning && s->model->synapse[k].learns;
}

/* Element (i, j) of what synapse k learns from at one time. */
static double outer(const struct scene *s, int k, const struct node *node, long i, long j)
{
  const struct synapse *syn = &s->model->synapse[k];
  const double *post = syn->post_drive ? node->drive[syn->post] : node->value[syn->post];

  return learns(s, k) ? post[i] * pre_of(syn, node)[j] / syn->tau_pot : 0;
}

/* The same of the averages over the last step. Of a drive the two ends are all that is known. */
static double outer_mean(const struct scene *s, int k, long i, long j)
{
  const struct synapse *syn = &s->model->synapse[k];
  const double *pre = syn->pre == INPUT ? s->now.input_mean : s->now.mean[syn->pre];
  const double post = syn->post_drive
                          ? (s->last.drive[syn->post][i] + s->now.drive[syn->post][i]) / 2
                          : s->now.mean[syn->post][i];

  return learns(s, k) ? post * pre[j] / syn->tau_pot : 0;
}

static double kept(const struct scene *s, int k, double h)
{
  const struct synapse *syn = &s->model->synapse[k];

  return learns(s, k) ? exp(-h / syn->tau_dec) : 1;
}

/* The step from the last node to this one, written into all matrices. */
static void write_step(struct scene *s, double h)
{
  for (int k = 0; k < s->model->synapses; k++) {
    const long rows = s->model->synapse[k].rows, cols = s->model->synapse[k].cols;

    for (long i = 0; i < rows; i++)
      for (long j = 0; j < cols; j++) {
        double *w = &s->M[k][i * cols + j];

        *w = kept(s, k, h) * *w + kept(s, k, h / 2) * h * outer_mean(s, k, i, j);
      }
  }
}

/* Is the pending product of synapse k with the present values that of the written matrix, to within
 * the tolerance times the sum of the magnitudes of all terms? With a step ahead, the written matrix
 * is that of the last node, and gains what that node alone makes of the step. */
static bool product_agrees(const struct scene *s, int k, double ahead, double tolerance)
{
  const struct synapse *syn = &s->model->synapse[k];
  const double *pre = pre_of(syn, &s->now);
  double *out = fail_alloc((size_t)padded(syn->rows), sizeof *out);
  bool good = true;
  long lo, hi;

  pending_product(s->pending, k, s->now.u, ahead, NULL, out);
  partition_rows(s->part, syn->layer, s->part->rank, &lo, &hi);
  for (long i = 0; i < syn->rows; i++) {
    double sum = 0, size = 0;

    for (long j = 0; j < syn->cols && i >= lo && i < hi; j++) {
      double w = s->M[k][i * syn->cols + j];

      if (ahead > 0) w = kept(s, k, ahead) * (w + ahead * outer(s, k, &s->last, i, j));
      sum += w * pre[j];
      size += fabs(w * pre[j]);
    }
    if (!(fabs(out[i] - sum) <= tolerance * size)) {
      if (good) fprintf(stderr, "synapse %d, row %ld: %g off by %g\n", k, i, sum, out[i] - sum);
      good = false;
    }
  }
  free(out);
  return good;
}

/* All products in use: without learning those of errors are not. */
static bool products_agree(const struct scene *s, double ahead, double tolerance)
{
  bool good = true;

  for (int k = 0; k < s->model->synapses; k++)
    if (s->model->synapse[k].pre < system_stages(s->sys))
      good = product_agrees(s, k, ahead, tolerance) && good;
  return good;
}

/* The folded matrices against the written ones, relative to the largest element. Collective. */
static bool matrices_agree(const struct scene *s, double tolerance)
{
  bool good = true;

  for (int k = 0; k < s->model->synapses; k++) {
    const long count = s->model->synapse[k].rows * s->model->synapse[k].cols;
    double *whole = fail_alloc((size_t)count, sizeof *whole), largest = 0, worst = 0;

    gather(s, k, whole);
    for (long i = 0; i < count; i++) {
      largest = fmax(largest, fabs(s->M[k][i]));
      worst = fmax(worst, fabs(whole[i] - s->M[k][i]));
    }
    if (!(worst <= tolerance * largest)) {
      fprintf(stderr, "matrix %d: off by %g of %g\n", k, worst, largest);
      good = false;
    }
    free(whole);
  }
  return good;
}

/* Do drifts tell the second step of a pair from the first, on all ranks, and may only it join? The
 * first step of a presentation has nothing to join. Collective. */
static bool joins_are_right(const struct scene *s, int step, double h)
{
  const int stages = s->model->stages;
  double drift[16], size[16];
  bool good = true;

  for (int k = 0; k < stages; k++) {
    drift[k] = pending_drift(s->pending, k, s->at->mean[k]);
    size[k] = 1;
  }
  MPI_Allreduce(MPI_IN_PLACE, drift, stages, MPI_DOUBLE, MPI_MAX, s->comm);
  for (int k = 0; k < stages; k++) /* nothing learns from the output's activity */
    good = good && (k == s->model->output || (step == 1       ? isinf(drift[k])
                                              : step % 2 == 0 ? drift[k] == 0
                                                              : drift[k] > 0.1));
  return good && pending_may_join(s->pending, h, drift, size, 1e-9, 1) == (step % 2 == 0);
}

/* Accept the step. With late averages all that others own is wrong at first. */
static void accept(const struct scene *s, int step, double h)
{
  for (int k = 0; s->late && k < system_stages(s->sys); k++) {
    const long n = s->net->n[s->model->stage[k].layer];
    long lo, hi;

    system_rows(s->sys, k, &lo, &hi);
    for (long i = 0; s->at->mean[k] && i < n; i++)
      if (i < lo || i >= hi) s->at->mean[k][i] = -7;
  }
  pending_accept(s->pending, h, s->pairs && step % 2 == 0, s->from, s->at);
  for (int k = 0; k < system_stages(s->sys); k++) pending_amend(s->pending, k, s->now.mean[k]);
}

/* One presentation. Before each step the products with the guess of what it adds, after it the
 * products with what it made of the weights; at the end the fold. Collective. */
static bool present(struct scene *s, long p, double tolerance)
{
  const double T = s->presenter->duration;
  bool good = true;

  system_begin(s->sys, p);
  draw(s, 0, 0);
  pending_begin(s->pending);
  meet(s);
  pending_first(s->pending, s->at);
  good = products_agree(s, 0, tolerance) && good;
  for (int step = 1; step <= STEPS; step++) {
    const double h = T / STEPS * (step % 2 ? 1.5 : 0.5);

    draw(s, step, step == STEPS ? T : s->now.u + h);
    meet(s);
    good = products_agree(s, h, tolerance) && good;
    write_step(s, h);
    good = (!s->pairs || joins_are_right(s, step, h)) && good;
    accept(s, step, h);
    meet(s);
    good = products_agree(s, 0, tolerance) && good;
  }
  pending_fold(s->pending);
  return matrices_agree(s, tolerance) && good;
}

/* Presentations 0 (from a dark input), 1 and, out of order, 4. Collective. */
static bool present_all(struct scene *s, double tolerance)
{
  bool good = true;

  gather_all(s);
  for (int k = 0; k < 3; k++) good = present(s, k < 2 ? k : 4, tolerance) && good;
  return good;
}

/* Does a network with these keys agree, on all ranks together? Collective. */
static bool agrees(const char *kp, const char *times, const char *network, double tolerance)
{
  struct scene s = scene(MPI_COMM_WORLD, kp, times, network);
  const bool good = present_all(&s, tolerance);

  end(&s);
  return agree(MPI_COMM_WORLD, good);
}

START_TEST(pending_products_are_those_of_written_weights)
{
  ck_assert(agrees("rule: kp", equal, "", 1e-13));
}
END_TEST

START_TEST(feedback_has_constants_of_its_own)
{
  ck_assert(agrees("rule: kp", unequal, "", 1e-13));
}
END_TEST

START_TEST(direct_feedback_multiplies_the_output_error)
{
  ck_assert(agrees("rule: kp, routing: direct", unequal, "", 1e-13));
}
END_TEST

START_TEST(feedback_can_learn_from_the_drive)
{
  const bool good = agrees("rule: kp, feedback_drive: s", unequal, "", 1e-13);

  ck_assert(agrees("rule: kp, feedback_drive: s, routing: direct", unequal, "", 1e-13) && good);
}
END_TEST

START_TEST(fixed_feedback_stays_as_it_is)
{
  const bool good = agrees("rule: fa", unequal, "", 1e-13);

  ck_assert(agrees("rule: dfa", unequal, "", 1e-13) && good);
}
END_TEST

START_TEST(single_precision_is_right_to_its_own_precision)
{
  ck_assert(agrees("rule: kp", unequal, ", weights: single", 3e-6));
}
END_TEST

START_TEST(frozen_weights_do_not_change)
{
  struct scene s = scene(MPI_COMM_WORLD, "rule: kp", unequal, "");

  s.sys->learning = false;
  bool good = present_all(&s, 1e-13);
  good = matrices_agree(&s, 0) && good; /* to the bit */
  end(&s);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(averages_may_arrive_after_the_step_was_accepted)
{
  static const char *const kps[] = {"rule: kp", "rule: kp, routing: direct, feedback_drive: s"};
  bool good = true;

  for (int k = 0; k < 2; k++) {
    struct scene s = scene(MPI_COMM_WORLD, kps[k], unequal, "");

    s.late = true;
    good = present_all(&s, 1e-13) && good;
    end(&s);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* The decay of two steps is then that of their common middle, hence the slow one here. */
START_TEST(steps_of_equal_averages_join_without_loss)
{
  static const char slow[] = "tau_pot: 200 ms, tau_dec: 1000 s";
  struct scene s = scene(MPI_COMM_WORLD, "rule: kp", slow, "");

  s.pairs = true;
  bool good = present_all(&s, 1e-10);
  s.late = true;
  good = present_all(&s, 1e-10) && good;
  end(&s);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Largest change of any weight over the presentations: the facts above must be about something. */
START_TEST(the_weights_of_these_tests_do_change)
{
  struct scene s = scene(MPI_COMM_WORLD, "rule: kp", unequal, "");
  bool good = present_all(&s, 1e-13);

  for (int k = 0; k < s.model->synapses; k++) {
    const long count = s.model->synapse[k].rows * s.model->synapse[k].cols;
    double *before = fail_alloc((size_t)count, sizeof *before), change = 0, size = 0;
    struct scene fresh = scene(MPI_COMM_WORLD, "rule: kp", unequal, "");

    gather(&fresh, k, before);
    for (long i = 0; i < count; i++) {
      change = fmax(change, fabs(s.M[k][i] - before[i]));
      size = fmax(size, fabs(before[i]));
    }
    good = good && change > 0.3 * size;
    end(&fresh);
    free(before);
  }
  end(&s);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Is V_l to the bit the transpose of W_{l+1}? Collective. */
static bool tied(const struct scene *s)
{
  const int L = s->net->L;
  bool same = true;

  for (int l = 1; l < L; l++) {
    const long n = s->net->n[l], m = s->net->n[l + 1];
    double *W = fail_alloc((size_t)(n * m), sizeof *W), *V = fail_alloc((size_t)(n * m), sizeof *V);

    gather(s, l, W);
    gather(s, L + l - 1, V);
    for (long i = 0; i < n; i++)
      for (long j = 0; j < m; j++) same = same && V[i * m + j] == W[j * n + i];
    free(W);
    free(V);
  }
  return same;
}

START_TEST(a_transpose_stays_the_transpose_to_the_bit)
{
  static const char *const kps[] = {"rule: sgd", "rule: kp, feedback_init: transpose"};
  bool good = true;

  for (int k = 0; k < 4; k++) {
    struct scene s = scene(MPI_COMM_WORLD, kps[k % 2], equal, k / 2 ? ", weights: single" : "");

    good = tied(&s) && good;
    good = present_all(&s, k / 2 ? 3e-6 : 1e-13) && good;
    good = tied(&s) && good;
    end(&s);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static unsigned long long print_of(const struct scene *s)
{
  struct field *fields;
  const int count = state_fields(s->state, STATE_WEIGHTS, &fields);
  const unsigned long long print = store_fingerprint(s->comm, count, fields);

  state_free_fields(count, fields);
  return print;
}

START_TEST(folded_weights_do_not_depend_on_the_rank_count)
{
  static const char *const kps[] = {"rule: kp", "rule: kp, routing: direct, feedback_drive: s"};
  bool good = true;

  for (int k = 0; k < 4; k++) {
    const char *network = k / 2 ? ", weights: single" : "";
    const double tolerance = k / 2 ? 3e-6 : 1e-13;
    struct scene all = scene(MPI_COMM_WORLD, kps[k % 2], unequal, network);
    struct scene alone = scene(MPI_COMM_SELF, kps[k % 2], unequal, network);

    good = present_all(&all, tolerance) && good;
    good = present_all(&alone, tolerance) && good;
    good = print_of(&all) == print_of(&alone) && good;
    end(&all);
    end(&alone);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  int rank;

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Suite *suite = suite_create("pending");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, pending_products_are_those_of_written_weights);
  tcase_add_test(facts, feedback_has_constants_of_its_own);
  tcase_add_test(facts, direct_feedback_multiplies_the_output_error);
  tcase_add_test(facts, feedback_can_learn_from_the_drive);
  tcase_add_test(facts, fixed_feedback_stays_as_it_is);
  tcase_add_test(facts, single_precision_is_right_to_its_own_precision);
  tcase_add_test(facts, frozen_weights_do_not_change);
  tcase_add_test(facts, averages_may_arrive_after_the_step_was_accepted);
  tcase_add_test(facts, steps_of_equal_averages_join_without_loss);
  tcase_add_test(facts, the_weights_of_these_tests_do_change);
  tcase_add_test(facts, a_transpose_stays_the_transpose_to_the_bit);
  tcase_add_test(facts, folded_weights_do_not_depend_on_the_rank_count);
  return suite_run(runner);
}
