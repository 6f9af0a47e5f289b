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
enum target {
  TARGET_BY_SET,
  TARGET_LABEL,
  TARGET_Y,
  TARGET_INPUT,
  TARGET_TEACHER,
  TARGET_INDEPENDENT
};

struct dataset {
  const struct dataset_kind *kind;
  long inputs; /* n_0 */
  int classes; /* labels are 0 .. classes-1; 0: the set has none, or the job no use for them */
  long width;  /* of the set's own real targets; 0: it has none */
  enum target target;  /* what dataset_target gives; never TARGET_BY_SET */
  long outputs;        /* n_L, the length of a target */
  long count[2];       /* samples in use, by split; at least 1 each */
  void *own;           /* the kind's own data */
  struct maker *maker; /* target.c's own data */
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
  /* NULL in kinds that have none. */
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
/* Time to get one sample of the training split, as measured now [s]. Local. */
double dataset_pace(const struct dataset *ds);
/* What the network should answer to it, y* [outputs]: 1 at the label and 0 elsewhere, the set's own
 * real target, the sample itself, a teacher's answer W_data x, or independent normal numbers.
 * Local. */
void dataset_target(const struct dataset *ds, enum split split, long index, double *y);
/* Its elements lo .. hi-1 into y [hi-lo], the same to the bit. A rank keeps the teacher's rows it
 * has been asked for, and no others. Local. */
void dataset_target_rows(const struct dataset *ds, enum split split, long index, long lo, long hi,
                         double *y);
/* Rows lo .. hi-1 of W_data, fresh, into W [hi-lo][inputs], where target is TARGET_TEACHER. It is a
 * function of seed and shape alone, the same for both splits. Local. */
void dataset_teacher(const struct dataset *ds, long lo, long hi, double *W);
/* The word of data.target for what the target is. Local. */
const char *dataset_target_name(const struct dataset *ds);
/* Memory that whole targets of this length will come to take on a rank [bytes]. Local. */
double dataset_target_bytes(const struct job *job, long inputs, long outputs);

extern const struct key data_keys[];

#endif
