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
static const long lengths[] = {1, 7, 16, 17, 33, 64, 100, 784, 3001};
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

/* Every choice of up to ROWS rows, as a mask of bits: to the bit those of all, and no others. */
START_TEST(chosen_rows_are_those_of_all)
{
  enum { CHOICES = 1 << ROWS };
  const long ld = padded(100);
  double *A = matrix(ROWS, 100, ld), *x = matrix(1, 100, ld), *B = matrix(ROWS, 100, ld);
  double *z = matrix(1, 100, ld), all[2][ROWS], some[2][ROWS];
  float *a = rounded(B, ROWS * ld), *y = rounded(z, ld);

  kernel_rows_f64(A, ROWS, ld, x, all[0]);
  kernel_rows_f32(a, ROWS, ld, y, all[1]);
  for (int choice = 0; choice < CHOICES; choice++) {
    int row[ROWS], count = 0;

    for (int i = 0; i < ROWS; i++) {
      some[0][i] = some[1][i] = 7;
      if (choice >> i & 1) row[count++] = i;
    }
    kernel_some_f64(A, ld, x, count, row, some[0]);
    kernel_some_f32(a, ld, y, count, row, some[1]);
    for (int i = 0; i < ROWS; i++)
      for (int kind = 0; kind < 2; kind++)
        ck_assert(some[kind][i] == (choice >> i & 1 ? all[kind][i] : 7));
  }
  free(A);
  free(B);
  free(x);
  free(z);
  free(a);
  free(y);
}
END_TEST

/* Any rows, as many as may be: each of the four results is to the bit that of its vector alone. */
START_TEST(two_vectors_at_once_give_what_each_gives_alone)
{
  for (int n = 0; n < LENGTHS; n++) {
    const long ld = padded(lengths[n]);
    double *A = matrix(ROWS, lengths[n], ld), *x = matrix(2, lengths[n], ld), *y = x + ld;
    double *B = matrix(ROWS, lengths[n], ld), *z = matrix(2, lengths[n], ld);
    float *a = rounded(B, ROWS * ld), *u = rounded(z, 2 * ld), *v = u + ld;
    double alone[2][ROWS], both[2][ROWS + 1];

    for (long rows = 0; rows <= ROWS; rows++) {
      const size_t bytes = (size_t)rows * sizeof(double);

      both[0][rows] = both[1][rows] = 7;
      kernel_rows_f64(A, rows, ld, x, alone[0]);
      kernel_rows_f64(A, rows, ld, y, alone[1]);
      kernel_rows2_f64(A, rows, ld, x, y, both[0], both[1]);
      for (int k = 0; k < 2; k++) ck_assert(memcmp(alone[k], both[k], bytes) == 0);
      kernel_rows_f32(a, rows, ld, u, alone[0]);
      kernel_rows_f32(a, rows, ld, v, alone[1]);
      kernel_rows2_f32(a, rows, ld, u, v, both[0], both[1]);
      for (int k = 0; k < 2; k++) ck_assert(memcmp(alone[k], both[k], bytes) == 0);
      ck_assert(both[0][rows] == 7 && both[1][rows] == 7);
    }
    free(A);
    free(B);
    free(x);
    free(z);
    free(a);
    free(u);
  }
}
END_TEST

/* One bad element of A spoils its own row and no other, wherever it is. */
START_TEST(what_is_not_finite_shows_in_its_own_row)
{
  enum { LD = 48 };
  double *A = matrix(ROWS, LD, LD), *x = matrix(1, LD, LD), out[3][ROWS];
  float *a = rounded(A, ROWS * LD), *y = rounded(x, LD);

  for (long at = 0; at < ROWS * LD; at++) {
    const double kept = A[at];

    A[at] = at % 2 ? NAN : INFINITY;
    a[at] = (float)A[at];
    kernel_rows_f64(A, ROWS, LD, x, out[0]);
    kernel_rows_f32(a, ROWS, LD, y, out[1]);
    for (long i = 0; i < ROWS; i++)
      for (int k = 0; k < 2; k++) ck_assert(!isfinite(out[k][i]) == (i == at / LD));
    kernel_rows2_f64(A, ROWS, LD, x, x, out[1], out[2]);
    for (int k = 1; k < 3; k++) ck_assert(memcmp(out[0], out[k], sizeof out[0]) == 0);
    A[at] = kept;
    a[at] = (float)kept;
  }
  free(A);
  free(x);
  free(a);
  free(y);
}
END_TEST

