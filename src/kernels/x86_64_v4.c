/* SPDX-License-Identifier: BSD-3-Clause */
/* AVX-512: 32 registers of 64 bytes. */
enum { VECTOR = 64, ROWS = 8, PAIRS = 4, FOLDS = 8 };
#include "body.h"

const struct kernels kernels_x86_64_v4 = KERNELS;
