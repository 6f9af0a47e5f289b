/* SPDX-License-Identifier: BSD-3-Clause */
/* The series of a run that is resumed: its last row is read, it is cut, and a row is added. */
#include "fuzz.h"
#include "series.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct column columns[] = {{.name = "presentation", .width = 1},
                                          {.name = "W_norm", .width = 2}};
  static const struct table table = {"/", 2, columns};
  const double row[] = {7, 0.5, 0.25};
  double last[3];
  char *path = fuzz_path("series.h5");
  struct faults faults = {0};

  fuzz_put(path, data, size);
  series_last(path, &table, last, &faults);
  if (series_truncate(path, 1, &table, 2, &faults) && series_append(path, &table, row, &faults))
    series_last(path, &table, last, &faults);
  fuzz_judge(&faults);
  free(path);
  return 0;
}
