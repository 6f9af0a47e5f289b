/* SPDX-License-Identifier: BSD-3-Clause */
#include "store_h5.h"
#include "share.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Everything small is read and judged by rank 0 alone, then broadcast: all ranks are of one mind
 * before the first collective read. */

static void share_header(struct state_header *head, int rank, MPI_Comm comm)
{
  CHECK_MPI(MPI_Bcast(&head->t, 1, MPI_DOUBLE, 0, comm));
  CHECK_MPI(MPI_Bcast(&head->presentation, 1, MPI_LONG, 0, comm));
  CHECK_MPI(MPI_Bcast(&head->resumable, 1, MPI_C_BOOL, 0, comm));
  CHECK_MPI(MPI_Bcast(&head->layers, 1, MPI_INT, 0, comm));
  if (rank != 0) head->widths = fail_alloc((size_t)head->layers + 1, sizeof *head->widths);
  CHECK_MPI(MPI_Bcast(head->widths, head->layers + 1, MPI_LONG, 0, comm));
  head->status = share_text((char *)head->status, comm);
  head->job = share_text((char *)head->job, comm);
}

/* Does the open file say that it was sealed when it was written? */
static bool was_sealed(const struct h5 *f)
{
  hid_t root = H5Gopen2(f->file, "/", H5P_DEFAULT);
  char *format = h5_get_text(root, "format");
  long version = 0;
  bool state = format && strcmp(format, "tauflow-state") == 0 &&
               h5_get(root, "version", H5T_NATIVE_LONG, 0, &version);

  free(format);
  H5Gclose(root);
  return state && version >= STATE_SEALED && version <= STATE_VERSION;
}

bool h5_open_state(struct h5 *f)
{
  bool sealed;

  f->ok = seal_check(f->path, &sealed, f->faults);
  if (!f->ok || !h5_open(f, false)) return false;
  if (!sealed && was_sealed(f)) {
    f->ok = false;
    faults_add(f->faults, "%s: is damaged: its seal is gone", f->path);
  }
  return f->ok;
}

/* The number of integers in a one-dimensional attribute or dataset; -1 for anything else. */
static long count_integers(hid_t type, hid_t space)
{
  long count = -1;

  if (H5Tget_class(type) == H5T_INTEGER && H5Sget_simple_extent_ndims(space) == 1)
    count = (long)H5Sget_simple_extent_npoints(space);
  H5Tclose(type);
  H5Sclose(space);
  return count;
}

static long *fetch_widths(hid_t file, long *count)
{
  hid_t set = h5_has(file, "/network/widths") ? H5Dopen2(file, "/network/widths", H5P_DEFAULT) : -1;
  hid_t attribute = set >= 0
                        ? H5I_INVALID_HID
                        : H5Aopen_by_name(file, "/network", "widths", H5P_DEFAULT, H5P_DEFAULT);
  long *widths = NULL;
  herr_t status = 0;

  *count = -1;
  if (set >= 0) *count = count_integers(H5Dget_type(set), H5Dget_space(set));
  if (attribute >= 0) *count = count_integers(H5Aget_type(attribute), H5Aget_space(attribute));
  if (*count >= 2 && *count <= LAYERS_MOST + 1) {
    widths = fail_alloc((size_t)*count, sizeof *widths);
    status = set >= 0 ? H5Dread(set, H5T_NATIVE_LONG, H5S_ALL, H5S_ALL, H5P_DEFAULT, widths)
                      : H5Aread(attribute, H5T_NATIVE_LONG, widths);
  }
  if (status < 0) memset(widths, 0, (size_t)*count * sizeof *widths);
  H5Dclose(set);
  H5Aclose(attribute);
  return widths;
}

/* Weights in single precision, compressed as far as can be, take this much of a file; so widths
 * that promise more are known to be wrong before memory is claimed for them. */
static void judge_widths(struct h5 *f, const struct state_header *head)
{
  hsize_t size = 0;
  double weights = 0;

  for (int l = 0; l < head->layers; l++)
    weights += (double)head->widths[l] * (double)head->widths[l + 1];
  H5Fget_filesize(f->file, &size);
  if (4 * weights > DEFLATE_MOST * (double)size)
    faults_add(f->faults,
               "%s: the widths in /network claim %.4g weights: more than its %llu bytes "
               "can hold",
               f->path, weights, (unsigned long long)size);
}

