/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the yardsticks of tauflow bench: that they do all the work they are credited with,
 * and that the stopwatch neither loses nor invents time. How fast they are is no fact of a test. */
#include "../src/bench_parts.h"
#include "agree.h"
#include "dense.h"
#include "suite.h"
#include <math.h>
#include <stdlib.h>

enum { MOST = 260 };

START_TEST(a_sum_reads_every_element)
{
  uint64_t a[MOST];

  for (long i = 0; i < MOST; i++) a[i] = (uint64_t)(i * i + 1);
  for (long n = 0; n <= MOST; n++) {
    uint64_t sum = 0;
    for (long i = 0; i < n; i++) sum += a[i];
    ck_assert_uint_eq(loop_read(a, n, 1), sum);
    ck_assert_uint_eq(loop_read(a, n, 3), 3 * sum);
  }
}
END_TEST

START_TEST(streams_write_every_element_and_no_other)
{
  for (long n = 0; n < MOST; n++) {
    double a[MOST], b[MOST], c[MOST];
    for (long i = 0; i < MOST; i++) a[i] = b[i] = (double)i, c[i] = (double)(7 * i);
    loop_triad(a, b, c, n, 2, 2);
    loop_update(b, n, 2, 3);
    for (long i = 0; i < MOST; i++) {
      ck_assert(a[i] == (double)(i < n ? 15 * i : i));
      ck_assert(b[i] == (double)(i < n ? 8 * i : i));
    }
  }
}
END_TEST

/* r rounds take x to (x - 1) / 2^r + 1, exactly for whole x. */
START_TEST(multiply_adds_reach_every_lane)
{
  static const struct {
    void (*run)(double *, long);
    int lanes;
  } doubles[] = {{loop_fma24_f64, 24}, {loop_fma48_f64, 48}, {loop_fma96_f64, 96}};
  static const struct {
    void (*run)(float *, long);
    int lanes;
  } singles[] = {{loop_fma48_f32, 48}, {loop_fma96_f32, 96}, {loop_fma192_f32, 192}};

  for (int s = 0; s < 3; s++)
    for (long rounds = 0; rounds < 9; rounds++) {
      double x[MOST];
      float y[MOST];
      for (int k = 0; k < MOST; k++) x[k] = k, y[k] = (float)k;
      doubles[s].run(x, rounds);
      singles[s].run(y, rounds);
      for (int k = 0; k < MOST; k++) {
        const double after = ldexp(k - 1, -(int)rounds) + 1;
        ck_assert(x[k] == (k < doubles[s].lanes ? after : k));
        ck_assert((double)y[k] == (k < singles[s].lanes ? after : k));
      }
    }
}
END_TEST

START_TEST(the_library_multiplies_the_same_matrix)
{
  enum { ROWS = 5, COLS = 7 };
  double A[ROWS * COLS], x[COLS], out[ROWS];
  float a[ROWS * COLS], y[COLS], single[ROWS];

  for (int k = 0; k < ROWS * COLS; k++) a[k] = (float)(A[k] = k % 11 - 4);
  for (int j = 0; j < COLS; j++) y[j] = (float)(x[j] = j * j - 10);
  dense_gemv_f64(ROWS, COLS, A, x, out);
  dense_gemv_f32(ROWS, COLS, a, y, single);
  for (int i = 0; i < ROWS; i++) {
    double sum = 0; /* of whole numbers: exact in any order */
    for (int j = 0; j < COLS; j++) sum += A[i * COLS + j] * x[j];
    ck_assert(out[i] == sum && (double)single[i] == sum);
  }
}
END_TEST

static void wait_for(void *own)
{
  const double end = MPI_Wtime() + *(double *)own;

  while (MPI_Wtime() < end) continue;
}

/* Two tasks of known length, one of them twice as long on the last rank. */
START_TEST(the_slowest_rank_counts)
{
  const struct pace pace = {MPI_COMM_WORLD, 1e-3, 10e-3};
  int rank, size;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  double same = 3e-6, other = rank == size - 1 ? 600e-6 : 300e-6;
  struct task task[] = {{.run = wait_for, .own = &same}, {.run = wait_for, .own = &other}};
  bench_time(&pace, 2, task);
  const bool good = task[0].seconds >= 3e-6 && task[0].seconds < 60e-6 &&
                    task[1].seconds >= 600e-6 && task[1].seconds < 12e-3;
  ck_assert_msg(agree(MPI_COMM_WORLD, good), "%g and %g s", task[0].seconds, task[1].seconds);
}
END_TEST

START_TEST(a_stream_is_credited_with_what_it_moves)
{
  static const double moves[] = {[STREAM_READ] = 1, [STREAM_UPDATE] = 2, [STREAM_TRIAD] = 1};
  double *memory = stream_memory(4800);

  for (int kind = 0; kind < 3; kind++) {
    struct stream s;
    struct task task = stream_task(&s, kind, 4800, memory);
    for (long i = 0; i < 600; i++) memory[i] = 1;
    task.run(task.own);
    task.seconds = 2;
    ck_assert(stream_rate(&s, &task) == moves[kind] * 4800 * (double)s.passes / 2);
    ck_assert(s.passes * s.bytes >= 65536);
  }
  free(memory);
}
END_TEST

int main(int argc, char **argv)
{
  Suite *suite = suite_create("bench");
  TCase *facts = tcase_create("facts");

  MPI_Init(&argc, &argv);
  tcase_set_timeout(facts, 0);
  tcase_add_test(facts, a_sum_reads_every_element);
  tcase_add_test(facts, streams_write_every_element_and_no_other);
  tcase_add_test(facts, multiply_adds_reach_every_lane);
  tcase_add_test(facts, the_library_multiplies_the_same_matrix);
  tcase_add_test(facts, the_slowest_rank_counts);
  tcase_add_test(facts, a_stream_is_credited_with_what_it_moves);
  suite_add_tcase(suite, facts);
  return suite_run(srunner_create(suite));
}
