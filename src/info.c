/* SPDX-License-Identifier: BSD-3-Clause */
#include "info_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is asked of every number of a dataset. */
struct range {
  double squares, least, most; /* of the finite ones */
  long count, odd;             /* odd: not finite */
};

static void measure(struct range *r, const void *value, bool single, long count)
{
  for (long i = 0; i < count; i++) {
    const double x = single ? (double)((const float *)value)[i] : ((const double *)value)[i];
    if (!isfinite(x)) {
      r->odd++;
      continue;
    }
    r->squares += x * x;
    r->least = fmin(r->least, x);
    r->most = fmax(r->most, x);
  }
  r->count += count;
}

/* Are there as many numbers as the shape claims, in rows of up to 128 MiB? */
static bool can_be_measured(hid_t set, long rows)
{
  const double longest = 1 << 27;

  return h5_holds(set, true) && (rows == 0 || h5_claimed(set) / (double)rows <= longest);
}

/* The part of the digest of a dataset's data that rows i to i + count have. */
static unsigned long long digest_rows(const char *path, const struct side *side, long i, long count,
                                      void *value)
{
  const struct field part = {.path = path,
                             .dims = side->dims,
                             .shape = {side->shape[0], side->shape[1]},
                             .lo = i,
                             .hi = i + count,
                             .ld = side->shape[1],
                             .single = side->single,
                             .data = value};

  return field_digest(&part);
}

/* Slab by slab: a dataset may be larger than the memory of one rank. A sealed one is read in its
 * own precision, for its digest. */
