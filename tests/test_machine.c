/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the constants of a machine and the file that holds them. */
#include "machine.h"
#include "suite.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "test_machine.XXXXXX";

/* Every constant a number of its own; the lists grow as a power of what they go with. */
static void fill_rates(struct machine_rates *r, const struct machine *m, double first)
{
  for (int k = 0; k < MACHINE_LEVELS; k++) {
    r->triad[k] = (first + 1) * 1e9 / pow(m->level[k], 0.25);
    r->read[k] = (first + 2) * 1e9 / pow(m->level[k], 0.5);
  }
  for (int p = 0; p < PRECISIONS; p++) r->fma[p] = (first + 3 + p) * 1e10;
  for (int k = 0; k < METHODS; k++)
    for (int p = 0; p < PRECISIONS; p++) {
      r->stage[k][p] = (first + 30 + 2 * k + p) * 1e-9;
      r->row[k][p] = (first + 40 + 2 * k + p) * 1e-9;
    }
  for (int k = 0; k < KERNELS; k++)
    for (int p = 0; p < PRECISIONS; p++) {
      r->call[k][p] = (first + 5 + 2 * k + p) * 1e-9;
      for (int w = 0; w < MACHINE_WIDTHS; w++)
        r->kernel[k][p][w] = (first + 5 + 2 * k + p) * 1e8 * pow(m->width[w], 0.5);
    }
}

static struct machine example(void)
{
  struct machine m = machine_blank();

  fill_rates(&m.alone, &m, 0.123456789);
  fill_rates(&m.together, &m, 20.987654321);
  m.ranks = 3;
  m.latency = 1.23456789e-6;
  m.bandwidth = 9.87654321e9;
  m.reduce = 2.34567891e-6;
  return m;
}

static bool close_to(double a, double b)
{
  return fabs(a - b) <= 1e-8 * fabs(a);
}

static bool same_rates(const struct machine_rates *a, const struct machine_rates *b)
{
  bool same = true;

  for (int k = 0; k < MACHINE_LEVELS; k++)
    same = same && close_to(a->triad[k], b->triad[k]) && close_to(a->read[k], b->read[k]);
  for (int p = 0; p < PRECISIONS; p++) same = same && close_to(a->fma[p], b->fma[p]);
  for (int k = 0; k < METHODS; k++)
    for (int p = 0; p < PRECISIONS; p++)
      same =
          same && close_to(a->stage[k][p], b->stage[k][p]) && close_to(a->row[k][p], b->row[k][p]);
  for (int k = 0; k < KERNELS; k++)
    for (int p = 0; p < (k == KERNEL_RELAX ? 1 : PRECISIONS); p++) {
      same = same && close_to(a->call[k][p], b->call[k][p]);
      for (int w = 0; w < MACHINE_WIDTHS; w++)
        same = same && close_to(a->kernel[k][p][w], b->kernel[k][p][w]);
    }
  return same;
}

static void put(const char *text, size_t length)
{
  FILE *out = fopen(path, "wb");

  ck_assert(out && fwrite(text, 1, length, out) == length && fclose(out) == 0);
}

/* The example's file with the first `old` in it replaced; caller frees. */
static char *edited(const char *old, const char *fresh)
{
  const struct machine m = example();
  char *text = machine_text(&m), *at = strstr(text, old);

  ck_assert_msg(at, "the file has no %s", old);
  char *result = fail_text("%.*s%s%s", (int)(at - text), text, fresh, at + strlen(old));
  free(text);
  return result;
}

/* The file is refused with `count` messages, and the first of them holds `message`. */
static void refused(const char *text, int count, const char *message)
{
  struct machine m;
  struct faults faults = {0};

  put(text, strlen(text));
  const bool ok = machine_read(&m, path, &faults);
  ck_assert_msg(!ok && faults.count == count && strstr(faults.text, message) &&
                    strstr(faults.text, message) < strchr(faults.text, '\n'),
                "wanted %d like '%s', got %d: %s", count, message, faults.count,
                faults.text ? faults.text : "");
  ck_assert(strstr(faults.text, path));
  faults_clear(&faults);
}

