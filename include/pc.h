/* SPDX-License-Identifier: BSD-3-Clause */
/* pc.h - predictive coding: what a job asks for
 *
 * Activities stand at the minimum of the energy E = 1/2 sum_l |x_l - f_l(M_l x_{l-1})|^2 with input
 * and output clamped, and weights take one step from there, dW_l = rate D_l (document 002;
 * docs/equations.md, predictive coding). There is no time: a run is a number of updates. */
#ifndef TAUFLOW_PC_H
#define TAUFLOW_PC_H

#include "job.h"
#include "pc_errors.h"

/* In the order of the choices of the keys. */
enum pc_rule { RULE_BP, RULE_PC };
enum pc_scale { SCALE_NONE, SCALE_SAMPLE, SCALE_BATCH, SCALE_DECORRELATE, SCALE_REGULARIZE };
enum pc_inference { BY_CLOSED, BY_BLOCKS, BY_CG, BY_DESCENT, BY_ERRORS };

struct pc_options {
  enum pc_rule rule;
  enum pc_scale scale;
  double regularize_alpha;
  bool residual;              /* M_l = W_l + I, else W_l */
  enum pc_act hidden, output; /* f_l, l < L, and f_L */
  enum pc_inference inference;
  double tolerance; /* cg: of the residual, relative; descent, errors: of the gradient */
  long most;        /* iterations; 0: the method's own limit */
  bool newton;      /* errors: by Newton and conjugate gradients, else L-BFGS */
  double rate;
  double trust; /* most |dW_l|/|M_l| of an update; 0: any */
  long batch;
  double condition; /* kappa to give the initial weights; 0: leave them */
};

/* Local. */
void pc_options(const struct job *job, struct pc_options *o);
static inline bool pc_is_linear(const struct pc_options *o)
{
  return o->hidden == PC_LINEAR && o->output == PC_LINEAR;
}

#endif
