/* SPDX-License-Identifier: BSD-3-Clause */
/* A user's own samples: an HDF5 file. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const char *const name = "data.h5";

  fuzz_dataset("data: {set: file}\nnetwork: {widths: [3, 2]}\nmodel: kp\npresent: {samples: 1}\n",
               &name, 1, data, size);
  return 0;
}
