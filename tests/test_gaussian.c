/* SPDX-License-Identifier: BSD-3-Clause */
/* Gaussian samples, and targets made of samples: their laws, and that they are the same whoever
 * asks for which part of them. */
#include "lab.h"
#include "sets.h"
#include "suite.h"
#include <sys/resource.h>

static int rank, size;

/* Sums of powers of numbers that should be standard normal. */
struct moments {
  double N, power[5];
};

static void add_to(struct moments *m, double scale, long n, const double *v)
{
  for (long k = 0; k < n; k++)
    for (int p = 1; p <= 4; p++) m->power[p] += pow(v[k] * scale, p);
  m->N += (double)n;
}

/* Within five standard errors. */
static bool are_normal(const struct moments *m, const char *what)
{
  static const double mean[5] = {1, 0, 1, 0, 3}, variance[5] = {0, 1, 2, 15, 96};
  bool good = true;

  for (int p = 1; p <= 4; p++)
    good = good && fabs(m->power[p] / m->N - mean[p]) < 5 * sqrt(variance[p] / m->N);
  if (!good)
    fprintf(stderr, "%s: %g %g %g %g of %g\n", what, m->power[1] / m->N, m->power[2] / m->N,
            m->power[3] / m->N, m->power[4] / m->N, m->N);
  return good;
}

