/* SPDX-License-Identifier: BSD-3-Clause */
/* target.c - labels, real targets, and targets made of the sample
 *
 * The teacher's W_data is a function of (seed, row, column). A rank draws a row when it is first
 * asked for an element of a target that needs it, and keeps it: a network that is spread over ranks
 * spreads its teacher alike. Its products have the fixed order of additions of kernel.h, so that
 * targets do not depend on who asks for which rows. */
#include "target.h"
#include "kernel.h"
#include "network.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct maker {
  uint64_t seed;
  double *vector;   /* a sample or a whole target, padded with zeros; NULL until needed */
  enum split split; /* which it is of */
  long index;
  double **row; /* [outputs] of W_data, padded likewise; all NULL until needed */
};

/* In the order of enum target. */
static const char *const names[] = {"by_set", "label", "y", "input", "teacher", "independent"};

const char *dataset_target_name(const struct dataset *ds)
{
  return names[ds->target];
}

/* A target that this set can give, or a fault. */
static void choose(struct dataset *ds, const struct job *job, struct faults *faults)
{
  const enum target wanted = (enum target)job_choice(job, "data.target");
  const char *place = job_place(job, "data.target"), *name = ds->kind->name;

  ds->target = wanted != TARGET_BY_SET ? wanted : ds->width > 0 ? TARGET_Y : TARGET_LABEL;
  if (ds->target == TARGET_Y && ds->width == 0)
    faults_add(faults, "data.target = y: the %s data set has no real targets (%s)", name, place);
  if (wanted == TARGET_LABEL && ds->classes == 0)
    faults_add(faults, "data.target = label: the %s data set has no labels (%s)", name, place);
  else if (ds->target == TARGET_LABEL && ds->classes == 0)
    faults_add(faults,
               "data.set = %s: has neither labels nor real targets; it can do with data.target = "
               "input, teacher or independent (%s)",
               name, job_place(job, "data.set"));
  if (ds->target != TARGET_LABEL && ds->target != TARGET_Y) ds->classes = 0;
}

void target_open(struct dataset *ds, const struct job *job, struct faults *faults)
{
  ds->maker = fail_alloc(1, sizeof *ds->maker);
  ds->maker->seed = (uint64_t)job_integer(job, "seed");
  choose(ds, job, faults);
}

void target_close(struct dataset *ds)
{
  struct maker *maker = ds->maker;

  if (!maker) return;
  for (long i = 0; maker->row && i < ds->outputs; i++) free(maker->row[i]);
  free(maker->row);
  free(maker->vector);
  free(maker);
}

long target_length(const struct dataset *ds)
{
  const bool own = strcmp(ds->kind->name, "file") == 0; /* may lack some classes of a larger set */

  switch (ds->target) {
  case TARGET_Y:
    return ds->width;
  case TARGET_INPUT:
    return ds->inputs;
  case TARGET_LABEL:
    return own && ds->outputs > ds->classes ? ds->outputs : ds->classes;
  default:
    return ds->outputs;
  }
}

double dataset_target_bytes(const struct job *job, long inputs, long outputs)
{
  if (job_choice(job, "data.target") != TARGET_TEACHER) return 0;
  return (double)outputs * (double)padded(inputs) * sizeof(double);
}

/* Row i of W_data, N(0, 1/n_0). */
static void draw_row(const struct dataset *ds, long i, double *W)
{
  const double deviation = 1 / sqrt((double)ds->inputs);

  for (long j = 0; j < ds->inputs; j++)
    W[j] = deviation * rng_normal(ds->maker->seed, RNG_TEACHER, 0, (uint64_t)i, (uint64_t)j);
}

void dataset_teacher(const struct dataset *ds, long lo, long hi, double *W)
{
  EXPECT(ds->target == TARGET_TEACHER && lo >= 0 && hi <= ds->outputs);
  for (long i = lo; i < hi; i++) draw_row(ds, i, W + (i - lo) * ds->inputs);
}

/* What rows of the target of this sample are made from, in maker->vector: the sample, or the set's
 * own target. Rows are asked for some at a time, so the last one is kept. */
static void recall(const struct dataset *ds, enum split split, long index)
{
  const long longest = ds->inputs > ds->width ? ds->inputs : ds->width;
  struct maker *maker = ds->maker;

  if (maker->vector && maker->split == split && maker->index == index) return;
  /* Not at once: a job is only known to fit into memory after its data set is open. */
  if (!maker->vector) maker->vector = fail_alloc((size_t)padded(longest), sizeof *maker->vector);
  maker->split = split;
  maker->index = index;
  (ds->target == TARGET_Y ? ds->kind->target : ds->kind->sample)(ds, split, index, maker->vector);
}

/* y = W_data x for x in maker->vector. */
static void teach(const struct dataset *ds, long lo, long hi, double *y)
{
  const long ld = padded(ds->inputs);
  struct maker *maker = ds->maker;

  if (!maker->row) maker->row = fail_alloc((size_t)ds->outputs, sizeof *maker->row);
  for (long i = lo; i < hi; i++) {
    if (!maker->row[i]) draw_row(ds, i, maker->row[i] = fail_alloc((size_t)ld, sizeof(double)));
    kernel_rows_f64(maker->row[i], 1, ld, maker->vector, y + i - lo);
  }
}

void dataset_target_rows(const struct dataset *ds, enum split split, long index, long lo, long hi,
                         double *y)
{
  EXPECT(index >= 0 && index < ds->count[split] && lo >= 0 && hi <= ds->outputs);
  const long label = ds->target == TARGET_LABEL ? ds->kind->label(ds, split, index) : -1;

  switch (ds->target) {
  case TARGET_LABEL:
    for (long i = lo; i < hi; i++) y[i - lo] = i == label;
    break;
  case TARGET_INDEPENDENT:
    for (long i = lo; i < hi; i++)
      y[i - lo] = rng_normal(ds->maker->seed, RNG_TARGET, split, (uint64_t)index, (uint64_t)i);
    break;
  case TARGET_TEACHER:
    recall(ds, split, index);
    teach(ds, lo, hi, y);
    break;
  default:
    recall(ds, split, index);
    for (long i = lo; i < hi; i++) y[i - lo] = ds->maker->vector[i];
  }
}

void dataset_target(const struct dataset *ds, enum split split, long index, double *y)
{
  dataset_target_rows(ds, split, index, 0, ds->outputs, y);
}
