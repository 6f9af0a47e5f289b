/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets: what they contain, and what is refused. Files are made up here, in a scratch folder;
 * the published ones are looked at only when the environment has TAUFLOW_DATA. */
#include "own_file.h"
#include "sets.h"
#include <math.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

static int rank;
static char folder[] = "/tmp/tauflow-dataset-XXXXXX";

static struct dataset *set(const char *widths, const char *data)
{
  return set_open(folder, widths, data);
}

static void refuses(const char *widths, const char *data, const char *part)
{
  set_refused(folder, widths, data, part);
}

/* Write a file into the scratch folder, on rank 0; then all may go on. Collective. */
static void put(const char *name, const void *bytes, size_t n, bool gzipped)
{
  char *path = fail_text("%s/%s", folder, name);

  if (rank == 0) {
    gzFile f = gzopen(path, gzipped ? "wb" : "wbT");

    CHECK(f && gzwrite(f, bytes, (unsigned)n) == (int)n && gzclose(f) == Z_OK, "%s", path);
  }
  free(path);
  MPI_Barrier(MPI_COMM_WORLD);
}

static void drop(const char *name)
{
  char *path = fail_text("%s/%s", folder, name);

  if (rank == 0) unlink(path);
  free(path);
  MPI_Barrier(MPI_COMM_WORLD);
}

static bool is_alike(const struct dataset *a, enum split sa, long ia, const struct dataset *b,
                     enum split sb, long ib)
{
  size_t n = (size_t)a->inputs;
  double *x = fail_alloc(2 * n, sizeof *x);

  dataset_sample(a, sa, ia, x);
  dataset_sample(b, sb, ib, x + n);
  bool alike = memcmp(x, x + n, n * sizeof *x) == 0;
  free(x);
  return alike;
}

START_TEST(generated_samples_depend_on_seed_split_and_index_only)
{
  static const char *const names[][2] = {{"256, 10", "set: glyphs"}, {"2, 2", "set: circles"}};
  const char *widths = names[_i][0];
  char *more = fail_text("%s, train: 50, test: 2000", names[_i][1]);
  struct dataset *a = set(widths, names[_i][1]), *b = set(widths, more);

  ck_assert_int_eq(a->count[TRAIN], 10000);
  ck_assert_int_eq(a->count[TEST], 1000);
  ck_assert_int_eq(b->count[TRAIN], 50);
  ck_assert_int_eq(b->count[TEST], 2000);
  for (long i = 49; i >= 0; i--) {
    ck_assert(is_alike(a, TRAIN, i, b, TRAIN, i));
    ck_assert(!is_alike(a, TRAIN, i, a, TEST, i));
    ck_assert(!is_alike(a, TRAIN, i, a, TRAIN, i + 1));
    ck_assert_int_eq(dataset_label(a, TEST, i), dataset_label(b, TEST, i));
  }
  dataset_destroy(a);
  dataset_destroy(b);
  free(more);
}
END_TEST

START_TEST(glyphs_are_balanced_and_not_in_turn)
{
  struct dataset *ds = set("64, 10", "set: glyphs");
  int times[10] = {0}, in_turn = 0;

  for (long i = 0; i < 10000; i++) {
    times[dataset_label(ds, TRAIN, i)]++;
    in_turn += dataset_label(ds, TRAIN, i) == i % 10;
  }
  for (int c = 0; c < 10; c++) ck_assert_int_eq(times[c], 1000);
  ck_assert_int_lt(in_turn, 1200);
  ck_assert_int_gt(in_turn, 800);
  dataset_destroy(ds);
}
END_TEST

START_TEST(glyphs_feed_any_input_width)
{
  for (int n = 1; n < 200; n += 11) {
    char *widths = fail_text("%d, 10", n);
    struct dataset *ds = set(widths, "set: glyphs");
    double *x = fail_alloc((size_t)n + 1, sizeof *x), most = 0;

    x[n] = -1;
    for (long i = 0; i < 20; i++) {
      dataset_sample(ds, TRAIN, i, x);
      for (int k = 0; k < n; k++) {
        ck_assert(x[k] >= 0 && x[k] <= 1);
        most = fmax(most, x[k]);
      }
    }
    ck_assert_int_eq(ds->inputs, n);
    ck_assert(x[n] == -1 && most > 0.5);
    dataset_destroy(ds);
    free(x);
    free(widths);
  }
}
END_TEST

