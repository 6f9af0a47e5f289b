/* SPDX-License-Identifier: BSD-3-Clause */
/* deep.h - a network of a batch in blocks: weights, predictions, activities and errors
 *
 * Vectors of one sample are columns. All functions are Collective over the grid unless said
 * otherwise; l counts weight layers from 1, layer 0 is the input. */
#ifndef TAUFLOW_DEEP_H
#define TAUFLOW_DEEP_H

#include "blocks.h"
#include "pc.h"

struct deep {
  const struct pc_options *o; /* borrowed */
  struct grid *grid;          /* owned */
  int L;
  const long *n;         /* [L+1] borrowed */
  long B;                /* samples of a batch */
  struct blocks **W;     /* [L+1] from 1: n_l x n_{l-1} */
  struct blocks **guess; /* [L+1] the forward pass; guess[0] is the input */
  struct blocks **x;     /* [L+1] activities at equilibrium; x[0] is guess[0]. x[L] is what the
                            errors lead to, equal to y as far as they are right */
  struct blocks **e;     /* [L+1] from 1: errors, gated: what W_l learns from */
  struct blocks *y, *r;  /* n_L x B: target, and y - guess[L] */
};

struct deep *deep_create(MPI_Comm comm, const struct pc_options *o, int L, const long *n);
void deep_destroy(struct deep *d);
/* Memory on a rank by a plan [bytes]: for as long as the object lives, and for a while. */
struct room {
  double kept, passing;
};

/* The grid of its matrices on so many ranks. Local. */
void deep_plan(int ranks, int L, const long *n, struct grid *plan);
/* Memory on a rank by a plan (deep_plan): of W, and of all else [bytes]. Local. */
double deep_weight_bytes(const struct grid *plan, int rank, int L, const long *n);
double deep_bytes(const struct grid *plan, int rank, const struct pc_options *o, int L,
                  const long *n);

/* to = M_l from, or with `add` to += M_l from. */
void deep_up(const struct deep *d, int l, const struct blocks *from, bool add, struct blocks *to);
/* to = M_l' from. */
void deep_down(const struct deep *d, int l, const struct blocks *from, struct blocks *to);
/* f_l in place; to o= f_l'(by the value of f_l in `value`). Local. */
enum pc_act deep_act(const struct deep *d, int l);
void deep_activate(const struct deep *d, int l, struct blocks *a);
void deep_gate(const struct deep *d, int l, const struct blocks *value, struct blocks *to);
/* v[l] = f_l(M_l v[l-1]), l = 1..L, from v[0]: [L+1]. */
void deep_forward(const struct deep *d, struct blocks *const *v);
/* e[l] = M_{l+1}' e[l+1], l = L-1..1, from e[L]; through the gates of `value` [L+1], or NULL. */
void deep_backward(const struct deep *d, struct blocks *const *value, struct blocks *const *e);
/* d->e, backpropagated from d->r through the gates of d->guess. */
void deep_backpropagate(struct deep *d);
/* M_l, fresh; the caller destroys. */
struct blocks *deep_matrix(const struct deep *d, int l);
/* Lower triangle of C = I + op(M_l) op(M_l)', op 'N' or 'T'. */
void deep_gram(const struct deep *d, int l, char op, struct blocks *C);

/* --- equilibria --- */

struct equilibrium;
/* How the job's options ask for it; d is borrowed. */
struct equilibrium *equilibrium_create(struct deep *d);
void equilibrium_destroy(struct equilibrium *q);
struct room equilibrium_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                             const long *n);

struct found {
  double certificate; /* 0 where the errors are exact. Linear methods: the largest |x_L - y| they
                         lead to; the others: the largest element of the gradient */
  double iterations;  /* of cg; passes up and down of errors and descent, mean over samples */
  double energy;      /* at equilibrium, mean over samples */
  double condition;   /* of S, 1-norm, as LAPACK estimates it; nan where S is not formed */
  double settled;     /* share of samples within the tolerance; relu units on kinks never are */
  double plateau;     /* largest fall of the energy over the last 5 evaluations, relative; or nan */
  double kinks;       /* hidden relu units on kinks, mean over samples; or nan */
};

