/* SPDX-License-Identifier: BSD-3-Clause */
/* align.c - target alignment: which way an update moves the answers (document 002, eq. 5)
 *
 * rate -> 0, by the product rule: t_l = f_l' o (M_l t_{l-1} + D_l xhat_{l-1}), dyhat = t_L. At the
 * rate, in a linear network, without the cancellation of two forward passes:
 * d_l = M_l d_{l-1} + rate D_l (xhat_{l-1} + d_{l-1}). D_l is never formed: it is an outer product.
 */
#include "deep.h"
#include <stdlib.h>

/* to += factor post (pre' v) */
static void add_outer(const struct update *u, double factor, const struct blocks *v,
                      struct blocks *inner, struct blocks *to)
{
  blocks_multiply('T', 'N', factor, u->pre, v, 0, inner);
  blocks_multiply('N', 'N', 1, u->post, inner, 1, to);
}

/* dyhat of the whole step, or of an infinitely small one, per unit of rate. The caller destroys. */
static struct blocks *change(struct deep *d, const struct update *u, bool whole)
{
  struct blocks *inner = blocks_create(d->grid, d->B, d->B), *below = NULL;

  for (int l = 1; l <= d->L; l++) {
    struct blocks *t = blocks_create(d->grid, d->n[l], d->B);
    const double factor = whole ? u[l].factor : u[l].factor / d->o->rate;
    if (below) deep_up(d, l, below, false, t);
    if (whole && below) blocks_add(1, d->guess[l - 1], below);
    add_outer(&u[l], factor, whole && below ? below : d->guess[l - 1], inner, t);
    deep_gate(d, l, d->guess[l], t);
    blocks_destroy(below);
    below = t;
  }
  blocks_destroy(inner);
  return below;
}

/* The same of a whole step of a network that is not linear: two forward passes. */
static struct blocks *difference(struct deep *d, const struct update *u)
{
  struct blocks *below = NULL;

  for (int l = 1; l <= d->L; l++) {
    const struct blocks *from = below ? below : d->guess[0];
    struct blocks *v = blocks_create(d->grid, d->n[l], d->B),
                  *inner = blocks_create(d->grid, d->B, d->B);
    deep_up(d, l, from, false, v);
    add_outer(&u[l], u[l].factor, from, inner, v);
    deep_activate(d, l, v);
    blocks_destroy(inner);
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
