/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernels in vectors of 16 bytes, as portable.c has them, but with fused products. */
#define VECTOR 16
enum { ROWS = 2, PAIRS = 1, FOLDS = 2 };
#include "../../src/kernels/body.h"

extern const struct kernels kernels_short;
const struct kernels kernels_short = KERNELS;
