/* SPDX-License-Identifier: BSD-3-Clause */
/* file.c - the user's own samples, from an HDF5 file
 *
 * /train/x [N][n0], /train/label [N], /test/x and /test/label: any integer or floating type for x,
 * whole numbers >= 0 for labels; there are as many classes as the largest label of both splits
 * says. The store moves the program's own files with all ranks at once, this
 * reads a stranger's with rank 0 alone. Samples
 * stay in single precision when the file's type fits in it, because every rank holds them all. */
#include "files.h"
#include "../store_h5.h"
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct samples {
  void *x;    /* [count][inputs] of float or double */
  int *label; /* [count] */
};

struct file {
  bool single;
  struct samples split[2];
};

/* What rank 0 found, for the others. */
struct found {
  long inputs, count[2];
  int classes, single;
};

/* The file under inspection. */
struct reader {
  const char *path;
  struct h5 h5;
  struct faults *faults;
};

/* One dataset of it. */
struct table {
  const char *name;
  hid_t set;
  hsize_t dims[2]; /* dims[1] is 1 for labels */
  bool single;     /* single precision holds its values exactly */
};

static const char *const names[2][2] = {{"/train/x", "/train/label"}, {"/test/x", "/test/label"}};

/* Type, shape and size of an open dataset are as they must be, else a fault. */
static bool is_sound(struct reader *r, struct table *t, int rank)
{
  hid_t type = H5Dget_type(t->set), space = H5Dget_space(t->set);
  H5T_class_t class = H5Tget_class(type);
  size_t item = H5Tget_size(type);
  int found = H5Sget_simple_extent_ndims(space);

  t->dims[0] = t->dims[1] = 1;
  if (found == rank) H5Sget_simple_extent_dims(space, t->dims, NULL);
  t->single = class == H5T_FLOAT ? item <= sizeof(float) : item <= 2;
  H5Tclose(type);
  H5Sclose(space);
  if (class != H5T_INTEGER && (rank == 1 || class != H5T_FLOAT)) {
    faults_add(r->faults, "%s: %s must hold %s", r->path, t->name,
               rank == 1 ? "whole numbers" : "whole or floating-point numbers");
    return false;
  }
  if (found != rank || t->dims[0] == 0 || t->dims[1] == 0) {
    faults_add(r->faults, "%s: %s has %d dimension%s, or an empty one: must be %s", r->path,
               t->name, found, found == 1 ? "" : "s", rank == 1 ? "[N]" : "[N][n0]");
    return false;
  }
  if (h5_holds(t->set, false)) return true;
  faults_add(r->faults, "%s: %s claims %llu x %llu numbers of %zu bytes: more than the file holds",
             r->path, t->name, (unsigned long long)t->dims[0], (unsigned long long)t->dims[1],
             item);
  return false;
}

/* Open a dataset and check it; t->set < 0 if it is not there. */
static bool open_table(struct reader *r, struct table *t, const char *name, int rank)
{
  t->name = name;
  t->set = H5Dopen2(r->h5.file, name, H5P_DEFAULT);
  if (t->set >= 0) return is_sound(r, t, rank);
  faults_add(r->faults,
             "%s: has no dataset %s: /train/x [N][n0], /train/label [N], /test/x and /test/label "
             "must be there",
             r->path, name);
  return false;
}

static void close_table(const struct table *t)
{
  if (t->set >= 0) H5Dclose(t->set);
}

/* Read `rows` rows from row `first` on as HDF5's native type into `data`. */
static bool read_rows(struct reader *r, const struct table *t, hsize_t first, hsize_t rows,
                      hid_t type, void *data)
{
  hsize_t start[2] = {first, 0}, count[2] = {rows, t->dims[1]};
  hid_t from = H5Dget_space(t->set), to = H5Screate_simple(2, count, NULL);

  H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, count, NULL);
  const herr_t status = H5Dread(t->set, type, to, from, H5P_DEFAULT, data);
  H5Sclose(from);
  H5Sclose(to);
  if (status < 0)
    faults_add(r->faults, "%s: %s cannot be read at rows %llu to %llu: damaged?", r->path, t->name,
               (unsigned long long)first, (unsigned long long)(first + rows - 1));
  return status >= 0;
}

