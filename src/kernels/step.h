/* SPDX-License-Identifier: BSD-3-Clause */
/* step.h - the exponential step of rows behind a gate (relax.h), VECTOR bytes of them at a time
 *
 * Included by body.h. A gate is a mask of ones and zeros over the bits of a number, and there are
 * no branches, so a row costs the same whether it is on, off or switching. */
#include "relax.h"
#include <math.h>
#include <stdint.h>

typedef int64_t mask64 __attribute__((vector_size(VECTOR), aligned(8), may_alias));

/* a where the mask is on, else 0. */
INLINE vec64 masked(mask64 on, vec64 a)
{
  return (vec64)(on & (mask64)a);
}

INLINE vec64 magnitude(vec64 a)
{
  return (vec64)((mask64)a & INT64_MAX);
}

/* The larger, the smaller one of a and b, element by element; b where either is no number. A
 * generation may name an instruction for each. */
#ifndef LARGER
#define LARGER(a, b)  (vec64)(((mask64)(a) & ((a) > (b))) | ((mask64)(b) & ~((a) > (b))))
#define SMALLER(a, b) (vec64)(((mask64)(a) & ((a) < (b))) | ((mask64)(b) & ~((a) < (b))))
#endif

INLINE vec64 larger(vec64 a, vec64 b)
{
  return LARGER(a, b);
}

INLINE vec64 smaller(vec64 a, vec64 b)
{
  return SMALLER(a, b);
}

/* The larger of |a| and b, where b is a magnitude; b where either is no number. */
#ifndef LOUDER
#define LOUDER(a, b) larger(magnitude(a), b)
#endif

/* One bit for each lane of a mask. A generation may name an instruction for it. */
#ifndef BITS
INLINE unsigned lanes_of(mask64 on)
{
  unsigned bits = 0;

  for (int e = 0; e < N64; e++) bits |= (unsigned)(on[e] & 1) << e;
  return bits;
}
#define BITS(on) lanes_of(on)
#endif

/* What rows came to so far. */
struct tally {
  vec64 bent, large, far;
  vec64 poison;   /* zeros, but what is no number where anything was not finite */
  mask64 crossed; /* zeros, but for lanes where a row crossed */
};

/* Some rows of relax_kinked_step or, without `kinked`, of relax_gated_step. A compiler may fuse
 * either product of a sum of two, so sums begin at zero and take one product at a time. */
INLINE void step_rows(bool kinked, const struct relax *r, double cap, vec64 s0, vec64 s1, vec64 v0,
                      vec64 q, vec64 q0, vec64 q1, vec64 *v1, vec64 *mean, struct tally *t)
{
  const vec64 zero = {0}, most = zero + cap;
  const mask64 up0 = s0 > zero, up1 = s1 > zero, low0 = s0 < most, low1 = s1 < most;
  const vec64 f0 = kinked ? smaller(most, larger(zero, s0)) : masked(up0 & low0, q0);
  const vec64 f1 = kinked ? smaller(most, larger(zero, s1)) : masked(up1 & low1, q1);
  vec64 D = zero, end = zero, bowed = zero;

  D += r->here * q0;
  D += r->past * q;
  D += r->there * q1;
  /* D is felt by rows that are on throughout and seen in those that are on at some time, if all of
   * its q are known. */
  const mask64 throughout = up0 & up1 & low0 & low1, ever = (up0 | up1) & (low0 | low1);
  mask64 known = ever;
  if (!kinked) known &= D == D;
  const vec64 felt = masked(throughout & known, D), seen = masked(known, D);
  end += r->c1 * f1;
  end += r->c0 * f0;
  end += r->E * v0;
  end -= r->bow * felt;
  bowed += r->belly * felt;
  const mask64 silent = (magnitude(end) < zero + r->silent) & (f1 == zero);
  const vec64 average = 0.5 * (f0 + f1) - bowed - r->slow * (end - v0);

  *v1 = masked(~silent, end);
  *mean = average;
  t->bent = LOUDER(seen, t->bent);
  t->large = LOUDER(end, LOUDER(r->reach * f1, t->large));
  t->far = LOUDER(average - v0, t->far);
  t->poison += 0.0 * end;
  t->poison += 0.0 * seen;
  t->crossed |= throughout ^ ever;
}

/* The largest element, half against half. */
INLINE double top_of(vec64 a)
{
#if VECTOR == 64
  a = larger(a, PAIR(a, a, 4, 5, 6, 7, 0, 1, 2, 3));
  a = larger(a, PAIR(a, a, 2, 3, 0, 1, 6, 7, 4, 5));
  a = larger(a, PAIR(a, a, 1, 0, 3, 2, 5, 4, 7, 6));
#elif VECTOR == 32
  a = larger(a, PAIR(a, a, 2, 3, 0, 1));
  a = larger(a, PAIR(a, a, 1, 0, 3, 2));
#else
  a = larger(a, PAIR(a, a, 1, 0));
#endif
  return a[0];
}

INLINE struct extent extent_of(const struct tally *t)
{
  struct extent x = {top_of(t->bent), top_of(t->large), top_of(t->far), false};

  if (BITS((mask64)(t->poison != t->poison))) x.size = NAN;
  x.crosses = BITS(t->crossed) != 0;
  return x;
}

INLINE vec64 at(const double *x, long i)
{
  return *(const vec64 *)(x + i);
}

/* The last n < N64 rows, and zeros, which stay zeros and cross nothing. */
static vec64 rest_at(const double *x, long i, long n)
{
  vec64 rest = {0};

  memcpy(&rest, x + i, (size_t)n * sizeof *x);
  return rest;
}

INLINE struct extent step_all(bool kinked, long n, const struct relax *how, double cap,
                              const double *s0, const double *s1, const double *v0, const double *q,
                              const double *q0, const double *q1, double *restrict v1,
                              double *restrict mean)
{
  const struct relax r = *how;
  const vec64 zero = {0};
  struct tally t;
  vec64 end, average;
  long i = 0;

  t.bent = t.large = t.far = t.poison = zero; /* one by one: a list would be a loop over memory */
  t.crossed = (mask64)zero;
  for (; i + N64 <= n; i += N64) {
    step_rows(kinked, &r, cap, at(s0, i), at(s1, i), at(v0, i), at(q, i), at(q0, i), at(q1, i),
              &end, &average, &t);
    *(vec64 *)(v1 + i) = end;
    *(vec64 *)(mean + i) = average;
  }
  const long left = n - i;
  if (left == 0) return extent_of(&t);
  step_rows(kinked, &r, cap, rest_at(s0, i, left), rest_at(s1, i, left), rest_at(v0, i, left),
            rest_at(q, i, left), rest_at(q0, i, left), rest_at(q1, i, left), &end, &average, &t);
  memcpy(v1 + i, &end, (size_t)left * sizeof *v1);
  memcpy(mean + i, &average, (size_t)left * sizeof *mean);
  return extent_of(&t);
}

static struct extent kinked_step(long n, const struct relax *r, double cap, const double *s,
                                 const double *s0, const double *s1, const double *v0,
                                 double *restrict v1, double *restrict mean)
{
  return step_all(true, n, r, cap, s0, s1, v0, s, s0, s1, v1, mean);
}

static struct extent gated_step(long n, const struct relax *r, double cap, const double *s0,
                                const double *s1, const double *v0, const double *q,
                                const double *q0, const double *q1, double *restrict v1,
                                double *restrict mean)
{
  return step_all(false, n, r, cap, s0, s1, v0, q, q0, q1, v1, mean);
}
