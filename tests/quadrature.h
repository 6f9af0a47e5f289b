/* SPDX-License-Identifier: BSD-3-Clause */
/* quadrature.h - integrals over a step, for tests of formulas that claim to be them
 *
 * Gauss-Legendre with five points on many panels, in long double: exact to its rounding for the
 * smooth functions of these tests, over spans of up to about a hundred time constants. */
#ifndef TAUFLOW_QUADRATURE_H
#define TAUFLOW_QUADRATURE_H

#include <math.h>

/* int_a^b f(who, t) dt */
static inline long double quadrature(long double (*f)(const void *who, long double t),
                                     const void *who, long double a, long double b)
{
  enum { PANELS = 400 };
  static const long double node[3] = {0, 0.538469310105683091036L, 0.906179845938663992798L};
  static const long double weight[3] = {0.568888888888888888889L, 0.478628670499366468041L,
                                        0.236926885056189087514L};
  const long double half = (b - a) / (2 * PANELS);
  long double sum = 0;

  for (int p = 0; p < PANELS && a < b; p++) {
    const long double middle = a + (2 * p + 1) * half;

    sum += weight[0] * f(who, middle);
    for (int k = 1; k < 3; k++)
      sum += weight[k] * (f(who, middle - half * node[k]) + f(who, middle + half * node[k]));
  }
  return half * sum;
}

#endif
