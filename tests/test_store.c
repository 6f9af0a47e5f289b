/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about state files. All ranks share one folder, removed at the end. */
#include "agree.h"
#include "full_disk.h"
#include "info.h"
#include "series.h"
#include "store.h"
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIELDS = 4, Y = 0, W = 1, U = 2, S = 3 };

/* Ways to cut rows over ranks: evenly; all to the first rank; all to the last. */
enum cut { EVEN, FIRST, LAST };

static char folder[64];
static int rank, size;

static char *in_folder(const char *name)
{
  return fail_text("%s/%s", folder, name);
}

/* Any value of full precision that names its place. */
static double value_at(int k, long i, long j)
{
  return sin(1 + 100.0 * k + 10.0 * (double)i + (double)j) / 3;
}

static long place(const struct field *f, long row, long j)
{
  return f->by_columns ? j * f->ld + row : row * (f->dims == 2 ? f->ld : 1) + j;
}

static void put(const struct field *f, long i, long j, double value)
{
  const long at = place(f, i - f->lo, j);

  if (f->single)
    ((float *)f->data)[at] = (float)value;
  else
    ((double *)f->data)[at] = value;
}

static double get(const struct field *f, long i, long j)
{
  const long at = place(f, i - f->lo, j);

  return f->single ? (double)((float *)f->data)[at] : ((double *)f->data)[at];
}

static long columns(const struct field *f)
{
  return f->dims == 2 ? f->shape[1] : 1;
}

/* A field with this rank's rows, filled with values, or with NAN if empty. Matrices that are cut
 * evenly lie in memory by columns. */
static void cut_field(struct field *f, int k, MPI_Comm comm, enum cut cut, bool empty)
{
  int r, n;

  MPI_Comm_rank(comm, &r);
  MPI_Comm_size(comm, &n);
  f->lo = cut == EVEN ? f->shape[0] * r / n : cut == FIRST ? (r ? f->shape[0] : 0) : 0;
  f->hi = cut == EVEN ? f->shape[0] * (r + 1) / n : f->shape[0];
  if (cut == LAST && r < n - 1) f->hi = 0;
  f->by_columns = f->dims == 2 && cut == EVEN;
  if (f->by_columns) f->ld = f->hi - f->lo + 2;
  const long lines = f->by_columns ? columns(f) : f->hi - f->lo;
  if (f->hi > f->lo) f->data = fail_alloc((size_t)(lines * (f->ld + 1)), sizeof(double));
  for (long i = f->lo; i < f->hi; i++)
    for (long j = 0; j < columns(f); j++) put(f, i, j, empty ? NAN : value_at(k, i, j));
}

/* Two equally shaped matrices, one of them padded; a vector; a matrix of floats with few rows. */
static struct field *make_fields(MPI_Comm comm, enum cut cut, bool empty)
{
  static const struct field model[FIELDS] = {
      {.path = "/layer01/y", .about = "rate", .unit = "1", .axes = "row", .dims = 1, .shape = {11}},
      {.path = "/layer01/W",
       .about = "weights",
       .unit = "1",
       .axes = "row, column",
       .dims = 2,
       .shape = {11, 7},
       .ld = 9},
      {.path = "/layer02/W",
       .about = "weights",
       .unit = "1",
       .axes = "row, column",
       .dims = 2,
       .shape = {11, 7},
       .ld = 7},
      {.path = "/layer03/W",
       .about = "floats",
       .unit = "1",
       .axes = "row, column",
       .dims = 2,
       .shape = {3, 13},
       .ld = 16,
       .single = true},
  };
  struct field *field = fail_alloc(FIELDS, sizeof *field);

  memcpy(field, model, sizeof model);
  for (int k = 0; k < FIELDS; k++) cut_field(&field[k], k, comm, cut, empty);
  return field;
}

static void free_fields(struct field *field)
{
  for (int k = 0; k < FIELDS; k++) free(field[k].data);
  free(field);
}

static bool holds_values(const struct field *f, int k)
{
  bool good = true;

  for (long i = f->lo; i < f->hi; i++)
    for (long j = 0; j < columns(f); j++) {
      double want = value_at(k, i, j);

      good = good && get(f, i, j) == (f->single ? (double)(float)want : want);
    }
  return good;
}

