/* SPDX-License-Identifier: BSD-3-Clause */
#include "switching.h"
#include <math.h>
#include <stdbool.h>

/* What v, going linearly from v0 to v1, comes to while a quantity going linearly from a to b is
 * above zero. on0 and on1 say on which side the ends count. */
static struct forcing while_on(const struct leak *k, bool on0, bool on1, double a, double b,
                               double v0, double v1)
{
  if (on0 && on1) return (struct forcing){k->c0 * v0 + k->c1 * v1, (v0 + v1) / 2};
  if (!on0 && !on1) return (struct forcing){0, 0};

  const double cross = a == b ? 0 : a / (a - b); /* fraction of the step */
  const double vc = v0 + cross * (v1 - v0);
  if (on1) {
    const struct leak after = leak_over((1 - cross) * k->h, k->tau);
    return (struct forcing){after.c0 * vc + after.c1 * v1, (1 - cross) * (vc + v1) / 2};
  }
  const struct leak during = leak_over(cross * k->h, k->tau);
  const double keep = exp(-(1 - cross) * k->h / k->tau);
  return (struct forcing){keep * (during.c0 * v0 + during.c1 * vc), cross * (v0 + vc) / 2};
}

static struct forcing less(struct forcing a, struct forcing b)
{
  return (struct forcing){a.felt - b.felt, a.mean - b.mean};
}

struct forcing switching_phi(const struct leak *k, double cap, double s0, double s1)
{
  const struct forcing all = while_on(k, s0 > 0, s1 > 0, s0, s1, s0, s1);
  const double x0 = s0 - cap, x1 = s1 - cap;

  return s0 > cap || s1 > cap ? less(all, while_on(k, x0 > 0, x1 > 0, x0, x1, x0, x1)) : all;
}

struct forcing switching_gate(const struct leak *k, double cap, double s0, double s1, double v0,
                              double v1)
{
  const struct forcing all = while_on(k, s0 > 0, s1 > 0, s0, s1, v0, v1);
  const double x0 = s0 - cap, x1 = s1 - cap;

  return s0 >= cap || s1 >= cap ? less(all, while_on(k, x0 >= 0, x1 >= 0, x0, x1, v0, v1)) : all;
}
