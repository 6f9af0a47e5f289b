/* SPDX-License-Identifier: BSD-3-Clause */
#include "relax.h"
#include "stepper.h"
#include "watch.h"
#include <stdlib.h>
#include <string.h>

static const double GROWTH = 2, SAFETY = 0.85; /* of the step size */
/* How many times an error of the averages that weights learn from counts: chosen where error in the
 * weights against steps was best on three networks (docs/performance.md). */
static const double LEARNING = 5;
/* Steps share a node of pending products while that costs the weights at most this share of the
 * tolerance. */
static const double JOINING = 0.1;

struct stepper *stepper_create(struct solver *solver)
{
  const struct system *sys = solver->sys;
  struct stepper *st = fail_alloc(1, sizeof *st);

  st->solver = solver;
  st->before = moment_create(sys);
  st->from = moment_create(sys);
  st->to = moment_on_routes(sys);
  st->pending = pending_create(sys);
  st->leak = fail_alloc((size_t)sys->model->stages, sizeof *st->leak);
  st->verdict = fail_alloc((size_t)sys->model->stages, sizeof *st->verdict);
  st->size = fail_alloc((size_t)sys->model->stages, sizeof *st->size);
  st->drift = fail_alloc((size_t)sys->model->stages, sizeof *st->drift);
  st->open.row = fail_alloc((size_t)network_widest(sys->net) + LIST_SPARE, sizeof *st->open.row);
  st->tau_least = INFINITY;
  for (int k = 0; k < sys->model->stages; k++)
    st->tau_least = fmin(st->tau_least, sys->model->stage[k].tau);
  return st;
}

double stepper_bytes(const struct model *m, int rank)
{
  return 2 * moment_bytes(m, rank) + moment_bytes_on_routes(m, rank, true) +
         pending_bytes(m, rank) + (double)network_widest(m->net) * sizeof(int);
}

void stepper_destroy(struct stepper *st)
{
  if (!st) return;
  moment_destroy(st->before);
  moment_destroy(st->from);
  moment_destroy(st->to);
  pending_destroy(st->pending);
  free(st->leak);
  free(st->open.row);
  free(st->verdict);
  free(st->size);
  free(st->drift);
  free(st);
}

void stepper_evaluate(struct stepper *st, struct moment *at)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;

  for (int k = 0; k < system_stages(sys); k++) {
    if (m->stage[k].synapse != NONE)
      pending_product(st->pending, m->stage[k].synapse, at->u, 0, NULL, at->drive[k]);
    system_share_drive(sys, k);
    m->kind->force(m, k, at);
  }
  st->solver->stats.evaluations++;
}

void stepper_multiply(struct stepper *st, int k, double h)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;
  const int syn = m->stage[k].synapse;
  const double cols = (double)m->synapse[syn].cols;
  const long rows = sys->state->matrix[syn].rows;
  const bool choose = model_chooses(m, k);

  if (choose) m->kind->open(m, k, GROWTH, st->from, st->to, &st->open);
  const double read =
      pending_product(st->pending, syn, st->to->u, h, choose ? &st->open : NULL, st->to->drive[k]);
  if (m->synapse[syn].pre == INPUT) return;
  st->solver->stats.weights += cols * (double)rows;
  st->solver->stats.chosen += read;
}

/* The first step after an onset. The start of a ramp is x = 3 (u/ramp)^2, whose curvature the step
 * must resolve; without a ramp the shortest time constant sets the scale. */
static double first_step(const struct stepper *st)
{
  const double ramp = st->solver->sys->presenter->ramp, tau = st->tau_least;
  const double scale = ramp > 0 ? fmin(ramp, cbrt(tau * ramp * ramp)) : tau;

  return scale * cbrt(fmin(st->solver->relative, 0.1));
}

