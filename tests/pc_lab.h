/* SPDX-License-Identifier: BSD-3-Clause */
/* pc_lab.h - predictive coding networks for tests */
#ifndef TAUFLOW_PC_LAB_H
#define TAUFLOW_PC_LAB_H

#include "fail.h"
#include "pc_errors.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>

enum { MOST = 5 }; /* L + 1 */

/* The i-th number of what it is for. */
static inline double normal(int what, long i)
{
  return rng_normal(11, RNG_WEIGHT, (uint64_t)what, 0, (uint64_t)i);
}

/* Weights of N(0, gain^2 / n_{l-1}). */
static inline void draw(const struct pc_net *net, double gain, double **W)
{
  for (int l = 1; l <= net->L; l++) {
    const long count = net->n[l] * net->n[l - 1];

    W[l] = fail_alloc((size_t)count, sizeof **W);
    for (long i = 0; i < count; i++) W[l][i] = gain * normal(l, i) / sqrt((double)net->n[l - 1]);
  }
}

static inline void undraw(const struct pc_net *net, double **W)
{
  for (int l = 1; l <= net->L; l++) free(W[l]);
}

static inline const double *const *seen(double **W)
{
  return (const double *const *)W;
}

#endif