/* Each test sample goes to the class whose mean training sample is nearest: far better than chance,
 * and far from perfect. */
START_TEST(glyphs_look_like_their_class)
{
  struct dataset *ds = set("256, 10", "set: glyphs, side: 16, train: 3000");
  double mean[10][256] = {{0}}, x[256];
  int right = 0;

  for (long i = 0; i < 3000; i++) {
    dataset_sample(ds, TRAIN, i, x);
    for (int k = 0; k < 256; k++) mean[dataset_label(ds, TRAIN, i)][k] += x[k] / 300;
  }
  for (long i = 0; i < 1000; i++) {
    double nearest = INFINITY;
    int guess = -1;

    dataset_sample(ds, TEST, i, x);
    for (int c = 0; c < 10; c++) {
      double square = 0;

      for (int k = 0; k < 256; k++) square += (x[k] - mean[c][k]) * (x[k] - mean[c][k]);
      if (square < nearest) nearest = square, guess = c;
    }
    right += guess == dataset_label(ds, TEST, i);
  }
  ck_assert_int_gt(right, 600);
  ck_assert_int_lt(right, 950);
  dataset_destroy(ds);
}
END_TEST

START_TEST(circles_are_two_rings_with_a_quarter_inside)
{
  struct dataset *ds = set("2, 5, 2", "set: circles");
  double x[2], centre[2] = {0}, spread = 0;
  int inside = 0;

  for (long i = 0; i < 10000; i++) {
    int label = dataset_label(ds, TRAIN, i);

    dataset_sample(ds, TRAIN, i, x);
    double off = hypot(x[0], x[1]) - (label == 1 ? 0.5 : 1);

    ck_assert_double_lt(fabs(off), 6 * 0.05);
    spread += off * off / 10000;
    centre[0] += x[0] / 10000;
    centre[1] += x[1] / 10000;
    inside += label;
  }
  ck_assert_int_eq(inside, 2500);
  ck_assert_double_eq_tol(sqrt(spread), 0.05, 0.005);
  ck_assert_double_lt(hypot(centre[0], centre[1]), 0.04);
  dataset_destroy(ds);
}
END_TEST

START_TEST(circles_have_the_radius_and_the_scatter_asked_for)
{
  struct dataset *ds = set("2, 5, 2", "set: circles, inner: 0.8, scatter: 0.01");
  double x[2], spread = 0;

  for (long i = 0; i < 10000; i++) {
    dataset_sample(ds, TRAIN, i, x);
    const double off = hypot(x[0], x[1]) - (dataset_label(ds, TRAIN, i) == 1 ? 0.8 : 1);
    spread += off * off / 10000;
  }
  ck_assert_double_eq_tol(sqrt(spread), 0.01, 0.001);
  dataset_destroy(ds);
}
END_TEST

START_TEST(circles_for_three_inputs_are_the_same_with_a_constant)
{
  struct dataset *ds = set("2, 5, 2", "set: circles"), *more = set("3, 5, 2", "set: circles");
  double x[2], y[3];

  for (long i = 0; i < 100; i++) {
    dataset_sample(ds, TRAIN, i, x);
    dataset_sample(more, TRAIN, i, y);
    ck_assert(y[0] == x[0] && y[1] == x[1] && y[2] == 1);
    ck_assert_int_eq(dataset_label(ds, TRAIN, i), dataset_label(more, TRAIN, i));
  }
  dataset_destroy(ds);
  dataset_destroy(more);
}
END_TEST

START_TEST(the_network_must_fit_the_set)
{
  refuses("100, 10", "set: glyphs, side: 12",
          "network.widths[0] = 100: the glyphs data set has 144 inputs");
  refuses("64, 3, 9", "set: glyphs", "network.widths[2] = 9: the glyphs data set has 10 classes");
  refuses("4, 2", "set: circles", "network.widths[0] = 4: the circles data set has 2 inputs");
  refuses("2, 10", "set: circles", "network.widths[1] = 10: the circles data set has 2 classes");
}
END_TEST

enum { PIXELS = 784, TRAINING = 6, TESTING = 2 };
static unsigned char images[16 + TRAINING * PIXELS], labels[8 + TRAINING];

