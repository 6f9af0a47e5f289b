/* SPDX-License-Identifier: BSD-3-Clause */
/* folds.h - sums of outer products added to a matrix that decays
 *
 * Included by body.h. To lines whose factors are all zero nothing is added, so they only decay.
 * What is added may be added to a second matrix B too, or to none if that is NULL. */

/* Lines in bands, whose factors that are not zero are put side by side; columns in tiles of TILE
 * bytes whose part of q stays in the first cache while the lines of a band pass by. Vectors FAR
 * bytes apart and more share few places there and push each other out: then a tile's part of q is
 * copied side by side, too. */
enum { TILE = 1024, FAR = 2048 };

/* The lines of a band, those with a factor first, and the factors of these, followed by zeros for
 * FOLDS more. Returns how many they are. A generation may name instructions for it. */
#ifndef SORT64
#define SORT_LINES(type)                                                                           \
  type any[BAND] = {0};                                                                            \
  int live = 0, silent = 0, last[BAND];                                                            \
  for (int k = 0; k < K; k++)                                                                      \
    for (int i = 0; i < count; i++) any[i] = p[k * p_stride + i] != 0 ? 1 : any[i];                \
  for (int i = 0; i < count; i++) {                                                                \
    line[live] = i;                                                                                \
    last[silent] = i;                                                                              \
    live += any[i] != 0;                                                                           \
    silent += any[i] == 0;                                                                         \
  }                                                                                                \
  for (int i = 0; i < silent; i++) line[live + i] = last[i];                                       \
  for (int i = 0; i < live; i++)                                                                   \
    for (int k = 0; k < K; k++) near[k * ROOM + i] = p[k * p_stride + line[i]];                    \
  for (int i = live; i < live + FOLDS; i++)                                                        \
    for (int k = 0; k < K; k++) near[k * ROOM + i] = 0;                                            \
  return live;

static int sort_lines_f64(int count, int K, const double *p, long p_stride, int *line, double *near)
{
  SORT_LINES(double)
}

static int sort_lines_f32(int count, int K, const float *p, long p_stride, int *line, float *near)
{
  SORT_LINES(float)
}
#define SORT64 sort_lines_f64
#define SORT32 sort_lines_f32
#endif

/* count lines of a block stay in registers while all K products are added to them. */
#define FOLD(vec, per, count)                                                                      \
  do {                                                                                             \
    vec sum[count][PARTS] = {{{0}}};                                                               \
    for (int k = 0; k < K; k++)                                                                    \
      for (int part = 0; part < PARTS; part++) {                                                   \
        const vec y = *(const vec *)(q + k * q_stride + j + part * (per));                         \
        for (int r = 0; r < (count); r++) sum[r][part] += p[k * ROOM + i + r] * y;                 \
      }                                                                                            \
    for (int r = 0; r < (count); r++)                                                              \
      for (int part = 0; part < PARTS; part++) {                                                   \
        const long at = line[i + r] * ld + j + part * (per);                                       \
        ADD(vec, A + at, sum[r][part]);                                                            \
        if (B) ADD(vec, B + at, sum[r][part]);                                                     \
      }                                                                                            \
  } while (0)

#define ADD(vec, to, sum)                                                                          \
  do {                                                                                             \
    vec *const a = (vec *)(to);                                                                    \
    const vec grown = (sum) + *a;                                                                  \
    *a = grown - m * grown;                                                                        \
  } while (0)

/* The last group of lines with a factor is filled up with others, if there are any. */
#define FOLD_TILE(vec, lanes, per)                                                                 \
  int i = 0;                                                                                       \
  for (; i < live && i + FOLDS <= lines; i += FOLDS)                                               \
    for (long j = 0; j < cols; j += (lanes)) FOLD(vec, per, FOLDS);                                \
  for (; i < live; i++)                                                                            \
    for (long j = 0; j < cols; j += (lanes)) FOLD(vec, per, 1);                                    \
  for (; m != 0 && i < lines; i++)                                                                 \
    for (long j = 0; j < cols; j += (per)) {                                                       \
      ADD(vec, A + line[i] * ld + j, (vec){0});                                                    \
      if (B) ADD(vec, B + line[i] * ld + j, (vec){0});                                             \
    }

INLINE void tile_f64(double *A, double *B, int lines, const int *line, int live, long cols, long ld,
                     double m, int K, const double *p, const double *q,
                     long q_stride){FOLD_TILE(vec64, LANES64, N64)}

INLINE void tile_f32(float *A, float *B, int lines, const int *line, int live, long cols, long ld,
                     float m, int K, const float *p, const float *q,
                     long q_stride){FOLD_TILE(vec32, LANES32, N32)}

#define FOLD_ALL(type, sort_lines, fold_tile)                                                      \
  const long size = (long)sizeof(type), tile = TILE / size;                                        \
  const bool far = ld * size >= FAR;                                                               \
  type near_p[KERNEL_TERMS][ROOM];                                                                 \
  type near_q[KERNEL_TERMS][TILE / sizeof(type)] __attribute__((aligned(BLOCK)));                  \
  int line[ROOM];                                                                                  \
  for (long i = 0; i < rows; i += BAND) {                                                          \
    const int count = (int)(i + BAND < rows ? BAND : rows - i);                                    \
    const int live = sort_lines(count, K, p + i, p_stride, line, near_p[0]);                       \
    for (long j = 0; j < ld; j += tile) {                                                          \
      const long cols = j + tile < ld ? tile : ld - j;                                             \
      for (int k = 0; far && live && k < K; k++)                                                   \
        memcpy(near_q[k], q + k * q_stride + j, (size_t)(cols * size));                            \
      fold_tile(A + i * ld + j, B ? B + i * ld + j : NULL, count, line, live, cols, ld,            \
                (type)loss, K, near_p[0], far ? near_q[0] : q + j, far ? tile : q_stride);         \
    }                                                                                              \
  }

INLINE void folds_f64(double *A, double *B, long rows, long ld, double loss, int K, const double *p,
                      long p_stride, const double *q,
                      long q_stride){FOLD_ALL(double, SORT64, tile_f64)}

INLINE void folds_f32(float *A, float *B, long rows, long ld, double loss, int K, const float *p,
                      long p_stride, const float *q, long q_stride)
{
  FOLD_ALL(float, SORT32, tile_f32)
}

static void fold_f64(double *A, long rows, long ld, double loss, int K, const double *p,
                     long p_stride, const double *q, long q_stride)
{
  folds_f64(A, NULL, rows, ld, loss, K, p, p_stride, q, q_stride);
}

static void fold_f32(float *A, long rows, long ld, double loss, int K, const float *p,
                     long p_stride, const float *q, long q_stride)
{
  folds_f32(A, NULL, rows, ld, loss, K, p, p_stride, q, q_stride);
}

static void fold2_f64(double *A, double *B, long rows, long ld, double loss, int K, const double *p,
                      long p_stride, const double *q, long q_stride)
{
  folds_f64(A, B, rows, ld, loss, K, p, p_stride, q, q_stride);
}

static void fold2_f32(float *A, float *B, long rows, long ld, double loss, int K, const float *p,
                      long p_stride, const float *q, long q_stride)
{
  folds_f32(A, B, rows, ld, loss, K, p, p_stride, q, q_stride);
}
