/* SPDX-License-Identifier: BSD-3-Clause */
/* cvode.c - SUNDIALS CVODE on the whole state y, z, W, V: the reference
 *
 * The right-hand side is the equations as they stand, weights as full matrices in double precision
 * whatever network.weights says. BDF with Newton-GMRES, or Adams with fixed-point iteration. Norms
 * are max norms and dot products are exact sums (whole.h), so steps do not depend on the rank
 * count. CVODE starts anew at each presentation. Every order of the method, and every iteration
 * that GMRES may take, keeps one more copy of the whole state, so both are few.
 *
 * What preconditions GMRES must not depend on the cuts either, or iterates and steps would. `sweep`
 * is the cascade's own: (1 + gamma/tau) on the diagonal, the products with W and V below it,
 * plasticity left out, being weaker by tau/tau_pot. Ranks with other layers wait, as in the
 * cascade. `layer` keeps of it what lies within a layer, which is the diagonal, and needs no
 * messages: each GMRES iteration carries the signal one layer further, on all ranks at once. A
 * sweep over each rank's own rows would lie between the two, with other steps on other rank counts.
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

/* Vectors of the length of the state that CVODE keeps beside its history, one for each order
 * (cvode_bytes): error weights, correction and scratch, and with bdf Newton's and GMRES's. */
enum { BDF_VECTORS = 21, ADAMS_VECTORS = 12 };

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
  double *synapse_size; /* [synapses] largest |w| */
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

/* --- preconditioners --- */

/* Slopes are taken afresh when CVODE no longer finds the old ones ok; gamma is always the last. */
static int sweep_setup(realtype u, N_Vector y, N_Vector dy, booleantype ok, booleantype *fresh,
                       realtype gamma, void *user)
{
  struct reference *ref = user;

  (void)dy, (void)gamma;
  *fresh = !ok;
  if (ok) return 0;
  rates_evaluate(ref->rates, u, NV_DATA_P(y));
  moment_copy(ref->sys, ref->at, ref->frozen);
  return 0;
}

/* Weights have only their decay on the diagonal. */
static void precondition_weights(const struct reference *ref, double gamma, double *out)
{
  const struct system *sys = ref->sys;

  for (int k = 0; k < sys->model->synapses; k++) {
    const struct matrix *M = &sys->state->matrix[k];
    const struct synapse *syn = &sys->model->synapse[k];
    const double scale = syn->learns ? 1 / (1 + gamma / syn->tau_dec) : 1;
    for (long i = 0; i < M->rows * M->ld; i++) out[ref->whole->matrix_at[k] + i] *= scale;
  }
}

/* (1 + gamma/tau) d_k = r_k + gamma/tau df_k, df_k from the d of stages before k in the cascade. */
static int sweep_solve(realtype u, N_Vector y, N_Vector dy, N_Vector r, N_Vector z, realtype gamma,
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
  precondition_weights(ref, gamma, out);
  return 0;
}

/* (1 + gamma/tau) d = r: stages depend on other stages only, so nothing else is within a layer. */
static int layer_solve(realtype u, N_Vector y, N_Vector dy, N_Vector r, N_Vector z, realtype gamma,
                       realtype delta, int side, void *user)
{
  const struct reference *ref = user;
  const struct system *sys = ref->sys;
  double *out = NV_DATA_P(z);

  (void)u, (void)y, (void)dy, (void)delta, (void)side;
  memcpy(out, NV_DATA_P(r), (size_t)ref->whole->length * sizeof(double));
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    for (long i = 0; i < hi - lo; i++)
      out[ref->whole->stage_at[k] + i] /= 1 + gamma / sys->model->stage[k].tau;
  }
  precondition_weights(ref, gamma, out);
  return 0;
}

/* In the order of the choices of solver.preconditioner. */
static const struct {
  CVLsPrecSetupFn setup;
  CVLsPrecSolveFn solve;
} preconditioners[] = {{sweep_setup, sweep_solve}, {NULL, layer_solve}, {NULL, NULL}};

/* --- CVODE itself --- */

enum { BDF, ADAMS }; /* choices of solver.method */
enum { KRYLOV = 5 }; /* iterations before GMRES gives up; 10 save nothing (docs/performance.md) */

static void cvode_check(const struct job *job, struct faults *faults)
{
  const long order = job_integer(job, "solver.max_order");

  if (job_choice(job, "solver.method") == BDF && order > 5)
    faults_add(faults, "solver.max_order = %ld: bdf has orders 1 to 5, adams 1 to 12 (%s)", order,
               job_place(job, "solver.max_order"));
}

static void use_fixed_point(struct reference *ref)
{
  ref->nonlinear = SUNNonlinSol_FixedPoint(ref->u, 0, ref->context);
  CHECK(ref->nonlinear, "no fixed-point solver");
  CHECK_SUN(CVodeSetNonlinearSolver(ref->cvode, ref->nonlinear));
}