static void big_endian(unsigned char *at, uint32_t word)
{
  for (int k = 0; k < 4; k++) at[k] = (unsigned char)(word >> (24 - 8 * k));
}

/* Images of all kinds a packer can meet: white, black, dense, sparse, alternating. */
static void fill_idx(uint32_t count)
{
  uint32_t dice = 1;

  big_endian(images, 0x803);
  big_endian(images + 4, count);
  big_endian(images + 8, 28);
  big_endian(images + 12, 28);
  big_endian(labels, 0x801);
  big_endian(labels + 4, count);
  for (uint32_t i = 0; i < count; i++) labels[8 + i] = (unsigned char)(9 - i);
  for (uint32_t k = 0; k < count * PIXELS; k++) {
    uint32_t kind = k / PIXELS, spot = k % PIXELS;

    dice = dice * 1664525 + 1013904223;
    images[16 + k] = (unsigned char)(kind == 0   ? 0
                                     : kind == 1 ? 255
                                     : kind == 2 ? dice >> 24
                                     : kind == 3 ? (dice >> 28 == 0) * 200
                                     : kind == 4 ? spot % 3 == 0
                                                 : (spot == 0 || spot == 783) * 77);
  }
}

static void put_mnist(bool gzipped)
{
  const char *end = gzipped ? ".gz" : "";
  const char *const name[4] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                               "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

  for (int k = 3; k >= 0; k--) {
    uint32_t count = k < 2 ? TRAINING : TESTING;
    char *file = fail_text("%s%s", name[k], end),
         *other = fail_text("%s%s", name[k], ".gz" + 3 * gzipped);

    fill_idx(count);
    drop(other);
    put(file, k % 2 ? labels : images, k % 2 ? 8 + count : 16 + count * PIXELS, gzipped);
    free(file);
    free(other);
  }
}

START_TEST(mnist_gives_back_every_pixel_and_label)
{
  put_mnist(_i == 1);
  struct dataset *ds = set("784, 10", "set: mnist, path: .");
  double x[PIXELS];

  ck_assert_int_eq(ds->count[TRAIN], TRAINING);
  ck_assert_int_eq(ds->count[TEST], TESTING);
  for (long i = TRAINING - 1; i >= 0; i--) {
    dataset_sample(ds, TRAIN, i, x);
    for (int k = 0; k < PIXELS; k++) ck_assert(x[k] == images[16 + i * PIXELS + k] / 255.0);
    ck_assert_int_eq(dataset_label(ds, TRAIN, i), 9 - i);
  }
  ck_assert(is_alike(ds, TEST, 1, ds, TRAIN, 1));
  dataset_destroy(ds);
}
END_TEST

START_TEST(mnist7_averages_tiles_of_four_by_four)
{
  put_mnist(false);
  struct dataset *ds = set("49, 10", "set: mnist7, path: ., train: 3");
  double x[49];

  ck_assert_int_eq(ds->count[TRAIN], 3);
  dataset_sample(ds, TRAIN, 2, x);
  for (int i = 0; i < 7; i++)
    for (int j = 0; j < 7; j++) {
      double mean = 0;

      for (int k = 0; k < 16; k++)
        mean += images[16 + 2 * PIXELS + (4 * i + k / 4) * 28 + 4 * j + k % 4] / 16.0 / 255;
      ck_assert_double_eq_tol(x[7 * i + j], mean, 1e-14);
    }
  dataset_destroy(ds);
}
END_TEST

/* Overwrite one of the four files, and the fault must name it and say this. Collective. */
static void breaks(const char *name, const void *bytes, size_t n, bool gzipped, const char *part)
{
  char *whole = fail_text("%s/./%s%s", folder, name, part);

  put(name, bytes, n, gzipped);
  refuses("784, 10", "set: mnist, path: .", whole);
  free(whole);
  put_mnist(false);
}

