/* SPDX-License-Identifier: BSD-3-Clause */
/* equilibria.h - what equilibrium.c and its methods share */
#ifndef TAUFLOW_EQUILIBRIA_H
#define TAUFLOW_EQUILIBRIA_H

#include "deep.h"

struct method;
struct equilibrium {
  struct deep *d; /* borrowed */
  const struct method *method;
  void *own;
};

struct method {
  void (*create)(struct equilibrium *q);
  void (*destroy)(struct equilibrium *q);
  /* Memory by a plan, beside that of deep. Local. */
  struct room (*room)(const struct grid *plan, int rank, const struct pc_options *o, int L,
                      const long *n);
  /* Fill d->e[L] = S^-1 r, and of *found what it knows; or, if `whole`, all of d->e, d->x and
   * *found. Collective. */
  void (*find)(struct equilibrium *q, struct found *found);
  bool whole;
};

extern const struct method by_closed, by_blocks, by_cg, by_samples;

#endif
