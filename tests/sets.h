/* SPDX-License-Identifier: BSD-3-Clause */
/* sets.h - data sets that must open, and those that must not */
#ifndef TAUFLOW_SETS_H
#define TAUFLOW_SETS_H

#include "agree.h"
#include "dataset.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

/* The data set of a job with seed 3, these widths and this data section, whose paths are relative
 * to folder; NULL with *message, which the caller frees, and which is empty on other ranks than 0
 * where only rank 0 knows. Collective over the world. */
static inline struct dataset *set_try(const char *folder, const char *widths, const char *data,
                                      char **message)
{
  struct faults faults = {0};
  char *text = fail_text("seed: 3\nnetwork: {widths: [%s]}\ndata: {%s}\npresent: {samples: 1}\n",
                         widths, data);
  struct job *job = job_parse(text, "test", folder, 0, NULL, &faults);
  struct dataset *ds = faults.count > 0 ? NULL : dataset_create(job, MPI_COMM_WORLD, &faults);

  *message = fail_text("%s", faults.count > 0 ? faults.text : "");
  faults_clear(&faults);
  job_destroy(job);
  free(text);
  return ds;
}

/* A data set that must open. Collective over the world. */
static inline struct dataset *set_open(const char *folder, const char *widths, const char *data)
{
  char *message;
  struct dataset *ds = set_try(folder, widths, data, &message);

  if (!agree(MPI_COMM_WORLD, ds != NULL)) ck_abort_msg("{%s}: %s", data, message);
  free(message);
  return ds;
}

/* It must not open, with exactly one message on rank 0 that contains `part`. Collective over the
 * world. */
static inline void set_refused(const char *folder, const char *widths, const char *data,
                               const char *part)
{
  char *message;
  struct dataset *ds = set_try(folder, widths, data, &message);
  int rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  bool one = rank > 0 || (strstr(message, part) && strchr(message, '\n') == strrchr(message, '\n'));

  if (!agree(MPI_COMM_WORLD, !ds && one))
    ck_abort_msg("{%s}: not \"%s\" but \"%s\"", data, part, message);
  free(message);
}

#endif