/* Take the state up: values on the routes, everything evaluated at u = 0. */
static void take_up(struct stepper *st)
{
  const struct system *sys = st->solver->sys;

  for (int k = 0; k < sys->model->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(st->to->value[k] + lo, sys->state->value[k], (size_t)(hi - lo) * sizeof(double));
    system_share_value(sys, k);
  }
  st->to->u = 0;
  st->owed = false;
  pending_begin(st->pending);
  for (int k = 0; k < system_stages(sys); k++)
    if (system_uses(sys, k)) pending_meet(st->pending, k, st->to->value[k]);
  system_enter((struct system *)sys, 0, st->to);
  stepper_evaluate(st, st->to);
  pending_first(st->pending, st->to);
  moment_copy(sys, st->to, st->from);
  memset(st->size, 0, (size_t)sys->model->stages * sizeof *st->size);
}

/* The means of the last step where lockstep has not sent them yet. */
static void settle_debts(struct stepper *st)
{
  const struct system *sys = st->solver->sys;

  if (!st->owed) return;
  for (int k = 0; k < system_stages(sys); k++) {
    system_share_value(sys, k);
    stepper_amend(st, k);
  }
  st->owed = false;
}

/* Put the state down as of moment `at`. */
static void put_down(struct stepper *st, const struct moment *at)
{
  const struct system *sys = st->solver->sys;

  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(sys->state->value[k], at->value[k] + lo, (size_t)(hi - lo) * sizeof(double));
  }
  settle_debts(st);
  pending_fold(st->pending);
  const int out = sys->model->output;
  if (sys->value[out]->lo < sys->value[out]->hi)
    memcpy(st->solver->answer, st->to->drive[out], (size_t)sys->value[out]->n * sizeof(double));
}

/* Stages mostly share their family's time constant. */
static void set_leaks(struct stepper *st, double h)
{
  const struct system *sys = st->solver->sys;

  for (int k = 0; k < system_stages(sys); k++) {
    const double tau = sys->model->stage[k].tau;
    int same = k - 1;
    while (same >= 0 && st->leak[same].tau != tau) same--;
    st->leak[k] = same >= 0 ? st->leak[same] : leak_over(h, tau);
  }
}

/* How far what a synapse learns from moved from the step's left end to its average. */
static double post_moves(const struct stepper *st, const struct synapse *syn)
{
  long lo, hi;

  if (!syn->post_drive) return st->verdict[syn->post].moves;
  system_rows(st->solver->sys, syn->post, &lo, &hi);
  if (lo == hi) return 0;
  return relax_gap_f64(hi - lo, st->from->drive[syn->post] + lo, st->to->drive[syn->post] + lo) / 2;
}

/* What a step adds to the weights was guessed from its left end; now its averages are known. What
 * the guess missed is missing in the drives at its end, so in what is made of them: much, where a
 * unit held at its threshold opened its gate within the step. */
static void judge_guess(struct stepper *st, double h)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;

  for (int k = 0; sys->learning && k < m->stages; k++) {
    const int synapse = m->stage[k].synapse;
    if (synapse == NONE || !m->synapse[synapse].learns) continue;
    const double missed =
        pending_missed(st->pending, synapse, st->to->u, h, post_moves(st, &m->synapse[synapse]));
    st->verdict[k].error = more_of(st->verdict[k].error, st->leak[k].c1 * missed);
  }
}

enum { VERDICTS = sizeof(struct verdict) / sizeof(double) }; /* all its members are numbers */

/* The largest verdicts over all ranks. */
static void agree(const struct stepper *st)
{
  const struct system *sys = st->solver->sys;

  for (int k = 0; sys->learning && k < sys->model->stages; k++)
    st->verdict[k].drift = pending_drift(st->pending, k, st->to->mean[k]);
  if (sys->part->size == 1) return;
  WAIT_MPI(MPI_Allreduce(MPI_IN_PLACE, st->verdict, VERDICTS * system_stages(sys), MPI_DOUBLE,
                         MPI_MAX, sys->comm));
  st->solver->stats.reductions++;
}

/* The largest error over its tolerance. An error of y or z counts at the end of the step, relative
 * to its family. What the weights learn from counts over the whole presentation, relative to the
 * stage itself: a step that is exact at its end may still be too long for them. */
