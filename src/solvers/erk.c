/* SPDX-License-Identifier: BSD-3-Clause */
/* erk.c - SUNDIALS ARKODE's explicit Runge-Kutta on the whole state: document 001's own method
 *
 * Tsitouras 5(4) with the tolerances of document 001, and with the error norm and the step control
 * of the library it used, Diffrax, so that like can be compared with like. All of y, z, W, V are
 * formed at every stage, in double precision. The step is limited by the shortest time constant.
 *
 * Step and error history go on from one presentation to the next, as they do in a general solver
 * that knows of no presentations. They are not ARKODE's, which cannot hand its own over, but ours:
 * struct controller, which state files hold. All else of ARKODE starts anew at each presentation,
 * so a continued run takes the very same steps. */
#include "rates.h"
#include "solver.h"
#include "store.h"
#include "tsit5.h"
#include <arkode/arkode_erkstep.h>
#include <stdlib.h>
#include <string.h>

/* Diffrax's: what is aimed at, and how much a step may grow or shrink. */
#define SAFETY 0.9
#define GROWTH 10.0
#define SHRINK 0.2

struct controller {
  double step;        /* the next to try, were there no kink in its way [s]; 0: no past */
  double past[2];     /* 1 / error of the last accepted step, and of the one before */
  bool rejected;      /* the step at hand has been tried before */
  bool hopeless;      /* not even the shortest step stays within bounds */
  double least, most; /* steps [s] */
  double gain[3];     /* exponents of 1 / error of this step and of the past */
};

struct erk {
  struct rates *rates; /* the equations; owned */
  double relative, absolute;
  struct controller control;
  SUNContext context;
  void *arkode;
  ARKodeButcherTable table;
  N_Vector v;      /* the state */
  N_Vector scaled; /* the error over its tolerance */
  N_Vector end;    /* where the equations were last evaluated: the end of a step that is judged,
                      for the last stage of the method is its result; ARKODE's */
};

/* --- the equations and the error --- */

static int right_hand_side(realtype u, N_Vector v, N_Vector dv, void *user)
{
  struct erk *e = user;

  e->end = v;
  rates_derive(e->rates, u, NV_DATA_P(v), NV_DATA_P(dv));
  return 0;
}

static double larger(double a, double b)
{
  return a > b ? a : b;
}

static double tolerance(const struct erk *e, double v)
{
  return e->relative * fabs(v) + e->absolute;
}

static int error_weights(N_Vector v, N_Vector w, void *user)
{
  const struct erk *e = user;
  const double *value = NV_DATA_P(v);
  double *weight = NV_DATA_P(w);

  for (long i = 0; i < e->rates->whole->length; i++) weight[i] = 1 / tolerance(e, value[i]);
  return 0;
}

/* How many elements of the state can change. */
static double count_moving(const struct system *sys)
{
  const struct model *m = sys->model;
  double count = 0;

  for (int k = 0; k < system_stages(sys); k++) count += (double)sys->net->n[m->stage[k].layer];
  for (int k = 0; sys->learning && k < m->synapses; k++)
    if (m->synapse[k].learns) count += (double)m->synapse[k].rows * (double)m->synapse[k].cols;
  return count;
}

/* The root of the mean square over all that can change of x over its tolerance, that of the larger
 * of the element's sizes at the ends of the step. SUNDIALS' weights w know its start only. The
 * shortest step will do whatever its error, so long as nothing grows too large: it crosses a
 * switch, where the equations jump. */
static double mean_error(void *who, N_Vector x, N_Vector w)
{
  struct erk *e = who;
  const double *error = NV_DATA_P(x), *weight = NV_DATA_P(w), *end = NV_DATA_P(e->end);
  double *scaled = NV_DATA_P(e->scaled);

  for (long i = 0; i < e->rates->whole->length; i++)
    scaled[i] = error[i] / larger(1 / weight[i], tolerance(e, end[i]));
  const double mean = N_VDotProd(e->scaled, e->scaled) / count_moving(e->rates->sys);
  if (!isfinite(mean) || !(N_VMaxNorm(e->end) < TOO_LARGE)) return INFINITY;
  return e->control.step > e->control.least ? sqrt(mean) : fmin(sqrt(mean), 1);
}

enum { BLOCK = 512 };

/* z = sum of c_k x_k, block by block: one pass over memory where the stock operation takes one for
 * each of the up to eight vectors of a stage. z may be one of x. */
static int combine(int n, realtype *c, N_Vector *x, N_Vector z)
{
  const long length = NV_LOCLENGTH_P(z);
  double sum[BLOCK];

  for (long first = 0; first < length; first += BLOCK) {
    const long count = length - first < BLOCK ? length - first : BLOCK;
    for (long i = 0; i < count; i++) sum[i] = c[0] * NV_DATA_P(x[0])[first + i];
    for (int k = 1; k < n; k++) {
      const double *from = NV_DATA_P(x[k]) + first, by = c[k];
      for (long i = 0; i < count; i++) sum[i] += by * from[i];
    }
    memcpy(NV_DATA_P(z) + first, sum, (size_t)count * sizeof *sum);
  }
  return 0;
}

