/* SPDX-License-Identifier: BSD-3-Clause */
#include "kp_parts.h"
#include "relax.h"
#include "switching.h"
#include <stdlib.h>

/* A step that follows the parabola is an order better than the curvature it is judged by: this
 * share of it is still on the safe side (docs/performance.md). */
static const double FOLLOWED = 0.3;

void kp_make_crossings(struct model *m)
{
  struct kp *kp = m->own;
  long lo, hi;

  kp->crossings = fail_alloc((size_t)m->net->L + 1, sizeof *kp->crossings);
  for (int l = 1; l < m->net->L; l++) {
    struct crossings *c = &kp->crossings[l];
    partition_rows(m->part, l, m->part->rank, &lo, &hi);
    c->row = fail_alloc((size_t)(hi - lo) + LIST_SPARE, sizeof *c->row);
    c->how = fail_alloc((size_t)(hi - lo), sizeof *c->how);
  }
}

double kp_crossings_bytes(const struct model *m, int rank)
{
  double bytes = 0;
  long lo, hi;

  for (int l = 1; l < m->net->L; l++) {
    partition_rows(m->part, l, rank, &lo, &hi);
    bytes += (double)(hi - lo) * (sizeof(int) + sizeof(struct switching));
  }
  return bytes;
}

void kp_destroy_crossings(struct model *m)
{
  struct kp *kp = m->own;

  for (int l = 1; l < m->net->L; l++) {
    free(kp->crossings[l].row);
    free(kp->crossings[l].how);
  }
  free(kp->crossings);
}

/* How a stage's forcing is integrated over a step. */
enum shape {
  SMOOTH,   /* f itself is linear over the step */
  KINKED,   /* y of a relu: s is linear, phi bends where it crosses */
  SWITCHED, /* z behind a relu's gate: V z is linear, the gate switches where s crosses */
};

static enum shape shape_of(const struct model *m, int stage)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;

  if (m->stage[stage].gated) return SWITCHED;
  if (l == m->net->L || m->net->hidden == PHI_TANH || m->net->hidden == PHI_LINEAR) return SMOOTH;
  return m->stage[stage].family == ACTIVITY && kp->rms == 0 ? KINKED : SMOOTH;
}

/* Behind a gate that is shut V z is of no matter. */
void kp_open(const struct model *m, int stage, double ahead, const struct moment *from,
             const struct moment *to, struct rows *rows)
{
  const int y = kp_stage_y(m->net, m->stage[stage].layer);
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  rows->count =
      relax_open(hi - lo, m->net->cap, ahead, from->drive[y] + lo, to->drive[y] + lo, rows->row);
}

/* The rows of a layer that switch within a step: y finds them, z meets the same ones. */
static void find_crossings(const struct model *m, int l, bool any, const double *s0,
                           const double *s1, long lo, long hi)
{
  const struct kp *kp = m->own;
  struct crossings *c = &kp->crossings[l];

  c->tau = 0;
  c->count = any ? relax_crossings(hi - lo, m->net->cap, s0 + lo, s1 + lo, c->row) : 0;
}

/* How they switch, unless y has found that out with the same time constant; s of own rows. */
static void follow_crossings(const struct model *m, struct crossings *c, const struct leak *k,
                             const double *s0, const double *s1)
{
  if (c->tau == k->tau) return;
  c->tau = k->tau;
  for (long n = 0; n < c->count; n++)
    c->how[n] = switching_over(k, m->net->cap, s0[c->row[n]], s1[c->row[n]]);
}

/* Redo the rows that cross: for all others f follows s and V z as they are. Returns the largest
 * |mean - v0| of these. */
static double step_crossing(const struct model *m, enum shape shape, int stage,
                            const struct leak *k, long lo, const struct moment *from,
                            struct moment *to)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer, y = kp_stage_y(m->net, l);
  struct crossings *c = &kp->crossings[l];
  const double *q0 = from->drive[stage] + lo, *q1 = to->drive[stage] + lo;
  const double *start = from->value[stage] + lo;
  double *end = to->value[stage] + lo, *mean = to->mean[stage] + lo;
  double moves = 0;

  follow_crossings(m, c, k, from->drive[y] + lo, to->drive[y] + lo);
  for (long n = 0; n < c->count; n++) {
    const int i = c->row[n];
    const double q = isnan(q0[i]) ? q1[i] : q0[i]; /* unknown: as if it did not change */
    struct forcing f = shape == KINKED ? switching_phi(&c->how[n], m->net->cap, q, q1[i])
                                       : switching_gate(&c->how[n], q, q1[i]);
    const double v0 = start[i], v1 = k->E * v0 + f.felt;
    end[i] = v1;
    mean[i] = f.mean - k->tau / k->h * (v1 - v0);
    moves = more_of(moves, fabs(mean[i] - v0));
  }
  return moves;
}

