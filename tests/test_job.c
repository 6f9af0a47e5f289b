/* SPDX-License-Identifier: BSD-3-Clause */
/* test_job.c - facts about job files: what is read, what is refused, what is written back */
#include "job.h"
#include "suite.h"

#include <check.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The required keys on lines 1 to 6; what a test adds begins on line 7. */
#define REQUIRED                                                                                   \
  "network:\n  widths: [64, 32, 10]\n"                                                             \
  "data:\n  set: circles\n"                                                                        \
  "present:\n  samples: 5\n"

static struct faults faults;

static void forget_faults(void)
{
  faults_clear(&faults);
}

static struct job *parse_with(const char *text, int count, const char *const *sets)
{
  return job_parse(text, "jobs/a.yml", "/home/ada/jobs", count, sets, &faults);
}

/* A job that must be without faults. */
static struct job *good(const char *more)
{
  char *text = fail_text("%s%s", REQUIRED, more);
  struct job *job = parse_with(text, 0, NULL);

  ck_assert_msg(faults.count == 0, "unexpected: %s", faults.text ? faults.text : "");
  free(text);
  return job;
}

static struct job *good_with(int count, const char *const *sets)
{
  struct job *job = parse_with(REQUIRED, count, sets);

  ck_assert_msg(faults.count == 0, "unexpected: %s", faults.text ? faults.text : "");
  return job;
}

static void expect_faults(const char *expected)
{
  ck_assert_str_eq(faults.text ? faults.text : "", expected);
  faults_clear(&faults);
}

/* A whole text that yields exactly these messages. */
static void refused_text(const char *text, const char *expected)
{
  job_destroy(parse_with(text, 0, NULL));
  expect_faults(expected);
}

/* The required keys and some more yield exactly these messages. */
static void refused(const char *more, const char *expected)
{
  char *text = fail_text("%s%s", REQUIRED, more);

  refused_text(text, expected);
  free(text);
}

static void refused_set(const char *set, const char *expected)
{
  job_destroy(parse_with(REQUIRED, 1, &set));
  expect_faults(expected);
}

static double time_read(const char *word)
{
  char *more = fail_text("kp:\n  tau_pot: %s\n", word);
  struct job *job = good(more);
  double seconds = job_real(job, "kp.tau_pot");

  job_destroy(job);
  free(more);
  return seconds;
}

START_TEST(keys_of_all_types_are_read)
{
  struct job *job = good("name: first light\nseed: 7\n"
                         "kp:\n  rule: dfa\n  tau_inf: 2 ms\n  gate: false\n"
                         "solver: {relative: 1e-3}\n");
  long count;
  const long *widths = job_integers(job, "network.widths", &count);

  ck_assert_int_eq(count, 3);
  ck_assert_int_eq(widths[0], 64);
  ck_assert_int_eq(widths[1], 32);
  ck_assert_int_eq(widths[2], 10);
  ck_assert_str_eq(job_text(job, "name"), "first light");
  ck_assert_int_eq(job_integer(job, "seed"), 7);
  ck_assert_int_eq(job_integer(job, "present.samples"), 5);
  ck_assert_int_eq(job_choice(job, "kp.rule"), 2);
  ck_assert_str_eq(job_text(job, "kp.rule"), "dfa");
  ck_assert_str_eq(job_text(job, "data.set"), "circles");
  ck_assert(job_real(job, "kp.tau_inf") == 2e-3);
  ck_assert(!job_flag(job, "kp.gate"));
  ck_assert(job_real(job, "solver.relative") == 1e-3);
  job_destroy(job);

  job = good("kp: {gate: true}\n");
  ck_assert(job_flag(job, "kp.gate"));
  job_destroy(job);
}
END_TEST

START_TEST(times_take_units)
{
  ck_assert(time_read("1 ms") == 1e-3);
  ck_assert(time_read("50ms") == 50e-3);
  ck_assert(time_read("7 us") == 7e-6);
  ck_assert(time_read("10 s") == 10);
  ck_assert(time_read("1.5 min") == 90);
  ck_assert(time_read("2 h") == 7200);
  ck_assert(time_read("0.25") == 0.25);
  ck_assert(time_read("2.5e-1") == 0.25);
}
END_TEST