/* v, and what of it an expression of doubles or floats in the order of k makes; with or without
 * fused products, which the header leaves open. */
static double combined(bool single, bool fused, double scale, int K, const double *c,
                       const double *v, long stride, double out)
{
  double sum = 0;
  float small = 0;

  for (int k = 0; k < K; k++) {
    const float ck = (float)c[k], vk = (float)v[k * stride];
    sum = fused ? fma(c[k], v[k * stride], sum) : sum + c[k] * v[k * stride];
    small = fused ? fmaf(ck, vk, small) : small + ck * vk;
  }
  return scale * (out + (single ? (double)small : sum));
}

/* A row of vectors that begin anywhere, as a rank's own rows do. */
static void check_combine(bool single, int K, long n, long begin)
{
  const long stride = padded(begin + n) + PAD;
  double *v = matrix(K + 1, stride, stride), *c = matrix(1, K + 1, K + 1);
  double *out = matrix(1, stride, stride), *before = fail_alloc((size_t)stride, sizeof *before);
  float *f = fail_alloc((size_t)((K + 1) * stride), sizeof *f);
  const double scale = 0.875 + 0.001 * K;
  int unlike[2] = {0};

  for (long k = 0; single && k < (K + 1) * stride; k++) v[k] = f[k] = (float)v[k];
  memcpy(before, out, (size_t)stride * sizeof *out);
  if (single)
    kernel_combine_f32(scale, K, c, f + begin, stride, n, out + begin);
  else
    kernel_combine_f64(scale, K, c, v + begin, stride, n, out + begin);
  for (long i = 0; i < stride; i++)
    if (i < begin || i >= begin + n)
      ck_assert(out[i] == before[i]);
    else
      for (int fused = 0; fused < 2; fused++)
        unlike[fused] += out[i] != combined(single, fused, scale, K, c, v + i, stride, before[i]);
  ck_assert_msg(unlike[0] == 0 || unlike[1] == 0, "K = %d: %d unlike, %d if fused", K, unlike[0],
                unlike[1]);
  free(v);
  free(c);
  free(f);
  free(out);
  free(before);
}

START_TEST(combine_adds_in_order_and_nothing_else)
{
  static const long counts[] = {0, 1, 7, 16, 37, 64, 65, 200};

  for (int K = 0; K <= 16; K++)
    for (int n = 0; n < 8; n++)
      for (long begin = 0; begin < 6; begin += n + 1)
        for (int single = 0; single < 2; single++) check_combine(single, K, counts[n], begin);
}
END_TEST

START_TEST(rounding_and_scaling_round_once)
{
  for (int n = 0; n < LENGTHS; n++) {
    const long count = lengths[n];
    double *x = matrix(1, count, count + 2), *out = matrix(1, count + 2, count + 2);
    float *small = fail_alloc((size_t)count + 2, sizeof *small);
    float *to = fail_alloc((size_t)count + 2, sizeof *to);
    const double c = 1.2345678901234567;

    /* One element off the start, as a rank's own rows are. */
    kernel_round(1, x + 1, count - 1, small + 1);
    kernel_scale_f64(c, x + 1, count - 1, out + 1);
    for (long i = 1; i < count; i++) ck_assert(small[i] == (float)x[i] && out[i] == c * x[i]);
    kernel_scale_f32(c, small + 1, count - 1, to + 1);
    for (long i = 1; i < count; i++) ck_assert(to[i] == (float)(c * (double)small[i]));
    kernel_round(c, x, count, to);
    for (long i = 0; i < count; i++) ck_assert(to[i] == (float)(c * x[i]));
    ck_assert(small[0] == 0 && small[count] == 0 && to[count] == 0);
    free(x);
    free(out);
    free(small);
    free(to);
  }
}
END_TEST

