/* SPDX-License-Identifier: BSD-3-Clause */
/* discrete.c - no dynamics: the slow manifold and one update a presentation
 *
 * The limit of infinitely fast y and z and slow weights, and the baseline of both documents:
 *   W <- e^(-T/tau_dec) W + (1 - e^(-T/tau_dec)) tau_dec/tau_pot z y'
 * which is W + (T/tau_pot) z y' with the decay exact; or with the step of Adam for the gradient
 * z y' in place of the second term. */
#include "adam.h"
#include "settle.h"
#include "solver.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

const struct key discrete_keys[] = {
    {"discrete.optimizer", KEY_CHOICE, KEY_FIXED, "plain", 0, 0, false, "plain|adam", "",
     "plain: each update is T/tau_pot z y'; adam: that of Adam for the gradient z y', tau_pot "
     "having no say. Both leave the decay as it is: T/tau_dec an update"},
    {"discrete.rate", KEY_REAL, KEY_FIXED, "0.001", 0, INFINITY, true, NULL, "1",
     "adam only: learning rate"},
    {"discrete.beta1", KEY_REAL, KEY_FIXED, "0.9", 0, 0.999999999, false, NULL, "1",
     "adam only: what the running mean of the gradient keeps of itself at an update"},
    {"discrete.beta2", KEY_REAL, KEY_FIXED, "0.999", 0, 0.999999999, false, NULL, "1",
     "adam only: the same of its square"},
    {"discrete.epsilon", KEY_REAL, KEY_FIXED, "1e-8", 1e-30, INFINITY, false, NULL, "1",
     "adam only: added to the root of that mean, by which updates are divided"},
    {0},
};

/* Squares of gradients must fit single precision. */
static const double adam_too_large = 1e9;

struct discrete {
  struct settler *settler;
  struct adam *adam; /* NULL: plain updates */
  void *p, *q; /* [largest width padded] the two vectors of an update, as the weights want them */
};

static void discrete_check(const struct job *job, struct faults *faults)
{
  if (job_real(job, "present.label_delay") != 0)
    faults_add(faults, "present.label_delay = %g s: solver discrete has no clock; must be 0 (%s)",
               job_real(job, "present.label_delay"), job_place(job, "present.label_delay"));
  if (job_real(job, "kp.noise") != 0)
    faults_add(faults, "kp.noise = %g: solver discrete has no clock; must be 0 (%s)",
               job_real(job, "kp.noise"), job_place(job, "kp.noise"));
}

static bool uses_adam(const struct job *job)
{
  return job_choice(job, "discrete.optimizer") == 1;
}

static void discrete_create(struct solver *s, const struct job *job)
{
  struct discrete *d = fail_alloc(1, sizeof *d);
  const struct network *net = s->sys->net;
  const size_t widest = (size_t)network_widest(net);

  d->settler = settler_create(s->sys);
  if (uses_adam(job)) d->adam = adam_create(job, s->sys->state);
  d->p = fail_alloc(widest, vectors_unit(net->single));
  d->q = fail_alloc(widest, vectors_unit(net->single));
  s->own = d;
}

static void discrete_destroy(struct solver *s)
{
  struct discrete *d = s->own;

  adam_destroy(d->adam);
  settler_destroy(d->settler);
  free(d->p);
  free(d->q);
  free(d);
}

static double discrete_bytes(const struct job *job, const struct model *m, int rank)
{
  return settler_bytes(m, rank, false) + (uses_adam(job) ? adam_bytes(m, rank) : 0) +
         2 * (double)network_widest(m->net) * (double)vectors_unit(m->net->single);
}

/* The error's side carries the rate, so that W and the V that learns alike stay transposes. */
static void update(struct solver *s, int k)
{
  struct discrete *d = s->own;
  const struct system *sys = s->sys;
  const struct synapse *syn = &sys->model->synapse[k];
  const struct moment *at = settler_moment(d->settler);
  struct matrix *M = &sys->state->matrix[k];
  const double T = sys->presenter->duration;
  const double loss = -expm1(-T / syn->tau_dec);
  const double rate = d->adam ? 1 : syn->tau_dec / syn->tau_pot * expm1(T / syn->tau_dec);
  const bool error_is_post = sys->model->stage[syn->post].family == ERROR;
  const double *pre = syn->pre == INPUT ? sys->presenter->x_to : at->value[syn->pre];
  long lo, hi;

  system_rows(sys, syn->post, &lo, &hi);
  if (lo == hi || !syn->learns) return;
  const double *post = (syn->post_drive ? at->drive[syn->post] : at->value[syn->post]) + lo;
  vectors_store(M->single, error_is_post ? rate : 1, post, M->rows, d->p);
  vectors_store(M->single, error_is_post ? 1 : rate, pre, M->ld, d->q);
  if (d->adam)
    adam_step(d->adam, k, sys->presenter->p + 1, loss, d->p, d->q);
  else
    matrix_fold(M, NULL, loss, 1, d->p, M->ld, d->q, M->ld);
}

static bool all_bounded(struct solver *s)
{
  const struct system *sys = s->sys;
  const struct discrete *d = s->own;
  const struct moment *at = settler_moment(d->settler);
  const double bound = d->adam ? adam_too_large : TOO_LARGE;
  int finite = 1;

  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    for (long i = lo; i < hi; i++) finite &= fabs(at->value[k][i]) < bound;
  }
  if (sys->part->size > 1) {
    CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &finite, 1, MPI_INT, MPI_LAND, sys->comm));
    s->stats.reductions++;
  }
  return finite;
}

static enum outcome discrete_advance(struct solver *s, double *reached)
{
  struct discrete *d = s->own;
  const struct system *sys = s->sys;
  struct moment *at = settler_moment(d->settler);
  const int out = sys->model->output;

  system_look(sys, sys->segments - 1, sys->presenter->duration, at);
  settle(d->settler, sys->presenter->x_to);
  s->stats.evaluations++;
  *reached = 0;
  if (!all_bounded(s)) return DIVERGED;
  for (int k = 0; sys->learning && k < sys->model->synapses; k++) update(s, k);
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(sys->state->value[k], at->value[k] + lo, (size_t)(hi - lo) * sizeof(double));
  }
  if (sys->value[out]->lo < sys->value[out]->hi)
    memcpy(s->answer, at->drive[out], (size_t)sys->value[out]->n * sizeof(double));
  s->stats.steps++;
  *reached = sys->presenter->duration;
  return ADVANCED;
}

static int discrete_fields(struct solver *s, struct field **fields)
{
  struct discrete *d = s->own;

  return d->adam ? adam_fields(d->adam, fields) : 0;
}

const struct solver_kind solver_discrete = {
    .name = "discrete",
    .about = "the slow manifold and one update a presentation",
    .step = {.values = 1, .drives = 1, .reductions = 1},
    .jumps = true,
    .check = discrete_check,
    .create = discrete_create,
    .destroy = discrete_destroy,
    .bytes = discrete_bytes,
    .advance = discrete_advance,
    .fields = discrete_fields,
};
