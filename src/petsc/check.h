/* SPDX-License-Identifier: BSD-3-Clause */
/* check.h - what the files that use PETSc share */
#ifndef TAUFLOW_PETSC_CHECK_H
#define TAUFLOW_PETSC_CHECK_H

#include "fail.h"
#include "petsc_part.h"

#define CHECK_PETSC(call)                                                                          \
  do {                                                                                             \
    const int code_ = (call);                                                                      \
    CHECK(code_ == 0, "%s: PETSc error %d", #call, code_);                                         \
  } while (0)

struct minimiser *minimiser_create(const struct smooth *f, enum descent_method method);
void minimiser_destroy(struct minimiser *m);
struct minimum minimise(struct minimiser *m, double *x);
struct conjugate *conjugate_create(const struct positive *A, double tolerance, long most);
void conjugate_destroy(struct conjugate *c);
bool conjugate_solve(struct conjugate *c, const double *b, double *x, long *iterations);

#endif
