/* SPDX-License-Identifier: BSD-3-Clause */
/* cvode.c - SUNDIALS CVODE on the whole state y, z, W, V: the reference
 *
 * The right-hand side is the equations as they stand, weights as full matrices in double precision
 * whatever network.weights says. BDF with Newton-GMRES, preconditioned by the cascade's own sweep:
 * (1 + gamma/tau) on the diagonal, the products with W and V below it, plasticity left out, being
 * weaker by tau/tau_pot. Norms are max norms and dot products are summed row by row in one order,
 * so steps do not depend on the rank count. CVODE starts anew at each presentation.
 *
 * Two limits, both of gated relus. A layer that falls silent decays below any tolerance relative to
 * its family, and with it the signs that decide which units above it are on: there cascade, whose
 * decay is exact, is the better solution (tolerances relative to the silent layer itself were
 * tried: the steps then shrink without end). And a unit that slides along its kink makes the steps
 * grind. */
#include "kernel.h"
#include "solver.h"
#include "whole.h"
#include <cvode/cvode.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_types.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

/* Vectors of the length of the state that CVODE keeps (cvode_bytes). */
enum { BDF_VECTORS = 30, ADAMS_VECTORS = 24 };

struct reference {
  struct system *sys; /* borrowed */
  SUNContext context;
  void *cvode;
  SUNLinearSolver linear;
  SUNNonlinearSolver nonlinear;
  N_Vector u;
  struct whole *whole;   /* how the state lies in a vector */
  struct moment *at;     /* on the routes: where the right-hand side works */
  struct moment *frozen; /* where the preconditioner was set up */
  int segment;
  double size[FAMILIES]; /* largest |value| of the presentation so far */
  double relative, absolute;
  double *x;            /* [n_0 padded] x(u) */
  double *synapse_size; /* [synapses] largest |w| */
};

/* --- the equations --- */

/* Put the vector's stages on the routes and evaluate all drives and forces at time u. */
static void evaluate(struct reference *ref, double u, const double *v)
{
  struct system *sys = ref->sys;
  const struct model *m = sys->model;
  struct moment *at = ref->at;

  system_look(sys, ref->segment, u, at);
  const double b = presenter_blend(sys->presenter, u);
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(at->value[k] + lo, v + ref->whole->stage_at[k], (size_t)(hi - lo) * sizeof(double));
    system_share_value(sys, k);
  }
  for (int k = 0; k < system_stages(sys); k++) {
    const int syn = m->stage[k].synapse;
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (syn != NONE && lo < hi) {
      const struct matrix *M = &sys->state->matrix[syn];
      const double *pre = m->synapse[syn].pre == INPUT ? ref->x : at->value[m->synapse[syn].pre];
      for (long j = 0; m->synapse[syn].pre == INPUT && j < M->cols; j++)
        ref->x[j] = (1 - b) * sys->presenter->x_from[j] + b * sys->presenter->x_to[j];
      kernel_rows_f64(v + ref->whole->matrix_at[syn], M->rows, M->ld, pre, at->drive[k] + lo);
    }
    system_share_drive(sys, k);
    m->kind->force(m, k, at);
  }
}

/* d/dt of the matrix of a synapse: post pre'/tau_pot - M/tau_dec. */
static void synapse_rate(const struct reference *ref, int k, const double *v, double *rate)
{
  const struct system *sys = ref->sys;
  const struct synapse *syn = &sys->model->synapse[k];
  const struct matrix *M = &sys->state->matrix[k];
  const struct moment *at = ref->at;
  long lo, hi;

  partition_rows(sys->part, syn->layer, sys->part->rank, &lo, &hi);
  if (lo == hi || !sys->learning || !syn->learns) return;
  const double *post = syn->post_drive ? at->drive[syn->post] : at->value[syn->post];
  const double *pre = syn->pre == INPUT ? ref->x : at->value[syn->pre];
  for (long i = lo; i < hi; i++) {
    const double *w = v + ref->whole->matrix_at[k] + (i - lo) * M->ld;
    double *dw = rate + ref->whole->matrix_at[k] + (i - lo) * M->ld;
    const double a = post[i] / syn->tau_pot, decay = 1 / syn->tau_dec;
    for (long j = 0; j < M->cols; j++) dw[j] = a * pre[j] - decay * w[j];
  }
}

