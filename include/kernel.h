/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel.h - the inner loops of the trajectory, with a fixed order of additions
 *
 * A row's dot product is computed whole by one rank in one order, so results do not depend on how
 * rows are cut over ranks. The order is one of lanes: element j goes to lane j mod 8 (double) or
 * 16 (float) of accumulator (j / lanes) mod 2, and lanes are added pairwise at the end; it is the
 * same for every instruction set the compiler builds the clones for. Library BLAS chooses its
 * order by block position, which is why it is not used here.
 *
 * All arrays are 64-byte aligned, rows padded with zeros to ld, a multiple of PAD. All Local. */
#ifndef TAUFLOW_KERNEL_H
#define TAUFLOW_KERNEL_H

/* out[i] = sum_j A[i][j] x[j], i < rows; A [rows][ld], x [ld]. */
void kernel_rows_f64(const double *A, long rows, long ld, const double *x, double *out);
/* The same in single precision, products and sums too; x is the caller's rounded copy. */
void kernel_rows_f32(const float *A, long rows, long ld, const float *x, double *out);

/* out[i] += sum_k c[k] v[k*stride + i], i < n, k in order. */
void kernel_combine(int K, const double *c, const double *v, long stride, long n, double *out);

/* A[i][j] = (1 - loss) (A[i][j] + sum_k p[k*rows + i] q[k*ld + j]), k in order; A [rows][ld],
 * p [K][rows], q [K][ld]. The decay comes as loss = 1 - d because single precision could not hold
 * a d this close to 1. Exchanging p and q gives exactly the transposed result. */
void kernel_fold_f64(double *A, long rows, long ld, double loss, int K, const double *p,
                     const double *q);
void kernel_fold_f32(float *A, long rows, long ld, double loss, int K, const float *p,
                     const float *q);

#endif
