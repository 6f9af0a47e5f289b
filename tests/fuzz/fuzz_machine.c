/* SPDX-License-Identifier: BSD-3-Clause */
/* The measured constants of a machine. What is read without fault is written as text that reads
 * back to itself, and rates between the measured points are rates. */
#include "fuzz.h"
#include "machine.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void reads_back(const struct machine *m, const char *path, struct faults *faults)
{
  char *text = machine_text(m);
  struct machine again;

  fuzz_put(path, text, strlen(text));
  PROMISE(machine_read(&again, path, faults));
  char *twice = machine_text(&again);
  PROMISE(strcmp(text, twice) == 0);
  free(twice);
  free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  char *path = fuzz_path("machine.yml");
  struct faults faults = {0};
  struct machine m;

  fuzz_put(path, data, size);
  if (machine_read(&m, path, &faults)) {
    for (int k = 0; k < KERNELS; k++)
      PROMISE(machine_rate(&m, &m.together, (enum machine_kernel)k, IN_DOUBLE, 100) >= 0);
    PROMISE(machine_bandwidth(&m, &m.alone, 1e6) >= 0);
    reads_back(&m, path, &faults);
  }
  fuzz_judge(&faults);
  free(path);
  return 0;
}