static int right_hand_side(realtype u, N_Vector y, N_Vector dy, void *user)
{
  struct reference *ref = user;
  const struct system *sys = ref->sys;
  double *rate = NV_DATA_P(dy);

  memset(rate, 0, (size_t)ref->whole->length * sizeof(double));
  evaluate(ref, u, NV_DATA_P(y));
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    for (long i = lo; i < hi; i++)
      rate[ref->whole->stage_at[k] + i - lo] =
          (ref->at->force[k][i] - ref->at->value[k][i]) / sys->model->stage[k].tau;
  }
  for (int k = 0; k < sys->model->synapses; k++) synapse_rate(ref, k, NV_DATA_P(y), rate);
  return 0;
}

/* Weights 1 / (relative size + absolute), with the size of the element's family; a synapse counts
 * with the size of its own largest element. */
static int error_weights(N_Vector y, N_Vector w, void *user)
{
  struct reference *ref = user;
  const struct system *sys = ref->sys;
  const struct model *m = sys->model;
  const double *v = NV_DATA_P(y);
  double *weight = NV_DATA_P(w), *size = ref->synapse_size;

  for (int k = 0; k < m->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    size[k] = 0;
    for (long i = 0; i < M->rows * M->ld; i++)
      size[k] = fmax(size[k], fabs(v[ref->whole->matrix_at[k] + i]));
  }
  for (int k = 0; k < m->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    for (long i = 0; i < hi - lo; i++)
      ref->size[m->stage[k].family] =
          fmax(ref->size[m->stage[k].family], fabs(v[ref->whole->stage_at[k] + i]));
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, size, m->synapses, MPI_DOUBLE, MPI_MAX, sys->comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, ref->size, FAMILIES, MPI_DOUBLE, MPI_MAX, sys->comm));
  for (int k = 0; k < m->stages; k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    for (long i = 0; i < hi - lo; i++)
      weight[ref->whole->stage_at[k] + i] =
          1 / (ref->relative * ref->size[m->stage[k].family] + ref->absolute);
  }
  for (int k = 0; k < m->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    for (long i = 0; i < M->rows * M->ld; i++)
      weight[ref->whole->matrix_at[k] + i] = 1 / (ref->relative * size[k] + ref->absolute);
  }
  return 0;
}

/* --- the preconditioner: the cascade's sweep --- */

static int precondition_setup(realtype u, N_Vector y, N_Vector dy, booleantype ok,
                              booleantype *fresh, realtype gamma, void *user)
{
  struct reference *ref = user;

  (void)dy, (void)ok, (void)gamma;
  evaluate(ref, u, NV_DATA_P(y));
  moment_copy(ref->sys, ref->at, ref->frozen);
  *fresh = SUNTRUE;
  return 0;
}

/* (1 + gamma/tau) d_k = r_k + gamma/tau df_k, df_k from the d of stages before k in the cascade. */
static int precondition(realtype u, N_Vector y, N_Vector dy, N_Vector r, N_Vector z, realtype gamma,
                        realtype delta, int side, void *user)
{
  struct reference *ref = user;
  const struct system *sys = ref->sys;
  const struct model *m = sys->model;
  const double *v = NV_DATA_P(y), *in = NV_DATA_P(r);
  double *out = NV_DATA_P(z);
  struct moment *d = ref->at;

  (void)u, (void)dy, (void)delta, (void)side;
  memcpy(out, in, (size_t)ref->whole->length * sizeof(double));
  for (int k = 0; k < system_stages(sys); k++) {
    const int syn = m->stage[k].synapse, pre = syn == NONE ? NONE : m->synapse[syn].pre;
    const double g = gamma / m->stage[k].tau;
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi && syn != NONE) {
      const struct matrix *M = &sys->state->matrix[syn];
      if (pre == INPUT)
        memset(d->drive[k] + lo, 0, (size_t)(hi - lo) * sizeof(double));
      else
        kernel_rows_f64(v + ref->whole->matrix_at[syn], M->rows, M->ld, d->value[pre],
                        d->drive[k] + lo);
    }
    system_share_drive(sys, k);
    if (lo < hi)
      m->kind->tangent(m, k, ref->frozen, d->drive[syn == NONE ? m->output : k], d->force[k]);
    for (long i = lo; i < hi; i++) {
      const long at = ref->whole->stage_at[k] + i - lo;
      out[at] = d->value[k][i] = (in[at] + g * d->force[k][i]) / (1 + g);
    }
    system_share_value(sys, k);
  }
  for (int k = 0; k < m->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    const double scale = m->synapse[k].learns ? 1 / (1 + gamma / m->synapse[k].tau_dec) : 1;
    for (long i = 0; i < M->rows * M->ld; i++) out[ref->whole->matrix_at[k] + i] *= scale;
  }
  return 0;
}

