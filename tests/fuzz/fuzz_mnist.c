/* SPDX-License-Identifier: BSD-3-Clause */
/* The four IDX files, gzipped or not: four parts, each behind its length in two bytes. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                      "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

  fuzz_dataset(
      "data: {set: mnist}\nnetwork: {widths: [784, 10]}\nmodel: kp\npresent: {samples: 1}\n", names,
      4, data, size);
  return 0;
}
