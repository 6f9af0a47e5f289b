/* SPDX-License-Identifier: BSD-3-Clause */
#include "files.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

struct source {
  gzFile gz; /* zlib hands plain files through unchanged */
  char *path;
  long long at; /* bytes (after decompression) or lines read so far */
};

char *files_folder(const struct job *job, const char *set, struct faults *faults)
{
  const char *path = job_text(job, "data.path"), *root = getenv("TAUFLOW_DATA");

  if (*path) return fail_text("%s", path);
  if (root && *root) return fail_text("%s/%s", root, set);
  faults_add(faults,
             "data.set = %s: where are its files? Set data.path to their folder, or the "
             "environment variable TAUFLOW_DATA to the folder that holds %s/ (%s)",
             job_text(job, "data.set"), set, job_place(job, "data.set"));
  return NULL;
}

struct source *source_open(const char *folder, const char *name, struct faults *faults)
{
  char *path = fail_text("%s/%s", folder, name);

  if (access(path, F_OK) != 0) {
    free(path);
    path = fail_text("%s/%s.gz", folder, name);
  }
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a fifo must not make us wait */
  struct stat status;

  if (fd >= 0 && fstat(fd, &status) == 0 && !S_ISREG(status.st_mode)) {
    faults_add(faults, "%s: is not a file", path);
    close(fd);
    free(path);
    return NULL;
  }
  gzFile gz = fd >= 0 ? gzdopen(fd, "rb") : NULL;
  if (!gz) {
    faults_add(faults,
               "%s/%s: %s, with or without .gz; set data.path to the folder of the file, or the "
               "environment variable TAUFLOW_DATA to the folder above it",
               folder, name, strerror(errno));
    free(path);
    return NULL;
  }
  struct source *s = fail_alloc(1, sizeof *s);

  s->gz = gz;
  s->path = path;
  return s;
}

void source_close(struct source *s)
{
  if (!s) return;
  gzclose(s->gz);
  free(s->path);
  free(s);
}

const char *source_path(const struct source *s)
{
  return s->path;
}

/* A fault if zlib or the system had one: a broken gzip stream, a wrong checksum, a folder. */
static bool damaged(struct source *s, const char *unit, struct faults *faults)
{
  int code;
  const char *message = gzerror(s->gz, &code);

  if (code == Z_OK || code == Z_STREAM_END) return false;
  faults_add(faults, "%s: cannot be read beyond %s %lld: %s", s->path, unit, s->at,
             code == Z_ERRNO ? strerror(errno) : message);
  return true;
}

bool source_read(struct source *s, void *data, unsigned n, const char *promised,
                 struct faults *faults)
{
  int got = gzread(s->gz, data, n);

  if (got > 0) s->at += got;
  if (got == (int)n) return true;
  if (!damaged(s, "byte", faults))
    faults_add(faults, "%s: ends after %lld bytes; too short for %s", s->path, s->at, promised);
  return false;
}

bool source_line(struct source *s, char *line, int room, struct faults *faults)
{
  if (!gzgets(s->gz, line, room)) {
    damaged(s, "line", faults);
    return false;
  }
  s->at++;
  size_t length = strcspn(line, "\r\n");

  if (line[length] == '\0' && !gzeof(s->gz)) {
    faults_add(faults, "%s:%lld: the line is longer than %d characters, or holds a zero byte",
               s->path, s->at, room - 2);
    return false;
  }
  line[length] = '\0';
  return true;
}

bool source_ends(struct source *s, struct faults *faults)
{
  char more;

  if (gzread(s->gz, &more, 1) == 1) {
    faults_add(faults, "%s: goes on after byte %lld, where its header says it ends", s->path,
               s->at);
    return false;
  }
  return !damaged(s, "byte", faults);
}

void files_grow(void **array, size_t *room, size_t need, size_t size)
{
  if (need <= *room) return;
  *room = need > *room + *room / 2 ? need : *room + *room / 2;
  if (*room < 1024) *room = 1024;
  void *grown = *room < SIZE_MAX / size ? realloc(*array, *room * size) : NULL;

  CHECK(grown, "no memory for %zu items of %zu bytes of a data file", *room, size);
  *array = grown;
}

long files_take(const struct dataset *ds, const struct job *job, enum split split, long there,
                struct faults *faults)
{
  const char *key = split == TRAIN ? "data.train" : "data.test";
  long wanted = job_integer(job, key);

  if (wanted <= there) return wanted > 0 ? wanted : there;
  faults_add(faults, "%s = %ld: the %s split of the %s data set has %ld samples (%s)", key, wanted,
             split == TRAIN ? "training" : "test", ds->kind->name, there, job_place(job, key));
  return 0;
}

void files_broadcast(void *data, size_t bytes, MPI_Comm comm)
{
  const size_t most = (size_t)1 << 30; /* MPI counts are ints */

  for (size_t at = 0; at < bytes; at += most) {
    size_t n = bytes - at < most ? bytes - at : most;
    CHECK_MPI(MPI_Bcast((char *)data + at, (int)n, MPI_BYTE, 0, comm));
  }
}
