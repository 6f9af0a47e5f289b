/* SPDX-License-Identifier: BSD-3-Clause */
/* body.h - the kernels in vectors of VECTOR bytes, ROWS rows at once
 *
 * Included once by each file of a generation, which defines VECTOR and ROWS (as many sums as fill
 * the pipeline and fit the registers) and names the table. Elements are taken in blocks of BLOCK
 * bytes whatever VECTOR is: element j of a block has a sum of its own, its lane. */
#include "kernels.h"
#include <stdbool.h>
#include <string.h>

enum { BLOCK = 64, PARTS = BLOCK / VECTOR, LANES64 = BLOCK / 8, LANES32 = BLOCK / 4 };

typedef double vec64 __attribute__((vector_size(VECTOR), aligned(8), may_alias));
typedef float vec32 __attribute__((vector_size(VECTOR), aligned(4), may_alias));
typedef double half64 __attribute__((vector_size(32)));
typedef float half32 __attribute__((vector_size(32)));
typedef float quarter32 __attribute__((vector_size(16)));

enum { N64 = VECTOR / 8, N32 = VECTOR / 4 };

#define PAIR   __builtin_shufflevector
#define INLINE static inline __attribute__((always_inline))

/* --- lanes to one sum: halves (0+4, 1+5, ... of doubles, 0+8, ... of singles), neighbours --- */

/* Half a vector is taken by a shuffle: a copy of a part of it would keep the sums in memory. */
#if VECTOR == 64
INLINE half64 halve64(const vec64 *lanes)
{
  return PAIR(*lanes, *lanes, 0, 1, 2, 3) + PAIR(*lanes, *lanes, 4, 5, 6, 7);
}

INLINE half32 halve32(const vec32 *lanes)
{
  return PAIR(*lanes, *lanes, 0, 1, 2, 3, 4, 5, 6, 7) +
         PAIR(*lanes, *lanes, 8, 9, 10, 11, 12, 13, 14, 15);
}
#else
INLINE half64 halve64(const vec64 *lanes)
{
  half64 low, high;

  memcpy(&low, lanes, sizeof low);
  memcpy(&high, (const char *)lanes + sizeof low, sizeof high);
  return low + high;
}

INLINE half32 halve32(const vec32 *lanes)
{
  half32 low, high;

  memcpy(&low, lanes, sizeof low);
  memcpy(&high, (const char *)lanes + sizeof low, sizeof high);
  return low + high;
}
#endif

INLINE double sum64(const vec64 *lanes)
{
  const half64 a = halve64(lanes);

  return (a[0] + a[1]) + (a[2] + a[3]);
}

INLINE double sum32(const vec32 *lanes)
{
  const half32 a = halve32(lanes);

  return (double)(((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7])));
}

/* Four rows side by side. */
INLINE void put_four64(double *out, half64 a, half64 b, half64 c, half64 d)
{
  const half64 ab = PAIR(a, b, 0, 4, 2, 6) + PAIR(a, b, 1, 5, 3, 7);
  const half64 cd = PAIR(c, d, 0, 4, 2, 6) + PAIR(c, d, 1, 5, 3, 7);
  const half64 sums = PAIR(ab, cd, 0, 1, 4, 5) + PAIR(ab, cd, 2, 3, 6, 7);

  memcpy(out, &sums, sizeof sums);
}

INLINE void put_four32(double *out, half32 a, half32 b, half32 c, half32 d)
{
#define EVEN(u, v) PAIR(u, v, 0, 2, 8, 10, 4, 6, 12, 14)
#define ODD(u, v)  PAIR(u, v, 1, 3, 9, 11, 5, 7, 13, 15)
  const half32 ab = EVEN(a, b) + ODD(a, b), cd = EVEN(c, d) + ODD(c, d);
  const half32 abcd = EVEN(ab, cd) + ODD(ab, cd);
  const quarter32 sums = PAIR(abcd, abcd, 0, 1, 2, 3) + PAIR(abcd, abcd, 4, 5, 6, 7);
  const half64 wide = __builtin_convertvector(sums, half64);

  memcpy(out, &wide, sizeof wide);
#undef EVEN
#undef ODD
}

INLINE void put64(double *out, int count, vec64 sum[][PARTS])
{
  int r = 0;

  for (; r + 4 <= count; r += 4)
    put_four64(out + r, halve64(sum[r]), halve64(sum[r + 1]), halve64(sum[r + 2]),
               halve64(sum[r + 3]));
  for (; r < count; r++) out[r] = sum64(sum[r]);
}

