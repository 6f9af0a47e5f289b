/* SPDX-License-Identifier: BSD-3-Clause */
/* methods.h - what the ways to an equilibrium share */
#ifndef TAUFLOW_PC_METHODS_H
#define TAUFLOW_PC_METHODS_H

#include "local.h"
#include "petsc_part.h"

enum { PC_MEMORY = 5 }; /* evaluations over which a plateau is measured */

struct pc_errors {
  struct pc_local net;
  struct pc_how how;
  const struct petsc_part *part; /* NULL for descent, as is the minimiser */
  struct minimiser *minimiser;
  double *x;                    /* unknowns at the end */
  double *best;                 /* those of the lowest E so far */
  double *gradient;             /* at the end */
  double lowest[PC_MEMORY + 1]; /* lowest E after the last evaluations, the newest first */
  double goal;                  /* what gradient is small enough for now */
  long begun;                   /* iterations before those that max_iterations counts */
  bool stopped;                 /* by max_iterations */
  struct pc_result result;
};

/* Begin with no evaluation known, and no iteration done. */
void pc_forget(struct pc_errors *s);
/* Count an evaluation at `unknowns` that gave E. */
void pc_note(struct pc_errors *s, const double *unknowns, double E);

/* Settle the clamped sample, leaving activities, errors and gradient at the end. */
void pc_descend(struct pc_errors *s);
void pc_minimise(struct pc_errors *s);

/* The minimiser of s, which has all else. */
struct minimiser *pc_minimiser(struct pc_errors *s);

#endif
