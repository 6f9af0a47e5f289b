/* SPDX-License-Identifier: BSD-3-Clause */
#include "relax.h"
#include "clones.h"
#include "kernels/kernels.h"
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

static inline int32_t rank_of_f32(float x)
{
  int32_t bits;

  memcpy(&bits, &x, sizeof bits);
  return bits & INT32_MAX;
}

static inline double number_of_f32(int32_t bits)
{
  float x;

  memcpy(&x, &bits, sizeof x);
  return (double)x;
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

CLONES struct extent relax_step(long n, const struct relax *how, const double *restrict v0,
                                const double *restrict f0, const double *restrict f1,
                                const double *restrict q, const double *restrict q0,
                                const double *restrict q1, double *restrict v1,
                                double *restrict mean)
{
  const struct relax r = *how;
  int64_t bent = 0, large = 0, far = 0;

  for (long i = 0; i < n; i++) {
    const double D = r.past * q[i] + r.here * q0[i] + r.there * q1[i];
    v1[i] = r.E * v0[i] + (r.c0 * f0[i] + r.c1 * f1[i]) - r.bow * D;
    mean[i] = 0.5 * (f0[i] + f1[i]) - r.belly * D - r.slow * (v1[i] - v0[i]);
    const int64_t d = rank_of(D), v = rank_of(v1[i]), f = rank_of(r.reach * f1[i]);
    const int64_t x = v > f ? v : f;
    const int64_t m = rank_of(mean[i] - v0[i]);
    bent = d > bent ? d : bent;
    large = x > large ? x : large;
    far = m > far ? m : far;
  }
  return (struct extent){number_of(bent), number_of(large), number_of(far), false};
}

struct extent relax_kinked_step(long n, const struct relax *r, double cap, const double *s,
                                const double *s0, const double *s1, const double *v0, double *v1,
                                double *mean)
{
  return kernels_here()->kinked_step(n, r, cap, s, s0, s1, v0, v1, mean);
}

struct extent relax_gated_step(long n, const struct relax *r, double cap, const double *s0,
                               const double *s1, const double *v0, const double *q,
                               const double *q0, const double *q1, double *v1, double *mean)
{
  return kernels_here()->gated_step(n, r, cap, s0, s1, v0, q, q0, q1, v1, mean);
}

long relax_crossings(long n, double cap, const double *s0, const double *s1, int *row)
{
  return kernels_here()->crossing_rows(n, cap, s0, s1, row);
}

long relax_open(long n, double cap, double ahead, const double *s0, const double *s1, int *row)
{
  return kernels_here()->open_rows(n, cap, ahead, s0, s1, row);
}

CLONES void relax_extrapolate(long n, double ratio, const double *restrict a,
                              const double *restrict b, double *restrict out)
{
  for (long i = 0; i < n; i++) {
    const double step = b[i] - a[i], known = b[i] == b[i] ? b[i] : 0;
    out[i] = step == step ? b[i] + ratio * step : known;
  }
}

CLONES double relax_gap_f64(long n, const double *restrict v, const double *restrict x)
{
  int64_t large = 0;

  for (long i = 0; i < n; i++) {
    const int64_t d = rank_of(v[i] - x[i]);
    large = d > large ? d : large;
  }
  return number_of(large);
}

CLONES double relax_gap_f32(long n, const float *restrict v, const double *restrict x)
{
  int32_t large = 0;

  for (long i = 0; i < n; i++) {
    const int32_t d = rank_of_f32(v[i] - (float)x[i]);
    large = d > large ? d : large;
  }
  return number_of_f32(large);
}

CLONES double relax_largest_f64(long n, const double *x)
{
  int64_t large = 0;

  for (long i = 0; i < n; i++) {
    const int64_t v = rank_of(x[i]);
    large = v > large ? v : large;
  }
  return number_of(large);
}

CLONES double relax_largest_f32(long n, const float *x)
{
  int32_t large = 0;

  for (long i = 0; i < n; i++) {
    const int32_t d = rank_of_f32(x[i]);
    large = d > large ? d : large;
  }
  return number_of_f32(large);
}
