/* SPDX-License-Identifier: BSD-3-Clause */
/* The two files of digits, gzipped or not: two parts, each behind its length in two bytes. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const names[] = {"optdigits.tra", "digits.csv"};

  fuzz_dataset(
      "data: {set: digits}\nnetwork: {widths: [64, 10]}\nmodel: kp\npresent: {samples: 1}\n", names,
      2, data, size);
  return 0;
}
