/* SPDX-License-Identifier: BSD-3-Clause */
/* scalapack.h - what is used of BLACS, PBLAS and ScaLAPACK, which bring no C headers
 *
 * PBLAS is written in C and takes characters as they are; ScaLAPACK is Fortran and takes the
 * lengths of its characters behind all other arguments. */
#ifndef TAUFLOW_SCALAPACK_H
#define TAUFLOW_SCALAPACK_H

#include <mpi.h>
#include <stddef.h>

int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int cols);
void Cblacs_gridinfo(int context, int *rows, int *cols, int *row, int *col);
void Cblacs_gridexit(int context);

void pdgemm_(const char *ta, const char *tb, const int *m, const int *n, const int *k,
             const double *alpha, const double *a, const int *ia, const int *ja, const int *da,
             const double *b, const int *ib, const int *jb, const int *db, const double *beta,
             double *c, const int *ic, const int *jc, const int *dc);
void pdsyrk_(const char *uplo, const char *trans, const int *n, const int *k, const double *alpha,
             const double *a, const int *ia, const int *ja, const int *da, const double *beta,
             double *c, const int *ic, const int *jc, const int *dc);
void pdtran_(const int *m, const int *n, const double *alpha, const double *a, const int *ia,
             const int *ja, const int *da, const double *beta, double *c, const int *ic,
             const int *jc, const int *dc);
void pdtrsm_(const char *side, const char *uplo, const char *trans, const char *diag, const int *m,
             const int *n, const double *alpha, const double *a, const int *ia, const int *ja,
             const int *da, double *b, const int *ib, const int *jb, const int *db);

void pdpotrf_(const char *uplo, const int *n, double *a, const int *ia, const int *ja,
              const int *da, int *info, size_t);
void pdpotrs_(const char *uplo, const int *n, const int *m, const double *a, const int *ia,
              const int *ja, const int *da, double *b, const int *ib, const int *jb, const int *db,
              int *info, size_t);
void pdpocon_(const char *uplo, const int *n, const double *a, const int *ia, const int *ja,
              const int *da, const double *norm, double *rcond, double *work, const int *lwork,
              int *iwork, const int *liwork, int *info, size_t);
double pdlansy_(const char *norm, const char *uplo, const int *n, const double *a, const int *ia,
                const int *ja, const int *da, double *work, size_t, size_t);
void pdgesv_(const int *n, const int *m, double *a, const int *ia, const int *ja, const int *da,
             int *pivot, double *b, const int *ib, const int *jb, const int *db, int *info);
void pdgeqrf_(const int *m, const int *n, double *a, const int *ia, const int *ja, const int *da,
              double *tau, double *work, const int *lwork, int *info);
void pdorgqr_(const int *m, const int *n, const int *k, double *a, const int *ia, const int *ja,
              const int *da, const double *tau, double *work, const int *lwork, int *info);
void pdgesvd_(const char *jobu, const char *jobvt, const int *m, const int *n, double *a,
              const int *ia, const int *ja, const int *da, double *s, double *u, const int *iu,
              const int *ju, const int *du, double *vt, const int *iv, const int *jv, const int *dv,
              double *work, const int *lwork, int *info, size_t, size_t);
void pdsyev_(const char *jobz, const char *uplo, const int *n, double *a, const int *ia,
             const int *ja, const int *da, double *w, double *z, const int *iz, const int *jz,
             const int *dz, double *work, const int *lwork, int *info, size_t, size_t);

#endif
