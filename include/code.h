/* SPDX-License-Identifier: BSD-3-Clause */
/* code.h - which code this is and what it runs: revision, compiler, flags, libraries, machines,
 * ranks, seed, dates
 *
 * Printed by --version and at the head of a log, and written into every file's /code group and into
 * summary.yml. None of it is part of a result: comparisons and fingerprints leave it out. */
#ifndef TAUFLOW_CODE_H
#define TAUFLOW_CODE_H

#include "job.h"
#include "log.h"
#include <mpi.h>

#define TAUFLOW_VERSION "0.1.0"

struct code_fact {
  const char *name;  /* "revision", "compiler", ..., as docs/files.md lists them */
  const char *value; /* borrowed, valid until the next call of code_facts */
};

/* What is particular to a run of the program. */
struct code_run {
  char *hosts;      /* owned: "node[001-016] x 48", with the ranks on each machine */
  char ranks[16];   /* as text */
  char seed[32];    /* as text; "swept" */
  char started[32]; /* UTC, as 2026-01-31T12:00:00Z */
};

/* That of the ranks of comm and of the job's seed, started now. Collective. */
struct code_run code_run_of(MPI_Comm comm, const struct job *job);
void code_run_free(struct code_run *run);
/* From now on the facts name this run; NULL: none. Returns the one before. run is borrowed until
 * then. Local. */
const struct code_run *code_enter(const struct code_run *run);

/* All facts; count receives their number. `written`, the last one, is the time of the call, and
 * without a run those of runs are left out. Local. */
const struct code_fact *code_facts(int *count);
/* Is this the name of a fact about the program, rather than about a run? Local. */
bool code_is_of_program(const char *name);
/* At the head of a log: all facts but the last, and, in its file, the keys of the job. Local. */
void code_log(struct log *log, const struct job *job);
/* `count` names of machines as one text: each different one with how many times it comes, "a x 2",
 * those that are numbered in a row as one, "n[08-11] x 2"; cut off behind some kilobytes. The names
 * are sorted. Caller frees. Local. */
char *code_hosts(long count, char **name);

#endif
