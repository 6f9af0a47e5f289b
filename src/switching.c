/* SPDX-License-Identifier: BSD-3-Clause */
#include "switching.h"
#include <math.h>
#include <stdbool.h>

/* The share of a step's forcing that acts while a quantity going linearly from a to b is above
 * zero: int e^(-(h-s)/tau)/tau v(s) ds over that time, v going linearly from v0 to v1. on0 and on1
 * say on which side the ends count. */
static double while_on(const struct leak *k, bool on0, bool on1, double a, double b, double v0,
                       double v1)
{
  if (on0 && on1) return k->c0 * v0 + k->c1 * v1;
  if (!on0 && !on1) return 0;

  const double cross = a == b ? 0 : a / (a - b); /* fraction of the step */
  const double vc = v0 + cross * (v1 - v0);
  if (on1) {
    const struct leak after = leak_over((1 - cross) * k->h, k->tau);
    return after.c0 * vc + after.c1 * v1;
  }
  const struct leak during = leak_over(cross * k->h, k->tau);
  return exp(-(1 - cross) * k->h / k->tau) * (during.c0 * v0 + during.c1 * vc);
}

double switching_phi(const struct leak *k, double cap, double s0, double s1)
{
  double sum = while_on(k, s0 > 0, s1 > 0, s0, s1, s0, s1);

  if (s0 > cap || s1 > cap)
    sum -= while_on(k, s0 > cap, s1 > cap, s0 - cap, s1 - cap, s0 - cap, s1 - cap);
  return sum;
}

double switching_gate(const struct leak *k, double cap, double s0, double s1, double v0, double v1)
{
  double sum = while_on(k, s0 > 0, s1 > 0, s0, s1, v0, v1);

  if (s0 >= cap || s1 >= cap) sum -= while_on(k, s0 >= cap, s1 >= cap, s0 - cap, s1 - cap, v0, v1);
  return sum;
}