START_TEST(broken_idx_files_are_refused)
{
  const char *const train = "train-images-idx3-ubyte", *const named = "train-labels-idx1-ubyte";
  const size_t whole = 16 + TRAINING * PIXELS;

  put_mnist(false);
  breaks(train, images, whole - 1, false, ": ends after 4719 bytes; too short for the 6 images");
  breaks(train, images, 9, false, ": ends after 9 bytes; too short for an IDX header");
  breaks(train, images, 0, false, ": ends after 0 bytes; too short for an IDX header");
  breaks(train, labels, 8 + TRAINING, false, ": ends after 14 bytes");
  breaks(named, images, whole, false, ": starts with 0x00000803");
  breaks("t10k-images-idx3-ubyte", images, whole, false, "");
  big_endian(images + 12, 27);
  breaks(train, images, whole, false, ": has images of 28 x 27 pixels: must be 28 x 28");
  big_endian(images + 4, TRAINING - 1);
  big_endian(labels + 4, TRAINING - 1);
  put(named, labels, 8 + TRAINING - 1, false);
  drop(train);
  breaks("train-images-idx3-ubyte.gz", images, whole, true,
         ": goes on after byte 3936, where its header says it ends");
  big_endian(labels + 4, TRAINING - 2);
  breaks(named, labels, 8 + TRAINING - 2, false, ": has 4 labels: must be as many as the 6 images");
  labels[10] = 10;
  breaks(named, labels, 8 + TRAINING, false, ": label 2 is 10: must be 0 to 9");
  big_endian(labels + 4, 0);
  breaks(named, labels, 8, false, ": holds nothing");
}
END_TEST

START_TEST(damaged_gzip_files_are_refused)
{
  unsigned char squeezed[16 + TRAINING * PIXELS] = {0};
  char *path = fail_text("%s/train-images-idx3-ubyte.gz", folder);
  size_t n = 0;

  put_mnist(true);
  if (rank == 0) {
    FILE *f = fopen(path, "rb");

    n = fread(squeezed, 1, sizeof squeezed, f);
    fclose(f);
  }
  squeezed[n > 5 ? n - 6 : 0] ^= 1; /* in the checksum */
  put("train-images-idx3-ubyte.gz", squeezed, n, false);
  refuses("784, 10", "set: mnist, path: .", "cannot be read beyond byte");
  squeezed[n > 5 ? n - 6 : 0] ^= 1;
  put("train-images-idx3-ubyte.gz", squeezed, n > 2 ? n - 3 : 0, false);
  refuses("784, 10", "set: mnist, path: .", "cannot be read beyond byte");
  put("train-images-idx3-ubyte.gz", squeezed, n / 2, false);
  refuses("784, 10", "set: mnist, path: .", "cannot be read beyond byte");
  put_mnist(false);
  drop("train-images-idx3-ubyte.gz");
  free(path);
}
END_TEST

/* Peak memory in MB so far. */
static long peak(void)
{
  struct rusage use;

  getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss / 1024;
}

START_TEST(a_header_that_lies_costs_no_memory)
{
  put_mnist(false);
  long before = peak();

  big_endian(images + 4, UINT32_MAX);
  big_endian(labels + 4, UINT32_MAX);
  put("train-labels-idx1-ubyte", labels, 8 + TRAINING, false);
  put("train-images-idx3-ubyte", images, 16 + TRAINING * PIXELS, false);
  refuses("784, 10", "set: mnist, path: .", "too short for the 4294967295 images");
  ck_assert(agree(MPI_COMM_WORLD, peak() - before < 100));
  put_mnist(false);
}
END_TEST

START_TEST(more_samples_than_there_are_is_refused)
{
  put_mnist(false);
  refuses("784, 10", "set: mnist, path: ., train: 7",
          "data.train = 7: the training split of the mnist data set has 6 samples");
  refuses("784, 10", "set: mnist, path: ., test: 3",
          "data.test = 3: the test split of the mnist data set has 2 samples");
  refuses("783, 10", "set: mnist, path: .", "network.widths[0] = 783: the mnist data set has 784");
}
END_TEST

START_TEST(missing_files_say_where_to_point)
{
  put_mnist(false);
  drop("t10k-labels-idx1-ubyte");
  refuses("784, 10", "set: mnist, path: .",
          "No such file or directory, with or without .gz; "
          "set data.path to the folder of the file, or the "
          "environment variable TAUFLOW_DATA");
  char *data = getenv("TAUFLOW_DATA"), *kept = data ? fail_text("%s", data) : NULL;

  unsetenv("TAUFLOW_DATA");
  refuses("784, 10", "set: mnist", "Set data.path to their folder, or the environment variable");
  refuses("64, 10", "set: digits", "TAUFLOW_DATA to the folder that holds digits/");
  refuses("64, 10", "set: file", "data.path must name the HDF5 file");
  if (kept) setenv("TAUFLOW_DATA", kept, 1);
  free(kept);
}
END_TEST

