/* SPDX-License-Identifier: BSD-3-Clause */
#include "vectors.h"
#include "clones.h"
#include "kernel.h"
#include "relax.h"
#include <string.h>

const void *vectors_rounded(bool single, const double *x, long n, float *scratch)
{
  if (!single) return x;
  kernel_round(1, x, n, scratch);
  return scratch;
}

void vectors_store(bool single, double c, const double *from, long n, void *to)
{
  if (single)
    kernel_round(c, from, n, to);
  else if (c == 1)
    memcpy(to, from, (size_t)n * sizeof(double));
  else
    kernel_scale_f64(c, from, n, to);
}

void vectors_scale(bool single, double c, const void *from, long n, void *to)
{
  if (single)
    kernel_scale_f32(c, from, n, to);
  else
    kernel_scale_f64(c, from, n, to);
}

CLONES static void blend_f64(double keep, double *restrict to, double add,
                             const double *restrict from, long n)
{
  for (long i = 0; i < n; i++) to[i] = keep * to[i] + add * from[i];
}

CLONES static void blend_f32(float keep, float *restrict to, float add, const double *restrict from,
                             long n)
{
  for (long i = 0; i < n; i++) to[i] = keep * to[i] + add * (float)from[i];
}

void vectors_blend(bool single, double keep, void *to, double add, const double *from, long n)
{
  if (single)
    blend_f32((float)keep, to, (float)add, from, n);
  else
    blend_f64(keep, to, add, from, n);
}

double vectors_gap(bool single, const void *v, const double *x, long n)
{
  return single ? relax_gap_f32(n, v, x) : relax_gap_f64(n, v, x);
}

void vectors_dot(bool single, long K, const void *v, long ld, const void *x, double *out)
{
  if (single)
    kernel_rows_f32(v, K, ld, x, out);
  else
    kernel_rows_f64(v, K, ld, x, out);
}

void vectors_combine(bool single, double scale, int K, const double *c, const void *v, long stride,
                     long n, double *out)
{
  if (single)
    kernel_combine_f32(scale, K, c, v, stride, n, out);
  else
    kernel_combine_f64(scale, K, c, v, stride, n, out);
}