static void refused_edit(const char *old, const char *fresh, const char *message)
{
  char *text = edited(old, fresh);

  refused(text, 1, message);
  free(text);
}

START_TEST(what_is_written_is_read)
{
  const struct machine m = example();
  struct machine back;
  struct faults faults = {0};

  ck_assert(machine_write(&m, path, &faults));
  ck_assert_msg(machine_read(&back, path, &faults), "%s", faults.text ? faults.text : "");
  ck_assert_int_eq(faults.count, 0);
  ck_assert_int_eq(back.ranks, 3);
  ck_assert(memcmp(back.level, m.level, sizeof m.level) == 0);
  ck_assert(memcmp(back.width, m.width, sizeof m.width) == 0);
  ck_assert(same_rates(&m.alone, &back.alone));
  ck_assert(same_rates(&m.together, &back.together));
  ck_assert(!same_rates(&m.alone, &back.together));
  ck_assert(close_to(m.latency, back.latency));
  ck_assert(close_to(m.bandwidth, back.bandwidth));
  ck_assert(close_to(m.reduce, back.reduce));
}
END_TEST

START_TEST(messages_may_be_unknown_and_nothing_else)
{
  struct machine m = example(), back;
  struct faults faults = {0};

  m.latency = m.bandwidth = m.reduce = NAN;
  ck_assert(machine_write(&m, path, &faults));
  ck_assert(machine_read(&back, path, &faults));
  ck_assert(isnan(back.latency) && isnan(back.bandwidth) && isnan(back.reduce));
  ck_assert(same_rates(&m.alone, &back.alone));

  m.together.fma[IN_SINGLE] = NAN;
  ck_assert(machine_write(&m, path, &faults));
  ck_assert(!machine_read(&back, path, &faults));
  ck_assert(strstr(faults.text, "together_fma = unknown: must be a finite number"));
  faults_clear(&faults);
}
END_TEST

START_TEST(numbers_have_limits)
{
  refused_edit("ranks: 3", "ranks: 0", "ranks = 0: must be > 0");
  refused_edit("ranks: 3", "ranks: 1.5", "ranks = 1.5: must be a whole number");
  refused_edit("ranks: 3", "ranks: 1e300", "ranks = 1e+300: must be a whole number");
  refused_edit("reduce: 2.34567891e-06", "reduce: -1", "reduce = -1: must be > 0 s");
  refused_edit("latency: 1.23456789e-06", "latency: inf", "latency = inf: must be a finite number");
  refused_edit("latency: 1.23456789e-06", "latency: nan", "latency = nan: must be a finite number");
  refused_edit("latency: 1.23456789e-06", "latency: 1e999", "must be a finite number");
  refused_edit("latency: 1.23456789e-06", "latency: 1 us", "latency = 1 us: must be");
  refused_edit("width: [64, ", "width: [128, ", "width: 128 after 128: must increase");
  refused_edit("level: [16384, ", "level: [1e12, ", "level: 262144 after 1e+12: must increase");
}
END_TEST

START_TEST(lists_have_lengths)
{
  refused_edit("width: [64, ", "width: [", "width: must be a list of 7 numbers");
  refused_edit("width: [64, ", "width: [32, 64, ", "width: must be a list of 7 numbers");
  refused_edit("width: [64, ", "width: [[64], ", "width = ");
  refused_edit("ranks: 3", "ranks: [3]", "ranks: must be one number");
  refused_edit("ranks: 3", "ranks: {a: 3}", "ranks = ");
  refused_edit("ranks: 3", "ranks:", "ranks = \"\": must be");
}
END_TEST

