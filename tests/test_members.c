/* SPDX-License-Identifier: BSD-3-Clause */
/* test_members.c - facts about the section `sweep`: which members it makes, and what is refused */
#include "job.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lines 1 to 6; what a test adds begins on line 7. */
#define REQUIRED                                                                                   \
  "network:\n  widths: [64, 32, 10]\n"                                                             \
  "data:\n  set: circles\n"                                                                        \
  "present:\n  samples: 5\n"

static struct faults faults;

static struct job *parse(const char *more, int count, const char *const *sets)
{
  char *text = fail_text("%s%s", REQUIRED, more);
  struct job *job = job_parse(text, "jobs/a.yml", "/home/ada/jobs", count, sets, &faults);

  free(text);
  return job;
}

static struct job *good(const char *more)
{
  struct job *job = parse(more, 0, NULL);

  ck_assert_msg(faults.count == 0, "unexpected: %s", faults.text ? faults.text : "");
  return job;
}

static void refused_with(const char *more, int count, const char *const *sets, const char *expected)
{
  job_destroy(parse(more, count, sets));
  ck_assert_str_eq(faults.text ? faults.text : "", expected);
  faults_clear(&faults);
}

static void refused(const char *more, const char *expected)
{
  refused_with(more, 0, NULL, expected);
}

static void member_is(const struct job *job, long member, const char *expected)
{
  char *words = job_member_words(job, member);

  ck_assert_str_eq(words, expected);
  free(words);
}

static struct job *member_of(const struct job *job, long i)
{
  struct job *member = job_member(job, i, &faults);

  ck_assert_msg(member, "unexpected: %s", faults.text ? faults.text : "");
  return member;
}

START_TEST(a_job_without_the_section_has_no_members)
{
  const char *const more[] = {"", "sweep:\n", "sweep:\n#  seeds: 0..3\n"};

  for (int k = 0; k < 3; k++) {
    struct job *job = good(more[k]);
    ck_assert_int_eq(job_members(job), 0);
    job_destroy(job);
  }
}
END_TEST

START_TEST(ranges_and_lists_mix)
{
  struct job *job = good("sweep:\n  seeds: [0..3, 9, 7..7, 20..21]\n");
  const long seeds[] = {0, 1, 2, 3, 9, 7, 20, 21};

  ck_assert_int_eq(job_members(job), 8);
  for (long i = 0; i < 8; i++) {
    struct job *member = member_of(job, i);
    ck_assert_int_eq(job_integer(member, "seed"), seeds[i]);
    job_destroy(member);
  }
  job_destroy(job);
}
END_TEST

START_TEST(the_last_key_varies_fastest)
{
  struct job *job = good("sweep:\n  seeds: 4..5\n  kp.rule: [kp, fa]\n"
                         "  present.duration: [20 ms, 50 ms, 0.1]\n");
  const char *const rule[] = {"kp", "fa"};
  const double duration[] = {0.02, 0.05, 0.1};

  ck_assert_int_eq(job_members(job), 12);
  for (long i = 0; i < 12; i++) {
    struct job *member = member_of(job, i);
    ck_assert_int_eq(job_integer(member, "seed"), 4 + i / 6);
    ck_assert_str_eq(job_text(member, "kp.rule"), rule[i / 3 % 2]);
    ck_assert_double_eq(job_real(member, "present.duration"), duration[i % 3]);
    ck_assert_int_eq(job_members(member), 0);
    job_destroy(member);
  }
  member_is(job, 10, "seed: 5, kp.rule: fa, present.duration: 0.05");
  job_destroy(job);
}
END_TEST

START_TEST(sections_nest_and_lists_are_swept_by_lists_of_lists)
{
  struct job *job = good("sweep:\n  kp: {rule: [dfa, sgd]}\n"
                         "  network:\n    widths: [[64, 10], [64, 32, 16, 10]]\n");
  struct job *member = member_of(job, 3);
  long count;

  ck_assert_int_eq(job_members(job), 4);
  ck_assert_int_eq(job_integers(member, "network.widths", &count)[2], 16);
  ck_assert_int_eq(count, 4);
  member_is(job, 2, "kp.rule: sgd, network.widths: [64, 10]");
  job_destroy(member);
  job_destroy(job);
}
END_TEST

/* The second default hangs on the first: kp.tau_dec_feedback is as kp.tau_dec. */
START_TEST(defaults_follow_the_values_of_the_member)
{
  struct job *job = good("sweep:\n  kp.tau_dec: [10 s, 20 s]\n");
  struct job *member = member_of(job, 1);

  ck_assert_double_eq(job_real(job, "kp.tau_dec_feedback"), 10);
  ck_assert_double_eq(job_real(member, "kp.tau_dec_feedback"), 20);
  job_destroy(member);
  job_destroy(job);
}
END_TEST

START_TEST(the_sweep_wins_over_the_key_and_set_over_the_sweep)
{
  const char *const sets[] = {"sweep.seeds=[7]", "sweep.kp.rule=[fa]"};
  struct job *job = parse("seed: 3\nsweep:\n  seeds: 0..9\n", 2, sets);
  struct job *member = member_of(job, 0);

  ck_assert_int_eq(job_members(job), 1);
  ck_assert_int_eq(job_integer(member, "seed"), 7);
  ck_assert_str_eq(job_text(member, "kp.rule"), "fa");
  job_destroy(member);
  job_destroy(job);
}
END_TEST

