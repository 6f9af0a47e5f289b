/* SPDX-License-Identifier: BSD-3-Clause */
/* store_h5.h - the HDF5 calls that store, series, gather and info share
 *
 * Private to src/store*.c, series.c, gather.c, info*.c and datasets/file.c: no other file includes
 * hdf5.h, but for the version in code.c. What a user can cause (full disk, no permission, damaged
 * file) becomes a fault; what only a broken library or no memory can cause aborts by CHECK_H5. */
#ifndef TAUFLOW_STORE_H5_H
#define TAUFLOW_STORE_H5_H

#include "store.h"
#include <hdf5.h>

enum {
  STATE_VERSION = 2,
  STATE_SEALED = 2,
  SERIES_VERSION = 1,
  SWEEP_VERSION = 1,
  LAYERS_MOST = 100000,
  /* Bytes that one byte of a compressed dataset may stand for, at most; deflate's limit is 1032. */
  DEFLATE_MOST = 1100
};
#define WIDTH_MOST (1L << 40)

/* An open file. After a first failure further calls on it fail quietly, so that a chain of calls
 * needs one test at its end. */
struct h5 {
  const char *path;      /* borrowed; the name in messages */
  hid_t file;            /* negative: not open */
  bool alone;            /* created or opened for writing by the serial driver */
  bool guarded;          /* a crash is put down to it: guard.h */
  bool ok;               /* false from the first failure on */
  struct faults *faults; /* borrowed */
};

/* Abort unless an HDF5 call which touches no file succeeded; returns its result. Local. */
#define CHECK_H5(call) h5_check((call), #call, __FILE__, __LINE__)
hid_t h5_check(hid_t result, const char *call, const char *file, int line);

/* No file open yet; silences HDF5's own error printing. Local. */
struct h5 h5_new(const char *path, struct faults *faults);
/* If the result is negative and it is the first such, add the fault "path: what: HDF5's reason".
 * Returns the result. Local. */
hid_t h5_try(struct h5 *f, hid_t result, const char *what);

/* Create `name` (usually f->path) by the serial driver, in a format no older than `low`, with so
 * many bytes free before HDF5's own (0, or a power of 2 from 512 on). What has the name already
 * goes away, so that a symbolic link is not written through. Local. */
bool h5_create(struct h5 *f, const char *name, H5F_libver_t low, long before);
/* Open f->path by the serial driver, without locks. For writing it must be a file itself, not a
 * symbolic link to one. Local. */
bool h5_open(struct h5 *f, bool writing);
/* Open `name` by the MPI driver. Collective; faults are not agreed. */
bool h5_open_all(struct h5 *f, const char *name, MPI_Comm comm, bool writing);
/* Flush and close; true if nothing failed since h5_new. Local or collective, as opened. */
bool h5_close(struct h5 *f);

/* Claim disk space for the whole of file `name`, holes included, and `beyond` more bytes, so that a
 * full disk is found before anything is written. Where the file system cannot promise, the writes
 * themselves will tell. Local. */
void h5_reserve(struct h5 *f, const char *name, long beyond);
/* Flush and close a dataset written by the serial driver. Local. */
void h5_end_set(struct h5 *f, hid_t set);

/* Creation lists without time stamps, of class H5P_GROUP_CREATE and the like. Caller closes. */
hid_t h5_timeless(hid_t list_class);
/* Create group `path`, then the caller closes it; or only the groups missing above `path`. Local.
 */
hid_t h5_make_group(struct h5 *f, const char *path);
void h5_make_parents(struct h5 *f, const char *path);
/* Write attributes: text; numbers, count 0 for a scalar. Local. */
void h5_put_text(struct h5 *f, hid_t object, const char *name, const char *text);
void h5_put(struct h5 *f, hid_t object, const char *name, hid_t file_type, hid_t memory_type,
            int count, const void *value);
/* Write the groups /code (facts) and /job (dataset yaml; text may be NULL). Local. */
void h5_put_code(struct h5 *f);
void h5_put_job(struct h5 *f, const char *text);

/* The bytes that the shape of a dataset claims. Local. */
double h5_claimed(hid_t set);
/* Can the file hold them: what it stores of this dataset, or DEFLATE_MOST times that where it is
 * compressed? False if they are in other files. Asked before anything is done by a claimed shape.
 * grows: the last rows may be missing, as a crash leaves a series; up to 16 MiB. Local. */
