/* SPDX-License-Identifier: BSD-3-Clause */
/* algebra.c - products and factors of matrices in blocks: PBLAS and ScaLAPACK by our names */
#include "blocks.h"
#include "scalapack.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const int one = 1; /* ScaLAPACK counts from 1, and matrices are used whole */

void blocks_transpose(const struct blocks *from, struct blocks *to)
{
  const int m = (int)to->rows, n = (int)to->cols;
  const double alpha = 1, beta = 0;

  EXPECT(from->rows == n && from->cols == m);
  pdtran_(&m, &n, &alpha, from->a, &one, &one, from->desc, &beta, to->a, &one, &one, to->desc);
}

void blocks_multiply(char op_A, char op_B, double alpha, const struct blocks *A,
                     const struct blocks *B, double beta, struct blocks *C)
{
  const int m = (int)C->rows, n = (int)C->cols, k = (int)(op_A == 'N' ? A->cols : A->rows);

  EXPECT((op_A == 'N' ? A->rows : A->cols) == m && (op_B == 'N' ? B->cols : B->rows) == n);
  EXPECT((op_B == 'N' ? B->rows : B->cols) == k);
  pdgemm_(&op_A, &op_B, &m, &n, &k, &alpha, A->a, &one, &one, A->desc, B->a, &one, &one, B->desc,
          &beta, C->a, &one, &one, C->desc);
}

void blocks_gram(char op_A, double alpha, const struct blocks *A, double beta, struct blocks *C)
{
  const int n = (int)C->rows, k = (int)(op_A == 'N' ? A->cols : A->rows);

  EXPECT(C->cols == n && (op_A == 'N' ? A->rows : A->cols) == n);
  pdsyrk_("L", &op_A, &n, &k, &alpha, A->a, &one, &one, A->desc, &beta, C->a, &one, &one, C->desc);
}

bool blocks_cholesky(struct blocks *A)
{
  const int n = (int)A->rows;
  int info;

  EXPECT(A->cols == n);
  pdpotrf_("L", &n, A->a, &one, &one, A->desc, &info, 1);
  CHECK(info >= 0, "pdpotrf: argument %d is wrong", -info);
  return info == 0;
}

void blocks_cholesky_solve(const struct blocks *factor, struct blocks *B)
{
  const int n = (int)factor->rows, m = (int)B->cols;
  int info;

  EXPECT(B->rows == n);
  pdpotrs_("L", &n, &m, factor->a, &one, &one, factor->desc, B->a, &one, &one, B->desc, &info, 1);
  CHECK(info == 0, "pdpotrs: argument %d is wrong", -info);
}

double blocks_norm(const struct blocks *A)
{
  const int n = (int)A->rows;
  const struct grid *g = A->grid;
  /* 2 Nq0 + Np0 and a rest of blocks; an upper bound */
  double *work = fail_alloc((size_t)(4 * (A->rows + g->block * (g->rows + g->cols))), sizeof *work);
  const double norm = pdlansy_("1", "L", &n, A->a, &one, &one, A->desc, work, 1, 1);

  free(work);
  return norm;
}

double blocks_condition(const struct blocks *factor, double norm)
{
  const int n = (int)factor->rows, ask = -1;
  double rcond, size, *work;
  int info, count, *iwork;

  pdpocon_("L", &n, factor->a, &one, &one, factor->desc, &norm, &rcond, &size, &ask, &count, &ask,
           &info, 1);
  CHECK(info == 0, "pdpocon: argument %d is wrong", -info);
  const int lwork = (int)size + 1, liwork = count + 1;
  work = fail_alloc((size_t)lwork, sizeof *work);
  iwork = fail_alloc((size_t)liwork, sizeof *iwork);
  pdpocon_("L", &n, factor->a, &one, &one, factor->desc, &norm, &rcond, work, &lwork, iwork,
           &liwork, &info, 1);
  CHECK(info == 0, "pdpocon: argument %d is wrong", -info);
  free(work);
  free(iwork);
  return 1 / rcond;
}

void blocks_triangle_solve(char side, char half, char op_T, const struct blocks *T,
                           struct blocks *B)
{
  const int m = (int)B->rows, n = (int)B->cols;
  const double alpha = 1;

  EXPECT(T->rows == T->cols && T->rows == (side == 'L' ? m : n));
  pdtrsm_(&side, &half, &op_T, "N", &m, &n, &alpha, T->a, &one, &one, T->desc, B->a, &one, &one,
          B->desc);
}

bool blocks_solve(struct blocks *A, struct blocks *B)
{
  const int n = (int)A->rows, m = (int)B->cols;
  int *pivot = fail_alloc((size_t)(A->own_rows + A->grid->block), sizeof *pivot), info;

  EXPECT(A->cols == n && B->rows == n);
  pdgesv_(&n, &m, A->a, &one, &one, A->desc, pivot, B->a, &one, &one, B->desc, &info);
  CHECK(info >= 0, "pdgesv: argument %d is wrong", -info);
  free(pivot);
  return info == 0;
}

