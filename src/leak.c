/* SPDX-License-Identifier: BSD-3-Clause */
#include "leak.h"
#include <math.h>

/* j(r) = 1/r - 2/r^2 + e^-r (1/r + 2/r^2), r = h/tau, = r/6 - r^2/12 + r^3/40 - ... */
static double curvature_weight(double r, double E)
{
  if (r < 1e-2) return r * (1.0 / 6 - r * (1.0 / 12 - r * (1.0 / 40 - r / 180)));
  return 1 / r - 2 / (r * r) + E * (1 / r + 2 / (r * r));
}

struct leak leak_straight(double h, double tau)
{
  const double r = h / tau, rest = -expm1(-r); /* 1 - E */
  /* A layer that falls silent keeps its signs only if its decay is right however deep. */
  struct leak k = {.h = h, .tau = tau, .E = r < 1 ? 1 - rest : exp(-r)};

  /* c1 = 1 - (1-E)/r; the series where the difference would cancel. */
  k.c1 = r < 1e-2 ? r * (1.0 / 2 - r * (1.0 / 6 - r * (1.0 / 24 - r * (1.0 / 120 - r / 720))))
                  : 1 - rest / r;
  k.c0 = rest - k.c1;
  return k;
}

struct leak leak_over(double h, double tau)
{
  struct leak k = leak_straight(h, tau);

  k.j = curvature_weight(h / tau, k.E);
  return k;
}
