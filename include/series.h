/* SPDX-License-Identifier: BSD-3-Clause */
/* series.h - series.h5: quantities over time, one row per record
 *
 * Written by one rank. A series file has tables (HDF5 groups); a table has columns, each a growing
 * dataset [rows] or [rows][width]. The file is opened for each append and closed after it, so a
 * plot can be drawn while the run goes on. */
#ifndef TAUFLOW_SERIES_H
#define TAUFLOW_SERIES_H

#include "fail.h"

struct column {
  const char *name;  /* dataset name inside the table's group */
  int width;         /* values a row */
  const char *about; /* attribute */
  const char *unit;  /* attribute */
  bool matrix;       /* [rows][width] even if width is 1; a scalar column is [rows] */
};

struct table {
  const char *group; /* "/" or "/test" */
  int columns;
  const struct column *column; /* the first is "presentation", which never falls */
};

/* Make the file with empty tables, attributes format = "tauflow-series", version, and the groups
 * /code and /job as a state file has them. Local (call on rank 0). False with a fault. */
bool series_create(const char *path, const char *job, int tables, const struct table *table,
                   struct faults *faults);
/* Append one row: values concatenated in column order. Local. False with a fault. */
bool series_append(const char *path, const struct table *table, const double *values,
                   struct faults *faults);
/* The last row of a table, as series_append takes it; false if there is none, or with a fault.
 * Local. */
bool series_last(const char *path, const struct table *table, double *values,
                 struct faults *faults);
/* Append several rows, values [rows][all columns]. Local. False with a fault. */
bool series_append_rows(const char *path, const struct table *table, long rows,
                        const double *values, struct faults *faults);
/* Drop all rows whose presentation is beyond `last`, as a restart from there needs. Local. */
bool series_truncate(const char *path, int tables, const struct table *table, long last,
                     struct faults *faults);

#endif
