/* SPDX-License-Identifier: BSD-3-Clause */
#include "store_h5.h"
#include <stdlib.h>
#include <string.h>

/* HDF5 1.10 and MPI count in int, so a collective call must move less than 2 GiB per rank; that it
 * moves much less keeps the buffers of MPI-IO and of reading back small beside the weights. */
static const long slab_bytes = 4L << 20;

/* HDF5 itself with the series open, and a slab to read back into; of several ranks, those that
 * collect what is written stage what others send, too. */
double store_bytes(double largest, int ranks)
{
  const double slab = largest < (double)slab_bytes ? largest : (double)slab_bytes;
  const double staged = ranks > 2 ? 1.4 : ranks > 1 ? 0.7 : 0;

  return 5.5 * (1L << 20) + (1 + staged) * slab; /* as measured on 1 to 3 ranks: HDF5 1.10 */
}

long h5_slab_rows(long row_bytes)
{
  return row_bytes < slab_bytes ? slab_bytes / row_bytes : 1;
}

hid_t h5_open_slabs(struct h5 *f, MPI_Comm comm, const char *path, long *rounds)
{
  hid_t set = h5_try(f, H5Dopen2(f->file, path, H5P_DEFAULT), path);
  long most[2] = {*rounds, !f->ok};

  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, most, 2, MPI_LONG, MPI_MAX, comm));
  *rounds = most[1] ? 0 : most[0];
  return set;
}

void h5_move_slab(struct h5 *f, hid_t set, const struct field *field, const struct slab *slab,
                  bool writing)
{
  char nothing = 0;
  hsize_t start[2], count[2], room[2];
  hid_t type = field->single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;

  for (int d = 0; d < 2; d++) {
    start[d] = (hsize_t)slab->start[d];
    count[d] = (hsize_t)slab->count[d];
    room[d] = (hsize_t)(slab->room[d] > 0 ? slab->room[d] : 1);
  }
  hid_t place = CHECK_H5(H5Dget_space(set));
  hid_t memory = CHECK_H5(H5Screate_simple(field->dims, room, NULL));
  if (count[0] > 0 && (field->dims == 1 || count[1] > 0)) {
    const hsize_t origin[2] = {0, 0};

    CHECK_H5(H5Sselect_hyperslab(place, H5S_SELECT_SET, start, NULL, count, NULL));
    CHECK_H5(H5Sselect_hyperslab(memory, H5S_SELECT_SET, origin, NULL, count, NULL));
  } else {
    CHECK_H5(H5Sselect_none(place));
    CHECK_H5(H5Sselect_none(memory));
  }
  hid_t transfer = CHECK_H5(H5Pcreate(H5P_DATASET_XFER));
  CHECK_H5(H5Pset_dxpl_mpio(transfer, H5FD_MPIO_COLLECTIVE));
  void *data = slab->memory ? slab->memory : &nothing;
  h5_try(f,
         writing ? H5Dwrite(set, type, memory, place, transfer, data)
                 : H5Dread(set, type, memory, place, transfer, data),
         field->path);
  H5Pclose(transfer);
  H5Sclose(memory);
  H5Sclose(place);
}

/* Its k-th slab of rows, as a field; with no rows once they are exhausted. */
static struct field slab_of(const struct field *field, long k)
{
  long step = h5_slab_rows(field_columns(field) * field_bytes(field));
  struct field part = *field;

  part.lo = field->lo + k * step < field->hi ? field->lo + k * step : field->hi;
  part.hi = part.lo + step < field->hi ? part.lo + step : field->hi;
  if (part.data && !part.by_columns)
    part.data = (char *)part.data + (part.lo - field->lo) * field_ld(field) * field_bytes(field);
  return part;
}

/* Part of a field, whose memory is row after row. */
static void move_part(struct h5 *f, hid_t set, const struct field *part, bool writing)
{
  long rows = part->hi - part->lo, columns = field_columns(part);
  struct slab slab = {.start = {part->lo, 0},
                      .count = {rows, columns},
                      .room = {rows, field_ld(part)},
                      .memory = part->data};

  h5_move_slab(f, set, part, &slab, writing);
}

/* The same of a field by columns, through a buffer of the part's size. */
static void move_columns(struct h5 *f, hid_t set, const struct field *field,
                         const struct field *part, bool writing)
{
  const long rows = part->hi - part->lo, row = part->lo - field->lo;
  struct field through = *part;

  through.by_columns = false;
  through.ld = field_columns(part);
  through.data = fail_alloc((size_t)(rows * through.ld) + 1, (size_t)field_bytes(part));
  if (writing) field_take_rows(field, row, rows, through.data);
  move_part(f, set, &through, writing);
  if (!writing && f->ok) field_put_rows(field, row, rows, through.data);
  free(through.data);
}

static long slabs_of(const struct field *field)
{
  long step = h5_slab_rows(field_columns(field) * field_bytes(field));

  return (field->hi - field->lo + step - 1) / step;
}

void h5_move_rows(struct h5 *f, MPI_Comm comm, const struct field *field, bool writing)
{
  long rounds = slabs_of(field);
  hid_t set = h5_open_slabs(f, comm, field->path, &rounds);

  for (long k = 0; k < rounds; k++) {
    struct field part = slab_of(field, k);

    if (field->by_columns)
      move_columns(f, set, field, &part, writing);
    else
      move_part(f, set, &part, writing);
  }
  H5Dclose(set);
}

unsigned long long h5_digest_rows(struct h5 *f, MPI_Comm comm, const struct field *field)
{
  long rounds = slabs_of(field);
  hid_t set = h5_open_slabs(f, comm, field->path, &rounds);
  struct field first = slab_of(field, 0);
  size_t most = (size_t)((first.hi - first.lo) * field_columns(field));
  void *buffer = fail_alloc(most + 1, (size_t)field_bytes(field));
  unsigned long long sum = 0;

  for (long k = 0; k < rounds; k++) {
    struct field part = slab_of(field, k);

    part.data = buffer;
    part.ld = field_columns(field);
    part.by_columns = false;
    move_part(f, set, &part, false);
    sum += field_digest(&part);
  }
  free(buffer);
  H5Dclose(set);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_UNSIGNED_LONG_LONG, MPI_SUM, comm));
  return sum;
}

void h5_judge_digest(struct h5 *f, const char *path, unsigned long long said,
                     unsigned long long found)
{
  if (f->ok && found != said)
    faults_add(f->faults, "%s: %s is damaged: its digest is %016llx, its data give %016llx",
               f->path, path, said, found);
}

bool h5_settle(struct faults *mine, MPI_Comm comm, struct faults *faults)
{
  bool good = !faults_any(mine, comm);

  for (char *line = mine->text; line && *line;) {
    size_t length = strcspn(line, "\n");

    faults_add(faults, "%.*s", (int)length, line);
    line += length + (line[length] == '\n');
  }
  faults_clear(mine);
  return good;
}
