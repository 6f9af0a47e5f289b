/* SPDX-License-Identifier: BSD-3-Clause */
/* A job file; behind a zero byte each, what --set gives. A job without faults is written as
 * used.yml, which must read back to itself. */
#include "fuzz.h"
#include "session.h"
#include <stdlib.h>
#include <string.h>

enum { SETS = 8 };

static void reads_back(const struct job *job, struct faults *faults)
{
  char *used = job_used(job);
  struct job *again = job_parse(used, "used.yml", "/elsewhere", 0, NULL, faults);

  PROMISE(faults->count == 0);
  char *twice = job_used(again);

  PROMISE(strcmp(used, twice) == 0);
  free(twice);
  free(used);
  job_destroy(again);
}

/* A name becomes a folder: below output/ and nowhere else. */
static void stays_inside(const struct job *job)
{
  const char *name = job_text(job, "name");

  PROMISE(!strchr(name, '/') && name[0] != '.');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct bytes rest = {data, size};
  struct faults faults = {0};
  char *text = bytes_text(&rest), *set[SETS];
  int sets = 0;

  while (sets < SETS && (set[sets] = bytes_text(&rest))) sets++;
  struct job *job =
      job_parse(text ? text : "", "job.yml", "/folder", sets, (const char *const *)set, &faults);
  if (!faults.count) reads_back(job, &faults);
  if (!faults.count) session_check(job, &faults);
  if (!faults.count) stays_inside(job);
  job_destroy(job);
  fuzz_judge(&faults);
  for (int k = 0; k < sets; k++) free(set[k]);
  free(text);
  return 0;
}
