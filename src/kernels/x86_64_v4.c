/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX-512: 32 registers of 64 bytes. */
#include <immintrin.h>
#define LARGER(a, b)  (vec64) _mm512_max_pd((__m512d)(a), (__m512d)(b))
#define SMALLER(a, b) (vec64) _mm512_min_pd((__m512d)(a), (__m512d)(b))
#define BITS(on)      (unsigned)_mm512_movepi64_mask((__m512i)(on))
#define VECTOR        64
enum { ROWS = 4, PAIRS = 4, FOLDS = 8 };
#include "body.h"

const struct kernels kernels_x86_64_v4 = KERNELS;
