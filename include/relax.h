/* SPDX-License-Identifier: BSD-3-Clause */
/* relax.h - element-wise loops of a step: activations, gates, the exponential update, its error
 *
 * Written so that compilers turn them into vector code: no calls, no branches, and maxima taken on
 * the bit patterns of |x|, which order like the numbers themselves and put not-a-numbers on top.
 * Arrays have n elements. All Local. */
#ifndef TAUFLOW_RELAX_H
#define TAUFLOW_RELAX_H

#include <stdbool.h>

/* out = scale clip(relu(s), 0, cap) */
void relax_relu(long n, double cap, double scale, const double *s, double *out);
/* out = scale v where 0 < s < cap, else 0 */
void relax_gate(long n, double cap, double scale, const double *s, const double *v, double *out);
/* v1 = E v0 + (c0 f0 + c1 f1) */
void relax_linear(long n, double E, double c0, double c1, const double *v0, const double *f0,
                  const double *f1, double *v1);
/* Does any s go from one of s <= 0, 0 < s < cap, s >= cap to another between s0 and s1? */
bool relax_crosses(long n, double cap, const double *s0, const double *s1);
/* max |(f1 - v1) - (f0 - v0)| and max(|v1|, reach |f1|); not finite if any element is not. */
void relax_extent(long n, double reach, const double *v0, const double *f0, const double *v1,
                  const double *f1, double *bend, double *size);
/* max |q1 - q0 - ratio (q0 - q)|; with s0, s1 given, over elements that do not stay at or below 0,
 * or at or above cap, at both ends. */
double relax_curvature(long n, double ratio, const double *q, const double *q0, const double *q1,
                       double cap, const double *s0, const double *s1);

#endif
