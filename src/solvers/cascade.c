/* SPDX-License-Identifier: BSD-3-Clause */
/* cascade.c - up the layers for y, down for z, within each step
 *
 * y_l depends only on layers below and z_l only on layers above and on s, so taking the stages in
 * order makes the implicit exponential step
 *   v(t+h) = E v + c0 f(t) + c1 f(t+h)
 * explicit: f(t+h) of a stage needs values at t+h of earlier stages only. Where the last step says
 * how f curves, v follows the parabola. Each matrix is used once a step and no step size is
 * unstable. Of the weights at t+h, the part that the step itself adds is guessed from its left end;
 * what is missing is of order h^2/tau_pot and judged (stepper.c). Order 2. */
#include "stepper.h"

static void cascade_try(struct stepper *st, double h)
{
  const struct system *sys = st->solver->sys;
  const struct model *m = sys->model;

  for (int k = 0; k < system_stages(sys); k++) {
    if (m->stage[k].synapse != NONE) stepper_multiply(st, k, h);
    system_share_drive(sys, k);
    st->verdict[k] =
        m->kind->step(m, k, &st->leak[k], st->has_before ? st->before : NULL, st->from, st->to);
    system_share_value(sys, k);
    if (system_uses(sys, k)) pending_meet(st->pending, k, st->to->value[k]);
  }
  st->solver->stats.evaluations++;
}

static void cascade_create(struct solver *s, const struct job *job)
{
  (void)job;
  s->own = stepper_create(s);
}

static void cascade_destroy(struct solver *s)
{
  stepper_destroy(s->own);
}

static double cascade_bytes(const struct job *job, const struct model *m, int rank)
{
  (void)job;
  return stepper_bytes(m, rank);
}

static enum outcome cascade_advance(struct solver *s, double *reached)
{
  return stepper_walk(s->own, cascade_try, NULL, reached);
}

const struct solver_kind solver_cascade = {
    .name = "cascade",
    .about = "exponential steps, layer by layer",
    .means = true,
    .columns = true,
    .step = {.values = 1, .drives = 1, .reductions = 1},
    .presentation = {.values = 1, .drives = 1}, /* taking up */
    .serial = true,
    .create = cascade_create,
    .destroy = cascade_destroy,
    .bytes = cascade_bytes,
    .advance = cascade_advance,
};
