/* SPDX-License-Identifier: BSD-3-Clause */
/* petsc_part.h - the part of the program that uses PETSc
 *
 * It is a library of its own, tauflow_petsc.so, loaded when something first needs it: PETSc brings
 * fifty libraries along, which would cost every start 70 ms of processor time and every rank 25 MB.
 * What is in src/petsc/ is in that library; the rest of the program calls it through this table
 * alone. Of the program, it uses fail_abort and fail_alloc.
 *
 * PETSc begins when the part is loaded, in this process alone (its world is MPI_COMM_SELF; objects
 * may still be made on any communicator). It sees no arguments, no ~/.petscrc, and no
 * PETSC_OPTIONS, so that what lies around on a machine cannot change results, and it leaves
 * signals to the program. */
#ifndef TAUFLOW_PETSC_PART_H
#define TAUFLOW_PETSC_PART_H

#include <mpi.h>
#include <stdbool.h>

/* What loading it takes of a rank's memory, as measured. */
enum { PETSC_PART_BYTES = 25000000 };

enum descent_method { DESCENT_LBFGS, DESCENT_NEWTON };

/* A function of n unknowns to be minimised. */
struct smooth {
  long n;
  void *context;
  /* Its value at x [n], and its gradient [n]. */
  double (*value)(void *context, const double *x, double *gradient);
  /* out [n] = H v, H the second derivative at the x of the last value, definite or not. Only
   * Newton's method asks. */
  void (*curvature)(void *context, const double *v, double *out);
  /* Asked at the start (iteration 0) and after each iteration: is it enough? Called after `value`
   * at the present x, whose gradient has this largest component. */
  bool (*enough)(void *context, long iteration, double gradient);
};

struct minimum {
  double value;
  const double *gradient; /* [n], borrowed until the next call */
  long iterations;
  bool stuck; /* nothing lower was found where the gradient promised it */
};

struct minimiser;

/* A symmetric positive definite matrix, by what it does to vectors of which each rank has a part,
 * and the inverse of one that is like it. Callbacks are Collective. */
struct positive {
  MPI_Comm comm; /* borrowed */
  long n;        /* this rank's elements */
  void *context;
  void (*multiply)(void *context, const double *v, double *out);
  void (*precondition)(void *context, const double *v, double *out);
};

struct conjugate;

/* Local where not said otherwise; nothing is allocated by minimise and conjugate_solve. */
struct petsc_part {
  /* f is copied, its context borrowed. */
  struct minimiser *(*minimiser_create)(const struct smooth *f, enum descent_method method);
  void (*minimiser_destroy)(struct minimiser *m); /* accepts NULL */
  /* From x [n], which becomes the point reached. The value at the start must be finite. */
  struct minimum (*minimise)(struct minimiser *m, double *x);
  /* A is copied, its context borrowed. tolerance: of |b - A x|/|b|. Collective. */
  struct conjugate *(*conjugate_create)(const struct positive *A, double tolerance, long most);
  void (*conjugate_destroy)(struct conjugate *c); /* accepts NULL. Collective. */
  /* A x = b from x = 0; false if the tolerance was not reached. Collective. */
  bool (*conjugate_solve)(struct conjugate *c, const double *b, double *x, long *iterations);
  void (*end)(void);
};

/* The part, loaded if it is not yet, or an abort saying where it was looked for. MPI has been
 * initialised. Removes PETSC_OPTIONS and PETSC_OPTIONS_YAML from the environment. Local. */
const struct petsc_part *petsc_part(void);
/* End PETSc, if the part was loaded. Before MPI_Finalize, after all its objects are gone; it
 * cannot begin again. Local. */
void petsc_end(void);

#endif