static void read_widths(struct h5 *f, struct state_header *head)
{
  long count;

  if (!h5_has(f->file, "/network")) {
    faults_add(f->faults, "%s: has no /network: not a state file", f->path);
    return;
  }
  head->widths = fetch_widths(f->file, &count);
  if (!head->widths) {
    faults_add(f->faults, "%s: /network/widths must be a row of 2 to %d whole numbers", f->path,
               LAYERS_MOST + 1);
    return;
  }
  head->layers = (int)count - 1;
  for (int l = 0; l <= head->layers; l++)
    if (head->widths[l] < 1 || head->widths[l] > WIDTH_MOST) {
      faults_add(f->faults, "%s: width %ld of layer %d in /network: must be within 1 and %ld",
                 f->path, head->widths[l], l, WIDTH_MOST);
      return;
    }
  judge_widths(f, head);
}

/* Values that no run can have reached; files of version 1 have no seal that would notice. */
static void judge_root(struct h5 *f, const struct state_header *head)
{
  static const char *const words[] = {"running", "done", "stopped", "diverged"};
  static const long most = 1L << 53; /* counted in a double */
  bool known = false;

  for (size_t k = 0; k < sizeof words / sizeof *words; k++)
    known |= strcmp(head->status, words[k]) == 0;
  if (!known)
    faults_add(f->faults, "%s: status = %s: must be running, done, stopped or diverged", f->path,
               head->status);
  if (!(head->t >= 0 && isfinite(head->t)))
    faults_add(f->faults, "%s: t = %g: must be a time >= 0 s", f->path, head->t);
  if (head->presentation < 0 || head->presentation > most)
    faults_add(f->faults, "%s: presentation = %ld: must be within 0 and %ld", f->path,
               head->presentation, most);
}

/* Attributes of / that every file of our own has. */
static void read_root(struct h5 *f, hid_t root, const char *format, struct state_header *head)
{
  long version = 0;

  if (strcmp(format, "tauflow-state") != 0) {
    faults_add(f->faults, "%s: is a %s file, not a tauflow-state file", f->path, format);
    return;
  }
  if (!h5_get(root, "version", H5T_NATIVE_LONG, 0, &version) || version < 1 ||
      version > STATE_VERSION) {
    faults_add(f->faults, "%s: is a state file of version %ld: this program reads 1 to %d", f->path,
               version, STATE_VERSION);
    return;
  }
  head->resumable = true;
  head->status = h5_get_text(root, "status");
  if (!head->status || !h5_get(root, "t", H5T_NATIVE_DOUBLE, 0, &head->t) ||
      !h5_get(root, "presentation", H5T_NATIVE_LONG, 0, &head->presentation))
    faults_add(f->faults, "%s: lacks a readable attribute t, presentation or status", f->path);
  else
    judge_root(f, head);
}

bool h5_read_header(struct h5 *f, struct state_header *head)
{
  int before = f->faults->count;
  hid_t root = h5_try(f, H5Gopen2(f->file, "/", H5P_DEFAULT), "/");
  char *format = h5_get_text(root, "format");

  *head = (struct state_header){0};
  if (format) read_root(f, root, format, head);
  if (f->faults->count == before) read_widths(f, head);
  if (f->faults->count == before) {
    head->job = h5_get_text_set(f->file, "/job/yaml");
    if (!head->status) head->status = fail_text("%s", "");
  }
  free(format);
  H5Gclose(root);
  return f->faults->count == before;
}

bool store_read_header(MPI_Comm comm, const char *path, struct state_header *head,
                       struct faults *faults)
{
  struct faults mine = {0};
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  *head = (struct state_header){0};
  if (rank == 0) {
    struct h5 f = h5_new(path, &mine);

    if (h5_open_state(&f)) h5_read_header(&f, head);
    h5_close(&f);
  }
  bool good = h5_settle(&mine, comm, faults);
  if (good)
    share_header(head, rank, comm);
  else
    store_free_header(head);
  return good;
}