/* --- CVODE itself --- */

/* CVODE's own reports go nowhere: a failed step is a returned outcome here. */
static void be_quiet(int code, const char *module, const char *function, char *message, void *user)
{
  (void)code, (void)module, (void)function, (void)message, (void)user;
}

static void choose_method(struct reference *ref, bool adams)
{
  if (adams) {
    ref->nonlinear = SUNNonlinSol_FixedPoint(ref->u, 0, ref->context);
    CHECK(ref->nonlinear, "no fixed-point solver");
    CHECK_SUN(CVodeSetNonlinearSolver(ref->cvode, ref->nonlinear));
    return;
  }
  ref->linear = SUNLinSol_SPGMR(ref->u, SUN_PREC_LEFT, 10, ref->context);
  CHECK(ref->linear, "no GMRES solver");
  CHECK_SUN(CVodeSetLinearSolver(ref->cvode, ref->linear, NULL));
  CHECK_SUN(CVodeSetPreconditioner(ref->cvode, precondition_setup, precondition));
  /* GMRES measures in the 2-norm, which bounds our max norm without the usual sqrt(N). */
  CHECK_SUN(CVodeSetLSNormFactor(ref->cvode, 1));
}

static void cvode_create(struct solver *s, const struct job *job)
{
  struct reference *ref = fail_alloc(1, sizeof *ref);
  const bool adams = job_choice(job, "solver.method") == 1;
  MPI_Comm comm = s->sys->comm;

  s->own = ref;
  ref->sys = s->sys;
  ref->relative = s->relative;
  ref->absolute = s->absolute;
  ref->whole = whole_create(s->sys);
  ref->x = fail_alloc((size_t)padded(s->sys->net->n[0]), sizeof *ref->x);
  ref->synapse_size = fail_alloc((size_t)s->sys->model->synapses, sizeof *ref->synapse_size);
  ref->at = moment_on_routes(s->sys);
  ref->frozen = moment_create(s->sys);
  CHECK_SUN(SUNContext_Create(&comm, &ref->context));
  ref->u = whole_vector(ref->whole, ref->context);
  ref->cvode = CVodeCreate(adams ? CV_ADAMS : CV_BDF, ref->context);
  CHECK(ref->cvode, "no memory for CVODE");
  CHECK_SUN(CVodeInit(ref->cvode, right_hand_side, 0, ref->u));
  CHECK_SUN(CVodeSetUserData(ref->cvode, ref));
  CHECK_SUN(CVodeSetErrHandlerFn(ref->cvode, be_quiet, NULL));
  CHECK_SUN(CVodeWFtolerances(ref->cvode, error_weights));
  CHECK_SUN(CVodeSetMaxStep(ref->cvode, s->max_step));
  CHECK_SUN(CVodeSetMaxErrTestFails(ref->cvode, 20));
  choose_method(ref, adams);
}

static void cvode_destroy(struct solver *s)
{
  struct reference *ref = s->own;

  CVodeFree(&ref->cvode);
  if (ref->linear) SUNLinSolFree(ref->linear);
  if (ref->nonlinear) SUNNonlinSolFree(ref->nonlinear);
  N_VDestroy(ref->u);
  whole_destroy(ref->whole);
  SUNContext_Free(&ref->context);
  moment_destroy(ref->at);
  moment_destroy(ref->frozen);
  free(ref->synapse_size);
  free(ref->x);
  free(ref);
}

/* CVODE keeps, beside the state: the history of order q and one more; error weights, correction,
 * and scratch (4, as many again for GMRES's side); Newton's update; GMRES's basis. */
