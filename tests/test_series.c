/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about series files. */
#include "full_disk.h"
#include "info.h"
#include "series.h"
#include <check.h>
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "test_series.XXXXXX";

static const struct column main_columns[] = {
    {"presentation", 1, "completed presentations", "1", false},
    {"loss", 1, "loss of the sample", "1", false},
    {"norm", 3, "norm of each layer's weights", "1", false},
};
static const struct column test_columns[] = {
    {"presentation", 1, "completed presentations", "1", false},
    {"accuracy", 1, "fraction right", "1", false},
};
static const struct table tables[] = {{"/", 3, main_columns}, {"/test", 2, test_columns}};

static bool append(long presentation, double scale)
{
  struct faults faults = {0};
  double row[] = {(double)presentation, scale, 1 * scale, 2 * scale, 3 * scale};
  double test[] = {(double)presentation, NAN};
  bool good = series_append(path, &tables[0], row, &faults) &&
              (presentation % 2 || series_append(path, &tables[1], test, &faults));

  faults_clear(&faults);
  return good;
}

/* All numbers of a dataset; -1 if it cannot be read. */
static long numbers(const char *name, double *value)
{
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, name, H5P_DEFAULT);
  hid_t space = H5Dget_space(set);
  long count = H5Sget_simple_extent_npoints(space);

  if (count > 0 && H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) < 0)
    count = -1;
  H5Sclose(space);
  H5Dclose(set);
  H5Fclose(file);
  return count;
}

static bool create(void)
{
  struct faults faults = {0};

  return series_create(path, "name: test\n", 2, tables, &faults);
}

START_TEST(a_new_series_has_empty_columns)
{
  ck_assert(create());
  ck_assert_int_eq(numbers("/loss", NULL), 0);
  ck_assert_int_eq(numbers("/norm", NULL), 0);
  ck_assert_int_eq(numbers("/test/accuracy", NULL), 0);
}
END_TEST

START_TEST(appended_rows_come_back)
{
  double value[30];

  ck_assert(create());
  for (long p = 1; p <= 10; p++) ck_assert(append(p, 0.1 * (double)p));
  ck_assert_int_eq(numbers("/loss", value), 10);
  for (int i = 0; i < 10; i++) ck_assert(value[i] == 0.1 * (i + 1));
  ck_assert_int_eq(numbers("/norm", value), 30);
  for (int i = 0; i < 30; i++) ck_assert(value[i] == (i % 3 + 1) * (0.1 * (i / 3 + 1)));
  ck_assert_int_eq(numbers("/test/presentation", value), 5);
  ck_assert(value[4] == 10);
  ck_assert_int_eq(numbers("/test/accuracy", value), 5);
  ck_assert(isnan(value[4]));
}
END_TEST

START_TEST(the_last_row_comes_back_if_there_is_one)
{
  struct faults faults = {0};
  double row[5] = {0};

  ck_assert(create());
  ck_assert(!series_last(path, &tables[0], row, &faults));
  ck_assert_int_eq(faults.count, 0);
  for (long p = 0; p < 4; p++) ck_assert(append(p, (double)p / 3));
  ck_assert(series_last(path, &tables[0], row, &faults));
  ck_assert_double_eq(row[0], 3);
  ck_assert_double_eq(row[1], 1);
  ck_assert_double_eq(row[4], 3);
  ck_assert(series_truncate(path, 2, tables, 1, &faults));
  ck_assert(series_last(path, &tables[1], row, &faults));
  ck_assert_double_eq(row[0], 0);
}
END_TEST

START_TEST(truncation_drops_later_rows_of_every_table_and_appending_goes_on)
{
  struct faults faults = {0};
  double value[30];

  ck_assert(create());
  for (long p = 1; p <= 10; p++) ck_assert(append(p, 1));
  ck_assert(series_truncate(path, 2, tables, 7, &faults));
  ck_assert_int_eq(numbers("/presentation", value), 7);
  ck_assert_int_eq(numbers("/norm", value), 21);
  ck_assert_int_eq(numbers("/test/presentation", value), 3);
  for (long p = 8; p <= 9; p++) ck_assert(append(p, 2));
  ck_assert_int_eq(numbers("/norm", value), 27);
  ck_assert(value[20] == 3 && value[21] == 2 && value[26] == 6);
  ck_assert(series_truncate(path, 2, tables, 100, &faults));
  ck_assert_int_eq(numbers("/presentation", value), 9);
  ck_assert(series_truncate(path, 2, tables, 0, &faults));
  ck_assert_int_eq(numbers("/presentation", value), 0);
  ck_assert_int_eq(faults.count, 0);
}
END_TEST

START_TEST(a_row_that_a_crash_cut_short_is_written_anew)
{
  struct faults faults = {0};
  const struct table first = {"/", 1, main_columns}, last = {"/", 1, main_columns + 1};
  double value[30], one = 3;

  ck_assert(create());
  for (long p = 1; p <= 2; p++) ck_assert(append(p, 1));
  ck_assert(series_append(path, &first, &one, &faults));
  ck_assert(series_truncate(path, 1, tables, 5, &faults));
  ck_assert_int_eq(numbers("/presentation", value), 2);
  ck_assert(series_append(path, &last, &one, &faults));
  ck_assert(append(3, 7));
  ck_assert_int_eq(numbers("/loss", value), 3);
  ck_assert(value[2] == 7);
}
END_TEST

