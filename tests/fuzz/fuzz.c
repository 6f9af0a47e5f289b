/* SPDX-License-Identifier: BSD-3-Clause */
#include "fuzz.h"
#include "../../src/store_h5.h"
#include "dataset.h"
#include "guard.h"
#include <dirent.h>
#include <endian.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/dev/shm/tauflow-fuzz.XXXXXX";

/* MPI's own would end the process as if the harness had asked for it, and the input was lost. */
int MPI_Abort(MPI_Comm comm, int code)
{
  (void)comm;
  (void)code;
  abort();
}

/* Crashes are the fuzzer's, too. */
void guard_begin(const char *path)
{
  (void)path;
}

void guard_end(void)
{
}

static void end(void)
{
  DIR *dir = opendir(folder);

  for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir))
    unlinkat(dirfd(dir), e->d_name, 0);
  if (dir) closedir(dir);
  rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  setenv("OMPI_MCA_opal_signal", "", 1); /* signals are the fuzzer's, or the input is lost */
  CHECK_MPI(MPI_Init(argc, argv));
  if (!mkdtemp(folder)) {
    strcpy(folder, "tauflow-fuzz.XXXXXX");
    CHECK(mkdtemp(folder), "%s: cannot be made", folder);
  }
  atexit(end);
  return 0;
}

struct bytes bytes_take(struct bytes *from, size_t n)
{
  const struct bytes part = {from->at, n < from->left ? n : from->left};

  from->at += part.left;
  from->left -= part.left;
  return part;
}

unsigned long bytes_number(struct bytes *from, int n)
{
  const struct bytes part = bytes_take(from, (size_t)n);
  unsigned long number = 0;

  for (size_t k = 0; k < part.left; k++) number |= (unsigned long)part.at[k] << 8 * k;
  return number;
}

struct bytes bytes_part(struct bytes *from)
{
  const size_t length = bytes_number(from, 2);

  return bytes_take(from, length);
}

char *bytes_text(struct bytes *from)
{
  if (from->left == 0) return NULL;
  const struct bytes part = bytes_take(from, strnlen((const char *)from->at, from->left));
  char *text = fail_alloc(part.left + 1, 1);

  memcpy(text, part.at, part.left);
  bytes_take(from, 1);
  return text;
}

const char *fuzz_folder(void)
{
  return folder;
}

char *fuzz_path(const char *name)
{
  return fail_text("%s/%s", folder, name);
}

void fuzz_put(const char *path, const void *bytes, size_t count)
{
  const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

  CHECK(fd >= 0 && write(fd, bytes, count) == (ssize_t)count, "%s: cannot be written", path);
  close(fd);
}

/* As src/store_seal.c has it: magic, length, number of extents, digest, extents. */
bool fuzz_mend_seal(const char *path)
{
  enum { EXTENTS_MOST = 64 };
  unsigned long long word[4 + 2 * EXTENTS_MOST] = {0};
  struct extent extent[EXTENTS_MOST];
  const int fd = open(path, O_RDONLY);
  const bool sealed = fd >= 0 && read(fd, word, sizeof word) >= 32 &&
                      memcmp(word, "tauSEAL1", 8) == 0 && le64toh(word[2]) <= EXTENTS_MOST;

  if (fd >= 0) close(fd);
  for (int k = 0; k < EXTENTS_MOST; k++)
    extent[k] = (struct extent){le64toh(word[4 + 2 * k]), le64toh(word[5 + 2 * k])};
  return sealed && seal_write(path, (int)le64toh(word[2]), extent);
}

void fuzz_judge(struct faults *faults)
{
  int lines = 0;

  for (const char *c = faults->text; c && *c; c++) lines += *c == '\n';
  PROMISE(lines == faults->count);
  faults_clear(faults);
}

/* Numbers are finite and labels within the classes, for every sample the set says it has. */
static void look_at(const struct dataset *ds)
{
  double *x = fail_alloc((size_t)ds->inputs, sizeof *x);

  for (int split = TRAIN; split <= TEST; split++) {
    PROMISE(ds->count[split] > 0);
    for (long k = 0; k < ds->count[split]; k++) {
      dataset_sample(ds, (enum split)split, k, x);
      for (long i = 0; i < ds->inputs; i++) PROMISE(isfinite(x[i]));
      const int label = dataset_label(ds, (enum split)split, k);
      PROMISE(label >= 0 && label < ds->classes);
    }
  }
  free(x);
}

void fuzz_dataset(const char *text, const char *const *names, int files, const uint8_t *data,
                  size_t size)
{
  struct bytes rest = {data, size};
  struct faults faults = {0};

  for (int k = 0; k < files; k++) {
    const struct bytes part = files > 1 ? bytes_part(&rest) : rest;
    char *path = fuzz_path(names[k]);

    fuzz_put(path, part.at, part.left);
    free(path);
  }
  char *set = fail_text("data.path=%s%s%s", folder, files > 1 ? "" : "/", files > 1 ? "" : *names);
  const char *sets[] = {set};
  struct job *job = job_parse(text, "fuzz", "/", 1, sets, &faults);
  PROMISE(!faults.count);
  struct dataset *ds = dataset_create(job, MPI_COMM_SELF, &faults);
  PROMISE((ds != NULL) == (faults.count == 0));
  if (ds) look_at(ds);
  dataset_destroy(ds);
  job_destroy(job);
  free(set);
  fuzz_judge(&faults);
}