static double cvode_bytes(const struct job *job, const struct model *m, int rank)
{
  const bool adams = job_choice(job, "solver.method") == 1;
  const int vectors = adams ? ADAMS_VECTORS : BDF_VECTORS;
  double length = 0;

  for (int k = 0; k < m->synapses; k++) {
    long lo, hi;
    partition_rows(m->part, m->synapse[k].layer, rank, &lo, &hi);
    length += (double)(hi - lo) * (double)padded(m->synapse[k].cols);
  }
  return vectors * length * sizeof(double) + moment_bytes(m, rank) +
         moment_bytes_on_routes(m, rank, false);
}

/* Counters since the last (re)initialisation, added to the run's. */
static void add_stats(struct solver *s)
{
  struct reference *ref = s->own;
  long steps, errors, evaluations, linear = 0, failures = 0;

  CHECK_SUN(CVodeGetNumSteps(ref->cvode, &steps));
  CHECK_SUN(CVodeGetNumErrTestFails(ref->cvode, &errors));
  CHECK_SUN(CVodeGetNumNonlinSolvConvFails(ref->cvode, &failures));
  CHECK_SUN(CVodeGetNumRhsEvals(ref->cvode, &evaluations));
  if (ref->linear) CHECK_SUN(CVodeGetNumLinRhsEvals(ref->cvode, &linear));
  s->stats.steps += (double)steps;
  s->stats.rejected += (double)(errors + failures);
  s->stats.evaluations += (double)(evaluations + linear);
}

static void observe(struct reference *ref, double u)
{
  const struct system *sys = ref->sys;

  if (!sys->observer) return;
  evaluate(ref, u, NV_DATA_P(ref->u));
  sys->observer->see(sys->observer->who, ref->at);
}

/* From the segment's start to its end. A failed step is tried once more from a fresh start, for
 * CVODE may stumble over a unit that switches; failing twice at one time is a failure. */
static enum outcome cross_segment(struct solver *s, double *u)
{
  struct reference *ref = s->own;
  const double end = ref->sys->segment[ref->segment + 1];
  double failed_at = -1;

  while (*u < end) {
    realtype t = *u;
    CHECK_SUN(CVodeSetStopTime(ref->cvode, end));
    const int code = CVode(ref->cvode, end, ref->u, &t, CV_ONE_STEP);
    if (code >= 0) {
      *u = t < end * (1 - 1e-14) ? t : end;
      if (!(N_VMaxNorm(ref->u) < TOO_LARGE)) return DIVERGED;
      observe(ref, *u);
      continue;
    }
    *u = t;
    if (!(N_VMaxNorm(ref->u) < TOO_LARGE)) return DIVERGED;
    CHECK(*u != failed_at,
          "CVODE failed twice at %g s of presentation %ld (code %d): loosen solver.relative = %g, "
          "or use cascade",
          *u, ref->sys->presenter->p, code, ref->relative);
    failed_at = *u;
    add_stats(s);
    CHECK_SUN(CVodeReInit(ref->cvode, *u, ref->u));
  }
  return ADVANCED;
}

static enum outcome cvode_advance(struct solver *s, double *reached)
{
  struct reference *ref = s->own;
  struct system *sys = ref->sys;
  enum outcome outcome = ADVANCED;
  double u = 0;

  whole_take_up(ref->whole, NV_DATA_P(ref->u));
  ref->size[ACTIVITY] = ref->size[ERROR] = 0;
  for (ref->segment = 0; outcome == ADVANCED && ref->segment < sys->segments; ref->segment++) {
    system_enter(sys, ref->segment, ref->at);
    if (ref->segment == 0) observe(ref, 0);
    if (sys->onset[ref->segment]) {
      if (ref->segment > 0) add_stats(s);
      CHECK_SUN(CVodeReInit(ref->cvode, u, ref->u));
    }
    outcome = cross_segment(s, &u);
  }
  ref->segment--;
  add_stats(s);
  evaluate(ref, u, NV_DATA_P(ref->u));
  whole_put_down(ref->whole, NV_DATA_P(ref->u));
  const struct route *out = sys->value[sys->model->output];
  if (out->lo < out->hi)
    memcpy(s->answer, ref->at->drive[sys->model->output], (size_t)out->n * sizeof(double));
  *reached = u;
  return outcome;
}

const struct solver_kind solver_cvode = {
    .name = "cvode",
    .about = "SUNDIALS CVODE on the whole state",
    .whole = true,
    .create = cvode_create,
    .destroy = cvode_destroy,
    .bytes = cvode_bytes,
    .advance = cvode_advance,
};
