/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX2 with fused products: 16 registers of 32 bytes, of which 8 hold sums. */
#include <immintrin.h>
#define LARGER(a, b)  __builtin_ia32_maxpd256(a, b)
#define SMALLER(a, b) __builtin_ia32_minpd256(a, b)
#define BITS(on)      (unsigned)_mm256_movemask_pd((__m256d)(on))
#define VECTOR        32
enum { ROWS = 4, PAIRS = 2, FOLDS = 4 };
#include "body.h"

const struct kernels kernels_x86_64_v3 = KERNELS;
