/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.c - ends the program, or collects what the user has to mend */
#include "fail.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool mpi_is_usable(void)
{
  int begun = 0, ended = 0;

  MPI_Initialized(&begun);
  if (begun) MPI_Finalized(&ended);
  return begun && !ended;
}

/* The exception to "no mutable globals": an abort may happen anywhere, and nobody hands it things.
 */
static char last_words[4001];

void fail_last_words(const char *path)
{
  snprintf(last_words, sizeof last_words, "%s", path && strlen(path) < 4001 ? path : "");
}

static void leave_note(const char *message)
{
  const int fd = last_words[0] ? open(last_words,
                                      O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0666)
                               : -1;

  if (fd >= 0) dprintf(fd, "%s\n", message);
  if (fd >= 0) close(fd);
}

/* Fixed buffers only: running out of memory ends here too. */
_Noreturn void fail_abort(const char *file, int line, const char *format, ...)
{
  char message[4096], who[32] = "";
  int rank = 0;
  bool usable = mpi_is_usable();
  va_list args;

  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  if (usable) {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    snprintf(who, sizeof who, "rank %d: ", rank);
  }
  fflush(stdout);
  fprintf(stderr, "tauflow: %s%s:%d: %s\n", who, file, line, message);
  leave_note(message);
  if (usable) MPI_Abort(MPI_COMM_WORLD, 1);
  exit(1);
}

_Noreturn void fail_mpi(const char *file, int line, const char *call, int code)
{
  char text[MPI_MAX_ERROR_STRING] = "unknown error";
  int length = 0;

  MPI_Error_string(code, text, &length);
  fail_abort(file, line, "%s: %s", call, text);
}

void *fail_alloc(size_t count, size_t size)
{
  const size_t line = 64;
  size_t bytes;
  void *memory;

  CHECK(size == 0 || count <= (SIZE_MAX - line) / size, "cannot allocate %zu x %zu bytes", count,
        size);
  bytes = (count * size + line - 1) / line * line;
  if (bytes == 0) bytes = line;
  memory = aligned_alloc(line, bytes);
  CHECK(memory, "out of memory: cannot allocate %zu x %zu bytes", count, size);
  return memset(memory, 0, bytes);
}

static char *text_from(const char *format, va_list args)
{
  char *text = NULL;

  CHECK(vasprintf(&text, format, args) >= 0, "out of memory: cannot format \"%s\"", format);
  return text;
}

char *fail_text(const char *format, ...)
{
  va_list args;

  va_start(args, format);
  char *text = text_from(format, args);
  va_end(args);
  return text;
}

void faults_add(struct faults *f, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  char *message = text_from(format, args);
  va_end(args);
  /* A value may hold newlines; a message is one line. */
  for (char *c = message; *c; c++)
    if (*c == '\n') *c = ' ';

  char *all = fail_text("%s%s\n", f->text ? f->text : "", message);
  free(message);
  free(f->text);
  f->text = all;
  f->count++;
}

bool faults_any(struct faults *f, MPI_Comm comm)
{
  int rank, size, mine, lowest, head[2] = {0, 0};

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  mine = f->count > 0 ? rank : size;
  CHECK_MPI(MPI_Allreduce(&mine, &lowest, 1, MPI_INT, MPI_MIN, comm));
  if (lowest == size) return false;
  if (lowest == 0) return true;

  if (rank == lowest) {
    size_t length = strlen(f->text) + 1;

    CHECK(length <= INT_MAX, "%d messages are %zu bytes", f->count, length);
    head[0] = f->count;
    head[1] = (int)length;
  }
  CHECK_MPI(MPI_Bcast(head, 2, MPI_INT, lowest, comm));
  char *text = rank == lowest ? f->text : fail_alloc((size_t)head[1], 1);
  CHECK_MPI(MPI_Bcast(text, head[1], MPI_CHAR, lowest, comm));
  if (rank == 0) {
    f->count = head[0];
    f->text = text;
  } else if (rank != lowest) {
    free(text);
  }
  return true;
}

void faults_clear(struct faults *f)
{
  free(f->text);
  *f = (struct faults){0};
}
