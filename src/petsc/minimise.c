/* SPDX-License-Identifier: BSD-3-Clause */
/* Minimisation by PETSc's TAO. */
#include "check.h"
#include <math.h>
#include <petsctao.h>
#include <stdlib.h>
#include <string.h>

/* The scale of L-BFGS is one number: the default, an updated diagonal, took four times as many
 * iterations on predictive coding's errors. */
static const char lbfgs_options[] =
    "-tao_lmvm_mat_lmvm_hist_size 10 -tao_lmvm_mat_lmvm_scale_type scalar";
/* The first step is as long as the first direction; the default tries lengths out. */
static const char newton_options[] = "-tao_ntr_init_type direction";
/* How far Newton's linear systems are solved. */
static const double forcing = 0.1;

struct minimiser {
  struct smooth f;
  Tao tao;
  Vec x;
  Mat curvature; /* NULL for L-BFGS */
  /* Where f was evaluated last, if anywhere yet, and what came of it. */
  bool visited;
  double *last, value, *gradient; /* [n] */
  double *bottom;                 /* [n] where the curvature is wanted */
};

/* TAO asks for the value at a point and later, in another call, for its gradient. */
static void visit(struct minimiser *m, const double *x)
{
  const size_t bytes = (size_t)m->f.n * sizeof *x;

  if (m->visited && memcmp(m->last, x, bytes) == 0) return;
  m->visited = true;
  memcpy(m->last, x, bytes);
  m->value = m->f.value(m->f.context, x, m->gradient);
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

static void assign(Vec v, const double *from, long n)
{
  double *to;

  CHECK_PETSC(VecGetArrayWrite(v, &to));
  memcpy(to, from, (size_t)n * sizeof *from);
  CHECK_PETSC(VecRestoreArrayWrite(v, &to));
}

static PetscErrorCode evaluate(Tao tao, Vec X, PetscReal *value, Vec G, void *context)
{
  struct minimiser *m = context;

  (void)tao;
  visit(m, elements(X));
  *value = m->value;
  assign(G, m->gradient, m->f.n);
  return 0;
}

static PetscErrorCode take_curvature(Tao tao, Vec X, Mat H, Mat P, void *context)
{
  struct minimiser *m = context;

  (void)tao;
  (void)H;
  (void)P;
  memcpy(m->bottom, elements(X), (size_t)m->f.n * sizeof *m->bottom);
  return 0;
}

/* A trial step that was refused has led away from where the curvature is wanted. */
static PetscErrorCode multiply(Mat H, Vec V, Vec out)
{
  struct minimiser *m;
  double *Hv;

  CHECK_PETSC(MatShellGetContext(H, &m));
  visit(m, m->bottom);
  CHECK_PETSC(VecGetArrayWrite(out, &Hv));
  m->f.curvature(m->f.context, elements(V), Hv);
  CHECK_PETSC(VecRestoreArrayWrite(out, &Hv));
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

/* Some choices have no other way in. */
static void set_options(Tao tao, const char *options)
{
  CHECK_PETSC(PetscOptionsInsertString(NULL, options));
  CHECK_PETSC(TaoSetFromOptions(tao));
  CHECK_PETSC(PetscOptionsClear(NULL));
}

/* Truncated CG within a trust region (Steihaug), which directions of negative curvature end. */
static void use_newton(struct minimiser *m)
{
  const PetscInt n = (PetscInt)m->f.n;
  KSP cg;
  PC none;

  CHECK_PETSC(TaoSetType(m->tao, TAONTR));
  set_options(m->tao, newton_options);
  CHECK_PETSC(MatCreateShell(PETSC_COMM_SELF, n, n, n, n, m, &m->curvature));
  CHECK_PETSC(MatShellSetOperation(m->curvature, MATOP_MULT, (void (*)(void))multiply));
  CHECK_PETSC(MatSetOption(m->curvature, MAT_SYMMETRIC, PETSC_TRUE));
  CHECK_PETSC(TaoSetHessian(m->tao, m->curvature, m->curvature, take_curvature, m));
  CHECK_PETSC(TaoGetKSP(m->tao, &cg));
  CHECK_PETSC(KSPSetType(cg, KSPSTCG));
  CHECK_PETSC(KSPSetTolerances(cg, forcing, PETSC_DEFAULT, PETSC_DEFAULT, PETSC_DEFAULT));
  CHECK_PETSC(KSPGetPC(cg, &none));
  CHECK_PETSC(PCSetType(none, PCNONE));
}

struct minimiser *minimiser_create(const struct smooth *f, enum descent_method method)
{
  struct minimiser *m = fail_alloc(1, sizeof *m);

  m->f = *f;
  m->last = fail_alloc((size_t)f->n, sizeof *m->last);
  m->gradient = fail_alloc((size_t)f->n, sizeof *m->gradient);
  m->bottom = fail_alloc((size_t)f->n, sizeof *m->bottom);
  CHECK_PETSC(VecCreateSeq(PETSC_COMM_SELF, (PetscInt)f->n, &m->x));
  CHECK_PETSC(TaoCreate(PETSC_COMM_SELF, &m->tao));
  if (method == DESCENT_LBFGS) {
    CHECK_PETSC(TaoSetType(m->tao, TAOLMVM));
    set_options(m->tao, lbfgs_options);
  } else {
    use_newton(m);
  }
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
  free(m->bottom);
  free(m->gradient);
  free(m->last);
  free(m);
}

struct minimum minimise(struct minimiser *m, double *x)
{
  struct minimum at;
  TaoConvergedReason reason;
  PetscInt iterations;
  Vec G;

  m->visited = false; /* the function may be another now */
  assign(m->x, x, m->f.n);
  CHECK_PETSC(TaoSolve(m->tao));
  memcpy(x, elements(m->x), (size_t)m->f.n * sizeof *x);
  CHECK_PETSC(TaoGetSolutionStatus(m->tao, &iterations, &at.value, NULL, NULL, NULL, &reason));
  CHECK_PETSC(TaoGetGradient(m->tao, &G, NULL, NULL));
  at.gradient = elements(G);
  at.iterations = iterations;
  at.stuck = reason < 0;
  return at;
}