/* All labels, so that the classes do not depend on how many samples the job wants. Raises *classes
 * if need be; keeps the first `take`. */
static int *read_labels(struct reader *r, const struct table *t, long take, int *classes)
{
  enum { BLOCK = 4096 };
  int *label = fail_alloc((size_t)take, sizeof *label);
  long long block[BLOCK];

  for (hsize_t first = 0; first < t->dims[0]; first += BLOCK) {
    hsize_t rows = t->dims[0] - first < BLOCK ? t->dims[0] - first : BLOCK;

    if (!read_rows(r, t, first, rows, H5T_NATIVE_LLONG, block)) return label;
    for (hsize_t k = 0; k < rows; k++) {
      if (block[k] < 0 || block[k] >= INT_MAX) {
        faults_add(r->faults, "%s: %s[%llu] = %lld: must be 0 to %d", r->path, t->name,
                   (unsigned long long)(first + k), block[k], INT_MAX - 1);
        return label;
      }
      if (block[k] >= *classes) *classes = (int)block[k] + 1;
      if (first + k < (hsize_t)take) label[first + k] = (int)block[k];
    }
  }
  return label;
}

static double value(const void *x, bool single, size_t k)
{
  return single ? (double)((const float *)x)[k] : ((const double *)x)[k];
}

/* The first `take` samples, in blocks of rows: a damaged or non-finite one is met early. */
static void *read_x(struct reader *r, const struct table *t, long take, bool single)
{
  size_t item = single ? sizeof(float) : sizeof(double), row = (size_t)t->dims[1] * item;
  hsize_t block = row < 1 << 20 ? (1 << 20) / row : 1;
  char *x = fail_alloc((size_t)take, row);

  for (hsize_t first = 0; first < (hsize_t)take; first += block) {
    hsize_t rows = (hsize_t)take - first < block ? (hsize_t)take - first : block;
    char *at = x + first * row;

    if (!read_rows(r, t, first, rows, single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE, at)) break;
    for (size_t k = 0; k < rows * t->dims[1]; k++) {
      if (isfinite(value(at, single, k))) continue;
      faults_add(r->faults, "%s: %s[%llu][%llu] = %g: must be finite", r->path, t->name,
                 (unsigned long long)(first + k / t->dims[1]), (unsigned long long)(k % t->dims[1]),
                 value(at, single, k));
      return x;
    }
  }
  return x;
}

/* With all four datasets open and sound: do they agree, and what is in them? */
static void read_samples(struct reader *r, struct table t[2][2], struct dataset *ds,
                         const struct job *job)
{
  struct file *own = ds->own;

  if (t[TRAIN][0].dims[1] != t[TEST][0].dims[1])
    faults_add(r->faults,
               "%s: /train/x has rows of %llu numbers and /test/x of %llu: must be alike", r->path,
               (unsigned long long)t[TRAIN][0].dims[1], (unsigned long long)t[TEST][0].dims[1]);
  for (int s = TRAIN; s <= TEST; s++) {
    if (t[s][1].dims[0] != t[s][0].dims[0])
      faults_add(r->faults, "%s: %s has %llu rows: must be %llu, as %s", r->path, t[s][1].name,
                 (unsigned long long)t[s][1].dims[0], (unsigned long long)t[s][0].dims[0],
                 t[s][0].name);
    ds->count[s] = files_take(ds, job, (enum split)s, (long)t[s][0].dims[0], r->faults);
  }
  own->single = t[TRAIN][0].single && t[TEST][0].single;
  for (int s = TRAIN; s <= TEST && r->faults->count == 0; s++) {
    own->split[s].label = read_labels(r, &t[s][1], ds->count[s], &ds->classes);
    own->split[s].x = read_x(r, &t[s][0], ds->count[s], own->single);
  }
  if (r->faults->count == 0) ds->inputs = (long)t[TRAIN][0].dims[1];
}

