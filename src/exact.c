/* SPDX-License-Identifier: BSD-3-Clause */
#include "exact.h"
#include "fail.h"
#include "watch.h"
#include <math.h>
#include <string.h>

enum { BITS = 32, UNIT = -1074 }; /* of a digit; exponent of digit 0 */
static const uint64_t MASK = 0xffffffff;

_Static_assert(sizeof(struct exact) == (EXACT_DIGITS + 1) * sizeof(int64_t), "words end to end");

void exact_add(struct exact *sum, double term)
{
  uint64_t bits;

  if (!isfinite(term)) {
    sum->strangers++;
    return;
  }
  memcpy(&bits, &term, sizeof bits);
  const int exponent = (int)(bits >> 52 & 0x7ff);
  const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
  const uint64_t whole = exponent > 0 ? fraction | (uint64_t)1 << 52 : fraction;
  const int shift = exponent > 0 ? exponent - 1 : 0; /* |term| = whole * 2^(shift + UNIT) */
  const uint64_t low = (whole & MASK) << shift % BITS, high = (whole >> BITS) << shift % BITS;
  const int64_t sign = bits >> 63 ? -1 : 1;
  int64_t *digit = sum->digit + shift / BITS;

  digit[0] += sign * (int64_t)(low & MASK);
  digit[1] += sign * (int64_t)((low >> BITS) + (high & MASK));
  digit[2] += sign * (int64_t)(high >> BITS);
}

void exact_reduce(struct exact *sum, int count, MPI_Comm comm)
{
  WAIT_MPI(
      MPI_Allreduce(MPI_IN_PLACE, sum, count * (EXACT_DIGITS + 1), MPI_INT64_T, MPI_SUM, comm));
}

/* The digits of sign * sum, each brought below 2^32 by carrying; what is carried out of the last
 * is returned: negative where the number is. */
static int64_t carry(const struct exact *sum, int64_t sign, uint64_t *digit)
{
  int64_t over = 0;

  for (int k = 0; k < EXACT_DIGITS; k++) {
    const int64_t word = sign * sum->digit[k] + over;
    digit[k] = (uint64_t)word & MASK;
    over = (word - (int64_t)digit[k]) / ((int64_t)1 << BITS); /* exact */
  }
  return over;
}

/* The first 64 bits of a number, rounded to odd (a last 1 says that more follow), become a double
 * by the processor's own rounding, which is right as 64 is more than 53 + 2. */
double exact_value(const struct exact *sum)
{
  uint64_t room[EXACT_DIGITS + 2] = {0}, *digit = room + 2; /* two zeros below the last digit */
  int top = EXACT_DIGITS - 1, lead = 0;

  if (sum->strangers) return NAN;
  const double sign = carry(sum, 1, digit) < 0 ? -1 : 1;
  if (sign < 0) carry(sum, -1, digit);
  while (top >= 0 && digit[top] == 0) top--;
  if (top < 0) return 0;
  while (!(digit[top] >> (BITS - 1 - lead))) lead++;

  const uint64_t three = digit[top - 2] << lead;
  uint64_t first = (digit[top] << BITS | digit[top - 1]) << lead | three >> BITS;
  bool more = (three & MASK) != 0;
  for (int k = 0; k < top - 2; k++) more |= digit[k] != 0;
  if (more) first |= 1;
  return sign * ldexp((double)first, BITS * (top - 1) - lead + UNIT);
}
