/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX-512: 32 registers of 64 bytes. Lists of lanes by compression. */
#include "kernels.h"
#include <immintrin.h>
#include <string.h>
#define LARGER(a, b)  (vec64) _mm512_max_pd((__m512d)(a), (__m512d)(b))
#define SMALLER(a, b) (vec64) _mm512_min_pd((__m512d)(a), (__m512d)(b))
#define LOUDER(a, b)  (vec64) _mm512_range_pd((__m512d)(a), (__m512d)(b), 0xb) /* of magnitudes */
#define BITS(on)      (unsigned)_mm512_movepi64_mask((__m512i)(on))
#define VECTOR        64
enum { ROWS = 4, PAIRS = 4, FOLDS = 8 };

#define ALWAYS static inline __attribute__((always_inline))

/* Append first .. first + 15, or + 7, of which bits are set. */
ALWAYS long append16(unsigned bits, long first, int *row, long count)
{
  const __m512i all =
      _mm512_add_epi32(_mm512_set1_epi32((int)first),
                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));

  _mm512_storeu_si512(row + count, _mm512_maskz_compress_epi32((__mmask16)bits, all));
  return count + __builtin_popcount(bits);
}

ALWAYS long append8(unsigned bits, long first, int *row, long count)
{
  const __m256i all =
      _mm256_add_epi32(_mm256_set1_epi32((int)first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));

  _mm256_storeu_si256((__m256i *)(row + count), _mm256_maskz_compress_epi32((__mmask8)bits, all));
  return count + __builtin_popcount(bits);
}

/* Which of 16, or 8, numbers are not 0. */
ALWAYS unsigned nonzero16(__m512 x)
{
  return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_NEQ_UQ);
}

ALWAYS unsigned nonzero8(__m512d x)
{
  return _mm512_cmp_pd_mask(x, _mm512_setzero_pd(), _CMP_NEQ_UQ);
}

#define APPEND(bits, first, row, count) append8(bits, first, row, count)
#define LIVE64(x, j, live, count)       append8(nonzero8(_mm512_loadu_pd((x) + (j))), j, live, count)
#define LIVE32(x, j, live, count)       append16(nonzero16(_mm512_loadu_ps((x) + (j))), j, live, count)

/* See folds.h. */
#define SORT(lanes, append, nonzero, load, store, compress, zero, mask)                            \
  int list[ROOM];                                                                                  \
  long live = 0, silent = 0;                                                                       \
  for (int i = 0; i < count; i += (lanes)) {                                                       \
    const unsigned all = count - i < (lanes) ? (1U << (count - i)) - 1 : (1U << (lanes)) - 1;      \
    unsigned on = 0;                                                                               \
    for (int k = 0; k < K; k++) on |= nonzero(load((mask)all, p + k * p_stride + i));              \
    for (int k = 0; k < K; k++)                                                                    \
      store(near + k * ROOM + live, compress((mask)on, load((mask)all, p + k * p_stride + i)));    \
    live = append(on, i, line, live);                                                              \
    silent = append(all & ~on, i, list, silent);                                                   \
  }                                                                                                \
  for (int k = 0; k < K; k++) store(near + k * ROOM + live, zero());                               \
  memcpy(line + live, list, (size_t)silent * sizeof *line);                                        \
  return (int)live;

ALWAYS int sort_f64(int count, int K, const double *p, long p_stride, int *line, double *near){
    SORT(8, append8, nonzero8, _mm512_maskz_loadu_pd, _mm512_storeu_pd, _mm512_maskz_compress_pd,
         _mm512_setzero_pd, __mmask8)}

ALWAYS int sort_f32(int count, int K, const float *p, long p_stride, int *line, float *near)
{
  SORT(16, append16, nonzero16, _mm512_maskz_loadu_ps, _mm512_storeu_ps, _mm512_maskz_compress_ps,
       _mm512_setzero_ps, __mmask16)
}
#define SORT64 sort_f64
#define SORT32 sort_f32
#include "body.h"

const struct kernels kernels_x86_64_v4 = KERNELS;
