/* SPDX-License-Identifier: BSD-3-Clause */
/* job.c - file, --set and defaults make one job; the rest of the program asks it for values */
#include "job_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct slot *job_find(const struct job *job, const char *name)
{
  for (long i = 0; i < job->count; i++)
    if (strcmp(job->slot[i].key->name, name) == 0) return &job->slot[i];
  return NULL;
}

void job_complain(const struct reading *r, size_t line, const char *what, const char *problem)
{
  char *name = value_one_line(what);
  char *place = r->lines ? fail_text("%s:%zu", r->origin, line) : fail_text("%s", r->origin);

  faults_add(r->faults, "%s%s%s (%s)", name, *name ? ": " : "", problem, place);
  free(name);
  free(place);
}

void job_complain_unknown(const struct reading *r, size_t line, const char *name, bool section)
{
  char *nearest = keys_nearest(name, section);
  const char *kind = section ? "section" : "key";
  char *problem = nearest ? fail_text("unknown %s; did you mean %s?", kind, nearest)
                          : fail_text("unknown %s", kind);

  job_complain(r, line, name, problem);
  free(problem);
  free(nearest);
}

void job_fill(struct job *job, struct slot *slot, const struct given *given, char *place,
              struct faults *faults)
{
  value_clear(&slot->value);
  free(slot->place);
  slot->place = place;
  slot->settled = true;
  slot->usable =
      value_read(&slot->value, slot->key, given, job->folder, place ? place : "default", faults);
  if (slot->usable && slot->value.text && !yaml_can_hold(slot->value.text)) {
    faults_add(faults, "%s: must be text in UTF-8 (%s)", slot->key->name,
               place ? place : "default");
    slot->usable = false;
  }
}

/* Absolute, because used.yml is read again from other folders. Caller frees. */
static char *absolute(const char *folder)
{
  if (folder[0] == '/') return fail_text("%s", folder);
  char *here = getcwd(NULL, 0);
  CHECK(here, "cannot find the current folder: %s", strerror(errno));
  bool same = strcmp(folder, "") == 0 || strcmp(folder, ".") == 0;
  char *text = same ? fail_text("%s", here) : fail_text("%s/%s", here, folder);
  free(here);
  return text;
}

static void read_set(struct job *job, const char *set, struct faults *faults)
{
  char *shown = value_one_line(set), *whole = fail_text("--set %s", shown);
  const char *equals = strchr(set, '=');
  char *name = fail_text("%.*s", equals ? (int)(equals - set) : 0, set);
  struct reading of_key = {.text = set, .origin = "--set", .faults = faults};
  struct slot *slot = job_find(job, name);

  if (!equals) {
    faults_add(faults, "%s: must be key=value", whole);
  } else if (slot) {
    /* A syntax error has no key's name in front, so it shows the whole. */
    struct reading of_value = {.text = equals + 1, .origin = whole, .faults = faults};

    slot->given = true;
    yaml_fill(job, slot, &of_value, fail_text("--set"));
  } else if (strncmp(name, "sweep.", 6) == 0) {
    struct reading of_value = {.text = equals + 1, .origin = whole, .faults = faults};

    yaml_read_axis(job, &of_value, name + 6);
  } else if (keys_has_section(name) || strcmp(name, "sweep") == 0) {
    job_complain(&of_key, 0, name, "is a section; set its keys one by one, as section.key=value");
  } else {
    job_complain_unknown(&of_key, 0, name, false);
  }
  free(name);
  free(whole);
  free(shown);
}

/* A path on the command line is meant from where it was typed. */
static void read_sets(struct job *job, int count, const char *const *sets, struct faults *faults)
{
  char *folder = job->folder;

  job->folder = absolute("");
  for (int i = 0; i < count; i++) read_set(job, sets[i], faults);
  free(job->folder);
  job->folder = folder;
}

/* The default of a key is read as if a user had given it. */
static void fill_by_default(struct job *job, struct slot *slot, const char *standard)
{
  struct faults own = {0};
  struct reading r = {.text = standard, .origin = slot->key->name, .faults = &own};

  yaml_fill(job, slot, &r, NULL);
  CHECK(own.count == 0, "a default breaks its own key's rules: %s", own.text);
}

void job_fill_value(struct job *job, struct slot *slot, const struct value *value,
                    const struct key *key, char *place, struct faults *faults)
{
  bool list = key->type == KEY_INTEGERS;
  struct given given = {.list = list, .count = list ? value->count : 1};

  given.word = fail_alloc((size_t)given.count, sizeof *given.word);
  for (long i = 0; i < given.count; i++) given.word[i] = value_word(value, key, i);
  job_fill(job, slot, &given, place, faults);
  for (long i = 0; i < given.count; i++) free((char *)given.word[i]);
  free(given.word);
}

/* "=other.key": that key's value, read again under this key's type and limits. */
static void fill_like(struct job *job, struct slot *slot, const struct slot *other,
                      struct faults *faults)
{
  CHECK(slot->key->type == other->key->type, "%s and its default %s are of different types",
        slot->key->name, other->key->name);
  job_fill_value(job, slot, &other->value, other->key,
                 other->place ? fail_text("%s", other->place) : NULL, faults);
  free(slot->place);
  slot->place = NULL;
}

/* Keys not given take their defaults; depth counts the keys that wait for this one. */
static void settle(struct job *job, struct slot *slot, const char *origin, long depth,
                   struct faults *faults)
{
  const char *standard = slot->key->standard;
  struct conditional c;

