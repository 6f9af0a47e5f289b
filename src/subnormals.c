/* SPDX-License-Identifier: BSD-3-Clause */
#include "subnormals.h"

#if defined(__x86_64__)
#include <pmmintrin.h>

void subnormals_flush(void)
{
  _mm_setcsr(_mm_getcsr() | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON);
}
#elif defined(__aarch64__)
#include <stdint.h>

void subnormals_flush(void)
{
  const uint64_t flush_to_zero = (uint64_t)1 << 24;
  uint64_t control;

  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  __asm__ volatile("msr fpcr, %0" : : "r"(control | flush_to_zero));
}
#else
void subnormals_flush(void)
{
}
#endif
