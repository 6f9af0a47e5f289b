/* SPDX-License-Identifier: BSD-3-Clause */
/* select.h - which rows' drives are, or get, between 0 and the cap (relax.h), as lists
 *
 * Included by step.h. Masks of VECTOR bytes become bits of a word, whose ones are then walked: a
 * row that is not selected costs next to nothing. */

/* Rows that are on at some time between s0 and s1, or on the way onward from s1 that is `ahead`
 * times as long; without those on throughout if they are to be `crossing`. */
INLINE mask64 selected(bool crossing, double cap, double ahead, vec64 s0, vec64 s1)
{
  const vec64 zero = {0}, most = zero + cap;
  vec64 low = smaller(s0, s1), high = larger(s0, s1);

  if (crossing) return ((high > zero) & (low < most)) & ~((low > zero) & (high < most));
  vec64 on = s1;
  on += ahead * (s1 - s0);
  return (larger(high, on) > zero) & (smaller(low, on) < most);
}

/* Append the rows, from `first` on, whose bits are set. Writes up to LIST_SPARE numbers, so that
 * nothing hangs on how many are on. A generation may name instructions for it. */
#ifndef APPEND
/* The lanes that are on in a mask of four, in order. */
typedef int32_t four32 __attribute__((vector_size(16), aligned(4), may_alias));
static const four32 lanes_on[16] = {{0},    {0},       {1},       {0, 1},      {2},    {0, 2},
                                    {1, 2}, {0, 1, 2}, {3},       {0, 3},      {1, 3}, {0, 1, 3},
                                    {2, 3}, {0, 2, 3}, {1, 2, 3}, {0, 1, 2, 3}};
static const unsigned char count_on[16] = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};

INLINE long append(unsigned bits, long first, int *row, long count)
{
  for (int lane = 0; lane < N64; lane += 4, bits >>= 4) {
    *(four32 *)(row + count) = lanes_on[bits & 15] + (int)(first + lane);
    count += count_on[bits & 15];
  }
  return count;
}
#define APPEND(bits, first, row, count) append(bits, first, row, count)
#endif

/* The last rows of a vector that they do not fill are followed by zeros, which select nothing. */
INLINE long select_rows(bool crossing, long n, double cap, double ahead, const double *s0,
                        const double *s1, int *row)
{
  long count = 0;

  for (long i = 0; i < n; i += N64) {
    const bool whole = n - i >= N64;
    const vec64 a = whole ? at(s0, i) : rest_at(s0, i, n - i);
    const vec64 b = whole ? at(s1, i) : rest_at(s1, i, n - i);
    count = APPEND(BITS(selected(crossing, cap, ahead, a, b)), i, row, count);
  }
  return count;
}

static long crossing_rows(long n, double cap, const double *s0, const double *s1, int *row)
{
  return select_rows(true, n, cap, 0, s0, s1, row);
}

static long open_rows(long n, double cap, double ahead, const double *s0, const double *s1,
                      int *row)
{
  return select_rows(false, n, cap, ahead, s0, s1, row);
}
