/* SPDX-License-Identifier: BSD-3-Clause */
/* settle.h - the slow manifold: every stage at its force, for a held input
 *
 * With frozen weights and held input the fast variables go to y_l = phi(W_l y_{l-1}),
 * z_l = phi'(s_l) o V_l z_{l+1} (document 000, eq. 8): one pass up and one down. */
#ifndef TAUFLOW_SETTLE_H
#define TAUFLOW_SETTLE_H

#include "system.h"

struct settler;

/* For this system; borrowed. Collective. */
struct settler *settler_create(const struct system *sys);
void settler_destroy(struct settler *s);
/* Memory of a rank by the plan alone, the system beside it [bytes]. Local. */
double settler_bytes(const struct model *m, int rank, bool means);
/* Values, drives and forces for input x [n_0 padded] and the target in the moment's own target;
 * stages as system_stages says. The moment is the settler's, valid until the next call.
 * Collective. */
struct moment *settler_moment(struct settler *s);
void settle(struct settler *s, const double *x);

#endif
