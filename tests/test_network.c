/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial weights obey their laws and are alike on any number of ranks; the functions of one
 * unit. */
#include "agree.h"
#include "dense.h"
#include "rng.h"
#include "state.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

static int rank;

/* Everything between a job and its initial weights. */
struct scene {
  struct job *job;
  struct network *net;
  struct partition *part;
  struct model *model;
  struct state *state;
};

static struct scene scene(MPI_Comm comm, const char *network, const char *rest)
{
  struct faults faults = {0};
  struct scene s;
  char *text = fail_text("network: {%s}\n"
                         "data: {set: glyphs}\n"
                         "present: {samples: 1}\n%s\n",
                         network, rest);

  s.job = job_parse(text, "test", ".", 0, NULL, &faults);
  CHECK(faults.count == 0, "%s", faults.text);
  s.net = network_create(s.job);
  s.part = partition_create(s.net, comm);
  s.model = model_create(s.job, s.net, s.part);
  s.state = state_create(s.model);
  state_initialise(s.state, s.job);
  free(text);
  return s;
}

static void end(struct scene *s)
{
  state_destroy(s->state);
  model_destroy(s->model);
  partition_destroy(s->part);
  network_destroy(s->net);
  job_destroy(s->job);
}

static unsigned long long print_of(const struct scene *s)
{
  struct field *fields;
  const int count = state_fields(s->state, STATE_WEIGHTS, &fields);
  const unsigned long long print = store_fingerprint(s->part->comm, count, fields);

  state_free_fields(count, fields);
  return print;
}

/* Mean, variance and kurtosis of a matrix, and its largest element. */
struct moments {
  double N, mean, variance, kurtosis, largest;
};

static struct moments moments_of(const struct matrix *M)
{
  struct moments m = {.N = (double)(M->rows * M->cols)};

  for (long i = 0; i < M->rows; i++)
    for (long j = 0; j < M->cols; j++) {
      const double w = matrix_at(M, i, j);

      m.mean += w / m.N;
      m.variance += w * w / m.N;
      m.kurtosis += pow(w, 4) / m.N;
      m.largest = fmax(m.largest, fabs(w));
    }
  m.kurtosis /= m.variance * m.variance;
  return m;
}

/* Within five standard errors of mean 0, this variance, and the kurtosis of a normal or, flat, of a
 * uniform distribution. */
static bool obeys(const struct matrix *M, double variance, bool flat)
{
  const struct moments m = moments_of(M);
  const double kurtosis = flat ? 1.8 : 3, root = sqrt(m.N);
  const bool good = fabs(m.mean) < 5 * sqrt(variance) / root &&
                    fabs(m.variance / variance - 1) < 5 * sqrt(kurtosis - 1) / root &&
                    fabs(m.kurtosis - kurtosis) < 5 * sqrt(24) / root;

  if (!good)
    fprintf(stderr, "%ld x %ld: mean %g, variance %g of %g, kurtosis %g\n", M->rows, M->cols,
            m.mean, m.variance, variance, m.kurtosis);
  return good;
}

/* Variance of an element by law, as the job's manual says it. */
static double law_variance(const char *law, double in, double out)
{
  switch (law[0]) {
  case 'h':
    return 2 / in;
  case 'n':
    return 1 / out;
  case 'k':
    return 1 / (3 * in);
  case 'l':
    return 1 / in;
  default:
    return 2 / (in + out);
  }
}

