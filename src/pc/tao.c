/* SPDX-License-Identifier: BSD-3-Clause */
/* The least E over the errors, by PETSc's TAO. */
#include "fail.h"
#include "methods.h"
#include "petsc_start.h"
#include <math.h>
#include <petsctao.h>
#include <stdlib.h>
#include <string.h>

static const char lbfgs_options[] =
    "-tao_lmvm_mat_lmvm_hist_size 10 -tao_lmvm_mat_lmvm_scale_type scalar";
/* How far Newton's linear systems are solved. */
static const double FORCING = 0.1;

struct pc_tao {
  Tao tao;
  Vec eps;       /* its memory is s->x */
  Mat curvature; /* NULL for L-BFGS */
};

/* TAO aborts where its first E is not finite: show it a minimum. */
static void leave(const struct pc_errors *s, double *E, double *gradient)
{
  *E = 0;
  memset(gradient, 0, (size_t)s->net.at[s->net.net.L] * sizeof *gradient);
}

static PetscErrorCode evaluate(Tao tao, Vec X, PetscReal *E, Vec G, void *context)
{
  struct pc_errors *s = context;
  const double *eps;
  double *gradient;

  (void)tao;
  CHECK_PETSC(VecGetArrayRead(X, &eps));
  CHECK_PETSC(VecGetArray(G, &gradient));
  *E = pc_local_errors(&s->net, eps, gradient);
  pc_note(s, eps, *E);
  if (!isfinite(s->result.energy_feedforward)) leave(s, E, gradient);
  CHECK_PETSC(VecRestoreArray(G, &gradient));
  CHECK_PETSC(VecRestoreArrayRead(X, &eps));
  return 0;
}

/* TAO goes on from the point last evaluated, whose slopes the passes have kept. */
static PetscErrorCode keep_slopes(Tao tao, Vec X, Mat H, Mat P, void *context)
{
  (void)tao;
  (void)X;
  (void)H;
  (void)P;
  (void)context;
  return 0;
}

static PetscErrorCode multiply(Mat H, Vec V, Vec out)
{
  struct pc_errors *s;
  const double *v;
  double *Hv;

  CHECK_PETSC(MatShellGetContext(H, &s));
  CHECK_PETSC(VecGetArrayRead(V, &v));
  CHECK_PETSC(VecGetArray(out, &Hv));
  pc_local_curvature(&s->net, v, Hv);
  s->result.passes++;
  CHECK_PETSC(VecRestoreArray(out, &Hv));
  CHECK_PETSC(VecRestoreArrayRead(V, &v));
  return 0;
}

