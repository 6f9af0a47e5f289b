/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernel.h"
#include "clones.h"
#include <string.h>

enum { LANES64 = 8, LANES32 = 16, ROWS = 4 };
typedef double vec64 __attribute__((vector_size(64)));
typedef float vec32 __attribute__((vector_size(64)));

typedef double half64 __attribute__((vector_size(32)));
typedef float half32 __attribute__((vector_size(32)));

#define PAIR __builtin_shufflevector

/* Lanes are added pairwise: 0+4, 1+5, 2+6, 3+7, then the first two of these to the last two, then
 * these two. Singles are doubles before they are added, 0+8, 1+9, ... first. */
static inline half64 fold64(vec64 a)
{
  return PAIR(a, a, 0, 1, 2, 3) + PAIR(a, a, 4, 5, 6, 7);
}

static inline half64 fold32(vec32 a)
{
  const half32 low = PAIR(a, a, 0, 1, 2, 3, 4, 5, 6, 7);
  const half32 high = PAIR(a, a, 8, 9, 10, 11, 12, 13, 14, 15);

  return fold64(__builtin_convertvector(low, vec64) + __builtin_convertvector(high, vec64));
}

static inline double sum_half(half64 a)
{
  return (a[0] + a[2]) + (a[1] + a[3]);
}

static inline void put_four(double *out, half64 a, half64 b, half64 c, half64 d)
{
  const half64 ab = PAIR(a, b, 0, 1, 4, 5) + PAIR(a, b, 2, 3, 6, 7);
  const half64 cd = PAIR(c, d, 0, 1, 4, 5) + PAIR(c, d, 2, 3, 6, 7);
  const half64 sums = PAIR(ab, cd, 0, 2, 4, 6) + PAIR(ab, cd, 1, 3, 5, 7);

  memcpy(out, &sums, sizeof sums);
}

static inline void put_row64(double *out, const vec64 *a)
{
  *out = sum_half(fold64(*a));
}

static inline void put_row32(double *out, const vec32 *a)
{
  *out = sum_half(fold32(*a));
}

static inline void put_rows64(double *out, const vec64 *a)
{
  put_four(out, fold64(a[0]), fold64(a[1]), fold64(a[2]), fold64(a[3]));
}

static inline void put_rows32(double *out, const vec32 *a)
{
  put_four(out, fold32(a[0]), fold32(a[1]), fold32(a[2]), fold32(a[3]));
}

/* ROWS rows at once share the loads of x, keep enough sums in flight and add their lanes side by
 * side; a row's own order of additions is the same as alone. */
#define ROW_DOTS(vec, lanes, count, put)                                                           \
  do {                                                                                             \
    vec even[count] = {{0}}, odd[count] = {{0}};                                                   \
    for (long j = 0; j < ld; j += 2 * (lanes)) {                                                   \
      const vec x0 = *(const vec *)(x + j);                                                        \
      for (int r = 0; r < (count); r++) even[r] += *(const vec *)(a + r * ld + j) * x0;            \
      if (j + (lanes) >= ld) break;                                                                \
      const vec x1 = *(const vec *)(x + j + (lanes));                                              \
      for (int r = 0; r < (count); r++) odd[r] += *(const vec *)(a + r * ld + j + (lanes)) * x1;   \
    }                                                                                              \
    for (int r = 0; r < (count); r++) even[r] += odd[r];                                           \
    put(out + i, even);                                                                            \
  } while (0)

CLONES void kernel_rows_f64(const double *A, long rows, long ld, const double *x, double *out)
{
  long i = 0;

  for (; i + ROWS <= rows; i += ROWS) {
    const double *a = A + i * ld;
    ROW_DOTS(vec64, LANES64, ROWS, put_rows64);
  }
  for (; i < rows; i++) {
    const double *a = A + i * ld;
    ROW_DOTS(vec64, LANES64, 1, put_row64);
  }
}

CLONES void kernel_rows_f32(const float *A, long rows, long ld, const float *x, double *out)
{
  long i = 0;

  for (; i + ROWS <= rows; i += ROWS) {
    const float *a = A + i * ld;
    ROW_DOTS(vec32, LANES32, ROWS, put_rows32);
  }
  for (; i < rows; i++) {
    const float *a = A + i * ld;
    ROW_DOTS(vec32, LANES32, 1, put_row32);
  }
}

/* Two vectors share the loads of a row. */
#define ROW_DOTS2(vec, lanes, count, put)                                                          \
  do {                                                                                             \
    vec even_x[count] = {{0}}, odd_x[count] = {{0}}, even_y[count] = {{0}}, odd_y[count] = {{0}};  \
    for (long j = 0; j < ld; j += 2 * (lanes)) {                                                   \
      const vec x0 = *(const vec *)(x + j), y0 = *(const vec *)(y + j);                            \
      for (int r = 0; r < (count); r++) {                                                          \
        const vec w = *(const vec *)(a + r * ld + j);                                              \
        even_x[r] += w * x0;                                                                       \
        even_y[r] += w * y0;                                                                       \
      }                                                                                            \
      if (j + (lanes) >= ld) break;                                                                \
      const vec x1 = *(const vec *)(x + j + (lanes)), y1 = *(const vec *)(y + j + (lanes));        \
      for (int r = 0; r < (count); r++) {                                                          \
        const vec w = *(const vec *)(a + r * ld + j + (lanes));                                    \
        odd_x[r] += w * x1;                                                                        \
        odd_y[r] += w * y1;                                                                        \
      }                                                                                            \
    }                                                                                              \
    for (int r = 0; r < (count); r++) even_x[r] += odd_x[r], even_y[r] += odd_y[r];                \
    put(out_x + i, even_x);                                                                        \
    put(out_y + i, even_y);                                                                        \
  } while (0)

