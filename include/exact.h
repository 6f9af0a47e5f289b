/* SPDX-License-Identifier: BSD-3-Clause */
/* exact.h - sums of doubles that no order of addition can change
 *
 * Every double is a whole number of units of 2^-1074, so a sum of doubles is a whole number too. It
 * is kept in digits of 32 bits, each in a word of 64 with room for carries: a term adds to three of
 * them (Kulisch's accumulator). Whole numbers add exactly in any order, so each rank sums what it
 * owns, wherever the cuts are, and one MPI_Allreduce of a short message of fixed length adds the
 * ranks. Only the end result is rounded, once, to the nearest double. */
#ifndef TAUFLOW_EXACT_H
#define TAUFLOW_EXACT_H

#include <mpi.h>
#include <stdint.h>

enum { EXACT_DIGITS = 67 }; /* 2098 bits of doubles, and 2^30 terms of them */

struct exact {
  int64_t digit[EXACT_DIGITS]; /* digit k counts units of 2^(32 k - 1074); all 0: an empty sum */
  int64_t strangers;           /* terms that are no finite number */
};

/* Add one term; up to 2^30 over all ranks. Local. */
void exact_add(struct exact *sum, double term);
/* Each of the `count` sums becomes that of all ranks, in one message. Collective. */
void exact_reduce(struct exact *sum, int count, MPI_Comm comm);
/* The double nearest to the sum, ties to even; infinite beyond the range of doubles, not a number
 * if a term was not finite. Local. */
double exact_value(const struct exact *sum);

#endif
