/* SPDX-License-Identifier: BSD-3-Clause */
/* The inner loops: right to a few units in the last place, and alike to the bit however called. */
#include "kernel.h"
#include "network.h"
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 11, NODES = 24 };
static const long lengths[] = {1, 7, 16, 17, 100, 784, 3001};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

static uint64_t asked;

/* A standard normal that nobody has seen yet. */
static double any(void)
{
  return rng_normal(11, RNG_WEIGHT, 1, 0, asked++);
}

/* rows x cols numbers, rows padded with zeros to ld. */
static double *matrix(long rows, long cols, long ld)
{
  double *A = fail_alloc((size_t)(rows * ld), sizeof *A);

  for (long i = 0; i < rows; i++)
    for (long j = 0; j < cols; j++) A[i * ld + j] = any();
  return A;
}

/* The numbers rounded to single precision, there and here; caller frees. */
static float *rounded(double *A, long count)
{
  float *F = fail_alloc((size_t)count, sizeof *F);

  for (long k = 0; k < count; k++) A[k] = F[k] = (float)A[k];
  return F;
}

static void check_dots(const double *A, long cols, long ld, const double *x, const double *out,
                       double epsilon)
{
  for (long i = 0; i < ROWS; i++) {
    long double sum = 0, size = 0;

    for (long j = 0; j < cols; j++) {
      const long double term = (long double)A[i * ld + j] * x[j];
      sum += term;
      size += fabsl(term);
    }
    ck_assert_double_le(fabs((double)(out[i] - sum)), 2 * epsilon * (double)size);
  }
}

START_TEST(row_products_are_right_to_a_few_ulp)
{
  for (int n = 0; n < LENGTHS; n++) {
    const long ld = padded(lengths[n]);
    double *A = matrix(ROWS, lengths[n], ld), *x = matrix(1, lengths[n], ld), out[ROWS];

    kernel_rows_f64(A, ROWS, ld, x, out);
    check_dots(A, lengths[n], ld, x, out, DBL_EPSILON);
    float *a = rounded(A, ROWS * ld), *y = rounded(x, ld);
    kernel_rows_f32(a, ROWS, ld, y, out);
    check_dots(A, lengths[n], ld, x, out, FLT_EPSILON);
    free(A);
    free(x);
    free(a);
    free(y);
  }
}
END_TEST

/* Sums of small whole numbers are exact in any order, so nothing may be missing or counted twice.
 */
START_TEST(row_products_of_whole_numbers_are_exact)
{
  for (int n = 0; n < LENGTHS; n++) {
    const long ld = padded(lengths[n]);
    double *A = matrix(ROWS, lengths[n], ld), *x = matrix(1, lengths[n], ld), out[2][ROWS];

    for (long k = 0; k < ROWS * ld; k++) A[k] = round(8 * A[k]);
    for (long j = 0; j < ld; j++) x[j] = round(8 * x[j]);
    float *a = rounded(A, ROWS * ld), *y = rounded(x, ld);
    kernel_rows_f64(A, ROWS, ld, x, out[0]);
    kernel_rows_f32(a, ROWS, ld, y, out[1]);
    for (long i = 0; i < ROWS; i++) {
      double sum = 0;

      for (long j = 0; j < ld; j++) sum += A[i * ld + j] * x[j];
      ck_assert_double_eq(out[0][i], sum);
      ck_assert_double_eq(out[1][i], sum);
    }
    free(A);
    free(x);
    free(a);
    free(y);
  }
}
END_TEST

