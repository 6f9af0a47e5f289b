/* SPDX-License-Identifier: BSD-3-Clause */
#include "series.h"
#include "store_h5.h"
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *column_path(const struct table *table, const struct column *column)
{
  return fail_text("%s/%s", strcmp(table->group, "/") ? table->group : "", column->name);
}

/* Growing by one row at a time wants chunks of many rows, but not of many megabytes. */
static hsize_t chunk_rows(int width)
{
  long rows = width == 1 ? 1024 : 128, most = (1L << 20) / (8L * width);

  return (hsize_t)(rows < most ? rows : most > 1 ? most : 1);
}

static void create_column(struct h5 *f, const struct table *table, const struct column *column)
{
  int dims = column->width > 1 || column->matrix ? 2 : 1;
  hsize_t width = (hsize_t)column->width, none[2] = {0, width}, all[2] = {H5S_UNLIMITED, width};
  hsize_t chunk[2] = {chunk_rows(column->width), width};
  double nothing = NAN; /* a row that a crash cut short shows */
  char *path = column_path(table, column);
  hid_t create = h5_timeless(H5P_DATASET_CREATE);
  hid_t space = CHECK_H5(H5Screate_simple(dims, none, all));

  h5_make_parents(f, path);
  CHECK_H5(H5Pset_chunk(create, dims, chunk));
  CHECK_H5(H5Pset_fill_value(create, H5T_NATIVE_DOUBLE, &nothing));
  hid_t set = h5_try(
      f, H5Dcreate2(f->file, path, H5T_IEEE_F64LE, space, H5P_DEFAULT, create, H5P_DEFAULT), path);
  h5_put_text(f, set, "about", column->about ? column->about : "");
  h5_put_text(f, set, "unit", column->unit ? column->unit : "");
  h5_end_set(f, set);
  H5Sclose(space);
  H5Pclose(create);
  free(path);
}

/* The oldest file format: it marks no file as "open for writing", so that readers may come at any
 * time, and a run killed while appending can still open its file. */
static void create_file(struct h5 *f, const char *name, const char *job, int tables,
                        const struct table *table)
{
  long version = SERIES_VERSION;

  if (!h5_create(f, name, H5F_LIBVER_EARLIEST, 0)) return;
  hid_t root = H5Gopen2(f->file, "/", H5P_DEFAULT);
  h5_put_text(f, root, "format", "tauflow-series");
  h5_put(f, root, "version", H5T_STD_I64LE, H5T_NATIVE_LONG, 0, &version);
  H5Gclose(root);
  h5_put_code(f);
  h5_put_job(f, job);
  for (int k = 0; k < tables; k++)
    for (int c = 0; c < table[k].columns; c++) create_column(f, &table[k], &table[k].column[c]);
}

bool series_create(const char *path, const char *job, int tables, const struct table *table,
                   struct faults *faults)
{
  struct h5 f = h5_new(path, faults);
  char *part = fail_text("%s.part", path);

  create_file(&f, part, job, tables, table);
  bool good = h5_close(&f);
  if (good && rename(part, path) != 0) {
    faults_add(faults, "%s: cannot be created: %s", path, strerror(errno));
    good = false;
  }
  if (!good) unlink(part);
  free(part);
  return good;
}

static bool open_series(struct h5 *f)
{
  if (!h5_open(f, true)) return false;
  hid_t root = H5Gopen2(f->file, "/", H5P_DEFAULT);
  char *format = h5_get_text(root, "format");
  bool ours = format && strcmp(format, "tauflow-series") == 0;

  if (!ours) faults_add(f->faults, "%s: is not a tauflow-series file", f->path);
  free(format);
  H5Gclose(root);
  return ours;
}

/* Is it laid out as create_column does it, and the file as large as it claims? Where not, HDF5 may
 * overrun its memory when the dataset grows or shrinks, or be busy with it for ever. */
static bool is_ours(hid_t set, const struct column *column)
{
  const hsize_t width = (hsize_t)column->width;
  hsize_t chunk[2] = {0, 1};
  hid_t type = H5Dget_type(set), create = H5Dget_create_plist(set);
  const int dims = H5Pget_layout(create) == H5D_CHUNKED ? H5Pget_chunk(create, 2, chunk) : 0;
  const bool ours = H5Tequal(type, H5T_IEEE_F64LE) > 0 && H5Pget_nfilters(create) == 0 &&
                    (dims == 1 || dims == 2) && chunk[0] == chunk_rows(column->width) &&
                    chunk[1] == width && h5_holds(set, true);

  H5Pclose(create);
  H5Tclose(type);
  return ours;
}

/* The open dataset and its rows, or a fault if there is none of this shape. Caller closes. */
static hid_t open_column(struct h5 *f, const struct table *table, const struct column *column,
                         hsize_t *rows)
{
  char *path = column_path(table, column);
  hsize_t shape[H5S_MAX_RANK] = {0};
  hid_t set = h5_has(f->file, path) ? H5Dopen2(f->file, path, H5P_DEFAULT) : H5I_INVALID_HID;
  hid_t space = H5Dget_space(set);
  int dims = H5Sget_simple_extent_dims(space, shape, NULL);
  long width = dims == 1 ? 1 : dims == 2 ? (long)shape[1] : -1;

  if (width != column->width && f->ok) {
    f->ok = false;
    faults_add(f->faults, "%s: has no column %s of width %d", f->path, path, column->width);
  }
  if (f->ok && !is_ours(set, column)) {
    f->ok = false;
    faults_add(f->faults, "%s: %s, of %llu rows, is not laid out as tauflow does it", f->path, path,
               (unsigned long long)shape[0]);
  }
  *rows = shape[0];
  H5Sclose(space);
  free(path);
  return set;
}

