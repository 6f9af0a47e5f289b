/* SPDX-License-Identifier: BSD-3-Clause */
/* store.h - state files: every state family in one parallel HDF5 file that any rank count reads
 *
 * The only place that knows HDF5's parallel side. A module lists its fields, the store moves them.
 * docs/files.md describes the format. A changed byte is noticed: each dataset has a digest, all
 * else a seal that is checked before HDF5 opens the file. A file is written under a temporary name
 * in its folder, closed, synced and renamed, so a reader never meets half a file. */
#ifndef TAUFLOW_STORE_H
#define TAUFLOW_STORE_H

#include "fail.h"

/* One array of which this rank owns rows [lo, hi). */
struct field {
  const char *path;  /* "/layer01/W" */
  const char *about; /* attribute: meaning */
  const char *unit;  /* attribute */
  const char *axes;  /* attribute: "row, column" */
  int dims;          /* 1 or 2 */
  long shape[2];     /* global */
  long lo, hi;       /* rows of this rank */
  long ld;           /* elements between rows in memory (2-D), or between columns */
  bool single;       /* float in memory and in the file, else double */
  bool by_columns;   /* in memory, column after column; in the file it is row after row */
  void *data;        /* [hi-lo][ld] or [shape1][ld], borrowed; may be NULL when hi == lo */
};

/* Scalars that an exact continuation needs: attributes of /solver. Up to 64 named doubles (53-bit
 * integers are exact) and small vectors. */
struct note {
  const char *name;
  int count;     /* 1: scalar */
  double *value; /* [count], borrowed; read fills it */
};

struct state_header {
  double t;           /* simulated time [s] */
  long presentation;  /* presentations completed */
  const char *status; /* "running", "done", "diverged"; read allocates ("" if bare) */
  const char *job;    /* YAML text with every value (job_used) */
  long *widths;       /* [layers + 1]; written from here; read allocates (caller frees) */
  int layers;         /* L */
  bool resumable;     /* false: a bare /network + W, V file */
};

/* Write a state file. Attributes format = "tauflow-state", version, t, presentation, status on /;
 * /network widths; /job; /code (provenance); /solver notes; one dataset per field. Object times
 * off, so that /code aside equal states give equal bytes on any rank count. Returns false with a
 * fault (disk full, no permission) and removes the temporary file. Collective. */
bool store_write_state(MPI_Comm comm, const char *path, const struct state_header *head, int fields,
                       const struct field *field, int notes, const struct note *note,
                       struct faults *faults);

/* Check that path is a state file and read header. Faults: missing, not HDF5, truncated, another
 * format or a newer version, no /network. head->job is allocated (NULL if absent). Collective;
 * faults agreed. */
bool store_read_header(MPI_Comm comm, const char *path, struct state_header *head,
                       struct faults *faults);
void store_free_header(struct state_header *head);
/* Does the file hold this dataset? Collective. */
bool store_has(MPI_Comm comm, const char *path, const char *dataset);
/* Read this rank's rows of each field, in the field's memory type. A dataset that is absent or has
 * another shape is a fault naming both shapes. transposed: the file holds [shape1][shape0] and this
 * rank wants the transpose of columns lo..hi (V from W of the layer above). Collective; faults
 * agreed. */
bool store_read_fields(MPI_Comm comm, const char *path, int fields, const struct field *field,
                       bool transposed, struct faults *faults);
/* Read notes by name; absent ones are a fault. Collective. */
bool store_read_notes(MPI_Comm comm, const char *path, int notes, struct note *note,
                      struct faults *faults);

/* What is to be thought of a state file that was refused. It is damaged if all of its bytes can be
 * read and prove it (its seal or a digest does not fit, or HDF5 cannot make out its structure);
 * unreadable if they cannot, which may pass; intact otherwise, even if this run has no use for it.
 * Faults say what is wrong with it. Reads the whole file. Local. */
enum state_health { STATE_INTACT, STATE_UNREADABLE, STATE_DAMAGED };
enum state_health store_judge(const char *path, struct faults *why);

/* Memory that writing and reading back a state takes beside it on a rank, with the rest of HDF5;
 * largest: the largest field of the rank, all in bytes. As measured; store_slab.c says of what it
 * consists. Local. */
double store_bytes(double largest, int ranks);

/* Order-free 64-bit digest of fields: the wrapping sum over all rows of XXH3_64bits of the row's
 * bytes (shape[1] elements, without padding) seeded by the row number and the digest of the field's
 * path. Equal on any rank count. Collective. */
unsigned long long store_fingerprint(MPI_Comm comm, int fields, const struct field *field);

#endif
