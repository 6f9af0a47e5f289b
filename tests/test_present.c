/* SPDX-License-Identifier: BSD-3-Clause */
/* The schedule: x(t) and y*(t) against their definitions, for early, late and punctual labels. */
#include "present.h"
#include "suite.h"
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, TRAINING = 40 };
static const double T = 0.05;

struct scene {
  struct job *job;
  struct dataset *data;
  struct presenter *pr;
};

/* A presenter of a few glyphs. more: further lines of the present section. */
static struct scene scene(enum split split, const char *order, int seed, const char *more)
{
  struct faults faults = {0};
  struct scene s;
  char *text = fail_text("seed: %d\n"
                         "network: {widths: [36, 10]}\n"
                         "data: {set: glyphs, train: %d, test: 7, order: %s}\n"
                         "present: {samples: 100%s}\n",
                         seed, TRAINING, order, more);

  s.job = job_parse(text, "test", ".", 0, NULL, &faults);
  ck_assert_msg(faults.count == 0, "%s", faults.text);
  present_check(s.job, &faults);
  s.data = dataset_create(s.job, MPI_COMM_WORLD, &faults);
  ck_assert_msg(faults.count == 0, "%s", faults.text);
  s.pr = presenter_create(s.job, s.data, split);
  free(text);
  return s;
}

static void end(struct scene s)
{
  presenter_destroy(s.pr);
  dataset_destroy(s.data);
  job_destroy(s.job);
}

static struct scene timing(double ramp, double delay)
{
  char *more = fail_text(", ramp: %.17g, label_delay: %.17g", ramp, delay);
  struct scene s = scene(TRAIN, "sequential", 1, more);

  free(more);
  return s;
}

/* Which sample is shown now? Glyphs with noise are all different. */
static long shown(const struct scene *s)
{
  double x[36];

  for (long i = 0; i < s->data->count[s->pr->split]; i++) {
    dataset_sample(s->data, s->pr->split, i, x);
    if (memcmp(x, s->pr->x_to, sizeof x) == 0) return i;
  }
  return -1;
}

START_TEST(each_epoch_shows_every_sample_once_in_a_new_order)
{
  struct scene s = scene(TRAIN, "shuffled", 1, "");
  int times[TRAINING] = {0}, alike = 0;
  long first[TRAINING];

  for (long p = 0; p < 3 * TRAINING; p++) {
    presenter_begin(s.pr, p);
    long i = shown(&s);

    ck_assert_int_ge(i, 0);
    ck_assert_int_eq(presenter_label(s.pr), dataset_label(s.data, TRAIN, i));
    ck_assert_int_eq(times[i]++, p / TRAINING);
    if (p < TRAINING)
      first[p] = i;
    else
      alike += first[p % TRAINING] == i;
  }
  ck_assert_int_lt(alike, TRAINING / 2);
  end(s);
}
END_TEST

START_TEST(the_order_depends_on_the_seed)
{
  struct scene a = scene(TRAIN, "shuffled", 1, ""), b = scene(TRAIN, "shuffled", 2, "");
  int alike = 0;

  for (long p = 0; p < TRAINING; p++) {
    presenter_begin(a.pr, p);
    presenter_begin(b.pr, p);
    alike += shown(&a) == shown(&b);
  }
  ck_assert_int_lt(alike, TRAINING / 2);
  end(a);
  end(b);
}
END_TEST

START_TEST(sequential_order_repeats_the_samples_as_they_come)
{
  struct scene s = scene(TRAIN, "sequential", 1, "");

  for (long p = 0; p < 2 * TRAINING; p += 7) {
    presenter_begin(s.pr, p);
    ck_assert_int_eq(shown(&s), p % TRAINING);
  }
  end(s);
}
END_TEST

START_TEST(the_test_split_comes_in_sequence_and_on_time)
{
  struct scene s = scene(TEST, "shuffled", 1, ", label_delay: 60 ms");
  double target[CLASSES];

  for (long p = 0; p < 15; p++) {
    presenter_begin(s.pr, p);
    ck_assert_int_eq(shown(&s), p % 7);
    presenter_target(s.pr, T, T, target);
    ck_assert(target[presenter_label(s.pr)] == 1);
  }
  end(s);
}
END_TEST

START_TEST(input_begins_at_zero_and_then_at_the_last_sample)
{
  struct scene s = scene(TRAIN, "shuffled", 1, "");
  double last[36];

  presenter_begin(s.pr, 0);
  for (int j = 0; j < 36; j++) ck_assert(s.pr->x_from[j] == 0);
  memcpy(last, s.pr->x_to, sizeof last);
  presenter_begin(s.pr, 1);
  ck_assert_mem_eq(s.pr->x_from, last, sizeof last);
  for (int j = 36; j < 48; j++) ck_assert(s.pr->x_from[j] == 0 && s.pr->x_to[j] == 0);
  end(s);
}
END_TEST

