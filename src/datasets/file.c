/* SPDX-License-Identifier: BSD-3-Clause */
/* file.c - the user's own samples, from an HDF5 file
 *
 * /train/x [N][n0] and /test/x, with labels (/train/label [N]: whole numbers >= 0, as many classes
 * as the largest label of both splits says), real targets (/train/y [N][n_L]), or both: any integer
 * or floating type for x and y. What one split has, the other must have. Next to the store this is
 * the one other place that knows HDF5: the store moves the program's own files with all ranks at
 * once, this reads a stranger's with rank 0 alone. Numbers stay in single precision when the file's
 * type fits in it, because every rank holds them all. */
#include "files.h"
#include <hdf5.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Rows of real numbers, one a sample. */
struct numbers {
  long width;  /* of a row; 0: the file has none */
  bool single; /* float, else double */
  void *at[2]; /* [count][width] by split */
};

struct file {
  struct numbers x, y;
  int *label[2]; /* [count] by split; NULL: the file has none */
};

/* What rank 0 found, for the others. */
struct found {
  long inputs, width, count[2];
  int classes, single_x, single_y;
};

/* The file under inspection. */
struct reader {
  const char *path;
  hid_t file;
  double size; /* bytes */
  struct faults *faults;
};

/* What a dataset of the file can be. */
enum { X, LABEL, Y, PARTS };
static const struct part {
  const char *name[2]; /* by split */
  const char *shape;
  int rank;
} parts[PARTS] = {
    {{"/train/x", "/test/x"}, "[N][n0]", 2},
    {{"/train/label", "/test/label"}, "[N]", 1},
    {{"/train/y", "/test/y"}, "[N][n_L]", 2},
};

/* One dataset of it. */
struct table {
  const char *name;
  hid_t set;       /* < 0: not there */
  hsize_t dims[2]; /* dims[1] is 1 for labels */
  bool single;     /* single precision holds its values exactly */
};

/* Does the file have that many bytes? Compression makes at most 1100 from one. */
static bool fits(const struct reader *r, const struct table *t, size_t item)
{
  hid_t plist = H5Dget_create_plist(t->set);
  double ratio = plist >= 0 && H5Pget_nfilters(plist) > 0 ? 1100 : 1;
  double stored = fmin((double)H5Dget_storage_size(t->set), r->size);

  H5Pclose(plist);
  return (double)t->dims[0] * (double)t->dims[1] * (double)item <= ratio * stored;
}

/* Type, shape and size of an open dataset are as they must be, else a fault. */
static bool is_sound(struct reader *r, struct table *t, const struct part *part)
{
  const bool whole = part->rank == 1;
  hid_t type = H5Dget_type(t->set), space = H5Dget_space(t->set);
  H5T_class_t class = H5Tget_class(type);
  size_t item = H5Tget_size(type);
  int found = H5Sget_simple_extent_ndims(space);

  t->dims[0] = t->dims[1] = 1;
  if (found == part->rank) H5Sget_simple_extent_dims(space, t->dims, NULL);
  t->single = class == H5T_FLOAT ? item <= sizeof(float) : item <= 2;
  H5Tclose(type);
  H5Sclose(space);
  if (class != H5T_INTEGER && (whole || class != H5T_FLOAT)) {
    faults_add(r->faults, "%s: %s must hold %s", r->path, t->name,
               whole ? "whole numbers" : "whole or floating-point numbers");
    return false;
  }
  if (found != part->rank || t->dims[0] == 0 || t->dims[1] == 0) {
    faults_add(r->faults, "%s: %s has %d dimension%s, or an empty one: must be %s", r->path,
               t->name, found, found == 1 ? "" : "s", part->shape);
    return false;
  }
  if (fits(r, t, item)) return true;
  faults_add(r->faults, "%s: %s claims %llu x %llu numbers of %zu bytes: more than the file holds",
             r->path, t->name, (unsigned long long)t->dims[0], (unsigned long long)t->dims[1],
             item);
  return false;
}