/* The shapes of the folds below. */
static const long shapes[][2] = {{1, 1}, {4, 16}, {5, 17}, {17, 5}, {3, 100}, {23, 40}};
static const int depths[] = {0, 1, 2, NODES};
enum { SHAPES = sizeof shapes / sizeof shapes[0], DEPTHS = sizeof depths / sizeof depths[0] };

/* A, p and q of a fold, and their roundings to single precision. The strides of p and q are longer
 * than they need be. */
struct batch {
  long rows, cols, ld, p_stride, q_stride;
  int K;
  double *A, *p, *q;
  float *a, *ps, *qs;
};

static struct batch batch(const long shape[2], int K)
{
  struct batch b = {.rows = shape[0], .cols = shape[1], .ld = padded(shape[1]), .K = K};

  b.p_stride = b.rows + 3;
  b.q_stride = b.ld + 2 * PAD;
  b.A = matrix(b.rows, b.cols, b.ld);
  b.p = matrix(K + 1, b.rows, b.p_stride);
  b.q = matrix(K + 1, b.cols, b.q_stride);
  b.a = fail_alloc((size_t)(b.rows * b.ld), sizeof *b.a);
  b.ps = fail_alloc((size_t)((K + 1) * b.p_stride), sizeof *b.ps);
  b.qs = fail_alloc((size_t)((K + 1) * b.q_stride), sizeof *b.qs);
  for (long k = 0; k < b.rows * b.ld; k++) b.a[k] = (float)b.A[k];
  for (long k = 0; k < (K + 1) * b.p_stride; k++) b.ps[k] = (float)b.p[k];
  for (long k = 0; k < (K + 1) * b.q_stride; k++) b.qs[k] = (float)b.q[k];
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
      t.q[k * t.q_stride + i] = b->p[k * b->p_stride + i];
      t.qs[k * t.q_stride + i] = b->ps[k * b->p_stride + i];
    }
    for (long j = 0; j < b->cols; j++) {
      t.p[k * t.p_stride + j] = b->q[k * b->q_stride + j];
      t.ps[k * t.p_stride + j] = b->qs[k * b->q_stride + j];
    }
  }
  return t;
}