/* Rows of a UCI file: pixels 0, 1, ... 16, 0, ... and the row's number as label. */
static char *digits_text(int rows)
{
  char *text = fail_alloc((size_t)rows * 65 * 4, 1), *at = text;

  for (int i = 0; i < rows; i++)
    for (int k = 0; k < 65; k++)
      at += sprintf(at, "%d%c", k < 64 ? (k + i) % 17 : i, k < 64 ? ',' : '\n');
  return text;
}

START_TEST(digits_are_read_plain_and_gzipped)
{
  char *text = digits_text(5);
  double x[64];

  put("optdigits.tra", text, strlen(text), false);
  put("digits.csv.gz", text, strlen(text) - 1, true); /* no newline at the end */
  struct dataset *ds = set("64, 10", "set: digits, path: ., train: 3");

  ck_assert_int_eq(ds->count[TRAIN], 3);
  ck_assert_int_eq(ds->count[TEST], 5);
  for (long i = 0; i < 5; i++) {
    dataset_sample(ds, TEST, i, x);
    for (int k = 0; k < 64; k++) ck_assert(x[k] == (int)((k + i) % 17) / 16.0);
    ck_assert_int_eq(dataset_label(ds, TEST, i), i);
  }
  ck_assert(is_alike(ds, TEST, 2, ds, TRAIN, 2));
  dataset_destroy(ds);
  refuses("64, 10", "set: digits, path: ., test: 6",
          "data.test = 6: the test split of the digits data set has 5 samples");
  free(text);
}
END_TEST

/* Replace a part of a good file, and it must be refused. Collective. */
static void spoils(const char *old, const char *new, const char *part)
{
  char *text = digits_text(5), *at = strstr(text, old);
  char *spoilt = fail_text("%.*s%s%s", (int)(at - text), text, new, at + strlen(old));

  put("digits.csv.gz", text, strlen(text), true);
  put("optdigits.tra", spoilt, strlen(spoilt), false);
  refuses("64, 10", "set: digits, path: .", part);
  free(spoilt);
  free(text);
}

START_TEST(broken_digits_are_refused)
{
  char long_line[2000];

  memset(long_line, '0', sizeof long_line - 1);
  long_line[sizeof long_line - 1] = '\0';
  spoils("\n3,", "\n17,", "optdigits.tra:4: pixel 1 is 17: must be 0 to 16");
  spoils("\n3,", "\n-1,", "optdigits.tra:4: pixel 1 is -1");
  spoils("\n3,", "\n3.0,",
         "optdigits.tra:4: must be 65 whole numbers with commas between; wrong at");
  spoils("\n3,", "\n", "wrong at number 64");
  spoils("\n3,", "\n1,3,", "wrong at number 65");
  spoils("\n3,", "\n\n3,", "optdigits.tra:4: must be 65");
  spoils("\n3,", "\nx,", "wrong at number 1");
  spoils(",4\n", ",10\n", "optdigits.tra:5: label, column 65 is 10: must be 0 to 9");
  spoils(",4\n", ",4\njunk", "optdigits.tra:6");
  spoils("\n3,", long_line, "optdigits.tra:3: the line is longer than");
  put("optdigits.tra", "", 0, false);
  refuses("64, 10", "set: digits, path: .", "optdigits.tra: is empty");
}
END_TEST

static const double x_train[4][3] = {{1, 2, 3}, {4, 5, 6}, {7, 8, -9.125}, {1e-3, 0, 1e9}};
static const float x_test[2][3] = {{1, 2, 3}, {-4, 0.5f, 6}};
static const int label_train[4] = {0, 2, 1, 0};
static const unsigned char label_test[2] = {3, 1};

/* Write my.h5 with all parts but those whose name is NULL. Collective. */
static void put_h5(const struct part parts[4])
{
  own_file_put(folder, 4, parts);
}

enum { TRAIN_X, TRAIN_LABEL, TEST_X, TEST_LABEL };

static void good_parts(struct part parts[4])
{
  const struct part good[4] = {
      {"/train/x", H5T_IEEE_F64BE, H5T_NATIVE_DOUBLE, x_train, {4, 3}, 2},
      {"/train/label", H5T_STD_I64LE, H5T_NATIVE_INT, label_train, {4}, 1},
      {"/test/x", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, x_test, {2, 3}, 2},
      {"/test/label", H5T_STD_U8LE, H5T_NATIVE_UCHAR, label_test, {2}, 1},
  };

  memcpy(parts, good, sizeof good);
}

