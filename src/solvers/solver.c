/* SPDX-License-Identifier: BSD-3-Clause */
#include "solver.h"
#include <stdlib.h>

/* In the order of the choices of solver.name. */
static const struct solver_kind *const kinds[] = {&solver_cascade, &solver_lockstep, &solver_cvode,
                                                  &solver_erk, &solver_discrete};

const struct key solver_keys[] = {
    {"solver.name", KEY_CHOICE, KEY_FIXED, "cascade", 0, 0, false,
     "cascade|lockstep|cvode|erk|discrete", "",
     "cascade: layer by layer within a step; lockstep: all layers at once, for many ranks; cvode: "
     "SUNDIALS CVODE on the whole state, the reference; erk: Tsitouras 5(4) on the whole state, "
     "document 001's method; discrete: one update a presentation"},
    {"solver.relative", KEY_REAL, KEY_FIXED, "1.5e-3; solver.name=erk: 2e-3", 1e-14, 1e6, false,
     NULL, "1",
     "tolerance of a step relative to the size of y and of z, max norm; erk: to each element of y, "
     "z, W and V, root mean square"},
    {"solver.absolute", KEY_REAL, KEY_FIXED, "1e-12; solver.name=erk: 1e-5", 0, INFINITY, false,
     NULL, "1",
     "tolerance of a step added to the relative one; with cascade and lockstep what silent relu "
     "units "
     "have less of counts as 0"},
    {"solver.max_step", KEY_TIME, KEY_FIXED, "1000 s", 0, INFINITY, true, NULL, "s",
     "longest step"},
    {"solver.method", KEY_CHOICE, KEY_FIXED, "bdf", 0, 0, false, "bdf|adams", "",
     "cvode only: BDF with Newton-Krylov, or Adams with fixed-point iteration"},
    {"solver.pcoeff", KEY_REAL, KEY_FIXED, "0", 0, 10, false, NULL, "1",
     "erk only: proportional coefficient of the step controller, as of Diffrax's PIDController"},
    {"solver.icoeff", KEY_REAL, KEY_FIXED, "1", 0, 10, true, NULL, "1",
     "erk only: its integral coefficient"},
    {"solver.dcoeff", KEY_REAL, KEY_FIXED, "0", 0, 10, false, NULL, "1",
     "erk only: its derivative coefficient"},
    {"solver.max_order", KEY_INTEGER, KEY_FIXED, "3", 1, 12, false, NULL, "1",
     "cvode only: highest order, at most 5 for bdf; each order keeps one more copy of the state"},
    {"solver.preconditioner", KEY_CHOICE, KEY_FIXED, "sweep", 0, 0, false, "sweep|layer|none", "",
     "cvode with bdf only: sweep: the cascade's, layer after layer; layer: each layer by itself, "
     "without messages"},
    {0},
};

const struct solver_kind *solver_kind_of(const struct job *job)
{
  const struct solver_kind *own = model_kind_of(job)->solver;

  return own ? own : kinds[job_choice(job, "solver.name")];
}

const struct solver_kind *solver_kind_at(int k)
{
  return k < (int)(sizeof kinds / sizeof *kinds) ? kinds[k] : NULL;
}

struct solver *solver_create(const struct job *job, struct system *sys)
{
  struct solver *s = fail_alloc(1, sizeof *s);

  s->kind = solver_kind_of(job);
  s->sys = sys;
  s->relative = job_real(job, "solver.relative");
  s->absolute = job_real(job, "solver.absolute");
  s->max_step = job_real(job, "solver.max_step");
  s->answer = fail_alloc((size_t)sys->net->n[sys->net->L], sizeof *s->answer);
  s->kind->create(s, job);
  return s;
}

void solver_destroy(struct solver *s)
{
  if (!s) return;
  s->kind->destroy(s);
  free(s->answer);
  free(s);
}

enum outcome solver_advance(struct solver *s, long p, double *reached)
{
  if (s->kind->batch) return s->kind->batch->advance(s, p, reached);
  system_begin(s->sys, p);
  return s->kind->advance(s, reached);
}

int solver_figures(struct solver *s, const struct figure **list)
{
  *list = NULL;
  return s->kind->batch ? s->kind->batch->figures(s, list) : 0;
}

const char *solver_length_key(const struct job *job)
{
  const struct batch_kind *batch = solver_kind_of(job)->batch;

  return batch ? batch->length : "present.samples";
}

long solver_length(const struct job *job)
{
  return job_integer(job, solver_length_key(job));
}

int solver_notes(struct solver *s, struct note *note)
{
  return s->kind->notes ? s->kind->notes(s, note) : 0;
}

int solver_fields(struct solver *s, struct field **fields)
{
  *fields = NULL;
  return s->kind->fields ? s->kind->fields(s, fields) : 0;
}

void solver_check(const struct job *job, struct faults *faults)
{
  const struct solver_kind *kind = solver_kind_of(job);

  if (kind->check) kind->check(job, faults);
}
