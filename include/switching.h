/* SPDX-License-Identifier: BSD-3-Clause */
/* switching.h - forcing over a step in which a (clipped) relu unit switches
 *
 * phi bends and its gate jumps where the drive s crosses 0 or the cap. With f linear from end to
 * end such a step would lose an order, so the unit's forcing is integrated piece by piece, s going
 * linearly from s0 to s1 (docs/equations.md, switching units). All Local. */
#ifndef TAUFLOW_SWITCHING_H
#define TAUFLOW_SWITCHING_H

#include "leak.h"

/* What v, going linearly from v0 to v1 over a step, comes to while a unit is on:
 *   felt = felt0 v0 + felt1 v1 = int e^(-(h-s)/tau)/tau v(s) ds over that time
 *   mean = mean0 v0 + mean1 v1 = int v(s) ds / h */
struct passage {
  double felt0, felt1, mean0, mean1;
};

/* The passages of a unit above zero and above the cap. */
struct switching {
  struct passage zero, cap;
};
struct switching switching_over(const struct leak *k, double cap, double s0, double s1);

struct forcing {
  double felt, mean;
};
/* Of f = phi(s) = clip(relu(s), 0, cap). */
struct forcing switching_phi(const struct switching *w, double cap, double s0, double s1);
/* Of f = phi'(s) v, v going linearly from v0 to v1. */
struct forcing switching_gate(const struct switching *w, double v0, double v1);

#endif
