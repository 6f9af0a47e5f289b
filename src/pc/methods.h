/* SPDX-License-Identifier: BSD-3-Clause */
/* methods.h - what the ways to an equilibrium share */
#ifndef TAUFLOW_PC_METHODS_H
#define TAUFLOW_PC_METHODS_H

#include "local.h"

enum { PC_MEMORY = 5 }; /* evaluations over which a plateau is measured */

struct pc_errors {
  struct pc_local net;
  struct pc_how how;
  struct pc_tao *tao;           /* NULL for descent */
  double *x;                    /* unknowns at the end */
  double *best;                 /* those of the lowest E so far */
  double *gradient;             /* at the end */
  double lowest[PC_MEMORY + 1]; /* lowest E after the last evaluations, the newest first */
  struct pc_result result;
};

/* Count an evaluation at `unknowns` that gave E. */
void pc_note(struct pc_errors *s, const double *unknowns, double E);

/* Settle the clamped sample, leaving activities, errors and gradient at the end. */
void pc_descend(struct pc_errors *s);
void pc_minimise(struct pc_errors *s);

struct pc_tao *pc_tao_create(struct pc_errors *s);
void pc_tao_destroy(struct pc_tao *t);

#endif
