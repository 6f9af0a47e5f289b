/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_loops.c - what the machine can do: loops with nothing in them but one resource
 *
 * A loop over LANES partial results leaves the compiler free to keep them in registers of any
 * size, and is long enough to hide the latency of an instruction. The sum is one of integers, which
 * takes a cycle, so that reading is what limits it. How many lanes suit a processor depends on its
 * registers, so multiply-adds come in three sizes and the fastest counts. */
#include "bench_parts.h"
#include "clones.h"

enum { READ_LANES = 24 };

/* Nothing of a pass may be put off to the next, or left out because of it. */
#define END_OF_PASS() __asm__ volatile("" ::: "memory")

CLONES uint64_t loop_read(const uint64_t *a, long n, long passes)
{
  uint64_t sum[READ_LANES] = {0}, all = 0;

  for (long pass = 0; pass < passes; pass++) {
    long i = 0;
    for (; i + READ_LANES <= n; i += READ_LANES)
      for (int k = 0; k < READ_LANES; k++) sum[k] += a[i + k];
    for (; i < n; i++) all += a[i];
    END_OF_PASS();
  }
  for (int k = 0; k < READ_LANES; k++) all += sum[k];
  return all;
}

CLONES void loop_update(double *a, long n, double c, long passes)
{
  for (long pass = 0; pass < passes; pass++) {
    for (long i = 0; i < n; i++) a[i] = c * a[i];
    END_OF_PASS();
  }
}

CLONES void loop_triad(double *restrict a, const double *restrict b, const double *restrict c,
                       long n, double s, long passes)
{
  for (long pass = 0; pass < passes; pass++) {
    for (long i = 0; i < n; i++) a[i] = b[i] + s * c[i];
    END_OF_PASS();
  }
}

/* x = x a + b, which stays near 1. */
#define MULTIPLY_ADD(type, lanes)                                                                  \
  do {                                                                                             \
    const type a = (type)0.5, b = (type)0.5;                                                       \
    type sum[lanes];                                                                               \
    for (int k = 0; k < (lanes); k++) sum[k] = x[k];                                               \
    for (long i = 0; i < rounds; i++)                                                              \
      for (int k = 0; k < (lanes); k++) sum[k] = sum[k] * a + b;                                   \
    for (int k = 0; k < (lanes); k++) x[k] = sum[k];                                               \
  } while (0)

CLONES void loop_fma24_f64(double *restrict x, long rounds)
{
  MULTIPLY_ADD(double, 24);
}

CLONES void loop_fma48_f64(double *restrict x, long rounds)
{
  MULTIPLY_ADD(double, 48);
}

CLONES void loop_fma96_f64(double *restrict x, long rounds)
{
  MULTIPLY_ADD(double, 96);
}

CLONES void loop_fma48_f32(float *restrict x, long rounds)
{
  MULTIPLY_ADD(float, 48);
}

CLONES void loop_fma96_f32(float *restrict x, long rounds)
{
  MULTIPLY_ADD(float, 96);
}

CLONES void loop_fma192_f32(float *restrict x, long rounds)
{
  MULTIPLY_ADD(float, 192);
}