static bool measure_set(hid_t set, const char *path, const struct side *side, int dims,
                        const hsize_t *shape, struct range *r, unsigned long long *digest)
{
  const bool single = side->sealed && side->single;
  const hid_t type = single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
  hsize_t start[H5S_MAX_RANK] = {0}, count[H5S_MAX_RANK];
  long row = 1, rows = (long)shape[0];

  for (int d = 1; d < dims; d++) row *= (long)shape[d];
  *r = (struct range){.least = INFINITY, .most = -INFINITY};
  long step = h5_slab_rows((row ? row : 1) * 8);
  if (step > rows) step = rows;
  double *value = fail_alloc((size_t)(step * row) + 1, sizeof *value);
  hid_t space = CHECK_H5(H5Dget_space(set));
  bool good = true;
  memcpy(count, shape, (size_t)dims * sizeof *count);
  for (long i = 0; good && row > 0 && i < rows; i += step) {
    start[0] = (hsize_t)i;
    count[0] = (hsize_t)(i + step < rows ? step : rows - i);
    CHECK_H5(H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    hid_t memory = CHECK_H5(H5Screate_simple(dims, count, NULL));
    good = H5Dread(set, type, memory, space, H5P_DEFAULT, value) >= 0;
    if (good) measure(r, value, single, (long)count[0] * row);
    if (good && side->sealed) *digest += digest_rows(path, side, i, (long)count[0], value);
    H5Sclose(memory);
  }
  H5Sclose(space);
  free(value);
  return good;
}

static const char *type_name(hid_t type)
{
  size_t size = H5Tget_size(type);

  if (H5Tget_class(type) == H5T_FLOAT) return size == 8 ? "double" : size == 4 ? "float" : "real";
  return size == 8 ? "int64" : size == 4 ? "int32" : "integer";
}

static void print_range(FILE *out, const struct range *r)
{
  if (r->count == r->odd)
    fprintf(out, " %12s %12s %12s", "-", "-", "-");
  else
    fprintf(out, " %12.6g %12.6g %12.6g", sqrt(r->squares), r->least, r->most);
}

/* One line of the table of datasets; texts are shown elsewhere. */
static void print_set(FILE *out, struct h5 *f, const char *name, hid_t set)
{
  hsize_t shape[H5S_MAX_RANK] = {1};
  hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  int dims = H5Sget_simple_extent_dims(space, shape, NULL);
  H5T_class_t class = H5Tget_class(type);
  struct range r = {0};

  if (dims >= 1 && (class == H5T_FLOAT || class == H5T_INTEGER)) {
    char *unit = h5_get_text(set, "unit"), *about = h5_get_text(set, "about");
    char text[64];
    int length = snprintf(text, sizeof text, "%llu", (unsigned long long)shape[0]);

    for (int d = 1; d < dims && length < (int)sizeof text; d++)
      length += snprintf(text + length, sizeof text - (size_t)length, " x %llu",
                         (unsigned long long)shape[d]);
    fprintf(out, "  /%-22s %16s  %-7s %-8s", name, text, type_name(type), unit ? unit : "");
    const struct side side = side_of(set);
    char *path = fail_text("/%s", name);
    unsigned long long digest = 0;
    if (!can_be_measured(set, (long)shape[0]))
      fprintf(out, " claims more numbers than the file holds");
    else if (measure_set(set, path, &side, dims, shape, &r, &digest))
      print_range(out, &r);
    else
      h5_try(f, -1, name);
    if (side.sealed) h5_judge_digest(f, path, side.digest, digest);
    free(path);
    if (about) fprintf(out, "  %s", about);
    if (f->ok && r.odd) fprintf(out, " (%ld not finite)", r.odd);
    fprintf(out, "\n");
    free(about);
    free(unit);
  }
  H5Tclose(type);
  H5Sclose(space);
}

struct visit {
  FILE *out;
  struct h5 *f;
};

static herr_t visit_object(hid_t root, const char *name, const H5O_info_t *info, void *data)
{
  struct visit *v = data;

  if (info->type != H5O_TYPE_DATASET) return 0;
  hid_t set = h5_try(v->f, H5Dopen2(root, name, H5P_DEFAULT), name);
  if (set >= 0) print_set(v->out, v->f, name, set);
  H5Dclose(set);
  return 0;
}

void info_sets(FILE *out, struct h5 *f)
{
  struct visit v = {out, f};

  fprintf(out, "datasets\n  %-23s %16s  %-7s %-8s %12s %12s %12s  %s\n", "name", "shape", "type",
          "unit", "norm", "least", "most", "about");
  h5_try(f, H5Ovisit2(f->file, H5_INDEX_NAME, H5_ITER_INC, visit_object, &v, H5O_INFO_BASIC),
         "cannot be listed");
}

static herr_t print_attribute(hid_t group, const char *name, const H5A_info_t *info, void *out)
{
  (void)info;
  char *text = h5_get_text(group, name);
  double value;

  if (text)
    fprintf(out, "  %-16s %s\n", name, text);
  else if (h5_get(group, name, H5T_NATIVE_DOUBLE, 0, &value))
    fprintf(out, "  %-16s %.17g\n", name, value);
  else
    fprintf(out, "  %-16s (several numbers)\n", name);
  free(text);
  return 0;
}

void info_group(FILE *out, struct h5 *f, const char *path)
{
  if (!h5_has(f->file, path)) return;
  fprintf(out, "%s\n", path + 1);
  H5Aiterate_by_name(f->file, path, H5_INDEX_NAME, H5_ITER_INC, NULL, print_attribute, out,
                     H5P_DEFAULT);
}

void info_job(FILE *out, const char *text)
{
  if (!text) return;
  fprintf(out, "job\n");
  while (*text) {
    size_t length = strcspn(text, "\n");

    fprintf(out, "  %.*s\n", (int)length, text);
    text += length + (text[length] == '\n');
  }
}

static void print_state(FILE *out, struct h5 *f, hid_t root)
{
  struct state_header head;
  long version = 0;

  if (h5_read_header(f, &head)) {
    h5_get(root, "version", H5T_NATIVE_LONG, 0, &version);
    if (head.resumable)
      fprintf(out,
              "%s: a tauflow state file, version %ld\n"
              "t = %.17g s, after %ld presentations, status %s\n",
              f->path, version, head.t, head.presentation, head.status);
    else
      fprintf(out, "%s: weights to start from, not written by tauflow\n", f->path);
    fprintf(out, "network widths");
    for (int l = 0; l <= head.layers; l++) fprintf(out, " %ld", head.widths[l]);
    fprintf(out, "\n");
    info_sets(out, f);
    info_group(out, f, "/solver");
    info_job(out, head.job);
    info_group(out, f, "/code");
  }
  store_free_header(&head);
}

static void print_series(FILE *out, struct h5 *f, hid_t root)
{
  long version = 0;
  char *job = h5_get_text_set(f->file, "/job/yaml");

  if (h5_get(root, "version", H5T_NATIVE_LONG, 0, &version) && version == SERIES_VERSION) {
    fprintf(out, "%s: a tauflow series file, version %ld\n", f->path, version);
    info_sets(out, f);
    info_job(out, job);
    info_group(out, f, "/code");
  } else {
    faults_add(f->faults, "%s: is a series file of version %ld: this program reads %d", f->path,
               version, SERIES_VERSION);
  }
  free(job);
}

int info_print(FILE *out, const char *path, struct faults *faults)
{
  struct h5 f = h5_new(path, faults);
  struct stat info;
  int before = faults->count;

  if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) {
    info_folder(out, path, faults);
  } else if (h5_open_state(&f)) {
    hid_t root = H5Gopen2(f.file, "/", H5P_DEFAULT);
    char *format = h5_get_text(root, "format");

    if (format && strcmp(format, "tauflow-series") == 0)
      print_series(out, &f, root);
    else if (format && strcmp(format, "tauflow-sweep") == 0)
      info_sweep(out, &f, root);
    else
      print_state(out, &f, root);
    free(format);
    H5Gclose(root);
  }
  h5_close(&f);
  return faults->count == before ? 0 : 2;
}