START_TEST(a_row_does_not_depend_on_the_rows_computed_with_it)
{
  for (int n = 0; n < LENGTHS; n++) {
    const long ld = padded(lengths[n]);
    double *A = matrix(ROWS, lengths[n], ld), *x = matrix(1, lengths[n], ld);
    double *B = matrix(ROWS, lengths[n], ld), *z = matrix(1, lengths[n], ld);
    float *a = rounded(B, ROWS * ld), *y = rounded(z, ld);
    double all[ROWS], some[ROWS];

    for (long lo = 0; lo < ROWS; lo++)
      for (long hi = lo; hi <= ROWS; hi++) {
        const size_t bytes = (size_t)(hi - lo) * sizeof(double);

        kernel_rows_f64(A, ROWS, ld, x, all);
        kernel_rows_f64(A + lo * ld, hi - lo, ld, x, some);
        ck_assert(memcmp(some, all + lo, bytes) == 0);
        kernel_rows_f32(a, ROWS, ld, y, all);
        kernel_rows_f32(a + lo * ld, hi - lo, ld, y, some);
        ck_assert(memcmp(some, all + lo, bytes) == 0);
      }
    free(A);
    free(B);
    free(x);
    free(z);
    free(a);
    free(y);
  }
}
END_TEST

/* Dot product in the order that kernel.h promises, with or without fused products. */
static double lanes_f64(const double *a, const double *x, long ld, bool fused)
{
  double sum[2][8] = {{0}}, s[8];

  for (long j = 0; j < ld; j++) {
    double *lane = &sum[j / 8 % 2][j % 8];

    *lane = fused ? fma(a[j], x[j], *lane) : *lane + a[j] * x[j];
  }
  for (int k = 0; k < 8; k++) s[k] = sum[0][k] + sum[1][k];
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static double lanes_f32(const float *a, const float *x, long ld, bool fused)
{
  float sum[2][16] = {{0}};
  double s[8];

  for (long j = 0; j < ld; j++) {
    float *lane = &sum[j / 16 % 2][j % 16];

    *lane = fused ? fmaf(a[j], x[j], *lane) : *lane + a[j] * x[j];
  }
  for (int k = 0; k < 8; k++)
    s[k] = (double)(sum[0][k] + sum[1][k]) + (double)(sum[0][k + 8] + sum[1][k + 8]);
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

START_TEST(additions_come_in_the_order_of_the_lanes)
{
  int unlike[2] = {0}; /* unfused, fused */

  for (int n = 0; n < LENGTHS; n++) {
    const long ld = padded(lengths[n]);
    double *A = matrix(ROWS, lengths[n], ld), *x = matrix(1, lengths[n], ld), out[2][ROWS];

    kernel_rows_f64(A, ROWS, ld, x, out[0]);
    for (int fused = 0; fused < 2; fused++)
      for (long i = 0; i < ROWS; i++)
        unlike[fused] += out[0][i] != lanes_f64(A + i * ld, x, ld, fused);
    float *a = rounded(A, ROWS * ld), *y = rounded(x, ld);
    kernel_rows_f32(a, ROWS, ld, y, out[1]);
    for (int fused = 0; fused < 2; fused++)
      for (long i = 0; i < ROWS; i++)
        unlike[fused] += out[1][i] != lanes_f32(a + i * ld, y, ld, fused);
    free(A);
    free(x);
    free(a);
    free(y);
  }
  ck_assert_msg(unlike[0] == 0 || unlike[1] == 0, "%d unlike, %d if fused", unlike[0], unlike[1]);
}
END_TEST

START_TEST(combine_adds_in_order_and_nothing_else)
{
  enum { N = 37, STRIDE = 48 };

  for (int K = 0; K <= 9; K++) {
    double *v = matrix(K + 1, N, STRIDE), *c = matrix(1, K + 1, K + 1);
    double *out = matrix(1, STRIDE, STRIDE);
    int unlike[2] = {0};
    double before[STRIDE];

    memcpy(before, out, sizeof before);
    kernel_combine(K, c, v, STRIDE, N, out);
    for (int fused = 0; fused < 2; fused++)
      for (long i = 0; i < STRIDE; i++) {
        double sum = before[i];

        for (int k = 0; k < K && i < N; k++)
          sum = fused ? fma(c[k], v[k * STRIDE + i], sum) : sum + c[k] * v[k * STRIDE + i];
        unlike[fused] += out[i] != sum;
      }
    ck_assert_msg(unlike[0] == 0 || unlike[1] == 0, "K = %d: %d unlike, %d if fused", K, unlike[0],
                  unlike[1]);
    free(v);
    free(c);
    free(out);
  }
}
END_TEST

/* The shapes of the folds below. */
static const long shapes[][2] = {{1, 1}, {4, 16}, {5, 17}, {17, 5}, {3, 100}, {23, 40}};
static const int depths[] = {0, 1, 2, NODES};
enum { SHAPES = sizeof shapes / sizeof shapes[0], DEPTHS = sizeof depths / sizeof depths[0] };

/* A, p and q of a fold, and their roundings to single precision. */
struct batch {
  long rows, cols, ld;
  int K;
  double *A, *p, *q;
  float *a, *ps, *qs;
};

static struct batch batch(const long shape[2], int K)
{
  struct batch b = {.rows = shape[0], .cols = shape[1], .ld = padded(shape[1]), .K = K};

  b.A = matrix(b.rows, b.cols, b.ld);
  b.p = matrix(K + 1, b.rows, b.rows);
  b.q = matrix(K + 1, b.cols, b.ld);
  b.a = fail_alloc((size_t)(b.rows * b.ld), sizeof *b.a);
  b.ps = fail_alloc((size_t)((K + 1) * b.rows), sizeof *b.ps);
  b.qs = fail_alloc((size_t)((K + 1) * b.ld), sizeof *b.qs);
  for (long k = 0; k < b.rows * b.ld; k++) b.a[k] = (float)b.A[k];
  for (long k = 0; k < (K + 1) * b.rows; k++) b.ps[k] = (float)b.p[k];
  for (long k = 0; k < (K + 1) * b.ld; k++) b.qs[k] = (float)b.q[k];
  return b;
}

/* The same with rows for columns. */
static struct batch turned(const struct batch *b)
{
  struct batch t = batch((const long[2]){b->cols, b->rows}, b->K);

  for (long i = 0; i < b->rows; i++)
    for (long j = 0; j < b->cols; j++) {
      t.A[j * t.ld + i] = b->A[i * b->ld + j];
      t.a[j * t.ld + i] = b->a[i * b->ld + j];
    }
  for (int k = 0; k < b->K; k++) {
    for (long i = 0; i < b->rows; i++) {
      t.q[k * t.ld + i] = b->p[k * b->rows + i];
      t.qs[k * t.ld + i] = b->ps[k * b->rows + i];
    }
    for (long j = 0; j < b->cols; j++) {
      t.p[k * t.rows + j] = b->q[k * b->ld + j];
      t.ps[k * t.rows + j] = b->qs[k * b->ld + j];
    }
  }
  return t;
}

static void fold_both(struct batch *b, double loss)
{
  kernel_fold_f64(b->A, b->rows, b->ld, loss, b->K, b->p, b->q);
  kernel_fold_f32(b->a, b->rows, b->ld, loss, b->K, b->ps, b->qs);
}

static void free_batch(struct batch *b)
{
  free(b->A);
  free(b->p);
  free(b->q);
  free(b->a);
  free(b->ps);
  free(b->qs);
}

START_TEST(folding_with_p_and_q_exchanged_gives_the_transpose_to_the_bit)
{
  for (int n = 0; n < SHAPES * DEPTHS; n++) {
    struct batch b = batch(shapes[n / DEPTHS], depths[n % DEPTHS]), t = turned(&b);

    fold_both(&b, 0.01);
    fold_both(&t, 0.01);
    for (long i = 0; i < b.rows; i++)
      for (long j = 0; j < b.cols; j++) {
        ck_assert(b.A[i * b.ld + j] == t.A[j * t.ld + i]);
        ck_assert(b.a[i * b.ld + j] == t.a[j * t.ld + i]);
      }
    free_batch(&b);
    free_batch(&t);
  }
}
END_TEST

START_TEST(folding_is_right_to_a_few_ulp_and_keeps_the_padding_zero)
{
  for (int n = 0; n < SHAPES * DEPTHS; n++) {
    struct batch b = batch(shapes[n / DEPTHS], depths[n % DEPTHS]), old = turned(&b);
    const double loss = n % 2 ? 0.25 : 0;

    fold_both(&b, loss);
    for (long i = 0; i < b.rows; i++)
      for (long j = 0; j < b.ld; j++) {
        long double sum = 0, size = 0, single = 0;
        const double A = b.A[i * b.ld + j];
        const float a = b.a[i * b.ld + j];

        if (j >= b.cols) {
          ck_assert(A == 0 && a == 0);
          continue;
        }
        sum = old.A[j * old.ld + i];
        single = old.a[j * old.ld + i];
        size = fabsl(sum);
        for (int k = 0; k < b.K; k++) {
          const long double term = (long double)b.p[k * b.rows + i] * b.q[k * b.ld + j];
          sum += term;
          size += fabsl(term);
          single += (long double)b.ps[k * b.rows + i] * b.qs[k * b.ld + j];
        }
        sum *= 1 - (long double)loss;
        single *= 1 - (long double)loss;
        ck_assert_double_le((double)fabsl(A - sum), 3 * DBL_EPSILON * (double)size);
        ck_assert_double_le((double)fabsl(a - single), 3 * FLT_EPSILON * (double)size);
      }
    free_batch(&b);
    free_batch(&old);
  }
}
END_TEST

START_TEST(a_loss_of_1e_9_is_not_lost_in_double_precision)
{
  const double loss = 1e-9;
  struct batch b = batch((const long[2]){9, 33}, 0), old = turned(&b);

  kernel_fold_f64(b.A, b.rows, b.ld, loss, 0, b.p, b.q);
  for (long i = 0; i < b.rows; i++)
    for (long j = 0; j < b.cols; j++) {
      const double w = old.A[j * old.ld + i], lost = (w - b.A[i * b.ld + j]) / w;

      ck_assert_double_eq_tol(lost, loss, DBL_EPSILON);
    }
  free_batch(&b);
  free_batch(&old);
}
END_TEST

/* 1 - loss lies half-way between two floats: as a factor it would be off by one part in 167. */
START_TEST(single_precision_loses_the_right_amount_on_average)
{
  enum { N = 1 << 14 };
  const double loss = 83.5 * 0x1p-24;
  float *a = fail_alloc(N, sizeof *a), *p = fail_alloc(16, sizeof *p);
  double before = 0, after = 0;

  for (int k = 0; k < N; k++)
    before += a[k] = (float)(1 + rng_uniform(3, RNG_WEIGHT, 2, 0, (uint64_t)k));
  kernel_fold_f32(a, N / 16, 16, loss, 0, p, p);
  for (int k = 0; k < N; k++) after += a[k];
  ck_assert_double_eq_tol((before - after) / before / loss, 1, 5e-4);
  free(a);
  free(p);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("kernel");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, row_products_are_right_to_a_few_ulp);
  tcase_add_test(facts, row_products_of_whole_numbers_are_exact);
  tcase_add_test(facts, a_row_does_not_depend_on_the_rows_computed_with_it);
  tcase_add_test(facts, additions_come_in_the_order_of_the_lanes);
  tcase_add_test(facts, combine_adds_in_order_and_nothing_else);
  tcase_add_test(facts, folding_with_p_and_q_exchanged_gives_the_transpose_to_the_bit);
  tcase_add_test(facts, folding_is_right_to_a_few_ulp_and_keeps_the_padding_zero);
  tcase_add_test(facts, a_loss_of_1e_9_is_not_lost_in_double_precision);
  tcase_add_test(facts, single_precision_loses_the_right_amount_on_average);
  return suite_run(runner);
}
