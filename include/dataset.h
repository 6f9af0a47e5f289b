/* SPDX-License-Identifier: BSD-3-Clause */
/* dataset.h - samples and what a network should answer to them, by split and index
 *
 * A data set answers "sample i of the training or the test split" in any order, and the answer is
 * the same on every rank. Sets that are generated hold nothing; sets that are read are checked and
 * read by rank 0 and then broadcast. A set has labels, real targets of its own, or both; what is
 * the target of a job, data.target, may also be made of the sample (docs/equations.md, targets). */
#ifndef TAUFLOW_DATASET_H
#define TAUFLOW_DATASET_H

#include "fail.h"
#include "job.h"

enum split { TRAIN = 0, TEST = 1 };

/* In the order of the choices of data.target. */
enum target { TARGET_BY_SET, TARGET_LABEL, TARGET_Y, TARGET_INPUT };

struct dataset {
  const struct dataset_kind *kind;
  long inputs; /* n_0 */
  int classes; /* labels are 0 .. classes-1; 0: the set has none, or the job no use for them */
  long width;  /* of the set's own real targets; 0: it has none */
  enum target target; /* what dataset_target gives; never TARGET_BY_SET */
  long outputs;       /* n_L, the length of a target */
  long count[2];      /* samples in use, by split; at least 1 each */
  void *own;          /* the kind's own data */
};

/* One file per kind, one exported table each; src/datasets/dataset.c lists them in the order of
 * the choices of data.set. */
struct dataset_kind {
  const char *name;
  const char *about;
  /* Fill inputs, classes, width, count and own, or add faults. n0 is network.widths[0] (glyphs
   * draws at that size unless data.side is given). Collective over comm; faults may be on rank 0
   * only. */
  void (*open)(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
               struct faults *faults);
  void (*sample)(const struct dataset *ds, enum split split, long index, double *x); /* [inputs] */
  int (*label)(const struct dataset *ds, enum split split, long index);
  /* A real target of the set's own, y [width]; NULL in kinds that have none. */
  void (*target)(const struct dataset *ds, enum split split, long index, double *y);
  void (*close)(struct dataset *ds);
};

/* The job's data set, or NULL with faults (agreed on all ranks) when a file is missing, truncated,
 * of the wrong kind, or data.train / data.test ask for more than there is. Collective. */
struct dataset *dataset_create(const struct job *job, MPI_Comm comm, struct faults *faults);
void dataset_destroy(struct dataset *ds);
/* Write sample `index` of a split into x [inputs], values 0..1 for pixels. Local. */
void dataset_sample(const struct dataset *ds, enum split split, long index, double *x);
/* Its label, 0 .. classes-1, where classes > 0. Local. */
int dataset_label(const struct dataset *ds, enum split split, long index);
/* What the network should answer to it, into y [outputs]: 1 at the label and 0 elsewhere, the set's
 * own real target, or the sample itself. Local. */
void dataset_target(const struct dataset *ds, enum split split, long index, double *y);

extern const struct key data_keys[];

#endif
