/* SPDX-License-Identifier: BSD-3-Clause */
#include "state.h"
#include "kernel.h"
#include "relax.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

static void own_rows(const struct model *m, int layer, long *lo, long *hi)
{
  partition_rows(m->part, layer, m->part->rank, lo, hi);
}

long matrix_elements(bool by_columns, long rows, long cols)
{
  return by_columns ? cols * padded(rows) : rows * padded(cols);
}

static void matrix_create(struct matrix *M, const struct synapse *syn, long rows, bool single)
{
  *M = (struct matrix){.rows = rows,
                       .cols = syn->cols,
                       .ld = padded(syn->by_columns ? rows : syn->cols),
                       .single = single,
                       .by_columns = syn->by_columns};
  M->a = fail_alloc((size_t)matrix_elements(M->by_columns, rows, M->cols), vectors_unit(single));
}

struct state *state_create(const struct model *model)
{
  struct state *st = fail_alloc(1, sizeof *st);
  long lo, hi;

  st->model = model;
  st->value = fail_alloc((size_t)model->stages, sizeof *st->value);
  st->matrix = fail_alloc((size_t)model->synapses, sizeof *st->matrix);
  for (int k = 0; k < model->stages; k++) {
    own_rows(model, model->stage[k].layer, &lo, &hi);
    st->value[k] = fail_alloc((size_t)(hi - lo), sizeof(double));
  }
  for (int k = 0; k < model->synapses; k++) {
    own_rows(model, model->synapse[k].layer, &lo, &hi);
    matrix_create(&st->matrix[k], &model->synapse[k], hi - lo, model->net->single);
  }
  return st;
}

void state_destroy(struct state *st)
{
  if (!st) return;
  for (int k = 0; k < st->model->stages; k++) free(st->value[k]);
  for (int k = 0; k < st->model->synapses; k++) free(st->matrix[k].a);
  free(st->value);
  free(st->matrix);
  free(st);
}

static int value_fields(const struct state *st, struct field *f)
{
  const struct model *m = st->model;
  int count = 0, stage;
  const char *name;
  double *data;

  for (int k = 0; k < m->stages; k++) {
    if (m->stage[k].fleeting) continue;
    f[count++] =
        (struct field){.path = fail_text("/layer%02d/%s", m->stage[k].layer, m->stage[k].name),
                       .about = m->stage[k].family == ACTIVITY ? "activity" : "error",
                       .data = st->value[k],
                       .lo = m->stage[k].layer};
  }
  for (int k = 0; m->kind->extra && (data = m->kind->extra(m, k, &stage, &name)); k++)
    f[count++] = (struct field){.path = fail_text("/layer%02d/%s", m->stage[stage].layer, name),
                                .about = "noise at the end of the last presentation",
                                .data = data,
                                .lo = m->stage[stage].layer};
  for (int k = 0; k < count; k++) { /* lo held the layer until here */
    const int layer = (int)f[k].lo;
    f[k].unit = "1";
    f[k].axes = "row";
    f[k].dims = 1;
    f[k].shape[0] = m->net->n[layer];
    f[k].shape[1] = 1;
    f[k].ld = 1;
    own_rows(m, layer, &f[k].lo, &f[k].hi);
  }
  return count;
}

static int weight_fields(const struct state *st, struct field *f)
{
  const struct model *m = st->model;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    f[k] = (struct field){.path = fail_text("/layer%02d/%s", syn->layer, syn->name),
                          .about = syn->pre == INPUT || m->stage[syn->pre].family == ACTIVITY
                                       ? "forward weights"
                                       : "feedback weights",
                          .unit = "1",
                          .axes = "row, column",
                          .dims = 2,
                          .shape = {syn->rows, syn->cols},
                          .ld = st->matrix[k].ld,
                          .single = st->matrix[k].single,
                          .by_columns = st->matrix[k].by_columns,
                          .data = st->matrix[k].a};
    own_rows(m, syn->layer, &f[k].lo, &f[k].hi);
  }
  return m->synapses;
}