/* Classical Gram-Schmidt asks for all projections of an iteration at once: one message. */
static void use_newton(struct reference *ref, int preconditioner)
{
  const CVLsPrecSolveFn solve = preconditioners[preconditioner].solve;
  const int side = solve ? SUN_PREC_LEFT : SUN_PREC_NONE;

  ref->linear = SUNLinSol_SPGMR(ref->u, side, KRYLOV, ref->context);
  CHECK(ref->linear, "no GMRES solver");
  CHECK_SUN(SUNLinSol_SPGMRSetGSType(ref->linear, SUN_CLASSICAL_GS));
  CHECK_SUN(CVodeSetLinearSolver(ref->cvode, ref->linear, NULL));
  CHECK_SUN(CVodeSetPreconditioner(ref->cvode, preconditioners[preconditioner].setup, solve));
  /* GMRES measures in the 2-norm, which bounds our max norm without the usual sqrt(N). */
  CHECK_SUN(CVodeSetLSNormFactor(ref->cvode, 1));
}

static void cvode_create(struct solver *s, const struct job *job)
{
  struct reference *ref = fail_alloc(1, sizeof *ref);
  const bool adams = job_choice(job, "solver.method") == ADAMS;
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
  /* Before CVodeInit, which makes room for the history. */
  CHECK_SUN(CVodeSetMaxOrd(ref->cvode, (int)job_integer(job, "solver.max_order")));
  CHECK_SUN(CVodeInit(ref->cvode, right_hand_side, 0, ref->u));
  CHECK_SUN(CVodeSetUserData(ref->cvode, ref));
  CHECK_SUN(CVodeSetErrHandlerFn(ref->cvode, rates_be_quiet, NULL));
  CHECK_SUN(CVodeWFtolerances(ref->cvode, error_weights));
  CHECK_SUN(CVodeSetMaxStep(ref->cvode, s->max_step));
  CHECK_SUN(CVodeSetMaxErrTestFails(ref->cvode, 20));
  if (adams)
    use_fixed_point(ref);
  else
    use_newton(ref, job_choice(job, "solver.preconditioner"));
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

/* What CVODE counts beyond steps, in the order of the names in solver_cvode. */
static void add_counters(struct solver *s)
{
  struct reference *ref = s->own;
  long count[SOLVER_COUNTERS] = {0};

  CHECK_SUN(CVodeGetNumNonlinSolvIters(ref->cvode, &count[0]));
  if (ref->linear) {
    CHECK_SUN(CVodeGetNumLinIters(ref->cvode, &count[1]));
    CHECK_SUN(CVodeGetNumPrecEvals(ref->cvode, &count[2]));
    CHECK_SUN(CVodeGetNumPrecSolves(ref->cvode, &count[3]));
  }
  for (int k = 0; k < SOLVER_COUNTERS; k++) s->stats.counter[k] += (double)count[k];
}

static double cvode_bytes(const struct job *job, const struct model *m, int rank)
{
  const bool adams = job_choice(job, "solver.method") == ADAMS;
  const long vectors = job_integer(job, "solver.max_order") + (adams ? ADAMS_VECTORS : BDF_VECTORS);

  return (double)vectors * whole_bytes(m, rank) + moment_bytes(m, rank) +
         moment_bytes_on_routes(m, rank, false);
}

/* Counters since the last (re)initialisation, added to the run's. */
static void add_stats(struct solver *s)
{
  struct reference *ref = s->own;
  long steps, errors, evaluations, linear = 0, setups = 0, failures = 0;

  CHECK_SUN(CVodeGetNumSteps(ref->cvode, &steps));
  CHECK_SUN(CVodeGetNumErrTestFails(ref->cvode, &errors));
  CHECK_SUN(CVodeGetNumNonlinSolvConvFails(ref->cvode, &failures));
  CHECK_SUN(CVodeGetNumRhsEvals(ref->cvode, &evaluations));
  if (ref->linear) {
    CHECK_SUN(CVodeGetNumLinRhsEvals(ref->cvode, &linear));
    CHECK_SUN(CVodeGetNumPrecEvals(ref->cvode, &setups));
  }
  s->stats.steps += (double)steps;
  s->stats.rejected += (double)(errors + failures);
  s->stats.evaluations += (double)(evaluations + linear + setups);
  add_counters(s);
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
    .counters = {"newton_iterations", "krylov_iterations", "preconditioner_setups",
                 "preconditioner_solves"},
    .check = cvode_check,
    .create = cvode_create,
    .destroy = cvode_destroy,
    .bytes = cvode_bytes,
    .advance = cvode_advance,
};