/* Open what there is of a part in both splits, and check it; false with a fault. */
static bool open_part(struct reader *r, struct table t[2], const struct part *part)
{
  H5E_BEGIN_TRY
  {
    for (int s = TRAIN; s <= TEST; s++) t[s].set = H5Dopen2(r->file, part->name[s], H5P_DEFAULT);
  }
  H5E_END_TRY
  for (int s = TRAIN; s <= TEST; s++) {
    t[s].name = part->name[s];
    if (t[s].set >= 0 && !is_sound(r, &t[s], part)) return false;
    if (t[s].set >= 0 || (t[1 - s].set < 0 && part != &parts[X])) continue;
    faults_add(r->faults,
               "%s: has no dataset %s: /train/x [N][n0], and /train/label [N] or /train/y "
               "[N][n_L], must be there, and the same of /test",
               r->path, t[s].name);
    return false;
  }
  return true;
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
  herr_t status;

  H5E_BEGIN_TRY
  {
    H5Sselect_hyperslab(from, H5S_SELECT_SET, start, NULL, count, NULL);
    status = H5Dread(t->set, type, to, from, H5P_DEFAULT, data);
  }
  H5E_END_TRY
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

/* The first `take` rows, in blocks: a damaged or non-finite number is met early. */
static void *read_numbers(struct reader *r, const struct table *t, long take, bool single)
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

/* Rows of both splits must be as long, and each part must have as many rows as x; else faults. */
static void compare_shapes(struct reader *r, struct table t[PARTS][2])
{
  for (int k = 0; k < PARTS; k++) {
    if (t[k][TRAIN].set < 0) continue;
    if (t[k][TRAIN].dims[1] != t[k][TEST].dims[1])
      faults_add(r->faults, "%s: %s has rows of %llu numbers and %s of %llu: must be alike",
                 r->path, t[k][TRAIN].name, (unsigned long long)t[k][TRAIN].dims[1],
                 t[k][TEST].name, (unsigned long long)t[k][TEST].dims[1]);
    for (int s = TRAIN; s <= TEST; s++)
      if (t[k][s].dims[0] != t[X][s].dims[0])
        faults_add(r->faults, "%s: %s has %llu rows: must be %llu, as %s", r->path, t[k][s].name,
                   (unsigned long long)t[k][s].dims[0], (unsigned long long)t[X][s].dims[0],
                   t[X][s].name);
  }
}

/* Rows of real numbers of both splits, if the file has them. */
static void read_part(struct reader *r, const struct table t[2], const long count[2],
                      struct numbers *n)
{
  if (t[TRAIN].set < 0) return;
  n->width = (long)t[TRAIN].dims[1];
  n->single = t[TRAIN].single && t[TEST].single;
  for (int s = TRAIN; s <= TEST && r->faults->count == 0; s++)
    n->at[s] = read_numbers(r, &t[s], count[s], n->single);
}

/* With all datasets open and sound: do they agree, and what is in them? */
static void read_samples(struct reader *r, struct table t[PARTS][2], struct dataset *ds,
                         const struct job *job)
{
  struct file *own = ds->own;

  compare_shapes(r, t);
  for (int s = TRAIN; s <= TEST; s++)
    ds->count[s] = files_take(ds, job, (enum split)s, (long)t[X][s].dims[0], r->faults);
  for (int s = TRAIN; s <= TEST && t[LABEL][s].set >= 0 && r->faults->count == 0; s++)
    own->label[s] = read_labels(r, &t[LABEL][s], ds->count[s], &ds->classes);
  if (r->faults->count == 0) read_part(r, t[X], ds->count, &own->x);
  if (r->faults->count == 0) read_part(r, t[Y], ds->count, &own->y);
  if (r->faults->count == 0) ds->inputs = own->x.width;
}

/* Open the file itself, or a fault. */
static bool open_file(struct reader *r, const struct job *job)
{
  struct stat about;

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
  r->size = (double)about.st_size;
  H5E_BEGIN_TRY
  {
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, H5P_DEFAULT);
  }
  H5E_END_TRY
  if (r->file < 0)
    faults_add(r->faults, "data.path = %s: must be an HDF5 file; it is not, or is damaged (%s)",
               r->path, job_place(job, "data.path"));
  return r->file >= 0;
}

