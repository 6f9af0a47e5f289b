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

/* v1 and the mean of one row. */
#define STEP_ROW(i, D)                                                                             \
  do {                                                                                             \
    v1[i] = r.E * v0[i] + (r.c0 * f0[i] + r.c1 * f1[i]) - r.bow * (D);                             \
    mean[i] = 0.5 * (f0[i] + f1[i]) - r.belly * (D)-r.slow * (v1[i] - v0[i]);                      \
  } while (0)

CLONES struct extent relax_step(long n, const struct relax *how, const double *restrict v0,
                                const double *restrict f0, const double *restrict f1,
                                const double *restrict q, const double *restrict q0,
                                const double *restrict q1, double *restrict v1,
                                double *restrict mean)
{
  const struct relax r = *how;
  int64_t bent = 0, large = 0;

  for (long i = 0; i < n; i++) {
    const double D = r.past * q[i] + r.here * q0[i] + r.there * q1[i];
    STEP_ROW(i, D);
    const int64_t d = rank_of(D), v = rank_of(v1[i]), f = rank_of(r.reach * f1[i]);
    const int64_t x = v > f ? v : f;
    bent = d > bent ? d : bent;
    large = x > large ? x : large;
  }
  return (struct extent){number_of(bent), number_of(large), false};
}

CLONES struct extent relax_gated_step(long n, const struct relax *how, double cap,
                                      const double *restrict s0, const double *restrict s1,
                                      const double *restrict v0, const double *restrict f0,
                                      const double *restrict f1, const double *restrict q,
                                      const double *restrict q0, const double *restrict q1,
                                      double *restrict v1, double *restrict mean,
                                      unsigned char *restrict crossed)
{
  const struct relax r = *how;
  int64_t bent = 0, large = 0, any = 0;

  for (long i = 0; i < n; i++) {
    const int64_t low0 = s0[i] > 0, low1 = s1[i] > 0, high0 = s0[i] >= cap, high1 = s1[i] >= cap;
    const int64_t active = (low0 & low1) & ~(high0 | high1); /* throughout */
    const int64_t moves = (low0 | low1) & ~(high0 & high1);  /* at some time */
    const int64_t crosses = (low0 ^ low1) | (high0 ^ high1);
    const double D = r.past * q[i] + r.here * q0[i] + r.there * q1[i];
    const double felt = active ? D : 0;
    STEP_ROW(i, felt);
    const int64_t d = moves ? rank_of(D) : 0, v = rank_of(v1[i]), f = rank_of(r.reach * f1[i]);
    const int64_t x = v > f ? v : f;
    bent = d > bent ? d : bent;
    large = x > large ? x : large;
    any |= crosses;
    crossed[i] = (unsigned char)crosses;
  }
  return (struct extent){number_of(bent), number_of(large), any};
}