START_TEST(a_reader_may_hold_the_file_open)
{
  double value[3];

  ck_assert(create());
  ck_assert(append(1, 1));
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  ck_assert(file >= 0);
  H5Fclose(file);
  ck_assert(append(2, 1));
  ck_assert_int_eq(numbers("/loss", value), 2);
}
END_TEST

static void expect_refusal(bool done, struct faults *faults, const char *words)
{
  ck_assert(!done);
  ck_assert_int_eq(faults->count, 1);
  ck_assert_msg(strstr(faults->text, words), "got: %s", faults->text);
  faults_clear(faults);
}

START_TEST(an_unreadable_file_is_a_fault)
{
  struct faults faults = {0};
  double row[] = {1, 2, 3, 4, 5};

  unlink(path);
  expect_refusal(series_append(path, tables, row, &faults), &faults, "No such file");
  expect_refusal(series_truncate(path, 2, tables, 1, &faults), &faults, "No such file");
  FILE *out = fopen(path, "w");
  ck_assert(out && fputs("presentation,loss\n", out) >= 0 && fclose(out) == 0);
  expect_refusal(series_append(path, tables, row, &faults), &faults, "is not an HDF5 file");
  expect_refusal(series_create("nowhere/series.h5", "", 2, tables, &faults), &faults,
                 "No such file");
}
END_TEST

START_TEST(a_full_disk_is_a_fault_and_leaves_the_older_file)
{
  struct faults faults = {0};
  double value[1];
  char *part = fail_text("%s.part", path);

  ck_assert(create());
  ck_assert(append(1, 1));
  disk_is_full = true;
  const bool done = series_create(path, "", 2, tables, &faults);
  disk_is_full = false;
  expect_refusal(done, &faults, "No space left on device");
  ck_assert_int_ne(access(part, F_OK), 0);
  ck_assert_int_eq(numbers("/loss", value), 1);
  free(part);
}
END_TEST

START_TEST(a_link_is_not_written_through)
{
  struct faults faults = {0};
  double row[] = {1, 2, 3, 4, 5}, value[2];
  char *other = fail_text("%s.other", path);

  ck_assert(create());
  ck_assert(append(1, 1));
  ck_assert_int_eq(rename(path, other), 0);
  ck_assert_int_eq(symlink(strrchr(other, '/') ? strrchr(other, '/') + 1 : other, path), 0);
  expect_refusal(series_append(path, tables, row, &faults), &faults, "is a symbolic link");
  expect_refusal(series_truncate(path, 1, tables, 0, &faults), &faults, "is a symbolic link");
  ck_assert_int_eq(numbers("/loss", value), 1); /* reading follows it */
  ck_assert(create());
  ck_assert(append(1, 1));
  ck_assert_int_eq(unlink(other), 0);
  ck_assert_int_eq(numbers("/loss", value), 1);
  free(other);
}
END_TEST

START_TEST(a_series_of_other_columns_is_a_fault)
{
  struct faults faults = {0};
  const struct column wide = {"norm", 4, "", "", false}, other = {"speed", 1, "", "", false};
  const struct table wider = {"/", 1, &wide}, unknown = {"/", 1, &other};
  double row[] = {1, 2, 3, 4, 5};

  ck_assert(create());
  expect_refusal(series_append(path, &wider, row, &faults), &faults, "/norm of width 4");
  expect_refusal(series_append(path, &unknown, row, &faults), &faults, "no column /speed");
  H5Fclose(H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  expect_refusal(series_append(path, tables, row, &faults), &faults, "not a tauflow-series");
}
END_TEST

START_TEST(info_tells_what_a_series_holds)
{
  struct faults faults = {0};
  char *text = NULL;
  size_t length;
  FILE *out = open_memstream(&text, &length);

  ck_assert(create());
  for (long p = 1; p <= 4; p++) ck_assert(append(p, (double)p));
  ck_assert_int_eq(info_print(out, path, &faults), 0);
  fclose(out);
  ck_assert(strstr(text, "a tauflow series file, version 1"));
  ck_assert(strstr(text, "4 x 3"));
  ck_assert(strstr(text, "(2 not finite)"));
  ck_assert(strstr(text, "name: test"));
  free(text);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("series");
  TCase *facts = tcase_create("facts");
  int fd = mkstemp(path);

  if (fd >= 0) close(fd);
  tcase_add_test(facts, a_new_series_has_empty_columns);
  tcase_add_test(facts, appended_rows_come_back);
  tcase_add_test(facts, the_last_row_comes_back_if_there_is_one);
  tcase_add_test(facts, truncation_drops_later_rows_of_every_table_and_appending_goes_on);
  tcase_add_test(facts, a_row_that_a_crash_cut_short_is_written_anew);
  tcase_add_test(facts, a_reader_may_hold_the_file_open);
  tcase_add_test(facts, an_unreadable_file_is_a_fault);
  tcase_add_test(facts, a_full_disk_is_a_fault_and_leaves_the_older_file);
  tcase_add_test(facts, a_link_is_not_written_through);
  tcase_add_test(facts, a_series_of_other_columns_is_a_fault);
  tcase_add_test(facts, info_tells_what_a_series_holds);
  suite_add_tcase(suite, facts);
  SRunner *runner = srunner_create(suite);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, CK_NORMAL);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  unlink(path);
  MPI_Finalize();
  return failed ? 1 : 0;
}