bool h5_holds(hid_t set, bool grows);

/* Is there an object at this absolute path? Local. */
bool h5_has(hid_t file, const char *path);
/* The text of an attribute of object, or of a scalar dataset: NULL if it is absent or no single
 * text. Caller frees. Local. */
char *h5_get_text(hid_t object, const char *name);
char *h5_get_text_set(hid_t file, const char *path);
/* Read exactly `count` numbers (count 0: a scalar or one element) of an attribute; false if it is
 * absent, no number, or of another length. Local. */
bool h5_get(hid_t object, const char *name, hid_t memory_type, int count, void *value);

/* src/store_seal.c: damage is noticed before HDF5 meets it.
 *
 * Bytes of a file that have a digest of their own: the data of a field. */
struct extent {
  unsigned long long start, bytes;
};
/* Bytes that a seal takes before HDF5's own. Local. */
long seal_bytes(int extents);
/* Seal a closed file; sorts the extents. False if it cannot be written. Local. */
bool seal_write(const char *name, int extents, struct extent *extent);
/* False with a fault if the file is sealed and what the seal covers is damaged. Local. */
bool seal_check(const char *path, bool *sealed, struct faults *faults);

/* src/store_damage.c: a dataset as a file has it. */
struct side {
  bool there;  /* as floating-point numbers, in one or two dimensions */
  bool single; /* floats */
  bool sealed; /* with a digest of its data */
  int dims;
  long shape[2];
  unsigned long long digest;
};
/* Local. */
struct side side_of(hid_t set);

/* In store_read.c: h5_open of a file that may be a state: not before its seal is checked. Local. */
bool h5_open_state(struct h5 *f);

/* src/store_slab.c: what all ranks do together.
 *
 * A block of a dataset in the file and its place in memory. */
struct slab {
  long start[2], count[2]; /* in the file; count[0] = 0: none */
  long room[2];            /* extent in memory, room >= count */
  void *memory;
};
/* Rows of `row_bytes` each that one slab may hold, at least 1. Local. */
long h5_slab_rows(long row_bytes);
/* Open a dataset and agree on the number of slabs: the most any rank has, 0 if any rank has failed
 * before. Caller closes. Collective. */
hid_t h5_open_slabs(struct h5 *f, MPI_Comm comm, const char *path, long *rounds);
/* Write or read one slab. Collective. */
void h5_move_slab(struct h5 *f, hid_t set, const struct field *field, const struct slab *slab,
                  bool writing);
/* Write or read all rows of a field, slab by slab. Collective. */
void h5_move_rows(struct h5 *f, MPI_Comm comm, const struct field *field, bool writing);
/* The digest of a field as the file has it, through a buffer of one slab. Collective. */
unsigned long long h5_digest_rows(struct h5 *f, MPI_Comm comm, const struct field *field);

/* A fault if the data of a dataset give another digest than the file says. Local. */
void h5_judge_digest(struct h5 *f, const char *path, unsigned long long said,
                     unsigned long long found);

/* True if no rank has a fault in `mine`, whose messages move to `faults`. Collective. */
bool h5_settle(struct faults *mine, MPI_Comm comm, struct faults *faults);

/* In store_read.c: fill head from the open file, with faults for whatever is wrong. Local. */
bool h5_read_header(struct h5 *f, struct state_header *head);

/* In store.c: shape, rows, ld and data fit together. Local. */
bool field_is_valid(const struct field *field);
/* Bytes of one element; elements in a row; elements between rows in memory. Local. */
long field_bytes(const struct field *field);
long field_columns(const struct field *field);
long field_ld(const struct field *field);
/* Own rows of a field, counted from its first, however they lie in memory, to or from rows one
 * right after another. */
void field_take_rows(const struct field *field, long row, long rows, void *to);
void field_put_rows(const struct field *field, long row, long rows, const void *from);
/* from [rows][own rows]: transposed, the columns of this rank's rows from `column` on. */
void field_put_transposed(const struct field *field, long column, long rows, const void *from);
/* The part of this rank's rows in a field's digest. Local. */
unsigned long long field_digest(const struct field *field);
/* Each field's own digest, equal on all ranks, as in store_fingerprint. Caller frees. rows: if not
 * NULL, receives [fields] rows over all ranks. Collective. */
unsigned long long *field_digests(MPI_Comm comm, int fields, const struct field *field,
                                  unsigned long long *rows);

#endif
