/* SPDX-License-Identifier: BSD-3-Clause */
/* relax.h - element-wise loops of a step: activations, gates, the exponential update, its error
 *
 * Written so that compilers turn them into vector code: no calls, no branches, and maxima taken on
 * the bit patterns of |x|, which order like the numbers themselves and put not-a-numbers on top.
 * The steps behind a gate, the longest of them, are written in vectors (src/kernels/step.h). Arrays
 * have n elements. All Local. */
#ifndef TAUFLOW_RELAX_H
#define TAUFLOW_RELAX_H

#include <stdbool.h>

/* The larger of two numbers; a, where b is none. What fmax would call a function for. */
static inline double more_of(double a, double b)
{
  return b > a ? b : a;
}

/* out = scale clip(relu(s), 0, cap) */
void relax_relu(long n, double cap, double scale, const double *s, double *out);
/* out = scale v where 0 < s < cap, else 0 */
void relax_gate(long n, double cap, double scale, const double *s, const double *v, double *out);

/* One step h of tau dv/dt = f - v for many rows. f goes from f0 to f1 along a parabola: theta of
 * the way through the step it is off the straight line by theta (theta - 1) D, with D = past q +
 * here q0 + there q1 from three values of q: f itself, or what f is linear in. */
struct relax {
  double E, c0, c1; /* the straight line: v1 = E v0 + c0 f0 + c1 f1 */
  double past, here, there;
  double bow, belly; /* what D takes from v1 and from the mean of f; 0: the straight line it is */
  double slow;       /* tau/h: mean of v = mean of f - slow (v1 - v0) */
  double reach;      /* see extent.size */
  double silent;     /* where there is a gate and f1 is 0, a |v1| below this is 0 too */
};

struct extent {
  double curvature; /* largest |D|, of rows active at some time where there is a gate */
  double size;      /* largest |v1| and reach |f1|; not finite if any is not */
  double moves;     /* largest |mean - v0| */
  bool crosses;     /* where there is a gate: does any row cross? */
};

/* v1, and the mean of v over the step, of every row. */
struct extent relax_step(long n, const struct relax *r, const double *v0, const double *f0,
                         const double *f1, const double *q, const double *q0, const double *q1,
                         double *v1, double *mean);
/* The same for the activity of a (clipped) relu, f = clip(relu(s), 0, cap): s was s before, s0 at
 * the start and is s1 at the end. D counts only while 0 < s < cap: rows that cross (see
 * relax_crossings) get the straight line. */
struct extent relax_kinked_step(long n, const struct relax *r, double cap, const double *s,
                                const double *s0, const double *s1, const double *v0, double *v1,
                                double *mean);
/* The same for what lies behind a gate: f = q while 0 < s < cap, else 0. Any q may be no number
 * where s is not on at its time: it is unknown, and without it the line is straight. */
struct extent relax_gated_step(long n, const struct relax *r, double cap, const double *s0,
                               const double *s1, const double *v0, const double *q,
                               const double *q0, const double *q1, double *v1, double *mean);
/* Lists of rows take so much more room than rows. */
enum { LIST_SPARE = 8 };
/* row [n + LIST_SPARE] = the rows, ascending, where s goes from one of s <= 0, 0 < s < cap, s >=
 * cap to another. Returns their count. */
long relax_crossings(long n, double cap, const double *s0, const double *s1, int *row);
/* The same of rows where 0 < s < cap at some time on the line from s0 to s1, or as it goes on to
 * s1 + ahead (s1 - s0). */
long relax_open(long n, double cap, double ahead, const double *s0, const double *s1, int *row);

/* out = b + ratio (b - a): the line from a through b, as much further as ratio says. Where a is no
 * number, b; where b is none, 0. */
void relax_extrapolate(long n, double ratio, const double *a, const double *b, double *out);

/* max |v - x|, x rounded to the precision of v; not finite if any is not. */
double relax_gap_f64(long n, const double *v, const double *x);
double relax_gap_f32(long n, const float *v, const double *x);
/* max |x|; not finite if any is not. */
double relax_largest_f64(long n, const double *x);
double relax_largest_f32(long n, const float *x);

#endif
