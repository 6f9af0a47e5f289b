/* SPDX-License-Identifier: BSD-3-Clause */
/* columns.h - products with a matrix stored by columns, of which those that meet a zero are left
 * out
 *
 * Included by body.h. A SPAN of columns is looked through for those that count; then a tile of rows
 * at a time stays in registers while they pass by. */

enum { SPAN = 128, LIST_ROOM = 16 };

/* Append to `live` the columns from j to j + lanes whose x is not 0. A generation may name
 * instructions for it that write up to LIST_ROOM numbers. */
#ifndef LIVE64
#define LIVE64(x, j, live, count) live_of_f64(x, j, live, count)
#define LIVE32(x, j, live, count) live_of_f32(x, j, live, count)
INLINE long live_of_f64(const double *x, long j, int *live, long count)
{
  for (long e = j; e < j + LANES64; e++) {
    live[count] = (int)e;
    count += x[e] != 0;
  }
  return count;
}

INLINE long live_of_f32(const float *x, long j, int *live, long count)
{
  for (long e = j; e < j + LANES32; e++) {
    live[count] = (int)e;
    count += x[e] != 0;
  }
  return count;
}
#endif

/* The sums of a tile, the first ones or added to what is there. */
INLINE void put_tile(bool first, long n, const double *sum, double *restrict out)
{
  for (long e = 0; e < n; e++) out[e] = first ? sum[e] : out[e] + sum[e];
}

/* Tiles of `wide` vectors from row i on. The order of a row's additions is the same in all. */
#define TILES(type, vec, per, wide)                                                                \
  for (; i + ((wide)-1) * (per) < rows; i += (wide) * (per)) {                                     \
    vec sum[wide];                                                                                 \
    double wider[(wide) * (per)];                                                                  \
    for (int b = 0; b < (wide); b++) sum[b] = (vec){0};                                            \
    for (long n = 0; n < count; n++) {                                                             \
      const type *const a = A + live[n] * ld + i;                                                  \
      const type c = x[live[n]];                                                                   \
      for (int b = 0; b < (wide); b++) sum[b] += c * *(const vec *)(a + b * (per));                \
    }                                                                                              \
    for (int e = 0; e < (wide) * (per); e++) wider[e] = (double)((const type *)sum)[e];            \
    put_tile(first == 0, rows - i < (wide) * (per) ? rows - i : (wide) * (per), wider, out + i);   \
  }

#define COLUMNS(type, vec, lanes, per, LIVE)                                                       \
  long all = 0;                                                                                    \
  for (long first = 0; first < cols; first += SPAN) {                                              \
    const long end = first + SPAN < cols ? first + SPAN : cols;                                    \
    int live[SPAN + LIST_ROOM];                                                                    \
    long count = 0, i = 0;                                                                         \
    for (long j = first; j < end; j += (lanes)) count = LIVE(x, j, live, count);                   \
    all += count;                                                                                  \
    TILES(type, vec, per, STRETCH)                                                                 \
    TILES(type, vec, per, 4)                                                                       \
    TILES(type, vec, per, 1)                                                                       \
  }                                                                                                \
  return all;

static long columns_f64(const double *A, long cols, long ld, const double *x, long rows,
                        double *restrict out)
{
  COLUMNS(double, vec64, LANES64, N64, LIVE64)
}

static long columns_f32(const float *A, long cols, long ld, const float *x, long rows,
                        double *restrict out)
{
  COLUMNS(float, vec32, LANES32, N32, LIVE32)
}