/* --- the controller --- */

/* h' = h min(GROWTH, max(low, SAFETY r_n^gain0 r_{n-1}^gain1 r_{n-2}^gain2)), r = 1 / error, with
 * low = 1 after a success and SHRINK after a failure. A step that was only cut short by a kink
 * does not count against the next. ARKODE multiplies what it is given by SAFETY. */
static int next_step(N_Vector v, realtype u, realtype h, realtype h1, realtype h2, realtype error,
                     realtype e1, realtype e2, int q, int p, realtype *next, void *user)
{
  struct controller *c = user;
  const bool accepted = error <= 1;
  const double now = 1 / error; /* infinite without an error, 0 for a step that blew up */
  double factor =
      SAFETY * pow(now, c->gain[0]) * pow(c->past[0], c->gain[1]) * pow(c->past[1], c->gain[2]);

  (void)v, (void)u, (void)h1, (void)h2, (void)e1, (void)e2, (void)q, (void)p;
  factor = fmin(c->rejected ? 1 : GROWTH, fmax(accepted ? 1 : SHRINK, factor));
  const bool cut = accepted && h < c->step * (1 - 1e-9);
  c->step = fmax(fmin(cut ? fmax(c->step, h * factor) : h * factor, c->most), c->least);
  if (accepted) {
    c->past[1] = c->past[0];
    c->past[0] = isfinite(now) ? now : 1;
  }
  c->rejected = !accepted;
  c->hopeless = !accepted && h <= c->least;
  *next = c->step / SAFETY;
  return c->hopeless ? -1 : 0;
}

/* Without a past: a small part of the shortest time constant; a rejection costs little, once. */
static void forget(struct controller *c, const struct model *m)
{
  c->step = c->most;
  for (int k = 0; k < m->stages; k++) c->step = fmin(c->step, 0.01 * m->stage[k].tau);
  c->past[0] = c->past[1] = 1;
}

static void set_up_controller(struct controller *c, const struct solver *s, const struct job *job)
{
  const double p = job_real(job, "solver.pcoeff"), i = job_real(job, "solver.icoeff"),
               d = job_real(job, "solver.dcoeff"), order = 5;
  const struct model *m = s->sys->model;

  c->gain[0] = (p + i + d) / order;
  c->gain[1] = -(p + 2 * d) / order;
  c->gain[2] = d / order;
  c->most = s->max_step;
  c->least = s->sys->presenter->duration;
  for (int k = 0; k < m->stages; k++) c->least = fmin(c->least, m->stage[k].tau);
  c->least = fmin(1e-10 * c->least, c->most);
}

/* --- ARKODE itself --- */

/* The controller decides alone: ARKODE's own bounds on growth are out of its way. */
static void hand_over_control(struct erk *e)
{
  const double never = 1e30;

  CHECK_SUN(ERKStepSetAdaptivityFn(e->arkode, next_step, &e->control));
  CHECK_SUN(ERKStepSetSafetyFactor(e->arkode, SAFETY));
  CHECK_SUN(ERKStepSetErrorBias(e->arkode, 1));
  CHECK_SUN(ERKStepSetFixedStepBounds(e->arkode, 1, 1));
  CHECK_SUN(ERKStepSetMaxGrowth(e->arkode, never));
  CHECK_SUN(ERKStepSetMaxFirstGrowth(e->arkode, never));
  CHECK_SUN(ERKStepSetMaxEFailGrowth(e->arkode, 1));
  CHECK_SUN(ERKStepSetMaxErrTestFails(e->arkode, 1000));
}

/* y and z start at 0, where no step is short enough for a tolerance that is only relative. */
static void erk_check(const struct job *job, struct faults *faults)
{
  const double least = 1e-16, absolute = job_real(job, "solver.absolute");

  if (absolute < least)
    faults_add(faults, "solver.absolute = %g: solver erk starts from y = z = 0; must be >= %g (%s)",
               absolute, least, job_place(job, "solver.absolute"));
}

