/* SPDX-License-Identifier: BSD-3-Clause */
/* local.h - one sample in a predictive coding network: passes up and down
 *
 * Unknowns of layers 1..L-1 lie end to end in one vector, each layer padded to ld[l] with zeros,
 * which every function here keeps zero. See pc_errors.h for the equations. All Local. */
#ifndef TAUFLOW_PC_LOCAL_H
#define TAUFLOW_PC_LOCAL_H

#include "pc_errors.h"

struct pc_local {
  struct pc_net net; /* net.n owned */
  double width;      /* relu's corner is rounded where |a| < width; 0: sharp */
  long *ld;          /* [L+1] */
  long *at;          /* [L+1] layer l < L begins here in a vector of unknowns; at[L]: its length */
  double **W, **T;   /* [L+1] W_l [n_l][ld_{l-1}] and its transpose [n_{l-1}][ld_l] */
  /* Each [L+1][ld_l], of layers 1..L, x and s of 0..L. */
  double **x; /* x_L is the target */
  double **eps;
  double **a;      /* M_l x_{l-1} */
  double **slope;  /* f'(a) */
  double **bend;   /* f''(a) */
  double **lam;    /* d/dx_l of 1/2 |y - yhat|^2, what lies above being fixed */
  double **s, **t; /* scratch */
  double *memory;  /* owned; what is above from W on points into it */
};

void pc_local_create(struct pc_local *p, const struct pc_net *net);
void pc_local_destroy(struct pc_local *p);
void pc_local_weights(struct pc_local *p, const double *const *W);
/* Clamp x_0 and y. */
void pc_local_clamp(struct pc_local *p, const double *x0, const double *y);

/* Activities of these errors, and dE/deps. Returns E. */
double pc_local_errors(struct pc_local *p, const double *eps, double *gradient);
/* Errors of these activities, and dE/dx. Returns E. */
double pc_local_activities(struct pc_local *p, const double *x, double *gradient);
/* The activities of the network without errors, as a vector. */
void pc_local_feedforward(struct pc_local *p, double *x);
/* out = H v, H the second derivative of E by the errors, at those last evaluated. */
void pc_local_curvature(struct pc_local *p, const double *v, double *out);
/* Units on kinks, as in pc_result. */
long pc_local_kinks(const struct pc_local *p);

#endif
