/* SPDX-License-Identifier: BSD-3-Clause */
/* store_field.c - a field's rows in memory, wherever they lie, and their digests */
#include "store_h5.h"
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

long field_bytes(const struct field *field)
{
  return field->single ? (long)sizeof(float) : (long)sizeof(double);
}

long field_columns(const struct field *field)
{
  return field->dims == 2 ? field->shape[1] : 1;
}

long field_ld(const struct field *field)
{
  return field->dims == 2 ? field->ld : 1;
}

/* Rows of a field by columns that are taken together: a line of the cache holds as many floats. */
enum { TAKEN = 16 };

static long place_of(const struct field *field, long row, long column)
{
  return field->by_columns ? column * field->ld + row : row * field->ld + column;
}

/* Own rows from `row` on, which lie column after column, to or from row after row. */
static void move_rows(const struct field *field, long row, long rows, void *lines, bool taking)
{
  const long columns = field_columns(field);

  for (long first = row; first < row + rows; first += TAKEN) {
    const long end = first + TAKEN < row + rows ? first + TAKEN : row + rows;
    for (long j = 0; j < columns; j++)
      for (long i = first; i < end; i++) {
        const long here = place_of(field, i, j), there = (i - row) * columns + j;
        if (field->single && taking)
          ((float *)lines)[there] = ((const float *)field->data)[here];
        else if (field->single)
          ((float *)field->data)[here] = ((const float *)lines)[there];
        else if (taking)
          ((double *)lines)[there] = ((const double *)field->data)[here];
        else
          ((double *)field->data)[here] = ((const double *)lines)[there];
      }
  }
}

void field_put_transposed(const struct field *field, long column, long rows, const void *from)
{
  const long own = field->hi - field->lo;

  for (long i = 0; i < own; i++)
    for (long j = 0; j < rows; j++) {
      const long here = place_of(field, i, column + j), there = j * own + i;
      if (field->single)
        ((float *)field->data)[here] = ((const float *)from)[there];
      else
        ((double *)field->data)[here] = ((const double *)from)[there];
    }
}

void field_take_rows(const struct field *field, long row, long rows, void *to)
{
  move_rows(field, row, rows, to, true);
}

void field_put_rows(const struct field *field, long row, long rows, const void *from)
{
  move_rows(field, row, rows, (void *)from, false);
}

bool field_is_valid(const struct field *field)
{
  return field->path[0] == '/' && (field->dims == 1 || field->dims == 2) && field->shape[0] > 0 &&
         field_columns(field) > 0 && field->lo >= 0 &&
         field_ld(field) >= (field->by_columns ? field->hi - field->lo : field_columns(field)) &&
         field->lo <= field->hi && field->hi <= field->shape[0] &&
         (field->data || field->hi == field->lo);
}

/* The sum over this rank's rows of XXH3(row, seed = XXH3(path) + row number * odd). */
unsigned long long field_digest(const struct field *field)
{
  static const unsigned long long odd = 0x9e3779b97f4a7c15ULL;
  unsigned long long seed = XXH3_64bits(field->path, strlen(field->path)), sum = 0;
  long bytes = field_bytes(field), row_bytes = field_columns(field) * bytes;
  char *taken = fail_alloc(TAKEN, (size_t)row_bytes);

  EXPECT(field_is_valid(field));
  for (long i = field->lo; i < field->hi; i++) {
    const long at = i - field->lo, left = field->hi - i;
    const char *row = (const char *)field->data + at * field_ld(field) * bytes;

    if (field->by_columns) {
      if (at % TAKEN == 0) field_take_rows(field, at, left < TAKEN ? left : TAKEN, taken);
      row = taken + at % TAKEN * row_bytes;
    }
    sum += XXH3_64bits_withSeed(row, (size_t)row_bytes, seed + (unsigned long long)i * odd);
  }
  free(taken);
  return sum;
}

unsigned long long *field_digests(MPI_Comm comm, int fields, const struct field *field,
                                  unsigned long long *rows)
{
  unsigned long long *digest = fail_alloc((size_t)fields + 1, sizeof *digest);

  for (int k = 0; k < fields; k++) {
    digest[k] = field_digest(&field[k]);
    if (rows) rows[k] = (unsigned long long)(field[k].hi - field[k].lo);
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, digest, fields, MPI_UNSIGNED_LONG_LONG, MPI_SUM, comm));
  if (rows)
    CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, rows, fields, MPI_UNSIGNED_LONG_LONG, MPI_SUM, comm));
  return digest;
}

unsigned long long store_fingerprint(MPI_Comm comm, int fields, const struct field *field)
{
  unsigned long long *digest = field_digests(comm, fields, field, NULL), sum = 0;

  for (int k = 0; k < fields; k++) sum += digest[k];
  free(digest);
  return sum;
}