INLINE void put32(double *out, int count, vec32 sum[][PARTS])
{
  int r = 0;

  for (; r + 4 <= count; r += 4)
    put_four32(out + r, halve32(sum[r]), halve32(sum[r + 1]), halve32(sum[r + 2]),
               halve32(sum[r + 3]));
  for (; r < count; r++) out[r] = sum32(sum[r]);
}

/* --- products of rows --- */

/* Where the group of `count` rows at `next` begins: the last one repeats rows of the one before,
 * for a row on its own would take as long as a group. */
INLINE long group_at(long next, long rows, long count)
{
  return next + count <= rows ? next : rows - count;
}

/* count rows, which begin at line[0], ..., share the loads of x; a row's order of additions is the
 * same as alone. */
#define DOTS(vec, lanes, per, count, put, to)                                                      \
  do {                                                                                             \
    vec sum[count][PARTS] = {{{0}}};                                                               \
    for (long j = 0; j < ld; j += (lanes))                                                         \
      for (int part = 0; part < PARTS; part++) {                                                   \
        const vec xj = *(const vec *)(x + j + part * (per));                                       \
        for (int r = 0; r < (count); r++)                                                          \
          sum[r][part] += *(const vec *)(line[r] + j + part * (per)) * xj;                         \
      }                                                                                            \
    put(to, count, sum);                                                                           \
  } while (0)

#define ROWS_ALL(type, vec, lanes, per, put)                                                       \
  for (long next = 0; rows >= ROWS && next < rows; next += ROWS) {                                 \
    const long i = group_at(next, rows, ROWS);                                                     \
    const type *line[ROWS];                                                                        \
    for (int r = 0; r < ROWS; r++) line[r] = A + (i + r) * ld;                                     \
    DOTS(vec, lanes, per, ROWS, put, out + i);                                                     \
  }                                                                                                \
  for (long i = 0; rows < ROWS && i < rows; i++) {                                                 \
    const type *const line[1] = {A + i * ld};                                                      \
    DOTS(vec, lanes, per, 1, put, out + i);                                                        \
  }

#define ROWS_SOME(type, vec, lanes, per, put)                                                      \
  for (long next = 0; count >= ROWS && next < count; next += ROWS) {                               \
    const int *const group = row + group_at(next, count, ROWS);                                    \
    const type *line[ROWS];                                                                        \
    double sums[ROWS];                                                                             \
    for (int r = 0; r < ROWS; r++) line[r] = A + group[r] * ld;                                    \
    DOTS(vec, lanes, per, ROWS, put, sums);                                                        \
    for (int r = 0; r < ROWS; r++) out[group[r]] = sums[r];                                        \
  }                                                                                                \
  for (long n = 0; count < ROWS && n < count; n++) {                                               \
    const type *const line[1] = {A + row[n] * ld};                                                 \
    DOTS(vec, lanes, per, 1, put, out + row[n]);                                                   \
  }

static void rows_f64(const double *A, long rows, long ld, const double *x, double *out)
{
  ROWS_ALL(double, vec64, LANES64, N64, put64)
}

static void rows_f32(const float *A, long rows, long ld, const float *x, double *out)
{
  ROWS_ALL(float, vec32, LANES32, N32, put32)
}

static void some_f64(const double *A, long ld, const double *x, long count, const int *row,
                     double *out)
{
  ROWS_SOME(double, vec64, LANES64, N64, put64)
}

static void some_f32(const float *A, long ld, const float *x, long count, const int *row,
                     double *out)
{
  ROWS_SOME(float, vec32, LANES32, N32, put32)
}

/* Two vectors share the loads of a row. */
#define DOTS2(vec, lanes, per, count, put)                                                         \
  do {                                                                                             \
    vec sum_x[count][PARTS] = {{{0}}}, sum_y[count][PARTS] = {{{0}}};                              \
    for (long j = 0; j < ld; j += (lanes))                                                         \
      for (int part = 0; part < PARTS; part++) {                                                   \
        const long at = j + part * (per);                                                          \
        const vec xj = *(const vec *)(x + at), yj = *(const vec *)(y + at);                        \
        for (int r = 0; r < (count); r++) {                                                        \
          const vec w = *(const vec *)(A + (i + r) * ld + at);                                     \
          sum_x[r][part] += w * xj;                                                                \
          sum_y[r][part] += w * yj;                                                                \
        }                                                                                          \
      }                                                                                            \
    put(out_x + i, count, sum_x);                                                                  \
    put(out_y + i, count, sum_y);                                                                  \
  } while (0)

