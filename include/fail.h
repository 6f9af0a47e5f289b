/* SPDX-License-Identifier: BSD-3-Clause */
/* fail.h - four kinds of trouble, four answers
 *
 * EXPECT: we broke our own promise (debug builds only). CHECK: the machine or a library failed;
 * prints rank, place and values, then aborts all ranks. struct faults: the user asked the
 * impossible; messages are collected, so that all are shown at once, and the program exits with
 * status 2. The mathematics refusing a step is a returned value of the solver, never an abort. */
#ifndef TAUFLOW_FAIL_H
#define TAUFLOW_FAIL_H

#include <mpi.h>
#include <stdbool.h>
#include <stddef.h>

_Noreturn void fail_abort(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
_Noreturn void fail_mpi(const char *file, int line, const char *call, int code);

/* From now on leave the message of an abort in this file too; NULL: no longer. A path beyond 4000
 * bytes is none. Local. */
void fail_last_words(const char *path);

#define CHECK(cond, ...)                                                                           \
  do {                                                                                             \
    if (!(cond)) fail_abort(__FILE__, __LINE__, __VA_ARGS__);                                      \
  } while (0)
#define CHECK_MPI(call)                                                                            \
  do {                                                                                             \
    int code_ = (call);                                                                            \
    if (code_ != MPI_SUCCESS) fail_mpi(__FILE__, __LINE__, #call, code_);                          \
  } while (0)
#ifdef NDEBUG
#define EXPECT(cond) ((void)sizeof(cond))
#else
#define EXPECT(cond) CHECK(cond, "broken promise: %s", #cond)
#endif

/* Zeroed memory, aligned to 64 bytes, or an abort naming the size. Freed with free(). Local. */
void *fail_alloc(size_t count, size_t size);
/* printf into fresh memory; the caller frees. Local. */
char *fail_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The user's mistakes, one message a line. Start with {0}. */
struct faults {
  int count;
  char *text; /* owned; count lines, each ending in '\n'; NULL while count == 0 */
};

/* Add one message: it names the value, the limit and the place. No trailing newline. Local. */
void faults_add(struct faults *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* True if any rank of comm has faults; rank 0 then holds the messages of the lowest such rank
 * (its own, if it has any). Collective. */
bool faults_any(struct faults *f, MPI_Comm comm);
/* Release the text and count to 0. Local. */
void faults_clear(struct faults *f);

#endif
