/* SPDX-License-Identifier: BSD-3-Clause */
/* job_sweep.c - the keys that a job sweeps, the jobs of its members, and how jobs differ */
#include "job_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool begins_with(const char *text, const char *with)
{
  return strncmp(text, with, strlen(with)) == 0;
}

static struct axis *find_axis(const struct job *job, const struct key *key)
{
  for (int k = 0; k < job->axes; k++)
    if (job->axis[k].key == key) return &job->axis[k];
  return NULL;
}

static void clear_axis(struct axis *axis)
{
  for (long i = 0; i < axis->count; i++) value_clear(&axis->value[i]);
  free(axis->value);
  free(axis->place);
}

void axes_clear(struct job *job)
{
  for (int k = 0; k < job->axes; k++) clear_axis(&job->axis[k]);
  free(job->axis);
}

static struct axis *add_axis(struct job *job)
{
  struct axis *more = fail_alloc((size_t)job->axes + 1, sizeof *more);

  if (job->axes > 0) memcpy(more, job->axis, (size_t)job->axes * sizeof *more);
  free(job->axis);
  job->axis = more;
  return &more[job->axes++];
}

/* --- from words to values --- */

/* "0..99". False: it is no range. */
static bool read_range(const struct given *given, long *first, long *last)
{
  const char *word = given->list ? NULL : given->word[0];
  char *end;

  if (!word || !strstr(word, "..")) return false;
  errno = 0;
  *first = strtol(word, &end, 10);
  if (end == word || !begins_with(end, "..")) return false;
  word = end + 2;
  *last = strtol(word, &end, 10);
  return end != word && *end == '\0' && errno == 0;
}

/* How many values an item of a key's list stands for: those of a range, or one. */
static double values_of(const struct key *key, const struct given *given)
{
  long first, last;

  if (key->type != KEY_INTEGER || !read_range(given, &first, &last)) return 1;
  return (double)last - (double)first + 1;
}

/* What is wrong with all that was given for a key; NULL: nothing so far. Caller frees. */
static char *problem_of(const struct key *key, bool listed, long count, const struct given *given)
{
  const bool whole = key->type == KEY_INTEGER;
  double values = 0;

  if (listed && count == 0) return fail_text("the list is empty");
  if (!listed && !(whole && given->word[0] && strstr(given->word[0], "..")))
    return fail_text("must be a list%s", whole ? ", like [1, 5], or a range, like 0..99"
                                         : key->type == KEY_INTEGERS ? " of lists, like [[64, 10]]"
                                                                     : ", like [a, b]");
  for (long i = 0; i < count; i++) {
    const double here = values_of(key, &given[i]);
    if (here < 1) return fail_text("the range %s runs backwards", given[i].word[0]);
    values += here;
  }
  if (values > SWEEP_MOST)
    return fail_text("%.15g values: a sweep has at most %d members", values, SWEEP_MOST);
  return NULL;
}

/* Understand one item as value number axis->count, and those that follow if it is a range. */
static bool take_item(struct axis *axis, const struct given *given, const char *folder,
                      struct faults *faults)
{
  long first, last;

  if (axis->key->type != KEY_INTEGER || !read_range(given, &first, &last))
    return value_read(&axis->value[axis->count++], axis->key, given, folder, axis->place, faults);
  for (long n = first; n <= last; n++) {
    char *word = fail_text("%ld", n);
    const struct given one = {.count = 1, .word = (const char *[]){word}};
    const bool good =
        value_read(&axis->value[axis->count++], axis->key, &one, folder, axis->place, faults);
    free(word);
    if (!good) return false;
  }
  return true;
}

struct labelled {
  char *text;
  long at;
};

