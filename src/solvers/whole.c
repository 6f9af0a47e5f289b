/* SPDX-License-Identifier: BSD-3-Clause */
#include "whole.h"
#include <stdlib.h>
#include <string.h>

static void lay_out(struct whole *whole)
{
  const struct system *sys = whole->sys;
  const struct partition *part = sys->part;
  long at = 0;

  whole->stage_at = fail_alloc((size_t)sys->model->stages, sizeof *whole->stage_at);
  whole->matrix_at = fail_alloc((size_t)sys->model->synapses, sizeof *whole->matrix_at);
  for (int k = 0; k < sys->model->synapses; k++) { /* matrices first: they need the alignment */
    whole->matrix_at[k] = at;
    at += sys->state->matrix[k].rows * sys->state->matrix[k].ld;
  }
  for (int k = 0; k < sys->model->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    whole->stage_at[k] = at;
    at += hi - lo;
  }
  whole->length = at;
  whole->row = fail_alloc((size_t)(part->first[part->rank + 1] - part->first[part->rank]),
                          sizeof *whole->row);
  whole->rows = fail_alloc((size_t)part->start[part->L + 1], sizeof *whole->rows);
  whole->row_count = fail_alloc((size_t)part->size, sizeof *whole->row_count);
  whole->row_first = fail_alloc((size_t)part->size, sizeof *whole->row_first);
  for (int r = 0; r < part->size; r++) {
    whole->row_count[r] = (int)(part->first[r + 1] - part->first[r]);
    whole->row_first[r] = (int)part->first[r];
  }
}

struct whole *whole_create(struct system *sys)
{
  struct whole *whole = fail_alloc(1, sizeof *whole);

  whole->sys = sys;
  lay_out(whole);
  return whole;
}

void whole_destroy(struct whole *whole)
{
  if (!whole) return;
  free(whole->stage_at);
  free(whole->matrix_at);
  free(whole->row);
  free(whole->rows);
  free(whole->row_count);
  free(whole->row_first);
  free(whole);
}

/* The parallel content first, so that every stock operation works on it. */
struct content {
  struct _N_VectorContent_Parallel stock;
  struct whole *whole;
};

static struct whole *whole_of(N_Vector v)
{
  return ((struct content *)v->content)->whole;
}

/* Zeroed and aligned for the kernels; destroyed by the stock operation, which frees both. */
static void give_content(N_Vector v, struct whole *whole)
{
  struct content *c = fail_alloc(1, sizeof *c);
  long long all = whole->length;

  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &all, 1, MPI_LONG_LONG, MPI_SUM, whole->sys->comm));
  c->stock =
      (struct _N_VectorContent_Parallel){.local_length = whole->length,
                                         .global_length = all,
                                         .own_data = 1,
                                         .comm = whole->sys->comm,
                                         .data = fail_alloc((size_t)whole->length, sizeof(double))};
  c->whole = whole;
  v->content = c;
}

static N_Vector clone_vector(N_Vector v)
{
  N_Vector w = N_VNewEmpty(v->sunctx);

  CHECK(w, "no memory for a vector");
  CHECK_SUN(N_VCopyOps(v, w));
  give_content(w, whole_of(v));
  return w;
}

static double largest_product(N_Vector x, N_Vector w)
{
  const struct whole *whole = whole_of(x);
  const double *a = NV_DATA_P(x), *b = NV_DATA_P(w);
  double most = 0;

  for (long i = 0; i < whole->length; i++) {
    const double e = fabs(a[i] * b[i]);
    if (!(e <= most)) most = isfinite(e) ? e : INFINITY;
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, whole->sys->comm));
  return most;
}

static double dot_range(const double *a, const double *b, long n)
{
  double sum = 0;

  for (long j = 0; j < n; j++) sum += a[j] * b[j];
  return sum;
}

/* Each row of the line sums its own elements; all ranks then add the rows in order. */
static double dot_by_rows(N_Vector x, N_Vector y)
{
  const struct whole *whole = whole_of(x);
  const struct system *sys = whole->sys;
  const struct partition *part = sys->part;
  const double *a = NV_DATA_P(x), *b = NV_DATA_P(y);
  const long first = part->first[part->rank], rows = part->start[part->L + 1];
  double sum = 0;

  memset(whole->row, 0, (size_t)(part->first[part->rank + 1] - first) * sizeof(double));
  for (int k = 0; k < sys->model->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    const long row = part->start[sys->model->stage[k].layer] - first;
    for (long i = lo; i < hi; i++)
      whole->row[row + i] += a[whole->stage_at[k] + i - lo] * b[whole->stage_at[k] + i - lo];
  }
  for (int k = 0; k < sys->model->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    long lo, hi;
    partition_rows(part, sys->model->synapse[k].layer, part->rank, &lo, &hi);
    const long row = part->start[sys->model->synapse[k].layer] - first;
    for (long i = lo; i < hi; i++) {
      const long at = whole->matrix_at[k] + (i - lo) * M->ld;
      whole->row[row + i] += dot_range(a + at, b + at, M->cols);
    }
  }
  CHECK_MPI(MPI_Allgatherv(whole->row, whole->row_count[part->rank], MPI_DOUBLE, whole->rows,
                           whole->row_count, whole->row_first, MPI_DOUBLE, sys->comm));
  for (long i = 0; i < rows; i++) sum += whole->rows[i];
  return sum;
}

N_Vector whole_vector(struct whole *whole, SUNContext context)
{
  N_Vector v = N_VNewEmpty_Parallel(whole->sys->comm, 0, 0, context);

  CHECK(v, "no memory for a vector");
  free(v->content);
  give_content(v, whole);
  v->ops->nvclone = clone_vector;
  v->ops->nvcloneempty = clone_vector;
  v->ops->nvwrmsnorm = largest_product;
  v->ops->nvdotprod = dot_by_rows;
  v->ops->nvdotprodlocal = NULL;
  v->ops->nvdotprodmulti = NULL;
  v->ops->nvdotprodmultilocal = NULL;
  v->ops->nvdotprodmultiallreduce = NULL;
  return v;
}

static double chosen_norm(N_Vector x, N_Vector w)
{
  const struct whole *whole = whole_of(x);

  return whole->norm(whole->who, x, w);
}

void whole_judge_by(N_Vector v, double (*norm)(void *who, N_Vector x, N_Vector w), void *who)
{
  whole_of(v)->norm = norm;
  whole_of(v)->who = who;
  v->ops->nvwrmsnorm = chosen_norm;
}

void whole_take_up(const struct whole *whole, double *v)
{
  const struct system *sys = whole->sys;

  for (int k = 0; k < sys->model->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(v + whole->stage_at[k], sys->state->value[k], (size_t)(hi - lo) * sizeof(double));
  }
  for (int k = 0; k < sys->model->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    for (long i = 0; i < M->rows * M->ld; i++)
      v[whole->matrix_at[k] + i] = M->single ? (double)((float *)M->a)[i] : ((double *)M->a)[i];
  }
}

void whole_put_down(const struct whole *whole, const double *v)
{
  struct system *sys = whole->sys;

  for (int k = 0; k < sys->model->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(sys->state->value[k], v + whole->stage_at[k], (size_t)(hi - lo) * sizeof(double));
  }
  for (int k = 0; sys->learning && k < sys->model->synapses; k++) {
    struct matrix *M = &sys->state->matrix[k];
    for (long i = 0; i < M->rows * M->ld; i++) {
      if (M->single)
        ((float *)M->a)[i] = (float)v[whole->matrix_at[k] + i];
      else
        ((double *)M->a)[i] = v[whole->matrix_at[k] + i];
    }
  }
}
