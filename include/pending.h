/* SPDX-License-Identifier: BSD-3-Clause */
/* pending.h - products with weights that change by outer products, without writing the weights
 *
 * Over a presentation a synapse's matrix is
 *   M(t) = d(t) (M_0 + 1/tau_pot sum_k c_k post_k pre_k'),  d = e^(-(t-t_0)/tau_dec),
 * one term, a node, for each step or for several that share it, of the averages of both vectors:
 * c_k is its length times e^((t_k-t_0)/tau_dec), t_k its middle. The averages follow from the
 * equations of motion as well as the forces are known, so a unit that switches within a step, or
 * relaxes much faster, costs no accuracy; what is missing is how both vectors vary together within
 * a step, of third order in it. Nodes are kept, products are M_0 x plus small corrections, and M_0
 * is written only when no more nodes fit and at the end. The held input is a blend of two images,
 * so products of the first layer with them are formed once a presentation, and its whole pending
 * sum has rank two (docs/equations.md, pending products). */
#ifndef TAUFLOW_PENDING_H
#define TAUFLOW_PENDING_H

#include "system.h"

/* The present point is one of them. A fold costs as much per node as a product; more nodes make
 * every product dearer. */
enum { PENDING_NODES = 12 };

struct pending;

/* For this system; borrowed. Local. */
struct pending *pending_create(const struct system *sys);
void pending_destroy(struct pending *p);
/* Memory of a rank by the plan alone [bytes]. Local. */
double pending_bytes(const struct model *m, int rank);
/* Start a presentation at u = 0: the held input's products; nothing is pending. Local. */
void pending_begin(struct pending *p);
/* Make the presentation's first moment, with values met and drives evaluated, the present point.
 * Local. */
void pending_first(struct pending *p, const struct moment *at);
/* Register the value of a stage at a new moment before it is multiplied: its inner products with
 * the nodes. Where system_uses. Local. */
void pending_meet(struct pending *p, int stage, const double *value);
/* drive[lo..hi) = M(at u) pre for synapse `syn`; the pre vector was met. `ahead` adds the
 * present point with that weight [s]: the first guess of what the step from it to u will add. Of
 * the rows in `some` alone, if not NULL: the others are no numbers then. Returns how many weights
 * of a matrix were read, the held input's not counted. Local. */
double pending_product(struct pending *p, int syn, double u, double ahead, const struct rows *some,
                       double *drive);
/* What `ahead` = h missed, about, of the last product for synapse `syn` at u, if its post vector
 * moved by so much from the present point to its average over the step: the largest element, the
 * pre vector taken as it is at u. Local. */
double pending_missed(const struct pending *p, int syn, double u, double h, double moves);
/* How far the averages of the step tried last are from those of the last node: the largest
 * difference in this rank's rows of a stage; infinite without such a node. Local. */
double pending_drift(const struct pending *p, int stage, const double *mean);
/* May a step h whose averages drift [stages] so far from the last node's be part of it? Leaving it
 * there costs each matrix h h_n/(h + h_n) times the outer product of both vectors' drifts: yes if
 * for every synapse that is at most `allowed` [s] times that of their sizes [stages], and together
 * they are no longer than `longest` [s]. The same on all ranks if drifts and sizes are. Local. */
bool pending_may_join(const struct pending *p, double h, const double *drift, const double *size,
                      double allowed, double longest);
/* The step h stands: this rank's rows of its averages become a node, or part of the last one if it
 * joins; `to`, whose values were met, is the present point. Folds first when no node is free.
 * Local. */
void pending_accept(struct pending *p, double h, bool joins, const struct moment *from,
                    const struct moment *to);
/* The other ranks' rows of a stage's average over the last accepted step, which may arrive after
 * it was accepted; once, and before the stage is met anew. Local. */
void pending_amend(struct pending *p, int stage, const double *mean);
/* Write all pending products into the state's matrices, as of the present point. Local. */
void pending_fold(struct pending *p);

#endif