static void rows2_f64(const double *A, long rows, long ld, const double *x, const double *y,
                      double *out_x, double *out_y)
{
  for (long next = 0; rows >= PAIRS && next < rows; next += PAIRS) {
    const long i = group_at(next, rows, PAIRS);
    DOTS2(vec64, LANES64, N64, PAIRS, put64);
  }
  for (long i = 0; rows < PAIRS && i < rows; i++) DOTS2(vec64, LANES64, N64, 1, put64);
}

static void rows2_f32(const float *A, long rows, long ld, const float *x, const float *y,
                      double *out_x, double *out_y)
{
  for (long next = 0; rows >= PAIRS && next < rows; next += PAIRS) {
    const long i = group_at(next, rows, PAIRS);
    DOTS2(vec32, LANES32, N32, PAIRS, put32);
  }
  for (long i = 0; rows < PAIRS && i < rows; i++) DOTS2(vec32, LANES32, N32, 1, put32);
}

/* --- sums of vectors --- */

enum { STRETCH = 8 };

/* out = scale (out + sum), for a stretch of the sum. */
INLINE void add64(double scale, const vec64 *sum, double *restrict out)
{
  for (int b = 0; b < STRETCH; b++) {
    vec64 *const to = (vec64 *)(out + b * N64);
    *to = scale * (*to + sum[b]);
  }
}

/* Through memory, whence compilers read and widen a vector's worth at once. */
INLINE void add32(double scale, const vec32 *sum, double *restrict out)
{
  const float *const lane = (const float *)sum;

  for (int e = 0; e < STRETCH * N32; e++) out[e] = scale * (out[e] + (double)lane[e]);
}

/* A stretch of the sum stays in registers while all K vectors are added. Vectors may begin
 * anywhere. In the tail too k is the outer loop: a sum over k of one element is what compilers
 * turn into vector code without fusing its products. */
#define COMBINE(type, vec, per, put)                                                               \
  long i = 0;                                                                                      \
  for (; i + STRETCH * (per) <= n; i += STRETCH * (per)) {                                         \
    vec sum[STRETCH];                                                                              \
    for (int b = 0; b < STRETCH; b++) sum[b] = (vec){0};                                           \
    for (int k = 0; k < K; k++)                                                                    \
      for (int b = 0; b < STRETCH; b++)                                                            \
        sum[b] += (type)c[k] * *(const vec *)(v + k * stride + i + b * (per));                     \
    put(scale, sum, out + i);                                                                      \
  }                                                                                                \
  if (i == n) return;                                                                              \
  type sum[STRETCH * (per)] = {0};                                                                 \
  for (int k = 0; k < K; k++)                                                                      \
    for (long e = 0; e < n - i; e++) sum[e] += (type)c[k] * v[k * stride + i + e];                 \
  for (long e = 0; e < n - i; e++) out[i + e] = scale * (out[i + e] + (double)sum[e]);

static void combine_f64(double scale, int K, const double *c, const double *v, long stride, long n,
                        double *restrict out)
{
  COMBINE(double, vec64, N64, add64)
}

static void combine_f32(double scale, int K, const double *c, const float *v, long stride, long n,
                        double *restrict out)
{
  COMBINE(float, vec32, N32, add32)
}

static void round_f32(double c, const double *restrict x, long n, float *restrict out)
{
  for (long i = 0; i < n; i++) out[i] = (float)(c * x[i]);
}

static void scale_f64(double c, const double *restrict x, long n, double *restrict out)
{
  for (long i = 0; i < n; i++) out[i] = c * x[i];
}

static void scale_f32(double c, const float *restrict x, long n, float *restrict out)
{
  for (long i = 0; i < n; i++) out[i] = (float)(c * (double)x[i]);
}

/* --- columns --- */

#include "columns.h"

/* --- folds --- */

#include "folds.h"

/* --- steps --- */

#include "step.h"

/* --- rows behind a gate --- */

#include "select.h"

#define KERNELS                                                                                    \
  {                                                                                                \
    .rows_f64 = rows_f64, .rows_f32 = rows_f32, .rows2_f64 = rows2_f64, .rows2_f32 = rows2_f32,    \
    .some_f64 = some_f64, .some_f32 = some_f32, .columns_f64 = columns_f64,                        \
    .columns_f32 = columns_f32, .combine_f64 = combine_f64, .combine_f32 = combine_f32,            \
    .fold_f64 = fold_f64, .fold_f32 = fold_f32, .fold2_f64 = fold2_f64, .fold2_f32 = fold2_f32,    \
    .round = round_f32, .scale_f64 = scale_f64, .scale_f32 = scale_f32,                            \
    .kinked_step = kinked_step, .gated_step = gated_step, .crossing_rows = crossing_rows,          \
    .open_rows = open_rows                                                                         \
  }