static long widths[] = {7, 11, 7, 3};
static double step_size[] = {0.125}, history[] = {1.0 / 3, -2.0, 9007199254740991.0};
static const struct state_header header = {.t = 0.1,
                                           .presentation = 42,
                                           .status = "running",
                                           .job = "name: test\nkp:\n  rule: kp\n",
                                           .widths = widths,
                                           .layers = 3};
static const struct note notes[] = {{"h", 1, step_size}, {"history", 3, history}};

static bool write_fields(MPI_Comm comm, const char *path, const struct field *field,
                         struct faults *faults)
{
  return store_write_state(comm, path, &header, FIELDS, field, 2, notes, faults);
}

static bool write_state(MPI_Comm comm, const char *path, enum cut cut, struct faults *faults)
{
  struct field *field = make_fields(comm, cut, false);
  bool good = write_fields(comm, path, field, faults);

  free_fields(field);
  return good;
}

/* A fresh state file that all ranks wrote; the caller frees its path. */
static char *fresh_state(const char *name)
{
  struct faults faults = {0};
  char *path = in_folder(name);
  bool good = write_state(MPI_COMM_WORLD, path, EVEN, &faults);

  if (!good) fprintf(stderr, "%s", faults.text ? faults.text : "");
  faults_clear(&faults);
  return path;
}

/* No rank said true, and rank 0 holds one message with these words. Collective. */
static bool refused(bool result, struct faults *faults, const char *words)
{
  bool good = !result && (rank != 0 || (faults->count > 0 && strstr(faults->text, words)));

  if (rank == 0 && !good) fprintf(stderr, "got: %s", faults->text ? faults->text : "no fault\n");
  faults_clear(faults);
  return agree(MPI_COMM_WORLD, good);
}

static int files_in_folder(void)
{
  int count = 0;
  DIR *d = opendir(folder);

  for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) count += e->d_name[0] != '.';
  if (d) closedir(d);
  return count;
}

static char *bytes_of(const char *path, size_t *count)
{
  struct stat status;
  FILE *in = fopen(path, "rb");
  char *bytes = NULL;

  if (in && fstat(fileno(in), &status) == 0) {
    bytes = fail_alloc((size_t)status.st_size + 1, 1);
    *count = fread(bytes, 1, (size_t)status.st_size, in);
  }
  if (in) fclose(in);
  return bytes;
}

static bool same_bytes(const char *a, const char *b)
{
  size_t n = 0, m = 1;
  char *x = bytes_of(a, &n), *y = bytes_of(b, &m);
  bool same = x && y && n == m && memcmp(x, y, n) == 0;

  free(x);
  free(y);
  return same;
}

START_TEST(any_partition_reads_what_any_other_wrote)
{
  struct faults faults = {0};
  char *path = in_folder("cut.h5");
  bool good = true;

  for (enum cut from = EVEN; from <= LAST; from++) {
    good = write_state(MPI_COMM_WORLD, path, from, &faults) && good;
    for (enum cut to = EVEN; to <= LAST; to++) {
      struct field *field = make_fields(MPI_COMM_WORLD, to, true);

      good = store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults) && good;
      for (int k = 0; k < FIELDS; k++) good = good && holds_values(&field[k], k);
      free_fields(field);
    }
  }
  free(path);
  good = agree(MPI_COMM_WORLD, good);
  ck_assert(good);
  ck_assert_int_eq(faults.count, 0);
}
END_TEST

