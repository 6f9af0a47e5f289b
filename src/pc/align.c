/* SPDX-License-Identifier: BSD-3-Clause */
/* align.c - target alignment: which way an update moves the answers (document 002, eq. 5)
 *
 * rate -> 0, by the product rule: t_l = f_l' o (M_l t_{l-1} + D_l xhat_{l-1}), dyhat = t_L. At the
 * rate, in a linear network, without the cancellation of two forward passes:
 * d_l = M_l d_{l-1} + rate D_l (xhat_{l-1} + d_{l-1}). D_l is an outer product,
 * formed only where the batch is larger than layers. */
#include "deep.h"
#include <stdlib.h>

/* to += factor post pre' v, by way of the smaller of pre' v and post pre'. */
static void add_outer(const struct update *u, double factor, const struct blocks *v,
                      struct blocks *to)
{
  const bool few = v->cols <= u->pre->rows;
  struct blocks *mid = few ? blocks_create(to->grid, u->pre->cols, v->cols)
                           : blocks_create(to->grid, u->post->rows, u->pre->rows);

  if (few) {
    blocks_multiply('T', 'N', factor, u->pre, v, 0, mid);
    blocks_multiply('N', 'N', 1, u->post, mid, 1, to);
  } else {
    blocks_multiply('N', 'T', factor, u->post, u->pre, 0, mid);
    blocks_multiply('N', 'N', 1, mid, v, 1, to);
  }
  blocks_destroy(mid);
}

/* Two neighbours' changes, and what lies between. */
double deep_align_bytes(const struct grid *plan, int rank, const struct pc_options *o, int L,
                        const long *n)
{
  const long B = o->batch;
  double most = 0;

  for (int l = 1; l <= L; l++) {
    const double mid =
        B <= n[l - 1] ? blocks_bytes(plan, rank, B, B) : blocks_bytes(plan, rank, n[l], n[l - 1]);
    most = fmax(most, blocks_bytes(plan, rank, n[l], B) +
                          (l > 1 ? blocks_bytes(plan, rank, n[l - 1], B) : 0) + mid);
  }
  return most;
}

/* dyhat of the whole step, or of an infinitely small one, per unit of rate. The caller destroys. */
static struct blocks *change(struct deep *d, const struct update *u, bool whole)
{
  struct blocks *below = NULL;

  for (int l = 1; l <= d->L; l++) {
    struct blocks *t = blocks_create(d->grid, d->n[l], d->B);
    const double factor = whole ? u[l].factor : u[l].factor / d->o->rate;
    if (below) deep_up(d, l, below, false, t);
    if (whole && below) blocks_add(1, d->guess[l - 1], below);
    add_outer(&u[l], factor, whole && below ? below : d->guess[l - 1], t);
    deep_gate(d, l, d->guess[l], t);
    blocks_destroy(below);
    below = t;
  }
  return below;
}

/* The same of a whole step of a network that is not linear: two forward passes. */
static struct blocks *difference(struct deep *d, const struct update *u)
{
  struct blocks *below = NULL;

  for (int l = 1; l <= d->L; l++) {
    const struct blocks *from = below ? below : d->guess[0];
    struct blocks *v = blocks_create(d->grid, d->n[l], d->B);
    deep_up(d, l, from, false, v);
    add_outer(&u[l], u[l].factor, from, v);
    deep_activate(d, l, v);
    blocks_destroy(below);
    below = v;
  }
  blocks_add(-1, d->guess[d->L], below);
  return below;
}

/* Mean over samples of cos(r, t), and of the share of t across r; of: [B] each cos, or NULL. */
static double mean_cosine(struct deep *d, const struct blocks *t, double *across, double *of)
{
  const size_t B = (size_t)d->B;
  double *rr = fail_alloc(B, sizeof *rr), *rt = fail_alloc(B, sizeof *rt),
         *tt = fail_alloc(B, sizeof *tt), sum = 0, off = 0;
  long defined = 0;

  blocks_dot_columns(d->r, d->r, rr);
  blocks_dot_columns(d->r, t, rt);
  blocks_dot_columns(t, t, tt);
  for (size_t b = 0; b < B; b++) {
    const double c = rt[b] / (sqrt(rr[b]) * sqrt(tt[b]));
    if (of) of[b] = c;
    if (!(rr[b] > 0 && tt[b] > 0)) continue;
    sum += c;
    off += sqrt(fmax(0, 1 - c * c));
    defined++;
  }
  free(rr);
  free(rt);
  free(tt);
  *across = defined > 0 ? off / (double)defined : NAN;
  return defined > 0 ? sum / (double)defined : NAN;
}

struct alignment deep_align(struct deep *d, const struct update *u, double *of)
{
  struct alignment a;
  double across;
  struct blocks *t = change(d, u, false);

  a.limit = mean_cosine(d, t, &across, NULL);
  blocks_destroy(t);
  t = pc_is_linear(d->o) ? change(d, u, true) : difference(d, u);
  a.real = mean_cosine(d, t, &a.interference, of);
  blocks_destroy(t);
  return a;
}
