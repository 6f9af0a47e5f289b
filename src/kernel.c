/* SPDX-License-Identifier: BSD-3-Clause */
#include "kernels/kernels.h"

#ifdef __x86_64__
/* A look at a word that the start-up code has filled in. */
static inline const struct kernels *kernels(void)
{
  if (__builtin_cpu_supports("x86-64-v4")) return &kernels_x86_64_v4;
  return __builtin_cpu_supports("x86-64-v3") ? &kernels_x86_64_v3 : &kernels_portable;
}
#else
static inline const struct kernels *kernels(void)
{
  return &kernels_portable;
}
#endif

const struct kernels *kernels_here(void)
{
  return kernels();
}

void kernel_rows_f64(const double *A, long rows, long ld, const double *x, double *out)
{
  kernels()->rows_f64(A, rows, ld, x, out);
}

void kernel_rows_f32(const float *A, long rows, long ld, const float *x, double *out)
{
  kernels()->rows_f32(A, rows, ld, x, out);
}

void kernel_some_f64(const double *A, long ld, const double *x, long count, const int *row,
                     double *out)
{
  kernels()->some_f64(A, ld, x, count, row, out);
}

void kernel_some_f32(const float *A, long ld, const float *x, long count, const int *row,
                     double *out)
{
  kernels()->some_f32(A, ld, x, count, row, out);
}

long kernel_columns_f64(const double *A, long cols, long ld, const double *x, long rows,
                        double *out)
{
  return kernels()->columns_f64(A, cols, ld, x, rows, out);
}

long kernel_columns_f32(const float *A, long cols, long ld, const float *x, long rows, double *out)
{
  return kernels()->columns_f32(A, cols, ld, x, rows, out);
}

void kernel_rows2_f64(const double *A, long rows, long ld, const double *x, const double *y,
                      double *out_x, double *out_y)
{
  kernels()->rows2_f64(A, rows, ld, x, y, out_x, out_y);
}

void kernel_rows2_f32(const float *A, long rows, long ld, const float *x, const float *y,
                      double *out_x, double *out_y)
{
  kernels()->rows2_f32(A, rows, ld, x, y, out_x, out_y);
}

void kernel_combine_f64(double scale, int K, const double *c, const double *v, long stride, long n,
                        double *out)
{
  kernels()->combine_f64(scale, K, c, v, stride, n, out);
}

void kernel_combine_f32(double scale, int K, const double *c, const float *v, long stride, long n,
                        double *out)
{
  kernels()->combine_f32(scale, K, c, v, stride, n, out);
}

void kernel_round(double c, const double *x, long n, float *out)
{
  kernels()->round(c, x, n, out);
}

void kernel_scale_f64(double c, const double *x, long n, double *out)
{
  kernels()->scale_f64(c, x, n, out);
}

void kernel_scale_f32(double c, const float *x, long n, float *out)
{
  kernels()->scale_f32(c, x, n, out);
}

void kernel_fold_f64(double *A, long rows, long ld, double loss, int K, const double *p,
                     long p_stride, const double *q, long q_stride)
{
  kernels()->fold_f64(A, rows, ld, loss, K, p, p_stride, q, q_stride);
}

void kernel_fold_f32(float *A, long rows, long ld, double loss, int K, const float *p,
                     long p_stride, const float *q, long q_stride)
{
  kernels()->fold_f32(A, rows, ld, loss, K, p, p_stride, q, q_stride);
}

void kernel_fold2_f64(double *A, double *B, long rows, long ld, double loss, int K, const double *p,
                      long p_stride, const double *q, long q_stride)
{
  kernels()->fold2_f64(A, B, rows, ld, loss, K, p, p_stride, q, q_stride);
}

void kernel_fold2_f32(float *A, float *B, long rows, long ld, double loss, int K, const float *p,
                      long p_stride, const float *q, long q_stride)
{
  kernels()->fold2_f32(A, B, rows, ld, loss, K, p, p_stride, q, q_stride);
}
