/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the folder of a run. */
#include "folder.h"
#include "suite.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char place[] = "test_folder.XXXXXX";

static void put_state(long presentation)
{
  char *path = folder_state(place, presentation);
  FILE *out = fopen(path, "wb");

  ck_assert_ptr_nonnull(out);
  fclose(out);
  free(path);
}

/* "30 20 10": the states that are there; then none is. */
static bool holds(const char *wanted)
{
  char found[100] = "";
  long *list;
  const int states = folder_states(place, &list);

  for (int k = 0; k < states; k++) sprintf(found + strlen(found), "%s%ld", k ? " " : "", list[k]);
  free(list);
  folder_clear(place);
  if (strcmp(found, wanted) != 0) fprintf(stderr, "got: %s\n", found);
  return strcmp(found, wanted) == 0;
}

/* States 10, 20, ... of which `last` is the newest that is published: which are left? */
static bool leaves(long states, long last, long keep, const char *wanted)
{
  for (long k = 1; k <= states; k++) put_state(10 * k);
  folder_link_last(place, last);
  folder_keep(place, keep);
  return holds(wanted);
}

START_TEST(the_newest_states_are_kept)
{
  ck_assert(leaves(4, 40, 2, "40 30"));
}
END_TEST

START_TEST(zero_keeps_all)
{
  ck_assert(leaves(4, 40, 0, "40 30 20 10"));
}
END_TEST

/* A run that went on from 10, as 30 was damaged, has just written 20. */
START_TEST(a_new_state_does_not_give_way_to_a_damaged_later_one)
{
  ck_assert(leaves(3, 20, 1, "30 20"));
}
END_TEST

START_TEST(nothing_is_deleted_before_a_state_was_published)
{
  put_state(10);
  put_state(20);
  folder_keep(place, 1);
  ck_assert(holds("20 10"));
}
END_TEST

START_TEST(the_link_moves_from_state_to_state)
{
  char *last = folder_path(place, "state-last.h5"), target[40] = "";

  folder_link_last(place, 10);
  folder_link_last(place, 20);
  ck_assert_int_eq((int)readlink(last, target, sizeof target - 1), 11);
  ck_assert_str_eq(target, "state-20.h5");
  ck_assert(!folder_holds(place, ".state-last"));
  ck_assert(holds(""));
  free(last);
}
END_TEST

START_TEST(other_files_are_no_states)
{
  static const char *const names[] = {"state-1.h5.part", "state-.h5", "state--1.h5", "state-2x.h5"};

  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    char *path = folder_path(place, names[k]);
    fclose(fopen(path, "wb"));
    free(path);
  }
  put_state(3);
  folder_link_last(place, 3);
  folder_keep(place, 1);
  ck_assert(holds("3"));
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    char *path = folder_path(place, names[k]);
    ck_assert_int_eq(unlink(path), 0);
    free(path);
  }
}
END_TEST

START_TEST(only_state_files_in_the_making_are_parts)
{
  static const char *const names[] = {"state-1.h5.part", "state-12.h5.part", "state-x.h5.part",
                                      "mine.part", "state-7.part"};

  put_state(3);
  folder_clear_parts(place);
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    char *path = folder_path(place, names[k]);
    fclose(fopen(path, "wb"));
    free(path);
  }
  folder_clear_parts(place);
  ck_assert(holds("3"));
  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    char *path = folder_path(place, names[k]);
    ck_assert_int_eq(unlink(path), k < 2 ? -1 : 0);
    free(path);
  }
}
END_TEST

START_TEST(a_damaged_file_takes_no_other_ones_name)
{
  static const char *const wanted[] = {"state-7.h5.damaged", "state-7.h5.damaged-2",
                                       "state-7.h5.damaged-3"};
  struct faults faults = {0};
  char *path = folder_state(place, 7);

  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    put_state(7);
    char *aside = folder_set_aside(path, &faults), *there = folder_path(place, wanted[k]);
    ck_assert_str_eq(aside, there);
    free(aside);
    free(there);
  }
  for (size_t k = 0; k < sizeof wanted / sizeof *wanted; k++) {
    char *there = folder_path(place, wanted[k]);
    ck_assert_int_eq(unlink(there), 0);
    free(there);
  }
  ck_assert(holds(""));
  ck_assert_ptr_null(folder_set_aside(path, &faults)); /* nothing to rename */
  ck_assert_int_eq(faults.count, 1);
  faults_clear(&faults);
  free(path);
}
END_TEST

START_TEST(the_newest_state_is_the_one_the_link_names)
{
  ck_assert_int_eq(folder_newest(place), -1);
  ck_assert_int_eq(folder_newest("nowhere"), -1);
  put_state(10);
  put_state(30);
  ck_assert_int_eq(folder_newest(place), 30);
  folder_link_last(place, 10);
  ck_assert_int_eq(folder_newest(place), 10);
  folder_link_last(place, 20); /* which is not there */
  ck_assert_int_eq(folder_newest(place), 30);
  ck_assert(holds("30 10"));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  CHECK(mkdtemp(place), "%s: cannot be made", place);
  Suite *suite = suite_create("folder");
  TCase *facts = tcase_create("facts");

  tcase_add_test(facts, the_newest_states_are_kept);
  tcase_add_test(facts, zero_keeps_all);
  tcase_add_test(facts, a_new_state_does_not_give_way_to_a_damaged_later_one);
  tcase_add_test(facts, nothing_is_deleted_before_a_state_was_published);
  tcase_add_test(facts, the_link_moves_from_state_to_state);
  tcase_add_test(facts, other_files_are_no_states);
  tcase_add_test(facts, only_state_files_in_the_making_are_parts);
  tcase_add_test(facts, a_damaged_file_takes_no_other_ones_name);
  tcase_add_test(facts, the_newest_state_is_the_one_the_link_names);
  suite_add_tcase(suite, facts);
  SRunner *runner = srunner_create(suite);
  const int status = suite_run(runner);
  rmdir(place);
  return status;
}
