/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers: the published answers of Philox, and what the rest of the code relies on. */
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>

/* The known answers that come with Random123 (kat_vectors, philox4x32 with 10 rounds): words 1 and
 * 0 of the result, seen through rng_below(2^63), which shifts out the last bit. */
START_TEST(philox_gives_the_published_answers)
{
  const uint64_t half = (uint64_t)1 << 63, most = ((uint64_t)1 << 40) - 1;

  ck_assert_uint_eq(rng_below(0, (enum rng_purpose)0, 0, 0, 0, half), 0xe169c58d6627e8d5 >> 1);
  ck_assert_uint_eq(rng_below(UINT64_MAX, (enum rng_purpose)0xffffffff, 0xffff, most, most, half),
                    0x41c83b0e408f276d >> 1);
  ck_assert_uint_eq(rng_below(0x299f31d0a4093822, (enum rng_purpose)0x03707344, 0x1319,
                              0x2e243f6a88, 0x8a85a308d3, half),
                    0x94fdccebd16cfe09 >> 1);
}
END_TEST

START_TEST(uniform_is_uniform_and_stays_inside)
{
  enum { N = 100000 };
  double sum = 0, square = 0;

  for (uint64_t k = 0; k < N; k++) {
    double u = rng_uniform(7, RNG_WEIGHT, 1, 2, k);

    ck_assert(u > 0 && u < 1);
    sum += u;
    square += u * u;
  }
  ck_assert_double_eq_tol(sum / N, 1. / 2, 5 * sqrt(1. / 12 / N));
  ck_assert_double_eq_tol(square / N, 1. / 3, 5 * sqrt(4. / 45 / N));
}
END_TEST

START_TEST(normal_has_the_moments_of_a_normal)
{
  enum { N = 100000 };
  double m[5] = {0};

  for (uint64_t k = 0; k < N; k++) {
    double g = rng_normal(7, RNG_NOISE, 1, 2, k);

    for (int n = 1; n <= 4; n++) m[n] += pow(g, n) / N;
  }
  ck_assert_double_eq_tol(m[1], 0, 5 * sqrt(1. / N));
  ck_assert_double_eq_tol(m[2], 1, 5 * sqrt(2. / N));
  ck_assert_double_eq_tol(m[3], 0, 5 * sqrt(15. / N));
  ck_assert_double_eq_tol(m[4], 3, 5 * sqrt(96. / N));
}
END_TEST

START_TEST(below_reaches_every_number_equally_often)
{
  enum { N = 70000, SIDES = 7 };
  int seen[SIDES] = {0};

  for (uint64_t k = 0; k < N; k++) {
    uint64_t n = rng_below(3, RNG_ORDER, 0, k, 0, SIDES);

    ck_assert_uint_lt(n, SIDES);
    seen[n]++;
  }
  for (int n = 0; n < SIDES; n++) ck_assert_int_lt(abs(seen[n] - N / SIDES), 500);
  ck_assert_uint_eq(rng_below(3, RNG_ORDER, 0, 1, 2, 1), 0);
}
END_TEST

/* Each argument, in each of its bits, makes another number; none overlaps with another. */
START_TEST(every_bit_of_every_argument_counts)
{
  enum { MOST = 64 + 3 + 16 + 40 + 40 + 1 };
  double seen[MOST];
  int n = 0;

  seen[n++] = rng_uniform(0, RNG_WEIGHT, 0, 0, 0);
  for (int k = 0; k < 64; k++) seen[n++] = rng_uniform((uint64_t)1 << k, RNG_WEIGHT, 0, 0, 0);
  for (int k = 2; k < 5; k++) seen[n++] = rng_uniform(0, (enum rng_purpose)k, 0, 0, 0);
  for (int k = 0; k < 16; k++) seen[n++] = rng_uniform(0, RNG_WEIGHT, (uint64_t)1 << k, 0, 0);
  for (int k = 0; k < 40; k++) seen[n++] = rng_uniform(0, RNG_WEIGHT, 0, (uint64_t)1 << k, 0);
  for (int k = 0; k < 40; k++) seen[n++] = rng_uniform(0, RNG_WEIGHT, 0, 0, (uint64_t)1 << k);
  ck_assert_int_eq(n, MOST);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < i; j++) ck_assert_msg(seen[i] != seen[j], "%d and %d", i, j);
}
END_TEST

START_TEST(asking_again_gives_the_same_number)
{
  double u = rng_uniform(5, RNG_GLYPH, 1, 2, 3), g = rng_normal(5, RNG_GLYPH, 1, 2, 3);

  rng_uniform(6, RNG_GLYPH, 3, 2, 1);
  ck_assert(rng_uniform(5, RNG_GLYPH, 1, 2, 3) == u);
  ck_assert(rng_normal(5, RNG_GLYPH, 1, 2, 3) == g);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("rng");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  suite_add_tcase(suite, facts);
  tcase_add_test(facts, philox_gives_the_published_answers);
  tcase_add_test(facts, uniform_is_uniform_and_stays_inside);
  tcase_add_test(facts, normal_has_the_moments_of_a_normal);
  tcase_add_test(facts, below_reaches_every_number_equally_often);
  tcase_add_test(facts, every_bit_of_every_argument_counts);
  tcase_add_test(facts, asking_again_gives_the_same_number);
  return suite_run(runner);
}
