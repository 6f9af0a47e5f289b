/* SPDX-License-Identifier: BSD-3-Clause */
#include "diagnostics.h"
#include <stdlib.h>
#include <string.h>

enum { SLAB = 64 }; /* rows of a transposed block that travel at once */

struct diagnostics {
  struct system *sys; /* borrowed */
  struct observer observer;
  struct measures result;
  double *row, *off;  /* one number per own row */
  double *line;       /* one per row of the line, on rank 0 */
  int *count, *first; /* [size] for gathering rows */
  double *product;    /* [L] |z_l| |y_{l-1}| at the last observed point, rank 0 */
  double *drive;      /* [L] int |z_l| |y_{l-1}| dt of the watched presentation, rank 0 */
  double last_u;
  bool seen; /* a point of the watched presentation; none yet: balance unknown */
};

static void see(void *who, const struct moment *at);

struct diagnostics *diagnostics_create(struct system *sys)
{
  struct diagnostics *d = fail_alloc(1, sizeof *d);
  const struct partition *part = sys->part;
  const size_t L = (size_t)part->L, rows = (size_t)part->start[part->L + 1];
  double **vectors[] = {&d->result.W_norm,
                        &d->result.V_norm,
                        &d->result.alignment,
                        &d->result.mismatch,
                        &d->result.balance,
                        &d->product,
                        &d->drive};

  d->sys = sys;
  d->observer = (struct observer){.see = see, .who = d};
  for (size_t k = 0; k < sizeof vectors / sizeof *vectors; k++)
    *vectors[k] = fail_alloc(L, sizeof(double));
  d->count = fail_alloc((size_t)part->size, sizeof *d->count);
  d->first = fail_alloc((size_t)part->size, sizeof *d->first);
  for (int r = 0; r < part->size; r++) {
    d->count[r] = (int)(part->first[r + 1] - part->first[r]);
    d->first[r] = (int)part->first[r];
  }
  d->row = fail_alloc((size_t)d->count[part->rank], sizeof *d->row);
  d->off = fail_alloc((size_t)d->count[part->rank], sizeof *d->off);
  d->line = fail_alloc(part->rank == 0 ? rows : 0, sizeof *d->line);
  return d;
}

void diagnostics_destroy(struct diagnostics *d)
{
  if (!d) return;
  free(d->result.W_norm);
  free(d->result.V_norm);
  free(d->result.alignment);
  free(d->result.mismatch);
  free(d->result.balance);
  free(d->product);
  free(d->drive);
  free(d->row);
  free(d->off);
  free(d->line);
  free(d->count);
  free(d->first);
  free(d);
}

struct observer *diagnostics_watch(struct diagnostics *d)
{
  memset(d->drive, 0, (size_t)d->sys->part->L * sizeof *d->drive);
  d->seen = false;
  return &d->observer;
}

/* Where in d->row layer l begins, counted as if all of it were here: add an own row's number. */
static long row_of(const struct diagnostics *d, int l)
{
  const struct partition *part = d->sys->part;

  return part->start[l] - part->first[part->rank];
}

/* Gather one number per row from all ranks and add up each layer, in order: [L] on rank 0. */
static void add_layers(struct diagnostics *d, const double *row, double *sum)
{
  const struct partition *part = d->sys->part;

  CHECK_MPI(MPI_Gatherv(row, d->count[part->rank], MPI_DOUBLE, d->line, d->count, d->first,
                        MPI_DOUBLE, 0, d->sys->comm));
  if (part->rank != 0) return;
  for (int l = 1; l <= part->L; l++) {
    sum[l - 1] = 0;
    for (long i = part->start[l]; i < part->start[l + 1]; i++) sum[l - 1] += d->line[i];
  }
}

static void vector_norms(struct diagnostics *d, const struct moment *at, enum family family,
                         double *norm)
{
  const struct model *m = d->sys->model;

  for (int k = 0; k < m->stages; k++) {
    long lo, hi;
    if (m->stage[k].family != family) continue;
    system_rows(d->sys, k, &lo, &hi);
    const long row = row_of(d, m->stage[k].layer);
    for (long i = lo; i < hi; i++) d->row[row + i] = at->value[k][i] * at->value[k][i];
  }
  add_layers(d, d->row, norm);
  for (int l = 0; l < m->net->L; l++) norm[l] = sqrt(norm[l]);
}