START_TEST(a_required_key_may_be_given_by_the_sweep_alone)
{
  struct job *job = job_parse("data: {set: circles}\npresent: {samples: 5}\n"
                              "sweep: {network.widths: [[2, 3, 2], [2, 4, 2]]}\n",
                              "a.yml", "/", 0, NULL, &faults);

  ck_assert_msg(faults.count == 0, "unexpected: %s", faults.text ? faults.text : "");
  ck_assert_int_eq(job_members(job), 2);
  job_destroy(job);
}
END_TEST

START_TEST(used_yml_reads_back_to_the_same_sweep)
{
  struct job *job = good("sweep:\n  seeds: [3, 0..2, 9]\n  kp.tau_pot: [0.1 s, 10 s]\n"
                         "  network.widths: [[64, 10], [64, 4, 10]]\n  start: ['', a b.h5]\n");
  char *used = job_used(job);
  struct job *again = job_parse(used, "used.yml", "/", 0, NULL, &faults);
  char *twice = job_used(again);

  ck_assert_msg(faults.count == 0, "unexpected: %s", faults.text ? faults.text : "");
  ck_assert_str_eq(used, twice);
  ck_assert_int_eq(job_members(again), 40);
  for (long i = 0; i < 40; i++) {
    struct job *a = member_of(job, i), *b = member_of(again, i);
    ck_assert_ptr_null(job_difference(a, b, KEY_FORMAL));
    job_destroy(a);
    job_destroy(b);
  }
  free(used);
  free(twice);
  job_destroy(job);
  job_destroy(again);
}
END_TEST

START_TEST(jobs_differ_in_what_changes_results)
{
  const char *const sets[] = {"checkpoint.every=3", "name=other", "kp.tau_pot=3 s"};
  struct job *job = good(""), *formal = parse("", 2, sets), *other = parse("", 3, sets);

  ck_assert_ptr_null(job_difference(job, formal, KEY_FORMAL));
  ck_assert_str_eq(job_difference(job, other, KEY_FORMAL), "kp.tau_pot");
  job_destroy(job);
  job_destroy(formal);
  job_destroy(other);
}
END_TEST

START_TEST(what_is_no_sweep_is_refused)
{
  refused("sweep: 5\n", "sweep: must be a section with keys of its own (jobs/a.yml:7)\n");
  refused("sweep:\n  kp.rul: [kp]\n",
          "sweep.kp.rul: unknown key; did you mean sweep.kp.rule? (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: []\n", "sweep.seeds: the list is empty (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: 5\n",
          "sweep.seeds: must be a list, like [1, 5], or a range, like 0..99 (jobs/a.yml:8)\n");
  refused("sweep:\n  kp.rule: kp\n", "sweep.kp.rule: must be a list, like [a, b] (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: 9..0\n", "sweep.seeds: the range 9..0 runs backwards (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: [1, two]\n",
          "seed = two: must be a whole number (64 bits) (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: [-1]\n",
          "seed = -1: must be >= 0 and <= 9.00719925474099e+15 (jobs/a.yml:8)\n");
  refused("sweep:\n  network.widths: [64, 10]\n",
          "network.widths = 64: must be a list of whole numbers (64 bits), like [64, 32, 10] "
          "(jobs/a.yml:8)\n");
  refused("sweep:\n  name: [a, b]\n",
          "sweep.name: cannot be swept: it changes no result (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: 0..1\nsweep:\n  kp.rule: [fa]\n",
          "sweep: given twice, on lines 7 and 9 (jobs/a.yml:9)\n");
}
END_TEST

START_TEST(members_are_not_too_many_and_not_alike)
{
  const char *const sets[] = {"seed=3"};

  refused("sweep:\n  seeds: 0..9999999\n",
          "sweep.seeds: 10000000 values: a sweep has at most 100000 members (jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: 0..999\n  present.samples: 1..1000\n  data.train: 1..10\n",
          "sweep: 10000000 members: must be at most 100000 (jobs/a.yml)\n");
  refused("sweep:\n  present.duration: [20 ms, 50 ms, 0.02]\n",
          "sweep.present.duration: values 1 and 3 are both 0.02: members would have the same keys "
          "(jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: [0..9, 5]\n",
          "sweep.seed: values 6 and 11 are both 5: members would have the same keys "
          "(jobs/a.yml:8)\n");
  refused("sweep:\n  seeds: 0..1\n  seed: 4..5\n",
          "sweep.seed: seed is swept twice, on lines 8 and 9 (jobs/a.yml:9)\n");
  refused_with("sweep:\n  seeds: 0..1\n", 1, sets,
               "--set seed: the job sweeps this key; set sweep.seed\n");
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("members");
  TCase *facts = tcase_create("facts");

  tcase_add_test(facts, a_job_without_the_section_has_no_members);
  tcase_add_test(facts, ranges_and_lists_mix);
  tcase_add_test(facts, the_last_key_varies_fastest);
  tcase_add_test(facts, sections_nest_and_lists_are_swept_by_lists_of_lists);
  tcase_add_test(facts, defaults_follow_the_values_of_the_member);
  tcase_add_test(facts, the_sweep_wins_over_the_key_and_set_over_the_sweep);
  tcase_add_test(facts, a_required_key_may_be_given_by_the_sweep_alone);
  tcase_add_test(facts, used_yml_reads_back_to_the_same_sweep);
  tcase_add_test(facts, jobs_differ_in_what_changes_results);
  tcase_add_test(facts, what_is_no_sweep_is_refused);
  tcase_add_test(facts, members_are_not_too_many_and_not_alike);
  suite_add_tcase(suite, facts);
  return suite_run(srunner_create(suite));
}