void store_free_header(struct state_header *head)
{
  free((char *)head->job);
  free((char *)head->status);
  free(head->widths);
  *head = (struct state_header){0};
}

static bool has_set(hid_t file, const char *path)
{
  hid_t set = h5_has(file, path) ? H5Dopen2(file, path, H5P_DEFAULT) : H5I_INVALID_HID;

  H5Dclose(set);
  return set >= 0;
}

bool store_has(MPI_Comm comm, const char *path, const char *dataset)
{
  struct faults ignored = {0};
  bool has = false;
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    struct h5 f = h5_new(path, &ignored);

    has = h5_open_state(&f) && has_set(f.file, dataset);
    h5_close(&f);
  }
  CHECK_MPI(MPI_Bcast(&has, 1, MPI_C_BOOL, 0, comm));
  faults_clear(&ignored);
  return has;
}

/* "3 x 4"; the caller frees. */
static char *shape_text(int dims, const hsize_t *shape)
{
  char *text = fail_text("%s", dims ? "" : "a single value");

  for (int d = 0; d < dims; d++) {
    char *longer = fail_text("%s%s%llu", text, d ? " x " : "", (unsigned long long)shape[d]);

    free(text);
    text = longer;
  }
  return text;
}

/* What rank 0 found out about a dataset. */
struct judged {
  unsigned long long digest; /* as the file has it */
  bool sealed;               /* there is one, of numbers that it can be computed of */
  bool single;               /* floats in the file */
};

/* Is the dataset there, of numbers, and of the wanted shape? */
static void judge_set(struct h5 *f, const struct field *field, const hsize_t *wanted,
                      struct judged *judged)
{
  hsize_t shape[H5S_MAX_RANK];
  char *want = shape_text(field->dims, wanted);

  if (!has_set(f->file, field->path)) {
    faults_add(f->faults, "%s: has no dataset %s (%s wanted)", f->path, field->path, want);
    free(want);
    return;
  }
  hid_t set = H5Dopen2(f->file, field->path, H5P_DEFAULT);
  hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  int dims = H5Sget_simple_extent_dims(space, shape, NULL);
  char *have = shape_text(dims, shape);

  if (H5Tget_class(type) != H5T_FLOAT)
    faults_add(f->faults, "%s: %s must hold floating-point numbers", f->path, field->path);
  if (dims != field->dims || memcmp(shape, wanted, (size_t)dims * sizeof *shape) != 0)
    faults_add(f->faults, "%s: %s is %s, but %s is wanted", f->path, field->path, have, want);
  else if (!h5_holds(set, false))
    faults_add(f->faults, "%s: %s claims %s numbers: more than the file holds", f->path,
               field->path, have);
  judged->single = H5Tequal(type, H5T_IEEE_F32LE) > 0;
  judged->sealed = (judged->single || H5Tequal(type, H5T_IEEE_F64LE) > 0) &&
                   h5_get(set, "digest", H5T_NATIVE_ULLONG, 0, &judged->digest);
  free(have);
  free(want);
  H5Tclose(type);
  H5Sclose(space);
  H5Dclose(set);
}

static void judge_sets(struct h5 *f, int fields, const struct field *field, bool transposed,
                       struct judged *judged)
{
  if (!h5_open_state(f)) return;
  for (int k = 0; k < fields; k++) {
    hsize_t rows = (hsize_t)field[k].shape[0], columns = (hsize_t)field_columns(&field[k]);

    judge_set(f, &field[k], transposed ? (hsize_t[]){columns, rows} : (hsize_t[]){rows, columns},
              &judged[k]);
  }
  h5_close(f);
}

/* Columns lo..hi of the file's [shape1][shape0], slab by slab through a buffer. */
static void read_transposed(struct h5 *f, MPI_Comm comm, const struct field *field)
{
  long columns = field->hi - field->lo, rows = columns ? field->shape[1] : 0;
  long step = h5_slab_rows((columns ? columns : 1) * field_bytes(field));
  long rounds = (rows + step - 1) / step;
  hid_t set = h5_open_slabs(f, comm, field->path, &rounds);
  size_t held = (size_t)(step < rows ? step : rows) * (size_t)columns;
  void *buffer = fail_alloc(held + 1, (size_t)field_bytes(field));

  for (long k = 0; k < rounds; k++) {
    long row = k * step < rows ? k * step : rows;
    long count = row + step < rows ? step : rows - row;
    struct slab slab = {.start = {row, field->lo},
                        .count = {count, columns},
                        .room = {count, columns},
                        .memory = buffer};

    h5_move_slab(f, set, field, &slab, false);
    field_put_transposed(field, row, count, buffer);
  }
  free(buffer);
  H5Dclose(set);
}

