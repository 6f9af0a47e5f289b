/* SPDX-License-Identifier: BSD-3-Clause */
/* leak.h - the exponential step of a leaky vector, tau dv/dt = f - v */
#ifndef TAUFLOW_LEAK_H
#define TAUFLOW_LEAK_H

/* One exponential step h of tau dv/dt = f - v with f linear in time:
 * v(t+h) = E v + c0 f(t) + c1 f(t+h). */
struct leak {
  double h, tau, E, c0, c1;
  double j; /* int_0^h e^(-(h-s)/tau)/tau s(h-s) ds / h^2: weighs the curvature of f */
};
struct leak leak_over(double h, double tau);
/* The same without j. */
struct leak leak_straight(double h, double tau);

#endif
