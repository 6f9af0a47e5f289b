/* SPDX-License-Identifier: BSD-3-Clause */
/* job_value.c - from the words of a job to values within their limits, and back */
#include "job_parts.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seconds are number * times / over: dividing keeps 50 ms the double nearest to 0.05. */
static const struct {
  const char *name;
  double times, over;
} time_units[] = {{"us", 1, 1e6}, {"ms", 1, 1e3}, {"s", 1, 1}, {"min", 60, 1}, {"h", 3600, 1}};

/* strtod would also take blanks in front, hexadecimal, inf and nan: none of them is a number of
 * a job. Returns what follows the number, or NULL if there is none. */
static const char *read_number(const char *word, double *x)
{
  size_t plain = strspn(word, "+-.0123456789eE");
  char *rest;

  *x = strtod(word, &rest);
  size_t used = (size_t)(rest - word);
  return used > 0 && used <= plain && isfinite(*x) ? rest : NULL;
}

static bool read_real(const char *word, double *x)
{
  const char *rest = read_number(word, x);

  return rest && *rest == '\0';
}

static bool read_time(const char *word, double *seconds)
{
  const char *unit = read_number(word, seconds);

  if (!unit) return false;
  if (*unit == '\0') return true;
  unit += strspn(unit, " ");
  for (size_t i = 0; i < sizeof time_units / sizeof *time_units; i++) {
    if (strcmp(unit, time_units[i].name) == 0) {
      *seconds = *seconds * time_units[i].times / time_units[i].over;
      return isfinite(*seconds);
    }
  }
  return false;
}

static bool read_integer(const char *word, long *n)
{
  char *rest;

  if (*word == '\0' || word[strspn(word, "+-0123456789")] != '\0') return false;
  errno = 0;
  *n = strtol(word, &rest, 10);
  return *rest == '\0' && errno == 0;
}

static bool read_flag(const char *word, long *flag)
{
  *flag = strcmp(word, "true") == 0;
  return *flag || strcmp(word, "false") == 0;
}

static bool read_choice(const char *word, const char *choices, long *index)
{
  size_t length = strlen(word);

  *index = 0;
  for (const char *c = choices;; c++, ++*index) {
    size_t here = strcspn(c, "|");

    if (here == length && strncmp(c, word, length) == 0) return true;
    c += here;
    if (*c == '\0') return false;
  }
}

static bool read_list(const struct given *given, struct value *v)
{
  v->list = fail_alloc((size_t)given->count, sizeof *v->list);
  v->count = given->count;
  for (long i = 0; i < given->count; i++)
    if (!given->word[i] || !read_integer(given->word[i], &v->list[i])) return false;
  return true;
}

static char *resolved(const char *path, const char *folder)
{
  return path[0] == '/' || path[0] == '\0' ? fail_text("%s", path)
                                           : fail_text("%s/%s", folder, path);
}

/* Is it of the key's type? */
static bool understand(struct value *v, const struct key *key, const struct given *given,
                       const char *folder)
{
  const char *word = given->list ? NULL : given->word[0];

  if (key->type == KEY_INTEGERS) return given->list && read_list(given, v);
  if (!word) return false;
  switch (key->type) {
  case KEY_REAL:
    return read_real(word, &v->real);
  case KEY_TIME:
    return read_time(word, &v->real);
  case KEY_INTEGER:
    return read_integer(word, &v->integer);
  case KEY_FLAG:
    return read_flag(word, &v->integer);
  case KEY_CHOICE:
    v->text = fail_text("%s", word);
    return read_choice(word, key->choices, &v->integer);
  case KEY_PATH:
    v->text = resolved(word, folder);
    return true;
  default:
    v->text = fail_text("%s", word);
    return true;
  }
}

static bool within(const struct key *key, double x)
{
  return (key->above_least ? x > key->least : x >= key->least) && x <= key->most;
}

static bool is_allowed(const struct value *v, const struct key *key)
{
  switch (key->type) {
  case KEY_REAL:
  case KEY_TIME:
    return within(key, v->real);
  case KEY_INTEGER:
    return within(key, (double)v->integer);
  case KEY_INTEGERS:
    for (long i = 0; i < v->count; i++)
      if (!within(key, (double)v->list[i])) return false;
    return v->count > 0 || (key->standard && key->standard[0] == '\0');
  case KEY_TEXT:
  case KEY_PATH:
    return v->text[0] != '\0' || key->standard;
  default:
    return true;
  }
}

/* "a|b|c" as "a, b, c". Caller frees. */
static char *with_commas(const char *choices)
{
  size_t length = strlen(choices), n = 0;
  char *text = fail_alloc(2 * length + 1, 1);

  for (size_t i = 0; i < length; i++) {
    text[n++] = choices[i] == '|' ? ',' : choices[i];
    if (choices[i] == '|') text[n++] = ' ';
  }
  return text;
}

