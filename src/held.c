/* SPDX-License-Identifier: BSD-3-Clause */
#include "held.h"
#include "kernel.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

/* Four vectors, [own rows of layer 1] each: the products W_1 x_from and W_1 x_to, and the sums over
 * steps of c (1-b) post and c b post. */
enum { W_FROM, W_TO, SUM_FROM, SUM_TO, HELD };

struct held {
  const struct system *sys;
  const struct synapse *synapse; /* borrowed */
  struct matrix *M;              /* borrowed */
  bool single;                   /* the precision of weights */
  double *vector;                /* [HELD][ld] */
  long ld;
  double gram[3]; /* x_from.x_from, x_from.x_to, x_to.x_to */
  long input_ld;
  void *input; /* [2][input_ld] x_from, x_to */
  void *side;  /* fold: [2][ld] the sums, scaled */
};

struct held *held_create(const struct system *sys)
{
  struct held *h = fail_alloc(1, sizeof *h);

  EXPECT(sys->model->synapse[0].pre == INPUT && !sys->model->synapse[0].post_drive);
  h->sys = sys;
  h->synapse = &sys->model->synapse[0];
  h->M = &sys->state->matrix[0];
  h->single = sys->net->single;
  h->ld = padded(h->M->rows);
  h->vector = fail_alloc(HELD * (size_t)h->ld, sizeof(double));
  if (h->M->rows == 0) return h;
  h->input_ld = padded(h->M->cols);
  h->input = fail_alloc(2 * (size_t)h->input_ld, vectors_unit(h->single));
  h->side = fail_alloc(2 * (size_t)h->ld, vectors_unit(h->single));
  return h;
}

void held_destroy(struct held *h)
{
  if (!h) return;
  free(h->vector);
  free(h->input);
  free(h->side);
  free(h);
}

double held_bytes(const struct model *m, int rank)
{
  const double unit = (double)vectors_unit(m->net->single);
  long lo, hi;

  partition_rows(m->part, 1, rank, &lo, &hi);
  if (lo == hi) return 0;
  const double ld = (double)padded(hi - lo);
  return HELD * ld * sizeof(double) + 2 * unit * ((double)padded(m->net->n[0]) + ld);
}

/* Both images meet W_1 in one reading of it. */
void held_begin(struct held *h)
{
  const struct presenter *pr = h->sys->presenter;
  const struct matrix *M = h->M;

  if (M->rows == 0) return;
  vectors_store(h->single, 1, pr->x_from, h->input_ld, h->input);
  vectors_store(h->single, 1, pr->x_to, h->input_ld, vectors_at(h->single, h->input, h->input_ld));
  matrix_multiply2(M, h->input, h->vector + W_FROM * h->ld, h->vector + W_TO * h->ld);
  memset(h->vector + SUM_FROM * h->ld, 0, 2 * (size_t)h->ld * sizeof(double));
  kernel_rows_f64(pr->x_from, 1, h->input_ld, pr->x_from, &h->gram[0]);
  kernel_rows_f64(pr->x_from, 1, h->input_ld, pr->x_to, &h->gram[1]);
  kernel_rows_f64(pr->x_to, 1, h->input_ld, pr->x_to, &h->gram[2]);
}

void held_product(const struct held *h, double u, double now, double ahead, const void *post,
                  double *out)
{
  const struct synapse *syn = h->synapse;
  const double b = presenter_blend(h->sys->presenter, u), *g = h->gram;
  const double from = ((1 - b) * g[0] + b * g[1]) / syn->tau_pot;
  const double to = ((1 - b) * g[1] + b * g[2]) / syn->tau_pot;
  const double c[HELD] = {[W_FROM] = 1 - b, [W_TO] = b, [SUM_FROM] = from, [SUM_TO] = to};
  const long rows = h->M->rows;

  memset(out, 0, (size_t)rows * sizeof *out);
  kernel_combine_f64(1, post ? HELD : 2, c, h->vector, h->ld, rows, out);
  if (!post) return;

  const double b0 = presenter_blend(h->sys->presenter, now);
  const double next = ahead * exp(now / syn->tau_dec) * ((1 - b0) * from + b0 * to);
  vectors_combine(h->single, exp(-u / syn->tau_dec), 1, &next, post, rows, rows, out);
}

double held_square(const struct held *h, double u)
{
  const double b = presenter_blend(h->sys->presenter, u), *g = h->gram;

  return (1 - b) * (1 - b) * g[0] + 2 * b * (1 - b) * g[1] + b * b * g[2];
}

/* The mean of b over a step h that begins at u: Simpson's rule is exact for a cubic. */
static double mean_blend(const struct presenter *pr, double u, double h)
{
  return (presenter_blend(pr, u) + 4 * presenter_blend(pr, u + h / 2) +
          presenter_blend(pr, u + h)) /
         6;
}

/* Add a step to the rank-two sum. */
void held_accept(struct held *h, double u, double length, const double *post)
{
  const long rows = h->M->rows;
  const double b = mean_blend(h->sys->presenter, u, length);
  const double c = length * exp((u + length / 2) / h->synapse->tau_dec);
  const double from = c * (1 - b), to = c * b;

  if (from != 0) /* not once the ramp is over */
    kernel_combine_f64(1, 1, &from, post, rows, rows, h->vector + SUM_FROM * h->ld);
  kernel_combine_f64(1, 1, &to, post, rows, rows, h->vector + SUM_TO * h->ld);
}

void held_fold(struct held *h, double u)
{
  const double loss = -expm1(-u / h->synapse->tau_dec);

  if (h->M->rows == 0) return;
  for (int e = 0; e < 2; e++)
    vectors_store(h->single, 1 / h->synapse->tau_pot, h->vector + (SUM_FROM + e) * h->ld,
                  h->M->rows, vectors_at(h->single, h->side, e * h->ld));
  matrix_fold(h->M, NULL, loss, 2, h->side, h->ld, h->input, h->input_ld);
}