static double input_norm(const struct presenter *pr, double u)
{
  const double b = presenter_blend(pr, u);
  double sum = 0;

  for (long j = 0; j < pr->data->inputs; j++) {
    const double x = (1 - b) * pr->x_from[j] + b * pr->x_to[j];
    sum += x * x;
  }
  return sqrt(sum);
}

/* Trapezoid rule for int |z_l| |y_{l-1}| dt over the accepted points. */
static void see(void *who, const struct moment *at)
{
  struct diagnostics *d = who;
  const int L = d->sys->part->L;
  double *y = fail_alloc((size_t)L + 1, sizeof *y), *z = fail_alloc((size_t)L, sizeof *z);

  y[0] = input_norm(d->sys->presenter, at->u);
  vector_norms(d, at, ACTIVITY, y + 1);
  vector_norms(d, at, ERROR, z);
  for (int l = 0; l < L; l++) {
    const double now = z[l] * y[l];
    if (d->seen) d->drive[l] += (at->u - d->last_u) / 2 * (d->product[l] + now);
    d->product[l] = now; /* the product at the last point */
  }
  d->last_u = at->u;
  d->seen = true;
  free(y);
  free(z);
}

/* Row sums of squares of every synapse of one kind; 0 where a layer has none. */
static void matrix_norms(struct diagnostics *d, bool forward, double *norm)
{
  const struct model *m = d->sys->model;

  memset(d->row, 0, (size_t)d->count[d->sys->part->rank] * sizeof *d->row);
  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    const struct matrix *M = &d->sys->state->matrix[k];
    long lo, hi;
    if ((syn->pre == INPUT || m->stage[syn->pre].family == ACTIVITY) != forward) continue;
    partition_rows(m->part, syn->layer, m->part->rank, &lo, &hi);
    const long row = row_of(d, syn->layer);
    for (long i = lo; i < hi; i++)
      for (long j = 0; j < M->cols; j++) {
        const double w = matrix_at(M, i - lo, j);
        d->row[row + i] += w * w;
      }
  }
  add_layers(d, d->row, norm);
  for (int l = 0; l < m->net->L; l++) norm[l] = sqrt(norm[l]);
}

/* The forward synapse that feedback synapse k should be the transpose of, or NONE. */
static int partner(const struct model *m, int k)
{
  const struct synapse *V = &m->synapse[k];

  for (int j = 0; j < m->synapses; j++) {
    const struct synapse *W = &m->synapse[j];
    if (W->pre != INPUT && W->pre == V->post && W->layer == m->stage[V->pre].layer) return j;
  }
  return NONE;
}

/* Rows [i0, i1) of the transpose of synapse W, to the rank that owns those rows of its partner:
 * block [i1-i0][W rows]. Collective among owners. */
static void fetch_transposed(struct diagnostics *d, int W, int to, long i0, long i1, double *block)
{
  const struct partition *part = d->sys->part;
  const struct synapse *syn = &d->sys->model->synapse[W];
  const struct matrix *M = &d->sys->state->matrix[W];
  const long wide = i1 - i0;
  const int tag = 2 * d->sys->model->stages; /* beyond those of the routes */
  double *send = NULL, *got = NULL;
  long lo, hi;

  partition_rows(part, syn->layer, part->rank, &lo, &hi);
  if (lo < hi) send = fail_alloc((size_t)((hi - lo) * wide), sizeof *send);
  for (long j = lo; j < hi; j++)
    for (long i = i0; i < i1; i++) send[(j - lo) * wide + i - i0] = matrix_at(M, j - lo, i);
  if (part->rank == to) got = fail_alloc((size_t)(syn->rows * wide), sizeof *got);
  if (lo < hi && part->rank != to)
    CHECK_MPI(MPI_Send(send, (int)((hi - lo) * wide), MPI_DOUBLE, to, tag, part->comm));
  if (part->rank == to) {
    for (int r = 0; r < part->size; r++) {
      long a, b;
      partition_rows(part, syn->layer, r, &a, &b);
      if (a == b) continue;
      if (r == to)
        memcpy(got + a * wide, send, (size_t)((b - a) * wide) * sizeof *got);
      else
        CHECK_MPI(MPI_Recv(got + a * wide, (int)((b - a) * wide), MPI_DOUBLE, r, tag, part->comm,
                           MPI_STATUS_IGNORE));
    }
    for (long j = 0; j < syn->rows; j++)
      for (long i = 0; i < wide; i++) block[i * syn->rows + j] = got[j * wide + i];
  }
  free(send);
  free(got);
}

