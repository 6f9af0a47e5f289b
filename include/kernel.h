/* SPDX-License-Identifier: BSD-3-Clause */
/* kernel.h - the inner loops of the trajectory, with a fixed order of additions
 *
 * A row's dot product is computed whole by one rank in one order, so results do not depend on how
 * rows are cut over ranks. A row has one sum in 8 lanes (double) or 16 (float): element j goes to
 * lane j mod 8 or 16, at the end the upper half of the lanes is added to the lower, and then
 * neighbours pairwise. Which loops run (AVX-512, AVX2 or portable ones) is chosen at run time by
 * the processor; all keep this order (src/kernels/body.h). Library BLAS chooses its order by block
 * position, which is why it is not used here.
 *
 * Rows of matrices are padded with zeros to ld, a multiple of PAD, and so are the vectors they
 * meet. Those are fastest where they begin at multiples of 64 bytes; combine's v and out, fold's p
 * and the out of rows may well begin anywhere. All Local. */
#ifndef TAUFLOW_KERNEL_H
#define TAUFLOW_KERNEL_H

/* out[i] = sum_j A[i][j] x[j], i < rows; A [rows][ld], x [ld]. */
void kernel_rows_f64(const double *A, long rows, long ld, const double *x, double *out);
/* The same in single precision, products and sums too; x is the caller's rounded copy. */
void kernel_rows_f32(const float *A, long rows, long ld, const float *x, double *out);

/* Of some rows alone: out[i] = sum_j A[i][j] x[j] for i = row[0], ..., row[count-1], each as
 * kernel_rows gives it; the rest of out stays. */
void kernel_some_f64(const double *A, long ld, const double *x, long count, const int *row,
                     double *out);
void kernel_some_f32(const float *A, long ld, const float *x, long count, const int *row,
                     double *out);

/* Of a matrix stored by columns: out[i] = sum_j A[j][i] x[j], i < rows; A [cols][ld], x padded as
 * rows of cols are. Columns whose x is 0 are not read: with finite weights that changes nothing.
 * j goes up; every 128 columns have a sum in the precision of A, and these are added as doubles.
 * Returns how many columns were read. */
long kernel_columns_f64(const double *A, long cols, long ld, const double *x, long rows,
                        double *out);
long kernel_columns_f32(const float *A, long cols, long ld, const float *x, long rows, double *out);

/* As kernel_rows with two vectors, A being read once: each result is that of one vector alone. */
void kernel_rows2_f64(const double *A, long rows, long ld, const double *x, const double *y,
                      double *out_x, double *out_y);
void kernel_rows2_f32(const float *A, long rows, long ld, const float *x, const float *y,
                      double *out_x, double *out_y);

/* out[i] = scale (out[i] + sum_k c[k] v[k*stride + i]), i < n, k in order; the sum over k in
 * single precision where v is. */
void kernel_combine_f64(double scale, int K, const double *c, const double *v, long stride, long n,
                        double *out);
void kernel_combine_f32(double scale, int K, const double *c, const float *v, long stride, long n,
                        double *out);

/* out[i] = c x[i], i < n, rounded once where out is single. */
void kernel_round(double c, const double *x, long n, float *out);
void kernel_scale_f64(double c, const double *x, long n, double *out);
void kernel_scale_f32(double c, const float *x, long n, float *out);

/* Most terms of a fold. */
enum { KERNEL_TERMS = 32 };
/* A[i][j] = (1 - loss) (A[i][j] + sum_k p[k*p_stride + i] q[k*q_stride + j]), k in order, K at most
 * KERNEL_TERMS; A [rows][ld], p [K][p_stride], q [K][q_stride] padded as the rows are. The decay
 * comes as loss = 1 - d because single precision could not hold a d this close to 1. Exchanging p
 * and q gives exactly the transposed result. */
void kernel_fold_f64(double *A, long rows, long ld, double loss, int K, const double *p,
                     long p_stride, const double *q, long q_stride);
void kernel_fold_f32(float *A, long rows, long ld, double loss, int K, const float *p,
                     long p_stride, const float *q, long q_stride);

/* The same for A and B at once, to which the same is added: each as if it were alone. */
void kernel_fold2_f64(double *A, double *B, long rows, long ld, double loss, int K, const double *p,
                      long p_stride, const double *q, long q_stride);
void kernel_fold2_f32(float *A, float *B, long rows, long ld, double loss, int K, const float *p,
                      long p_stride, const float *q, long q_stride);

#endif
