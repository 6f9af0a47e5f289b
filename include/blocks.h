/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks.h - dense matrices over all ranks, block-cyclic, and their algebra by ScaLAPACK
 *
 * Ranks stand in a grid, row by row; a matrix is cut into square blocks that are dealt out to the
 * grid in turn, both ways. A matrix on one rank takes the same path, through LAPACK's speed. Sums
 * are in the libraries' order, so results on different rank counts differ by rounding. All
 * operands of a call are of one grid; indices are global, from 0. */
#ifndef TAUFLOW_BLOCKS_H
#define TAUFLOW_BLOCKS_H

#include "fail.h"

struct grid {
  MPI_Comm comm; /* borrowed */
  int rank, size;
  int handle, context;      /* of BLACS */
  int rows, cols, row, col; /* of the grid, and where this rank stands */
  long block;               /* side of a block */
};

/* A grid of all ranks, as square as their number lets it be, with blocks fit for matrices about
 * `widest` wide. Collective; comm is borrowed. */
struct grid *grid_create(MPI_Comm comm, long widest);
void grid_destroy(struct grid *grid);
/* Its shape and block for so many ranks, without making it: fills rows, cols and block. Local. */
void grid_plan(int ranks, long widest, struct grid *plan);

struct blocks {
  const struct grid *grid; /* borrowed */
  long rows, cols;         /* of the whole */
  long own_rows, own_cols; /* of this rank's part */
  long ld;                 /* >= own_rows, >= 1 */
  int desc[9];             /* ScaLAPACK's descriptor */
  double *a;               /* [own_cols][ld], column by column; owned */
};

/* Zeros. rows and cols below 2^31. Local. */
struct blocks *blocks_create(const struct grid *grid, long rows, long cols);
void blocks_destroy(struct blocks *A);
/* What a rank's part of a matrix takes [bytes]; by a plan. Local. */
double blocks_bytes(const struct grid *plan, int rank, long rows, long cols);

/* Global index of own row i or column j; element (i, j) of the own part. Local. */
static inline long blocks_row(const struct blocks *A, long i)
{
  const long nb = A->grid->block;

  return (i / nb * A->grid->rows + A->grid->row) * nb + i % nb;
}
static inline long blocks_col(const struct blocks *A, long j)
{
  const long nb = A->grid->block;

  return (j / nb * A->grid->cols + A->grid->col) * nb + j % nb;
}
/* How many elements are here, one after another in a. */
static inline long blocks_own(const struct blocks *A)
{
  return A->own_rows * A->own_cols;
}
static inline double *blocks_at(const struct blocks *A, long i, long j)
{
  return A->a + i + j * A->ld;
}

/* Element by element, between matrices of one shape. Local. */
void blocks_copy(const struct blocks *from, struct blocks *to);
void blocks_add(double alpha, const struct blocks *from, struct blocks *to); /* to += alpha from */
void blocks_scale_columns(const double *factor, struct blocks *A);           /* [cols] global */
void blocks_add_diagonal(double alpha, struct blocks *A);
void blocks_zero(struct blocks *A);

/* to = from'. Collective. */
void blocks_transpose(const struct blocks *from, struct blocks *to);
/* C = alpha op(A) op(B) + beta C, op 'N' or 'T'. Collective. */
void blocks_multiply(char op_A, char op_B, double alpha, const struct blocks *A,
                     const struct blocks *B, double beta, struct blocks *C);
/* Lower triangle of C: C = alpha op(A) op(A)' + beta C. Collective. */
void blocks_gram(char op_A, double alpha, const struct blocks *A, double beta, struct blocks *C);
/* Cholesky's factor in place of the lower triangle; false if A is not positive definite.
 * Collective. */
bool blocks_cholesky(struct blocks *A);
/* B = A^-1 B by that factor. Collective. */
void blocks_cholesky_solve(const struct blocks *factor, struct blocks *B);
/* Condition number of a symmetric positive definite A in the 1-norm, as LAPACK estimates it; norm:
 * blocks_norm of A before it was factored. Collective. */
double blocks_norm(const struct blocks *A);
double blocks_condition(const struct blocks *factor, double norm);
/* B = op(T)^-1 B ('L') or B op(T)^-1 ('R') by the triangle of T that `half` names ('L', 'U').
 * Collective. */
void blocks_triangle_solve(char side, char half, char op_T, const struct blocks *T,
                           struct blocks *B);
/* B = A^-1 B by elimination with pivots, A destroyed; false if A is singular. Collective. */
bool blocks_solve(struct blocks *A, struct blocks *B);
/* A = Q R for rows >= cols: Q in place of A, R [cols][cols], its lower part 0 and its diagonal not
 * negative. The least share that R_kk is of the norm of A's column k: 0 but for rounding where the
 * columns are not independent. Collective. */
double blocks_orthogonalise(struct blocks *A, struct blocks *R);
/* A = U diag(s) V', k = min(rows, cols): U [rows][k], V' [k][cols], s [k] on every rank, A
 * destroyed. Collective. */
void blocks_singular(struct blocks *A, double *s, struct blocks *U, struct blocks *Vt);
/* Memory that takes on a rank by a plan, U and V' included, for A [rows][cols] [bytes]. Local. */
double blocks_singular_bytes(const struct grid *plan, int rank, long rows, long cols);
/* Eigenvalues, ascending [rows] on every rank, of a symmetric A by its lower triangle, A destroyed.
 * Collective. */
void blocks_eigenvalues(struct blocks *A, double *value);

/* Products of columns: dot[b] = A_b . B_b, [cols] on every rank. Collective. */
void blocks_dot_columns(const struct blocks *A, const struct blocks *B, double *dot);
/* Largest |element|, or infinity when any is not finite, of this rank's (Local) and of all
 * (Collective). */
double blocks_own_largest(const struct blocks *A);
double blocks_largest(const struct blocks *A);
/* The row of each column's largest element, the first of several, [cols] on every rank. Collective.
 */
void blocks_argmax_columns(const struct blocks *A, int *row);

/* A matrix cut into lines, its rows or its columns, that lie one after another on the ranks: as
 * weights are kept and files are written. */
struct lines {
  bool columns;    /* lines are columns, else rows */
  const long *cut; /* [ranks + 1] rank r has lines cut[r] .. cut[r+1]-1; borrowed */
  long ld;         /* elements between lines */
  double *data;    /* [own lines][ld]; borrowed */
};

/* n lines shared evenly, a cut as above: fresh, the caller frees. Local. */
long *lines_shared(long n, int ranks);
/* Move all of a matrix between the two layouts. Collective. */
void blocks_from_lines(const struct lines *from, struct blocks *to);
void blocks_to_lines(const struct blocks *from, const struct lines *to);

#endif
