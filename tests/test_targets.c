/* SPDX-License-Identifier: BSD-3-Clause */
/* What a network should answer: labels, real targets of a file, the sample itself; which of them
 * are refused; and that networks learn them. */
#include "lab.h"
#include "own_file.h"
#include "sets.h"
#include "suite.h"
#include <unistd.h>

static int rank;
static char folder[] = "/tmp/tauflow-targets-XXXXXX";

static struct dataset *set(const char *widths, const char *data)
{
  return set_open(folder, widths, data);
}

static void refuses(const char *widths, const char *data, const char *part)
{
  set_refused(folder, widths, data, part);
}

/* --- files --- */

enum { N = 4, M = 2, IN = 3, OUT = 5, PARTS = 6 };
enum { TRAIN_X, TRAIN_Y, TRAIN_LABEL, TEST_X, TEST_Y, TEST_LABEL };

static const double x_train[N][IN] = {{1, 2, 3}, {4, 5, 6}, {7, 8, -9.125}, {1e-3, 0, 1e9}};
static const double y_train[N][OUT] = {{0.1, -2, 3, 0, 5}, {1e-300, 7, 0, -0.1, 9}, {0}, {1, 2}};
static const double x_test[M][IN] = {{3, 2, 1}, {-4, 0.5, 6}};
static const float y_test[M][OUT] = {{1, 0.5f, -3, 4, 1e30f}, {-1, 0, 0.25f, 4, 5}};
static const int label_train[N] = {0, 2, 1, 0}, label_test[M] = {3, 1};

static void good_parts(struct part parts[PARTS])
{
  const struct part good[PARTS] = {
      {"/train/x", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, x_train, {N, IN}, 2},
      {"/train/y", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, y_train, {N, OUT}, 2},
      {"/train/label", H5T_STD_I64LE, H5T_NATIVE_INT, label_train, {N}, 1},
      {"/test/x", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, x_test, {M, IN}, 2},
      {"/test/y", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, y_test, {M, OUT}, 2},
      {"/test/label", H5T_STD_U8LE, H5T_NATIVE_INT, label_test, {M}, 1},
  };

  memcpy(parts, good, sizeof good);
}

static void drop_parts(struct part parts[PARTS], int a, int b)
{
  parts[a].name = parts[b].name = NULL;
}

/* Write my.h5. Collective. */
static void put(const struct part parts[PARTS])
{
  own_file_put(folder, PARTS, parts);
}

/* Is the target of a sample this, to the bit? */
static bool is_target(const struct dataset *ds, enum split split, long index, const double *y)
{
  double got[64];

  dataset_target(ds, split, index, got);
  return memcmp(got, y, (size_t)ds->outputs * sizeof *y) == 0;
}

