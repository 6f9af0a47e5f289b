/* SPDX-License-Identifier: BSD-3-Clause */
#include "code.h"
#include "code_facts.h"
#include "fail.h"
#include <cblas.h>
#include <ctype.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_version.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>
#include <yaml.h>
#include <zlib.h>

enum { HOST = 256, HOSTS_MOST = 8192 /* characters: an attribute holds 64 KiB */ };

static const struct code_run *current;

/* --- machines --- */

static int by_name(const void *a, const void *b)
{
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Where the number at the end of a name begins. */
static size_t stem(const char *name)
{
  size_t n = strlen(name);

  while (n > 0 && isdigit((unsigned char)name[n - 1])) n--;
  return n;
}

/* Is `next` the name after `name`, as n10 after n09? */
static bool follows(const char *name, const char *next)
{
  const size_t n = stem(name);

  return name[n] && strlen(name) == strlen(next) && stem(next) == n &&
         strncmp(name, next, n) == 0 &&
         strtoull(next + n, NULL, 10) == strtoull(name + n, NULL, 10) + 1;
}

/* How many of a sorted list are equal to the first. */
static long equals(long count, char **name)
{
  long n = 1;

  while (n < count && strcmp(name[n], name[0]) == 0) n++;
  return n;
}

char *code_hosts(long count, char **name)
{
  char *text = fail_text("%s", "");
  bool whole = true;

  qsort(name, (size_t)count, sizeof *name, by_name);
  for (long i = 0; i < count && whole;) {
    const char *from = name[i], *to = from;
    const long each = equals(count - i, name + i);

    for (i += each; i < count && follows(to, name[i]) && equals(count - i, name + i) == each;) {
      to = name[i];
      i += each;
    }
    whole = strlen(text) < HOSTS_MOST;
    const char *comma = *text ? ", " : "";
    char *longer = !whole       ? fail_text("%s, ...", text)
                   : from == to ? fail_text("%s%s%s x %ld", text, comma, from, each)
                                : fail_text("%s%s%.*s[%s-%s] x %ld", text, comma, (int)stem(from),
                                            from, from + stem(from), to + stem(to), each);
    free(text);
    text = longer;
  }
  return text;
}

/* On rank 0; "" on the others. */
static char *gather_hosts(MPI_Comm comm)
{
  char mine[HOST] = "", *all = NULL, *text;
  int rank, size;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  if (gethostname(mine, sizeof mine - 1) != 0) strcpy(mine, "unknown");
  if (rank == 0) all = fail_alloc((size_t)size, HOST);
  CHECK_MPI(MPI_Gather(mine, HOST, MPI_CHAR, all, HOST, MPI_CHAR, 0, comm));
  if (rank != 0) return fail_text("%s", "");
  char **name = fail_alloc((size_t)size, sizeof *name);
  for (int r = 0; r < size; r++) name[r] = all + (size_t)r * HOST;
  text = code_hosts(size, name);
  free(name);
  free(all);
  return text;
}

/* --- a run --- */

static void write_date(char *to, size_t room)
{
  const time_t now = time(NULL);
  struct tm utc;

  strftime(to, room, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

/* "7", or "swept" of a sweep in which each member has its own. Caller frees. */
static char *seed_word(const struct job *job)
{
  for (int k = 0; k < job_swept(job); k++)
    if (strcmp(job_swept_key(job, k)->name, "seed") == 0) return fail_text("swept");
  return job_word(job, "seed");
}

struct code_run code_run_of(MPI_Comm comm, const struct job *job)
{
  char *seed = seed_word(job);
  struct code_run run = {.hosts = gather_hosts(comm)};
  int size;

  CHECK_MPI(MPI_Comm_size(comm, &size));
  snprintf(run.ranks, sizeof run.ranks, "%d", size);
  snprintf(run.seed, sizeof run.seed, "%s", seed);
  write_date(run.started, sizeof run.started);
  free(seed);
  return run;
}

void code_run_free(struct code_run *run)
{
  free(run->hosts);
  *run = (struct code_run){0};
}

const struct code_run *code_enter(const struct code_run *run)
{
  const struct code_run *was = current;

  current = run;
  return was;
}

/* --- all together --- */

enum { OF_CODE = 13, OF_RUN = 4 };
static const char *const of_code[OF_CODE] = {
    "version",  "revision",  "compiler", "flags", "mpi",  "hdf5",  "sundials",
    "openblas", "scalapack", "petsc",    "zlib",  "yaml", "xxhash"};

static void find_values(const char **value)
{
  static char mpi[MPI_MAX_LIBRARY_VERSION_STRING], hdf5[32], sundials[32], xxhash[32];
  unsigned major = 0, minor = 0, release = 0;
  const unsigned xxh = XXH_versionNumber();
  int length;

  MPI_Get_library_version(mpi, &length);
  mpi[strcspn(mpi, "\n")] = '\0';
  H5get_libversion(&major, &minor, &release);
  snprintf(hdf5, sizeof hdf5, "%u.%u.%u", major, minor, release);
  SUNDIALSGetVersion(sundials, sizeof sundials);
  snprintf(xxhash, sizeof xxhash, "%u.%u.%u", xxh / 10000, xxh / 100 % 100, xxh % 100);
  const char *const found[OF_CODE] = {TAUFLOW_VERSION,
                                      TAUFLOW_REVISION,
                                      TAUFLOW_COMPILER,
                                      TAUFLOW_FLAGS,
                                      mpi,
                                      hdf5,
                                      sundials,
                                      openblas_get_config(),
                                      TAUFLOW_SCALAPACK,
                                      TAUFLOW_PETSC,
                                      zlibVersion(),
                                      yaml_get_version_string(),
                                      xxhash};
  memcpy(value, found, sizeof found);
}

const struct code_fact *code_facts(int *count)
{
  static char written[32];
  static struct code_fact fact[OF_CODE + OF_RUN + 1];
  const char *value[OF_CODE];
  int n = 0;

  find_values(value);
  for (; n < OF_CODE; n++) fact[n] = (struct code_fact){of_code[n], value[n]};
  if (current) {
    fact[n++] = (struct code_fact){"hosts", current->hosts};
    fact[n++] = (struct code_fact){"ranks", current->ranks};
    fact[n++] = (struct code_fact){"seed", current->seed};
    fact[n++] = (struct code_fact){"started", current->started};
  }
  write_date(written, sizeof written);
  fact[n++] = (struct code_fact){"written", written};
  *count = n;
  return fact;
}

bool code_is_of_program(const char *name)
{
  for (int k = 0; k < OF_CODE; k++)
    if (strcmp(of_code[k], name) == 0) return true;
  return false;
}

void code_log(struct log *log, const struct job *job)
{
  int count;
  const struct code_fact *fact = code_facts(&count);
  char *keys = job_used(job);

  log_line(log, "tauflow %s", TAUFLOW_VERSION);
  for (int k = 0; k < count - 1; k++) log_line(log, "  %s: %s", fact[k].name, fact[k].value);
  log_block(log, "job", keys);
  free(keys);
}
