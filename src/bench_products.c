/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_parts.h"
#include "session.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

/* Stand-ins of the job's matrices, all of them by rows: what is measured is kernel_rows. */
struct desk {
  const struct session *s;
  struct matrix *matrix;        /* [synapses] owned */
  const struct matrix *largest; /* of those that every step reads */
  void *x;                      /* [2][widest], zeros */
  double *out;                  /* [2][most rows] */
  long rows;
};

static const struct matrix *matrix_of(const struct desk *d, int stage)
{
  const struct model *m = d->s->model;
  const int synapse = m->stage[stage].synapse;
  const bool each_step = synapse != NONE && m->synapse[synapse].pre != INPUT;

  return each_step ? &d->matrix[synapse] : NULL;
}

static double size_of(const struct matrix *M)
{
  return (double)M->rows * (double)M->cols;
}

/* As a step does it: up for y, down for z. */
static void run_step(void *own)
{
  const struct desk *d = own;

  for (int k = 0; k < d->s->model->stages; k++) {
    const struct matrix *M = matrix_of(d, k);
    if (M) matrix_multiply(M, d->x, d->out);
  }
}

static void run_largest(void *own)
{
  const struct desk *d = own;

  matrix_multiply(d->largest, d->x, d->out);
}

static void run_first(void *own)
{
  const struct desk *d = own;

  matrix_multiply2(&d->matrix[0], d->x, d->out, d->out + d->rows);
}

/* Written to, so that it has pages of its own. */
static struct matrix stand_in(const struct matrix *of)
{
  struct matrix M = {.rows = of->rows, .cols = of->cols, .ld = padded(of->cols)};

  M.single = of->single;
  const size_t bytes = (size_t)(M.rows * M.ld) * vectors_unit(M.single);
  M.a = fail_alloc(bytes, 1);
  memset(M.a, 1, bytes);
  return M;
}

static struct desk *desk_create(const struct session *s)
{
  struct desk *d = fail_alloc(1, sizeof *d);
  long ld = 0;

  d->s = s;
  d->matrix = fail_alloc((size_t)s->model->synapses, sizeof *d->matrix);
  for (int k = 0; k < s->model->synapses; k++) {
    d->matrix[k] = stand_in(&s->state->matrix[k]);
    const struct matrix *M = &d->matrix[k];
    ld = M->ld > ld ? M->ld : ld;
    d->rows = M->rows > d->rows ? M->rows : d->rows;
  }
  for (int k = 0; k < s->model->stages; k++) {
    const struct matrix *M = matrix_of(d, k);
    if (M && (!d->largest || size_of(M) > size_of(d->largest))) d->largest = M;
  }
  d->x = fail_alloc(2 * (size_t)ld, vectors_unit(s->state->matrix[0].single));
  d->out = fail_alloc(2 * (size_t)d->rows, sizeof *d->out);
  return d;
}

struct products bench_products(const struct pace *pace, const struct session *s)
{
  struct desk *d = desk_create(s);
  struct task task[3] = {{run_first, d, 0}, {run_step, d, 0}, {run_largest, d, 0}};
  struct products p = {.once_flop = 4 * size_of(&s->state->matrix[0])};

  for (int k = 0; k < s->model->stages; k++)
    if (matrix_of(d, k)) p.step_flop += 2 * size_of(matrix_of(d, k));
  bench_time(pace, d->largest ? 3 : 1, task);
  p.once = task[0].seconds;
  p.step = d->largest ? task[1].seconds : 0;
  p.rate = d->largest ? 2 * size_of(d->largest) / task[2].seconds : p.once_flop / p.once;
  for (int k = 0; k < s->model->synapses; k++) free(d->matrix[k].a);
  free(d->matrix);
  free(d->x);
  free(d->out);
  free(d);
  return p;
}
