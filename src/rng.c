/* SPDX-License-Identifier: BSD-3-Clause */
#include "rng.h"
#include "fail.h"
#include <Random123/philox.h>
#include <math.h>

/* The 128 bits of the counter: b and c give their low 32 bits to words of their own; word 2 holds
 * their high 8 bits and a; word 3 the purpose. Different questions never share a counter. */
static philox4x32_ctr_t bits(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b,
                             uint64_t c)
{
  EXPECT(a >> 16 == 0 && b >> 40 == 0 && c >> 40 == 0);
  philox4x32_ctr_t counter = {{(uint32_t)b, (uint32_t)c,
                               (uint32_t)(a << 16 | (c >> 32) << 8 | b >> 32), (uint32_t)purpose}};
  philox4x32_key_t key = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};

  return philox4x32(counter, key);
}

static uint64_t word(philox4x32_ctr_t r, int half)
{
  return (uint64_t)r.v[2 * half + 1] << 32 | r.v[2 * half];
}

/* k 2^-53 for 53 random bits k; k = 0 becomes 2^-54, so that the interval is open at both ends. */
static double open_unit(uint64_t bits64)
{
  return fmax((double)(bits64 >> 11), 0.5) * 0x1p-53;
}

double rng_uniform(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b, uint64_t c)
{
  return open_unit(word(bits(seed, purpose, a, b, c), 0));
}

double rng_normal(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b, uint64_t c)
{
  static const double two_pi = 6.283185307179586476925286766559;
  philox4x32_ctr_t r = bits(seed, purpose, a, b, c);

  return sqrt(-2 * log(open_unit(word(r, 0)))) * cos(two_pi * open_unit(word(r, 1)));
}

uint64_t rng_below(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b, uint64_t c,
                   uint64_t below)
{
  EXPECT(below >= 1);
  __extension__ typedef unsigned __int128 wide;

  return (uint64_t)((wide)word(bits(seed, purpose, a, b, c), 0) * below >> 64);
}