START_TEST(own_files_give_back_every_number)
{
  struct part parts[4];
  double x[3];

  good_parts(parts);
  put_h5(parts);
  struct dataset *ds = set("3, 7", "set: file, path: my.h5, train: 3");

  ck_assert_int_eq(ds->inputs, 3);
  ck_assert_int_eq(ds->classes, 4);
  ck_assert_int_eq(ds->count[TRAIN], 3);
  ck_assert_int_eq(ds->count[TEST], 2);
  for (long i = 0; i < 3; i++) {
    dataset_sample(ds, TRAIN, i, x);
    ck_assert_mem_eq(x, x_train[i], sizeof x);
    ck_assert_int_eq(dataset_label(ds, TRAIN, i), label_train[i]);
  }
  dataset_sample(ds, TEST, 1, x);
  ck_assert(x[0] == -4 && x[1] == 0.5 && x[2] == 6);
  ck_assert_int_eq(dataset_label(ds, TEST, 0), 3);
  dataset_destroy(ds);
  parts[TRAIN_X].file_type = H5T_IEEE_F32LE; /* now all fits in single precision */
  put_h5(parts);
  ds = set("3, 4", "set: file, path: my.h5");
  dataset_sample(ds, TRAIN, 3, x);
  ck_assert(x[0] == (double)1e-3f && x[1] == 0 && x[2] == 1e9);
  dataset_destroy(ds);
}
END_TEST

/* The parts as they are now must be refused; afterwards they are good again. Collective. */
static void spoils_h5(struct part parts[4], const char *message)
{
  put_h5(parts);
  refuses("3, 4", "set: file, path: my.h5", message);
  good_parts(parts);
}

START_TEST(broken_own_files_are_refused)
{
  struct part parts[4];
  double x_bad[4][3] = {{0}};
  int label_bad[4] = {0, 1, -5, 0};

  good_parts(parts);
  parts[TEST_LABEL].name = NULL;
  spoils_h5(parts, "my.h5: has no dataset /test/label");
  x_bad[2][1] = NAN;
  parts[TRAIN_X].values = x_bad;
  spoils_h5(parts, "my.h5: /train/x[2][1] = nan: must be finite");
  x_bad[2][1] = -INFINITY;
  parts[TRAIN_X].values = x_bad;
  spoils_h5(parts, "my.h5: /train/x[2][1] = -inf: must be finite");
  parts[TRAIN_LABEL].values = label_bad;
  spoils_h5(parts, "my.h5: /train/label[2] = -5: must be 0 to");
  parts[TRAIN_LABEL].dims[0] = 3;
  spoils_h5(parts, "my.h5: /train/label has 3 rows: must be 4, as /train/x");
  parts[TEST_X].dims[1] = 2;
  spoils_h5(parts, "/train/x has rows of 3 numbers and /test/x of 2: must be alike");
  parts[TEST_X].rank = 1;
  spoils_h5(parts, "/test/x has 1 dimension, or an empty one: must be [N][n0]");
  parts[TRAIN_LABEL].file_type = H5T_IEEE_F64LE;
  spoils_h5(parts, "/train/label must hold whole numbers");
  parts[TRAIN_X].file_type = parts[TRAIN_X].type = H5T_C_S1;
  parts[TRAIN_X].values = NULL;
  spoils_h5(parts, "/train/x must hold whole or floating-point numbers");
  parts[TRAIN_X].dims[0] = (hsize_t)1 << 50;
  parts[TRAIN_X].values = NULL;
  spoils_h5(parts, "/train/x claims 1125899906842624 x 3 numbers of 8 bytes: more than the file");
}
END_TEST

START_TEST(own_files_must_exist_and_fit)
{
  struct part parts[4];

  good_parts(parts);
  put_h5(parts);
  put("junk.h5", "junk", 4, false);
  refuses("3, 4", "set: file, path: none.h5", "none.h5: no such file, or not readable");
  refuses("3, 4", "set: file, path: .", ": no such file, or not readable");
  refuses("3, 4", "set: file, path: junk.h5", "junk.h5: must be an HDF5 file");
  refuses("3, 3", "set: file, path: my.h5",
          "network.widths[1] = 3: the file data set has 4 classes");
  refuses("5, 4", "set: file, path: my.h5",
          "network.widths[0] = 5: the file data set has 3 inputs");
  refuses("3, 4", "set: file, path: my.h5, train: 5", "data.train = 5: the training split of the");
}
END_TEST