/* Noise is linear over a step and adds to what its rows felt without it. */
static void feel_noise(const struct model *m, enum shape shape, int stage, const struct leak *k,
                       double reach, const struct moment *from, struct moment *to, struct extent *x)
{
  const double *s = to->drive[kp_stage_y(m->net, m->stage[stage].layer)];
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  x->size = isfinite(x->size) ? 0 : x->size;
  x->moves = 0;
  for (long i = lo; i < hi; i++) {
    const double n0 = kp_noise_at(m, stage, i, from->u), n1 = kp_noise_at(m, stage, i, to->u);
    const double felt = k->c0 * n0 + k->c1 * n1, cap = m->net->cap;
    const double slope = phi_slope(m->net->hidden, cap, s[i]);
    const double behind = slope > 0 ? slope * to->drive[stage][i] : 0;
    const double f1 = shape == KINKED ? phi_value(m->net->hidden, cap, s[i]) : behind;
    to->value[stage][i] += felt;
    to->mean[stage][i] += (n0 + n1) / 2 - k->tau / k->h * felt;
    x->size = more_of(x->size, more_of(fabs(to->value[stage][i]), reach * fabs(f1 + n1)));
    x->moves = more_of(x->moves, fabs(to->mean[stage][i] - from->value[stage][i]));
  }
}

/* With a moment before, D is the second difference of three values and the step follows the
 * parabola; noise has kinks that a parabola would overshoot. Without, f is taken as straight and
 * the first difference stands for a curvature nobody knows. */
static struct relax relax_over(const struct leak *k, double back, bool follow)
{
  struct relax r = {
      .E = k->E, .c0 = k->c0, .c1 = k->c1, .here = -0.5, .there = 0.5, .slow = k->tau / k->h};

  if (back > 0) {
    const double ratio = back / k->h;
    r.past = 1 / (ratio * (1 + ratio));
    r.here = -1 / ratio;
    r.there = 1 / (1 + ratio);
  }
  if (follow) {
    r.bow = k->j;
    r.belly = 1.0 / 6;
  }
  return r;
}

/* f itself goes along a parabola, which the step forms at its end. */
static struct extent step_smooth(const struct model *m, int stage, const struct relax *r,
                                 const struct moment *before, const struct moment *from,
                                 struct moment *to)
{
  const double *const f0 = from->force[stage], *const f1 = to->force[stage];
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  kp_force(m, stage, to);
  return relax_step(hi - lo, r, from->value[stage] + lo, f0 + lo, f1 + lo,
                    (before ? before : from)->force[stage] + lo, f0 + lo, f1 + lo,
                    to->value[stage] + lo, to->mean[stage] + lo);
}

/* s, or V z behind the gate, goes along a parabola, and f follows from it. Rows that switch are
 * done again. */
static struct extent step_gated(const struct model *m, enum shape shape, int stage,
                                const struct leak *k, const struct relax *r,
                                const struct moment *before, const struct moment *from,
                                struct moment *to)
{
  const int l = m->stage[stage].layer, y = kp_stage_y(m->net, l);
  const double *const s0 = from->drive[y], *const s1 = to->drive[y], cap = m->net->cap;
  const double *const q = (before ? before : from)->drive[stage], *const v0 = from->value[stage];
  double *const v1 = to->value[stage], *const mean = to->mean[stage];
  struct extent x;
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  if (shape == KINKED) {
    x = relax_kinked_step(hi - lo, r, cap, q + lo, s0 + lo, s1 + lo, v0 + lo, v1 + lo, mean + lo);
    find_crossings(m, l, x.crosses, s0, s1, lo, hi);
  } else {
    x = relax_gated_step(hi - lo, r, cap, s0 + lo, s1 + lo, v0 + lo, q + lo,
                         from->drive[stage] + lo, to->drive[stage] + lo, v1 + lo, mean + lo);
  }
  x.moves = more_of(x.moves, step_crossing(m, shape, stage, k, lo, from, to));
  if (kp_is_noisy(m)) feel_noise(m, shape, stage, k, r->reach, from, to, &x);
  return x;
}

struct verdict kp_step(const struct model *m, int stage, const struct leak *k,
                       const struct moment *before, const struct moment *from, struct moment *to)
{
  const struct kp *kp = m->own;
  const enum shape shape = shape_of(m, stage);
  const bool follow = before && !(shape == SMOOTH && kp_is_noisy(m));
  struct relax r = relax_over(k, before ? from->u - before->u : 0, follow);
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  if (lo == hi) return (struct verdict){0};
  r.reach = kp->reach[m->stage[stage].family];
  r.silent = kp->silent;
  const struct extent x = shape == SMOOTH ? step_smooth(m, stage, &r, before, from, to)
                                          : step_gated(m, shape, stage, k, &r, before, from, to);
  const bool finite = isfinite(x.size) && isfinite(x.curvature);
  return (struct verdict){.error = finite ? (follow ? FOLLOWED : 1) * k->j * x.curvature : INFINITY,
                          .blur = x.curvature / 6,
                          .size = x.size,
                          .moves = x.moves};
}
