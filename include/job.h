/* SPDX-License-Identifier: BSD-3-Clause */
/* job.h - the job file: every key declared once, in one row of a table
 *
 * Modules bring their rows (struct key tables); from a row follow parsing, default, limits,
 * `tauflow keys`, docs/jobs.md and used.yml. The text is nested YAML; keys are named with dots
 * ("kp.tau_inf"). Rank 0 reads the file and broadcasts its text; every rank parses it alike. */
#ifndef TAUFLOW_JOB_H
#define TAUFLOW_JOB_H

#include "fail.h"
#include <stdio.h>

enum key_type {
  KEY_REAL,     /* a finite number */
  KEY_TIME,     /* seconds, or with a unit: us, ms, s, min, h; stored in seconds */
  KEY_INTEGER,  /* a whole number, stored as long */
  KEY_FLAG,     /* true or false */
  KEY_CHOICE,   /* one of `choices`, stored as its index */
  KEY_TEXT,     /* any text */
  KEY_PATH,     /* a path, relative to the job file's folder; stored resolved against it */
  KEY_INTEGERS, /* a list of whole numbers */
};

/* May the key change when a run is resumed? */
enum key_change {
  KEY_FIXED,  /* no: the run would be another */
  KEY_LATER,  /* yes: it says what is presented, tested and recorded from then on, or where to find
                 the same data */
  KEY_FORMAL, /* yes, and no result changes: it cannot be swept, and does not tell runs apart */
};

struct key {
  const char *name; /* with dots: "kp.tau_inf" */
  enum key_type type;
  enum key_change change;
  const char *standard; /* default as a user would write it; NULL: required; "=other.key": that
                           key's value; "usual; other.key=word: special": special where that
                           choice is word (usual may be "required"); "": unset (KEY_TEXT, KEY_PATH:
                           empty) */
  double least, most;   /* inclusive limits of REAL, TIME (s), INTEGER and list members;
                           with above_least, least itself is excluded */
  bool above_least;
  const char *choices; /* "kp|fa|dfa|sgd" for KEY_CHOICE, else NULL */
  const char *unit;    /* "s", "1", "presentations"; "" for none */
  const char *meaning; /* one sentence */
};

/* The tables of all modules, ending in NULL; each table ends in a row with name NULL. In the order
 * of docs/jobs.md. Defined in src/keys.c. */
extern const struct key *const all_keys[];

/* The row of this name in them; NULL: there is none. Local. */
const struct key *key_find(const char *name);

struct job;

/* Parse a job. text: the YAML; origin: its name in messages ("jobs/a.yml"); folder: what its paths
 * are relative to; sets: count overrides "key=value", whose place in messages is "--set" and whose
 * paths are relative to the current folder. All faults are collected: YAML syntax (with line),
 * unknown key (with the nearest known name), duplicate key, wrong type, out of range, missing
 * required key. Messages look like `kp.tau_inf = -0.1: must be > 0 s (jobs/a.yml:14)`. Never NULL;
 * with faults the job must only be destroyed. Local and deterministic. */
struct job *job_parse(const char *text, const char *origin, const char *folder, int count,
                      const char *const *sets, struct faults *faults);
void job_destroy(struct job *job);

/* Values by full key name. A wrong name or type is our own mistake and aborts. Pointers are
 * borrowed, valid for the life of the job. Local. */
double job_real(const struct job *job, const char *name); /* REAL or TIME (s) */
long job_integer(const struct job *job, const char *name);
bool job_flag(const struct job *job, const char *name);
int job_choice(const struct job *job, const char *name);       /* index into choices */
const char *job_text(const struct job *job, const char *name); /* TEXT, PATH; the CHOICE's word */
const long *job_integers(const struct job *job, const char *name, long *count);
/* Was the key given (in the file or by --set)? */
bool job_is_given(const struct job *job, const char *name);
/* Has the key its default, given or not? A key that is required has none. */
bool job_is_usual(const struct job *job, const char *name);
/* "jobs/a.yml:14", "--set", or "default": for messages of checks across keys. Borrowed. */
const char *job_place(const struct job *job, const char *name);
/* The text as given; borrowed. */
const char *job_source(const struct job *job);

/* Every key with its value as nested YAML that job_parse reads back to the same values (paths
 * resolved, times in seconds, reals with 17 digits, required ones included); of a sweep without
 * those whose defaults follow other keys. Caller frees. */
char *job_used(const struct job *job);

/* --- sweeps: a job whose section `sweep` takes keys through lists of values ---
 *
 * Its members are all combinations, in the order of the file, the last key varying fastest. Such a
 * job has itself the values of member 0. */

enum { SWEEP_MOST = 100000 }; /* members */

/* 0: the job is no sweep. Local. */
long job_members(const struct job *job);
/* The job of one member, without a sweep section, named NAME-<member>: it must be checked across
 * keys still. NULL with faults. Caller destroys. Local. */
struct job *job_member(const struct job *job, long member, struct faults *faults);
/* "seed: 3, kp.rule: fa", what is particular to a member. Caller frees. Local. */
char *job_member_words(const struct job *job, long member);
/* The keys swept, in order; how many values the k-th takes, and as words; and which of them a
 * member has. Callers free words. Local. */
int job_swept(const struct job *job);
const struct key *job_swept_key(const struct job *job, int k);
long job_swept_count(const struct job *job, int k);
char *job_swept_word(const struct job *job, int k, long value);
long job_swept_index(const struct job *job, int k, long member);

/* --- comparing jobs --- */

/* A key's value as one line of text that equal values have in common. Caller frees. Local. */
char *job_word(const struct job *job, const char *name);
/* The first key with different values, of those whose `change` is before `below`: KEY_FORMAL, keys
 * by which results differ; KEY_LATER, keys that a resumed run keeps. NULL: none. Local. */
const char *job_difference(const struct job *a, const struct job *b, enum key_change below);

/* The key table for people: plain text (`tauflow keys`) or Markdown (docs/jobs.md). Local. */
void keys_print(FILE *out, bool markdown);

#endif