START_TEST(published_files_hold_what_is_known_of_them)
{
  static const int first[5] = {5, 0, 4, 1, 9};

  if (!getenv("TAUFLOW_DATA")) {
    if (rank == 0) puts("skipped, no TAUFLOW_DATA: published_files_hold_what_is_known_of_them");
    return;
  }
  struct dataset *mnist = set("784, 10", "set: mnist"), *digits = set("64, 10", "set: digits");
  double x[PIXELS], mean = 0;

  ck_assert_int_eq(mnist->count[TRAIN], 60000);
  ck_assert_int_eq(mnist->count[TEST], 10000);
  ck_assert_int_eq(digits->count[TRAIN], 3823);
  ck_assert_int_eq(digits->count[TEST], 1797);
  for (int i = 0; i < 5; i++) ck_assert_int_eq(dataset_label(mnist, TRAIN, i), first[i]);
  for (long i = 0; i < 60000; i++) {
    dataset_sample(mnist, TRAIN, i, x);
    for (int k = 0; k < PIXELS; k++) mean += x[k] / PIXELS / 60000;
  }
  ck_assert_double_eq_tol(mean, 0.1307, 5e-5);
  dataset_destroy(mnist);
  dataset_destroy(digits);
}
END_TEST

static Suite *all_facts(void)
{
  Suite *suite = suite_create("dataset");
  TCase *facts = tcase_create("facts");

  suite_add_tcase(suite, facts);
  tcase_set_timeout(facts, 60);
  tcase_add_loop_test(facts, generated_samples_depend_on_seed_split_and_index_only, 0, 2);
  tcase_add_test(facts, glyphs_are_balanced_and_not_in_turn);
  tcase_add_test(facts, glyphs_feed_any_input_width);
  tcase_add_test(facts, glyphs_look_like_their_class);
  tcase_add_test(facts, circles_are_two_rings_with_a_quarter_inside);
  tcase_add_test(facts, circles_have_the_radius_and_the_scatter_asked_for);
  tcase_add_test(facts, circles_for_three_inputs_are_the_same_with_a_constant);
  tcase_add_test(facts, the_network_must_fit_the_set);
  tcase_add_loop_test(facts, mnist_gives_back_every_pixel_and_label, 0, 2);
  tcase_add_test(facts, mnist7_averages_tiles_of_four_by_four);
  tcase_add_test(facts, broken_idx_files_are_refused);
  tcase_add_test(facts, damaged_gzip_files_are_refused);
  tcase_add_test(facts, a_header_that_lies_costs_no_memory);
  tcase_add_test(facts, more_samples_than_there_are_is_refused);
  tcase_add_test(facts, missing_files_say_where_to_point);
  tcase_add_test(facts, digits_are_read_plain_and_gzipped);
  tcase_add_test(facts, broken_digits_are_refused);
  tcase_add_test(facts, own_files_give_back_every_number);
  tcase_add_test(facts, broken_own_files_are_refused);
  tcase_add_test(facts, own_files_must_exist_and_fit);
  tcase_add_test(facts, published_files_hold_what_is_known_of_them);
  return suite;
}

int main(int argc, char **argv)
{
  static const char *const made[] = {
      "train-images-idx3-ubyte",
      "train-labels-idx1-ubyte",
      "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte",
      "train-images-idx3-ubyte.gz",
      "train-labels-idx1-ubyte.gz",
      "t10k-images-idx3-ubyte.gz",
      "t10k-labels-idx1-ubyte.gz",
      "optdigits.tra",
      "digits.csv.gz",
      "my.h5",
      "junk.h5",
  };

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) CHECK(mkdtemp(folder), "no scratch folder %s", folder);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);
  SRunner *runner = srunner_create(all_facts());

  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  for (size_t k = 0; k < sizeof made / sizeof *made; k++) drop(made[k]);
  if (rank == 0) rmdir(folder);
  MPI_Finalize();
  return failed > 0;
}
