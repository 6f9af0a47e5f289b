/* SPDX-License-Identifier: BSD-3-Clause */
/* Any processor with vectors of 16 bytes, or the compiler's stand-in for them. */
#define VECTOR 16
enum { ROWS = 2, PAIRS = 1, FOLDS = 2 };
#include "body.h"

const struct kernels kernels_portable = KERNELS;
