/* SPDX-License-Identifier: BSD-3-Clause */
/* lockstep.c - all layers step at once, for networks spread over ranks
 *
 * Drives at t+h are extrapolated from the last two steps (the first layer's is exact, the input
 * being known), so every rank can step without waiting; then neighbours exchange y and z once, and
 * the exchanged values give the true drives at t+h. With those each rank corrects its own vectors:
 *   predicted  v(t+h) = E v + c0 f(t) + c1 f_extrapolated(t+h)     travels, and is multiplied
 *   corrected  v(t+h) = E v + c0 f(t) + c1 f(t+h)                  is where the next step begins
 * The correction follows the parabola of f as cascade does, and its averages enter the weights;
 * they travel with the next step's values. The difference of both helps to judge the step. Order
 * 2. */
#include "relax.h"
#include "stepper.h"
#include <stdlib.h>
#include <string.h>

/* What counts of the difference between a predicted and a corrected value. The corrected one is as
 * good as the cascade's but for drives that come from its neighbours' predicted values; a twelfth
 * gave the least error in the weights for the steps it took (docs/performance.md). */
static const double GAP = 1.0 / 12;

struct lockstep {
  struct moment *guess; /* extrapolated drives, predicted values */
  struct moment *fixed; /* corrected values; all else is borrowed from `to` */
  double **own_drive, **own_force, **own_mean, *own_scale, *own_target;
  bool *here; /* [stages] whose vectors have arrived in this step */
  bool *late; /* [stages] whose drives wait for vectors on their way */
};

/* guess->drive = from + h/(from - before) (from - before), whole where the stage is whole. */
static void extrapolate(struct stepper *st, int stage, double h, struct moment *guess)
{
  const struct system *sys = st->solver->sys;
  const struct route *whole = sys->drive[stage];
  const double *from = st->from->drive[stage], *before = st->before->drive[stage];
  const double ratio = st->has_before ? h / (st->from->u - st->before->u) : 0;
  long lo, hi;

  system_rows(sys, stage, &lo, &hi);
  if (lo == hi) return;
  if (whole) lo = 0, hi = whole->n;
  relax_extrapolate(hi - lo, ratio, before + lo, from + lo, guess->drive[stage] + lo);
}

/* Predict every stage and send the values on their way. */
static void predict(struct stepper *st, double h)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;
  struct moment *guess = ((struct lockstep *)st->own)->guess;

  guess->u = st->to->u;
  memcpy(guess->target, st->to->target, (size_t)sys->net->n[sys->net->L] * sizeof(double));
  for (int k = 0; k < system_stages(sys); k++) {
    const struct stage *stage = &m->stage[k];
    long lo, hi;
    /* The input is known, but of other ranks' rows of a whole drive only the past is. */
    if (stage->synapse != NONE && m->synapse[stage->synapse].pre == INPUT && !sys->drive[k])
      pending_product(st->pending, stage->synapse, st->to->u, h, NULL, guess->drive[k]);
    else if (stage->synapse != NONE)
      extrapolate(st, k, h, guess);
    m->kind->step(m, k, &st->leak[k], NULL, st->from, guess);
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(st->to->value[k] + lo, guess->value[k] + lo, (size_t)(hi - lo) * sizeof(double));
    route_begin(sys->value[k]);
  }
}

/* Wait for a stage's vector and hand it on. */
static void receive(struct stepper *st, int stage)
{
  const struct system *sys = st->solver->sys;
  bool *here = ((struct lockstep *)st->own)->here;

  if (here[stage]) return;
  here[stage] = true;
  route_end(sys->value[stage]);
  if (!system_uses(sys, stage)) return;
  if (st->owed) stepper_amend(st, stage);
  pending_meet(st->pending, stage, st->to->value[stage]);
}

/* Does the vector that drives a stage travel, or that of a stage of its layer before it, whose
 * drive says which rows matter? */
static bool waits(const struct system *sys, int stage)
{
  const struct model *m = sys->model;

  for (int k = 0; k <= stage; k++) {
    if (m->stage[k].layer != m->stage[stage].layer || m->stage[k].synapse == NONE) continue;
    const int pre = m->synapse[m->stage[k].synapse].pre;
    if (pre != INPUT && sys->value[pre]->requests > 0) return true;
  }
  return false;
}

/* Drives at t+h: first those that need no vector on its way, while the others travel; then each as
 * its vector arrives, in the cascade's order. */
