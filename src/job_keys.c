/* SPDX-License-Identifier: BSD-3-Clause */
/* job_keys.c - the tables of keys as a whole: their names, and the page that explains them */
#include "job_parts.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

const struct key **keys_all(long *count)
{
  long n = 0;

  for (int t = 0; all_keys[t]; t++)
    for (int k = 0; all_keys[t][k].name; k++) n++;
  const struct key **keys = fail_alloc((size_t)n, sizeof *keys);
  *count = n;
  n = 0;
  for (int t = 0; all_keys[t]; t++)
    for (int k = 0; all_keys[t][k].name; k++) keys[n++] = &all_keys[t][k];
  return keys;
}

const struct key *key_find(const char *name)
{
  for (int t = 0; all_keys[t]; t++)
    for (const struct key *key = all_keys[t]; key->name; key++)
      if (strcmp(key->name, name) == 0) return key;
  return NULL;
}

size_t keys_section(const char *name)
{
  const char *dot = strrchr(name, '.');

  return dot ? (size_t)(dot - name) : 0;
}

bool keys_conditional(const char *standard, struct conditional *c)
{
  return sscanf(standard, "%63[^;]; %63[^=]=%63[^:]: %63s", c->usual, c->key, c->word,
                c->special) == 4;
}

bool keys_has_section(const char *name)
{
  size_t length = strlen(name);

  for (int t = 0; all_keys[t]; t++)
    for (const struct key *key = all_keys[t]; key->name; key++)
      if (strncmp(key->name, name, length) == 0 && key->name[length] == '.') return true;
  return false;
}

static long least_of(long a, long b)
{
  return a < b ? a : b;
}

/* How many slips (a character too many, missing, wrong, or two swapped) make b of a, upper and
 * lower case being alike: Damerau and Levenshtein's distance. */
static long slips(const char *a, size_t n, const char *b, size_t m)
{
  size_t row = m + 1;
  long *d = fail_alloc((n + 1) * row, sizeof *d);

  for (size_t i = 0; i <= n; i++) d[i * row] = (long)i;
  for (size_t j = 0; j <= m; j++) d[j] = (long)j;
  for (size_t i = 1; i <= n; i++) {
    for (size_t j = 1; j <= m; j++) {
      int p = tolower((unsigned char)a[i - 1]), q = tolower((unsigned char)b[j - 1]);
      long *here = &d[i * row + j];

      *here = least_of(d[(i - 1) * row + j], d[i * row + j - 1]) + 1;
      *here = least_of(*here, d[(i - 1) * row + j - 1] + (p != q));
      if (i > 1 && j > 1 && p == tolower((unsigned char)b[j - 2]) &&
          q == tolower((unsigned char)a[i - 2]))
        *here = least_of(*here, d[(i - 2) * row + j - 2] + 1);
    }
  }
  long result = d[n * row + m];
  free(d);
  return result;
}

enum { FAR = 1000 };

/* slips, or FAR if they are too many to have meant b: one in three characters, rounded. Without
 * this a short name would be near to any other. */
static long slips_if_near(const char *a, size_t n, const char *b, size_t m)
{
  size_t most = m < 3 ? 1 : (m + 1) / 3;

  if (n > m + most || m > n + most) return FAR;
  long count = slips(a, n, b, m);
  return count <= (long)most && count < (long)least_of((long)n, (long)m) ? count : FAR;
}

/* Slips in the section plus slips in the last part. The right name in the wrong section is near
 * too, but never nearer than slips in a section that was meant. */
static long distance(const char *name, const char *known)
{
  const long misplaced = 10;
  size_t a = keys_section(name), b = keys_section(known);
  const char *leaf = name + a + (a > 0), *known_leaf = known + b + (b > 0);
  long inner = slips_if_near(leaf, strlen(leaf), known_leaf, strlen(known_leaf));
  long outer = a == 0 && b == 0 ? 0 : slips_if_near(name, a, known, b);

  if (outer == FAR) outer = inner <= 1 ? misplaced : FAR;
  return inner + outer;
}

char *keys_nearest(const char *name, bool section)
{
  long count, best = FAR;
  const struct key **keys = keys_all(&count);
  char *nearest = NULL;

  for (long k = 0; k < count; k++) {
    const char *known = keys[k]->name;
    size_t length = section ? keys_section(known) : strlen(known);
    char *candidate = fail_text("%.*s", (int)length, known);
    long far = length > 0 ? distance(name, candidate) : FAR;

    if (far < best) {
      best = far;
      free(nearest);
      nearest = candidate;
    } else {
      free(candidate);
    }
  }
  free(keys);
  return nearest;
}

static char *standard_in_words(const struct key *key, bool markdown)
{
  const char *tick = markdown ? "`" : "";
  struct conditional c;

  if (!key->standard) return fail_text("required");
  if (key->standard[0] == '\0') return fail_text("none");
  if (key->standard[0] == '=') return fail_text("as %s%s%s", tick, key->standard + 1, tick);
  if (keys_conditional(key->standard, &c)) {
    const char *around = strcmp(c.usual, "required") == 0 ? "" : tick;
    return fail_text("%s%s%s, with %s%s%s %s%s%s", around, c.usual, around, tick, c.word, tick,
                     tick, c.special, tick);
  }
  return fail_text("%s%s%s", tick, key->standard, tick);
}