START_TEST(names_are_given_once_and_known)
{
  refused_edit("ranks: 3\n", "ranks: 3\nranks: 4\n", "ranks: given twice");
  refused_edit("ranks: 3\n", "", "lacks 1 of the 64 constants, first ranks");
  refused_edit("ranks: 3\n", "ranks: 3\nextra: 1\n", "extra: no constant of a machine");
  refused_edit("ranks: 3\n", "ranks: 3\n[1, 2]: 1\n", "no constant of a machine");
  refused("alone_read: 1\n", 2, "alone_read: must be a list of 4 numbers");
}
END_TEST

START_TEST(other_files_are_refused)
{
  struct machine m;
  struct faults faults = {0};

  refused("", 1, "is empty");
  refused("# nothing\n", 1, "is empty");
  refused("just words\n", 1, "must be a list of \"name: value\"");
  refused("[1, 2]\n", 1, "must be a list of \"name: value\"");
  refused("ranks: &a 3\nlatency: *a\n", 1, "anchors and aliases (& and *) are not used here");
  refused("ranks: [1, 2\n", 1, "not valid YAML");
  refused("ranks: \xff\xfe\n", 1, "not valid YAML");
  put("ranks: 3\0x", 10);
  ck_assert(!machine_read(&m, path, &faults));
  ck_assert(strstr(faults.text, "zero byte"));
  faults_clear(&faults);
  ck_assert(!machine_read(&m, "no/such/file.yml", &faults));
  ck_assert_int_eq(faults.count, 1);
  ck_assert(strstr(faults.text, "no/such/file.yml: No such file"));
  faults_clear(&faults);
  const struct machine good = example();
  ck_assert(!machine_write(&good, "no/such/file.yml", &faults));
  ck_assert_int_eq(faults.count, 1);
  faults_clear(&faults);
}
END_TEST

/* A power law is a straight line in the logarithms. */
START_TEST(rates_between_widths_follow_power_laws)
{
  const struct machine m = example();
  const struct machine_rates *r = &m.alone;

  for (double width = 64; width <= 4096; width *= 1.1) {
    const double rate = machine_rate(&m, r, KERNEL_FOLD, IN_SINGLE, width);
    ck_assert(close_to(rate, r->kernel[KERNEL_FOLD][IN_SINGLE][0] * pow(width / 64, 0.5)));
  }
  for (double bytes = 16384; bytes <= 268435456; bytes *= 1.3)
    ck_assert(close_to(machine_bandwidth(&m, r, bytes), r->read[0] * pow(bytes / 16384, -0.5)));
  ck_assert(machine_rate(&m, r, KERNEL_ROWS, IN_DOUBLE, 1) == r->kernel[KERNEL_ROWS][IN_DOUBLE][0]);
  ck_assert(machine_rate(&m, r, KERNEL_ROWS, IN_DOUBLE, 1e9) ==
            r->kernel[KERNEL_ROWS][IN_DOUBLE][MACHINE_WIDTHS - 1]);
  ck_assert(machine_rate(&m, r, KERNEL_RELAX, IN_SINGLE, 128) ==
            r->kernel[KERNEL_RELAX][IN_DOUBLE][1]);
  ck_assert(machine_bandwidth(&m, r, 0) == r->read[0]);
  ck_assert(machine_bandwidth(&m, r, 1e12) == r->read[MACHINE_LEVELS - 1]);
}
END_TEST

int main(int argc, char **argv)
{
  Suite *suite = suite_create("machine");
  TCase *facts = tcase_create("facts");

  MPI_Init(&argc, &argv);
  const int made = mkstemp(path);
  if (made < 0) MPI_Abort(MPI_COMM_WORLD, 1);
  close(made);
  tcase_add_test(facts, what_is_written_is_read);
  tcase_add_test(facts, messages_may_be_unknown_and_nothing_else);
  tcase_add_test(facts, numbers_have_limits);
  tcase_add_test(facts, lists_have_lengths);
  tcase_add_test(facts, names_are_given_once_and_known);
  tcase_add_test(facts, other_files_are_refused);
  tcase_add_test(facts, rates_between_widths_follow_power_laws);
  suite_add_tcase(suite, facts);
  const int status = suite_run(srunner_create(suite));
  unlink(path);
  return status;
}