START_TEST(a_list_may_be_written_in_lines)
{
  const char *text = "network:\n  widths:\n    - 3\n    - 2\ndata: {set: circles}\n"
                     "present: {samples: 5}\n";
  struct job *job = parse_with(text, 0, NULL);
  long count;

  ck_assert_int_eq(faults.count, 0);
  ck_assert_int_eq(job_integers(job, "network.widths", &count)[1], 2);
  ck_assert_int_eq(count, 2);
  ck_assert_str_eq(job_source(job), text);
  job_destroy(job);
}
END_TEST

START_TEST(a_default_may_be_another_keys_value)
{
  struct job *job = good("kp: {tau_pot: 3 s}\n");

  ck_assert(job_real(job, "kp.tau_pot_feedback") == 3);
  ck_assert(!job_is_given(job, "kp.tau_pot_feedback"));
  ck_assert_str_eq(job_place(job, "kp.tau_pot_feedback"), "default");
  job_destroy(job);

  job = good("kp: {tau_pot: 3 s, tau_pot_feedback: 4 s}\n");
  ck_assert(job_real(job, "kp.tau_pot_feedback") == 4);
  job_destroy(job);

  const char *set = "kp.tau_pot=5";
  job = good_with(1, &set);
  ck_assert(job_real(job, "kp.tau_pot_feedback") == 5);
  job_destroy(job);
}
END_TEST

START_TEST(a_default_may_hang_on_a_choice)
{
  struct job *job = good("solver: {name: erk}\n");
  char *used = job_used(job);

  ck_assert(job_real(job, "solver.relative") == 2e-3);
  ck_assert(job_real(job, "solver.absolute") == 1e-5);
  ck_assert_str_eq(job_place(job, "solver.relative"), "default");
  ck_assert_ptr_nonnull(strstr(used, "relative: 0.002\n"));
  free(used);
  job_destroy(job);

  job = good("solver: {relative: 1e-6, name: erk}\n");
  ck_assert(job_real(job, "solver.relative") == 1e-6);
  ck_assert(job_real(job, "solver.absolute") == 1e-5);
  job_destroy(job);

  job = good("solver: {name: lockstep}\n");
  ck_assert(job_real(job, "solver.relative") == 1.5e-3);
  ck_assert(job_real(job, "solver.absolute") == 1e-12);
  job_destroy(job);

  const char *set = "solver.name=erk";
  job = good_with(1, &set);
  ck_assert(job_real(job, "solver.relative") == 2e-3);
  job_destroy(job);

  refused("solver: {name: rk}\n",
          "solver.name = rk: must be one of cascade, lockstep, cvode, erk, discrete "
          "(jobs/a.yml:7)\n");
}
END_TEST

START_TEST(places_tell_file_set_and_default)
{
  const char *set = "seed=3";
  struct job *job = good_with(1, &set);

  ck_assert_str_eq(job_place(job, "data.set"), "jobs/a.yml:4");
  ck_assert_str_eq(job_place(job, "seed"), "--set");
  ck_assert_str_eq(job_place(job, "kp.tau_inf"), "default");
  ck_assert(job_is_given(job, "data.set"));
  ck_assert(job_is_given(job, "seed"));
  ck_assert(!job_is_given(job, "kp.tau_inf"));
  ck_assert(job_real(job, "kp.tau_inf") == 1e-3);
  job_destroy(job);
}
END_TEST

START_TEST(paths_are_relative_to_the_jobs_folder)
{
  const char *sets[] = {"data.path=../sets/#1"};
  char *here = getcwd(NULL, 0), *wanted = fail_text("%s/../sets/#1", here);
  struct job *job = good("start: run/state.h5\ndata.path: /data/mnist\n");

  ck_assert_str_eq(job_text(job, "start"), "/home/ada/jobs/run/state.h5");
  ck_assert_str_eq(job_text(job, "data.path"), "/data/mnist");
  job_destroy(job);

  job = good_with(1, sets); /* but those of --set to where it was typed */
  ck_assert_str_eq(job_text(job, "data.path"), wanted);
  ck_assert_str_eq(job_text(job, "start"), "");
  job_destroy(job);
  free(wanted);
  free(here);
}
END_TEST