/* Presentations asked for in jumps, over five epochs, are those of a run from the start. */
START_TEST(presentations_can_be_prepared_in_any_order)
{
  const char *delay = ", label_delay: -70 ms";
  struct scene straight = scene(TRAIN, "shuffled", 1, delay);
  struct scene jumping = scene(TRAIN, "shuffled", 1, delay);

  for (long p = 0; p < 5 * TRAINING; p++) {
    long q = p * 77 % (5 * TRAINING);

    for (long k = q > 3 ? q - 3 : 0; k <= q; k++) presenter_begin(straight.pr, k);
    presenter_begin(jumping.pr, q);
    ck_assert_mem_eq(straight.pr->x_from, jumping.pr->x_from, 36 * sizeof(double));
    ck_assert_mem_eq(straight.pr->x_to, jumping.pr->x_to, 36 * sizeof(double));
    for (int k = 0; k < 3; k++)
      ck_assert_mem_eq(straight.pr->y[k], jumping.pr->y[k], CLASSES * sizeof(double));
  }
  presenter_begin(jumping.pr, 0);
  for (int j = 0; j < 36; j++) ck_assert(jumping.pr->x_from[j] == 0);
  end(straight);
  end(jumping);
}
END_TEST

START_TEST(the_blend_is_the_cubic_of_the_equations)
{
  struct scene s = timing(0.002, 0), sudden = timing(0, 0);

  ck_assert(presenter_blend(s.pr, 0) == 0);
  ck_assert_double_eq_tol(presenter_blend(s.pr, 0.0005), 0.0625 * 2.5, 1e-15);
  ck_assert_double_eq_tol(presenter_blend(s.pr, 0.001), 0.5, 1e-15);
  ck_assert(presenter_blend(s.pr, 0.002) == 1);
  ck_assert(presenter_blend(s.pr, T) == 1);
  ck_assert(presenter_blend(sudden.pr, 0) == 1);
  end(s);
  end(sudden);
}
END_TEST

static const double ramps[] = {0, 0.002, 0.03, 0.05};
static const double delays[] = {0,    0.005, -0.005, 0.049, 0.05, -0.05,
                                0.15, -0.15, 0.13,   -0.12, 1e-5};
enum { RAMPS = sizeof ramps / sizeof *ramps, DELAYS = sizeof delays / sizeof *delays };

/* y*(t) of class c straight from the definition, in sequential order. */
static double defined(const struct scene *s, double t, int c)
{
  double clock = t - s->pr->delay, ramp = s->pr->ramp;
  long p = (long)floor(clock / T);
  double v = ramp > 0 ? fmin((clock - (double)p * T) / ramp, 1) : 1, b = v * v * (3 - 2 * v);
  double value = 0;

  if (p >= 0 && dataset_label(s->data, TRAIN, p % TRAINING) == c) value += b;
  if (p >= 1 && dataset_label(s->data, TRAIN, (p - 1) % TRAINING) == c) value += 1 - b;
  return value;
}

START_TEST(the_target_is_the_inputs_clock_shifted)
{
  struct scene s = timing(ramps[_i / DELAYS], delays[_i % DELAYS]);
  double target[CLASSES];

  for (long p = 0; p < TRAINING + 5; p++) {
    presenter_begin(s.pr, p);
    for (int k = 0; k < s.pr->kinks; k++) {
      double start = k > 0 ? s.pr->kink[k - 1] : 0, length = s.pr->kink[k] - start;

      for (int m = 1; m < 6; m++) {
        double u = start + length * m / 6;

        presenter_target(s.pr, u, start, target);
        for (int c = 0; c < CLASSES; c++)
          ck_assert_double_eq_tol(target[c], defined(&s, (double)p * T + u, c), 1e-9);
        presenter_target(s.pr, u, u, target);
        for (int c = 0; c < CLASSES; c++)
          ck_assert_double_eq_tol(target[c], defined(&s, (double)p * T + u, c), 1e-9);
      }
    }
  }
  end(s);
}
END_TEST