static void drive_all(struct stepper *st, double h)
{
  const struct lockstep *ls = st->own;
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;
  const int stages = system_stages(sys);

  memset(ls->here, 0, (size_t)stages * sizeof *ls->here);
  for (int late = 0; late < 2; late++)
    for (int k = 0; k < stages; k++) {
      const int syn = m->stage[k].synapse, pre = syn == NONE ? INPUT : m->synapse[syn].pre;
      if (syn == NONE || ls->late[k] != (late == 1)) continue;
      if (pre != INPUT) receive(st, pre);
      stepper_multiply(st, k, h);
      if (sys->drive[k]) route_begin(sys->drive[k]);
    }
  for (int k = 0; k < stages; k++) receive(st, k);
  for (int k = 0; k < stages; k++)
    if (sys->drive[k]) route_end(sys->drive[k]);
  st->owed = false;
}

static void lockstep_try(struct stepper *st, double h)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;
  struct lockstep *ls = st->own;

  predict(st, h);
  drive_all(st, h);
  ls->fixed->u = st->to->u;
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    struct verdict v =
        m->kind->step(m, k, &st->leak[k], st->has_before ? st->before : NULL, st->from, ls->fixed);
    system_rows(sys, k, &lo, &hi);
    const double gap =
        lo < hi ? relax_gap_f64(hi - lo, ls->fixed->value[k] + lo, st->to->value[k] + lo) : 0;
    if (isfinite(v.error)) v.error = isfinite(gap) ? fmax(v.error, GAP * gap) : INFINITY;
    st->verdict[k] = v;
  }
  st->solver->stats.evaluations++;
}

/* The next step begins at the corrected values, and its messages carry the means of this one. */
static void lockstep_accepted(struct stepper *st)
{
  struct moment *fixed = ((struct lockstep *)st->own)->fixed;

  for (int k = 0; k < system_stages(st->solver->sys); k++) {
    double *const spare = st->from->value[k];
    st->from->value[k] = fixed->value[k];
    fixed->value[k] = spare;
  }
  st->owed = true;
}

static void lockstep_create(struct solver *s, const struct job *job)
{
  struct stepper *st = stepper_create(s);
  struct lockstep *ls = fail_alloc(1, sizeof *ls);

  (void)job;
  s->own = st;
  st->own = ls;
  ls->here = fail_alloc((size_t)s->sys->model->stages, sizeof *ls->here);
  ls->late = fail_alloc((size_t)s->sys->model->stages, sizeof *ls->late);
  for (int k = 0; k < s->sys->model->stages; k++) ls->late[k] = waits(s->sys, k);
  ls->guess = moment_create(s->sys);
  ls->fixed = moment_create(s->sys);
  ls->own_drive = ls->fixed->drive;
  ls->own_force = ls->fixed->force;
  ls->own_mean = ls->fixed->mean;
  ls->own_scale = ls->fixed->scale;
  ls->own_target = ls->fixed->target;
  ls->fixed->drive = st->to->drive;
  ls->fixed->force = st->to->force;
  ls->fixed->mean = st->to->mean;
  ls->fixed->scale = st->to->scale;
  ls->fixed->target = st->to->target;
}

static void lockstep_destroy(struct solver *s)
{
  struct stepper *st = s->own;
  struct lockstep *ls = st->own;

  ls->fixed->drive = ls->own_drive;
  ls->fixed->force = ls->own_force;
  ls->fixed->mean = ls->own_mean;
  ls->fixed->scale = ls->own_scale;
  ls->fixed->target = ls->own_target;
  moment_destroy(ls->guess);
  moment_destroy(ls->fixed);
  free(ls->here);
  free(ls->late);
  free(ls);
  stepper_destroy(st);
}

static double lockstep_bytes(const struct job *job, const struct model *m, int rank)
{
  (void)job;
  return stepper_bytes(m, rank) + 2 * moment_bytes(m, rank);
}

static enum outcome lockstep_advance(struct solver *s, double *reached)
{
  return stepper_walk(s->own, lockstep_try, lockstep_accepted, reached);
}

const struct solver_kind solver_lockstep = {
    .name = "lockstep",
    .about = "exponential steps, all layers at once",
    .means = true,
    .columns = true,
    .step = {.values = 1, .drives = 1, .reductions = 1},
    .presentation = {.values = 2, .drives = 1}, /* taking up, and the last step's means */
    .create = lockstep_create,
    .destroy = lockstep_destroy,
    .bytes = lockstep_bytes,
    .advance = lockstep_advance,
};
