/* SPDX-License-Identifier: BSD-3-Clause */
/* work.c - how many floating-point operations an update takes, by the plan alone */
#include "deep.h"

static double pass(int L, const long *n, long B)
{
  double sum = 0;

  for (int l = 1; l <= L; l++) sum += 2.0 * (double)n[l] * (double)n[l - 1] * (double)B;
  return sum;
}

/* S by products and their squares, its factor and two triangular solves. */
static double closed(int L, const long *n, long B)
{
  const double out = (double)n[L];
  double sum = out * out * out / 3 + 2 * out * out * (double)B;

  for (int l = L; l >= 2; l--) {
    if (l < L) sum += 2 * out * (double)n[l] * (double)n[l - 1];
    sum += out * out * (double)n[l - 1];
  }
  return L > 1 ? sum : 0;
}

/* Pivots, their factors and couplings; two sweeps of solves and products. */
static double tridiagonal(int L, const long *n, long B)
{
  double sum = 0;

  for (int l = 1; l < L; l++) {
    const double own = (double)n[l], above = (double)n[l + 1];
    sum += own * own * above + own * own * own / 3 + 2 * own * own * (double)B;
    if (l < L - 1) sum += 2 * own * own * above + 4 * own * above * (double)B;
  }
  return sum;
}

struct work deep_work(const struct pc_options *o, int L, const long *n)
{
  const double up = pass(L, n, o->batch);
  const double down = up - 2.0 * (double)n[1] * (double)n[0] * (double)o->batch;
  struct work w = {.forward = up, .find = NAN, .update = o->trust > 0 ? 2 * up : up};

  for (int l = 1; l <= L; l++) {
    w.align += 4.0 * (double)o->batch * (double)o->batch * (double)(n[l] + n[l - 1]);
    w.map += 2.0 * (double)n[l] * (double)n[l - 1] * (double)n[0];
  }
  w.align += 2 * down;

  if (o->rule == RULE_BP) w.find = down;
  if (o->rule == RULE_PC && o->inference == BY_CLOSED) w.find = closed(L, n, o->batch) + down + up;
  if (o->rule == RULE_PC && o->inference == BY_BLOCKS)
    w.find = tridiagonal(L, n, o->batch) + down + up;
  return w;
}
