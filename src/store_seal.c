/* SPDX-License-Identifier: BSD-3-Clause */
/* store_seal.c - a digest over all of a state file that no dataset's own digest covers
 *
 * HDF5 trusts what it reads: a damaged file can crash it, and a changed attribute passes unnoticed.
 * So a state file begins with a seal, in what HDF5 calls the user block, which is checked before
 * HDF5 sees the file. It holds, in little-endian words of 64 bits: the magic word, the length of
 * the file, the number of extents, the digest, and for each extent its start and its length. An
 * extent is the data of a field, in the order of the file; the digest is XXH3 of all other bytes,
 * its own eight aside. However large the weights are, only some kilobytes a layer are read. */
#include "store_h5.h"
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

enum { WORD = 8, DIGEST_AT = 3 * WORD, HEAD = 4 * WORD, EXTENTS_MOST = 1 << 20 };
static const char magic[WORD + 1] = "tauSEAL1";

struct seal {
  unsigned long long length, count, digest;
  struct extent *extent; /* [count], owned */
};

long seal_bytes(int extents)
{
  long bytes = 512; /* the least HDF5 takes; it wants powers of 2 */

  while (bytes < HEAD + 2L * WORD * extents) bytes *= 2;
  return bytes;
}

static bool read_at(int fd, void *buffer, size_t bytes, unsigned long long at)
{
  for (size_t got = 0; got < bytes;) {
    const ssize_t n = pread(fd, (char *)buffer + got, bytes - got, (off_t)(at + got));

    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    got += (size_t)n;
  }
  return true;
}

static bool write_at(int fd, const void *buffer, size_t bytes, unsigned long long at)
{
  for (size_t done = 0; done < bytes;) {
    const ssize_t n = pwrite(fd, (const char *)buffer + done, bytes - done, (off_t)(at + done));

    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    done += (size_t)n;
  }
  return true;
}

static bool add_range(XXH3_state_t *sum, int fd, unsigned long long from, unsigned long long to)
{
  enum { BLOCK = 1 << 16 };
  char *block = fail_alloc(BLOCK, 1);
  bool good = true;

  while (good && from < to) {
    const size_t n = to - from < BLOCK ? (size_t)(to - from) : BLOCK;

    good = read_at(fd, block, n, from);
    if (good) XXH3_64bits_update(sum, block, n);
    from += n;
  }
  free(block);
  return good;
}

/* The digest of what is outside the extents; false if the file cannot be read so far. */
static bool digest_of(int fd, const struct seal *seal, unsigned long long *digest)
{
  XXH3_state_t *sum = XXH3_createState();
  unsigned long long from = HEAD;

  CHECK(sum && XXH3_64bits_reset(sum) == XXH_OK, "out of memory: cannot make a digest");
  bool good = add_range(sum, fd, 0, DIGEST_AT);
  for (unsigned long long k = 0; good && k < seal->count; k++) {
    good = add_range(sum, fd, from, seal->extent[k].start);
    from = seal->extent[k].start + seal->extent[k].bytes;
  }
  good = good && add_range(sum, fd, from, seal->length);
  *digest = XXH3_64bits_digest(sum);
  XXH3_freeState(sum);
  return good;
}

/* Extents follow one another, behind the seal and within the file. */
static bool is_in_order(const struct seal *seal)
{
  unsigned long long from = HEAD + 2 * WORD * seal->count;

  for (unsigned long long k = 0; k < seal->count; k++) {
    const struct extent *e = &seal->extent[k];

    if (e->start < from || e->start > seal->length || e->bytes > seal->length - e->start)
      return false;
    from = e->start + e->bytes;
  }
  return true;
}

static bool read_extents(int fd, struct seal *seal)
{
  const size_t count = (size_t)seal->count;
  unsigned long long *word = fail_alloc(2 * count + 1, WORD);
  const bool good = read_at(fd, word, 2 * WORD * count, HEAD);

  seal->extent = fail_alloc(count + 1, sizeof *seal->extent);
  for (size_t k = 0; good && k < count; k++)
    seal->extent[k] = (struct extent){le64toh(word[2 * k]), le64toh(word[2 * k + 1])};
  free(word);
  return good && is_in_order(seal);
}

/* What is wrong with the sealed file that is open; NULL: nothing. Caller frees. */
static char *wrong_with(int fd, const unsigned long long head[4])
{
  struct seal seal = {le64toh(head[1]), le64toh(head[2]), le64toh(head[3]), NULL};
  struct stat status;
  unsigned long long now = 0;
  char *wrong = NULL;

  if (fstat(fd, &status) != 0 || (unsigned long long)status.st_size != seal.length)
    return fail_text("is truncated or damaged: it has %lld bytes, its seal says %llu",
                     (long long)status.st_size, seal.length);
  if (seal.count > EXTENTS_MOST || !read_extents(fd, &seal))
    wrong = fail_text("is damaged: its seal cannot be right");
  else if (!digest_of(fd, &seal, &now))
    wrong = fail_text("cannot be read: %s", errno ? strerror(errno) : "it ends too early");
  else if (now != seal.digest)
    wrong = fail_text("is damaged: the digest of its seal is %016llx, its bytes give %016llx",
                      seal.digest, now);
  free(seal.extent);
  return wrong;
}

bool seal_check(const char *path, bool *sealed, struct faults *faults)
{
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a fifo must not make us wait */
  unsigned long long head[4];
  char *wrong = NULL;

  errno = 0;
  *sealed = fd >= 0 && read_at(fd, head, sizeof head, 0) && memcmp(head, magic, WORD) == 0;
  if (*sealed) wrong = wrong_with(fd, head);
  if (wrong) faults_add(faults, "%s: %s", path, wrong);
  if (fd >= 0) close(fd);
  const bool good = !wrong;
  free(wrong);
  return good;
}

static int by_start(const void *a, const void *b)
{
  const unsigned long long x = ((const struct extent *)a)->start;
  const unsigned long long y = ((const struct extent *)b)->start;

  return (x > y) - (x < y);
}

/* Everything but the digest, which counts these bytes in. */
static bool write_head(int fd, const struct seal *seal)
{
  const size_t words = 4 + 2 * (size_t)seal->count;
  unsigned long long *word = fail_alloc(words, WORD);

  memcpy(word, magic, WORD);
  word[1] = htole64(seal->length);
  word[2] = htole64(seal->count);
  for (size_t k = 0; k < seal->count; k++) {
    word[4 + 2 * k] = htole64(seal->extent[k].start);
    word[5 + 2 * k] = htole64(seal->extent[k].bytes);
  }
  const bool good = write_at(fd, word, words * WORD, 0);
  free(word);
  return good;
}

bool seal_write(const char *name, int extents, struct extent *extent)
{
  const int fd = open(name, O_RDWR | O_CLOEXEC);
  struct seal seal = {.count = (unsigned long long)extents, .extent = extent};
  struct stat status;

  if (fd < 0) return false;
  qsort(extent, (size_t)extents, sizeof *extent, by_start);
  bool good = fstat(fd, &status) == 0;
  if (good) seal.length = (unsigned long long)status.st_size;
  good = good && is_in_order(&seal) && write_head(fd, &seal) && digest_of(fd, &seal, &seal.digest);
  seal.digest = htole64(seal.digest);
  good = good && write_at(fd, &seal.digest, WORD, DIGEST_AT);
  return close(fd) == 0 && good;
}