static int by_text(const void *a, const void *b)
{
  const struct labelled *x = a, *y = b;
  const int order = strcmp(x->text, y->text);

  return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Two equal values would make members with the same keys. */
static void check_twins(const struct axis *axis, struct faults *faults)
{
  struct labelled *list = fail_alloc((size_t)axis->count, sizeof *list);
  bool told = false;

  for (long i = 0; i < axis->count; i++)
    list[i] = (struct labelled){value_text(&axis->value[i], axis->key), i};
  qsort(list, (size_t)axis->count, sizeof *list, by_text);
  for (long i = 1; i < axis->count && !told; i++) {
    told = strcmp(list[i].text, list[i - 1].text) == 0;
    if (told)
      faults_add(faults,
                 "sweep.%s: values %ld and %ld are both %s: members would have the same keys (%s)",
                 axis->key->name, list[i - 1].at + 1, list[i].at + 1, list[i].text, axis->place);
  }
  for (long i = 0; i < axis->count; i++) free(list[i].text);
  free(list);
}

/* The axis to fill; NULL with a fault if the key cannot be swept, or is so already. */
static struct axis *claim(struct job *job, const struct reading *r, const char *name, size_t line)
{
  const struct slot *slot = job_find(job, strcmp(name, "seeds") == 0 ? "seed" : name);
  char *full = fail_text("sweep.%s", name), *problem = NULL;
  struct axis *axis = NULL;

  if (!slot) {
    char *nearest = keys_nearest(name, false);
    problem = nearest ? fail_text("unknown key; did you mean sweep.%s?", nearest)
                      : fail_text("unknown key");
    free(nearest);
  } else if (slot->key->change == KEY_FORMAL) {
    problem = fail_text("cannot be swept: it changes no result");
  } else {
    axis = find_axis(job, slot->key);
    if (axis && r->lines)
      problem =
          fail_text("%s is swept twice, on lines %zu and %zu", slot->key->name, axis->line, line);
  }
  if (problem) {
    job_complain(r, line, full, problem);
    axis = NULL;
  } else if (axis) {
    clear_axis(axis);
  } else {
    axis = add_axis(job);
  }
  if (axis)
    *axis =
        (struct axis){.key = slot->key,
                      .place = r->lines ? fail_text("%s:%zu", r->origin, line) : fail_text("--set"),
                      .line = line};
  free(problem);
  free(full);
  return axis;
}

void axis_take(struct job *job, const struct reading *r, const char *name, size_t line, bool listed,
               long count, const struct given *given)
{
  struct axis *axis = claim(job, r, name, line);
  double values = 0;

  if (!axis) return;
  char *problem = problem_of(axis->key, listed, count, given);
  if (problem) {
    faults_add(r->faults, "sweep.%s: %s (%s)", name, problem, axis->place);
    free(problem);
    return;
  }
  for (long i = 0; i < count; i++) values += values_of(axis->key, &given[i]);
  axis->value = fail_alloc((size_t)values, sizeof *axis->value);
  const int before = r->faults->count;
  for (long i = 0; i < count; i++)
    if (!take_item(axis, &given[i], job->folder, r->faults)) return;
  if (r->faults->count == before) check_twins(axis, r->faults);
}

void axes_settle(struct job *job, const char *origin, struct faults *faults)
{
  const bool sound = faults->count == 0;
  double members = 1;

  for (int k = 0; k < job->axes; k++) {
    struct axis *axis = &job->axis[k];
    struct slot *slot = job_find(job, axis->key->name);

    members *= (double)axis->count;
    if (slot->place && strcmp(slot->place, "--set") == 0)
      faults_add(faults, "--set %s: the job sweeps this key; set sweep.%s", axis->key->name,
                 axis->key->name);
    slot->settled = slot->given = true; /* one with faults asks for no other value */
    if (sound)
      job_fill_value(job, slot, axis->value, axis->key, fail_text("%s", axis->place), faults);
  }
  if (job->axes > 0 && members > SWEEP_MOST)
    faults_add(faults, "sweep: %.15g members: must be at most %d (%s)", members, SWEEP_MOST,
               origin);
}

/* --- members --- */

long job_members(const struct job *job)
{
  long members = job->axes > 0;

  for (int k = 0; k < job->axes; k++) members *= job->axis[k].count;
  return members;
}

int job_swept(const struct job *job)
{
  return job->axes;
}

const struct key *job_swept_key(const struct job *job, int k)
{
  return job->axis[k].key;
}

long job_swept_count(const struct job *job, int k)
{
  return job->axis[k].count;
}

char *job_swept_word(const struct job *job, int k, long value)
{
  return value_text(&job->axis[k].value[value], job->axis[k].key);
}

long job_swept_index(const struct job *job, int k, long member)
{
  for (int later = job->axes - 1; later > k; later--) member /= job->axis[later].count;
  return member % job->axis[k].count;
}

struct job *job_member(const struct job *job, long member, struct faults *faults)
{
  struct job *own = job_empty(job->source, job->folder);
  const int before = faults->count;

  for (long i = 0; i < job->count; i++) {
    const struct slot *from = &job->slot[i];
    if (!from->given) continue;
    own->slot[i].given = true;
    job_fill_value(own, &own->slot[i], &from->value, from->key,
                   from->place ? fail_text("%s", from->place) : NULL, faults);
  }
  for (int k = 0; k < job->axes; k++) {
    const struct axis *axis = &job->axis[k];
    job_fill_value(own, job_find(own, axis->key->name),
                   &axis->value[job_swept_index(job, k, member)], axis->key,
                   fail_text("%s", axis->place), faults);
  }
  struct slot *name = job_find(own, "name");
  char *word = fail_text("%s-%05ld", job_text(job, "name"), member);
  struct given given = {.count = 1, .word = (const char *[]){word}};
  job_fill(own, name, &given, NULL, faults);
  free(word);
  job_settle(own, "sweep", faults);
  if (faults->count == before) return own;
  job_destroy(own);
  return NULL;
}

char *job_member_words(const struct job *job, long member)
{
  char *text = fail_text("%s", "");

  for (int k = 0; k < job->axes; k++) {
    char *word = job_swept_word(job, k, job_swept_index(job, k, member));
    char *line = value_one_line(word);
    char *longer = fail_text("%s%s%s: %s", text, k > 0 ? ", " : "", job->axis[k].key->name, line);
    free(word);
    free(line);
    free(text);
    text = longer;
  }
  return text;
}

char *job_word(const struct job *job, const char *name)
{
  const struct slot *slot = job_find(job, name);

  CHECK(slot && slot->usable, "%s: no such key, or it has no value", name);
  return value_text(&slot->value, slot->key);
}

const char *job_difference(const struct job *a, const struct job *b, enum key_change below)
{
  const char *found = NULL;

  for (long i = 0; i < a->count && !found; i++) {
    const struct key *key = a->slot[i].key;
    if (key->change >= below) continue;
    char *x = value_text(&a->slot[i].value, key), *y = value_text(&b->slot[i].value, key);
    if (strcmp(x, y) != 0) found = key->name;
    free(x);
    free(y);
  }
  return found;
}
