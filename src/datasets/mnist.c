/* SPDX-License-Identifier: BSD-3-Clause */
/* mnist.c - handwritten digits on 28 x 28 pixels, and pooled to 7 x 7
 *
 * Read from the four IDX files as published. Four pixels in five are white, so each image is kept
 * packed as runs: 60000 images take 12 MB on a rank instead of 47, and unpacking one takes a
 * microsecond. mnist7 is the average over tiles of 4 x 4 pixels (document 001, appendix B). */
#include "files.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 28, PIXELS = SIDE * SIDE, TILE = 4, SMALL = SIDE / TILE, CLASSES = 10 };
enum { RUN = 255, PACKED_MOST = 3 * PIXELS };

/* The images of one split: packed[start[i]] .. packed[start[i + 1] - 1] is image i. */
struct images {
  unsigned char *packed;
  size_t *start;        /* [count + 1] */
  unsigned char *label; /* [count] */
};

struct mnist {
  struct images split[2];
};

/* Runs: how many white pixels, how many others, the others. Returns the bytes written to `out`
 * [PACKED_MOST]. A lone white pixel or two among others is cheaper left where it is. */
static size_t pack(const unsigned char *image, unsigned char *out)
{
  size_t n = 0;

  for (int k = 0; k < PIXELS;) {
    int white = k;
    while (k < PIXELS && k - white < RUN && image[k] == 0) k++;
    int ink = k;
    while (k < PIXELS && k - ink < RUN &&
           (image[k] || (k + 2 < PIXELS && (image[k + 1] || image[k + 2]))))
      k++;
    out[n] = (unsigned char)(ink - white);
    out[n + 1] = (unsigned char)(k - ink);
    memcpy(out + n + 2, image + ink, (size_t)(k - ink));
    n += 2 + (size_t)(k - ink);
  }
  return n;
}

static void unpack(const struct images *set, long index, unsigned char *image)
{
  const unsigned char *from = set->packed + set->start[index];
  const unsigned char *end = set->packed + set->start[index + 1];

  memset(image, 0, PIXELS);
  while (from < end) {
    image += from[0];
    memcpy(image, from + 2, from[1]);
    image += from[1];
    from += 2 + from[1];
  }
}

/* Read and check an IDX header: a magic number for unsigned bytes in `dims` dimensions, then the
 * dimensions; all but the first must be SIDE. Returns the first, or 0 with a fault. */
static long read_header(struct source *s, int dims, struct faults *faults)
{
  unsigned char bytes[16];
  uint32_t word[4];

  if (!source_read(s, bytes, 4 + 4 * (unsigned)dims, "an IDX header", faults)) return 0;
  for (int k = 0; k <= dims; k++)
    word[k] = (uint32_t)bytes[4 * k] << 24 | (uint32_t)bytes[4 * k + 1] << 16 |
              (uint32_t)bytes[4 * k + 2] << 8 | bytes[4 * k + 3];
  if (word[0] != 0x800 + (uint32_t)dims) {
    faults_add(faults,
               "%s: starts with 0x%08x: an IDX file of bytes in %d dimension%s starts "
               "with 0x%08x",
               source_path(s), word[0], dims, dims > 1 ? "s" : "", 0x800 + (unsigned)dims);
    return 0;
  }
  if (dims == 3 && (word[2] != SIDE || word[3] != SIDE)) {
    faults_add(faults, "%s: has images of %u x %u pixels: must be %d x %d", source_path(s), word[2],
               word[3], SIDE, SIDE);
    return 0;
  }
  if (word[1] == 0) faults_add(faults, "%s: holds nothing", source_path(s));
  return (long)word[1];
}

/* Read `there` images, keep the first `take` of them. */
static void read_images(struct source *s, struct images *set, long there, long take,
                        struct faults *faults)
{
  char *promised = fail_text("the %ld images its header promises", there);
  unsigned char image[PIXELS];
  size_t room = 0, start_room = 0, used = 0;

  files_grow((void **)&set->start, &start_room, 1, sizeof *set->start);
  set->start[0] = 0;
  for (long i = 0; i < there; i++) {
    if (!source_read(s, image, PIXELS, promised, faults)) break;
    if (i >= take) continue;
    files_grow((void **)&set->packed, &room, used + PACKED_MOST, 1);
    files_grow((void **)&set->start, &start_room, (size_t)i + 2, sizeof *set->start);
    used += pack(image, set->packed + used);
    set->start[i + 1] = used;
  }
  free(promised);
}

static void read_labels(struct source *s, struct images *set, long there, long take,
                        struct faults *faults)
{
  char *promised = fail_text("the %ld labels its header promises", there);
  size_t room = 0;

