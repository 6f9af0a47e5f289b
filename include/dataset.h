/* SPDX-License-Identifier: BSD-3-Clause */
/* dataset.h - labelled samples, by split and index
 *
 * A data set answers "sample i of the training or the test split" in any order, and the answer is
 * the same on every rank. Sets that are generated hold nothing; sets that are read are checked and
 * read by rank 0 and then broadcast. */
#ifndef TAUFLOW_DATASET_H
#define TAUFLOW_DATASET_H

#include "fail.h"
#include "job.h"

enum split { TRAIN = 0, TEST = 1 };

struct dataset {
  const struct dataset_kind *kind;
  long inputs;   /* n_0 */
  int classes;   /* labels are 0 .. classes-1 */
  long count[2]; /* samples in use, by split; at least 1 each */
  void *own;     /* the kind's own data */
};

/* One file per kind, one exported table each; src/datasets/dataset.c lists them in the order of
 * the choices of data.set. */
struct dataset_kind {
  const char *name;
  const char *about;
  /* Fill inputs, classes, count and own, or add faults. n0 is network.widths[0] (glyphs draws at
   * that size unless data.side is given). Collective over comm; faults may be on rank 0 only. */
  void (*open)(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
               struct faults *faults);
  void (*sample)(const struct dataset *ds, enum split split, long index, double *x); /* [inputs] */
  int (*label)(const struct dataset *ds, enum split split, long index);
  void (*close)(struct dataset *ds);
};

/* The job's data set, or NULL with faults (agreed on all ranks) when a file is missing, truncated,
 * of the wrong kind, or data.train / data.test ask for more than there is. Collective. */
struct dataset *dataset_create(const struct job *job, MPI_Comm comm, struct faults *faults);
void dataset_destroy(struct dataset *ds);
/* Write sample `index` of a split into x [inputs], values 0..1 for pixels. Local. */
void dataset_sample(const struct dataset *ds, enum split split, long index, double *x);
/* Its label, 0 .. classes-1. Local. */
int dataset_label(const struct dataset *ds, enum split split, long index);

extern const struct key data_keys[];

#endif