START_TEST(a_relative_folder_becomes_absolute)
{
  const char *text = REQUIRED "start: s.h5\n";
  struct job *here = job_parse(text, "a.yml", ".", 0, NULL, &faults);
  struct job *below = job_parse(text, "a.yml", "jobs", 0, NULL, &faults);
  const char *start = job_text(here, "start"), *lower = job_text(below, "start");

  ck_assert_int_eq(faults.count, 0);
  ck_assert_int_eq(start[0], '/');
  ck_assert(!strstr(start, "/./"));
  ck_assert_int_eq(lower[0], '/');
  ck_assert_str_eq(lower + strlen(lower) - strlen("/jobs/s.h5"), "/jobs/s.h5");
  job_destroy(here);
  job_destroy(below);
}
END_TEST

START_TEST(set_overrides_the_file_and_the_last_wins)
{
  const char *sets[] = {"network.widths=[8, 4]", "present.samples=7", "present.samples=9",
                        "name=a: b #c", "kp.rule=fa"};
  struct job *job = good_with(5, sets);
  long count;

  ck_assert_int_eq(job_integers(job, "network.widths", &count)[0], 8);
  ck_assert_int_eq(count, 2);
  ck_assert_int_eq(job_integer(job, "present.samples"), 9);
  ck_assert_str_eq(job_text(job, "name"), "a: b #c");
  ck_assert_str_eq(job_text(job, "kp.rule"), "fa");
  job_destroy(job);
}
END_TEST

START_TEST(a_bad_set_is_refused)
{
  refused_set("kp.rule", "--set kp.rule: must be key=value\n");
  refused_set("kp=3", "kp: is a section; set its keys one by one, as section.key=value (--set)\n");
  refused_set("kp.rul=fa", "kp.rul: unknown key; did you mean kp.rule? (--set)\n");
  refused_set("kp.tau_inf=-1 ms", "kp.tau_inf = -1 ms: must be > 0 s (--set)\n");
  refused_set("seed=", "seed = \"\": must be a whole number (64 bits) (--set)\n");
  refused_set("network.widths=3", "network.widths = 3: must be a list of whole numbers (64 bits), "
                                  "like [64, 32, 10] (--set)\n");
  refused_set("network.widths=", "network.widths = []: must be one number or more (--set)\n");
  refused_set("name=\xff", "name: must be text in UTF-8 (--set)\n");
  refused_set("network.widths=[3,",
              "not valid YAML: did not find expected node content while parsing a flow node "
              "(--set network.widths=[3,)\n");
}
END_TEST

START_TEST(an_unknown_key_names_the_nearest_one)
{
  refused("kp:\n  tau_imf: 1 ms\n",
          "kp.tau_imf: unknown key; did you mean kp.tau_inf? (jobs/a.yml:8)\n");
  refused("sede: 1\n", "sede: unknown key; did you mean seed? (jobs/a.yml:7)\n");
  refused("rule: fa\n", "rule: unknown key; did you mean kp.rule? (jobs/a.yml:7)\n");
  refused("KP:\n  rule: fa\n", "KP: unknown section; did you mean kp? (jobs/a.yml:7)\n");
  refused("solvr:\n  relative: 1\n  bogus: 2\n",
          "solvr: unknown section; did you mean solver? (jobs/a.yml:7)\n");
}
END_TEST

START_TEST(a_key_near_to_none_gets_no_advice)
{
  refused("kp:\n  butterfly: 1\n", "kp.butterfly: unknown key (jobs/a.yml:8)\n");
  refused("butterfly: {a: 1}\n", "butterfly: unknown section (jobs/a.yml:7)\n");
  refused("x: 1\n", "x: unknown key (jobs/a.yml:7)\n");
}
END_TEST

