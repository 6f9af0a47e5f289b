/* SPDX-License-Identifier: BSD-3-Clause */
/* inplace.c - mutations for files full of addresses, such as HDF5's
 *
 * One byte more or less and nothing is where its header says, so a few bytes or words change in
 * place; now and then the end is cut off. */
#include "fuzz.h"
#include <string.h>

/* xorshift64* */
static size_t below(uint64_t *state, size_t n)
{
  *state ^= *state >> 12;
  *state ^= *state << 25;
  *state ^= *state >> 27;
  return (size_t)(*state * 0x2545f4914f6cdd1dULL >> 33) % n;
}

/* A little-endian number of 1, 2, 4 or 8 bytes becomes another one. */
static void change_number(uint8_t *data, size_t size, uint64_t *state)
{
  static const uint64_t odd[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fffffff, 0xffffffff, 1UL << 40, ~0UL};
  const size_t bytes = (size_t)1 << below(state, 4), at = below(state, size - 7);
  uint64_t number = 0;

  for (size_t k = 0; k < bytes; k++) number |= (uint64_t)data[at + k] << 8 * k;
  switch (below(state, 4)) {
  case 0:
    number = odd[below(state, sizeof odd / sizeof *odd)];
    break;
  case 1:
    number += 1 + below(state, 8);
    break;
  case 2:
    number -= 1 + below(state, 8);
    break;
  default:
    number <<= 1 + below(state, 16);
  }
  for (size_t k = 0; k < bytes; k++) data[at + k] = (uint8_t)(number >> 8 * k);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
  (void)most;
  uint64_t state = 0x9e3779b97f4a7c15ULL ^ seed;

  if (size < 16) return size;
  for (size_t k = 1 + below(&state, 4); k > 0; k--) {
    switch (below(&state, 4)) {
    case 0:
      data[below(&state, size)] ^= (uint8_t)(1U << below(&state, 8));
      break;
    case 1:
      data[below(&state, size)] = (uint8_t)below(&state, 256);
      break;
    case 2:
      memmove(data + below(&state, size - 7), data + below(&state, size - 7), 8);
      break;
    default:
      change_number(data, size, &state);
    }
  }
  return below(&state, 64) ? size : 1 + below(&state, size);
}