/* Between kinks input and target are one cubic, ends included: fourth differences vanish. */
START_TEST(nothing_bends_between_kinks)
{
  static const double binomial[] = {1, -4, 6, -4, 1};
  struct scene s = timing(ramps[_i / DELAYS], delays[_i % DELAYS]);

  for (long p = 0; p < 8; p++) {
    presenter_begin(s.pr, p);
    ck_assert(s.pr->kink[s.pr->kinks - 1] == T);
    for (int k = 0; k < s.pr->kinks; k++) {
      double start = k > 0 ? s.pr->kink[k - 1] : 0, length = s.pr->kink[k] - start;
      double target[CLASSES], bend[CLASSES] = {0}, input = 0;

      ck_assert(length > 1e-12 * T);
      for (int m = 0; m < 5; m++) {
        double u = m < 4 ? start + length * m / 4 : s.pr->kink[k];

        presenter_target(s.pr, u, start, target);
        for (int c = 0; c < CLASSES; c++) bend[c] += binomial[m] * target[c];
        input += binomial[m] * presenter_blend(s.pr, u);
      }
      for (int c = 0; c < CLASSES; c++) ck_assert_double_eq_tol(bend[c], 0, 1e-8);
      ck_assert_double_eq_tol(input, 0, 1e-8);
    }
  }
  end(s);
}
END_TEST

START_TEST(with_a_ramp_the_target_is_continuous)
{
  struct scene s = timing(ramps[1 + _i / DELAYS], delays[_i % DELAYS]);
  double before[CLASSES] = {0}, after[CLASSES];

  for (long p = 0; p < 8; p++) {
    presenter_begin(s.pr, p);
    for (int k = 0; k < s.pr->kinks; k++) {
      double start = k > 0 ? s.pr->kink[k - 1] : 0;

      presenter_target(s.pr, start, start, after);
      for (int c = 0; c < CLASSES && (p > 0 || s.pr->delay >= 0); c++)
        ck_assert_double_eq_tol(before[c], after[c], 1e-9);
      presenter_target(s.pr, s.pr->kink[k], start, before);
    }
  }
  end(s);
}
END_TEST

START_TEST(without_a_ramp_a_segment_sees_its_own_side_of_the_jump)
{
  struct scene s = timing(0, 0.02);
  double target[CLASSES];
  int jumps = 0;

  for (long p = 1; p < TRAINING; p++) {
    int last = dataset_label(s.data, TRAIN, p - 1), now = dataset_label(s.data, TRAIN, p);

    presenter_begin(s.pr, p);
    ck_assert_int_eq(s.pr->kinks, 2);
    ck_assert_double_eq_tol(s.pr->kink[0], 0.02, 1e-15);
    presenter_target(s.pr, s.pr->kink[0], 0, target);
    ck_assert(target[last] == 1);
    presenter_target(s.pr, s.pr->kink[0], s.pr->kink[0], target);
    ck_assert(target[now] == 1);
    presenter_target(s.pr, T, s.pr->kink[0], target);
    ck_assert(target[now] == 1);
    jumps += last != now;
  }
  ck_assert_int_gt(jumps, 0);
  end(s);
}
END_TEST

START_TEST(a_delay_of_whole_presentations_adds_no_kink)
{
  for (int k = -7; k <= 7; k++) {
    struct scene s = timing(0.002, k * 50 / 1000.0);

    ck_assert_int_eq(s.pr->kinks, 2);
    presenter_begin(s.pr, 10);
    ck_assert(s.pr->y[2][dataset_label(s.data, TRAIN, 10 - k)] == 1);
    end(s);
  }
}
END_TEST

/* 100 presentations are asked for; the label of the 101st comes early all the same. */
START_TEST(the_schedule_does_not_end_with_the_run)
{
  struct scene s = timing(0.002, -0.01);
  double target[CLASSES];

  presenter_begin(s.pr, 99);
  presenter_target(s.pr, T, T, target);
  ck_assert(target[dataset_label(s.data, TRAIN, 100 % TRAINING)] == 1);
  end(s);
}
END_TEST

/* The first fault of a job with this present section, or "". Caller frees. */
static char *fault_of(const char *present)
{
  struct faults faults = {0};
  char *text =
      fail_text("network: {widths: [4, 10]}\ndata: {set: glyphs}\npresent: {%s}\n", present);
  struct job *job = job_parse(text, "test", ".", 0, NULL, &faults);

  if (faults.count == 0) present_check(job, &faults);
  char *message = fail_text("%s", faults.count > 0 ? faults.text : "");

  faults_clear(&faults);
  job_destroy(job);
  free(text);
  return message;
}

