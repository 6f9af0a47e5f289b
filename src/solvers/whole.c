/* SPDX-License-Identifier: BSD-3-Clause */
#include "whole.h"
#include "kernel.h"
#include "watch.h"
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
  whole->sum = fail_alloc(WHOLE_DOTS, sizeof *whole->sum);
}

struct whole *whole_create(struct system *sys)
{
  struct whole *whole = fail_alloc(1, sizeof *whole);

  whole->sys = sys;
  lay_out(whole);
  return whole;
}

double whole_bytes(const struct model *m, int rank)
{
  double length = 0;

  for (int k = 0; k < m->synapses; k++) {
    long lo, hi;
    partition_rows(m->part, m->synapse[k].layer, rank, &lo, &hi);
    length += (double)(hi - lo) * (double)padded(m->synapse[k].cols);
  }
  return length * sizeof(double);
}

void whole_destroy(struct whole *whole)
{
  if (!whole) return;
  free(whole->stage_at);
  free(whole->matrix_at);
  free(whole->row);
  free(whole->sum);
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
  WAIT_MPI(MPI_Allreduce(MPI_IN_PLACE, &most, 1, MPI_DOUBLE, MPI_MAX, whole->sys->comm));
  return most;
}

/* own[i] = the products of all elements of row i of this rank. */
static void multiply_rows(const struct whole *whole, const double *a, const double *b, double *own)
{
  const struct system *sys = whole->sys;
  const struct partition *part = sys->part;
  const long first = part->first[part->rank];

  memset(own, 0, (size_t)(part->first[part->rank + 1] - first) * sizeof(double));
  for (int k = 0; k < sys->model->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    const long row = part->start[sys->model->stage[k].layer] - first;
    for (long i = lo; i < hi; i++)
      own[row + i] += a[whole->stage_at[k] + i - lo] * b[whole->stage_at[k] + i - lo];
  }
  for (int k = 0; k < sys->model->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    long lo, hi;
    partition_rows(part, sys->model->synapse[k].layer, part->rank, &lo, &hi);
    const long row = part->start[sys->model->synapse[k].layer] - first;
    for (long i = lo; i < hi; i++) {
      const long at = whole->matrix_at[k] + (i - lo) * M->ld;
      double sum;
      kernel_rows_f64(a + at, 1, M->ld, b + at, &sum);
      own[row + i] += sum;
    }
  }
}

static int dot_many(int count, N_Vector x, N_Vector *y, double *dot)
{
  const struct whole *whole = whole_of(x);
  const struct partition *part = whole->sys->part;
  const long rows = part->first[part->rank + 1] - part->first[part->rank];

  CHECK(count <= WHOLE_DOTS, "%d dot products at once", count);
  memset(whole->sum, 0, (size_t)count * sizeof *whole->sum);
  for (int k = 0; k < count; k++) {
    multiply_rows(whole, NV_DATA_P(x), NV_DATA_P(y[k]), whole->row);
    for (long i = 0; i < rows; i++) exact_add(&whole->sum[k], whole->row[i]);
  }
  exact_reduce(whole->sum, count, whole->sys->comm);
  for (int k = 0; k < count; k++) dot[k] = exact_value(&whole->sum[k]);
  return 0;
}

static double dot_one(N_Vector x, N_Vector y)
{
  double dot;

  dot_many(1, x, &y, &dot);
  return dot;
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
  v->ops->nvdotprod = dot_one;
  v->ops->nvdotprodlocal = NULL;
  v->ops->nvdotprodmulti = dot_many;
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