  if (slot->settled) return;
  slot->settled = true;
  if (!standard) {
    faults_add(faults, "%s is required (%s)", slot->key->name, origin);
  } else if (standard[0] == '=') {
    struct slot *other = job_find(job, standard + 1);

    CHECK(other && depth < job->count, "%s: bad default %s", slot->key->name, standard);
    settle(job, other, origin, depth + 1, faults);
    if (other->usable) fill_like(job, slot, other, faults);
  } else if (keys_conditional(standard, &c)) {
    struct slot *other = job_find(job, c.key);

    CHECK(other && other->key->choices && depth < job->count, "%s: bad default %s", slot->key->name,
          standard);
    settle(job, other, origin, depth + 1, faults);
    const char *own = other->usable && strcmp(other->value.text, c.word) == 0 ? c.special : c.usual;
    if (other->usable && strcmp(own, "required") == 0)
      faults_add(faults, "%s is required (%s)", slot->key->name, origin);
    else if (other->usable)
      fill_by_default(job, slot, own);
  } else {
    fill_by_default(job, slot, standard);
  }
}

struct job *job_empty(const char *source, const char *folder)
{
  struct job *job = fail_alloc(1, sizeof *job);
  const struct key **keys = keys_all(&job->count);

  job->source = fail_text("%s", source);
  job->folder = absolute(folder);
  job->slot = fail_alloc((size_t)job->count, sizeof *job->slot);
  for (long i = 0; i < job->count; i++) job->slot[i].key = keys[i];
  free(keys);
  return job;
}

void job_settle(struct job *job, const char *origin, struct faults *faults)
{
  for (long i = 0; i < job->count; i++) settle(job, &job->slot[i], origin, 0, faults);
}

struct job *job_parse(const char *text, const char *origin, const char *folder, int count,
                      const char *const *sets, struct faults *faults)
{
  struct job *job = job_empty(text, folder);
  struct reading file = {.text = text, .origin = origin, .lines = true, .faults = faults};

  bool readable = yaml_read_job(job, &file);
  read_sets(job, count, sets, faults);
  axes_settle(job, origin, faults);
  if (readable) job_settle(job, origin, faults);
  return job;
}

void job_destroy(struct job *job)
{
  if (!job) return;
  for (long i = 0; i < job->count; i++) {
    value_clear(&job->slot[i].value);
    free(job->slot[i].place);
  }
  axes_clear(job);
  free(job->slot);
  free(job->source);
  free(job->folder);
  free(job);
}

static const struct slot *slot_named(const struct job *job, const char *name)
{
  const struct slot *slot = job_find(job, name);

  CHECK(slot, "no table has the key %s", name);
  return slot;
}

/* The value of a key that must be of type a or b. */
static const struct value *value_named(const struct job *job, const char *name, enum key_type a,
                                       enum key_type b)
{
  const struct slot *slot = slot_named(job, name);

  CHECK(slot->key->type == a || slot->key->type == b, "%s is not of the type asked for", name);
  CHECK(slot->usable, "%s has no value: the job has faults", name);
  return &slot->value;
}

double job_real(const struct job *job, const char *name)
{
  return value_named(job, name, KEY_REAL, KEY_TIME)->real;
}

long job_integer(const struct job *job, const char *name)
{
  return value_named(job, name, KEY_INTEGER, KEY_INTEGER)->integer;
}

bool job_flag(const struct job *job, const char *name)
{
  return value_named(job, name, KEY_FLAG, KEY_FLAG)->integer != 0;
}

int job_choice(const struct job *job, const char *name)
{
  return (int)value_named(job, name, KEY_CHOICE, KEY_CHOICE)->integer;
}

const char *job_text(const struct job *job, const char *name)
{
  bool choice = slot_named(job, name)->key->type == KEY_CHOICE;

  return value_named(job, name, choice ? KEY_CHOICE : KEY_TEXT, KEY_PATH)->text;
}

const long *job_integers(const struct job *job, const char *name, long *count)
{
  const struct value *value = value_named(job, name, KEY_INTEGERS, KEY_INTEGERS);

  *count = value->count;
  return value->list;
}

bool job_is_given(const struct job *job, const char *name)
{
  return slot_named(job, name)->given;
}

/* What a key has by default, as a text for value_text of a key of this type; NULL: nothing. Caller
 * frees. */
static char *default_text(const struct job *job, const struct slot *slot)
{
  const char *standard = slot->key->standard;
  struct conditional c;

  if (!standard) return NULL;
  if (standard[0] == '=') {
    const struct slot *other = slot_named(job, standard + 1);
    return value_text(&other->value, other->key);
  }
  if (keys_conditional(standard, &c))
    standard = strcmp(job_text(job, c.key), c.word) == 0 ? c.special : c.usual;
  if (strcmp(standard, "required") == 0) return NULL;
  struct job *bare = job_empty("", job->folder);
  struct slot *own = job_find(bare, slot->key->name);
  fill_by_default(bare, own, standard);
  char *text = value_text(&own->value, own->key);
  job_destroy(bare);
  return text;
}

bool job_is_usual(const struct job *job, const char *name)
{
  const struct slot *slot = slot_named(job, name);

  if (!slot->given) return true;
  char *usual = default_text(job, slot), *own = value_text(&slot->value, slot->key);
  const bool same = usual && strcmp(usual, own) == 0;
  free(usual);
  free(own);
  return same;
}

const char *job_place(const struct job *job, const char *name)
{
  const char *place = slot_named(job, name)->place;

  return place ? place : "default";
}

const char *job_source(const struct job *job)
{
  return job->source;
}
