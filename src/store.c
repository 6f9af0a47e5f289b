/* SPDX-License-Identifier: BSD-3-Clause */
#include "store_h5.h"
#include "folder.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All that is written at once, to hand around. */
struct content {
  const char *path; /* the final name */
  const char *part; /* the temporary name, in the same folder */
  const struct state_header *head;
  int fields, notes;
  const struct field *field;
  const struct note *note;
  const unsigned long long *digest; /* [fields] */
  struct extent *extent;            /* [fields] where rank 0 has put them */
};

/* The dataset, its place in the file and its attributes; the data follow from all ranks. */
static void lay_out_field(struct h5 *f, const struct field *field, unsigned long long digest,
                          struct extent *extent)
{
  hsize_t shape[2] = {(hsize_t)field->shape[0], (hsize_t)field_columns(field)};
  hid_t space = CHECK_H5(H5Screate_simple(field->dims, shape, NULL));
  hid_t create = h5_timeless(H5P_DATASET_CREATE);
  hid_t type = field->single ? H5T_IEEE_F32LE : H5T_IEEE_F64LE;

  h5_make_parents(f, field->path);
  CHECK_H5(H5Pset_layout(create, H5D_CONTIGUOUS));
  CHECK_H5(H5Pset_alloc_time(create, H5D_ALLOC_TIME_EARLY));
  CHECK_H5(H5Pset_fill_time(create, H5D_FILL_TIME_NEVER));
  hid_t set =
      h5_try(f, H5Dcreate2(f->file, field->path, type, space, H5P_DEFAULT, create, H5P_DEFAULT),
             field->path);
  h5_put_text(f, set, "about", field->about ? field->about : "");
  h5_put_text(f, set, "unit", field->unit ? field->unit : "");
  h5_put_text(f, set, "axes", field->axes ? field->axes : "");
  h5_put(f, set, "digest", H5T_STD_U64LE, H5T_NATIVE_ULLONG, 0, &digest);
  *extent = (struct extent){H5Dget_offset(set), H5Dget_storage_size(set)};
  h5_end_set(f, set);
  H5Pclose(create);
  H5Sclose(space);
}

/* Both as a dataset and as an attribute, so that any reader finds it. */
static void lay_out_network(struct h5 *f, const struct state_header *head)
{
  hsize_t count = (hsize_t)head->layers + 1;
  hid_t group = h5_make_group(f, "/network"), create = h5_timeless(H5P_DATASET_CREATE);
  hid_t space = CHECK_H5(H5Screate_simple(1, &count, NULL));
  hid_t set =
      h5_try(f, H5Dcreate2(group, "widths", H5T_STD_I64LE, space, H5P_DEFAULT, create, H5P_DEFAULT),
             "/network/widths");

  h5_try(f, H5Dwrite(set, H5T_NATIVE_LONG, H5S_ALL, H5S_ALL, H5P_DEFAULT, head->widths),
         "/network/widths");
  h5_put(f, group, "widths", H5T_STD_I64LE, H5T_NATIVE_LONG, head->layers + 1, head->widths);
  h5_end_set(f, set);
  H5Sclose(space);
  H5Pclose(create);
  H5Gclose(group);
}

static void lay_out_notes(struct h5 *f, int notes, const struct note *note)
{
  hid_t group = h5_make_group(f, "/solver");

  for (int k = 0; k < notes; k++)
    h5_put(f, group, note[k].name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE,
           note[k].count == 1 ? 0 : note[k].count, note[k].value);
  H5Gclose(group);
}

/* One rank makes all groups, datasets and attributes by itself: no other way is as simple, and
 * equal states give equal bytes on any number of ranks. */