static void erk_create(struct solver *s, const struct job *job)
{
  struct erk *e = fail_alloc(1, sizeof *e);
  MPI_Comm comm = s->sys->comm;

  s->own = e;
  e->rates = rates_create(s->sys);
  e->relative = s->relative;
  e->absolute = s->absolute;
  set_up_controller(&e->control, s, job);
  CHECK_SUN(SUNContext_Create(&comm, &e->context));
  e->v = whole_vector(e->rates->whole, e->context);
  e->v->ops->nvlinearcombination = combine;
  whole_judge_by(e->v, mean_error, e);
  e->scaled = N_VClone(e->v);
  e->arkode = ERKStepCreate(right_hand_side, 0, e->v, e->context);
  CHECK(e->arkode, "no memory for ERKStep");
  e->table = tsit5_create();
  CHECK_SUN(ERKStepSetTable(e->arkode, e->table));
  CHECK_SUN(ERKStepSetUserData(e->arkode, e));
  CHECK_SUN(ERKStepSetErrHandlerFn(e->arkode, rates_be_quiet, NULL));
  CHECK_SUN(ERKStepWFtolerances(e->arkode, error_weights));
  hand_over_control(e);
}

static void erk_destroy(struct solver *s)
{
  struct erk *e = s->own;

  ERKStepFree(&e->arkode);
  ARKodeButcherTable_Free(e->table);
  N_VDestroy(e->scaled);
  N_VDestroy(e->v);
  rates_destroy(e->rates);
  SUNContext_Free(&e->context);
  free(e);
}

static int erk_notes(struct solver *s, struct note *note)
{
  struct controller *c = &((struct erk *)s->own)->control;

  note[0] = (struct note){"erk_step", 1, &c->step};
  note[1] = (struct note){"erk_past", 2, c->past};
  return 2;
}

/* Counters since the last start of ARKODE, added to the run's. */
static void add_stats(struct solver *s)
{
  struct erk *e = s->own;
  long steps, rejected, evaluations;

  CHECK_SUN(ERKStepGetNumSteps(e->arkode, &steps));
  CHECK_SUN(ERKStepGetNumErrTestFails(e->arkode, &rejected));
  CHECK_SUN(ERKStepGetNumRhsEvals(e->arkode, &evaluations));
  s->stats.steps += (double)steps;
  s->stats.rejected += (double)rejected;
  s->stats.evaluations += (double)evaluations;
}

/* The equations may jump at u, and the derivative that ARKODE keeps from the last stage with them:
 * begin from here, with the step that the controller wants. */
static void start(struct erk *e, double u)
{
  CHECK_SUN(ERKStepReInit(e->arkode, right_hand_side, u, e->v));
  CHECK_SUN(ERKStepSetInitStep(e->arkode, e->control.step));
}

static enum outcome cross_segment(struct erk *e, double *u)
{
  const struct system *sys = e->rates->sys;
  const double end = sys->segment[e->rates->segment + 1];

  CHECK_SUN(ERKStepSetStopTime(e->arkode, end));
  while (*u < end) {
    realtype t;
    const int code = ERKStepEvolve(e->arkode, end, e->v, &t, ARK_ONE_STEP);
    if (e->control.hopeless) return DIVERGED;
    CHECK(code >= 0,
          "ERKStep failed at %g s of presentation %ld (code %d): loosen solver.relative = %g", *u,
          sys->presenter->p, code, e->relative);
    *u = t < end * (1 - 1e-14) ? t : end;
    rates_observe(e->rates, *u, NV_DATA_P(e->v));
  }
  return ADVANCED;
}

static enum outcome erk_advance(struct solver *s, double *reached)
{
  struct erk *e = s->own;
  struct rates *rates = e->rates;
  struct system *sys = s->sys;
  enum outcome outcome = ADVANCED;
  double u = 0;

  whole_take_up(rates->whole, NV_DATA_P(e->v));
  if (sys->presenter->p == 0 || e->control.step == 0) forget(&e->control, sys->model);
  e->control.hopeless = false;
  for (rates->segment = 0; outcome == ADVANCED && rates->segment < sys->segments;
       rates->segment++) {
    system_enter(sys, rates->segment, rates->at);
    if (rates->segment == 0) rates_observe(rates, 0, NV_DATA_P(e->v));
    if (sys->onset[rates->segment]) {
      if (rates->segment > 0) add_stats(s);
      start(e, u);
    }
    outcome = cross_segment(e, &u);
  }
  rates->segment--;
  add_stats(s);
  rates_put_down(rates, u, NV_DATA_P(e->v), s->answer);
  *reached = u;
  return outcome;
}

/* Vectors of the length of the state: ARKODE's seven stages, states, error weights and scratch, and
 * ours; as measured. */
enum { VECTORS = 19 };

static double erk_bytes(const struct job *job, const struct model *m, int rank)
{
  (void)job;
  return VECTORS * whole_bytes(m, rank) + moment_bytes_on_routes(m, rank, false);
}

const struct solver_kind solver_erk = {
    .name = "erk",
    .about = "SUNDIALS ARKODE, Tsitouras 5(4) on the whole state",
    .whole = true,
    .check = erk_check,
    .create = erk_create,
    .destroy = erk_destroy,
    .bytes = erk_bytes,
    .advance = erk_advance,
    .notes = erk_notes,
};