int state_fields(const struct state *st, int what, struct field **fields)
{
  const size_t most = 2 * (size_t)st->model->stages + (size_t)st->model->synapses;
  int count = 0;

  *fields = fail_alloc(most, sizeof **fields);
  if (what & STATE_VALUES) count += value_fields(st, *fields);
  if (what & STATE_WEIGHTS) count += weight_fields(st, *fields + count);
  return count;
}

void state_free_fields(int count, struct field *fields)
{
  for (int k = 0; k < count; k++) free((char *)fields[k].path);
  free(fields);
}

static double multiply_columns(const struct matrix *M, const void *x, double *out)
{
  const long live = M->single ? kernel_columns_f32(M->a, M->cols, M->ld, x, M->rows, out)
                              : kernel_columns_f64(M->a, M->cols, M->ld, x, M->rows, out);

  return (double)live * (double)M->rows;
}

double matrix_multiply(const struct matrix *M, const void *x, double *out)
{
  if (M->by_columns) return multiply_columns(M, x, out);
  vectors_dot(M->single, M->rows, M->a, M->ld, x, out);
  return (double)M->rows * (double)M->cols;
}

double matrix_multiply_some(const struct matrix *M, const void *x, const struct rows *some,
                            double *out)
{
  memset(out, 0xff, (size_t)M->rows * sizeof *out); /* the bits of one that is no number */
  if (M->single)
    kernel_some_f32(M->a, M->ld, x, some->count, some->row, out);
  else
    kernel_some_f64(M->a, M->ld, x, some->count, some->row, out);
  return (double)some->count * (double)M->cols;
}

void matrix_multiply2(const struct matrix *M, const void *x, double *out_x, double *out_y)
{
  const void *y = vectors_at(M->single, x, padded(M->cols));

  if (M->by_columns) {
    multiply_columns(M, x, out_x);
    multiply_columns(M, y, out_y);
  } else if (M->single)
    kernel_rows2_f32(M->a, M->rows, M->ld, x, y, out_x, out_y);
  else
    kernel_rows2_f64(M->a, M->rows, M->ld, x, y, out_x, out_y);
}

bool matrix_are_twins(const struct matrix *M, const struct matrix *N)
{
  return M->rows == N->cols && M->cols == N->rows && M->by_columns != N->by_columns;
}

void matrix_fold(struct matrix *M, struct matrix *twin, double loss, int K, const void *p,
                 long p_stride, const void *q, long q_stride)
{
  const void *line = M->by_columns ? q : p, *along = M->by_columns ? p : q;
  const long line_stride = M->by_columns ? q_stride : p_stride;
  const long along_stride = M->by_columns ? p_stride : q_stride;
  const long lines = matrix_lines(M), ld = M->ld;
  void *const a = M->a;

  EXPECT(K <= KERNEL_TERMS);
  if (twin && M->single)
    kernel_fold2_f32(a, twin->a, lines, ld, loss, K, line, line_stride, along, along_stride);
  else if (twin)
    kernel_fold2_f64(a, twin->a, lines, ld, loss, K, line, line_stride, along, along_stride);
  else if (M->single)
    kernel_fold_f32(a, lines, ld, loss, K, line, line_stride, along, along_stride);
  else
    kernel_fold_f64(a, lines, ld, loss, K, line, line_stride, along, along_stride);
}

double matrix_largest(const struct matrix *M)
{
  const long n = matrix_lines(M) * M->ld; /* the padding is zeros */
  const double largest = M->single ? relax_largest_f32(n, M->a) : relax_largest_f64(n, M->a);

  return isfinite(largest) ? largest : INFINITY;
}

void state_largest(const struct state *st, double *largest)
{
  const int n = st->model->synapses;

  for (int k = 0; k < n; k++) largest[k] = matrix_largest(&st->matrix[k]);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, largest, n, MPI_DOUBLE, MPI_MAX, st->model->part->comm));
}

bool state_is_beyond(const struct state *st, const double *start, double bound)
{
  const int n = st->model->synapses;
  double *largest = fail_alloc((size_t)n, sizeof *largest);
  bool beyond = false;

  state_largest(st, largest);
  for (int k = 0; k < n; k++)
    beyond |= !isfinite(largest[k]) || largest[k] > bound * (start[k] > 0 ? start[k] : 1);
  free(largest);
  return beyond;
}