START_TEST(a_key_given_twice_names_both_lines)
{
  refused("kp:\n  rule: fa\n  tau_inf: 1\n  rule: kp\n",
          "kp.rule: given twice, on lines 8 and 10 (jobs/a.yml:10)\n");
  refused("data:\n  path: x\n", "data: given twice, on lines 3 and 7 (jobs/a.yml:7)\n");
  refused("data.set: mnist\n", "data.set: given twice, on lines 4 and 7 (jobs/a.yml:7)\n");
}
END_TEST

START_TEST(numbers_out_of_limits_are_refused)
{
  refused("kp:\n  tau_inf: -0.1\n", "kp.tau_inf = -0.1: must be > 0 s (jobs/a.yml:8)\n");
  refused("kp:\n  tau_inf: 0 ms\n", "kp.tau_inf = 0 ms: must be > 0 s (jobs/a.yml:8)\n");
  refused("network.cap: 0\n", "network.cap = 0: must be > 0 (jobs/a.yml:7)\n");

  const char *set = "network.widths=[64, 0, 10]",
             *start = "network.widths = [64, 0, 10]: must be >= 1";
  job_destroy(parse_with(REQUIRED, 1, &set));
  ck_assert_int_eq(faults.count, 1);
  ck_assert_msg(strncmp(faults.text, start, strlen(start)) == 0, "%s", faults.text);
}
END_TEST

START_TEST(what_is_not_quite_a_number_is_refused)
{
  const char *wrong[] = {"1.5abc", "nan", "inf", "-inf", "0x10", "1e999", "1 ms", "' 1'", "", "e5"};

  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    char *more = fail_text("network.cap: %s\n", wrong[i]);
    char *text = fail_text("%s%s", REQUIRED, more);

    job_destroy(parse_with(text, 0, NULL));
    ck_assert_msg(faults.count == 1 && strstr(faults.text, ": must be a finite number (jobs/a.yml"),
                  "%s gave: %s", wrong[i], faults.text ? faults.text : "no fault");
    faults_clear(&faults);
    free(text);
    free(more);
  }
  refused("seed: 1.5\n", "seed = 1.5: must be a whole number (64 bits) (jobs/a.yml:7)\n");
  refused("seed: 99999999999999999999\n",
          "seed = 99999999999999999999: must be a whole number (64 bits) (jobs/a.yml:7)\n");
  refused("kp:\n  tau_inf: 10 sec\n",
          "kp.tau_inf = 10 sec: must be a time in us, ms, s, min or h, like 10 ms, or a number of "
          "seconds (jobs/a.yml:8)\n");
}
END_TEST

START_TEST(wrong_words_are_refused)
{
  refused("kp:\n  rule: bp\n", "kp.rule = bp: must be one of kp, fa, dfa, sgd (jobs/a.yml:8)\n");
  refused("kp:\n  rule: kp|fa\n",
          "kp.rule = kp|fa: must be one of kp, fa, dfa, sgd (jobs/a.yml:8)\n");
  refused("kp:\n  rule: f\n", "kp.rule = f: must be one of kp, fa, dfa, sgd (jobs/a.yml:8)\n");
  refused("kp:\n  gate: yes\n", "kp.gate = yes: must be true or false (jobs/a.yml:8)\n");
}
END_TEST

START_TEST(wrong_kinds_are_refused)
{
  refused("seed: [1, 2]\n", "seed = [1, 2]: must be a whole number (64 bits) (jobs/a.yml:7)\n");
  refused("seed:\n  a: 1\n", "seed = {...}: must be a whole number (64 bits) (jobs/a.yml:7)\n");
  refused("name: \"a\\0b\"\n", "name = {...}: must be one text, not a list or a section, without "
                               "zero bytes (jobs/a.yml:7)\n");
  refused("kp: 3\n", "kp: must be a section with keys of its own (jobs/a.yml:7)\n");
  refused("kp: [rule]\n", "kp: must be a section with keys of its own (jobs/a.yml:7)\n");
  refused("? [a, b]\n: 1\n", "a key must be a plain word (jobs/a.yml:7)\n");
  refused_set("network.widths=[[1], 2]", "network.widths = [{...}, 2]: must be a list of whole "
                                         "numbers (64 bits), like [64, 32, 10] (--set)\n");
  refused_text("- 1\n", "a job must be a list of \"key: value\" and sections (jobs/a.yml:1)\n"
                        "network.widths is required (jobs/a.yml)\n"
                        "data.set is required (jobs/a.yml)\n"
                        "present.samples is required (jobs/a.yml)\n");
}
END_TEST

