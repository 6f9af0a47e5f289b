/* SPDX-License-Identifier: BSD-3-Clause */
/* info_parts.h - what info*.c share */
#ifndef TAUFLOW_INFO_PARTS_H
#define TAUFLOW_INFO_PARTS_H

#include "info.h"
#include "store_h5.h"

/* The table of all datasets; the attributes of a group, if it is there; a job's text. Local. */
void info_sets(FILE *out, struct h5 *f);
void info_group(FILE *out, struct h5 *f, const char *path);
void info_job(FILE *out, const char *text);
/* What a sweep file holds: members, keys, what became of them. Local. */
void info_sweep(FILE *out, struct h5 *f, hid_t root);

/* What lies in a folder. Local. */
void info_folder(FILE *out, const char *folder, struct faults *faults);

/* --- src/info_apart.c: how far the data of two state files are apart --- */

enum { A, B, SIDES, PATH_MOST = 64 };

/* The same dataset of both, and what its numbers were found to be. */
struct pair {
  char path[PATH_MOST];
  struct side side[SIDES];
  double most[SIDES]; /* |A|, |B| at most, of what is finite */
  double apart; /* |A - B| at most; infinite where one is not finite and the other is another */
};

struct pairs {
  int count;
  struct pair *pair; /* [count], owned */
};

/* All arrays of the state that either of two open files has. Local. */
struct pairs apart_list(struct h5 *f);
/* Read both files, each rank its rows, a slab at a time, and check their digests: faults on rank 0,
 * not agreed on. Collective. */
void apart_measure(MPI_Comm comm, char *const *path, struct pairs *pairs, struct faults *faults);
/* What was found, as a table, with a verdict; same_notes: of what else is in the states. Local. */
void apart_print(FILE *out, const struct pairs *pairs, bool same_notes);

#endif
