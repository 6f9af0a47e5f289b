/* SPDX-License-Identifier: BSD-3-Clause */
#include "info_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES_SHOWN = 12, GROUPS_SHOWN = 40 };

/* A dataset of one value a member, as texts. NULL if there is none. [members]; clear_texts. */
static char **read_texts(struct h5 *f, const char *path, long members)
{
  if (!h5_has(f->file, path)) return NULL;
  hid_t set = H5Dopen2(f->file, path, H5P_DEFAULT), type = H5Dget_type(set);
  hid_t space = H5Dget_space(set);
  const bool text = H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0;
  const size_t size = text ? H5Tget_size(type) : sizeof(double);
  const bool good = H5Sget_simple_extent_npoints(space) == members && h5_holds(set, false);
  char **texts = NULL, *all = good ? fail_alloc((size_t)members + 1, size) : NULL;

  if (good &&
      H5Dread(set, text ? type : H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) >= 0) {
    texts = fail_alloc((size_t)members, sizeof *texts);
    for (long i = 0; i < members; i++)
      texts[i] = text ? fail_text("%.*s", (int)size, all + (size_t)i * size)
                      : fail_text("%.15g", ((double *)(void *)all)[i]);
  }
  free(all);
  H5Sclose(space);
  H5Tclose(type);
  H5Dclose(set);
  return texts;
}

static void clear_texts(char **texts, long members)
{
  for (long i = 0; texts && i < members; i++) free(texts[i]);
  free(texts);
}

/* The different ones of texts, in order, as far as there is room. Returns how many. */
static long distinct(char *const *texts, long members, const char **found, long room)
{
  long n = 0;

  for (long i = 0; i < members && n < room; i++) {
    long k = 0;
    while (k < n && strcmp(found[k], texts[i]) != 0) k++;
    if (k == n) found[n++] = texts[i];
  }
  return n;
}

static void print_key(FILE *out, const char *name, char *const *texts, long members)
{
  const char *found[VALUES_SHOWN + 1];
  const long n = distinct(texts, members, found, VALUES_SHOWN + 1);

  fprintf(out, "  %-24s", name);
  for (long k = 0; k < n && k < VALUES_SHOWN; k++)
    fprintf(out, " %s%s", found[k], k + 1 < n ? "," : "");
  fprintf(out, "%s\n", n > VALUES_SHOWN ? " ..." : "");
}

/* Add "name: value" to the label of each member. */
static void extend_labels(char **label, const char *name, char *const *texts, long members)
{
  for (long i = 0; i < members; i++) {
    char *longer = fail_text("%s%s%s: %s", label[i], *label[i] ? ", " : "", name, texts[i]);
    free(label[i]);
    label[i] = longer;
  }
}

/* The keys swept, and of each member its values of all but the seed. Caller frees: clear_texts. */
static char **print_keys(FILE *out, struct h5 *f, long members)
{
  hid_t group = H5Gopen2(f->file, "/keys", H5P_DEFAULT);
  char *order = group >= 0 ? h5_get_text(group, "order") : NULL, *rest = order, *name;
  char **label = fail_alloc((size_t)members, sizeof *label);

  H5Gclose(group);
  for (long i = 0; i < members; i++) label[i] = fail_text("%s", "");
  fprintf(out, "keys, the last varying fastest\n");
  while (rest && (name = strsep(&rest, ","))) {
    name += strspn(name, " ");
    char *path = fail_text("/keys/%s", name), **texts = read_texts(f, path, members);
    if (texts) print_key(out, name, texts, members);
    if (texts && strcmp(name, "seed") != 0) extend_labels(label, name, texts, members);
    clear_texts(texts, members);
    free(path);
  }
  free(order);
  return label;
}

static void print_statuses(FILE *out, char *const *status, long members)
{
  const char *found[8];
  const long n = distinct(status, members, found, 8);

  fprintf(out, "status\n");
  for (long k = 0; k < n; k++) {
    long count = 0;
    for (long i = 0; i < members; i++) count += strcmp(status[i], found[k]) == 0;
    fprintf(out, "  %-24s %ld\n", found[k], count);
  }
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Between the two nearest of n > 0 sorted numbers, in proportion. */
static double percentile(const double *sorted, long n, double share)
{
  const double at = share * (double)(n - 1);
  const long k = (long)at;

  return k + 1 < n ? sorted[k] + (at - (double)k) * (sorted[k + 1] - sorted[k]) : sorted[n - 1];
}

static void print_accuracies(FILE *out, char *const *label, char *const *accuracy, long members)
{
  const char *found[GROUPS_SHOWN + 1];
  const long n = distinct(label, members, found, GROUPS_SHOWN + 1);
  double *value = fail_alloc((size_t)members, sizeof *value);

  fprintf(out, "test accuracy\n  %9s %9s %9s %9s %9s  %s\n", "members", "least", "quarter",
          "median", "3 quart.", "of those with a number, over all seeds");
  for (long k = 0; k < n && k < GROUPS_SHOWN; k++) {
    long count = 0;
    for (long i = 0; i < members; i++) {
      const double x = strtod(accuracy[i], NULL);
      if (strcmp(label[i], found[k]) == 0 && isfinite(x)) value[count++] = x;
    }
    qsort(value, (size_t)count, sizeof *value, ascending);
    fprintf(out, "  %9ld", count);
    for (int q = 0; q < 4; q++)
      fprintf(out, " %9.4f", count > 0 ? percentile(value, count, 0.25 * q) : NAN);
    fprintf(out, "  %s\n", found[k]);
  }
  if (n > GROUPS_SHOWN) fprintf(out, "  ...\n");
  free(value);
}

void info_sweep(FILE *out, struct h5 *f, hid_t root)
{
  long version = 0, members = 0;
  hsize_t bytes = 0;
  char *job = h5_get_text_set(f->file, "/job/yaml");

  h5_get(root, "version", H5T_NATIVE_LONG, 0, &version);
  if (version != SWEEP_VERSION || !h5_get(root, "members", H5T_NATIVE_LONG, 0, &members) ||
      members < 1 || H5Fget_filesize(f->file, &bytes) < 0 || (hsize_t)members > bytes ||
      !h5_has(f->file, "/keys")) {
    faults_add(f->faults, "%s: is a sweep file of version %ld: this program reads %d", f->path,
               version, SWEEP_VERSION);
  } else {
    fprintf(out, "%s: a tauflow sweep file, version %ld\nmembers %ld\n", f->path, version, members);
    char **label = print_keys(out, f, members);
    char **status = read_texts(f, "/summary/status", members);
    char **accuracy = read_texts(f, "/summary/test_accuracy", members);
    if (status) print_statuses(out, status, members);
    if (accuracy) print_accuracies(out, label, accuracy, members);
    clear_texts(label, members);
    clear_texts(status, members);
    clear_texts(accuracy, members);
    info_sets(out, f);
    info_job(out, job);
    info_group(out, f, "/code");
  }
  free(job);
}