static void set_rows(struct h5 *f, hid_t set, const struct column *column, hsize_t rows)
{
  hsize_t shape[2] = {rows, (hsize_t)column->width};

  if (f->ok) h5_try(f, H5Dset_extent(set, shape), column->name);
}

/* A block of rows [count][width], the columns from `first` on of values [count][width of all]. */
struct block {
  hsize_t row, count;
  long first, all;
  const double *values;
};

static void write_rows(struct h5 *f, hid_t set, const struct column *column,
                       const struct block *block)
{
  const hsize_t there[2] = {block->row, 0}, here[2] = {0, (hsize_t)block->first};
  const hsize_t count[2] = {block->count, (hsize_t)column->width};
  const hsize_t all[2] = {block->count, (hsize_t)block->all};

  if (!f->ok) return;
  hid_t place = CHECK_H5(H5Dget_space(set)), memory = CHECK_H5(H5Screate_simple(2, all, NULL));
  CHECK_H5(H5Sselect_hyperslab(place, H5S_SELECT_SET, there, NULL, count, NULL));
  CHECK_H5(H5Sselect_hyperslab(memory, H5S_SELECT_SET, here, NULL, count, NULL));
  h5_try(f, H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, place, H5P_DEFAULT, block->values),
         column->name);
  H5Sclose(memory);
  H5Sclose(place);
}

/* No more than one append can add to a file: new chunks for each column, and their indices. */
static long most_growth(const struct table *table, long rows)
{
  long bytes = 64L << 10;

  for (int c = 0; c < table->columns; c++) {
    const long width = table->column[c].width, chunk = (long)chunk_rows((int)width);
    bytes += ((rows - 1) / chunk + 1) * (chunk * width * 8 + 4096);
  }
  return bytes;
}

static long row_width(const struct table *table)
{
  long width = 0;

  for (int c = 0; c < table->columns; c++) width += table->column[c].width;
  return width;
}

bool series_append_rows(const char *path, const struct table *table, long rows,
                        const double *values, struct faults *faults)
{
  struct h5 f = h5_new(path, faults);
  struct block block = {.count = (hsize_t)rows, .all = row_width(table), .values = values};
  bool ours = open_series(&f);

  if (ours) h5_reserve(&f, path, most_growth(table, rows)); /* a full disk must not spoil it */
  for (int c = 0; ours && f.ok && c < table->columns; c++) {
    const struct column *column = &table->column[c];
    hsize_t before;
    hid_t set = open_column(&f, table, column, &before);

    if (c == 0) block.row = before; /* it counts, should a crash have left others longer */
    set_rows(&f, set, column, block.row + block.count);
    write_rows(&f, set, column, &block);
    block.first += column->width;
    h5_end_set(&f, set);
  }
  return h5_close(&f) && ours;
}

bool series_append(const char *path, const struct table *table, const double *values,
                   struct faults *faults)
{
  return series_append_rows(path, table, 1, values, faults);
}

static void read_row(struct h5 *f, hid_t set, const struct column *column, hsize_t row,
                     double *values)
{
  hsize_t start[2] = {row, 0}, count[2] = {1, (hsize_t)column->width};
  hid_t place = CHECK_H5(H5Dget_space(set)), memory = CHECK_H5(H5Screate_simple(2, count, NULL));

  CHECK_H5(H5Sselect_hyperslab(place, H5S_SELECT_SET, start, NULL, count, NULL));
  h5_try(f, H5Dread(set, H5T_NATIVE_DOUBLE, memory, place, H5P_DEFAULT, values), column->name);
  H5Sclose(memory);
  H5Sclose(place);
}

bool series_last(const char *path, const struct table *table, double *values, struct faults *faults)
{
  struct h5 f = h5_new(path, faults);
  bool there = open_series(&f);

  for (int c = 0; there && f.ok && c < table->columns; c++) {
    hsize_t rows;
    hid_t set = open_column(&f, table, &table->column[c], &rows);

    there = f.ok && rows > 0;
    if (there) read_row(&f, set, &table->column[c], rows - 1, values);
    values += table->column[c].width;
    H5Dclose(set);
  }
  return h5_close(&f) && there;
}

/* Rows before the first whose presentation is beyond last, or none at all (not a number: a crash
 * cut it short). They never fall, so a few of them are read, however many the file claims. */
static hsize_t rows_until(struct h5 *f, hid_t set, const struct column *column, hsize_t rows,
                          long last)
{
  hsize_t keep = 0;

  while (f->ok && keep < rows) {
    const hsize_t middle = keep + (rows - keep) / 2;
    double presentation = NAN;

    read_row(f, set, column, middle, &presentation);
    if (presentation <= (double)last)
      keep = middle + 1;
    else
      rows = middle;
  }
  return keep;
}

static void truncate_table(struct h5 *f, const struct table *table, long last)
{
  hsize_t keep = 0, rows;

  EXPECT(table->columns > 0 && table->column[0].width == 1);
  for (int c = 0; c < table->columns; c++) {
    hid_t set = open_column(f, table, &table->column[c], &rows);

    if (f->ok && c == 0) keep = rows_until(f, set, &table->column[0], rows, last);
    if (rows < keep) keep = rows;
    H5Dclose(set);
  }
  for (int c = 0; f->ok && c < table->columns; c++) {
    hid_t set = open_column(f, table, &table->column[c], &rows);

    set_rows(f, set, &table->column[c], keep);
    h5_end_set(f, set);
  }
}

bool series_truncate(const char *path, int tables, const struct table *table, long last,
                     struct faults *faults)
{
  struct h5 f = h5_new(path, faults);
  bool ours = open_series(&f);

  for (int k = 0; ours && f.ok && k < tables; k++) truncate_table(&f, &table[k], last);
  return h5_close(&f) && ours;
}
