/* SPDX-License-Identifier: BSD-3-Clause */
/* log.c - lines to the terminal and to the run's log file */
#include "log.h"
#include "fail.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct log {
  bool loud, quiet, terminal;
  bool pending; /* a progress line stands on the terminal and lacks its newline */
  double last;  /* clock at the last progress line [s] */
  FILE *file;   /* owned; NULL: none */
  char *kept;   /* warnings from before there was a file, owned; NULL: none */
};

/* mpirun gives each rank a terminal of its own, wherever its own output goes: so ask where that
 * goes, as far as it runs on this machine. */
static bool is_terminal(void)
{
  if (!isatty(STDOUT_FILENO) || !getenv("OMPI_COMM_WORLD_SIZE")) return isatty(STDOUT_FILENO);
  char *path = fail_text("/proc/%d/fd/1", (int)getppid());
  const int fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK);
  const bool terminal = fd >= 0 && isatty(fd);

  if (fd >= 0) close(fd);
  free(path);
  return terminal;
}

struct log *log_create(bool loud, bool quiet)
{
  struct log *log = fail_alloc(1, sizeof *log);

  log->loud = loud;
  log->quiet = quiet;
  log->terminal = loud && !quiet && is_terminal();
  log->last = -INFINITY;
  return log;
}

/* The cursor stands behind the pending line: go to its start and erase it. */
static void erase_progress(struct log *log)
{
  if (log->pending) fputs("\r\033[K", stdout);
  log->pending = false;
}

void log_destroy(struct log *log)
{
  if (!log) return;
  if (log->pending) {
    fputc('\n', stdout);
    fflush(stdout);
  }
  if (log->file) fclose(log->file);
  free(log->kept);
  free(log);
}

void log_to_file(struct log *log, const char *path)
{
  if (!log->loud) return;
  if (log->file) fclose(log->file);
  const int fd =
      open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  struct stat status;

  CHECK(fd >= 0, "cannot open %s: %s", path,
        errno == ELOOP ? "is a symbolic link: it is not written through" : strerror(errno));
  CHECK(fstat(fd, &status) == 0 && S_ISREG(status.st_mode), "cannot open %s: is not a file", path);
  log->file = fdopen(fd, "a");
  CHECK(log->file, "cannot open %s: %s", path, strerror(errno));
  if (log->kept) fputs(log->kept, log->file);
  free(log->kept);
  log->kept = NULL;
}

static void print_line(struct log *log, const char *format, va_list args)
{
  va_list again;

  va_copy(again, args);
  erase_progress(log);
  if (!log->quiet) {
    vprintf(format, args);
    fputc('\n', stdout);
    fflush(stdout);
  }
  if (log->file) {
    vfprintf(log->file, format, again);
    fputc('\n', log->file);
    fflush(log->file);
  }
  va_end(again);
}

/* Line wrap is off meanwhile: a wrapped line could not be erased by going back to its start. */
static void redraw(struct log *log, const char *format, va_list args)
{
  fputs("\r\033[K\033[?7l", stdout);
  vprintf(format, args);
  fputs("\033[?7h", stdout);
  fflush(stdout);
  log->pending = true;
}

void log_line(struct log *log, const char *format, ...)
{
  va_list args;

  if (!log->loud) return;
  va_start(args, format);
  print_line(log, format, args);
  va_end(args);
}

void log_block(struct log *log, const char *title, const char *text)
{
  if (!log->file) return;
  fprintf(log->file, "%s:\n", title);
  for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
    fprintf(log->file, "  %.*s\n", (int)strcspn(line, "\n"), line);
  fflush(log->file);
}

void log_warnings(struct log *log, const struct faults *faults)
{
  if (!log->loud) return;
  erase_progress(log);
  fflush(stdout);
  for (const char *line = faults->text; line && *line; line = strchr(line, '\n') + 1) {
    const int length = (int)strcspn(line, "\n");

    fprintf(stderr, "tauflow: warning: %.*s\n", length, line);
    if (log->file) {
      fprintf(log->file, "warning: %.*s\n", length, line);
      fflush(log->file);
    } else {
      char *more = fail_text("%swarning: %.*s\n", log->kept ? log->kept : "", length, line);
      free(log->kept);
      log->kept = more;
    }
  }
}

void log_progress(struct log *log, double seconds, const char *format, ...)
{
  /* Nobody reads more than ten lines a second, and a slow terminal would hold up the run. */
  const double shortest = 0.1;
  double t = MPI_Wtime();
  va_list args;

  if (!log->loud || t - log->last < (log->terminal ? shortest : seconds)) return;
  log->last = t;
  va_start(args, format);
  if (log->terminal)
    redraw(log, format, args);
  else
    print_line(log, format, args);
  va_end(args);
}