/* Rank 0's part. */
static void read_file(struct dataset *ds, const struct job *job, struct faults *faults)
{
  struct reader r = {.faults = faults};
  struct table t[PARTS][2];
  bool sound = true;

  if (!open_file(&r, job)) return;
  for (int k = 0; k < PARTS; k++) t[k][TRAIN].set = t[k][TEST].set = -1;
  for (int k = 0; k < PARTS; k++) sound = sound && open_part(&r, t[k], &parts[k]);
  if (sound) read_samples(&r, t, ds, job);
  for (int k = 0; k < PARTS; k++)
    for (int s = TRAIN; s <= TEST; s++) close_table(&t[k][s]);
  H5Fclose(r.file);
}

/* Rows that rank 0 has read, to all. Collective. */
static void share(struct numbers *n, const long count[2], int rank, MPI_Comm comm)
{
  const size_t row = (size_t)n->width * (n->single ? sizeof(float) : sizeof(double));

  for (int s = TRAIN; s <= TEST && n->width > 0; s++) {
    if (rank > 0) n->at[s] = fail_alloc((size_t)count[s], row);
    files_broadcast(n->at[s], (size_t)count[s] * row, comm);
  }
}

static void file_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                      struct faults *faults)
{
  (void)n0;
  struct file *own = ds->own = fail_alloc(1, sizeof *own);
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) read_file(ds, job, faults);
  struct found found = {.inputs = ds->inputs,
                        .width = own->y.width,
                        .count = {ds->count[TRAIN], ds->count[TEST]},
                        .classes = ds->classes,
                        .single_x = own->x.single,
                        .single_y = own->y.single};

  files_broadcast(&found, sizeof found, comm);
  if (found.inputs == 0) return;
  ds->inputs = own->x.width = found.inputs;
  ds->width = own->y.width = found.width;
  ds->classes = found.classes;
  own->x.single = found.single_x;
  own->y.single = found.single_y;
  for (int s = TRAIN; s <= TEST; s++) {
    size_t count = (size_t)(ds->count[s] = found.count[s]);

    if (found.classes == 0) continue;
    if (rank > 0) own->label[s] = fail_alloc(count, sizeof(int));
    files_broadcast(own->label[s], count * sizeof(int), comm);
  }
  share(&own->x, ds->count, rank, comm);
  share(&own->y, ds->count, rank, comm);
}

static void copy_row(const struct numbers *n, enum split split, long index, double *to)
{
  const size_t width = (size_t)n->width, first = (size_t)index * width;

  for (size_t k = 0; k < width; k++) to[k] = value(n->at[split], n->single, first + k);
}

static void file_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  copy_row(&((const struct file *)ds->own)->x, split, index, x);
}

static void file_target(const struct dataset *ds, enum split split, long index, double *y)
{
  copy_row(&((const struct file *)ds->own)->y, split, index, y);
}

static int file_label(const struct dataset *ds, enum split split, long index)
{
  const struct file *own = ds->own;

  return own->label[split][index];
}

static void file_close(struct dataset *ds)
{
  struct file *own = ds->own;

  for (int s = TRAIN; s <= TEST; s++) {
    free(own->x.at[s]);
    free(own->y.at[s]);
    free(own->label[s]);
  }
  free(own);
}

const struct dataset_kind dataset_file = {
    .name = "file",
    .about = "your own samples, with labels or real targets, from an HDF5 file",
    .open = file_open,
    .sample = file_sample,
    .label = file_label,
    .target = file_target,
    .close = file_close,
};