/* Open the file itself, or a fault. */
static bool open_file(struct reader *r, const struct job *job)
{
  struct stat about;
  struct faults reason = {0};

  r->path = job_text(job, "data.path");
  if (!*r->path) {
    faults_add(r->faults, "data.set = file: data.path must name the HDF5 file (%s)",
               job_place(job, "data.set"));
    return false;
  }
  if (stat(r->path, &about) != 0 || !S_ISREG(about.st_mode) || access(r->path, R_OK) != 0) {
    faults_add(r->faults, "data.path = %s: no such file, or not readable (%s)", r->path,
               job_place(job, "data.path"));
    return false;
  }
  r->h5 = h5_new(r->path, &reason);
  const bool open = h5_open(&r->h5, false);
  faults_clear(&reason);
  r->h5.faults = r->faults;
  if (!open)
    faults_add(r->faults, "data.path = %s: must be an HDF5 file; it is not, or is damaged (%s)",
               r->path, job_place(job, "data.path"));
  return open;
}

/* Rank 0's part. */
static void read_file(struct dataset *ds, const struct job *job, struct faults *faults)
{
  struct reader r = {.faults = faults};
  struct table t[2][2] = {{{.set = -1}, {.set = -1}}, {{.set = -1}, {.set = -1}}};
  bool sound = true;

  if (!open_file(&r, job)) return;
  for (int s = TRAIN; s <= TEST; s++)
    for (int k = 0; k < 2; k++) sound = sound && open_table(&r, &t[s][k], names[s][k], 2 - k);
  if (sound) read_samples(&r, t, ds, job);
  for (int s = TRAIN; s <= TEST; s++)
    for (int k = 0; k < 2; k++) close_table(&t[s][k]);
  h5_close(&r.h5);
}

static void file_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                      struct faults *faults)
{
  (void)n0;
  struct file *own = ds->own = fail_alloc(1, sizeof *own);
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) read_file(ds, job, faults);
  struct found found = {ds->inputs, {ds->count[TRAIN], ds->count[TEST]}, ds->classes, own->single};

  files_broadcast(&found, sizeof found, comm);
  if (found.inputs == 0) return;
  ds->inputs = found.inputs;
  ds->classes = found.classes;
  own->single = found.single;
  for (int s = TRAIN; s <= TEST; s++) {
    size_t count = (size_t)(ds->count[s] = found.count[s]);
    size_t row = (size_t)found.inputs * (own->single ? sizeof(float) : sizeof(double));

    if (rank > 0) own->split[s].x = fail_alloc(count, row);
    if (rank > 0) own->split[s].label = fail_alloc(count, sizeof(int));
    files_broadcast(own->split[s].x, count * row, comm);
    files_broadcast(own->split[s].label, count * sizeof(int), comm);
  }
}

static void file_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  const struct file *own = ds->own;
  size_t n = (size_t)ds->inputs, first = (size_t)index * n;

  for (size_t k = 0; k < n; k++) x[k] = value(own->split[split].x, own->single, first + k);
}

static int file_label(const struct dataset *ds, enum split split, long index)
{
  const struct file *own = ds->own;

  return own->split[split].label[index];
}

static void file_close(struct dataset *ds)
{
  struct file *own = ds->own;

  for (int s = TRAIN; s <= TEST; s++) {
    free(own->split[s].x);
    free(own->split[s].label);
  }
  free(own);
}

const struct dataset_kind dataset_file = {
    .name = "file",
    .about = "your own samples and labels, from an HDF5 file",
    .open = file_open,
    .sample = file_sample,
    .label = file_label,
    .close = file_close,
};