static double judge(const struct stepper *st, double h)
{
  const struct solver *s = st->solver;
  const struct model *m = s->sys->model;
  const int stages = system_stages(s->sys);
  double size[FAMILIES] = {0}, ratio = 0;

  for (int k = 0; k < stages; k++) {
    double *family = &size[m->stage[k].family];
    *family = more_of(*family, more_of(st->size[k], st->verdict[k].size));
  }
  for (int k = 0; k < stages; k++) {
    const struct verdict *v = &st->verdict[k];
    if (!isfinite(v->error) || !(v->size < TOO_LARGE)) return INFINITY;
    ratio = more_of(ratio, v->error / (s->relative * size[m->stage[k].family] + s->absolute));
    if (s->sys->learning)
      ratio = more_of(ratio, LEARNING * v->blur * h / s->sys->presenter->duration /
                                 (s->relative * more_of(st->size[k], v->size) + s->absolute));
  }
  return ratio;
}

/* The other ranks' rows of the last step's averages are here: they follow ours. */
void stepper_amend(struct stepper *st, int stage)
{
  if (system_uses(st->solver->sys, stage)) pending_amend(st->pending, stage, st->to->mean[stage]);
}

static bool joins(const struct stepper *st, double h)
{
  const struct solver *s = st->solver;

  return s->sys->learning &&
         pending_may_join(st->pending, h, st->drift, st->size,
                          JOINING * s->relative * s->sys->presenter->duration, s->max_step);
}

static void accept(struct stepper *st, double h, step_accepted *accepted)
{
  const struct system *sys = st->solver->sys;
  struct moment *spare = st->before;

  for (int k = 0; k < system_stages(sys); k++) {
    st->size[k] = more_of(st->size[k], st->verdict[k].size);
    st->drift[k] = st->verdict[k].drift;
  }
  pending_accept(st->pending, h, joins(st, h), st->from, st->to);
  st->before = st->from;
  st->from = spare;
  moment_take(sys, st->to, st->from);
  if (accepted) accepted(st);
  for (int k = 0; !st->owed && sys->learning && k < sys->model->stages; k++) stepper_amend(st, k);
  st->has_before = true;
  st->solver->stats.steps++;
  system_observe(sys, st->from);
}

/* Enter a segment: at an onset the past says nothing about what comes, and forces that depend on
 * the target alone may have jumped. */
static void enter(struct stepper *st, int k)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;

  st->segment = k;
  if (k > 0) system_enter((struct system *)sys, k, st->from);
  if (!sys->onset[k]) return;
  st->has_before = false;
  st->failed = false;
  st->h = first_step(st);
  for (int s = 0; k > 0 && s < system_stages(sys); s++)
    if (m->stage[s].synapse == NONE) m->kind->force(m, s, st->from);
}

/* Equal steps of at most h to the end of the segment. */
static double fit(const struct stepper *st, double left)
{
  const double h = fmin(st->h, st->solver->max_step);

  return left / ceil(left / h * (1 - 1e-9));
}

enum outcome stepper_walk(struct stepper *st, step_try *attempt, step_accepted *accepted,
                          double *reached)
{
  struct solver *s = st->solver;
  const struct system *sys = s->sys;
  const double least = 1e-10 * fmin(st->tau_least, sys->presenter->duration);

  take_up(st);
  system_observe(sys, st->from);
  for (int k = 0; k < sys->segments; k++) {
    const double end = sys->segment[k + 1];
    enter(st, k);
    while (st->from->u < end) {
      const double left = end - st->from->u, h = fit(st, left);
      const bool lands = h > left * (1 - 1e-9);

      system_look(sys, k, lands ? end : st->from->u + h, st->to);
      set_leaks(st, h);
      attempt(st, h);
      judge_guess(st, h);
      agree(st);
      const double ratio = judge(st, h);
      if (ratio <= 1)
        accept(st, h, accepted);
      else
        s->stats.rejected++;
      /* After a rejection the next step may not grow at once: whatever it met is still there. */
      const double growth = st->failed ? 1 : GROWTH;
      st->failed = ratio > 1;
      st->h = h * fmin(growth, fmax(0.1, SAFETY / cbrt(fmax(ratio, 1e-6))));
      if (ratio > 1 && st->h < least) { /* no step is short enough: a blow-up */
        *reached = st->from->u;
        put_down(st, st->from);
        return DIVERGED;
      }
    }
  }
  *reached = st->from->u;
  put_down(st, st->from);
  return ADVANCED;
}
