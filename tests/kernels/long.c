/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels in vectors of 64 bytes, as x86_64_v4.c has them, for processors without such. */
#define VECTOR 64
enum { ROWS = 4, PAIRS = 4, FOLDS = 8 };
#include "../../src/kernels/body.h"

extern const struct kernels kernels_long;
const struct kernels kernels_long = KERNELS;
