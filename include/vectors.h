/* SPDX-License-Identifier: BSD-3-Clause */
/* vectors.h - vectors in the precision of the weights they meet
 *
 * Weights are double or single (network.weights); whatever is multiplied with them or added to them
 * as an outer product comes in the same precision, as void * to doubles or floats. All Local. */
#ifndef TAUFLOW_VECTORS_H
#define TAUFLOW_VECTORS_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of an element. */
static inline size_t vectors_unit(bool single)
{
  return single ? sizeof(float) : sizeof(double);
}
/* Element number `at` of v. */
static inline void *vectors_at(bool single, const void *v, long at)
{
  return (char *)v + (size_t)at * vectors_unit(single);
}
/* x [n] as the weights want it: x itself, or rounded into scratch [n] (NULL will do for double). */
const void *vectors_rounded(bool single, const double *x, long n, float *scratch);
/* to[i] = c from[i], i < n, rounded to the precision of `to`. */
void vectors_store(bool single, double c, const double *from, long n, void *to);
/* The same from a vector that has been stored. */
void vectors_scale(bool single, double c, const void *from, long n, void *to);
/* to[i] = keep to[i] + add from[i], i < n, in the precision of `to`. */
void vectors_blend(bool single, double keep, void *to, double add, const double *from, long n);
/* max |v[i] - x[i]|, i < n, in the precision of v; not finite if any is not. */
double vectors_gap(bool single, const void *v, const double *x, long n);
/* out[k] = v[k] . x, k < K; v [K][ld], x [ld]. */
void vectors_dot(bool single, long K, const void *v, long ld, const void *x, double *out);
/* out[i] = scale (out[i] + sum_k c[k] v[k*stride + i]), i < n. */
void vectors_combine(bool single, double scale, int K, const double *c, const void *v, long stride,
                     long n, double *out);

#endif