START_TEST(a_section_without_keys_is_no_fault)
{
  job_destroy(good("kp:\n  # rule: fa\n"));
}
END_TEST

START_TEST(an_empty_job_says_so)
{
  const char *texts[] = {"", "# nothing yet\n", "---\n"};

  for (int i = 0; i < 3; i++) refused_text(texts[i], "the job is empty (jobs/a.yml)\n");
}
END_TEST

START_TEST(unreadable_yaml_names_the_line)
{
  refused("kp: [fa\nname: b\n",
          "not valid YAML: did not find expected ',' or ']' while parsing a flow sequence "
          "(jobs/a.yml:8)\n");
  refused("kp:\n\trule: fa\n",
          "not valid YAML: found character that cannot start any token while scanning for the next "
          "token (jobs/a.yml:8)\n");
  refused("name: \xc3(\n", "not valid YAML: invalid trailing UTF-8 octet (jobs/a.yml:7)\n");
}
END_TEST

START_TEST(yaml_beyond_a_job_is_refused)
{
  refused("name: &n x\n", "anchors and aliases (& and *) are not used here (jobs/a.yml:7)\n");
  refused("name: *n\n", "anchors and aliases (& and *) are not used here (jobs/a.yml:7)\n");
  refused("kp: &k {rule: fa}\n",
          "anchors and aliases (& and *) are not used here (jobs/a.yml:7)\n");
  refused("seed: !!int 3\n", "tags (!) are not used here (jobs/a.yml:7)\n");
  refused("---\nseed: 3\n", "one document is read, and here begins a second one (jobs/a.yml:7)\n");
}
END_TEST

START_TEST(deep_nesting_is_refused_not_a_crash)
{
  const size_t depth = 20000;
  char *deep = fail_alloc(depth + 1, 1);

  memset(deep, '[', depth);
  job_destroy(parse_with(deep, 0, NULL));
  ck_assert_int_eq(faults.count, 1);
  free(deep);
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
  const char *sets[] = {"seed=x", "nonsense=1"};

  job_destroy(parse_with("kp:\n  tau_inf: 0\n  rule: bp\n", 2, sets));
  expect_faults("kp.tau_inf = 0: must be > 0 s (jobs/a.yml:2)\n"
                "kp.rule = bp: must be one of kp, fa, dfa, sgd (jobs/a.yml:3)\n"
                "seed = x: must be a whole number (64 bits) (--set)\n"
                "nonsense: unknown key (--set)\n"
                "network.widths is required (jobs/a.yml)\n"
                "data.set is required (jobs/a.yml)\n"
                "present.samples is required (jobs/a.yml)\n");
}
END_TEST

START_TEST(a_message_is_one_short_line)
{
  faults_add(&faults, "%s", "a\nb");
  expect_faults("a b\n");
  refused("seed: \"a\\nb\"\n", "seed = a b: must be a whole number (64 bits) (jobs/a.yml:7)\n");
  /* 58 letters and two bytes of a character fill the line: it must not stay in part. */
  refused("seed: 123456789012345678901234567890123456789012345678901234567x\xe2\x82\xac!\n",
          "seed = 123456789012345678901234567890123456789012345678901234567x...: must be a whole "
          "number (64 bits) (jobs/a.yml:7)\n");
}
END_TEST