/* The upper triangle of A's first rows, with what is below its diagonal 0, into R. */
static void take_triangle(const struct blocks *A, struct blocks *R)
{
  for (long j = 0; j < R->own_cols; j++)
    for (long i = 0; i < R->own_rows; i++)
      *blocks_at(R, i, j) = blocks_row(R, i) <= blocks_col(R, j) ? *blocks_at(A, i, j) : 0;
}

/* Signs of Q's columns and R's rows that leave their product and make R's diagonal positive: the
 * factors are then the same on any grid, but for rounding. The least share of a column's norm that
 * its |R_kk| is. */
static double turn(struct blocks *Q, struct blocks *R)
{
  double *value = fail_alloc((size_t)R->rows, sizeof *value),
         *square = fail_alloc((size_t)R->cols, sizeof *square), least = 1;

  blocks_dot_columns(R, R, square);
  for (long j = 0; j < R->own_cols; j++)
    for (long i = 0; i < R->own_rows; i++)
      if (blocks_row(R, i) == blocks_col(R, j)) value[blocks_row(R, i)] = *blocks_at(R, i, j);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, value, (int)R->rows, MPI_DOUBLE, MPI_SUM, R->grid->comm));
  for (long k = 0; k < R->rows; k++) {
    least = fmin(least, square[k] > 0 ? fabs(value[k]) / sqrt(square[k]) : 0);
    value[k] = value[k] < 0 ? -1 : 1;
  }
  blocks_scale_columns(value, Q);
  for (long j = 0; j < R->own_cols; j++)
    for (long i = 0; i < R->own_rows; i++) *blocks_at(R, i, j) *= value[blocks_row(R, i)];
  free(value);
  free(square);
  return least;
}

double blocks_orthogonalise(struct blocks *A, struct blocks *R)
{
  const int m = (int)A->rows, n = (int)A->cols, ask = -1;
  double *tau = fail_alloc((size_t)(A->own_cols + A->grid->block), sizeof *tau), need[2];
  int info;

  EXPECT(m >= n && R->rows == n && R->cols == n);
  pdgeqrf_(&m, &n, A->a, &one, &one, A->desc, tau, &need[0], &ask, &info);
  pdorgqr_(&m, &n, &n, A->a, &one, &one, A->desc, tau, &need[1], &ask, &info);
  const int lwork = (int)fmax(need[0], need[1]) + 1;
  double *work = fail_alloc((size_t)lwork, sizeof *work);
  pdgeqrf_(&m, &n, A->a, &one, &one, A->desc, tau, work, &lwork, &info);
  CHECK(info == 0, "pdgeqrf: argument %d is wrong", -info);
  take_triangle(A, R);
  pdorgqr_(&m, &n, &n, A->a, &one, &one, A->desc, tau, work, &lwork, &info);
  CHECK(info == 0, "pdorgqr: argument %d is wrong", -info);
  free(tau);
  free(work);
  return turn(A, R);
}

void blocks_singular(struct blocks *A, double *s, struct blocks *U, struct blocks *Vt)
{
  const int m = (int)A->rows, n = (int)A->cols, k = m < n ? m : n, ask = -1;
  double need;
  int info;

  pdgesvd_("V", "V", &m, &n, A->a, &one, &one, A->desc, s, U->a, &one, &one, U->desc, Vt->a, &one,
           &one, Vt->desc, &need, &ask, &info, 1, 1);
  CHECK(info == 0, "pdgesvd: argument %d is wrong", -info);
  const int lwork = (int)need + 64;
  double *work = fail_alloc((size_t)lwork, sizeof *work);
  pdgesvd_("V", "V", &m, &n, A->a, &one, &one, A->desc, s, U->a, &one, &one, U->desc, Vt->a, &one,
           &one, Vt->desc, work, &lwork, &info, 1, 1);
  CHECK(info == 0 || info == k + 1, "pdgesvd: %d of the singular values did not converge", info);
  /* k + 1: ranks differ in the last digits, as those without rows of U and V', which need no
   * vectors, are given another algorithm. The first rank has some. */
  CHECK_MPI(MPI_Bcast(s, k, MPI_DOUBLE, 0, A->grid->comm));
  free(work);
}

/* pdgesvd turns both sides' vectors in copies of its own, cut over all ranks. */
double blocks_singular_bytes(const struct grid *plan, int rank, long rows, long cols)
{
  const long k = rows < cols ? rows : cols;
  const double own = (double)k * (double)(rows + cols) * sizeof(double) / plan->size;

  return blocks_bytes(plan, rank, rows, k) + blocks_bytes(plan, rank, k, cols) + own;
}

void blocks_eigenvalues(struct blocks *A, double *value)
{
  const int n = (int)A->rows, ask = -1;
  double need, none;
  int info;

  pdsyev_("N", "L", &n, A->a, &one, &one, A->desc, value, &none, &one, &one, A->desc, &need, &ask,
          &info, 1, 1);
  CHECK(info == 0, "pdsyev: argument %d is wrong", -info);
  const int lwork = (int)need + 64;
  double *work = fail_alloc((size_t)lwork, sizeof *work);
  pdsyev_("N", "L", &n, A->a, &one, &one, A->desc, value, &none, &one, &one, A->desc, work, &lwork,
          &info, 1, 1);
  CHECK(info == 0, "pdsyev: %d of the eigenvalues did not converge", info);
  free(work);
}
