/* SPDX-License-Identifier: BSD-3-Clause */
/* info_folder.c - what lies in the folder of a run: how it ended, and its newest intact state */
#include "folder.h"
#include "info_parts.h"
#include "summary.h"
#include <stdlib.h>
#include <string.h>

static void tell_summary(FILE *out, const char *folder)
{
  struct facts facts = facts_read(folder);
  const char *status = facts_value(&facts, "status"), *by = facts_value(&facts, "stopped_by");
  const char *samples = facts_value(&facts, "samples"), *why = facts_value(&facts, "message");

  fprintf(out, "%s: a run, %s", folder, status ? status : "in progress or cut short");
  if (by) fprintf(out, " by %s", by);
  if (samples) fprintf(out, " after %s presentations", samples);
  fprintf(out, "%s%s\n", why ? ": " : "", why ? why : "");
  facts_clear(&facts);
}

static void tell_files(FILE *out, const char *folder, int states, const long *list)
{
  enum { SHOWN = 10 };
  static const char *const names[] = {"series.h5", "trace.h5"};

  fprintf(out, "state files%s", states == 0 ? ": none" : ", newest first:");
  for (int k = 0; k < states && k < SHOWN; k++) fprintf(out, " state-%ld.h5", list[k]);
  if (states > SHOWN) fprintf(out, " and %d more", states - SHOWN);
  fprintf(out, "\n");
  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (folder_holds(folder, names[k])) fprintf(out, "quantities over time: %s\n", names[k]);
}

/* Into a text first, for damage may show only at its end. */
static bool tell_state(FILE *out, const char *path, struct faults *why)
{
  char *text = NULL;
  size_t length = 0;
  FILE *in_memory = open_memstream(&text, &length);

  CHECK(in_memory, "out of memory: no room for a report");
  const bool good = info_print(in_memory, path, why) == 0;
  fclose(in_memory);
  if (good) fwrite(text, 1, length, out);
  free(text);
  return good;
}

static void tell_newest(FILE *out, const char *folder, int states, const long *list,
                        struct faults *faults)
{
  bool told = false;

  for (int k = 0; k < states && !told; k++) {
    struct faults why = {0};
    char *path = folder_state(folder, list[k]);
    told = tell_state(out, path, &why);
    if (why.count > 0) fprintf(out, "warning: %s", why.text);
    faults_clear(&why);
    free(path);
  }
  if (states > 0 && !told) faults_add(faults, "%s: no state file there is intact", folder);
}

static void tell_sweep(FILE *out, const char *folder, struct faults *faults)
{
  char *path = folder_path(folder, "sweep.h5");

  if (folder_holds(folder, "sweep.h5"))
    info_print(out, path, faults);
  else
    faults_add(faults, "%s: holds a sweep, but no sweep.h5; `tauflow sweep --gather %s` writes it",
               folder, folder);
  free(path);
}

void info_folder(FILE *out, const char *folder, struct faults *faults)
{
  long *list;
  const int states = folder_states(folder, &list);

  if (folder_has_sweep(folder)) {
    tell_sweep(out, folder, faults);
  } else if (states < 0) {
    faults_add(faults, "%s: cannot be listed", folder);
  } else if (!folder_has_results(folder)) {
    faults_add(faults, "%s: holds no run", folder);
  } else {
    tell_summary(out, folder);
    tell_files(out, folder, states, list);
    tell_newest(out, folder, states, list, faults);
  }
  free(list);
}
