/* SPDX-License-Identifier: BSD-3-Clause */
/* dense.h - dense linear algebra outside the trajectory, by LAPACK */
#ifndef TAUFLOW_DENSE_H
#define TAUFLOW_DENSE_H

/* Replace A [rows][cols] by a matrix with orthonormal columns (rows >= cols) or rows (else), from
 * its QR factorisation with R's diagonal made positive, so that a Gaussian A gives the uniform
 * (Haar) distribution. A must have full rank. Local. */
void dense_orthonormalise(long rows, long cols, double *A);

#endif
