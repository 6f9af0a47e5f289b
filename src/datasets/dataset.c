/* SPDX-License-Identifier: BSD-3-Clause */
#include "dataset.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const struct dataset_kind dataset_glyphs, dataset_circles, dataset_digits, dataset_mnist,
    dataset_mnist7, dataset_file;

/* In the order of the choices of data.set. */
static const struct dataset_kind *const kinds[] = {
    &dataset_glyphs, &dataset_circles, &dataset_digits,
    &dataset_mnist,  &dataset_mnist7,  &dataset_file,
};

const struct key data_keys[] = {
    {"data.set", KEY_CHOICE, KEY_FIXED, NULL, 0, 0, false,
     "glyphs|circles|digits|mnist|mnist7|file", "",
     "glyphs and circles are generated; digits, mnist and mnist7 (mnist pooled to 7 x 7) are read "
     "as published; file is your own, in HDF5. circles: a third input, if there is one, is 1"},
    {"data.path", KEY_PATH, KEY_LATER, "", 0, 0, false, NULL, "",
     "folder of the data files, else $TAUFLOW_DATA/digits or $TAUFLOW_DATA/mnist; for set: file, "
     "the HDF5 file"},
    {"data.side", KEY_INTEGER, KEY_FIXED, "0", 0, 30000, false, NULL, "pixels",
     "glyphs are drawn side x side; 0: the smallest side that fills network.widths[0] inputs"},
    {"data.inner", KEY_REAL, KEY_FIXED, "0.5", 0, 1, false, NULL, "1",
     "circles: radius of the inner ring; that of the outer one is 1"},
    {"data.scatter", KEY_REAL, KEY_FIXED, "0.05", 0, INFINITY, false, NULL, "1",
     "circles: standard deviation of the noise on both coordinates"},
    {"data.train", KEY_INTEGER, KEY_FIXED, "0", 0, 1e9, false, NULL, "samples",
     "use the first so many training samples; 0: all there are (glyphs, circles: 10000)"},
    {"data.test", KEY_INTEGER, KEY_FIXED, "0", 0, 1e9, false, NULL, "samples",
     "use the first so many test samples; 0: all there are (glyphs, circles: 1000)"},
    {"data.order", KEY_CHOICE, KEY_FIXED, "shuffled", 0, 0, false, "shuffled|sequential", "",
     "order of the training samples: a new permutation each epoch, or as they come"},
    {"data.target", KEY_CHOICE, KEY_FIXED, "by_set", 0, 0, false, "by_set|label|y|input", "",
     "what the network should answer: label: 1 at the sample's label and 0 elsewhere; y: the real "
     "target beside the sample (set: file); input: the sample itself, which makes an autoencoder; "
     "by_set: y where there are any, else label"},
    {0},
};

/* A target that this set can give, or a fault. */
static void choose_target(struct dataset *ds, const struct job *job, struct faults *faults)
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
               "input (%s)",
               name, job_place(job, "data.set"));
  if (ds->target == TARGET_INPUT) ds->classes = 0;
}

/* How many outputs a network must have. */
static long target_length(const struct dataset *ds)
{
  const bool own = ds->kind == &dataset_file; /* a sample of a larger set may lack some classes */

  if (ds->target == TARGET_Y) return ds->width;
  if (ds->target == TARGET_INPUT) return ds->inputs;
  return own && ds->outputs > ds->classes ? ds->outputs : ds->classes;
}

/* The network must take the samples in and have an output for every class and element of y*. */
static void check_widths(const struct dataset *ds, const struct job *job, struct faults *faults)
{
  long count;
  const long *widths = job_integers(job, "network.widths", &count);
  const char *place = job_place(job, "network.widths"), *name = ds->kind->name;
  const long top = ds->outputs, length = target_length(ds);

  if (widths[0] != ds->inputs)
    faults_add(faults, "network.widths[0] = %ld: the %s data set has %ld inputs (%s)", widths[0],
               name, ds->inputs, place);
  if (top < ds->classes || (ds->target == TARGET_LABEL && top != length))
    faults_add(faults, "network.widths[%ld] = %ld: the %s data set has %d classes (%s)", count - 1,
               top, name, ds->classes, place);
  else if (top != length)
    faults_add(faults,
               "network.widths[%ld] = %ld: must be %ld, the length of data.target = %s (%s)",
               count - 1, top, length, ds->target == TARGET_Y ? "y" : "input", place);
}

/* Append the messages of one list to another. */
static void hand_over(struct faults *to, struct faults *from)
{
  for (char *line = from->text, *end; line && (end = strchr(line, '\n')); line = end + 1)
    faults_add(to, "%.*s", (int)(end - line), line);
  faults_clear(from);
}

struct dataset *dataset_create(const struct job *job, MPI_Comm comm, struct faults *faults)
{
  struct dataset *ds = fail_alloc(1, sizeof *ds);
  struct faults found = {0};
  long count;
  const long *widths = job_integers(job, "network.widths", &count);

  ds->kind = kinds[job_choice(job, "data.set")];
  ds->kind->open(ds, job, count > 0 ? widths[0] : 0, comm, &found);
  if (count >= 2 && ds->inputs > 0) { /* else there is a fault, here or elsewhere */
    ds->outputs = widths[count - 1];
    choose_target(ds, job, &found);
    if (found.count == 0) check_widths(ds, job, &found);
  }
  bool bad = faults_any(&found, comm);

  hand_over(faults, &found);
  if (!bad) return ds;
  dataset_destroy(ds);
  return NULL;
}

void dataset_destroy(struct dataset *ds)
{
  if (!ds) return;
  ds->kind->close(ds);
  free(ds);
}

void dataset_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  EXPECT(index >= 0 && index < ds->count[split]);
  ds->kind->sample(ds, split, index, x);
}

int dataset_label(const struct dataset *ds, enum split split, long index)
{
  EXPECT(index >= 0 && index < ds->count[split] && ds->classes > 0);
  return ds->kind->label(ds, split, index);
}

void dataset_target(const struct dataset *ds, enum split split, long index, double *y)
{
  EXPECT(index >= 0 && index < ds->count[split]);
  switch (ds->target) {
  case TARGET_Y:
    ds->kind->target(ds, split, index, y);
    break;
  case TARGET_INPUT:
    ds->kind->sample(ds, split, index, y);
    break;
  default:
    for (long i = 0; i < ds->outputs; i++) y[i] = 0;
    y[ds->kind->label(ds, split, index)] = 1;
  }
}