  for (long i = 0; i < there; i++) {
    unsigned char label;

    if (!source_read(s, &label, 1, promised, faults)) break;
    if (label >= CLASSES) {
      faults_add(faults, "%s: label %ld is %d: must be 0 to %d", source_path(s), i, label,
                 CLASSES - 1);
      break;
    }
    if (i >= take) continue;
    files_grow((void **)&set->label, &room, (size_t)i + 1, 1);
    set->label[i] = label;
  }
  free(promised);
}

/* The two files of a split. On any fault the rest is not looked at: it would follow from it. */
static void read_split(struct dataset *ds, const struct job *job, enum split split,
                       const char *folder, struct faults *faults)
{
  struct images *set = &((struct mnist *)ds->own)->split[split];
  bool train = split == TRAIN;
  int before = faults->count;
  struct source *images =
      source_open(folder, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", faults);
  struct source *labels =
      images ? source_open(folder, train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte",
                           faults)
             : NULL;

  if (images && labels) {
    long there = read_header(images, 3, faults), named = read_header(labels, 1, faults);

    if (faults->count == before && there != named)
      faults_add(faults, "%s: has %ld labels: must be as many as the %ld images of %s",
                 source_path(labels), named, there, source_path(images));
    if (faults->count == before) ds->count[split] = files_take(ds, job, split, there, faults);
    if (faults->count == before) read_images(images, set, there, ds->count[split], faults);
    if (faults->count == before) read_labels(labels, set, there, ds->count[split], faults);
    if (faults->count == before && source_ends(images, faults)) source_ends(labels, faults);
  }
  source_close(images);
  source_close(labels);
}

static void broadcast_split(struct images *set, long count, int rank, MPI_Comm comm)
{
  size_t n = (size_t)count;

  if (count == 0) return;
  if (rank > 0) {
    set->start = fail_alloc(n + 1, sizeof *set->start);
    set->label = fail_alloc(n, 1);
  }
  files_broadcast(set->start, (n + 1) * sizeof *set->start, comm);
  files_broadcast(set->label, n, comm);
  if (rank > 0) set->packed = fail_alloc(set->start[n], 1);
  files_broadcast(set->packed, set->start[n], comm);
}

static void read_all(struct dataset *ds, const struct job *job, MPI_Comm comm,
                     struct faults *faults)
{
  struct mnist *m = ds->own = fail_alloc(1, sizeof *m);
  int rank;

  ds->classes = CLASSES;
  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    char *folder = files_folder(job, "mnist", faults);

    for (int split = TRAIN; folder && split <= TEST && !faults->count; split++)
      read_split(ds, job, (enum split)split, folder, faults);
    if (faults->count > 0) ds->count[TRAIN] = ds->count[TEST] = 0;
    free(folder);
  }
  files_broadcast(ds->count, sizeof ds->count, comm);
  for (int split = TRAIN; split <= TEST; split++)
    broadcast_split(&m->split[split], ds->count[split], rank, comm);
}

static void mnist_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                       struct faults *faults)
{
  (void)n0;
  ds->inputs = PIXELS;
  read_all(ds, job, comm, faults);
}

static void mnist7_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                        struct faults *faults)
{
  (void)n0;
  ds->inputs = SMALL * SMALL;
  read_all(ds, job, comm, faults);
}

static void mnist_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  const struct mnist *m = ds->own;
  unsigned char image[PIXELS];

  unpack(&m->split[split], index, image);
  for (int k = 0; k < PIXELS; k++) x[k] = image[k] / 255.0;
}

static void mnist7_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  const struct mnist *m = ds->own;
  unsigned char image[PIXELS];
  int sum[SMALL * SMALL] = {0};

  unpack(&m->split[split], index, image);
  for (int i = 0; i < SIDE; i++)
    for (int j = 0; j < SIDE; j++) sum[i / TILE * SMALL + j / TILE] += image[i * SIDE + j];
  for (int k = 0; k < SMALL * SMALL; k++) x[k] = sum[k] / (255.0 * TILE * TILE);
}

static int mnist_label(const struct dataset *ds, enum split split, long index)
{
  const struct mnist *m = ds->own;

  return m->split[split].label[index];
}

static void mnist_close(struct dataset *ds)
{
  struct mnist *m = ds->own;

  for (int split = TRAIN; split <= TEST; split++) {
    free(m->split[split].packed);
    free(m->split[split].start);
    free(m->split[split].label);
  }
  free(m);
}

const struct dataset_kind dataset_mnist = {
    .name = "mnist",
    .about = "handwritten digits, 28 x 28 pixels, 60000 for training and 10000 for testing",
    .open = mnist_open,
    .sample = mnist_sample,
    .label = mnist_label,
    .close = mnist_close,
};

const struct dataset_kind dataset_mnist7 = {
    .name = "mnist7",
    .about = "mnist averaged over tiles of 4 x 4 pixels, to 7 x 7 (document 001)",
    .open = mnist7_open,
    .sample = mnist7_sample,
    .label = mnist_label,
    .close = mnist_close,
};
