/* SPDX-License-Identifier: BSD-3-Clause */
/* diagnostics.h - norms, alignment and balance, layer by layer
 *
 * Sums run row by row in the order of the line, so the numbers do not depend on the rank count. */
#ifndef TAUFLOW_DIAGNOSTICS_H
#define TAUFLOW_DIAGNOSTICS_H

#include "system.h"

/* What is measured; valid on rank 0. L = layers. Not-a-number where a quantity is not defined:
 * feedback weights without a forward partner of transposed shape (direct routing), or balance
 * before the first presentation. */
struct measures {
  double *W_norm;    /* [L] |W_l|_F */
  double *V_norm;    /* [L-1] |V_l|_F */
  double *alignment; /* [L-1] cos(V_l^T, W_{l+1}) */
  double *mismatch;  /* [L-1] |V_l^T - W_{l+1}|_F */
  double *balance;   /* [L] mean over the watched presentation of tau_dec |z_l| |y_{l-1}| /
                        (tau_pot |W_l|) (document 000, eq. 6) */
};

struct diagnostics;

/* Collective; sys is borrowed. */
struct diagnostics *diagnostics_create(struct system *sys);
void diagnostics_destroy(struct diagnostics *d);
/* Memory of a rank by the plan alone, that of measuring included [bytes]. Local. */
double diagnostics_bytes(const struct model *m, int rank);
/* To be set as the system's observer for a presentation whose balance is wanted. Local. */
struct observer *diagnostics_watch(struct diagnostics *d);
/* Measure the state now. The result is borrowed, valid until the next call. Collective. */
const struct measures *diagnostics_measure(struct diagnostics *d);

#endif