CLONES void kernel_rows2_f64(const double *A, long rows, long ld, const double *x, const double *y,
                             double *out_x, double *out_y)
{
  long i = 0;

  for (; i + ROWS <= rows; i += ROWS) {
    const double *a = A + i * ld;
    ROW_DOTS2(vec64, LANES64, ROWS, put_rows64);
  }
  for (; i < rows; i++) {
    const double *a = A + i * ld;
    ROW_DOTS2(vec64, LANES64, 1, put_row64);
  }
}

CLONES void kernel_rows2_f32(const float *A, long rows, long ld, const float *x, const float *y,
                             double *out_x, double *out_y)
{
  long i = 0;

  for (; i + ROWS <= rows; i += ROWS) {
    const float *a = A + i * ld;
    ROW_DOTS2(vec32, LANES32, ROWS, put_rows32);
  }
  for (; i < rows; i++) {
    const float *a = A + i * ld;
    ROW_DOTS2(vec32, LANES32, 1, put_row32);
  }
}

/* BLOCK elements of the sum stay in registers while all K vectors are added. The rest go the same
 * way: in a loop over k alone, compilers do not fuse, and bits would depend on where rows are cut. */
enum { BLOCK = 64 };
#define COMBINE(type)                                                                              \
  long i = 0;                                                                                      \
  for (; i + BLOCK <= n; i += BLOCK) {                                                             \
    type sum[BLOCK] = {0};                                                                         \
    for (int k = 0; k < K; k++)                                                                    \
      for (int b = 0; b < BLOCK; b++) sum[b] += (type)c[k] * v[k * stride + i + b];                \
    for (int b = 0; b < BLOCK; b++) out[i + b] = scale * (out[i + b] + (double)sum[b]);            \
  }                                                                                                \
  if (i == n) return;                                                                              \
  type sum[BLOCK] = {0};                                                                           \
  for (int k = 0; k < K; k++)                                                                      \
    for (int b = 0; b < (int)(n - i); b++) sum[b] += (type)c[k] * v[k * stride + i + b];           \
  for (int b = 0; b < (int)(n - i); b++) out[i + b] = scale * (out[i + b] + (double)sum[b]);

CLONES void kernel_combine_f64(double scale, int K, const double *c, const double *v, long stride,
                               long n, double *out){COMBINE(double)}

CLONES void kernel_combine_f32(double scale, int K, const double *c, const float *v, long stride,
                               long n, double *out){COMBINE(float)}

CLONES void kernel_round(double c, const double *restrict x, long n, float *restrict out)
{
  for (long i = 0; i < n; i++) out[i] = (float)(c * x[i]);
}

CLONES void kernel_scale_f64(double c, const double *restrict x, long n, double *restrict out)
{
  for (long i = 0; i < n; i++) out[i] = c * x[i];
}

CLONES void kernel_scale_f32(double c, const float *restrict x, long n, float *restrict out)
{
  for (long i = 0; i < n; i++) out[i] = (float)(c * (double)x[i]);
}

/* A block of columns stays in registers while all K products are added to it. */
#define FOLD(type, vec, lanes)                                                                     \
  for (long j = 0; j < ld; j += (lanes)) {                                                         \
    long i = 0;                                                                                    \
    for (; i + ROWS <= rows; i += ROWS) {                                                          \
      vec sum[ROWS] = {{0}};                                                                       \
      for (int k = 0; k < K; k++) {                                                                \
        const vec y = *(const vec *)(q + k * q_stride + j);                                        \
        for (int r = 0; r < ROWS; r++) sum[r] += p[k * p_stride + i + r] * y;                      \
      }                                                                                            \
      for (int r = 0; r < ROWS; r++) {                                                             \
        vec *a = (vec *)(A + (i + r) * ld + j);                                                    \
        sum[r] += *a;                                                                              \
        *a = sum[r] - m * sum[r];                                                                  \
      }                                                                                            \
    }                                                                                              \
    for (; i < rows; i++) {                                                                        \
      vec sum = {0}, *a = (vec *)(A + i * ld + j);                                                 \
      for (int k = 0; k < K; k++)                                                                  \
        sum += p[k * p_stride + i] * *(const vec *)(q + k * q_stride + j);                         \
      sum += *a;                                                                                   \
      *a = sum - m * sum;                                                                          \
    }                                                                                              \
  }

CLONES void kernel_fold_f64(double *A, long rows, long ld, double loss, int K, const double *p,
                            long p_stride, const double *q, long q_stride)
{
  const double m = loss;

  FOLD(double, vec64, LANES64)
}

CLONES void kernel_fold_f32(float *A, long rows, long ld, double loss, int K, const float *p,
                            long p_stride, const float *q, long q_stride)
{
  const float m = (float)loss;

  FOLD(float, vec32, LANES32)
}