char *value_limits(const struct key *key)
{
  bool number = key->type == KEY_REAL || key->type == KEY_TIME || key->type == KEY_INTEGER ||
                key->type == KEY_INTEGERS;
  bool low = number && isfinite(key->least), high = number && isfinite(key->most);
  bool unit = (low || high) && key->unit[0] != '\0' && strcmp(key->unit, "1") != 0;
  char least[40] = "", most[40] = "";

  if (key->type == KEY_FLAG) return fail_text("true, false");
  if (key->type == KEY_CHOICE) return with_commas(key->choices);
  if (low) snprintf(least, sizeof least, "%s %.15g", key->above_least ? ">" : ">=", key->least);
  if (high) snprintf(most, sizeof most, "<= %.15g", key->most);
  return fail_text("%s%s%s%s%s", least, low && high ? " and " : "", most, unit ? " " : "",
                   unit ? key->unit : "");
}

/* What a value of this type looks like, for "must be ...". Caller frees. */
static char *type_in_words(const struct key *key)
{
  static const char *const words[] = {
      [KEY_REAL] = "a finite number",
      [KEY_TIME] = "a time in us, ms, s, min or h, like 10 ms, or a number of seconds",
      [KEY_INTEGER] = "a whole number (64 bits)",
      [KEY_FLAG] = "true or false",
      [KEY_TEXT] = "one text, not a list or a section, without zero bytes",
      [KEY_PATH] = "one path, not a list or a section, without zero bytes",
      [KEY_INTEGERS] = "a list of whole numbers (64 bits), like [64, 32, 10]",
  };

  if (key->type != KEY_CHOICE) return fail_text("%s", words[key->type]);
  char *choices = value_limits(key), *text = fail_text("one of %s", choices);
  free(choices);
  return text;
}

/* What a value of the right type broke. Caller frees. */
static char *limits_in_words(const struct key *key, const struct value *v)
{
  if (key->type == KEY_TEXT || key->type == KEY_PATH) return fail_text("not empty");
  if (key->type == KEY_INTEGERS && v->count == 0) return fail_text("one number or more");
  char *limits = value_limits(key);
  char *text = fail_text("%s%s", limits, key->type == KEY_INTEGERS ? " in every number" : "");
  free(limits);
  return text;
}

char *value_one_line(const char *text)
{
  const size_t most = 60;
  size_t length = strnlen(text, most + 1);
  bool cut = length > most;

  if (cut) length = most;
  /* Do not cut a character of several bytes (UTF-8) in two. */
  while (cut && length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
  char *line = fail_text("%.*s%s", (int)length, text, cut ? "..." : "");
  for (char *c = line; *c; c++)
    if ((unsigned char)*c < ' ' || *c == 127) *c = ' ';
  return line;
}

/* What was given, for a message: a long list is cut like a long text. Caller frees. */
static char *shown(const struct given *given)
{
  char *text = fail_text("%s", given->list ? "[" : "");

  for (long i = 0; i < given->count && strlen(text) < 80; i++) {
    char *longer =
        fail_text("%s%s%s", text, i > 0 ? ", " : "", given->word[i] ? given->word[i] : "{...}");
    free(text);
    text = longer;
  }
  char *closed = fail_text("%s%s", *text ? text : "\"\"", given->list ? "]" : "");
  char *line = value_one_line(closed);
  free(text);
  free(closed);
  return line;
}

bool value_read(struct value *v, const struct key *key, const struct given *given,
                const char *folder, const char *place, struct faults *faults)
{
  char *must = NULL;

  *v = (struct value){0};
  if (!understand(v, key, given, folder))
    must = type_in_words(key);
  else if (!is_allowed(v, key))
    must = limits_in_words(key, v);
  if (!must) return true;

  char *what = shown(given);
  faults_add(faults, "%s = %s: must be %s (%s)", key->name, what, must, place);
  free(what);
  free(must);
  value_clear(v);
  return false;
}

/* The fewest digits that read back to the same double; 17 always do. */
static char *real_word(double x)
{
  char word[40];

  for (int digits = 15; digits <= 17; digits++) {
    snprintf(word, sizeof word, "%.*g", digits, x);
    if (strtod(word, NULL) == x) break;
  }
  return fail_text("%s", word);
}

char *value_word(const struct value *v, const struct key *key, long i)
{
  switch (key->type) {
  case KEY_REAL:
  case KEY_TIME:
    return real_word(v->real);
  case KEY_INTEGER:
    return fail_text("%ld", v->integer);
  case KEY_FLAG:
    return fail_text("%s", v->integer ? "true" : "false");
  case KEY_INTEGERS:
    return fail_text("%ld", v->list[i]);
  default:
    return fail_text("%s", v->text);
  }
}

char *value_text(const struct value *value, const struct key *key)
{
  if (key->type != KEY_INTEGERS) return value_word(value, key, 0);
  char *text = fail_text("%s", "[");

  for (long i = 0; i < value->count; i++) {
    char *longer = fail_text("%s%s%ld", text, i > 0 ? ", " : "", value->list[i]);
    free(text);
    text = longer;
  }
  char *closed = fail_text("%s]", text);
  free(text);
  return closed;
}

void value_clear(struct value *v)
{
  free(v->text);
  free(v->list);
  *v = (struct value){0};
}