START_TEST(one_rank_reads_what_all_wrote)
{
  char *path = fresh_state("one.h5");
  struct field *field = make_fields(MPI_COMM_SELF, EVEN, true);
  struct faults faults = {0};
  bool good = store_read_fields(MPI_COMM_SELF, path, FIELDS, field, false, &faults);

  for (int k = 0; k < FIELDS; k++) good = good && holds_values(&field[k], k);
  free_fields(field);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(transposed_reading_gives_columns_as_rows)
{
  char *path = fresh_state("transposed.h5");
  struct faults faults = {0};
  bool good = true;

  for (enum cut cut = EVEN; cut <= LAST; cut++) {
    struct field v[2] = {
        {.path = "/layer01/W", .dims = 2, .shape = {7, 11}, .ld = 12},
        {.path = "/layer03/W", .dims = 2, .shape = {13, 3}, .ld = 4, .single = true}};

    for (int k = 0; k < 2; k++) cut_field(&v[k], 0, MPI_COMM_WORLD, cut, true);
    good = store_read_fields(MPI_COMM_WORLD, path, 2, v, true, &faults) && good;
    for (long i = v[0].lo; i < v[0].hi; i++)
      for (long j = 0; j < 11; j++) good = good && get(&v[0], i, j) == value_at(W, j, i);
    for (long i = v[1].lo; i < v[1].hi; i++)
      for (long j = 0; j < 3; j++)
        good = good && get(&v[1], i, j) == (double)(float)value_at(S, j, i);
    for (int k = 0; k < 2; k++) free(v[k].data);
  }
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(header_and_notes_come_back_on_every_rank)
{
  char *path = fresh_state("header.h5");
  struct faults faults = {0};
  struct state_header head;
  double h = 0, past[3] = {0};
  struct note read[] = {{"history", 3, past}, {"h", 1, &h}};
  bool good = store_read_header(MPI_COMM_WORLD, path, &head, &faults);

  good = good && head.t == header.t && head.presentation == 42 && head.layers == 3 &&
         head.resumable && strcmp(head.status, "running") == 0 &&
         strcmp(head.job, header.job) == 0 && memcmp(head.widths, widths, sizeof widths) == 0;
  store_free_header(&head);
  good = store_read_notes(MPI_COMM_WORLD, path, 2, read, &faults) && good;
  good = good && h == 0.125 && memcmp(past, history, sizeof past) == 0;
  good = store_has(MPI_COMM_WORLD, path, "/layer01/W") && good;
  good = !store_has(MPI_COMM_WORLD, path, "/layer01") && good;
  good = !store_has(MPI_COMM_WORLD, path, "/layer09/W") && good;
  good = !store_has(MPI_COMM_WORLD, "absent.h5", "/layer01/W") && good;
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(an_absent_note_is_a_fault)
{
  char *path = fresh_state("note.h5");
  struct faults faults = {0};
  double x[4];
  struct note unknown = {"order", 1, x}, longer = {"history", 4, x};
  bool good = refused(store_read_notes(MPI_COMM_WORLD, path, 1, &unknown, &faults), &faults,
                      "order of 1 number");

  good = refused(store_read_notes(MPI_COMM_WORLD, path, 1, &longer, &faults), &faults,
                 "history of 4 numbers") &&
         good;
  free(path);
  ck_assert(good);
}
END_TEST

/* The files hold the second they were written in; of a few tries one pair is of one second. */
START_TEST(one_rank_and_all_write_the_same_bytes)
{
  struct faults faults = {0};
  char *alone = in_folder("alone.h5"), *all = in_folder("all.h5");
  MPI_Comm first;
  bool good = false;

  MPI_Comm_split(MPI_COMM_WORLD, rank == 0 ? 0 : MPI_UNDEFINED, 0, &first);
  for (int attempt = 0; attempt < 5 && !good; attempt++) {
    if (rank == 0) write_state(first, alone, EVEN, &faults);
    write_state(MPI_COMM_WORLD, all, attempt ? LAST : EVEN, &faults);
    good = agree(MPI_COMM_WORLD, rank != 0 || same_bytes(alone, all));
  }
  if (rank == 0) MPI_Comm_free(&first);
  free(all);
  free(alone);
  ck_assert(good);
}
END_TEST

START_TEST(fingerprint_does_not_depend_on_the_partition)
{
  unsigned long long print[4];

  for (enum cut cut = EVEN; cut <= LAST + 1; cut++) {
    MPI_Comm comm = cut > LAST ? MPI_COMM_SELF : MPI_COMM_WORLD;
    struct field *field = make_fields(comm, cut > LAST ? EVEN : cut, false);

    print[cut] = store_fingerprint(comm, FIELDS, field);
    free_fields(field);
  }
  ck_assert(
      agree(MPI_COMM_WORLD, print[0] == print[1] && print[0] == print[2] && print[0] == print[3]));
}
END_TEST

static unsigned long long print_of(const struct field *field)
{
  return store_fingerprint(MPI_COMM_WORLD, FIELDS, field);
}

START_TEST(fingerprint_sees_one_bit_but_no_padding)
{
  struct field *field = make_fields(MPI_COMM_WORLD, LAST, false);
  unsigned long long before = print_of(field), after, padded;
  unsigned char *byte = field[S].data;

  if (byte) byte[4] ^= 1;
  after = print_of(field);
  if (byte) byte[4] ^= 1;
  if (byte) byte[13 * sizeof(float)] ^= 1;
  padded = print_of(field);
  free_fields(field);
  ck_assert(agree(MPI_COMM_WORLD, after != before && padded == before));
}
END_TEST

START_TEST(fingerprint_sees_exchanged_rows)
{
  struct field *field = make_fields(MPI_COMM_WORLD, FIRST, false);
  unsigned long long before = print_of(field), after;

  for (long j = 0; field[W].data && j < 7; j++) {
    double x = get(&field[W], 2, j);

    put(&field[W], 2, j, get(&field[W], 3, j));
    put(&field[W], 3, j, x);
  }
  after = print_of(field);
  free_fields(field);
  ck_assert(agree(MPI_COMM_WORLD, after != before));
}
END_TEST

START_TEST(fingerprint_sees_swapped_fields)
{
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, false);
  unsigned long long before = print_of(field), after;
  void *data = field[W].data;
  long ld = field[W].ld;

  field[W].data = field[U].data;
  field[W].ld = field[U].ld;
  field[U].data = data;
  field[U].ld = ld;
  after = print_of(field);
  free_fields(field);
  ck_assert(agree(MPI_COMM_WORLD, after != before));
}
END_TEST

/* Rank 0 alone makes a file of these bytes. Collective. */
static char *file_of(const char *name, const char *bytes, size_t count)
{
  char *path = in_folder(name);
  FILE *out = rank == 0 ? fopen(path, "wb") : NULL;

  if (out) {
    fwrite(bytes, 1, count, out);
    fclose(out);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

/* Is this file refused as a state with these words, header and fields alike? Frees path. */
static bool refuses(char *path, const char *words)
{
  struct faults faults = {0};
  struct state_header head;
  bool good = refused(store_read_header(MPI_COMM_WORLD, path, &head, &faults), &faults, words);

  free(path);
  return good && !head.job && !head.widths;
}

START_TEST(a_missing_file_is_a_fault)
{
  ck_assert(refuses(in_folder("absent.h5"), "No such file"));
}
END_TEST

START_TEST(a_folder_is_a_fault)
{
  ck_assert(refuses(in_folder("."), "cannot be opened"));
}
END_TEST

START_TEST(a_text_file_is_a_fault)
{
  ck_assert(refuses(file_of("text.h5", "name: test\n", 11), "is not an HDF5 file"));
}
END_TEST

START_TEST(an_empty_file_is_a_fault)
{
  ck_assert(refuses(file_of("empty.h5", "", 0), "is not an HDF5 file"));
}
END_TEST

START_TEST(a_truncated_file_is_a_fault)
{
  char *path = fresh_state("whole.h5");
  size_t count = 0;
  char *bytes = bytes_of(path, &count);
  bool good = true;

  for (size_t part = 1; part < 8; part++)
    good = refuses(file_of("short.h5", bytes, count * part / 8), "truncated") && good;
  free(bytes);
  free(path);
  ck_assert(good);
}
END_TEST

START_TEST(an_hdf5_file_of_another_kind_is_a_fault)
{
  struct faults faults = {0};
  struct column column = {"presentation", 1, "", "", false};
  struct table table = {"/", 1, &column};
  char *series = in_folder("series.h5"), *bare = in_folder("other.h5");

  if (rank == 0) {
    series_create(series, "", 1, &table, &faults);
    H5Fclose(H5Fcreate(bare, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT));
  }
  MPI_Barrier(MPI_COMM_WORLD);
  bool good = refuses(series, "is a tauflow-series file");
  good = refuses(bare, "has no /network") && good;
  ck_assert(good);
}
END_TEST

/* A number of rank 0's making as attribute or dataset; rows 0 for an attribute. */
static void put_numbers(hid_t at, const char *name, hid_t type, hsize_t count, bool attribute,
                        const void *value)
{
  hid_t space = H5Screate_simple(1, &count, NULL);

  if (attribute) {
    hid_t a = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    H5Awrite(a, type, value);
    H5Aclose(a);
  } else {
    hid_t d = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
    H5Dclose(d);
  }
  H5Sclose(space);
}

/* A file with nothing but /network/widths. Collective. */
static char *bare_file(const char *name, hid_t type, hsize_t count, bool attribute,
                       const void *value)
{
  char *path = in_folder(name);

  if (rank == 0) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    hid_t group = H5Gcreate2(file, "network", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

    put_numbers(group, "widths", type, count, attribute, value);
    H5Gclose(group);
    H5Fclose(file);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

START_TEST(bare_widths_are_a_header_that_cannot_be_resumed)
{
  const int few[] = {4, 2, 3};
  bool good = true;

  for (int attribute = 0; attribute < 2; attribute++) {
    char *path = bare_file("bare.h5", H5T_NATIVE_INT, 3, attribute, few);
    struct faults faults = {0};
    struct state_header head;

    good = store_read_header(MPI_COMM_WORLD, path, &head, &faults) && good;
    good = good && head.layers == 2 && head.widths[0] == 4 && head.widths[2] == 3 &&
           !head.resumable && !head.job && strcmp(head.status, "") == 0;
    store_free_header(&head);
    free(path);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(impossible_widths_are_faults)
{
  const long zero[] = {4, 0, 3}, huge[] = {4, (1L << 40) + 1};
  const double real[] = {4, 2, 3};
  bool good = refuses(bare_file("zero.h5", H5T_NATIVE_LONG, 3, false, zero), "width 0 of layer 1");

  good = refuses(bare_file("huge.h5", H5T_NATIVE_LONG, 2, true, huge), "of layer 1") && good;
  good = refuses(bare_file("few.h5", H5T_NATIVE_LONG, 1, false, huge), "2 to 100001") && good;
  good = refuses(bare_file("real.h5", H5T_NATIVE_DOUBLE, 3, false, real), "whole numbers") && good;
  ck_assert(good);
}
END_TEST

/* Make it a file of version 1, which had no seal. */
static void unseal(const char *path)
{
  const int fd = open(path, O_WRONLY);
  const char nothing[8] = {0};

  if (pwrite(fd, nothing, sizeof nothing, 0) != sizeof nothing)
    fprintf(stderr, "cannot unseal %s\n", path);
  close(fd);
}

/* Give attribute `name` of / of a file of version 1 another value or, with count 0, none.
 * Collective. */
static char *altered_state(const char *name, const char *attribute, hsize_t count, long value)
{
  char *path = fresh_state(name);

  if (rank == 0) {
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);

    long first = 1, twice[] = {value, value};
    H5Adelete(file, "version");
    put_numbers(file, "version", H5T_NATIVE_LONG, 1, true, &first);
    H5Adelete(file, attribute);
    if (count) put_numbers(file, attribute, H5T_NATIVE_LONG, count, true, twice);
    H5Fclose(file);
    unseal(path);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

START_TEST(a_file_of_version_1_is_read)
{
  char *path = altered_state("first.h5", "presentation", 1, 42);
  struct faults faults = {0};
  struct state_header head;
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, true);
  bool good = store_read_header(MPI_COMM_WORLD, path, &head, &faults) && head.presentation == 42;

  good = store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults) && good;
  for (int k = 0; k < FIELDS; k++) good = good && holds_values(&field[k], k);
  store_free_header(&head);
  free_fields(field);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(a_newer_version_is_a_fault)
{
  bool good = refuses(altered_state("newer.h5", "version", 1, 3), "version 3");

  good = refuses(altered_state("bare.h5", "version", 1, 2), "its seal is gone") && good;

  good = refuses(altered_state("older.h5", "version", 1, 0), "version 0") && good;
  ck_assert(good);
}
END_TEST

START_TEST(odd_attributes_are_faults)
{
  bool good = refuses(altered_state("a.h5", "t", 0, 0), "lacks a readable attribute");

  good = refuses(altered_state("b.h5", "presentation", 2, 5), "lacks a readable") && good;
  good = refuses(altered_state("c.h5", "status", 1, 5), "lacks a readable") && good;
  good = refuses(altered_state("d.h5", "version", 2, 1), "version 0") && good;
  good = refuses(altered_state("e.h5", "presentation", 1, -3), "presentation = -3") && good;
  good = refuses(altered_state("f.h5", "t", 1, -1), "t = -1: must be") && good;
  ck_assert(good);
}
END_TEST

START_TEST(a_wrong_shape_is_a_fault_naming_both)
{
  char *path = fresh_state("shape.h5");
  struct faults faults = {0};
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, true);
  bool good;

  field[W].shape[1] = 6;
  good = refused(store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults), &faults,
                 "/layer01/W is 11 x 7, but 11 x 6 is wanted");
  good = refused(store_read_fields(MPI_COMM_WORLD, path, 1, &field[U], true, &faults), &faults,
                 "/layer02/W is 11 x 7, but 7 x 11 is wanted") &&
         good;
  field[Y].path = "/layer07/y";
  good = refused(store_read_fields(MPI_COMM_WORLD, path, 1, field, false, &faults), &faults,
                 "no dataset /layer07/y") &&
         good;
  free_fields(field);
  free(path);
  ck_assert(good);
}
END_TEST

START_TEST(integers_are_no_field)
{
  char *path = fresh_state("integers.h5");
  struct faults faults = {0};
  double data[4];
  struct field field = {.path = "/network/widths", .dims = 1, .shape = {4}, .data = data};
  bool good = refused(store_read_fields(MPI_COMM_WORLD, path, 1, &field, false, &faults), &faults,
                      "must hold floating-point numbers");

  free(path);
  ck_assert(good);
}
END_TEST

/* Rank 0 flips one bit of the first number of a dataset. Collective. */
static void damage(const char *path, const char *dataset)
{
  if (rank == 0) {
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    hid_t set = H5Dopen2(file, dataset, H5P_DEFAULT);
    off_t at = (off_t)H5Dget_offset(set);
    int fd = open(path, O_RDWR);
    char byte = 0;

    H5Dclose(set);
    H5Fclose(file);
    if (pread(fd, &byte, 1, at) == 1) byte ^= 1;
    if (pwrite(fd, &byte, 1, at) != 1) fprintf(stderr, "cannot damage %s\n", path);
    close(fd);
  }
  MPI_Barrier(MPI_COMM_WORLD);
}

START_TEST(damaged_data_are_a_fault)
{
  char *path = fresh_state("damaged.h5");
  struct faults faults = {0};
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, true);

  damage(path, "/layer02/W");
  bool good = store_read_fields(MPI_COMM_WORLD, path, 2, field, false, &faults);
  good = refused(store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults), &faults,
                 "/layer02/W is damaged: its digest is") &&
         good;
  free_fields(field);
  free(path);
  ck_assert(good);
}
END_TEST

START_TEST(other_precision_is_converted)
{
  char *path = fresh_state("precision.h5");
  struct faults faults = {0};
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, true);

  field[W].single = true;
  field[S].single = false;
  bool good = store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults);
  good = good && holds_values(&field[W], W);
  for (long i = field[S].lo; i < field[S].hi; i++)
    for (long j = 0; j < 13; j++)
      good = good && get(&field[S], i, j) == (double)(float)value_at(S, i, j);
  free_fields(field);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(a_folder_without_permission_is_a_fault)
{
  struct faults faults = {0};
  char *locked = in_folder("locked"), *path = in_folder("locked/state.h5");
  bool root = geteuid() == 0;

  /* The superuser may write anywhere: step down to nobody for this. */
  if (rank == 0 && (mkdir(locked, 0555) != 0 || (root && seteuid(65534) != 0))) root = false;
  bool good = refused(write_state(MPI_COMM_WORLD, path, EVEN, &faults), &faults,
                      "cannot be created: Permission denied");
  if (rank == 0 && root && seteuid(0) != 0) good = false;
  good = agree(MPI_COMM_WORLD, good && (rank != 0 || rmdir(locked) == 0));
  free(path);
  free(locked);
  ck_assert(good);
}
END_TEST

START_TEST(a_missing_folder_is_a_fault)
{
  struct faults faults = {0};
  char *path = in_folder("nowhere/state.h5");
  bool good = refused(write_state(MPI_COMM_WORLD, path, EVEN, &faults), &faults, "No such file");

  free(path);
  ck_assert(good);
}
END_TEST

START_TEST(a_full_disk_is_a_fault_and_leaves_the_older_file)
{
  struct faults faults = {0};
  char *path = fresh_state("full.h5");
  int before = files_in_folder();

  MPI_Barrier(MPI_COMM_WORLD);
  disk_is_full = true;
  bool good =
      refused(write_state(MPI_COMM_WORLD, path, EVEN, &faults), &faults, "No space left on device");
  disk_is_full = false;
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, true);
  good = store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults) && good;
  free_fields(field);
  good = good && (rank != 0 || files_in_folder() == before);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(a_link_is_not_written_through)
{
  static const char *const links[] = {"linked.h5.part", "linked.h5"};
  struct faults faults = {0};
  char *path = in_folder("linked.h5"), *target = in_folder("precious");
  struct stat status = {0};
  bool good = true;

  if (rank == 0) {
    FILE *out = fopen(target, "w");
    good = out && fputs("precious", out) >= 0 && fclose(out) == 0;
    for (int k = 0; k < 2; k++) {
      char *link = in_folder(links[k]);
      good = symlink("precious", link) == 0 && good;
      free(link);
    }
  }
  MPI_Barrier(MPI_COMM_WORLD);
  good = write_state(MPI_COMM_WORLD, path, EVEN, &faults) && good;
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) {
    good = stat(target, &status) == 0 && status.st_size == 8 && good;
    good = lstat(path, &status) == 0 && S_ISREG(status.st_mode) && good;
    unlink(target);
    unlink(path);
  }
  free(target);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(failures_leave_no_files)
{
  struct faults faults = {0};
  char *path = in_folder("taken.h5");
  int before = files_in_folder();

  if (rank == 0) mkdir(path, 0755);
  bool good = refused(write_state(MPI_COMM_WORLD, path, EVEN, &faults), &faults, "directory");
  if (rank == 0) rmdir(path);
  good = good && (rank != 0 || files_in_folder() == before);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(many_slabs_and_wide_rows_work)
{
  struct faults faults = {0};
  char *path = in_folder("large.h5");
  struct field f = {.path = "/layer01/W", .dims = 2, .shape = {2500, 5001}, .ld = 5001};
  struct field v = {.path = "/layer01/W", .dims = 2, .shape = {5001, 2500}, .ld = 2501};
  bool good = true;

  cut_field(&f, W, MPI_COMM_WORLD, LAST, false);
  good = store_write_state(MPI_COMM_WORLD, path, &header, 1, &f, 0, NULL, &faults);
  for (enum cut cut = EVEN; cut <= FIRST; cut++) {
    free(f.data);
    free(v.data);
    f.data = v.data = NULL;
    f.ld = 5001;
    v.ld = 2501;
    cut_field(&f, W, MPI_COMM_WORLD, cut, true);
    cut_field(&v, W, MPI_COMM_WORLD, cut, true);
    good = store_read_fields(MPI_COMM_WORLD, path, 1, &f, false, &faults) && good;
    good = good && holds_values(&f, W);
    good = store_read_fields(MPI_COMM_WORLD, path, 1, &v, true, &faults) && good;
    for (long i = v.lo; i < v.hi; i++)
      for (long j = 0; j < 2500; j++) good = good && get(&v, i, j) == value_at(W, j, i);
  }
  free(f.data);
  free(v.data);
  free(path);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(info_tells_what_a_state_holds)
{
  struct faults faults = {0};
  char *path = fresh_state("info.h5"), *text = NULL;
  size_t length;
  bool good = true;

  if (rank == 0) {
    FILE *out = open_memstream(&text, &length);

    good = info_print(out, path, &faults) == 0;
    fclose(out);
    good = good && strstr(text, "t = 0.10000000000000001 s, after 42 presentations") &&
           strstr(text, "network widths 7 11 7 3\n") && strstr(text, "11 x 7") &&
           strstr(text, "float") && strstr(text, "rule: kp") && strstr(text, "revision");
    good = good && info_print(stderr, "absent.h5", &faults) == 2 && faults.count == 1;
  }
  free(text);
  free(path);
  good = agree(MPI_COMM_WORLD, good);
  ck_assert(good);
}
END_TEST

static hsize_t identifiers(void)
{
  static const H5I_type_t type[] = {H5I_FILE,    H5I_GROUP, H5I_DATATYPE,    H5I_DATASPACE,
                                    H5I_DATASET, H5I_ATTR,  H5I_GENPROP_LST, H5I_ERROR_STACK};
  hsize_t sum = 0;

  for (size_t k = 0; k < sizeof type / sizeof type[0]; k++) {
    hsize_t count = 0;

    if (H5Inmembers(type[k], &count) >= 0) sum += count;
  }
  return sum;
}

START_TEST(no_hdf5_identifier_stays_open)
{
  struct faults faults = {0};
  struct field *field = make_fields(MPI_COMM_WORLD, EVEN, true);
  struct state_header head;
  hsize_t before = 0, after = 1;

  for (int k = 0; k < 3; k++) {
    char *path = fresh_state("open.h5");

    before = after;
    store_read_header(MPI_COMM_WORLD, path, &head, &faults);
    store_free_header(&head);
    store_read_fields(MPI_COMM_WORLD, path, FIELDS, field, false, &faults);
    if (rank == 0) info_print(stderr, "absent.h5", &faults);
    write_state(MPI_COMM_WORLD, "/dev/full/absent", EVEN, &faults);
    free(path);
    after = identifiers();
  }
  faults_clear(&faults);
  free_fields(field);
  ck_assert(agree(MPI_COMM_WORLD, before == after));
}
END_TEST

static Suite *make_suite(void)
{
  Suite *suite = suite_create("store");
  TCase *facts = tcase_create("facts");

  tcase_set_timeout(facts, 0);
  tcase_add_test(facts, any_partition_reads_what_any_other_wrote);
  tcase_add_test(facts, one_rank_reads_what_all_wrote);
  tcase_add_test(facts, transposed_reading_gives_columns_as_rows);
  tcase_add_test(facts, header_and_notes_come_back_on_every_rank);
  tcase_add_test(facts, an_absent_note_is_a_fault);
  tcase_add_test(facts, one_rank_and_all_write_the_same_bytes);
  tcase_add_test(facts, fingerprint_does_not_depend_on_the_partition);
  tcase_add_test(facts, fingerprint_sees_one_bit_but_no_padding);
  tcase_add_test(facts, fingerprint_sees_exchanged_rows);
  tcase_add_test(facts, fingerprint_sees_swapped_fields);
  tcase_add_test(facts, a_missing_file_is_a_fault);
  tcase_add_test(facts, a_folder_is_a_fault);
  tcase_add_test(facts, a_text_file_is_a_fault);
  tcase_add_test(facts, an_empty_file_is_a_fault);
  tcase_add_test(facts, a_truncated_file_is_a_fault);
  tcase_add_test(facts, an_hdf5_file_of_another_kind_is_a_fault);
  tcase_add_test(facts, bare_widths_are_a_header_that_cannot_be_resumed);
  tcase_add_test(facts, impossible_widths_are_faults);
  tcase_add_test(facts, a_file_of_version_1_is_read);
  tcase_add_test(facts, a_newer_version_is_a_fault);
  tcase_add_test(facts, odd_attributes_are_faults);
  tcase_add_test(facts, a_wrong_shape_is_a_fault_naming_both);
  tcase_add_test(facts, integers_are_no_field);
  tcase_add_test(facts, damaged_data_are_a_fault);
  tcase_add_test(facts, other_precision_is_converted);
  tcase_add_test(facts, a_folder_without_permission_is_a_fault);
  tcase_add_test(facts, a_missing_folder_is_a_fault);
  tcase_add_test(facts, a_full_disk_is_a_fault_and_leaves_the_older_file);
  tcase_add_test(facts, a_link_is_not_written_through);
  tcase_add_test(facts, failures_leave_no_files);
  tcase_add_test(facts, many_slabs_and_wide_rows_work);
  tcase_add_test(facts, info_tells_what_a_state_holds);
  tcase_add_test(facts, no_hdf5_identifier_stays_open);
  suite_add_tcase(suite, facts);
  return suite;
}

static void remove_folder(void)
{
  DIR *d = opendir(folder);

  for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
    char *path = in_folder(e->d_name);

    if (e->d_name[0] != '.') remove(path);
    free(path);
  }
  if (d) closedir(d);
  rmdir(folder);
}

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  strcpy(folder, "test_store.XXXXXX");
  /* Open to all, for the test that steps down to an ordinary user. */
  if (rank == 0 && (!mkdtemp(folder) || chmod(folder, 0755) != 0)) MPI_Abort(MPI_COMM_WORLD, 1);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);

  SRunner *runner = srunner_create(make_suite());
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, rank == 0 ? CK_NORMAL : CK_SILENT);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) remove_folder();
  MPI_Finalize();
  return failed ? 1 : 0;
}
