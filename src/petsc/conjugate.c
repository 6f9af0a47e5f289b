/* SPDX-License-Identifier: BSD-3-Clause */
/* Conjugate gradients: KSPCG on a shell matrix and a shell preconditioner. */
#include "check.h"
#include <petscksp.h>
#include <stdlib.h>

struct conjugate {
  struct positive A;
  Mat matrix;
  Vec b, x; /* around the caller's arrays while it solves */
  KSP ksp;
};

typedef void operation(void *context, const double *v, double *out);

static PetscErrorCode apply(const struct conjugate *c, operation *op, Vec v, Vec out)
{
  const PetscScalar *from;
  PetscScalar *to;

  PetscCall(VecGetArrayRead(v, &from));
  PetscCall(VecGetArray(out, &to));
  op(c->A.context, from, to);
  PetscCall(VecRestoreArrayRead(v, &from));
  PetscCall(VecRestoreArray(out, &to));
  return 0;
}

static PetscErrorCode multiply(Mat matrix, Vec v, Vec out)
{
  struct conjugate *c;

  PetscCall(MatShellGetContext(matrix, &c));
  return apply(c, c->A.multiply, v, out);
}

static PetscErrorCode precondition(PC pc, Vec v, Vec out)
{
  struct conjugate *c;

  PetscCall(PCShellGetContext(pc, (void **)&c));
  return apply(c, c->A.precondition, v, out);
}

struct conjugate *conjugate_create(const struct positive *A, double tolerance, long most)
{
  struct conjugate *c = fail_alloc(1, sizeof *c);
  const PetscInt n = (PetscInt)A->n, all = PETSC_DETERMINE;
  PC pc;

  c->A = *A;
  CHECK_PETSC(VecCreateMPIWithArray(A->comm, 1, n, all, NULL, &c->b));
  CHECK_PETSC(VecDuplicate(c->b, &c->x));
  CHECK_PETSC(MatCreateShell(A->comm, n, n, all, all, c, &c->matrix));
  CHECK_PETSC(MatShellSetOperation(c->matrix, MATOP_MULT, (void (*)(void))multiply));
  CHECK_PETSC(KSPCreate(A->comm, &c->ksp));
  CHECK_PETSC(KSPSetType(c->ksp, KSPCG));
  CHECK_PETSC(KSPSetOperators(c->ksp, c->matrix, c->matrix));
  CHECK_PETSC(KSPSetNormType(c->ksp, KSP_NORM_UNPRECONDITIONED));
  CHECK_PETSC(KSPSetTolerances(c->ksp, tolerance, 1e-300, 1e10, (PetscInt)most));
  CHECK_PETSC(KSPGetPC(c->ksp, &pc));
  CHECK_PETSC(PCSetType(pc, PCSHELL));
  CHECK_PETSC(PCShellSetContext(pc, c));
  CHECK_PETSC(PCShellSetApply(pc, precondition));
  return c;
}

void conjugate_destroy(struct conjugate *c)
{
  if (!c) return;
  CHECK_PETSC(KSPDestroy(&c->ksp));
  CHECK_PETSC(MatDestroy(&c->matrix));
  CHECK_PETSC(VecDestroy(&c->b));
  CHECK_PETSC(VecDestroy(&c->x));
  free(c);
}

bool conjugate_solve(struct conjugate *c, const double *b, double *x, long *iterations)
{
  KSPConvergedReason reason;
  PetscInt count;
  PetscScalar *found;

  CHECK_PETSC(VecPlaceArray(c->b, b));
  CHECK_PETSC(KSPSolve(c->ksp, c->b, c->x));
  CHECK_PETSC(VecResetArray(c->b));
  CHECK_PETSC(VecGetArray(c->x, &found));
  for (long i = 0; i < c->A.n; i++) x[i] = found[i];
  CHECK_PETSC(VecRestoreArray(c->x, &found));
  CHECK_PETSC(KSPGetConvergedReason(c->ksp, &reason));
  CHECK_PETSC(KSPGetIterationNumber(c->ksp, &count));
  *iterations = count;
  return reason > 0;
}
