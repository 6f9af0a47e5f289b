/* SPDX-License-Identifier: BSD-3-Clause */
/* dense.h - dense linear algebra outside the trajectory, by LAPACK and OpenBLAS */
#ifndef TAUFLOW_DENSE_H
#define TAUFLOW_DENSE_H

/* Replace A [rows][cols] by a matrix with orthonormal columns (rows >= cols) or rows (else), from
 * its QR factorisation with R's diagonal made positive, so that a Gaussian A gives the uniform
 * (Haar) distribution. A must have full rank. Local. */
void dense_orthonormalise(long rows, long cols, double *A);

/* out [rows] = A x, A [rows][cols], x [cols], in an order of additions of the library's own. Local.
 */
void dense_gemv_f64(long rows, long cols, const double *A, const double *x, double *out);
void dense_gemv_f32(long rows, long cols, const float *A, const float *x, float *out);
/* Let the library use this many threads from now on. Returns how many it used before. Local. */
int dense_threads(int threads);
/* What OPENBLAS_CORETYPE should say, if the library does not know this processor and took the
 * routines of one without its instructions; else NULL. Local. */
const char *dense_better_core(void);

#endif
