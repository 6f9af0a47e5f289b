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
    {0},
};

/* The network must take the samples in and have an output for every class. */
static void check_widths(const struct dataset *ds, const struct job *job, struct faults *faults)
{
  long count;
  const long *widths = job_integers(job, "network.widths", &count);
  bool own = ds->kind == &dataset_file; /* a sample of a larger set may lack some classes */

  if (count < 2 || ds->inputs == 0) return; /* a fault of its own, reported elsewhere */
  if (widths[0] != ds->inputs)
    faults_add(faults, "network.widths[0] = %ld: the %s data set has %ld inputs (%s)", widths[0],
               ds->kind->name, ds->inputs, job_place(job, "network.widths"));
  if (own ? widths[count - 1] < ds->classes : widths[count - 1] != ds->classes)
    faults_add(faults, "network.widths[%ld] = %ld: the %s data set has %d classes (%s)", count - 1,
               widths[count - 1], ds->kind->name, ds->classes, job_place(job, "network.widths"));
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
  check_widths(ds, job, &found);
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
  EXPECT(index >= 0 && index < ds->count[split]);
  return ds->kind->label(ds, split, index);
}
