/* SPDX-License-Identifier: BSD-3-Clause */
/* Exact sums: known totals of terms that defeat ordinary addition, in any order, on any ranks. */
#include "agree.h"
#include "exact.h"
#include "rng.h"
#include "suite.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static int rank, size;

static double total(int count, const double *term)
{
  struct exact sum = {0};

  for (int k = 0; k < count; k++) exact_add(&sum, term[k]);
  return exact_value(&sum);
}

START_TEST(known_totals_come_out_to_the_last_bit)
{
  static const struct {
    double term[6], total;
  } fact[] = {
      {{0}, 0},
      {{1e100, 1, -1e100}, 1},
      {{-1e100, -3, 1e100}, -3},
      {{DBL_MAX, DBL_TRUE_MIN, -DBL_MAX}, DBL_TRUE_MIN},
      {{DBL_MAX, DBL_MAX, -DBL_MAX, -DBL_MAX, -DBL_TRUE_MIN}, -DBL_TRUE_MIN},
      {{DBL_MIN, -DBL_TRUE_MIN}, DBL_MIN - DBL_TRUE_MIN},
      {{DBL_MAX, DBL_MAX}, INFINITY},
      {{-DBL_MAX, -DBL_MAX}, -INFINITY},
      /* Half of a last bit goes to the even neighbour; the slightest more or less decides. */
      {{1, DBL_EPSILON / 2}, 1},
      {{1 + DBL_EPSILON, DBL_EPSILON / 2}, 1 + 2 * DBL_EPSILON},
      {{1, DBL_EPSILON / 2, DBL_TRUE_MIN}, 1 + DBL_EPSILON},
      {{1 + DBL_EPSILON, DBL_EPSILON / 2, -DBL_TRUE_MIN}, 1 + DBL_EPSILON},
      {{-1, -DBL_EPSILON / 2, -DBL_TRUE_MIN}, -1 - DBL_EPSILON},
      {{4294967295, 1, -DBL_EPSILON}, 4294967296},
      {{0x1p32, 0x1p-32, 0x1p-96, -0x1p32, -0x1p-32}, 0x1p-96},
  };

  for (size_t k = 0; k < sizeof fact / sizeof fact[0]; k++)
    ck_assert_msg(total(6, fact[k].term) == fact[k].total, "fact %zu: %a, not %a", k,
                  total(6, fact[k].term), fact[k].total);
}
END_TEST

START_TEST(a_sum_of_two_is_the_processors_own)
{
  bool good = true;

  for (uint64_t k = 0; k < 100000; k++) {
    const int far = (int)(k % 120) - 60;
    const int base = (int)rng_below(3, RNG_WEIGHT, 2, 0, k, 1900) - 950;
    const double a = ldexp(rng_uniform(3, RNG_WEIGHT, 0, 0, k) - 0.5, base);
    const double b = ldexp(rng_uniform(3, RNG_WEIGHT, 1, 0, k) - 0.5, base + far);
    good &= total(2, (double[]){a, b}) == a + b;
  }
  ck_assert(good);
}
END_TEST

START_TEST(what_is_no_number_stays_none)
{
  ck_assert(isnan(total(3, (double[]){1, NAN, 2})));
  ck_assert(isnan(total(3, (double[]){1, INFINITY, 2})));
}
END_TEST

/* Signed terms over 600 powers of ten, each with its opposite, and a few small whole numbers: the
 * total is known. Plain addition gives another one, and another again in another order. */
enum { PAIRS = 2000, SMALL = 100, TERMS = 2 * PAIRS + SMALL };

static void make_terms(double *term)
{
  for (uint64_t k = 0; k < PAIRS; k++) {
    const double scale = pow(10, 600 * rng_uniform(9, RNG_WEIGHT, 0, 0, k) - 300);
    term[2 * k] = scale * (1 + rng_uniform(9, RNG_WEIGHT, 1, 0, k));
    term[2 * k + 1] = -term[2 * k];
  }
  for (int k = 0; k < SMALL; k++) term[2 * PAIRS + k] = k + 1;
  for (uint64_t k = TERMS - 1; k > 0; k--) { /* shuffled */
    const uint64_t j = rng_below(9, RNG_WEIGHT, 2, 0, k, k + 1);
    const double spare = term[k];
    term[k] = term[j], term[j] = spare;
  }
}

START_TEST(neither_order_nor_cuts_matter)
{
  const double expected = SMALL * (SMALL + 1) / 2;
  double *term = malloc(TERMS * sizeof *term), plain = 0, backward = 0;
  bool good = true;

  make_terms(term);
  for (int k = 0; k < TERMS; k++) plain += term[k], backward += term[TERMS - 1 - k];
  good &= plain != expected && backward != expected && plain != backward; /* they are adversaries */
  for (int cut = 0; cut < 7; cut++) { /* cut 0: even; then ever more lopsided, some ranks empty */
    const long from = (long)TERMS * rank / size, to = (long)TERMS * (rank + 1) / size;
    const long lo = from - cut * from / 6, hi = rank == size - 1 ? TERMS : to - cut * to / 6;
    struct exact sum[2] = {0};
    for (long k = lo; k < hi; k++) {
      exact_add(&sum[0], term[k]);
      exact_add(&sum[1], -term[hi - 1 - (k - lo)] / 2);
    }
    exact_reduce(sum, 2, MPI_COMM_WORLD);
    good &= exact_value(&sum[0]) == expected && exact_value(&sum[1]) == -expected / 2;
  }
  free(term);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  Suite *suite = suite_create("exact");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, neither_order_nor_cuts_matter);
  if (size == 1) {
    tcase_add_test(facts, known_totals_come_out_to_the_last_bit);
    tcase_add_test(facts, a_sum_of_two_is_the_processors_own);
    tcase_add_test(facts, what_is_no_number_stays_none);
  }
  return suite_run(runner);
}
