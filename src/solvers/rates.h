/* SPDX-License-Identifier: BSD-3-Clause */
/* rates.h - the equations on the whole vector: y, z, W, V at a time, and their derivatives
 *
 * What the solvers that hand the whole state to SUNDIALS have in common: the right-hand side as it
 * stands, weights as full matrices in double precision whatever network.weights says. */
#ifndef TAUFLOW_RATES_H
#define TAUFLOW_RATES_H

#include "whole.h"

struct rates {
  struct system *sys;  /* borrowed */
  struct whole *whole; /* how the state lies in a vector; owned */
  struct moment *at;   /* on the routes: where the right-hand side works; owned */
  double *x;           /* [n_0 padded] x(u); owned */
  int segment;         /* of the presentation at hand; set by the solver */
};

/* sys is borrowed. Local. */
struct rates *rates_create(struct system *sys);
/* After all vectors of its `whole`. Local. */
void rates_destroy(struct rates *r);
/* Evaluate all drives and forces of v [length] at time u into r->at. Collective. */
void rates_evaluate(struct rates *r, double u, const double *v);
/* d/dt of all of v into rate [length], padding 0. Collective. */
void rates_derive(struct rates *r, double u, const double *v, double *rate);
/* Show v at time u to the observer, if there is one. Collective. */
void rates_observe(struct rates *r, double u, const double *v);
/* Write v at time u to the state and its s_L to answer, on owners of layer L. Collective. */
void rates_put_down(struct rates *r, double u, const double *v, double *answer);

/* For SUNDIALS' own reports: they go nowhere, as a failed step is a returned outcome here. */
void rates_be_quiet(int code, const char *module, const char *function, char *message, void *user);

#endif