START_TEST(a_label_is_one_among_zeros)
{
  static const char *const sets[] = {"set: glyphs", "set: glyphs, target: label",
                                     "set: file, path: my.h5, target: label"};
  struct part parts[PARTS];
  bool good = true;

  good_parts(parts);
  put(parts);
  for (int k = 0; k < 3; k++) {
    struct dataset *ds = set(k < 2 ? "64, 10" : "3, 10", sets[k]);

    good = good && ds->target == TARGET_LABEL && ds->outputs == 10;
    for (long i = 0; i < 4; i++) {
      double y[10] = {0};

      y[dataset_label(ds, TRAIN, i)] = 1;
      good = good && is_target(ds, TRAIN, i, y);
    }
    dataset_destroy(ds);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* With labels beside them and without. */
START_TEST(own_targets_come_back_to_the_bit)
{
  struct part parts[PARTS];
  bool good = true;

  for (int labels = 0; labels < 2; labels++) {
    good_parts(parts);
    if (!labels) drop_parts(parts, TRAIN_LABEL, TEST_LABEL);
    put(parts);
    struct dataset *ds = set("3, 7, 5", "set: file, path: my.h5, train: 3");

    good = good && ds->target == TARGET_Y && ds->width == OUT && ds->outputs == OUT &&
           ds->classes == (labels ? 4 : 0) && ds->count[TRAIN] == 3 && ds->count[TEST] == M;
    for (long i = 2; i >= 0; i--) {
      good = good && is_target(ds, TRAIN, i, y_train[i]);
      if (labels) good = good && dataset_label(ds, TRAIN, i) == label_train[i];
    }
    for (long i = 0; i < M; i++) {
      double y[OUT];

      for (int k = 0; k < OUT; k++) y[k] = (double)y_test[i][k];
      good = good && is_target(ds, TEST, i, y);
    }
    dataset_destroy(ds);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Labels are no use then, and nothing but /train/x and /test/x need be there. */
START_TEST(an_autoencoder_is_to_answer_with_its_input)
{
  struct part parts[PARTS];
  bool good = true;

  good_parts(parts);
  drop_parts(parts, TRAIN_LABEL, TEST_LABEL);
  drop_parts(parts, TRAIN_Y, TEST_Y);
  put(parts);
  for (int own = 0; own < 2; own++) {
    struct dataset *ds = own ? set("3, 2, 3", "set: file, path: my.h5, target: input")
                             : set("49, 5, 49", "set: glyphs, target: input");
    double x[49];

    good = good && ds->classes == 0 && ds->outputs == ds->inputs && ds->target == TARGET_INPUT;
    for (long i = 0; i < 2; i++) {
      dataset_sample(ds, TEST, i, x);
      good = good && is_target(ds, TEST, i, x);
    }
    dataset_destroy(ds);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(targets_a_set_does_not_have_are_refused)
{
  struct part parts[PARTS];

  refuses("64, 10", "set: glyphs, target: y",
          "data.target = y: the glyphs data set has no real targets (test:3)");
  refuses("64, 10", "set: glyphs, target: input",
          "network.widths[1] = 10: must be 64, the length of data.target = input (test:2)");
  good_parts(parts);
  put(parts);
  refuses("3, 4", "set: file, path: my.h5",
          "network.widths[1] = 4: must be 5, the length of data.target = y");
  drop_parts(parts, TRAIN_LABEL, TEST_LABEL);
  put(parts);
  refuses("3, 5", "set: file, path: my.h5, target: label",
          "data.target = label: the file data set has no labels");
  drop_parts(parts, TRAIN_Y, TEST_Y);
  put(parts);
  refuses("3, 5", "set: file, path: my.h5", "data.set = file: has neither labels nor real targets");
  refuses("3, 5", "set: file, path: my.h5, target: y", "the file data set has no real targets");
}
END_TEST

/* The parts as they are now must be refused; afterwards they are good again. Collective. */
static void spoils(struct part parts[PARTS], const char *message)
{
  put(parts);
  refuses("3, 5", "set: file, path: my.h5", message);
  good_parts(parts);
}

START_TEST(broken_own_targets_are_refused)
{
  const int many[N] = {0, 5, 0, 0};
  double bad[N][OUT] = {{0}};
  struct part parts[PARTS];

  good_parts(parts);
  parts[TEST_Y].name = NULL;
  spoils(parts, "my.h5: has no dataset /test/y");
  parts[TRAIN_Y].name = NULL;
  spoils(parts, "my.h5: has no dataset /train/y");
  bad[2][1] = NAN;
  parts[TRAIN_Y].values = bad;
  spoils(parts, "my.h5: /train/y[2][1] = nan: must be finite");
  parts[TRAIN_Y].dims[0] = N - 1;
  spoils(parts, "my.h5: /train/y has 3 rows: must be 4, as /train/x");
  parts[TEST_Y].dims[1] = OUT - 1;
  spoils(parts, "/train/y has rows of 5 numbers and /test/y of 4: must be alike");
  parts[TEST_Y].rank = 1;
  spoils(parts, "/test/y has 1 dimension, or an empty one: must be [N][n_L]");
  parts[TRAIN_Y].file_type = parts[TRAIN_Y].type = H5T_C_S1;
  parts[TRAIN_Y].values = NULL;
  spoils(parts, "/train/y must hold whole or floating-point numbers");
  parts[TRAIN_Y].dims[1] = (hsize_t)1 << 50;
  parts[TRAIN_Y].values = NULL;
  spoils(parts, "/train/y claims 4 x 1125899906842624 numbers of 8 bytes: more than the file");
  parts[TRAIN_LABEL].values = many;
  spoils(parts, "network.widths[1] = 5: the file data set has 6 classes");
}
END_TEST

/* --- networks that learn them --- */

enum { SAMPLES = 32 };
static const double A[2][IN] = {{0.5, -1, 0.25}, {2, 0.125, -0.75}};

/* linear.h5: y = A x; with labels that are the sign of y_0 if asked for. Collective. */
static void put_linear(bool labels)
{
  static double x[SAMPLES * IN], y[SAMPLES * 2];
  static int label[SAMPLES];

  for (int p = 0; p < SAMPLES; p++) {
    for (int j = 0; j < IN; j++) x[p * IN + j] = sin(1 + 3 * p + 7 * j + p * j);
    for (int i = 0; i < 2; i++) {
      y[p * 2 + i] = 0;
      for (int j = 0; j < IN; j++) y[p * 2 + i] += A[i][j] * x[p * IN + j];
    }
    label[p] = y[p * 2 + 1] > y[p * 2];
  }
  struct part parts[PARTS] = {
      {"/train/x", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, x, {SAMPLES, IN}, 2},
      {"/train/y", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, y, {SAMPLES, 2}, 2},
      {"/train/label", H5T_STD_I32LE, H5T_NATIVE_INT, label, {SAMPLES}, 1},
      {"/test/x", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, x, {SAMPLES, IN}, 2},
      {"/test/y", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, y, {SAMPLES, 2}, 2},
      {"/test/label", H5T_STD_I32LE, H5T_NATIVE_INT, label, {SAMPLES}, 1},
  };

  if (!labels) drop_parts(parts, TRAIN_LABEL, TEST_LABEL);
  put(parts);
}

/* Without decay the one fixed point of the delta rule is A. The largest |W - A| after learning. */
static double off(const struct lab *lab)
{
  struct picture *p = picture_create(lab);
  double most = 0;

  for (int i = 0; i < 2; i++)
    for (int j = 0; j < IN; j++) most = fmax(most, fabs(p->W[1].a[i * IN + j] - A[i][j]));
  picture_destroy(p);
  return most;
}

START_TEST(squared_error_learns_real_targets)
{
  static const char *const solvers[] = {"discrete", "discrete", "cascade", "lockstep"};
  bool good = true;

  for (int k = 0; k < 4; k++) {
    put_linear(k == 0);
    struct lab *lab = lab_create(MPI_COMM_WORLD,
                                 "data.path=%s/my.h5 network.widths=[3,2] kp.output_error=squared "
                                 "kp.tau_pot=0.2 kp.tau_dec=1e12 present.ramp=0 solver.name=%s",
                                 folder, solvers[k]);
    const bool shown = lab_show(lab, 0, 600);
    const struct evaluation got = evaluator_run(lab->s->evaluator, NULL);
    const double miss = off(lab);

    if (rank == 0 && miss > 1e-6) fprintf(stderr, "%s: off by %g\n", solvers[k], miss);
    good = good && shown && miss < 1e-6 && got.loss < 1e-12 &&
           (k == 0 ? got.accuracy == 1 : isnan(got.accuracy));
    lab_destroy(lab);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* y*(t) is the blend of the two real targets, and the loss is by the true one, late or not. */
START_TEST(real_targets_move_as_inputs_do)
{
  struct lab *lab = NULL;
  bool good = true;

  put_linear(false);
  for (int late = -1; late <= 1; late++) {
    lab = lab_create(MPI_COMM_WORLD,
                     "data.path=%s/my.h5 network.widths=[3,2] kp.output_error=squared "
                     "data.order=sequential present.label_delay=%g",
                     folder, 0.05 * late);
    struct presenter *pr = lab->s->presenter;
    for (long p = 3; p < 40; p++) {
      const double u = 0.0005, b = presenter_blend(pr, u);
      double now[2], then[2], truth[2], y[2];

      presenter_begin(pr, p);
      dataset_target(lab->s->data, TRAIN, p % SAMPLES, truth);
      dataset_target(lab->s->data, TRAIN, (p - late) % SAMPLES, now);
      dataset_target(lab->s->data, TRAIN, (p - late - 1) % SAMPLES, then);
      presenter_target(pr, u, 0, y);
      for (int i = 0; i < 2; i++)
        good = good && b > 0.1 && b < 0.9 && fabs(y[i] - (1 - b) * then[i] - b * now[i]) < 1e-15 &&
               presenter_truth(pr)[i] == truth[i];
      good = good && presenter_label(pr) == -1;
    }
    lab_destroy(lab);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  Suite *suite = suite_create("targets");
  TCase *facts = tcase_create("facts");

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) CHECK(mkdtemp(folder), "no scratch folder %s", folder);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
  suite_add_tcase(suite, facts);
  tcase_set_timeout(facts, 0);
  tcase_add_test(facts, a_label_is_one_among_zeros);
  tcase_add_test(facts, own_targets_come_back_to_the_bit);
  tcase_add_test(facts, an_autoencoder_is_to_answer_with_its_input);
  tcase_add_test(facts, targets_a_set_does_not_have_are_refused);
  tcase_add_test(facts, broken_own_targets_are_refused);
  tcase_add_test(facts, squared_error_learns_real_targets);
  tcase_add_test(facts, real_targets_move_as_inputs_do);
  const int failed = suite_run(srunner_create(suite));
  char *path = fail_text("%s/my.h5", folder);

  if (rank == 0) unlink(path);
  if (rank == 0) rmdir(folder);
  free(path);
  return failed;
}
