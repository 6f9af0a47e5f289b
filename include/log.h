/* SPDX-License-Identifier: BSD-3-Clause */
/* log.h - what a run says: to the terminal, and to log.txt of its folder
 *
 * Only the rank that called log_create with loud = true speaks. A progress line is redrawn in
 * place on a terminal and printed now and then elsewhere, because redrawn lines are unreadable in
 * a batch job's output file. */
#ifndef TAUFLOW_LOG_H
#define TAUFLOW_LOG_H

#include "fail.h"

struct log;

/* A log that prints to stdout, or (quiet) to its file only; loud is true on rank 0 only. Local. */
struct log *log_create(bool loud, bool quiet);
void log_destroy(struct log *log);
/* Copy every further line to this file too, appending. A file that cannot be opened is a CHECK
 * failure: the run folder was just made. Local. */
void log_to_file(struct log *log, const char *path);
/* One line; the newline is added. Local. */
void log_line(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* To the file alone: a title, and under it the lines of a text. Local. */
void log_block(struct log *log, const char *title, const char *text);
/* Each message as a warning: to stderr, even of a quiet log, and to the file, or, as long as there
 * is none, to the one that log_to_file opens. Local. */
void log_warnings(struct log *log, const struct faults *faults);
/* A line that replaces the last progress line on a terminal; elsewhere it is printed when at least
 * `seconds` have passed since the last one. Not copied to the file unless printed as a line. */
void log_progress(struct log *log, double seconds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
