/* SPDX-License-Identifier: BSD-3-Clause */
/* kernels.h - the kernels of kernel.h, and steps of relax.h, once for each generation of processors
 *
 * body.h is compiled by a file per generation, with that generation's instructions and vectors of
 * its length. All keep the same order of additions, so on processors that can fuse a product with
 * a sum (all but `portable` on x86-64) they give the same bits. */
#ifndef TAUFLOW_KERNELS_H
#define TAUFLOW_KERNELS_H

#include "kernel.h"
#include "relax.h"

/* Lines of a matrix that are folded together, and the room for as many factors and some more. */
enum { BAND = 64, ROOM = 80 };

struct kernels {
  void (*rows_f64)(const double *A, long rows, long ld, const double *x, double *out);
  void (*rows_f32)(const float *A, long rows, long ld, const float *x, double *out);
  void (*some_f64)(const double *A, long ld, const double *x, long count, const int *row,
                   double *out);
  void (*some_f32)(const float *A, long ld, const float *x, long count, const int *row,
                   double *out);
  long (*columns_f64)(const double *A, long cols, long ld, const double *x, long rows, double *out);
  long (*columns_f32)(const float *A, long cols, long ld, const float *x, long rows, double *out);
  void (*rows2_f64)(const double *A, long rows, long ld, const double *x, const double *y,
                    double *out_x, double *out_y);
  void (*rows2_f32)(const float *A, long rows, long ld, const float *x, const float *y,
                    double *out_x, double *out_y);
  void (*combine_f64)(double scale, int K, const double *c, const double *v, long stride, long n,
                      double *out);
  void (*combine_f32)(double scale, int K, const double *c, const float *v, long stride, long n,
                      double *out);
  void (*fold_f64)(double *A, long rows, long ld, double loss, int K, const double *p,
                   long p_stride, const double *q, long q_stride);
  void (*fold_f32)(float *A, long rows, long ld, double loss, int K, const float *p, long p_stride,
                   const float *q, long q_stride);
  void (*fold2_f64)(double *A, double *B, long rows, long ld, double loss, int K, const double *p,
                    long p_stride, const double *q, long q_stride);
  void (*fold2_f32)(float *A, float *B, long rows, long ld, double loss, int K, const float *p,
                    long p_stride, const float *q, long q_stride);
  void (*round)(double c, const double *x, long n, float *out);
  void (*scale_f64)(double c, const double *x, long n, double *out);
  void (*scale_f32)(double c, const float *x, long n, float *out);
  struct extent (*kinked_step)(long n, const struct relax *r, double cap, const double *s,
                               const double *s0, const double *s1, const double *v0, double *v1,
                               double *mean);
  struct extent (*gated_step)(long n, const struct relax *r, double cap, const double *s0,
                              const double *s1, const double *v0, const double *q, const double *q0,
                              const double *q1, double *v1, double *mean);
  long (*crossing_rows)(long n, double cap, const double *s0, const double *s1, int *row);
  long (*open_rows)(long n, double cap, double ahead, const double *s0, const double *s1, int *row);
};

/* Those of this processor. Local. */
const struct kernels *kernels_here(void);

extern const struct kernels kernels_portable, kernels_x86_64_v3, kernels_x86_64_v4;

#endif