/* The dataset as it is stored, cut evenly over the ranks. */
static struct field as_stored(MPI_Comm comm, const struct field *field, bool transposed,
                              bool single)
{
  struct field stored = *field;
  int rank, size;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  if (transposed) stored.shape[0] = field->shape[1], stored.shape[1] = field->shape[0];
  stored.single = single;
  stored.lo = stored.shape[0] / size * rank;
  stored.hi = rank == size - 1 ? stored.shape[0] : stored.shape[0] / size * (rank + 1);
  return stored;
}

/* Compare what came with the digests written with it. Where memory does not hold all rows of the
 * file as they are, read it once more. */
static void verify(MPI_Comm comm, struct h5 *f, int fields, const struct field *field,
                   bool transposed, const struct judged *judged)
{
  unsigned long long *rows = fail_alloc((size_t)fields + 1, sizeof *rows);
  unsigned long long *now = field_digests(comm, fields, field, rows);

  for (int k = 0; k < fields; k++) {
    const struct judged *j = &judged[k];

    if (!j->sealed) continue;
    if (transposed || j->single != field[k].single ||
        rows[k] != (unsigned long long)field[k].shape[0]) {
      const struct field stored = as_stored(comm, &field[k], transposed, j->single);

      now[k] = h5_digest_rows(f, comm, &stored);
    }
    h5_judge_digest(f, field[k].path, j->digest, now[k]);
  }
  free(now);
  free(rows);
}

bool store_read_fields(MPI_Comm comm, const char *path, int fields, const struct field *field,
                       bool transposed, struct faults *faults)
{
  struct faults mine = {0};
  struct judged *judged = fail_alloc((size_t)fields + 1, sizeof *judged);
  struct h5 f = h5_new(path, &mine);
  int rank;

  for (int k = 0; k < fields; k++)
    EXPECT(field_is_valid(&field[k]) && (!transposed || field[k].dims == 2));
  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) judge_sets(&f, fields, field, transposed, judged);
  bool good = h5_settle(&mine, comm, faults);
  if (good) {
    CHECK_MPI(MPI_Bcast(judged, fields * (int)sizeof *judged, MPI_BYTE, 0, comm));
    h5_open_all(&f, path, comm, false);
    for (int k = 0; k < fields; k++) {
      if (transposed)
        read_transposed(&f, comm, &field[k]);
      else
        h5_move_rows(&f, comm, &field[k], false);
    }
    verify(comm, &f, fields, field, transposed, judged);
    h5_close(&f);
    good = h5_settle(&mine, comm, faults);
  }
  free(judged);
  return good;
}

bool store_read_notes(MPI_Comm comm, const char *path, int notes, struct note *note,
                      struct faults *faults)
{
  struct faults mine = {0};
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    struct h5 f = h5_new(path, &mine);
    bool open = h5_open_state(&f);
    hid_t group = open && h5_has(f.file, "/solver") ? H5Gopen2(f.file, "/solver", H5P_DEFAULT) : -1;

    for (int k = 0; open && k < notes; k++)
      if (group < 0 ||
          !h5_get(group, note[k].name, H5T_NATIVE_DOUBLE, note[k].count, note[k].value))
        faults_add(&mine, "%s: /solver has no attribute %s of %d number%s", path, note[k].name,
                   note[k].count, note[k].count == 1 ? "" : "s");
    H5Gclose(group);
    h5_close(&f);
  }
  bool good = h5_settle(&mine, comm, faults);
  for (int k = 0; good && k < notes; k++)
    CHECK_MPI(MPI_Bcast(note[k].value, note[k].count, MPI_DOUBLE, 0, comm));
  return good;
}
