/* SPDX-License-Identifier: BSD-3-Clause */
/* blocks.c - matrices in blocks: where their elements are, and what needs no library */
#include "blocks.h"
#include "scalapack.h"
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_BLOCK = 64, SMALLEST_BLOCK = 4 };

void grid_plan(int ranks, long widest, struct grid *plan)
{
  int rows = 1;

  for (int r = 1; r * r <= ranks; r++)
    if (ranks % r == 0) rows = r;
  plan->size = ranks;
  plan->rows = rows;
  plan->cols = ranks / rows;
  plan->block = (widest + plan->cols - 1) / plan->cols;
  if (plan->block > LARGEST_BLOCK) plan->block = LARGEST_BLOCK;
  if (plan->block < SMALLEST_BLOCK) plan->block = SMALLEST_BLOCK;
}

struct grid *grid_create(MPI_Comm comm, long widest)
{
  struct grid *grid = fail_alloc(1, sizeof *grid);
  int size;

  CHECK_MPI(MPI_Comm_size(comm, &size));
  grid_plan(size, widest, grid);
  grid->comm = comm;
  CHECK_MPI(MPI_Comm_rank(comm, &grid->rank));
  grid->handle = Csys2blacs_handle(comm);
  grid->context = grid->handle;
  Cblacs_gridinit(&grid->context, "Row", grid->rows, grid->cols);
  int rows, cols;
  Cblacs_gridinfo(grid->context, &rows, &cols, &grid->row, &grid->col);
  CHECK(rows == grid->rows && cols == grid->cols, "BLACS made a grid of %d x %d ranks, not %d x %d",
        rows, cols, grid->rows, grid->cols);
  return grid;
}

void grid_destroy(struct grid *grid)
{
  if (!grid) return;
  Cblacs_gridexit(grid->context);
  Cfree_blacs_system_handle(grid->handle);
  free(grid);
}

/* How many of n indices fall to position `at` of `count`: ScaLAPACK's numroc. */
static long share(long n, long block, int at, int count)
{
  const long whole = n / block, rest = whole % count;
  long own = whole / count * block;

  if (at < rest) return own + block;
  return at == rest ? own + n % block : own;
}

double blocks_bytes(const struct grid *plan, int rank, long rows, long cols)
{
  return (double)share(rows, plan->block, rank / plan->cols, plan->rows) *
         (double)share(cols, plan->block, rank % plan->cols, plan->cols) * sizeof(double);
}

struct blocks *blocks_create(const struct grid *grid, long rows, long cols)
{
  struct blocks *A = fail_alloc(1, sizeof *A);
  const int nb = (int)grid->block;

  CHECK(rows <= INT_MAX && cols <= INT_MAX, "a matrix of %ld x %ld is too large for ScaLAPACK",
        rows, cols);
  A->grid = grid;
  A->rows = rows;
  A->cols = cols;
  A->own_rows = share(rows, nb, grid->row, grid->rows);
  A->own_cols = share(cols, nb, grid->col, grid->cols);
  A->ld = A->own_rows > 1 ? A->own_rows : 1;
  CHECK(A->ld * A->own_cols <= INT_MAX,
        "a rank's part of a matrix, %ld x %ld, is too large for ScaLAPACK: more ranks are needed",
        A->own_rows, A->own_cols);
  const int desc[9] = {1, grid->context, (int)rows, (int)cols, nb, nb, 0, 0, (int)A->ld};
  memcpy(A->desc, desc, sizeof desc);
  A->a = fail_alloc((size_t)(A->ld * A->own_cols), sizeof *A->a);
  return A;
}

void blocks_destroy(struct blocks *A)
{
  if (!A) return;
  free(A->a);
  free(A);
}

/* --- element by element --- */

void blocks_zero(struct blocks *A)
{
  const size_t own = (size_t)blocks_own(A);

  if (own > 0) memset(A->a, 0, own * sizeof *A->a);
}

void blocks_copy(const struct blocks *from, struct blocks *to)
{
  const size_t own = (size_t)blocks_own(to);

  EXPECT(from->rows == to->rows && from->cols == to->cols);
  if (own > 0) memcpy(to->a, from->a, own * sizeof *to->a);
}

void blocks_add(double alpha, const struct blocks *from, struct blocks *to)
{
  EXPECT(from->rows == to->rows && from->cols == to->cols);
  for (long k = 0; k < blocks_own(to); k++) to->a[k] += alpha * from->a[k];
}

void blocks_scale_columns(const double *factor, struct blocks *A)
{
  for (long j = 0; j < A->own_cols; j++)
    for (long i = 0; i < A->own_rows; i++) *blocks_at(A, i, j) *= factor[blocks_col(A, j)];
}

void blocks_add_diagonal(double alpha, struct blocks *A)
{
  for (long j = 0; j < A->own_cols; j++)
    for (long i = 0; i < A->own_rows; i++)
      if (blocks_row(A, i) == blocks_col(A, j)) *blocks_at(A, i, j) += alpha;
}

/* --- over all ranks --- */

void blocks_dot_columns(const struct blocks *A, const struct blocks *B, double *dot)
{
  EXPECT(A->rows == B->rows && A->cols == B->cols);
  memset(dot, 0, (size_t)A->cols * sizeof *dot);
  for (long j = 0; j < A->own_cols; j++)
    for (long i = 0; i < A->own_rows; i++)
      dot[blocks_col(A, j)] += *blocks_at(A, i, j) * *blocks_at(B, i, j);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, dot, (int)A->cols, MPI_DOUBLE, MPI_SUM, A->grid->comm));
}

double blocks_own_largest(const struct blocks *A)
{
  double most = 0;

  for (long k = 0; k < blocks_own(A); k++)
    most = isfinite(A->a[k]) ? fmax(most, fabs(A->a[k])) : INFINITY;
  return most;
}

double blocks_largest(const struct blocks *A)
{
  double most = blocks_own_largest(A);

  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, A->grid->comm));
  return most;
}

void blocks_argmax_columns(const struct blocks *A, int *row)
{
  struct {
    double value;
    int row;
  } *best = fail_alloc((size_t)A->cols, sizeof *best);

  for (long b = 0; b < A->cols; b++) {
    best[b].value = -INFINITY;
    best[b].row = INT_MAX;
  }
  for (long j = 0; j < A->own_cols; j++)
    for (long i = 0; i < A->own_rows; i++) {
      const long b = blocks_col(A, j);
      if (*blocks_at(A, i, j) > best[b].value) {
        best[b].value = *blocks_at(A, i, j);
        best[b].row = (int)blocks_row(A, i);
      }
    }
  CHECK_MPI(
      MPI_Allreduce(MPI_IN_PLACE, best, (int)A->cols, MPI_DOUBLE_INT, MPI_MAXLOC, A->grid->comm));
  for (long b = 0; b < A->cols; b++) row[b] = best[b].row < A->rows ? best[b].row : 0;
  free(best);
}
