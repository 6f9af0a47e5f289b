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
#include "rates.h"
#include "solver.h"
#include <cvode/cvode.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_types.h>
#include <sunlinsol/sunlinsol_spgmr.h>
#include <sunnonlinsol/sunnonlinsol_fixedpoint.h>

struct reference {
  struct rates *rates; /* the equations; owned */
  struct system *sys;  /* borrowed */
  SUNContext context;
  void *cvode;
  SUNLinearSolver linear;
  SUNNonlinearSolver nonlinear;
  N_Vector u;
  struct whole *whole;   /* of rates; borrowed */
  struct moment *at;     /* of rates; borrowed */
  struct moment *frozen; /* where the preconditioner was set up */
  double size[FAMILIES]; /* largest |value| of the presentation so far */
  double relative, absolute;
  double *synapse_size;  /* [synapses] largest |w| */
};

/* --- the equations --- */

static int right_hand_side(realtype u, N_Vector y, N_Vector dy, void *user)
{
  rates_derive(((struct reference *)user)->rates, u, NV_DATA_P(y), NV_DATA_P(dy));
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
  rates_evaluate(ref->rates, u, NV_DATA_P(y));
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
  ref->rates = rates_create(s->sys);
  ref->whole = ref->rates->whole;
  ref->at = ref->rates->at;
  ref->synapse_size = fail_alloc((size_t)s->sys->model->synapses, sizeof *ref->synapse_size);
  ref->frozen = moment_create(s->sys);
  CHECK_SUN(SUNContext_Create(&comm, &ref->context));
  ref->u = whole_vector(ref->whole, ref->context);
  ref->cvode = CVodeCreate(adams ? CV_ADAMS : CV_BDF, ref->context);
  CHECK(ref->cvode, "no memory for CVODE");
  CHECK_SUN(CVodeInit(ref->cvode, right_hand_side, 0, ref->u));
  CHECK_SUN(CVodeSetUserData(ref->cvode, ref));
  CHECK_SUN(CVodeSetErrHandlerFn(ref->cvode, rates_be_quiet, NULL));
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
  rates_destroy(ref->rates);
  SUNContext_Free(&ref->context);
  moment_destroy(ref->frozen);
  free(ref->synapse_size);
  free(ref);
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

/* From the segment's start to its end. A failed step is tried once more from a fresh start, for
 * CVODE may stumble over a unit that switches; failing twice at one time is a failure. */
static enum outcome cross_segment(struct solver *s, double *u)
{
  struct reference *ref = s->own;
  const double end = ref->sys->segment[ref->rates->segment + 1];
  double failed_at = -1;

  while (*u < end) {
    realtype t = *u;
    CHECK_SUN(CVodeSetStopTime(ref->cvode, end));
    const int code = CVode(ref->cvode, end, ref->u, &t, CV_ONE_STEP);
    if (code >= 0) {
      *u = t < end * (1 - 1e-14) ? t : end;
      if (!(N_VMaxNorm(ref->u) < TOO_LARGE)) return DIVERGED;
      rates_observe(ref->rates, *u, NV_DATA_P(ref->u));
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
  struct rates *rates = ref->rates;
  struct system *sys = ref->sys;
  enum outcome outcome = ADVANCED;
  double u = 0;

  whole_take_up(ref->whole, NV_DATA_P(ref->u));
  ref->size[ACTIVITY] = ref->size[ERROR] = 0;
  for (rates->segment = 0; outcome == ADVANCED && rates->segment < sys->segments;
       rates->segment++) {
    system_enter(sys, rates->segment, ref->at);
    if (rates->segment == 0) rates_observe(rates, 0, NV_DATA_P(ref->u));
    if (sys->onset[rates->segment]) {
      if (rates->segment > 0) add_stats(s);
      CHECK_SUN(CVodeReInit(ref->cvode, u, ref->u));
    }
    outcome = cross_segment(s, &u);
  }
  rates->segment--;
  add_stats(s);
  rates_put_down(rates, u, NV_DATA_P(ref->u), s->answer);
  *reached = u;
  return outcome;
}

const struct solver_kind solver_cvode = {
    .name = "cvode",
    .about = "SUNDIALS CVODE on the whole state",
    .whole = true,
    .create = cvode_create,
    .destroy = cvode_destroy,
    .advance = cvode_advance,
};
