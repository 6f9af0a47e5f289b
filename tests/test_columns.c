/* SPDX-License-Identifier: BSD-3-Clause */
/* Products with matrices stored by columns: right, alike to the bit however rows are cut, and
 * without a look at columns that meet a zero. */
#include "kernel.h"
#include "network.h"
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { SPAN = 128 }; /* columns with one sum in the precision of the matrix (kernel.h) */
static const long heights[] = {1, 7, 16, 33, 64, 100, 128, 130, 300};
static const long widths[] = {1, 16, 100, 128, 129, 257, 784};
enum { HEIGHTS = sizeof heights / sizeof heights[0], WIDTHS = sizeof widths / sizeof widths[0] };
enum { CASES = HEIGHTS * WIDTHS };

/* A [cols][ld], and x of which every third number is 0; the same in single precision. */
struct product {
  long rows, cols, ld, live;
  double *A, *x, *out;
  float *a, *y;
};

static double any(uint64_t which, long k)
{
  return rng_normal(13, RNG_WEIGHT, which, 0, (uint64_t)k);
}

/* Rows [lo, hi) of a matrix that is the same for all of them. */
static struct product product(long cols, long lo, long hi)
{
  struct product p = {.rows = hi - lo, .cols = cols, .ld = padded(hi - lo)};
  const long all = cols * p.ld, wide = padded(cols);

  p.A = fail_alloc((size_t)all, sizeof *p.A);
  p.a = fail_alloc((size_t)all, sizeof *p.a);
  p.x = fail_alloc((size_t)wide, sizeof *p.x);
  p.y = fail_alloc((size_t)wide, sizeof *p.y);
  p.out = fail_alloc((size_t)p.rows + 1, sizeof *p.out);
  for (long j = 0; j < cols; j++) {
    for (long i = 0; i < p.rows; i++)
      p.A[j * p.ld + i] = p.a[j * p.ld + i] = (float)any((uint64_t)(lo + i), j);
    p.x[j] = p.y[j] = j % 3 == 1 ? 0 : (float)any(999, j);
    p.live += p.x[j] != 0;
  }
  p.out[p.rows] = 7;
  return p;
}

static void clear(struct product *p)
{
  free(p->A);
  free(p->a);
  free(p->x);
  free(p->y);
  free(p->out);
}

static struct product case_of(int k)
{
  return product(widths[k % WIDTHS], 0, heights[k / WIDTHS]);
}

static long multiply(const struct product *p, bool single)
{
  return single ? kernel_columns_f32(p->a, p->cols, p->ld, p->y, p->rows, p->out)
                : kernel_columns_f64(p->A, p->cols, p->ld, p->x, p->rows, p->out);
}

/* By the bound of a sum of SPAN terms, one after the other. */
START_TEST(products_are_right)
{
  for (int k = 0; k < 2 * CASES; k++) {
    const bool single = k >= CASES;
    struct product p = case_of(k % CASES);
    const double terms = (double)(p.cols < SPAN ? p.cols : SPAN) + 2;
    const double epsilon = terms * (single ? FLT_EPSILON : DBL_EPSILON) / 2;

    ck_assert_int_eq(multiply(&p, single), p.live);
    for (long i = 0; i < p.rows; i++) {
      long double sum = 0, size = 0;
      for (long j = 0; j < p.cols; j++) {
        const long double term = (long double)p.A[j * p.ld + i] * p.x[j];
        sum += term;
        size += fabsl(term);
      }
      ck_assert_double_le(fabs((double)(p.out[i] - sum)), epsilon * (double)size);
    }
    ck_assert_double_eq(p.out[p.rows], 7);
    clear(&p);
  }
}
END_TEST

/* Sums of small whole numbers are exact in any order, so nothing may be missing or counted twice.
 */
START_TEST(products_of_whole_numbers_are_exact)
{
  for (int k = 0; k < 2 * CASES; k++) {
    struct product p = case_of(k % CASES);

    for (long n = 0; n < p.cols * p.ld; n++) p.A[n] = p.a[n] = (float)round(8 * p.A[n]);
    for (long j = 0; j < p.cols; j++) p.x[j] = p.y[j] = (float)round(4 * p.x[j]);
    multiply(&p, k >= CASES);
    for (long i = 0; i < p.rows; i++) {
      double sum = 0;
      for (long j = 0; j < p.cols; j++) sum += p.A[j * p.ld + i] * p.x[j];
      ck_assert_double_eq(p.out[i], sum);
    }
    clear(&p);
  }
}
END_TEST

START_TEST(columns_that_meet_a_zero_are_not_read)
{
  for (int k = 0; k < 2 * CASES; k++) {
    struct product p = case_of(k % CASES), q = case_of(k % CASES);

    for (long j = 0; j < p.cols; j++)
      for (long i = 0; i < p.ld && p.x[j] == 0; i++) {
        p.A[j * p.ld + i] = p.a[j * p.ld + i] = NAN;
        q.A[j * p.ld + i] = q.a[j * p.ld + i] = 0;
      }
    multiply(&p, k >= CASES);
    multiply(&q, k >= CASES);
    ck_assert(memcmp(p.out, q.out, (size_t)p.rows * sizeof(double)) == 0);
    clear(&p);
    clear(&q);
  }
}
END_TEST

START_TEST(a_row_does_not_depend_on_the_rows_computed_with_it)
{
  enum { ROWS = 150 };

  for (int k = 0; k < 2; k++)
    for (long lo = 0; lo < ROWS; lo += 1 + lo / 2)
      for (long hi = lo + 1; hi <= ROWS; hi += 1 + (hi - lo) / 2) {
        struct product all = product(300, 0, ROWS), some = product(300, lo, hi);

        multiply(&all, k == 1);
        multiply(&some, k == 1);
        ck_assert(memcmp(some.out, all.out + lo, (size_t)(hi - lo) * sizeof(double)) == 0);
        clear(&all);
        clear(&some);
      }
}
END_TEST

/* What is not finite is not lost. */
START_TEST(what_is_not_a_number_is_multiplied)
{
  for (int k = 0; k < 2; k++) {
    struct product p = product(20, 0, 40);

    p.x[1] = NAN;
    p.y[1] = NAN;
    ck_assert_int_eq(multiply(&p, k == 1), p.live + 1);
    for (long i = 0; i < p.rows; i++) ck_assert(isnan(p.out[i]));
    clear(&p);
  }
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("columns");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, products_are_right);
  tcase_add_test(facts, products_of_whole_numbers_are_exact);
  tcase_add_test(facts, columns_that_meet_a_zero_are_not_read);
  tcase_add_test(facts, a_row_does_not_depend_on_the_rows_computed_with_it);
  tcase_add_test(facts, what_is_not_a_number_is_multiplied);
  return suite_run(runner);
}