/* Windows of q anywhere, the evenness of the pattern, and the label that comes instead. */
START_TEST(exactly_p_of_q_labels_come_from_the_sample_before)
{
  static const struct {
    double share;
    int p, q;
  } cases[] = {{0, 0, 1},       {1, 1, 1},      {0.5, 1, 2},   {0.3, 3, 10},
               {1 / 3.0, 1, 3}, {0.6667, 2, 3}, {0.05, 1, 20}, {0.375, 3, 8}};

  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    char *more = fail_text(", label_dither: %.17g", cases[k].share);
    struct scene s = scene(TRAIN, "shuffled", 1, more);
    bool moved[4 * TRAINING];
    double target[CLASSES];

    for (long n = 0; n < 4 * TRAINING; n++) {
      const long before = shown(&s);

      presenter_begin(s.pr, n);
      const int own = dataset_label(s.data, TRAIN, shown(&s));
      const int last = n > 0 ? dataset_label(s.data, TRAIN, before) : -1;
      moved[n] = (n + 1) * cases[k].p / cases[k].q > n * cases[k].p / cases[k].q;
      presenter_target(s.pr, T, T, target);
      for (int c = 0; c < CLASSES; c++) ck_assert(target[c] == (c == (moved[n] ? last : own)));
      ck_assert_int_eq(presenter_label(s.pr), own);
      if (n + 1 < cases[k].q) continue;
      int count = 0;
      for (long m = n + 1 - cases[k].q; m <= n; m++) count += moved[m];
      ck_assert_int_eq(count, cases[k].p);
    }
    free(more);
    end(s);
  }
}
END_TEST

/* A late label is the late presentation's, dithered or not; so is where the ramp comes from. */
START_TEST(a_delay_shifts_the_dithered_schedule)
{
  struct scene s = scene(TRAIN, "sequential", 1, ", label_delay: 100 ms, label_dither: 0.5");
  static const int back[2] = {2, 3}; /* even presentations keep their label */

  for (long n = 4; n < TRAINING; n++) {
    presenter_begin(s.pr, n);
    ck_assert(s.pr->y[2][dataset_label(s.data, TRAIN, n - back[n % 2])] == 1);
    ck_assert(s.pr->y[1][dataset_label(s.data, TRAIN, n - 1 - back[(n + 1) % 2])] == 1);
  }
  end(s);
}
END_TEST

START_TEST(tests_are_not_dithered)
{
  struct scene s = scene(TEST, "shuffled", 1, ", label_dither: 1");
  double target[CLASSES];

  for (long n = 0; n < 14; n++) {
    presenter_begin(s.pr, n);
    presenter_target(s.pr, T, T, target);
    ck_assert(target[dataset_label(s.data, TEST, n % 7)] == 1);
  }
  end(s);
}
END_TEST

START_TEST(impossible_schedules_are_refused)
{
  static const char *const bad[][2] = {
      {"samples: 1, ramp: 60 ms", "present.ramp = 0.06 s: must be <= present.duration = 0.05 s"},
      {"samples: 1, label_delay: -1e9", "present.label_delay = -1e+09 s: must be within"},
      {"samples: 1, label_dither: 1.1", "present.label_dither = 1.1: must be"},
      {"samples: 1, label_dither: -0.1", "present.label_dither = -0.1: must be"},
      {"samples: 0", "present.samples = 0"},
      {"ramp: 1 ms", "present.samples"},
      {"samples: 1, duration: 0", "present.duration = 0"},
      {"samples: 1, ramp: -1 ms", "present.ramp = -"},
      {"samples: 1, ramp: 50 ms, label_delay: -10 s", ""},
  };

  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    char *message = fault_of(bad[k][0]);

    ck_assert_msg(strncmp(message, bad[k][1], strlen(bad[k][1])) == 0 && (*bad[k][1] || !*message),
                  "{%s} gave \"%s\"", bad[k][0], message);
    free(message);
  }
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("present");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  suite_add_tcase(suite, facts);
  tcase_add_test(facts, each_epoch_shows_every_sample_once_in_a_new_order);
  tcase_add_test(facts, the_order_depends_on_the_seed);
  tcase_add_test(facts, sequential_order_repeats_the_samples_as_they_come);
  tcase_add_test(facts, the_test_split_comes_in_sequence_and_on_time);
  tcase_add_test(facts, input_begins_at_zero_and_then_at_the_last_sample);
  tcase_add_test(facts, presentations_can_be_prepared_in_any_order);
  tcase_add_test(facts, the_blend_is_the_cubic_of_the_equations);
  tcase_add_loop_test(facts, the_target_is_the_inputs_clock_shifted, 0, RAMPS * DELAYS);
  tcase_add_loop_test(facts, nothing_bends_between_kinks, 0, RAMPS * DELAYS);
  tcase_add_loop_test(facts, with_a_ramp_the_target_is_continuous, 0, (RAMPS - 1) * DELAYS);
  tcase_add_test(facts, without_a_ramp_a_segment_sees_its_own_side_of_the_jump);
  tcase_add_test(facts, a_delay_of_whole_presentations_adds_no_kink);
  tcase_add_test(facts, the_schedule_does_not_end_with_the_run);
  tcase_add_test(facts, exactly_p_of_q_labels_come_from_the_sample_before);
  tcase_add_test(facts, a_delay_shifts_the_dithered_schedule);
  tcase_add_test(facts, tests_are_not_dithered);
  tcase_add_test(facts, impossible_schedules_are_refused);
  return suite_run(runner);
}
