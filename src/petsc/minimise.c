/* SPDX-License-Identifier: BSD-3-Clause */
/* Minimisation by PETSc's TAO. */
#include "check.h"
#include <math.h>
#include <petsctao.h>
#include <stdlib.h>
#include <string.h>

/* TAO gives no hold of the matrix of L-BFGS but through options. Its scale is one number: the
 * default, an updated diagonal, took four times as many iterations on predictive coding's errors.
 */
static const char lbfgs_options[] =
    "-tao_lmvm_mat_lmvm_hist_size 10 -tao_lmvm_mat_lmvm_scale_type scalar";
/* How far Newton's linear systems are solved. */
static const double forcing = 0.1;

struct minimiser {
  struct smooth f;
  Tao tao;
  Vec x;
  Mat curvature; /* NULL for L-BFGS */
};

static PetscErrorCode evaluate(Tao tao, Vec X, PetscReal *value, Vec G, void *context)
{
  const struct minimiser *m = context;
  const double *x;
  double *gradient;

  (void)tao;
  CHECK_PETSC(VecGetArrayRead(X, &x));
  CHECK_PETSC(VecGetArray(G, &gradient));
  *value = m->f.value(m->f.context, x, gradient);
  CHECK_PETSC(VecRestoreArray(G, &gradient));
  CHECK_PETSC(VecRestoreArrayRead(X, &x));
  return 0;
}

/* TAO goes on from the point it evaluated last, which is where the function's own curvature is. */
static PetscErrorCode keep_curvature(Tao tao, Vec X, Mat H, Mat P, void *context)
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
  const struct minimiser *m;
  const double *v;
  double *Hv;

  CHECK_PETSC(MatShellGetContext(H, &m));
  CHECK_PETSC(VecGetArrayRead(V, &v));
  CHECK_PETSC(VecGetArray(out, &Hv));
  m->f.curvature(m->f.context, v, Hv);
  CHECK_PETSC(VecRestoreArray(out, &Hv));
  CHECK_PETSC(VecRestoreArrayRead(V, &v));
  return 0;
}

static PetscErrorCode judge(Tao tao, void *context)
{
  const struct minimiser *m = context;
  PetscInt iteration;
  PetscReal gradient;
  Vec G;

  CHECK_PETSC(TaoGetIterationNumber(tao, &iteration));
  CHECK_PETSC(TaoGetGradient(tao, &G, NULL, NULL));
  CHECK_PETSC(VecNorm(G, NORM_INFINITY, &gradient));
  if (m->f.enough(m->f.context, iteration, gradient))
    CHECK_PETSC(TaoSetConvergedReason(tao, TAO_CONVERGED_USER));
  return 0;
}

static void use_lbfgs(struct minimiser *m)
{
  CHECK_PETSC(TaoSetType(m->tao, TAOLMVM));
  CHECK_PETSC(PetscOptionsInsertString(NULL, lbfgs_options));
  CHECK_PETSC(TaoSetFromOptions(m->tao));
  CHECK_PETSC(PetscOptionsClear(NULL));
}

/* CG ends early, but wherever it ends, it has made a direction of descent. */
static void use_newton(struct minimiser *m)
{
  const PetscInt n = (PetscInt)m->f.n;
  KSP cg;
  PC none;

  CHECK_PETSC(TaoSetType(m->tao, TAONLS));
  CHECK_PETSC(MatCreateShell(PETSC_COMM_SELF, n, n, n, n, m, &m->curvature));
  CHECK_PETSC(MatShellSetOperation(m->curvature, MATOP_MULT, (void (*)(void))multiply));
  CHECK_PETSC(MatSetOption(m->curvature, MAT_SPD, PETSC_TRUE));
  CHECK_PETSC(TaoSetHessian(m->tao, m->curvature, m->curvature, keep_curvature, NULL));
  CHECK_PETSC(TaoGetKSP(m->tao, &cg));
  CHECK_PETSC(KSPSetType(cg, KSPCG));
  CHECK_PETSC(KSPSetTolerances(cg, forcing, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  CHECK_PETSC(KSPGetPC(cg, &none));
  CHECK_PETSC(PCSetType(none, PCNONE));
}

struct minimiser *minimiser_create(const struct smooth *f, enum descent_method method)
{
  struct minimiser *m = fail_alloc(1, sizeof *m);

  m->f = *f;
  CHECK_PETSC(VecCreateSeq(PETSC_COMM_SELF, (PetscInt)f->n, &m->x));
  CHECK_PETSC(TaoCreate(PETSC_COMM_SELF, &m->tao));
  if (method == DESCENT_LBFGS)
    use_lbfgs(m);
  else
    use_newton(m);
  CHECK_PETSC(TaoSetSolution(m->tao, m->x));
  CHECK_PETSC(TaoSetObjectiveAndGradient(m->tao, NULL, evaluate, m));
  CHECK_PETSC(TaoSetConvergenceTest(m->tao, judge, m));
  return m;
}

void minimiser_destroy(struct minimiser *m)
{
  if (!m) return;
  CHECK_PETSC(TaoDestroy(&m->tao));
  CHECK_PETSC(MatDestroy(&m->curvature));
  CHECK_PETSC(VecDestroy(&m->x));
  free(m);
}

/* Where the vector's elements are, which stay there. */
static const double *elements(Vec v)
{
  const double *here, *borrowed;

  CHECK_PETSC(VecGetArrayRead(v, &borrowed));
  here = borrowed;
  CHECK_PETSC(VecRestoreArrayRead(v, &borrowed)); /* which sets it to NULL */
  return here;
}

struct minimum minimise(struct minimiser *m, double *x)
{
  const size_t bytes = (size_t)m->f.n * sizeof *x;
  struct minimum at;
  TaoConvergedReason reason;
  PetscInt iterations;
  double *own;
  Vec G;

  CHECK_PETSC(VecGetArrayWrite(m->x, &own));
  memcpy(own, x, bytes);
  CHECK_PETSC(VecRestoreArrayWrite(m->x, &own));
  CHECK_PETSC(TaoSolve(m->tao));
  memcpy(x, elements(m->x), bytes);
  CHECK_PETSC(TaoGetSolutionStatus(m->tao, &iterations, &at.value, NULL, NULL, NULL, &reason));
  CHECK_PETSC(TaoGetGradient(m->tao, &G, NULL, NULL));
  at.gradient = elements(G);
  at.iterations = iterations;
  at.stuck = reason < 0;
  return at;
}