static void fold_both(struct batch *b, double loss)
{
  kernel_fold_f64(b->A, b->rows, b->ld, loss, b->K, b->p, b->p_stride, b->q, b->q_stride);
  kernel_fold_f32(b->a, b->rows, b->ld, loss, b->K, b->ps, b->p_stride, b->qs, b->q_stride);
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
          const long double term = (long double)b.p[k * b.p_stride + i] * b.q[k * b.q_stride + j];
          sum += term;
          size += fabsl(term);
          single += (long double)b.ps[k * b.p_stride + i] * b.qs[k * b.q_stride + j];
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

/* The rows of a rank, folded alone, are the same rows to the bit, those that nothing is added to
 * among others. */
START_TEST(folding_a_row_does_not_depend_on_the_rows_folded_with_it)
{
  struct batch whole = batch((const long[2]){ROWS, 37}, NODES);

  for (int k = 0; k < NODES; k++)
    for (int i = 2; i < 9; i += 3)
      whole.p[k * whole.p_stride + i] = whole.ps[k * whole.p_stride + i] = 0;
  for (long lo = 0; lo < ROWS; lo++)
    for (long hi = lo; hi <= ROWS; hi++) {
      struct batch b = batch((const long[2]){ROWS, 37}, 0);
      struct batch part = batch((const long[2]){ROWS, 37}, 0);
      const size_t n = (size_t)(ROWS * b.ld);

      memcpy(b.A, whole.A, n * sizeof(double));
      memcpy(b.a, whole.a, n * sizeof(float));
      memcpy(part.A, whole.A, n * sizeof(double));
      memcpy(part.a, whole.a, n * sizeof(float));
      kernel_fold_f64(b.A, ROWS, b.ld, 0.1, NODES, whole.p, whole.p_stride, whole.q,
                      whole.q_stride);
      kernel_fold_f32(b.a, ROWS, b.ld, 0.1, NODES, whole.ps, whole.p_stride, whole.qs,
                      whole.q_stride);
      kernel_fold_f64(part.A + lo * b.ld, hi - lo, b.ld, 0.1, NODES, whole.p + lo, whole.p_stride,
                      whole.q, whole.q_stride);
      kernel_fold_f32(part.a + lo * b.ld, hi - lo, b.ld, 0.1, NODES, whole.ps + lo, whole.p_stride,
                      whole.qs, whole.q_stride);
      for (long k = 0; k < ROWS * b.ld; k++) {
        const bool in = k >= lo * b.ld && k < hi * b.ld;
        ck_assert(part.A[k] == (in ? b.A[k] : whole.A[k]));
        ck_assert(part.a[k] == (in ? b.a[k] : whole.a[k]));
      }
      free_batch(&b);
      free_batch(&part);
    }
  free_batch(&whole);
}
END_TEST

START_TEST(folding_two_at_once_gives_what_each_gives_alone)
{
  for (int n = 0; n < SHAPES * DEPTHS; n++) {
    struct batch a = batch(shapes[n / DEPTHS], depths[n % DEPTHS]);
    struct batch b = batch(shapes[n / DEPTHS], depths[n % DEPTHS]);
    const size_t all = (size_t)(a.rows * a.ld);
    double *A[2] = {matrix(a.rows, a.cols, a.ld), matrix(a.rows, a.cols, a.ld)};
    float *F[2] = {rounded(A[0], (long)all), rounded(A[1], (long)all)};

    memcpy(a.A, A[0], all * sizeof(double));
    memcpy(a.a, F[0], all * sizeof(float));
    memcpy(b.A, A[1], all * sizeof(double));
    memcpy(b.a, F[1], all * sizeof(float));
    kernel_fold2_f64(A[0], A[1], a.rows, a.ld, 0.1, a.K, a.p, a.p_stride, a.q, a.q_stride);
    kernel_fold2_f32(F[0], F[1], a.rows, a.ld, 0.1, a.K, a.ps, a.p_stride, a.qs, a.q_stride);
    fold_both(&a, 0.1);
    kernel_fold_f64(b.A, a.rows, a.ld, 0.1, a.K, a.p, a.p_stride, a.q, a.q_stride);
    kernel_fold_f32(b.a, a.rows, a.ld, 0.1, a.K, a.ps, a.p_stride, a.qs, a.q_stride);
    ck_assert(memcmp(A[0], a.A, all * sizeof(double)) == 0);
    ck_assert(memcmp(A[1], b.A, all * sizeof(double)) == 0);
    ck_assert(memcmp(F[0], a.a, all * sizeof(float)) == 0);
    ck_assert(memcmp(F[1], b.a, all * sizeof(float)) == 0);
    for (int k = 0; k < 2; k++) {
      free(A[k]);
      free(F[k]);
    }
    free_batch(&a);
    free_batch(&b);
  }
}
END_TEST

START_TEST(a_loss_of_1e_9_is_not_lost_in_double_precision)
{
  const double loss = 1e-9;
  struct batch b = batch((const long[2]){9, 33}, 0), old = turned(&b);

  kernel_fold_f64(b.A, b.rows, b.ld, loss, 0, b.p, b.p_stride, b.q, b.q_stride);
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
  kernel_fold_f32(a, N / 16, 16, loss, 0, p, 16, p, 16);
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
  tcase_add_test(facts, chosen_rows_are_those_of_all);
  tcase_add_test(facts, two_vectors_at_once_give_what_each_gives_alone);
  tcase_add_test(facts, what_is_not_finite_shows_in_its_own_row);
  tcase_add_test(facts, combine_adds_in_order_and_nothing_else);
  tcase_add_test(facts, rounding_and_scaling_round_once);
  tcase_add_test(facts, folding_with_p_and_q_exchanged_gives_the_transpose_to_the_bit);
  tcase_add_test(facts, folding_is_right_to_a_few_ulp_and_keeps_the_padding_zero);
  tcase_add_test(facts, folding_a_row_does_not_depend_on_the_rows_folded_with_it);
  tcase_add_test(facts, folding_two_at_once_gives_what_each_gives_alone);
  tcase_add_test(facts, a_loss_of_1e_9_is_not_lost_in_double_precision);
  tcase_add_test(facts, single_precision_loses_the_right_amount_on_average);
  return suite_run(runner);
}
