/* SPDX-License-Identifier: BSD-3-Clause */
/* job_parts.h - what job.c, job_value.c, job_keys.c and job_yaml.c share; machine.c and
 * summary.c, which read YAML of their own kinds, are the other files that include it
 *
 * job_yaml.c knows YAML and hands on plain words; job_value.c makes values of words; job_keys.c
 * knows the tables as a whole: their names, nearest names, the reference page; job_sweep.c has the
 * keys that are swept, and makes the jobs of members; job.c puts file, --set and defaults together
 * and answers the rest of the program. */
#ifndef TAUFLOW_JOB_PARTS_H
#define TAUFLOW_JOB_PARTS_H

#include "job.h"

/* What a user wrote for one key. */
struct given {
  bool list;         /* a list, even if it holds one word or none */
  long count;        /* 1 unless a list */
  const char **word; /* [count], owned, pointing at borrowed words; NULL: not a plain word */
};

/* A value understood; which member counts follows from the key's type. */
struct value {
  double real;  /* REAL, TIME */
  long integer; /* INTEGER, FLAG (0 or 1), CHOICE (index) */
  char *text;   /* TEXT, PATH, CHOICE (the word); owned */
  long *list;   /* [count] INTEGERS; owned */
  long count;
};

/* Understand what was given as a value of this key; folder is what paths are relative to. False
 * with one fault if it is of the wrong type or out of limits; v then holds nothing. */
bool value_read(struct value *v, const struct key *key, const struct given *given,
                const char *folder, const char *place, struct faults *faults);
/* Word i of a value (0 unless a list) as value_read understands it, exactly; caller frees. */
char *value_word(const struct value *v, const struct key *key, long i);
/* A value as one text that equal values have in common. Caller frees. */
char *value_text(const struct value *v, const struct key *key);
void value_clear(struct value *v);
/* "> 0 s", ">= 0 and <= 1", "kp, fa, dfa, sgd", or "" without limits. Caller frees. */
char *value_limits(const struct key *key);
/* The text on one line and short enough for a message. Caller frees. */
char *value_one_line(const char *text);

struct slot {
  const struct key *key;
  struct value value;
  bool given;   /* in the file or by --set, rightly or wrongly */
  bool settled; /* the value is final, or a fault has told why there is none */
  bool usable;  /* there is a value */
  size_t line;  /* in the file, from 1; 0: not in the file */
  char *place;  /* owned; NULL: default */
};

/* A key that is swept. */
struct axis {
  const struct key *key;
  long count;
  struct value *value; /* [count], owned */
  char *place;         /* owned */
  size_t line;         /* in the file, from 1; 0: not in the file */
};

struct job {
  char *source, *folder; /* owned; folder is absolute */
  long count;
  struct slot *slot; /* [count] in the order of all_keys */
  int axes;
  struct axis *axis; /* [axes], owned */
};

/* A piece of YAML, its name in messages, and where these go. */
struct reading {
  const char *text, *origin;
  bool lines; /* messages add the line to the origin */
  struct faults *faults;
};

/* NULL: there is no such key. */
struct slot *job_find(const struct job *job, const char *name);
/* Give a slot its value instead of any it has. place is taken over; NULL: default. */
void job_fill(struct job *job, struct slot *slot, const struct given *given, char *place,
              struct faults *faults);
/* The same with a value that is there already, of this key or one like it. */
void job_fill_value(struct job *job, struct slot *slot, const struct value *value,
                    const struct key *key, char *place, struct faults *faults);
/* A job in which no key has a value yet. */
struct job *job_empty(const char *source, const char *folder);
/* Give all keys that have no value yet their defaults. */
void job_settle(struct job *job, const char *origin, struct faults *faults);
/* A fault "what: problem (origin:line)". */
void job_complain(const struct reading *r, size_t line, const char *what, const char *problem);
/* A fault for a name that no table has, with the nearest one. */
void job_complain_unknown(const struct reading *r, size_t line, const char *name, bool section);

/* Sweep a key through what was given: `count` values, or (not `listed`) one word. name is as the
 * user wrote it, without "sweep."; one from --set (not r->lines) replaces one of the file. */
void axis_take(struct job *job, const struct reading *r, const char *name, size_t line, bool listed,
               long count, const struct given *given);
/* Give the keys swept their first values; faults of the sweep as a whole. */
void axes_settle(struct job *job, const char *origin, struct faults *faults);
void axes_clear(struct job *job);

/* Fill the slots that a job file names. False with a fault if its YAML cannot be read, so that
 * nothing is known of the keys it would give. */
bool yaml_read_job(struct job *job, const struct reading *r);
/* Fill one slot from one text, as --set and the tables give it; place is taken over. */
void yaml_fill(struct job *job, struct slot *slot, const struct reading *r, char *place);
/* Read the value of --set sweep.NAME=VALUE; r->text is VALUE. */
void yaml_read_axis(struct job *job, const struct reading *r, const char *name);
/* Hand each "name: word" or "name: [word, ...]" of a file without sections to `take`, in order,
 * with its line. False with a fault if it is no such file. */
typedef void (*yaml_taker)(void *own, const struct reading *r, const char *name, size_t line,
                           const struct given *given);
bool yaml_read_flat(const struct reading *r, yaml_taker take, void *own);
/* Could this text be written to a YAML file? --set and folder names may hold any bytes. */
bool yaml_can_hold(const char *text);

/* All rows of all tables, in order. [count]; caller frees the array. */
const struct key **keys_all(long *count);
/* Length of the section in front of a name's last part: 2 in "kp.rule", 0 in "seed". */
size_t keys_section(const char *name);
/* A default that hangs on a choice: "usual; key=word: special". */
struct conditional {
  char usual[64], key[64], word[64], special[64];
};
/* Take one apart. False: the text is no such default. */
bool keys_conditional(const char *standard, struct conditional *c);
/* Is name the section of some key? */
bool keys_has_section(const char *name);
/* The known key (or section) nearest to a mistyped full name; caller frees. NULL: none is near. */
char *keys_nearest(const char *name, bool section);

#endif
