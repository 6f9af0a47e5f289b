/* SPDX-License-Identifier: BSD-3-Clause */
#include "dense.h"
#include "fail.h"
#include <cblas.h>
#include <lapacke.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A tall matrix in LAPACK's column-major order: m >= n. */
static void orthonormal_columns(int m, int n, double *A)
{
  double *tau = fail_alloc((size_t)n, sizeof *tau), *sign = fail_alloc((size_t)n, sizeof *sign);
  int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, m, n, A, m, tau);

  CHECK(info == 0, "dgeqrf of a %d x %d matrix: info = %d", m, n, info);
  for (int j = 0; j < n; j++) sign[j] = A[(size_t)j * (size_t)m + (size_t)j] < 0 ? -1 : 1;
  info = LAPACKE_dorgqr(LAPACK_COL_MAJOR, m, n, n, A, m, tau);
  CHECK(info == 0, "dorgqr of a %d x %d matrix: info = %d", m, n, info);
  for (int j = 0; j < n; j++)
    for (int i = 0; i < m; i++) A[(size_t)j * (size_t)m + (size_t)i] *= sign[j];
  free(sign);
  free(tau);
}

void dense_orthonormalise(long rows, long cols, double *A)
{
  if (rows <= cols) { /* row-major with few rows is column-major with few columns */
    orthonormal_columns((int)cols, (int)rows, A);
    return;
  }
  double *T = fail_alloc((size_t)rows * (size_t)cols, sizeof *T);
  for (long i = 0; i < rows; i++)
    for (long j = 0; j < cols; j++) T[j * rows + i] = A[i * cols + j];
  orthonormal_columns((int)rows, (int)cols, T);
  for (long i = 0; i < rows; i++)
    for (long j = 0; j < cols; j++) A[i * cols + j] = T[j * rows + i];
  free(T);
}

void dense_gemv_f64(long rows, long cols, const double *A, const double *x, double *out)
{
  cblas_dgemv(CblasRowMajor, CblasNoTrans, (int)rows, (int)cols, 1, A, (int)cols, x, 1, 0, out, 1);
}

void dense_gemv_f32(long rows, long cols, const float *A, const float *x, float *out)
{
  cblas_sgemv(CblasRowMajor, CblasNoTrans, (int)rows, (int)cols, 1, A, (int)cols, x, 1, 0, out, 1);
}

int dense_threads(int threads)
{
  const int before = openblas_get_num_threads();

  openblas_set_num_threads(threads);
  return before;
}

/* Its last resorts for processors of Intel, of AMD and of others, none of which has AVX. */
static bool is_last_resort(const char *core)
{
  static const char *const resorts[] = {"Prescott", "Barcelona", "Generic"};

  for (int k = 0; k < 3; k++)
    if (strcmp(core, resorts[k]) == 0) return true;
  return false;
}

const char *dense_better_core(void)
{
#ifdef __x86_64__
  if (!is_last_resort(openblas_get_corename())) return NULL;
  if (__builtin_cpu_supports("avx512vl")) return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}