/* Products and squared distances of rows of V with the matching columns of W: d->row and d->off. */
static void compare_rows(struct diagnostics *d, int k, long first, long i0, long i1,
                         const double *block)
{
  const struct synapse *syn = &d->sys->model->synapse[k];
  const struct matrix *V = &d->sys->state->matrix[k];

  for (long i = i0; i < i1; i++) {
    const double *column = block + (i - i0) * V->cols;
    const long at = row_of(d, syn->layer) + i;
    for (long j = 0; j < V->cols; j++) {
      const double v = matrix_at(V, i - first, j), e = v - column[j];
      d->row[at] += v * column[j];
      d->off[at] += e * e;
    }
  }
}

/* Each feedback synapse with its partner: products into alignment, distances into mismatch, both
 * squared or raw, [L] by layer on rank 0. W travels once. */
static void compare_pairs(struct diagnostics *d)
{
  const struct model *m = d->sys->model;
  const struct partition *part = m->part;
  const size_t own = (size_t)d->count[part->rank];

  memset(d->row, 0, own * sizeof *d->row);
  memset(d->off, 0, own * sizeof *d->off);
  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *V = &m->synapse[k];
    const int W = V->pre != INPUT && m->stage[V->pre].family == ERROR ? partner(m, k) : NONE;
    if (W == NONE) continue;
    double *block = fail_alloc(SLAB * (size_t)V->cols, sizeof *block);
    for (int r = 0; r < part->size; r++) {
      long lo, hi;
      partition_rows(part, V->layer, r, &lo, &hi);
      for (long i0 = lo; i0 < hi; i0 += SLAB) {
        const long i1 = i0 + SLAB < hi ? i0 + SLAB : hi;
        fetch_transposed(d, W, r, i0, i1, block);
        if (r == part->rank) compare_rows(d, k, lo, i0, i1, block);
      }
    }
    free(block);
  }
  add_layers(d, d->row, d->result.alignment);
  add_layers(d, d->off, d->result.mismatch);
}

static void mark_undefined(struct diagnostics *d)
{
  const struct model *m = d->sys->model;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *V = &m->synapse[k];
    if (V->pre == INPUT || m->stage[V->pre].family != ERROR || partner(m, k) != NONE) continue;
    d->result.alignment[V->layer - 1] = d->result.mismatch[V->layer - 1] = NAN;
  }
}

static void finish_balance(struct diagnostics *d)
{
  const struct model *m = d->sys->model;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *W = &m->synapse[k];
    if (W->pre != INPUT && m->stage[W->pre].family != ACTIVITY) continue;
    const int l = W->layer - 1;
    d->result.balance[l] = d->seen && d->last_u > 0 ? W->tau_dec / W->tau_pot * d->drive[l] /
                                                          d->last_u / d->result.W_norm[l]
                                                    : NAN;
  }
}

double diagnostics_bytes(const struct model *m, int rank)
{
  const struct partition *part = m->part;
  const double own = (double)(part->first[rank + 1] - part->first[rank]);
  double rows = 2 * own + (rank == 0 ? (double)part->start[part->L + 1] : 0), most = 0;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *V = &m->synapse[k];
    const int W = V->pre != INPUT && m->stage[V->pre].family == ERROR ? partner(m, k) : NONE;
    double block = 0;
    long lo, hi;
    if (W == NONE) continue;
    if (partition_owns(part, V->layer, rank)) block += 2 * (double)V->cols; /* and as received */
    partition_rows(part, m->synapse[W].layer, rank, &lo, &hi);
    most = fmax(most, SLAB * (block + (double)(hi - lo)));
  }
  return (rows + most) * sizeof(double);
}

const struct measures *diagnostics_measure(struct diagnostics *d)
{
  const int L = d->sys->part->L;
  struct measures *r = &d->result;

  matrix_norms(d, true, r->W_norm);
  matrix_norms(d, false, r->V_norm);
  compare_pairs(d);
  if (d->sys->part->rank == 0) {
    for (int l = 0; l < L - 1; l++) {
      r->alignment[l] /= r->V_norm[l] * r->W_norm[l + 1];
      r->mismatch[l] = sqrt(r->mismatch[l]);
    }
    mark_undefined(d);
    finish_balance(d);
  }
  return r;
}
