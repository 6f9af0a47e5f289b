/* SPDX-License-Identifier: BSD-3-Clause */
/* files.h - what the readers of data files share; private to src/datasets
 *
 * Files are not trusted: a reader checks what it meets before it believes it, buffers grow as data
 * arrives rather than as a header promises, and each mistake becomes one fault that names the file,
 * what was found and what was expected. Only rank 0 reads; files_broadcast carries the result. */
#ifndef TAUFLOW_FILES_H
#define TAUFLOW_FILES_H

#include "dataset.h"
#include <stddef.h>

/* A file, gzipped or not. */
struct source;

/* data.path, else $TAUFLOW_DATA/<set>; NULL with a fault if neither is given. Caller frees. Local.
 */
char *files_folder(const struct job *job, const char *set, struct faults *faults);
/* folder/name, or folder/name.gz if only that is there; NULL with a fault. Local. */
struct source *source_open(const char *folder, const char *name, struct faults *faults);
void source_close(struct source *s); /* accepts NULL */
const char *source_path(const struct source *s);
/* Read exactly n bytes, or false with a fault; promised, what the file as a whole should hold, is
 * for its message: "60000 images". Local. */
bool source_read(struct source *s, void *data, unsigned n, const char *promised,
                 struct faults *faults);
/* Read a line without its end into line [room]. False at the end of the file, and with a fault
 * when the line is longer or the file damaged. Local. */
bool source_line(struct source *s, char *line, int room, struct faults *faults);
/* True at the end of the file; otherwise false with a fault. Local. */
bool source_ends(struct source *s, struct faults *faults);

/* Make room in *array (owned, NULL at first) for `need` items of `size` bytes. Local. */
void files_grow(void **array, size_t *room, size_t need, size_t size);
/* How many samples of a split to use when there are `there`: all of them, or data.train or
 * data.test; a fault, and 0, when that is more. Local. */
long files_take(const struct dataset *ds, const struct job *job, enum split split, long there,
                struct faults *faults);
/* Data of rank 0 to all, of any size. Collective. */
void files_broadcast(void *data, size_t bytes, MPI_Comm comm);

#endif
