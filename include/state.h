/* SPDX-License-Identifier: BSD-3-Clause */
/* state.h - this rank's rows of every stage and synapse between two presentations
 *
 * Between presentations the state is complete in itself: nothing pending, no history. It is what
 * checkpoints hold, what diagnostics read and what a solver takes up and puts down. */
#ifndef TAUFLOW_STATE_H
#define TAUFLOW_STATE_H

#include "model.h"
#include "store.h"

/* Own rows of a synapse's matrix, line by line; a line is a row or a column. */
struct matrix {
  long rows, cols, ld;
  bool single, by_columns;
  void *a; /* [lines][ld], padded with zeros; owned by the state; double or float */
};

struct state {
  const struct model *model; /* borrowed */
  double **value;            /* [stages][own rows] */
  struct matrix *matrix;     /* [synapses] */
};

/* Zero values and weights. Local. model is borrowed. */
struct state *state_create(const struct model *model);
void state_destroy(struct state *state);
/* Values to zero and weights as network.init and the synapses' own rules say: a function of the
 * seed and the element alone. Local. */
void state_initialise(struct state *state, const struct job *job);

/* The arrays of the state as the store sees them. What: 1 values (with the model's extras), 2
 * weights, 3 both. Returns the count; *fields is fresh (free with state_free_fields). Local. */
enum { STATE_VALUES = 1, STATE_WEIGHTS = 2 };
int state_fields(const struct state *state, int what, struct field **fields);
void state_free_fields(int count, struct field *fields);

/* How many lines so many rows and columns have, and how many elements they take. Local. */
static inline long matrix_lines(const struct matrix *M)
{
  return M->by_columns ? M->cols : M->rows;
}
long matrix_elements(bool by_columns, long rows, long cols);

/* One element of a matrix, by own row. Local. */
static inline long matrix_place(const struct matrix *M, long i, long j)
{
  return M->by_columns ? j * M->ld + i : i * M->ld + j;
}
static inline double matrix_at(const struct matrix *M, long i, long j)
{
  const long at = matrix_place(M, i, j);

  return M->single ? (double)((const float *)M->a)[at] : ((const double *)M->a)[at];
}
static inline void matrix_set(struct matrix *M, long i, long j, double w)
{
  const long at = matrix_place(M, i, j);

  if (M->single)
    ((float *)M->a)[at] = (float)w;
  else
    ((double *)M->a)[at] = w;
}

/* out [rows] = M x, x [padded(cols)] in the precision of the weights (vectors.h). Returns how many
 * weights were read: columns that meet a zero are not, where M is stored by columns. Local. */
double matrix_multiply(const struct matrix *M, const void *x, double *out);
/* The same of the own rows in a list (model.h), M being stored by rows; all others of out are no
 * numbers. Local. */
double matrix_multiply_some(const struct matrix *M, const void *x, const struct rows *some,
                            double *out);
/* Both products with x [2][padded(cols)], in one reading of M where it is stored by rows. Local. */
void matrix_multiply2(const struct matrix *M, const void *x, double *out_x, double *out_y);
/* M = (1 - loss) (M + sum_k p_k q_k'), p [K][p_stride] of rows, q [K][q_stride] of columns, in the
 * precision of the weights. Both are padded with zeros. The same for the transpose of a twin whose
 * rows lie in memory as the columns of M do, or the other way round, unless NULL. Local. */
void matrix_fold(struct matrix *M, struct matrix *twin, double loss, int K, const void *p,
                 long p_stride, const void *q, long q_stride);
/* Can M and N be folded so? Local. */
bool matrix_are_twins(const struct matrix *M, const struct matrix *N);
/* Largest |w|, or +infinity when any is not finite, over this rank's rows. Local. */
double matrix_largest(const struct matrix *M);
/* The same of every matrix over all ranks: largest [synapses]. Collective. */
void state_largest(const struct state *state, double *largest);
/* Has any matrix grown beyond `bound` times its start, or stopped being finite? Judged by its
 * largest element, which reduces exactly; start [synapses] is state_largest then. Collective. */
bool state_is_beyond(const struct state *state, const double *start, double bound);
/* Presentations between two such looks of a run, for each reads all weights. */
enum { BOUND_EVERY = 16 };

#endif
