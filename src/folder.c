/* SPDX-License-Identifier: BSD-3-Clause */
#include "folder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *folder_path(const char *folder, const char *name)
{
  return fail_text("%s/%s", folder, name);
}

char *folder_state(const char *folder, long presentation)
{
  return fail_text("%s/state-%ld.h5", folder, presentation);
}

/* The presentation of a file name "state-<digits>.h5", or -1. */
static long state_of(const char *name)
{
  char *end;

  if (strncmp(name, "state-", 6) != 0 || name[6] < '0' || name[6] > '9') return -1;
  const long p = strtol(name + 6, &end, 10);
  return strcmp(end, ".h5") == 0 ? p : -1;
}

static int newest_first(const void *a, const void *b)
{
  const long x = *(const long *)a, y = *(const long *)b;

  return (x < y) - (x > y);
}

int folder_states(const char *folder, long **list)
{
  DIR *dir = opendir(folder);
  const bool absent = !dir && (errno == ENOENT || errno == ENOTDIR);
  int count = 0, room = 16;
  const struct dirent *entry;

  *list = fail_alloc((size_t)room, sizeof **list);
  if (!dir) return absent ? 0 : -1;
  while (errno = 0, (entry = readdir(dir))) {
    const long p = state_of(entry->d_name);
    if (p < 0) continue;
    if (count == room) {
      long *more = fail_alloc(2 * (size_t)room, sizeof *more);
      memcpy(more, *list, (size_t)count * sizeof *more);
      free(*list);
      *list = more;
      room *= 2;
    }
    (*list)[count++] = p;
  }
  const bool whole = errno == 0;
  closedir(dir);
  if (!whole) return -1;
  qsort(*list, (size_t)count, sizeof **list, newest_first);
  return count;
}

bool folder_holds(const char *folder, const char *name)
{
  char *path = folder_path(folder, name);
  const bool there = access(path, F_OK) == 0;

  free(path);
  return there;
}

int folder_count_states(const char *folder)
{
  long *list;
  const int states = folder_states(folder, &list);

  free(list);
  return states;
}

bool folder_has_run(const char *folder)
{
  return folder_count_states(folder) != 0 || folder_holds(folder, "used.yml");
}

bool folder_has_results(const char *folder)
{
  static const char *const names[] = {"series.h5", "trace.h5", "summary.yml", "log.txt"};

  for (size_t k = 0; k < sizeof names / sizeof *names; k++)
    if (folder_holds(folder, names[k])) return true;
  return folder_has_run(folder);
}

bool folder_has_sweep(const char *folder)
{
  DIR *dir = opendir(folder);
  const struct dirent *entry;
  bool has = folder_holds(folder, "sweep.h5");

  while (!has && dir && (entry = readdir(dir)))
    has = strncmp(entry->d_name, "member-", 7) == 0 && entry->d_name[7] &&
          strspn(entry->d_name + 7, "0123456789") == strlen(entry->d_name + 7);
  if (dir) closedir(dir);
  return has;
}

bool folder_is_writable(const char *folder, struct faults *faults)
{
  char *path = fail_text("%s", folder);
  struct stat info;

  /* The nearest part that exists decides. */
  while (stat(path, &info) != 0) {
    char *slash = strrchr(path, '/');
    if (errno != ENOENT && errno != ENOTDIR) break;
    if (!slash || slash == path) {
      strcpy(path, slash ? "/" : ".");
      break;
    }
    *slash = '\0';
  }
  const bool folder_there = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
  const int list = strcmp(path, folder) == 0 ? R_OK : 0; /* to see which states there are */
  const bool ok = folder_there && access(path, W_OK | X_OK | list) == 0;
  if (!ok)
    faults_add(faults, "%s: the output folder cannot be written: %s: %s", folder, path,
               folder_there ? strerror(errno) : "is not a folder");
  free(path);
  return ok;
}

bool folder_make(const char *folder, struct faults *faults)
{
  char *path = fail_text("%s", folder);

  for (char *c = path + 1;; c++) {
    const char was = *c;
    if (was != '/' && was != '\0') continue;
    *c = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
      faults_add(faults, "%s: the output folder cannot be made: %s: %s", folder, path,
                 strerror(errno));
      free(path);
      return false;
    }
    if (was == '\0') break;
    *c = was;
  }
  free(path);
  return folder_is_writable(folder, faults);
}

/* The lock is the process's: it goes with it, however it ends, and leaves no file. */
int folder_lock(const char *folder, bool shared, struct faults *faults)
{
  const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int way = (shared ? LOCK_SH : LOCK_EX) | LOCK_NB;

  if (fd >= 0 && (flock(fd, way) == 0 || errno != EWOULDBLOCK)) return fd;
  faults_add(faults, "%s: %s", folder, fd < 0 ? strerror(errno) : "another run is writing there");
  folder_unlock(fd);
  return -1;
}

void folder_unlock(int lock)
{
  if (lock >= 0) close(lock);
}

static void forget(const char *folder, const char *name)
{
  char *path = folder_path(folder, name);

  unlink(path);
  free(path);
}

bool folder_take_stop(const char *folder, struct faults *faults)
{
  char *path = folder_path(folder, "stop");
  const bool taken = remove(path) == 0;

  if (!taken && errno != ENOENT)
    faults_add(faults, "%s: cannot be removed, and would stop what runs here next: %s", path,
               strerror(errno));
  free(path);
  return taken;
}

