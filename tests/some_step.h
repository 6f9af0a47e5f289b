/* SPDX-License-Identifier: BSD-3-Clause */
/* some_step.h - a step for tests of loops and kernels, whose coefficients need not fit together */
#ifndef TAUFLOW_SOME_STEP_H
#define TAUFLOW_SOME_STEP_H

#include "relax.h"

static const struct relax some = {.E = 0.9,
                                  .c0 = 0.06,
                                  .c1 = 0.04,
                                  .past = 0.7,
                                  .here = -1.2,
                                  .there = 0.5,
                                  .bow = 0.02,
                                  .belly = 0.15,
                                  .slow = 9,
                                  .reach = 0.8};

#endif