/* After the first evaluation, and after each iteration. */
static PetscErrorCode judge(Tao tao, void *context)
{
  struct pc_errors *s = context;
  const double before = s->lowest[PC_MEMORY], now = s->lowest[0];
  PetscInt iterations;
  PetscReal gradient;
  Vec G;

  CHECK_PETSC(TaoGetIterationNumber(tao, &iterations));
  CHECK_PETSC(TaoGetGradient(tao, &G, NULL, NULL));
  CHECK_PETSC(VecNorm(G, NORM_INFINITY, &gradient));
  if (gradient < s->how.tolerance || before - now < s->how.plateau * now)
    CHECK_PETSC(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
  else if (s->result.iterations + iterations >= s->how.max_iterations)
    CHECK_PETSC(TaoSetConvergedReason(tao, TAO_DIVERGED_MAXITS));
  return 0;
}

/* TAO gives no hold of this method's matrix but through options. Its scale is one number: the
 * default, an updated diagonal, took 100 iterations and more where this takes 27. */
static void use_lbfgs(struct pc_tao *t)
{
  CHECK_PETSC(TaoSetType(t->tao, TAOLMVM));
  CHECK_PETSC(PetscOptionsInsertString(NULL, lbfgs_options));
  CHECK_PETSC(TaoSetFromOptions(t->tao));
  CHECK_PETSC(PetscOptionsClear(NULL));
}

/* Gauss-Newton: CG on I + J'J ends early, but wherever it ends, it has made a descent direction. */
static void use_newton(struct pc_tao *t, struct pc_errors *s, PetscInt N)
{
  KSP cg;
  PC none;

  CHECK_PETSC(TaoSetType(t->tao, TAONLS));
  CHECK_PETSC(MatCreateShell(PETSC_COMM_SELF, N, N, N, N, s, &t->curvature));
  CHECK_PETSC(MatShellSetOperation(t->curvature, MATOP_MULT, (void (*)(void))multiply));
  CHECK_PETSC(MatSetOption(t->curvature, MAT_SPD, PETSC_TRUE));
  CHECK_PETSC(TaoSetHessian(t->tao, t->curvature, t->curvature, keep_slopes, s));
  CHECK_PETSC(TaoGetKSP(t->tao, &cg));
  CHECK_PETSC(KSPSetType(cg, KSPCG));
  CHECK_PETSC(KSPSetTolerances(cg, FORCING, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  CHECK_PETSC(KSPGetPC(cg, &none));
  CHECK_PETSC(PCSetType(none, PCNONE));
}

struct pc_tao *pc_tao_create(struct pc_errors *s)
{
  struct pc_tao *t = fail_alloc(1, sizeof *t);
  const PetscInt N = (PetscInt)s->net.at[s->net.net.L];

  petsc_begin();
  CHECK_PETSC(VecCreateSeqWithArray(PETSC_COMM_SELF, 1, N, s->x, &t->eps));
  CHECK_PETSC(TaoCreate(PETSC_COMM_SELF, &t->tao));
  if (s->how.method == PC_LBFGS)
    use_lbfgs(t);
  else
    use_newton(t, s, N);
  CHECK_PETSC(TaoSetSolution(t->tao, t->eps));
  CHECK_PETSC(TaoSetObjectiveAndGradient(t->tao, NULL, evaluate, s));
  CHECK_PETSC(TaoSetConvergenceTest(t->tao, judge, s));
  return t;
}

void pc_tao_destroy(struct pc_tao *t)
{
  if (!t) return;
  CHECK_PETSC(TaoDestroy(&t->tao));
  CHECK_PETSC(MatDestroy(&t->curvature));
  CHECK_PETSC(VecDestroy(&t->eps));
  free(t);
}

/* Where a line search failed TAO is back at its last iterate, but it may have seen a lower E. */
static void go_to_best(struct pc_errors *s, Vec G)
{
  double *eps, *gradient;

  CHECK_PETSC(VecGetArrayWrite(s->tao->eps, &eps));
  CHECK_PETSC(VecGetArrayWrite(G, &gradient));
  memcpy(eps, s->best, (size_t)s->net.at[s->net.net.L] * sizeof *eps);
  s->result.energy = pc_local_errors(&s->net, eps, gradient);
  s->result.passes++;
  CHECK_PETSC(VecRestoreArrayWrite(G, &gradient));
  CHECK_PETSC(VecRestoreArrayWrite(s->tao->eps, &eps));
}

/* One run of TAO. True if its line search failed. */
static bool run(struct pc_errors *s)
{
  TaoConvergedReason reason;
  PetscInt iterations;
  const double *gradient;
  Vec G;

  CHECK_PETSC(TaoSolve(s->tao->tao));
  CHECK_PETSC(
      TaoGetSolutionStatus(s->tao->tao, &iterations, &s->result.energy, NULL, NULL, NULL, &reason));
  CHECK_PETSC(TaoGetGradient(s->tao->tao, &G, NULL, NULL));
  if (reason == TAO_DIVERGED_LS_FAILURE) go_to_best(s, G);
  s->result.iterations += iterations;
  CHECK_PETSC(VecGetArrayRead(G, &gradient));
  memcpy(s->gradient, gradient, (size_t)s->net.at[s->net.net.L] * sizeof *gradient);
  CHECK_PETSC(VecRestoreArrayRead(G, &gradient));
  return reason == TAO_DIVERGED_LS_FAILURE;
}

/* Line searches fail at kinks, and where E falls by less than its rounding. Starting afresh from
 * the lowest point helps in the first case. */
void pc_minimise(struct pc_errors *s)
{
  struct pc_result *r = &s->result;
  double before = INFINITY;

  CHECK_PETSC(VecSet(s->tao->eps, 0));
  while (run(s) && r->iterations < s->how.max_iterations &&
         s->lowest[0] < before * (1 - s->how.plateau))
    before = s->lowest[0];
  if (!isfinite(r->energy_feedforward)) r->energy = r->energy_feedforward;
}