/* Every key of two jobs in the bits that the tables say it has. */
static void same_values(const struct job *a, const struct job *b)
{
  for (int t = 0; all_keys[t]; t++) {
    for (const struct key *key = all_keys[t]; key->name; key++) {
      const char *name = key->name;
      long n, m;

      if (key->type == KEY_REAL || key->type == KEY_TIME) {
        double x = job_real(a, name), y = job_real(b, name);
        ck_assert_msg(memcmp(&x, &y, sizeof x) == 0, "%s: %a and %a", name, x, y);
      } else if (key->type == KEY_INTEGER) {
        ck_assert_int_eq(job_integer(a, name), job_integer(b, name));
      } else if (key->type == KEY_FLAG) {
        ck_assert_int_eq(job_flag(a, name), job_flag(b, name));
      } else if (key->type == KEY_INTEGERS) {
        const long *p = job_integers(a, name, &n), *q = job_integers(b, name, &m);
        ck_assert_int_eq(n, m);
        for (long i = 0; i < n; i++) ck_assert_int_eq(p[i], q[i]);
      } else {
        ck_assert_str_eq(job_text(a, name), job_text(b, name));
      }
    }
  }
}

/* used.yml lies in another folder than the job, so it is read from another one here. */
static void survives(struct job *job)
{
  char *used = job_used(job);
  struct job *again = job_parse(used, "used.yml", "/elsewhere", 0, NULL, &faults);

  ck_assert_msg(faults.count == 0, "%s\nof\n%s", faults.text ? faults.text : "", used);
  same_values(job, again);
  for (int t = 0; all_keys[t]; t++)
    for (const struct key *key = all_keys[t]; key->name; key++)
      ck_assert_msg(job_is_given(again, key->name), "%s is not in used.yml", key->name);
  free(used);
  job_destroy(again);
  job_destroy(job);
}

START_TEST(used_yaml_reads_back_to_the_same_values)
{
  survives(good(""));
  survives(good("seed: 2000000001\nstart: a b/s#1.h5\n"
                "kp: {tau_inf: 0.1 ms, tau_pot: 3.3333333333333333333 s, gate: false}\n"
                "network.cap: 0.30000000000000004\nsolver.relative: 1.0000000000000002e-7\n"));
}
END_TEST

START_TEST(any_text_survives_used_yaml)
{
  const char *names[] = {
      "name=",    "name=true",       "name=5",         "name= leading ",     "name=a: b",
      "name=#x",  "name=- [x]",      "name=\"q\" 'q'", "name=two\nlines\n",  "name=caf\xc3\xa9",
      "name=\\n", "name=\x01\t\x7f", "name=~",         "name=&a *b !c %d @e"};

  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    struct job *job = good_with(1, &names[i]);

    ck_assert_str_eq(job_text(job, "name"), names[i] + strlen("name="));
    survives(job);
  }
}
END_TEST

START_TEST(used_yaml_is_nested_and_quotes_texts)
{
  struct job *job = good("name: 1e5\nkp: {tau_inf: 2 ms}\n");
  char *used = job_used(job);

  ck_assert_ptr_nonnull(strstr(used, "name: \"1e5\"\n"));
  ck_assert_ptr_nonnull(strstr(used, "\nkp:\n"));
  ck_assert_ptr_nonnull(strstr(used, "\n  tau_inf: 0.002\n"));
  ck_assert_ptr_nonnull(strstr(used, "\n  widths: [64, 32, 10]\n"));
  free(used);
  job_destroy(job);
}
END_TEST

START_TEST(the_page_of_keys_has_a_row_for_every_key)
{
  char *page = NULL;
  size_t length;
  FILE *out = open_memstream(&page, &length);

  keys_print(out, true);
  fclose(out);
  for (int t = 0; all_keys[t]; t++) {
    for (const struct key *key = all_keys[t]; key->name; key++) {
      char *row = fail_text("\n| `%s` | ", key->name);
      char *first = strstr(page, row);

      ck_assert_msg(first && !strstr(first + 1, row), "%s has no row, or two", key->name);
      free(row);
    }
  }
  ck_assert_ptr_nonnull(strstr(page, "| `data.set` | required | glyphs, circles,"));
  ck_assert_ptr_nonnull(strstr(page, "| `kp.tau_pot_feedback` | as `kp.tau_pot` | > 0 s | s |"));
  ck_assert_ptr_nonnull(strstr(page, "| `kp.tau_inf` | `1 ms` | > 0 s | s |"));
  free(page);
}
END_TEST

