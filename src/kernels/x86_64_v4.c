/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX-512: 32 registers of 64 bytes. */
#include <immintrin.h>
#define LARGER(a, b)  (vec64) _mm512_max_pd((__m512d)(a), (__m512d)(b))
#define SMALLER(a, b) (vec64) _mm512_min_pd((__m512d)(a), (__m512d)(b))
#define BITS(on)      (unsigned)_mm512_movepi64_mask((__m512i)(on))
#define VECTOR        64
enum { ROWS = 4, PAIRS = 4, FOLDS = 8 };

/* Columns j .. j + 15, or + 7, whose x is not 0 (columns.h). */
static inline __attribute__((always_inline)) long live_f32(const float *x, long j, int *live,
                                                           long count)
{
  const __m512i all =
      _mm512_add_epi32(_mm512_set1_epi32((int)j),
                       _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  const __mmask16 on = _mm512_cmp_ps_mask(_mm512_loadu_ps(x + j), _mm512_setzero_ps(), _CMP_NEQ_UQ);

  _mm512_storeu_si512(live + count, _mm512_maskz_compress_epi32(on, all));
  return count + __builtin_popcount(on);
}

static inline __attribute__((always_inline)) long live_f64(const double *x, long j, int *live,
                                                           long count)
{
  const __m256i all =
      _mm256_add_epi32(_mm256_set1_epi32((int)j), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  const __mmask8 on = _mm512_cmp_pd_mask(_mm512_loadu_pd(x + j), _mm512_setzero_pd(), _CMP_NEQ_UQ);

  _mm256_storeu_si256((__m256i *)(live + count), _mm256_maskz_compress_epi32(on, all));
  return count + __builtin_popcount(on);
}

/* Rows first .. first + 7 whose bits are set (select.h). */
static inline __attribute__((always_inline)) long append_bits(unsigned bits, long first, int *row,
                                                              long count)
{
  const __m256i all =
      _mm256_add_epi32(_mm256_set1_epi32((int)first), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));

  _mm256_storeu_si256((__m256i *)(row + count), _mm256_maskz_compress_epi32((__mmask8)bits, all));
  return count + __builtin_popcount(bits);
}
#define APPEND(bits, first, row, count) append_bits(bits, first, row, count)
#define LIVE64(x, j, live, count)       live_f64(x, j, live, count)
#define LIVE32(x, j, live, count)       live_f32(x, j, live, count)
#include "body.h"

const struct kernels kernels_x86_64_v4 = KERNELS;
