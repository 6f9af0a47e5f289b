/* SPDX-License-Identifier: BSD-3-Clause */
/* A file that `tauflow info` is to describe: a series, a trace, a sweep or a state, the seal of
 * the latter mended. */
#include "fuzz.h"
#include "info.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static FILE *nowhere;
  char *path = fuzz_path("file.h5");
  struct faults faults = {0};

  if (!nowhere) nowhere = fopen("/dev/null", "w");
  fuzz_put(path, data, size);
  fuzz_mend_seal(path);
  const int status = info_print(nowhere, path, &faults);
  PROMISE(status == (faults.count ? 2 : 0));
  fuzz_judge(&faults);
  free(path);
  return 0;
}