static void lay_out(const struct content *c, struct faults *faults)
{
  struct h5 f = h5_new(c->path, faults);
  long version = STATE_VERSION;

  if (!h5_create(&f, c->part, H5F_LIBVER_V110, seal_bytes(c->fields))) return;
  hid_t root = H5Gopen2(f.file, "/", H5P_DEFAULT);
  h5_put_text(&f, root, "format", "tauflow-state");
  h5_put(&f, root, "version", H5T_STD_I64LE, H5T_NATIVE_LONG, 0, &version);
  h5_put(&f, root, "t", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0, &c->head->t);
  h5_put(&f, root, "presentation", H5T_STD_I64LE, H5T_NATIVE_LONG, 0, &c->head->presentation);
  h5_put_text(&f, root, "status", c->head->status);
  H5Gclose(root);
  lay_out_network(&f, c->head);
  h5_put_job(&f, c->head->job);
  lay_out_notes(&f, c->notes, c->note);
  for (int k = 0; k < c->fields; k++) lay_out_field(&f, &c->field[k], c->digest[k], &c->extent[k]);
  h5_put_code(&f); /* last, as its length may differ between equal states */
  /* A full disk is best found by one rank between collective calls, not by some in the midst. */
  if (h5_close(&f)) h5_reserve(&f, c->part, 0);
}

static void fill(MPI_Comm comm, const struct content *c, struct faults *faults)
{
  struct h5 f = h5_new(c->path, faults);

  h5_open_all(&f, c->part, comm, true);
  for (int k = 0; k < c->fields; k++) h5_move_rows(&f, comm, &c->field[k], true);
  h5_close(&f);
}

static void seal(const struct content *c, struct faults *faults)
{
  bool sealed;

  errno = 0;
  if (!seal_write(c->part, c->fields, c->extent))
    faults_add(faults, "%s: cannot be sealed: %s", c->path, strerror(errno));
  else
    seal_check(c->part, &sealed, faults);
}

/* Open MPI 4.1 may drop what a full disk refuses of a collective write and report success. So no
 * file is published unread. */
static void read_back(MPI_Comm comm, const struct content *c, struct faults *faults)
{
  struct h5 f = h5_new(c->path, faults);

  h5_open_all(&f, c->part, comm, false);
  for (int k = 0; k < c->fields; k++)
    if (h5_digest_rows(&f, comm, &c->field[k]) != c->digest[k] && f.ok) {
      f.ok = false;
      faults_add(faults, "%s: %s was not written whole: is the disk full?", c->path,
                 c->field[k].path);
    }
  h5_close(&f);
}

static void publish(const struct content *c, struct faults *faults)
{
  char *folder = fail_text("%s", c->path), *slash = strrchr(folder, '/');

  if (slash) slash[slash == folder] = '\0';
  if (!folder_sync(c->part) || rename(c->part, c->path) != 0)
    faults_add(faults, "%s: cannot be written: %s", c->path, strerror(errno));
  else if (!folder_sync(slash ? folder : ".") && errno != EINVAL) /* EINVAL: folders need no sync */
    faults_add(faults, "%s: its folder cannot be synced: %s", c->path, strerror(errno));
  free(folder);
}

bool store_write_state(MPI_Comm comm, const char *path, const struct state_header *head, int fields,
                       const struct field *field, int notes, const struct note *note,
                       struct faults *faults)
{
  struct faults mine = {0};
  char *part = fail_text("%s.part", path);
  unsigned long long *digest = field_digests(comm, fields, field, NULL);
  struct extent *extent = fail_alloc((size_t)fields + 1, sizeof *extent);
  struct content c = {path, part, head, fields, notes, field, note, digest, extent};
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) lay_out(&c, &mine);
  bool good = h5_settle(&mine, comm, faults);
  if (good) {
    fill(comm, &c, &mine);
    good = h5_settle(&mine, comm, faults);
  }
  if (good) {
    if (rank == 0) seal(&c, &mine);
    good = h5_settle(&mine, comm, faults);
  }
  if (good) {
    read_back(comm, &c, &mine);
    good = h5_settle(&mine, comm, faults);
  }
  if (good) {
    if (rank == 0) publish(&c, &mine);
    good = h5_settle(&mine, comm, faults);
  }
  if (rank == 0 && !good) unlink(part);
  free(extent);
  free(digest);
  free(part);
  return good;
}
