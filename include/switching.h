/* SPDX-License-Identifier: BSD-3-Clause */
/* switching.h - forcing over a step in which a (clipped) relu unit switches
 *
 * phi bends and its gate jumps where the drive s crosses 0 or the cap. Taken as linear from end to
 * end such a step would lose an order, so the unit's forcing is integrated piece by piece, s going
 * linearly from s0 to s1 (docs/equations.md, switching units). All Local. */
#ifndef TAUFLOW_SWITCHING_H
#define TAUFLOW_SWITCHING_H

#include "leak.h"

/* Below zero, between, or at the cap: within one of them phi and its gate are linear. */
static inline int switching_region(double cap, double s)
{
  return (s > 0) + (s >= cap);
}

/* What a step's forcing f comes to. */
struct forcing {
  double felt; /* int e^(-(h-s)/tau)/tau f(s) ds */
  double mean; /* int f(s) ds / h */
};

/* f = phi(s) = clip(relu(s), 0, cap) */
struct forcing switching_phi(const struct leak *k, double cap, double s0, double s1);
/* f = phi'(s) v, v going linearly from v0 to v1 */
struct forcing switching_gate(const struct leak *k, double cap, double s0, double s1, double v0,
                              double v1);

#endif