void folder_clear_parts(const char *folder)
{
  DIR *dir = opendir(folder);
  const struct dirent *entry;

  while (dir && (entry = readdir(dir))) {
    char *name = fail_text("%s", entry->d_name), *end = strrchr(name, '.');
    if (end && strcmp(end, ".part") == 0) {
      *end = '\0';
      if (state_of(name) >= 0) forget(folder, entry->d_name);
    }
    free(name);
  }
  if (dir) closedir(dir);
}

void folder_clear(const char *folder)
{
  static const char *const names[] = {"job.yml",   "used.yml", "log.txt", "summary.yml",
                                      "series.h5", "trace.h5", "stop",    "state-last.h5"};
  long *list;
  const int states = folder_states(folder, &list);

  for (size_t k = 0; k < sizeof names / sizeof *names; k++) forget(folder, names[k]);
  for (int k = 0; k < states; k++) {
    char *path = folder_state(folder, list[k]);
    unlink(path);
    free(path);
  }
  free(list);
}

bool folder_sync(const char *path)
{
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  const bool good = fd >= 0 && fsync(fd) == 0;

  if (fd >= 0) close(fd);
  return good;
}

void folder_link_last(const char *folder, long presentation)
{
  char *last = folder_path(folder, "state-last.h5"), *fresh = folder_path(folder, ".state-last");
  char *target = fail_text("state-%ld.h5", presentation);

  unlink(fresh);
  CHECK(symlink(target, fresh) == 0 && rename(fresh, last) == 0, "%s: %s", last, strerror(errno));
  folder_sync(folder); /* some file systems need or know no such call */
  free(last);
  free(fresh);
  free(target);
}

/* The presentation that state-last.h5 points to, or -1. */
static long last_of(const char *folder)
{
  char *last = folder_path(folder, "state-last.h5"), target[64] = "";
  const ssize_t length = readlink(last, target, sizeof target - 1);

  free(last);
  return length > 0 ? state_of(target) : -1;
}

long folder_newest(const char *folder)
{
  const long last = last_of(folder);
  long *list;
  const int states = folder_states(folder, &list);
  long newest = states > 0 ? list[0] : -1;

  for (int k = 0; k < states; k++)
    if (list[k] == last) newest = last;
  free(list);
  return newest;
}

char *folder_set_aside(const char *path, struct faults *faults)
{
  struct stat info;
  char *aside = fail_text("%s.damaged", path);

  for (int k = 2; lstat(aside, &info) == 0; k++) {
    free(aside);
    aside = fail_text("%s.damaged-%d", path, k);
  }
  if (rename(path, aside) == 0) return aside;
  faults_add(faults, "%s: is damaged and cannot be renamed to %s: %s", path, aside,
             strerror(errno));
  free(aside);
  return NULL;
}

void folder_keep(const char *folder, long keep)
{
  const long last = last_of(folder);
  long *list, kept = 0;
  const int states = folder_states(folder, &list);

  for (int k = 0; keep > 0 && k < states; k++) {
    if (list[k] > last || kept++ < keep) continue;
    char *path = folder_state(folder, list[k]);
    unlink(path);
    free(path);
  }
  free(list);
}

bool folder_reads_whole(const char *path, bool changes, struct faults *why)
{
  enum { BLOCK = 1 << 20 };
  const int way = changes ? O_RDWR : O_RDONLY;
  const int fd = open(path, way | O_CLOEXEC | O_NONBLOCK); /* a fifo must not make us wait */
  char *block = fail_alloc(BLOCK, 1);
  ssize_t n = fd < 0 ? -1 : 1;

  while (n > 0 || (n < 0 && fd >= 0 && errno == EINTR)) n = read(fd, block, BLOCK);
  if (n < 0) faults_add(why, "%s: cannot be read: %s", path, strerror(errno));
  if (fd >= 0) close(fd);
  free(block);
  return n == 0;
}

char *folder_read_text(const char *path, struct faults *faults)
{
  const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a fifo must not make us wait */
  FILE *in = fd >= 0 ? fdopen(fd, "rb") : NULL;
  struct stat info;

  if (!in || fstat(fileno(in), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > 1 << 24) {
    faults_add(faults, "%s: %s", path,
               !in                      ? strerror(errno)
               : !S_ISREG(info.st_mode) ? "is not a file"
                                        : "is too large for a job file (limit 16 MiB)");
    if (in) fclose(in);
    return NULL;
  }
  char *text = fail_alloc((size_t)info.st_size + 1, 1);
  const size_t got = fread(text, 1, (size_t)info.st_size, in);
  fclose(in);
  if (memchr(text, '\0', got)) {
    faults_add(faults, "%s: holds a zero byte: not a text file", path);
    free(text);
    return NULL;
  }
  return text;
}

bool folder_publish_text(const char *path, const char *fresh, const char *text,
                         struct faults *faults)
{
  unlink(fresh); /* whatever it is: a symbolic link is not written through */
  const int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  FILE *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
  bool ok = out && fputs(text, out) >= 0;

  ok = ok && fflush(out) == 0 && fsync(fileno(out)) == 0;
  if (out) ok = fclose(out) == 0 && ok;
  ok = ok && rename(fresh, path) == 0;
  if (!ok) {
    faults_add(faults, "%s: cannot be written: %s", path, strerror(errno));
    unlink(fresh);
  }
  return ok;
}

bool folder_write_text(const char *path, const char *text, struct faults *faults)
{
  char *fresh = fail_text("%s.new", path);
  const bool ok = folder_publish_text(path, fresh, text, faults);

  free(fresh);
  return ok;
}