START_TEST(independent_weights_have_the_moments_of_their_law)
{
  static const char *const laws[] = {"xavier",          "xavier_uniform",  "he",
                                     "norm_preserving", "kaiming_uniform", "lecun"};
  bool good = true;

  for (int k = 0; k < 6; k++) {
    char *text = fail_text("widths: [230, 150, 90, 120], gain: 1.5, init: %s", laws[k]);
    struct scene s = scene(MPI_COMM_SELF, text, "");

    for (int syn = 0; syn < s.model->synapses; syn++) {
      const double in = (double)s.model->synapse[syn].cols,
                   out = (double)s.model->synapse[syn].rows;

      good = obeys(&s.state->matrix[syn], 2.25 * law_variance(laws[k], in, out),
                   strstr(laws[k], "uniform")) &&
             good;
    }
    end(&s);
    free(text);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(uniform_weights_fill_their_bounds)
{
  bool good = true;

  for (int kaiming = 0; kaiming < 2; kaiming++) {
    char *text = fail_text("widths: [230, 150, 90], gain: 3, init: %s_uniform",
                           kaiming ? "kaiming" : "xavier");
    struct scene s = scene(MPI_COMM_SELF, text, "");

    for (int k = 0; k < s.model->synapses; k++) {
      const struct synapse *syn = &s.model->synapse[k];
      const double in = (double)syn->cols, out = (double)syn->rows;
      const double bound = 3 * (kaiming ? 1 / sqrt(in) : sqrt(6 / (in + out)));
      const double largest = moments_of(&s.state->matrix[k]).largest;

      good = good && largest < bound && largest > 0.999 * bound;
    }
    end(&s);
    free(text);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Document 002 C.1: of a normal x, |W x|^2 is |x|^2 on average with norm_preserving whatever the
 * shape, and n_out/(3 n_in) of it with kaiming_uniform. That average is |W|_F^2 / n_in. */
START_TEST(norms_are_preserved_by_rows_and_shrink_with_kaiming)
{
  bool good = true;

  for (int kaiming = 0; kaiming < 2; kaiming++) {
    char *text = fail_text("widths: [300, 100, 200], init: %s",
                           kaiming ? "kaiming_uniform" : "norm_preserving");
    struct scene s = scene(MPI_COMM_SELF, text, "");

    for (int k = 0; k < 2; k++) {
      const struct matrix *W = &s.state->matrix[k];
      const struct moments m = moments_of(W);
      const double in = (double)W->cols, out = (double)W->rows;
      const double share = m.N * m.variance / in, law = kaiming ? out / (3 * in) : 1;

      good = good && fabs(share / law - 1) < 5 * sqrt(2 / m.N);
    }
    end(&s);
    free(text);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Largest deviation of the rows' (or columns') inner products from those of orthonormal ones. */
static double deviation(const struct matrix *M, double gain)
{
  const bool wide = M->rows <= M->cols;
  const long few = wide ? M->rows : M->cols, many = wide ? M->cols : M->rows;
  double worst = 0;

  for (long a = 0; a < few; a++)
    for (long b = 0; b < few; b++) {
      double dot = 0;

      for (long k = 0; k < many; k++)
        dot += wide ? matrix_at(M, a, k) * matrix_at(M, b, k)
                    : matrix_at(M, k, a) * matrix_at(M, k, b);
      worst = fmax(worst, fabs(dot / (gain * gain) - (a == b)));
    }
  return worst;
}

START_TEST(orthogonal_weights_are_orthonormal_times_the_gain)
{
  bool good = true;

  for (int k = 1; k <= 3; k++) {
    char *text = fail_text("widths: [40, 25, 60, 60, 1, 10], init: orthogonal, gain: %d", k);
    struct scene s = scene(MPI_COMM_SELF, text, "");

    for (int syn = 0; syn < s.model->synapses; syn++)
      good = good && deviation(&s.state->matrix[syn], k) < 1e-12;
    end(&s);
    free(text);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* A = Q R if there are more rows than columns, else A' = Q' R, R triangular with a positive
 * diagonal: this makes Q unique and, for a Gaussian A, equally likely in all directions. */
START_TEST(orthonormalising_leaves_a_triangle_with_a_positive_diagonal)
{
  static const long shapes[][2] = {{30, 12}, {12, 30}, {20, 20}, {1, 5}, {5, 1}};
  bool good = true;

  for (int k = 0; k < 5; k++) {
    const long rows = shapes[k][0], cols = shapes[k][1];
    const bool tall = rows > cols;
    double *A = fail_alloc((size_t)(rows * cols), sizeof *A);
    double *Q = fail_alloc((size_t)(rows * cols), sizeof *Q);

    for (long i = 0; i < rows * cols; i++)
      A[i] = Q[i] = rng_normal(2, RNG_WEIGHT, (uint64_t)k, 0, (uint64_t)i);
    dense_orthonormalise(rows, cols, Q);
    for (long a = 0; a < (tall ? cols : rows); a++)
      for (long b = 0; b <= a; b++) { /* column a of Q with column b of A; or rows */
        double r = 0;

        for (long i = 0; i < (tall ? rows : cols); i++)
          r += tall ? Q[i * cols + a] * A[i * cols + b] : Q[a * cols + i] * A[b * cols + i];
        good = good && (a == b ? r > 1e-3 : fabs(r) < 1e-12);
      }
    free(A);
    free(Q);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Is V_l the transpose of W_{l+1}, for every l? */
static bool tied(const struct scene *s)
{
  const int L = s->net->L;
  bool same = true;

  for (int l = 1; l < L; l++) {
    const struct matrix *W = &s->state->matrix[l], *V = &s->state->matrix[L + l - 1];

    same = same && V->rows == W->cols && V->cols == W->rows;
    for (long i = 0; same && i < V->rows; i++)
      for (long j = 0; j < V->cols; j++) same = same && matrix_at(V, i, j) == matrix_at(W, j, i);
  }
  return same;
}

static const char *const inits[] = {
    "xavier",          "xavier_uniform",  "he",    "orthogonal",
    "norm_preserving", "kaiming_uniform", "lecun", "orthogonal, weights: single"};
enum { INITS = sizeof inits / sizeof inits[0] };

static const char *const feedbacks[] = {
    "kp: {rule: sgd}", "kp: {feedback_init: transpose}", "kp: {feedback_init: random}",
    "kp: {feedback_init: constant, feedback_value: -0.3}", "kp: {rule: dfa}"};
enum { FEEDBACKS = sizeof feedbacks / sizeof feedbacks[0] };

static struct scene combination(MPI_Comm comm, int k)
{
  char *text =
      fail_text("widths: [23, 17, 5, 1, 40, 11], gain: 0.7, init: %s", inits[k / FEEDBACKS]);
  struct scene s = scene(comm, text, feedbacks[k % FEEDBACKS]);

  free(text);
  return s;
}

START_TEST(transposed_feedback_is_the_transpose_to_the_bit)
{
  bool good = true;

  for (int k = 0; k < INITS * FEEDBACKS; k++) {
    struct scene s = combination(MPI_COMM_SELF, k);

    good = good && tied(&s) == (k % FEEDBACKS < 2);
    end(&s);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(weights_do_not_depend_on_the_rank_count)
{
  bool good = true;

  for (int k = 0; k < INITS * FEEDBACKS; k++) {
    struct scene all = combination(MPI_COMM_WORLD, k), alone = combination(MPI_COMM_SELF, k);

    if (print_of(&all) != print_of(&alone)) {
      if (rank == 0) fprintf(stderr, "%s, %s\n", inits[k / FEEDBACKS], feedbacks[k % FEEDBACKS]);
      good = false;
    }
    end(&all);
    end(&alone);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(constant_feedback_is_constant_and_leaves_w_alone)
{
  struct scene s = scene(MPI_COMM_SELF, "widths: [23, 17, 5, 11]",
                         "kp: {feedback_init: constant, feedback_value: -0.3}");
  struct scene other = scene(MPI_COMM_SELF, "widths: [23, 17, 5, 11]", "");
  bool good = true;

  for (int k = 0; k < s.model->synapses; k++) {
    const struct matrix *M = &s.state->matrix[k], *N = &other.state->matrix[k];

    for (long i = 0; i < M->rows; i++)
      for (long j = 0; j < M->cols; j++)
        good = good && matrix_at(M, i, j) == (k < 3 ? matrix_at(N, i, j) : -0.3);
  }
  end(&s);
  end(&other);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(single_precision_is_the_rounded_double)
{
  bool good = true;

  for (int k = 0; k < INITS - 1; k++) {
    char *a = fail_text("widths: [23, 17, 5, 11], init: %s", inits[k]);
    char *b = fail_text("%s, weights: single", a);
    struct scene s = scene(MPI_COMM_SELF, a, ""), t = scene(MPI_COMM_SELF, b, "");

    for (int syn = 0; syn < s.model->synapses; syn++) {
      const struct matrix *M = &s.state->matrix[syn], *N = &t.state->matrix[syn];

      good = good && !M->single && N->single;
      for (long i = 0; i < M->rows; i++)
        for (long j = 0; j < M->cols; j++)
          good = good && (float)matrix_at(M, i, j) == (float)matrix_at(N, i, j);
    }
    end(&s);
    end(&t);
    free(a);
    free(b);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(seeds_layers_and_directions_have_weights_of_their_own)
{
  struct scene s = scene(MPI_COMM_SELF, "widths: [9, 9, 9, 9]", "seed: 1");
  struct scene t = scene(MPI_COMM_SELF, "widths: [9, 9, 9, 9]", "seed: 2");
  const struct matrix *M[10];
  bool good = s.model->synapses == 5;

  for (int k = 0; k < 5; k++) {
    M[k] = &s.state->matrix[k];
    M[k + 5] = &t.state->matrix[k];
  }
  for (int a = 0; a < 10; a++)
    for (int b = 0; b < a; b++)
      for (long i = 0; i < 9; i++)
        for (long j = 0; j < 9; j++)
          good = good && matrix_at(M[a], i, j) != matrix_at(M[b], i, j) &&
                 (i == j || matrix_at(M[a], i, j) != matrix_at(M[a], j, i));
  end(&s);
  end(&t);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(values_start_at_zero_and_padding_is_zero)
{
  struct scene s = scene(MPI_COMM_WORLD, "widths: [23, 17, 5, 11]", "");
  bool good = true;

  for (int k = 0; k < s.model->stages; k++) {
    long lo, hi;

    partition_rows(s.part, s.model->stage[k].layer, rank, &lo, &hi);
    for (long i = 0; i < hi - lo; i++) good = good && s.state->value[k][i] == 0;
  }
  for (int k = 0; k < s.model->synapses; k++) {
    const struct matrix *M = &s.state->matrix[k];

    good = good && M->ld == padded(M->cols);
    for (long i = 0; i < M->rows; i++)
      for (long j = M->cols; j < M->ld; j++) good = good && matrix_at(M, i, j) == 0;
  }
  end(&s);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(the_largest_weight_is_infinite_if_any_is_no_number)
{
  static const double bad[] = {NAN, INFINITY, -INFINITY};
  struct scene s = scene(MPI_COMM_SELF, "widths: [23, 17, 5, 11]", "");
  struct matrix *M = &s.state->matrix[1];
  bool good = matrix_largest(M) == moments_of(M).largest;

  for (long at = 0; at < M->rows * M->cols; at++) {
    const double kept = matrix_at(M, at / M->cols, at % M->cols);

    matrix_set(M, at / M->cols, at % M->cols, bad[at % 3]);
    good = good && matrix_largest(M) == INFINITY;
    matrix_set(M, at / M->cols, at % M->cols, kept);
  }
  end(&s);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(activations_and_their_slopes_are_as_defined)
{
  bool good = true;

  for (int k = -30; k <= 30; k++) {
    const double s = k / 10.;

    good = good && phi_value(PHI_RELU, INFINITY, s) == fmax(s, 0) &&
           phi_value(PHI_CLIPPED_RELU, 1, s) == fmin(fmax(s, 0), 1) &&
           phi_value(PHI_TANH, 1, s) == tanh(s) && phi_value(PHI_LINEAR, 1, s) == s;
    good = good && phi_slope(PHI_RELU, INFINITY, s) == (k > 0) &&
           phi_slope(PHI_CLIPPED_RELU, 1, s) == (k > 0 && k < 10) &&
           fabs(phi_slope(PHI_TANH, 1, s) - 1 / (cosh(s) * cosh(s))) < 4 * DBL_EPSILON &&
           phi_slope(PHI_LINEAR, 1, s) == 1;
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Suite *suite = suite_create("network");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, independent_weights_have_the_moments_of_their_law);
  tcase_add_test(facts, uniform_weights_fill_their_bounds);
  tcase_add_test(facts, norms_are_preserved_by_rows_and_shrink_with_kaiming);
  tcase_add_test(facts, orthogonal_weights_are_orthonormal_times_the_gain);
  tcase_add_test(facts, orthonormalising_leaves_a_triangle_with_a_positive_diagonal);
  tcase_add_test(facts, transposed_feedback_is_the_transpose_to_the_bit);
  tcase_add_test(facts, weights_do_not_depend_on_the_rank_count);
  tcase_add_test(facts, constant_feedback_is_constant_and_leaves_w_alone);
  tcase_add_test(facts, single_precision_is_the_rounded_double);
  tcase_add_test(facts, seeds_layers_and_directions_have_weights_of_their_own);
  tcase_add_test(facts, values_start_at_zero_and_padding_is_zero);
  tcase_add_test(facts, the_largest_weight_is_infinite_if_any_is_no_number);
  tcase_add_test(facts, activations_and_their_slopes_are_as_defined);
  return suite_run(runner);
}