/* Only rank `culprit` has a fault (size: none): do all ranks agree, and does rank 0 know it? */
static bool is_heard(int culprit, int rank, int size)
{
  struct faults own = {0};
  int good_here, good_everywhere;

  if (rank == culprit) faults_add(&own, "rank %d is unwell", culprit);
  good_here = faults_any(&own, MPI_COMM_WORLD) == (culprit < size);
  if (rank == 0 && culprit < size) {
    char *expected = fail_text("rank %d is unwell\n", culprit);

    good_here = good_here && own.count == 1 && strcmp(own.text, expected) == 0;
    free(expected);
  }
  faults_clear(&own);
  MPI_Allreduce(&good_here, &good_everywhere, 1, MPI_INT, MPI_MIN, MPI_COMM_WORLD);
  return good_everywhere;
}

START_TEST(a_fault_of_any_rank_reaches_rank_0)
{
  int rank, size;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  for (int culprit = 0; culprit <= size; culprit++) ck_assert(is_heard(culprit, rank, size));
}
END_TEST

static Suite *job_suite(void)
{
  Suite *suite = suite_create("job");
  TCase *reads = tcase_create("reads"), *refuses = tcase_create("refuses"),
        *writes = tcase_create("writes");

  tcase_add_checked_fixture(refuses, NULL, forget_faults);
  tcase_add_checked_fixture(reads, NULL, forget_faults);
  tcase_add_checked_fixture(writes, NULL, forget_faults);
  tcase_add_test(reads, keys_of_all_types_are_read);
  tcase_add_test(reads, times_take_units);
  tcase_add_test(reads, a_list_may_be_written_in_lines);
  tcase_add_test(reads, a_default_may_be_another_keys_value);
  tcase_add_test(reads, a_default_may_hang_on_a_choice);
  tcase_add_test(reads, places_tell_file_set_and_default);
  tcase_add_test(reads, paths_are_relative_to_the_jobs_folder);
  tcase_add_test(reads, a_relative_folder_becomes_absolute);
  tcase_add_test(reads, set_overrides_the_file_and_the_last_wins);
  tcase_add_test(reads, a_section_without_keys_is_no_fault);
  tcase_add_test(refuses, a_bad_set_is_refused);
  tcase_add_test(refuses, an_unknown_key_names_the_nearest_one);
  tcase_add_test(refuses, a_key_near_to_none_gets_no_advice);
  tcase_add_test(refuses, a_key_given_twice_names_both_lines);
  tcase_add_test(refuses, numbers_out_of_limits_are_refused);
  tcase_add_test(refuses, what_is_not_quite_a_number_is_refused);
  tcase_add_test(refuses, wrong_words_are_refused);
  tcase_add_test(refuses, wrong_kinds_are_refused);
  tcase_add_test(refuses, an_empty_job_says_so);
  tcase_add_test(refuses, unreadable_yaml_names_the_line);
  tcase_add_test(refuses, yaml_beyond_a_job_is_refused);
  tcase_add_test(refuses, deep_nesting_is_refused_not_a_crash);
  tcase_add_test(refuses, all_faults_are_told_at_once);
  tcase_add_test(refuses, a_message_is_one_short_line);
  tcase_add_test(refuses, a_fault_of_any_rank_reaches_rank_0);
  tcase_add_test(writes, used_yaml_reads_back_to_the_same_values);
  tcase_add_test(writes, any_text_survives_used_yaml);
  tcase_add_test(writes, used_yaml_is_nested_and_quotes_texts);
  tcase_add_test(writes, the_page_of_keys_has_a_row_for_every_key);
  suite_add_tcase(suite, reads);
  suite_add_tcase(suite, refuses);
  suite_add_tcase(suite, writes);
  return suite;
}

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  SRunner *runner = srunner_create(job_suite());
  return suite_run(runner);
}
