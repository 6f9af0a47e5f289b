/* SPDX-License-Identifier: BSD-3-Clause */
/* rng.h - random numbers as a function of what they are for
 *
 * Philox 4x32-10 of Random123 (Salmon et al., SC11), keyed by the job's seed, counted by purpose
 * and three indices. No state: any rank can ask for any number in any order, so results do not
 * depend on the rank count and nothing needs to be in a checkpoint. */
#ifndef TAUFLOW_RNG_H
#define TAUFLOW_RNG_H

#include <stdint.h>

/* Values are part of the results: add at the end, never renumber. */
enum rng_purpose {
  RNG_WEIGHT = 1,   /* a: layer, b: row, c: column */
  RNG_FEEDBACK = 2, /* a: layer, b: row, c: column */
  RNG_ORDER = 3,    /* a: epoch mod 2^16, b: position, c: epoch / 2^16 */
  RNG_GLYPH = 4,    /* a: train 0 or test 1, b: index, c: which number of the sample */
  RNG_CIRCLES = 5,  /* a: train 0 or test 1, b: index, c: which number of the sample */
  RNG_NOISE = 6,    /* a: stage, b: row, c: interval since the start of the run */
  RNG_GAUSSIAN = 7, /* a: train 0 or test 1, b: index, c: which number of the sample */
  RNG_TEACHER = 8,  /* a: 0, b: row, c: column */
  RNG_TARGET = 9,   /* a: train 0 or test 1, b: index, c: which number of the target */
};

/* Uniform in the open interval (0, 1), 53 random bits. a below 2^16, c and b below 2^40. Local. */
double rng_uniform(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b, uint64_t c);
/* Standard normal (Box-Muller of two uniforms of the same counter). Local. */
double rng_normal(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b, uint64_t c);
/* Uniform integer in [0, below), below >= 1, without modulo bias worth naming (64-bit multiply-
 * shift: bias below 2^-32 for below < 2^32). Local. */
uint64_t rng_below(uint64_t seed, enum rng_purpose purpose, uint64_t a, uint64_t b, uint64_t c,
                   uint64_t below);

#endif
