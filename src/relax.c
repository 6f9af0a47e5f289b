/* SPDX-License-Identifier: BSD-3-Clause */
#include "relax.h"
#include "clones.h"
#include <stdint.h>
#include <string.h>

/* |x| as an integer: larger for larger |x|, largest for infinities and what is not a number. */
static inline int64_t rank_of(double x)
{
  int64_t bits;

  memcpy(&bits, &x, sizeof bits);
  return bits & INT64_MAX;
}

static inline double number_of(int64_t bits)
{
  double x;

  memcpy(&x, &bits, sizeof x);
  return x;
}

CLONES void relax_relu(long n, double cap, double scale, const double *restrict s,
                       double *restrict out)
{
  for (long i = 0; i < n; i++) {
    const double low = s[i] < 0 ? 0 : s[i]; /* written so that not-a-numbers pass */
    out[i] = scale * (low > cap ? cap : low);
  }
}

CLONES void relax_gate(long n, double cap, double scale, const double *restrict s,
                       const double *restrict v, double *restrict out)
{
  for (long i = 0; i < n; i++) {
    const double on = s[i] > 0 ? v[i] : 0;
    out[i] = scale * (s[i] < cap ? on : 0);
  }
}

CLONES void relax_linear(long n, double E, double c0, double c1, const double *restrict v0,
                         const double *restrict f0, const double *restrict f1, double *restrict v1)
{
  for (long i = 0; i < n; i++) v1[i] = E * v0[i] + (c0 * f0[i] + c1 * f1[i]);
}

CLONES bool relax_crosses(long n, double cap, const double *restrict s0, const double *restrict s1)
{
  int64_t any = 0;

  for (long i = 0; i < n; i++) {
    const int64_t low = (s0[i] > 0) ^ (s1[i] > 0), high = (s0[i] >= cap) ^ (s1[i] >= cap);
    any |= low | high;
  }
  return any;
}

CLONES void relax_extent(long n, double reach, const double *restrict v0, const double *restrict f0,
                         const double *restrict v1, const double *restrict f1, double *bend,
                         double *size)
{
  int64_t most = 0, large = 0;

  for (long i = 0; i < n; i++) {
    const int64_t d = rank_of((f1[i] - v1[i]) - (f0[i] - v0[i]));
    const int64_t v = rank_of(v1[i]), f = rank_of(reach * f1[i]), x = v > f ? v : f;
    most = d > most ? d : most;
    large = x > large ? x : large;
  }
  *bend = number_of(most);
  *size = number_of(large);
}

CLONES double relax_curvature(long n, double ratio, const double *restrict q,
                              const double *restrict q0, const double *restrict q1, double cap,
                              const double *restrict s0, const double *restrict s1)
{
  int64_t most = 0;

  if (!s0) {
    for (long i = 0; i < n; i++) {
      const int64_t e = rank_of(q1[i] - q0[i] - ratio * (q0[i] - q[i]));
      most = e > most ? e : most;
    }
    return number_of(most);
  }
  for (long i = 0; i < n; i++) {
    const int64_t e = rank_of(q1[i] - q0[i] - ratio * (q0[i] - q[i]));
    const double high = s0[i] > s1[i] ? s0[i] : s1[i], low = s0[i] > s1[i] ? s1[i] : s0[i];
    const int64_t up = high > 0 ? e : 0, x = low < cap ? up : 0;
    most = x > most ? x : most;
  }
  return number_of(most);
}
