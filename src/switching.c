/* SPDX-License-Identifier: BSD-3-Clause */
#include "switching.h"
#include <math.h>
#include <stdbool.h>

/* While a quantity going linearly from a to b is above zero; on0 and on1 say on which side the
 * ends count. */
static struct passage while_on(const struct leak *k, bool on0, bool on1, double a, double b)
{
  if (on0 && on1) return (struct passage){k->c0, k->c1, 0.5, 0.5};
  if (!on0 && !on1) return (struct passage){0, 0, 0, 0};

  const double x = a == b ? 0 : a / (a - b), left = 1 - x; /* fractions of the step */
  if (on1) {
    const struct leak after = leak_straight(left * k->h, k->tau);
    return (struct passage){after.c0 * left, after.c0 * x + after.c1, left * left / 2,
                            left * (1 + x) / 2};
  }
  const struct leak during = leak_straight(x * k->h, k->tau);
  const double keep = during.E > 1e-100 ? k->E / during.E : exp(-left * k->h / k->tau);
  return (struct passage){keep * (during.c0 + during.c1 * left), keep * during.c1 * x,
                          x * (2 - x) / 2, x * x / 2};
}

struct switching switching_over(const struct leak *k, double cap, double s0, double s1)
{
  return (struct switching){while_on(k, s0 > 0, s1 > 0, s0, s1),
                            while_on(k, s0 >= cap, s1 >= cap, s0 - cap, s1 - cap)};
}

static struct forcing through(const struct passage *p, double v0, double v1)
{
  return (struct forcing){p->felt0 * v0 + p->felt1 * v1, p->mean0 * v0 + p->mean1 * v1};
}

static struct forcing less(struct forcing a, struct forcing b)
{
  return (struct forcing){a.felt - b.felt, a.mean - b.mean};
}

struct forcing switching_phi(const struct switching *w, double cap, double s0, double s1)
{
  const struct forcing all = through(&w->zero, s0, s1);

  /* Without a cap, infinity times nothing would not be nothing. */
  return isfinite(cap) ? less(all, through(&w->cap, s0 - cap, s1 - cap)) : all;
}

struct forcing switching_gate(const struct switching *w, double v0, double v1)
{
  return less(through(&w->zero, v0, v1), through(&w->cap, v0, v1));
}