/* Fill d->x and d->e from the forward pass (d->guess) and d->r. */
struct found equilibrium_find(struct equilibrium *q);

/* --- updates --- */

/* dW_l = factor post_l pre_l', l = 1..L. */
struct update {
  double factor;
  const struct blocks *post, *pre; /* n_l x B, n_{l-1} x B; borrowed */
};

struct scaler;
struct scaler *scaler_create(struct deep *d);
void scaler_destroy(struct scaler *s);
struct room scaler_room(const struct grid *plan, int rank, const struct pc_options *o, int L,
                        const long *n);
/* The rule's updates from d->e and the activities `pre` [L] that it learns from (guess or x), with
 * the job's scaling, and no longer than it trusts: [L+1] from 1, borrowed, valid until the next
 * call. */
const struct update *scaler_updates(struct scaler *s, struct blocks *const *pre);
/* The share of the scaled update that those are, 1 where nothing is cut. Local. */
double scaler_trusted(const struct scaler *s);
/* Scale decorrelate: the first layer, from 0, that has as many units as samples and yet samples
 * that are not independent; -1 if there is none. Local. */
int scaler_dependent(const struct scaler *s);

/* Floating-point operations of a batch. find: NAN where their number depends on the weights; the
 * scalings decorrelate and regularize add theirs. Local. */
struct work {
  double forward; /* the pass before */
  double find;    /* errors and activities: backpropagation, or the equilibrium */
  double update;
  double align; /* of an update whose alignment is measured */
  double map;   /* M_L ... M_1, where that is measured */
};
struct work deep_work(const struct pc_options *o, int L, const long *n);

/* --- measures --- */

struct alignment {
  double limit, real;  /* mean over samples of cos(r, dyhat): rate -> 0, and at the rate */
  double interference; /* mean of the share of dyhat across r, |dyhat - its part along r|/|dyhat| */
};

/* Of updates that have not been applied yet; nan where r or dyhat is 0 for all samples. of: [B] or
 * NULL, the real one of each sample. */
struct alignment deep_align(struct deep *d, const struct update *u, double *of);
/* Memory it takes meanwhile [bytes]. Local. */
double deep_align_bytes(const struct grid *plan, int rank, const struct pc_options *o, int L,
                        const long *n);
/* |W_data - M_L ... M_1|^2, Frobenius, of a linear network whose targets data's teacher made; and
 * the memory that takes by a plan [bytes]. */
struct dataset;
double deep_distance(const struct deep *d, const struct dataset *data);
double deep_distance_bytes(const struct grid *plan, int rank, int L, const long *n);
/* W_l += dW_l. */
void deep_apply(struct deep *d, const struct update *u);
/* Is no element of any dW_l beyond `bound`, by the largest of its vectors? False for what is not
 * finite. */
bool deep_fits(const struct deep *d, const struct update *u, double bound);

/* W_l = gain Q, Q the rows or columns, whichever are fewer, that QR makes orthonormal of those of
 * W_l; and the memory that takes by a plan [bytes] (Local). */
void deep_orthonormalise(struct deep *d, double gain);
double deep_orthonormal_bytes(const struct grid *plan, int rank, int L, const long *n);

/* Rescale the singular values of every W_l to condition number kappa, keeping its Frobenius norm
 * (document 002, eq. 30); a single one stays. False, with a fault about the key at `place`, if a
 * matrix has not full rank. */
bool deep_condition(struct deep *d, double kappa, const char *place, struct faults *faults);
/* Memory that takes for a while, by a plan [bytes]. Local. */
double deep_condition_bytes(const struct grid *plan, int rank, int L, const long *n);

#endif
