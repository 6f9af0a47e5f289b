/* SPDX-License-Identifier: BSD-3-Clause */
/* digits.c - handwritten digits on 8 x 8 pixels (UCI, Optical Recognition of Handwritten Digits)
 *
 * Rows of 64 pixels 0..16 and a label, as published: optdigits.tra for training, and the UCI test
 * part as scikit-learn ships it, digits.csv.gz. No writer is in both. */
#include "files.h"
#include <stdlib.h>

enum { PIXELS = 64, COLUMNS = PIXELS + 1, DARKEST = 16, CLASSES = 10 };

struct digits {
  unsigned char *rows[2]; /* [count][COLUMNS] by split; the label comes last */
};

/* One row of the file into row [COLUMNS], or a fault. */
static bool read_row(const char *line, unsigned char *row, const char *path, long number,
                     struct faults *faults)
{
  for (int k = 0; k < COLUMNS; k++) {
    char *end;
    long most = k < PIXELS ? DARKEST : CLASSES - 1, value = strtol(line, &end, 10);

    if (end == line || *end != (k < PIXELS ? ',' : '\0')) {
      faults_add(faults, "%s:%ld: must be %d whole numbers with commas between; wrong at number %d",
                 path, number, COLUMNS, k + 1);
      return false;
    }
    if (value < 0 || value > most) {
      faults_add(faults, "%s:%ld: %s %d is %ld: must be 0 to %ld", path, number,
                 k < PIXELS ? "pixel" : "label, column", k + 1, value, most);
      return false;
    }
    row[k] = (unsigned char)value;
    line = end + 1;
  }
  return true;
}

static void read_split(struct dataset *ds, const struct job *job, enum split split,
                       const char *folder, struct faults *faults)
{
  struct digits *d = ds->own;
  struct source *s = source_open(folder, split == TRAIN ? "optdigits.tra" : "digits.csv", faults);
  int before = faults->count;
  size_t room = 0;
  long rows = 0;
  char line[512];

  if (!s) return;
  while (source_line(s, line, sizeof line, faults)) {
    files_grow((void **)&d->rows[split], &room, (size_t)rows + 1, COLUMNS);
    if (!read_row(line, d->rows[split] + rows * COLUMNS, source_path(s), rows + 1, faults)) break;
    rows++;
  }
  if (faults->count == before && rows == 0)
    faults_add(faults, "%s: is empty: must hold rows of %d numbers", source_path(s), COLUMNS);
  if (faults->count == before) ds->count[split] = files_take(ds, job, split, rows, faults);
  source_close(s);
}

static void digits_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                        struct faults *faults)
{
  (void)n0;
  struct digits *d = ds->own = fail_alloc(1, sizeof *d);
  int rank;

  ds->inputs = PIXELS;
  ds->classes = CLASSES;
  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    char *folder = files_folder(job, "digits", faults);

    for (int split = TRAIN; folder && split <= TEST && !faults->count; split++)
      read_split(ds, job, (enum split)split, folder, faults);
    if (faults->count > 0) ds->count[TRAIN] = ds->count[TEST] = 0;
    free(folder);
  }
  files_broadcast(ds->count, sizeof ds->count, comm);
  for (int split = TRAIN; split <= TEST; split++) {
    size_t bytes = (size_t)ds->count[split] * COLUMNS;

    if (rank > 0) d->rows[split] = fail_alloc(bytes, 1);
    files_broadcast(d->rows[split], bytes, comm);
  }
}

static void digits_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  const struct digits *d = ds->own;
  const unsigned char *row = d->rows[split] + index * COLUMNS;

  for (int k = 0; k < PIXELS; k++) x[k] = row[k] / (double)DARKEST;
}

static int digits_label(const struct dataset *ds, enum split split, long index)
{
  const struct digits *d = ds->own;

  return d->rows[split][index * COLUMNS + PIXELS];
}

static void digits_close(struct dataset *ds)
{
  struct digits *d = ds->own;

  free(d->rows[TRAIN]);
  free(d->rows[TEST]);
  free(d);
}

const struct dataset_kind dataset_digits = {
    .name = "digits",
    .about = "handwritten digits, 8 x 8 pixels, 3823 for training and 1797 for testing (UCI)",
    .open = digits_open,
    .sample = digits_sample,
    .label = digits_label,
    .close = digits_close,
};