static void print_key(FILE *out, const struct key *key, bool markdown)
{
  char *standard = standard_in_words(key, markdown), *limits = value_limits(key);
  const bool may = key->change != KEY_FIXED;

  if (markdown)
    fprintf(out, "| `%s` | %s | %s | %s | %s | %s |\n", key->name, standard, limits, key->unit,
            may ? "yes" : "", key->meaning);
  else
    fprintf(out, "  %-24s %-22s %s\n      %s%s%s%s%s\n", key->name, standard, limits, key->meaning,
            *key->unit ? " [" : "", key->unit, *key->unit ? "]" : "",
            may ? " (may change on resume)" : "");
  free(standard);
  free(limits);
}

static bool same_section(const struct key *a, const struct key *b)
{
  size_t length = keys_section(a->name);

  return length == keys_section(b->name) && strncmp(a->name, b->name, length) == 0;
}

static const char introduction[] =
    "# Job files\n"
    "\n"
    "<!-- Written by the program from its tables of keys (keys_print): change those. -->\n"
    "\n"
    "A job file says what to compute. It is YAML: sections hold keys, and the tables below name a\n"
    "key by its section and its own name, joined by a dot. A small job:\n"
    "\n"
    "```yaml\n"
    "# Question, expected answer, ranks and minutes.\n"
    "name: first\n"
    "network:\n"
    "  widths: [64, 32, 10]\n"
    "kp:\n"
    "  rule: fa\n"
    "  tau_inf: 2 ms\n"
    "data:\n"
    "  set: glyphs\n"
    "present:\n"
    "  samples: 1000\n"
    "```\n"
    "\n"
    "- Keys marked *required* must be given; every other key has the default shown. *as* names "
    "the\n"
    "  key whose value is taken; *with* a choice names the default that comes with it; *none* "
    "leaves\n"
    "  the key unset.\n"
    "- **Times** are `2 ms`, `50ms`, `10 s`, or a plain number of seconds. Units are `us`, `ms`,\n"
    "  `s`, `min` and `h`. Limits of times are in seconds.\n"
    "- **Lists** are `[64, 32, 10]`, or one `- 64` a line.\n"
    "- **Paths** in a job file are relative to its folder; those given by `--set` to the folder "
    "in\n"
    "  which the command is given, also with `resume DIR` and `sweep`.\n"
    "- `--set key=value` on the command line overrides the file, as in `--set kp.tau_inf=5ms` or\n"
    "  `--set network.widths=[64,32,10]`. The last of several wins. Texts and paths are taken as\n"
    "  they stand, without YAML's quotes; `--set start=` unsets a key.\n"
    "- Keys that *may change* can be set anew when a run goes on, as in\n"
    "  `tauflow resume DIR --set present.samples=40000`. All others stay as they are, for they "
    "would\n"
    "  make another run of it.\n"
    "- A key that is unknown, given twice, of the wrong type or out of its limits is an error, "
    "and\n"
    "  all errors are reported at once. Anchors, aliases and tags of YAML are not used.\n"
    "- The section `sweep` makes many runs of one job: [at the end](#sweep).\n"
    "- Each run's folder holds `used.yml`: this run's value of every key, a job file itself.\n";

static const char on_sweeps[] =
    "The section `sweep` takes any of the keys above through a list of values, but for `name`, "
    "`watchdog` and\n"
    "those of `checkpoint`, which change no result. `tauflow sweep` runs all combinations:\n"
    "\n"
    "```yaml\n"
    "sweep:\n"
    "  seeds: 0..99                     # whole numbers: a range, or a list like [0..9, 20, 30]\n"
    "  kp.rule: [kp, fa]\n"
    "  network.widths: [[784, 128, 10], [784, 128, 128, 10]]\n"
    "```\n"
    "\n"
    "- `seeds` is another name for `seed`. Names have dots, or stand in sections: `kp: {rule: [kp, "
    "fa]}`.\n"
    "- Members are numbered from 0 in the order of the file, the last key varying fastest. So "
    "values "
    "may be\n"
    "  added at the end of the *first* key and all members keep their numbers.\n"
    "- A key that is swept may have a value outside of `sweep` too; the sweep's count.\n"
    "- `--set sweep.seeds=0..9` overrides a list, or adds one.\n"
    "- At most 100000 members, no two alike; the keys of all are checked before the first begins,\n"
    "  their data and networks when each begins.\n";

static void print_sweep(FILE *out, bool markdown)
{
  if (markdown)
    fprintf(out, "\n## sweep\n\n%s", on_sweeps);
  else
    fprintf(out, "sweep\n  %-24s %-22s %s\n      %s\n  %-24s %-22s %s\n      %s\n", "sweep.seeds",
            "none", "lists, ranges as 0..99",
            "the seeds of the members that tauflow sweep runs: all combinations with",
            "sweep.<key>", "none", "lists of a key's values",
            "any key above but name, watchdog and those of checkpoint, as sweep.kp.rule: [kp, fa]");
}

void keys_print(FILE *out, bool markdown)
{
  long count;
  const struct key **keys = keys_all(&count);

  if (markdown) fputs(introduction, out);
  for (long k = 0; k < count; k++) {
    bool told = false;

    for (long before = 0; before < k; before++) told = told || same_section(keys[before], keys[k]);
    if (told) continue;
    size_t length = keys_section(keys[k]->name);
    const char *title = length > 0 ? keys[k]->name : "general";
    fprintf(out, markdown ? "\n## %.*s\n\n" : "%.*s\n", length > 0 ? (int)length : 7, title);
    if (markdown)
      fputs("| key | default | limits or choices | unit | may change | meaning |\n"
            "| - | - | - | - | - | - |\n",
            out);
    for (long same = k; same < count; same++)
      if (same_section(keys[same], keys[k])) print_key(out, keys[same], markdown);
  }
  print_sweep(out, markdown);
  free(keys);
}