START_TEST(samples_and_independent_targets_are_normal)
{
  enum { IN = 40, OUT = 30, SAMPLES = 1000 };
  struct dataset *ds = set_open(".", "40, 30", "set: gaussian, target: independent");
  struct moments x_moments[2] = {{0}}, y_moments[2] = {{0}}, cross = {0};
  double x[IN], y[OUT], last[IN] = {0};

  for (int s = TRAIN; s <= TEST; s++)
    for (long i = 0; i < SAMPLES; i++) {
      dataset_sample(ds, (enum split)s, i, x);
      dataset_target(ds, (enum split)s, i, y);
      add_to(&x_moments[s], 1, IN, x);
      add_to(&y_moments[s], 1, OUT, y);
      for (int k = 0; k < OUT; k++) cross.power[1] += x[k] * y[k];
      for (int k = 0; k < IN; k++) cross.power[2] += x[k] * last[k];
      for (int k = 1; k < IN; k++) cross.power[3] += x[k] * x[k - 1];
      memcpy(last, x, sizeof x);
    }
  bool good = true;
  for (int s = TRAIN; s <= TEST; s++)
    good = good && are_normal(&x_moments[s], "x") && are_normal(&y_moments[s], "y");
  for (int p = 1; p <= 3; p++) /* x and y; a sample and the next; an element and the next */
    good = good && fabs(cross.power[p]) < 5 * sqrt(2. * SAMPLES * (p == 1 ? OUT : IN));
  good = good && ds->classes == 0 && ds->target == TARGET_INDEPENDENT;
  dataset_destroy(ds);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(samples_and_targets_depend_on_seed_split_and_index_only)
{
  static const char *const targets[] = {"teacher", "independent", "input"};
  bool good = true;

  for (int k = 0; k < 3; k++) {
    char *few = fail_text("set: gaussian, target: %s, train: 50, test: 20", targets[k]);
    char *all = fail_text("set: gaussian, target: %s", targets[k]);
    struct dataset *a = set_open(".", "6, 6", few), *b = set_open(".", "6, 6", all);
    double x[4][6], y[4][6];

    good = good && a->count[TRAIN] == 50 && a->count[TEST] == 20 && b->count[TRAIN] == 1000000000 &&
           b->count[TEST] == 1000;
    for (long i = 19; i >= 0; i--) {
      const struct dataset *const set[4] = {a, b, a, a};
      const enum split split[4] = {TRAIN, TRAIN, TEST, TRAIN};
      for (int c = 0; c < 4; c++) {
        dataset_sample(set[c], split[c], i + c / 3, x[c]);
        dataset_target(set[c], split[c], i + c / 3, y[c]);
        for (int j = 0; c > 1 && j < 6; j++)
          good = good && x[c][j] != x[0][j] && y[c][j] != y[0][j];
      }
      good = good && memcmp(x[0], x[1], sizeof x[0]) == 0 && memcmp(y[0], y[1], sizeof y[0]) == 0;
      good = good && (memcmp(x[0], y[0], sizeof x[0]) == 0) == (k == 2);
    }
    dataset_destroy(a);
    dataset_destroy(b);
    free(few);
    free(all);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* y = W_data x in plain loops, for any set of samples, of both splits. */
START_TEST(a_teacher_answers_with_its_matrix)
{
  static const char *const sets[] = {"set: gaussian", "set: glyphs, target: teacher"};
  enum { IN = 37, OUT = 29 };
  bool good = true;

  for (int k = 0; k < 2; k++) {
    struct dataset *ds = set_open(".", "37, 4, 29", sets[k]);
    double W[OUT][IN], x[IN], y[OUT];

    good = good && ds->target == TARGET_TEACHER && ds->classes == 0;
    dataset_teacher(ds, 0, OUT, W[0]);
    for (long i = 0; i < 10; i++) {
      const enum split split = i % 2 ? TEST : TRAIN;

      dataset_sample(ds, split, i, x);
      dataset_target(ds, split, i, y);
      for (int r = 0; r < OUT; r++) {
        double sum = 0;

        for (int c = 0; c < IN; c++) sum += W[r][c] * x[c];
        good = good && fabs(sum - y[r]) < 1e-14 * IN;
      }
    }
    dataset_destroy(ds);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(a_teachers_matrix_has_the_variance_of_its_law)
{
  enum { IN = 300, OUT = 200 };
  struct dataset *ds = set_open(".", "300, 200", "set: gaussian");
  double *W = fail_alloc(IN * OUT, sizeof *W);
  struct moments m = {0};

  dataset_teacher(ds, 0, OUT, W);
  add_to(&m, sqrt(IN), IN * OUT, W); /* fan-in: outputs are as large as inputs */
  const bool good = are_normal(&m, "W");
  free(W);
  dataset_destroy(ds);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Each rank asks for rows of its own; together they are what one has that asks for all. */
START_TEST(rows_of_targets_are_the_same_whoever_asks)
{
  static const char *const sets[] = {"set: gaussian", "set: gaussian, target: independent",
                                     "set: gaussian, target: input", "set: glyphs"};
  enum { OUT = 10 };
  const long lo = OUT * rank / size, hi = OUT * (rank + 1) / size;
  bool good = true;

  for (int k = 0; k < 4; k++) {
    struct dataset *mine = set_open(".", "10, 10", sets[k]),
                   *all = set_open(".", "10, 10", sets[k]);
    double y[OUT], W[OUT * OUT];

    for (long i = 0; i < 5; i++) {
      double parts[OUT] = {0};

      dataset_target_rows(mine, TRAIN, i, lo, hi, parts + lo);
      MPI_Allreduce(MPI_IN_PLACE, parts, OUT, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
      dataset_target(all, TRAIN, i, y);
      for (int j = 0; j < OUT; j++) good = good && parts[j] == y[j];
    }
    if (k == 0) {
      double parts[OUT * OUT] = {0};

      dataset_teacher(mine, lo, hi, parts + lo * OUT);
      MPI_Allreduce(MPI_IN_PLACE, parts, OUT * OUT, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
      dataset_teacher(all, 0, OUT, W);
      good = good && memcmp(parts, W, sizeof W) == 0;
    }
    dataset_destroy(mine);
    dataset_destroy(all);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Peak memory in MB so far. */
static long peak(void)
{
  struct rusage use;

  getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss / 1024;
}

/* A billion samples; and ten rows of a teacher of 16384 x 16384, which has 2 GiB. */
START_TEST(what_nobody_asks_for_costs_no_memory)
{
  enum { WIDE = 16384 };
  const long before = peak();
  struct dataset *ds = set_open(".", "16384, 16384", "set: gaussian");
  double *x = fail_alloc(WIDE, sizeof *x), *W = fail_alloc(WIDE, sizeof *W), y[10], sum = 0;

  dataset_target_rows(ds, TRAIN, 999999999, WIDE - 10, WIDE, y);
  dataset_sample(ds, TRAIN, 999999999, x);
  dataset_teacher(ds, WIDE - 1, WIDE, W);
  for (int j = 0; j < WIDE; j++) sum += W[j] * x[j];
  const bool good = peak() - before < 30 && fabs(sum - y[9]) < 1e-12;
  free(x);
  free(W);
  dataset_destroy(ds);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
  set_refused(".", "5, 5", "set: gaussian, order: shuffled",
              "data.order = shuffled: of 1000000000 training samples, and a permutation may have "
              "at most 100000000: needs sequential, or a smaller data.train (test:3)");
  set_refused(".", "5, 5", "set: gaussian, target: label",
              "data.target = label: the gaussian data set has no labels");
  set_refused(".", "5, 5", "set: gaussian, target: y",
              "data.target = y: the gaussian data set has no real targets");
  set_refused(".", "5, 5", "set: gaussian, target: by_set",
              "data.set = gaussian: has neither labels nor real targets; it can do with");
  set_refused(".", "5, 6", "set: gaussian, target: input",
              "network.widths[1] = 6: must be 5, the length of data.target = input");
}
END_TEST

/* Without decay the one fixed point of the delta rule is W_data; each sample is seen once. */
START_TEST(a_network_becomes_its_teacher)
{
  enum { IN = 5, OUT = 3 };
  const char *settings = "data.set=gaussian network.widths=[5,3] kp.output_error=squared "
                         "kp.tau_pot=0.5 kp.tau_dec=1e12 solver.name=discrete";
  struct lab *lab = lab_create(MPI_COMM_WORLD, "%s", settings);
  const bool shown = lab_show(lab, 0, 1000);
  struct picture *p = picture_create(lab);
  double W[OUT * IN], most = 0;

  dataset_teacher(lab->s->data, 0, OUT, W);
  for (int k = 0; k < OUT * IN; k++) most = fmax(most, fabs(W[k] - p->W[1].a[k]));
  const struct evaluation test = evaluator_run(lab->s->evaluator, NULL);
  const unsigned long long print = lab_fingerprint(lab);
  struct lab *alone = lab_create(MPI_COMM_SELF, "%s", settings);

  lab_show(alone, 0, 1000);
  const bool good = shown && most < 1e-6 && test.loss < 1e-10 && isnan(test.accuracy) &&
                    lab_fingerprint(alone) == print;
  if (rank == 0 && !good) fprintf(stderr, "off by %g, loss %g\n", most, test.loss);
  picture_destroy(p);
  lab_destroy(lab);
  lab_destroy(alone);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  Suite *suite = suite_create("gaussian");
  TCase *facts = tcase_create("facts");

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  suite_add_tcase(suite, facts);
  tcase_set_timeout(facts, 0);
  tcase_add_test(facts, samples_and_independent_targets_are_normal);
  tcase_add_test(facts, samples_and_targets_depend_on_seed_split_and_index_only);
  tcase_add_test(facts, a_teacher_answers_with_its_matrix);
  tcase_add_test(facts, a_teachers_matrix_has_the_variance_of_its_law);
  tcase_add_test(facts, rows_of_targets_are_the_same_whoever_asks);
  tcase_add_test(facts, what_nobody_asks_for_costs_no_memory);
  tcase_add_test(facts, what_cannot_be_is_refused);
  tcase_add_test(facts, a_network_becomes_its_teacher);
  return suite_run(srunner_create(suite));
}
