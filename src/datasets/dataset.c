/* SPDX-License-Identifier: BSD-3-Clause */
#include "target.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const struct dataset_kind dataset_glyphs, dataset_circles, dataset_digits, dataset_mnist,
    dataset_mnist7, dataset_file, dataset_gaussian;

/* In the order of the choices of data.set. */
static const struct dataset_kind *const kinds[] = {
    &dataset_glyphs, &dataset_circles, &dataset_digits,   &dataset_mnist,
    &dataset_mnist7, &dataset_file,    &dataset_gaussian,
};

const struct key data_keys[] = {
    {"data.set", KEY_CHOICE, KEY_FIXED, NULL, 0, 0, false,
     "glyphs|circles|digits|mnist|mnist7|file|gaussian", "",
     "glyphs, circles and gaussian (independent normal inputs of any width) are generated; digits, "
     "mnist and mnist7 (mnist pooled to 7 x 7) are read "
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
     "use the first so many training samples; 0: all there are (glyphs, circles: 10000; gaussian: "
     "1000000000, so that none comes twice)"},
    {"data.test", KEY_INTEGER, KEY_FIXED, "0", 0, 1e9, false, NULL, "samples",
     "use the first so many test samples; 0: all there are (generated sets: 1000)"},
    {"data.order", KEY_CHOICE, KEY_FIXED, "shuffled; data.set=gaussian: sequential", 0, 0, false,
     "shuffled|sequential", "",
     "order of the training samples: a new permutation each epoch (of 100000000 at most), or as "
     "they come"},
    {"data.target", KEY_CHOICE, KEY_FIXED, "by_set; data.set=gaussian: teacher", 0, 0, false,
     "by_set|label|y|input|teacher|independent", "",
     "what the network should answer: label: 1 at the sample's label and 0 elsewhere; y: the real "
     "target beside the sample (set: file); input: the sample itself, which makes an autoencoder; "
     "teacher: W x, W ~ N(0, 1/n_0) drawn once per seed; independent: N(0, 1) numbers; "
     "by_set: y where there are any, else label"},
    {0},
};

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
               count - 1, top, length, dataset_target_name(ds), place);
}

/* Permutations are kept in memory; samples beyond this many are not shuffled. */
enum { SHUFFLED_MOST = 100000000 };

static void check_order(const struct dataset *ds, const struct job *job, struct faults *faults)
{
  if (job_choice(job, "data.order") == 0 && ds->count[TRAIN] > SHUFFLED_MOST)
    faults_add(faults,
               "data.order = shuffled: of %ld training samples, and a permutation may have at most "
               "%d: needs sequential, or a smaller data.train (%s)",
               ds->count[TRAIN], SHUFFLED_MOST, job_place(job, "data.order"));
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
    target_open(ds, job, &found);
    if (found.count == 0) check_widths(ds, job, &found);
    check_order(ds, job, &found);
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
  target_close(ds);
  ds->kind->close(ds);
  free(ds);
}

void dataset_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  EXPECT(index >= 0 && index < ds->count[split]);
  ds->kind->sample(ds, split, index, x);
}

double dataset_pace(const struct dataset *ds)
{
  enum { TIMED = 16 };
  double *x = fail_alloc((size_t)ds->inputs, sizeof *x);

  const double begin = MPI_Wtime();
  for (long k = 0; k < TIMED; k++) dataset_sample(ds, TRAIN, k % ds->count[TRAIN], x);
  const double spent = MPI_Wtime() - begin;
  free(x);
  return spent / TIMED;
}

int dataset_label(const struct dataset *ds, enum split split, long index)
{
  EXPECT(index >= 0 && index < ds->count[split] && ds->classes > 0);
  return ds->kind->label(ds, split, index);
}
