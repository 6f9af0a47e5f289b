/* SPDX-License-Identifier: BSD-3-Clause */
#include "gather.h"
#include "code.h"
#include "member.h"
#include "folder.h"
#include "store_h5.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a column of series.h5 comes from and goes to. */
enum { CURVES, TESTS, GROUPS };
static const char *const source_group[] = {"/", "/test"};
static const char *const target_group[] = {"/curves", "/test"};

/* A column that some member's series has. */
struct curve {
  int group;
  char *name, *unit, *about; /* owned; unit and about may be NULL */
  int dims;                  /* 1: [rows]; 2: [rows][width] */
  hsize_t rows, width;       /* the most of all members */
};

struct gathering {
  const struct job *job; /* borrowed */
  const char *out;
  long members;
  struct facts *facts;        /* [members] */
  enum member_status *status; /* [members] */
  long *rows[GROUPS];         /* [members] */
  int curves;
  struct curve *curve; /* [curves] */
  struct h5 h5;        /* the file being written */
};

/* --- first look at the members: what there is, and how large --- */

static struct curve *find_curve(struct gathering *g, int group, const char *name)
{
  for (int k = 0; k < g->curves; k++)
    if (g->curve[k].group == group && strcmp(g->curve[k].name, name) == 0) return &g->curve[k];
  struct curve *more = fail_alloc((size_t)g->curves + 1, sizeof *more);
  if (g->curves > 0) memcpy(more, g->curve, (size_t)g->curves * sizeof *more);
  free(g->curve);
  g->curve = more;
  more[g->curves] = (struct curve){.group = group, .name = fail_text("%s", name)};
  return &more[g->curves++];
}

struct series_visit {
  struct gathering *g;
  int group;
  long rows; /* the fewest of its columns: a crash may have left some longer; -1: none yet */
};

static herr_t visit_column(hid_t group, const char *name, const H5L_info_t *info, void *data)
{
  struct series_visit *v = data;
  hsize_t shape[H5S_MAX_RANK] = {0, 1};
  H5O_info_t object;

  (void)info;
  if (H5Oget_info_by_name2(group, name, &object, H5O_INFO_BASIC, H5P_DEFAULT) < 0 ||
      object.type != H5O_TYPE_DATASET)
    return 0;
  hid_t set = H5Dopen2(group, name, H5P_DEFAULT), space = H5Dget_space(set);
  const int dims = H5Sget_simple_extent_dims(space, shape, NULL);
  if ((dims == 1 || dims == 2) && h5_holds(set, true)) {
    struct curve *c = find_curve(v->g, v->group, name);
    const hsize_t width = dims == 2 ? shape[1] : 1;
    if (!c->dims) {
      c->unit = h5_get_text(set, "unit");
      c->about = h5_get_text(set, "about");
      c->dims = dims;
    }
    if (shape[0] > c->rows) c->rows = shape[0];
    if (width > c->width) c->width = width;
    if (v->rows < 0 || (long)shape[0] < v->rows) v->rows = (long)shape[0];
  }
  H5Sclose(space);
  H5Dclose(set);
  return 0;
}

/* Open the series of a member whose curves count; false if it has none that can be read. */
static bool open_series(const struct gathering *g, long member, char **path, struct h5 *f,
                        struct faults *quiet)
{
  char *folder = member_folder(g->out, member);

  *path = folder_path(folder, "series.h5");
  *f = h5_new(*path, quiet);
  free(folder);
  return g->status[member] > MEMBER_BEGUN && access(*path, R_OK) == 0 && h5_open(f, false);
}

static void look_at(struct gathering *g, long member, struct faults *missing)
{
  struct faults quiet = {0};
  struct h5 f;
  char *folder = member_folder(g->out, member), *path;

  g->facts[member] = facts_read(folder);
  g->status[member] = member_look(folder, &g->facts[member]);
  if (open_series(g, member, &path, &f, &quiet)) {
    for (int k = 0; k < GROUPS; k++) {
      struct series_visit v = {.g = g, .group = k, .rows = -1};
      hid_t group = h5_has(f.file, source_group[k]) ? H5Gopen2(f.file, source_group[k], H5P_DEFAULT)
                                                    : H5I_INVALID_HID;
      if (group >= 0) H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, visit_column, &v);
      H5Gclose(group);
      g->rows[k][member] = v.rows > 0 ? v.rows : 0;
    }
  }
  h5_close(&f);
  if (quiet.count > 0)
    faults_add(missing, "%.*s; sweep.h5 lacks the curves of member %ld",
               (int)strcspn(quiet.text, "\n"), quiet.text, member);
  faults_clear(&quiet);
  free(path);
  free(folder);
}

/* --- datasets of the sweep file --- */

static void end_set(struct gathering *g, hid_t set, const char *about, const char *unit)
{
  if (set >= 0) {
    h5_put_text(&g->h5, set, "about", about ? about : "");
    h5_put_text(&g->h5, set, "unit", unit ? unit : "");
  }
  h5_end_set(&g->h5, set);
}

static hid_t make_set(struct gathering *g, const char *path, hid_t type, int dims,
                      const hsize_t *shape)
{
  hid_t space = CHECK_H5(H5Screate_simple(dims, shape, NULL));
  hid_t create = h5_timeless(H5P_DATASET_CREATE);
  const double nothing = NAN;

  if (H5Tget_class(type) == H5T_FLOAT)
    CHECK_H5(H5Pset_fill_value(create, H5T_NATIVE_DOUBLE, &nothing));
  h5_make_parents(&g->h5, path);
  hid_t set = h5_try(
      &g->h5, H5Dcreate2(g->h5.file, path, type, space, H5P_DEFAULT, create, H5P_DEFAULT), path);
  H5Pclose(create);
  H5Sclose(space);
  return set;
}

/* One value a member. */
static void write_set(struct gathering *g, const char *path, hid_t file_type, hid_t memory_type,
                      const void *values, const char *about, const char *unit)
{
  const hsize_t members = (hsize_t)g->members;
  hid_t set = make_set(g, path, file_type, 1, &members);

  h5_try(&g->h5, H5Dwrite(set, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), path);
  end_set(g, set, about, unit);
}

/* NULL stands for an empty text. */
static void write_texts(struct gathering *g, const char *path, const char *const *text,
                        const char *about)
{
  size_t size = 1;

  for (long i = 0; i < g->members; i++)
    if (text[i] && strlen(text[i]) + 1 > size) size = strlen(text[i]) + 1;
  char *all = fail_alloc((size_t)g->members * size, 1);
  for (long i = 0; i < g->members; i++)
    if (text[i]) strcpy(all + (size_t)i * size, text[i]);
  hid_t type = CHECK_H5(H5Tcopy(H5T_C_S1));
  CHECK_H5(H5Tset_size(type, size));
  CHECK_H5(H5Tset_cset(type, H5T_CSET_UTF8));
  write_set(g, path, type, type, all, about, "");
  H5Tclose(type);
  free(all);
}

/* --- keys --- */

static void write_numbers_of_key(struct gathering *g, const char *path, int k, char *const *word)
{
  const struct key *key = job_swept_key(g->job, k);
  const bool whole = key->type == KEY_INTEGER;
  double *real = fail_alloc((size_t)g->members, sizeof *real);
  long *integer = fail_alloc((size_t)g->members, sizeof *integer);

  for (long i = 0; i < g->members; i++) {
    const char *text = word[job_swept_index(g->job, k, i)];
    real[i] = strtod(text, NULL);
    integer[i] = strtol(text, NULL, 10);
  }
  write_set(g, path, whole ? H5T_STD_I64LE : H5T_IEEE_F64LE,
            whole ? H5T_NATIVE_LONG : H5T_NATIVE_DOUBLE, whole ? (void *)integer : (void *)real,
            key->meaning, key->unit);
  free(real);
  free(integer);
}

static void write_texts_of_key(struct gathering *g, const char *path, int k, char *const *word)
{
  const char **text = fail_alloc((size_t)g->members, sizeof *text);

  for (long i = 0; i < g->members; i++) text[i] = word[job_swept_index(g->job, k, i)];
  write_texts(g, path, text, job_swept_key(g->job, k)->meaning);
  free(text);
}

static void write_key(struct gathering *g, int k)
{
  const struct key *key = job_swept_key(g->job, k);
  const long count = job_swept_count(g->job, k);
  char *path = fail_text("/keys/%s", key->name);
  char **word = fail_alloc((size_t)count, sizeof *word);

  for (long v = 0; v < count; v++) word[v] = job_swept_word(g->job, k, v);
  if (key->type == KEY_REAL || key->type == KEY_TIME || key->type == KEY_INTEGER)
    write_numbers_of_key(g, path, k, word);
  else
    write_texts_of_key(g, path, k, word);
  for (long v = 0; v < count; v++) free(word[v]);
  free(word);
  free(path);
}

static void write_keys(struct gathering *g)
{
  char *order = fail_text("%s", "");

  for (int k = 0; k < job_swept(g->job); k++) {
    char *longer = fail_text("%s%s%s", order, k > 0 ? ", " : "", job_swept_key(g->job, k)->name);
    free(order);
    order = longer;
    write_key(g, k);
  }
  hid_t group = h5_try(&g->h5, H5Gopen2(g->h5.file, "/keys", H5P_DEFAULT), "/keys");
  if (group >= 0) h5_put_text(&g->h5, group, "order", order);
  H5Gclose(group);
  free(order);
}

/* --- summaries --- */

/* What hangs on how a member was computed: its results are in /summary, this is in /cost. */
static bool is_cost(const char *name)
{
  static const char *const costs[] = {"wall_s",         "samples_per_s",     "reductions",
                                      "messages",       "bytes_sent",        "messages_per_step",
                                      "bytes_per_step", "peak_memory_MiB",   "ranks",
                                      "version",        "revision",          "hosts",
                                      "started",        "written",           "state_files",
                                      "state_files_s",  "weights_multiplied"};

  for (size_t k = 0; k < sizeof costs / sizeof *costs; k++)
    if (strcmp(name, costs[k]) == 0) return true;
  return false;
}

static bool ends_in(const char *name, const char *with)
{
  const size_t n = strlen(name), m = strlen(with);

  return n >= m && strcmp(name + n - m, with) == 0;
}

static const char *unit_of(const char *name)
{
  return ends_in(name, "_per_s") ? "1/s"
         : ends_in(name, "_s")   ? "s"
         : ends_in(name, "_MiB") ? "MiB"
                                 : "1";
}

/* strtod would take the digits of a fingerprint too. */
static bool read_number(const char *text, double *x)
{
  char *end;

  *x = strtod(text, &end);
  return end != text && *end == '\0' && !strchr(text, 'x');
}

static void write_fact(struct gathering *g, const char *name)
{
  char *path = fail_text("/%s/%s", is_cost(name) ? "cost" : "summary", name);
  double *number = fail_alloc((size_t)g->members, sizeof *number);
  const char **text = fail_alloc((size_t)g->members, sizeof *text);
  bool numbers = true;

  for (long i = 0; i < g->members; i++) {
    text[i] = facts_value(&g->facts[i], name);
    number[i] = NAN;
    if (text[i]) numbers = read_number(text[i], &number[i]) && numbers;
  }
  if (numbers)
    write_set(g, path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, number, "of summary.yml", unit_of(name));
  else
    write_texts(g, path, text, "of summary.yml");
  free(number);
  free(text);
  free(path);
}

/* Every name that some member has, once, and the status of all. */
static void write_facts(struct gathering *g)
{
  const char **word = fail_alloc((size_t)g->members, sizeof *word);

  for (long i = 0; i < g->members; i++) word[i] = member_word(g->status[i]);
  write_texts(g, "/summary/status", word, "waiting, running, stopped, done, diverged or failed");
  free(word);
  for (long i = 0; i < g->members && g->h5.ok; i++)
    for (int k = 0; k < g->facts[i].count && g->h5.ok; k++) {
      const char *name = g->facts[i].name[k];
      if (code_is_of_program(name) && !is_cost(name)) continue; /* it is in /code of its files */
      char *a = fail_text("/summary/%s", name), *b = fail_text("/cost/%s", name);
      if (!h5_has(g->h5.file, a) && !h5_has(g->h5.file, b)) write_fact(g, name);
      free(a);
      free(b);
    }
}

/* --- curves --- */

static hid_t make_curve(struct gathering *g, const struct curve *c)
{
  const hsize_t shape[3] = {(hsize_t)g->members, c->rows, c->width};
  char *path = fail_text("%s/%s", target_group[c->group], c->name);
  hid_t set = make_set(g, path, H5T_IEEE_F64LE, c->dims + 1, shape);

  free(path);
  return set;
}

/* One member's column, whole, from its file to its place. */
static void move_curve(struct gathering *g, const struct curve *c, long member, hid_t from,
                       hid_t to)
{
  hsize_t shape[2] = {0, 1};
  hid_t space = H5Dget_space(from);

  if (H5Sget_simple_extent_dims(space, shape, NULL) == c->dims) {
    const hsize_t rows = (hsize_t)g->rows[c->group][member];
    const hsize_t start[3] = {(hsize_t)member, 0, 0}, count[3] = {1, rows, shape[1]};
    double *value = fail_alloc((size_t)(shape[0] * shape[1]) + 1, sizeof *value);
    hid_t place = CHECK_H5(H5Dget_space(to));
    hid_t memory = CHECK_H5(H5Screate_simple(c->dims + 1, count, NULL));
    h5_try(&g->h5, H5Dread(from, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, value), c->name);
    CHECK_H5(H5Sselect_hyperslab(place, H5S_SELECT_SET, start, NULL, count, NULL));
    h5_try(&g->h5, H5Dwrite(to, H5T_NATIVE_DOUBLE, memory, place, H5P_DEFAULT, value), c->name);
    H5Sclose(memory);
    H5Sclose(place);
    free(value);
  }
  H5Sclose(space);
}

static void move_member(struct gathering *g, long member, const hid_t *set)
{
  struct faults quiet = {0};
  struct h5 f;
  char *path;

  if (open_series(g, member, &path, &f, &quiet))
    for (int k = 0; k < g->curves && g->h5.ok; k++) {
      const struct curve *c = &g->curve[k];
      char *name = fail_text("%s/%s", c->group == CURVES ? "" : source_group[c->group], c->name);
      hid_t from = set[k] >= 0 && g->rows[c->group][member] > 0 && h5_has(f.file, name)
                       ? H5Dopen2(f.file, name, H5P_DEFAULT)
                       : H5I_INVALID_HID;
      if (from >= 0) move_curve(g, c, member, from, set[k]);
      H5Dclose(from);
      free(name);
    }
  h5_close(&f);
  faults_clear(&quiet);
  free(path);
}

static void write_curves(struct gathering *g)
{
  hid_t *set = fail_alloc((size_t)g->curves + 1, sizeof *set);

  for (int k = 0; k < g->curves; k++)
    set[k] = g->curve[k].rows > 0 ? make_curve(g, &g->curve[k]) : H5I_INVALID_HID;
  for (long i = 0; i < g->members && g->h5.ok; i++)
    if (g->rows[CURVES][i] > 0 || g->rows[TESTS][i] > 0) move_member(g, i, set);
  for (int k = 0; k < g->curves; k++)
    if (set[k] >= 0) end_set(g, set[k], g->curve[k].about, g->curve[k].unit);
  for (int k = 0; k < GROUPS; k++) {
    char *path = fail_text("%s/rows", target_group[k]);
    write_set(g, path, H5T_STD_I64LE, H5T_NATIVE_LONG, g->rows[k],
              "rows of each member; what follows them is not-a-number", "1");
    free(path);
  }
  free(set);
}

/* --- the file --- */

static void write_file(struct gathering *g, const char *name)
{
  long version = SWEEP_VERSION;
  char *used = job_used(g->job);

  if (h5_create(&g->h5, name, H5F_LIBVER_EARLIEST, 0)) {
    hid_t root = H5Gopen2(g->h5.file, "/", H5P_DEFAULT);
    h5_put_text(&g->h5, root, "format", "tauflow-sweep");
    h5_put(&g->h5, root, "version", H5T_STD_I64LE, H5T_NATIVE_LONG, 0, &version);
    h5_put(&g->h5, root, "members", H5T_STD_I64LE, H5T_NATIVE_LONG, 0, &g->members);
    H5Gclose(root);
    h5_put_code(&g->h5);
    h5_put_job(&g->h5, used);
    write_keys(g);
    write_facts(g);
    write_curves(g);
  }
  free(used);
}

static void clear(struct gathering *g)
{
  for (long i = 0; i < g->members; i++) facts_clear(&g->facts[i]);
  for (int k = 0; k < g->curves; k++) {
    free(g->curve[k].name);
    free(g->curve[k].unit);
    free(g->curve[k].about);
  }
  for (int k = 0; k < GROUPS; k++) free(g->rows[k]);
  free(g->curve);
  free(g->facts);
  free(g->status);
}

bool gather_write(const struct job *job, const char *out, const char *ending,
                  struct faults *missing, struct faults *faults)
{
  struct gathering g = {.job = job, .out = out, .members = job_members(job)};
  const size_t members = (size_t)g.members;
  char *path = folder_path(out, "sweep.h5"), *fresh = fail_text("%s%s", path, ending);

  g.facts = fail_alloc(members, sizeof *g.facts);
  g.status = fail_alloc(members, sizeof *g.status);
  for (int k = 0; k < GROUPS; k++) g.rows[k] = fail_alloc(members, sizeof **g.rows);
  for (long i = 0; i < g.members; i++) look_at(&g, i, missing);
  g.h5 = h5_new(path, faults);
  write_file(&g, fresh);
  bool good = h5_close(&g.h5);
  if (good && rename(fresh, path) != 0) {
    faults_add(faults, "%s: cannot be written: %s", path, strerror(errno));
    good = false;
  }
  if (!good) unlink(fresh);
  clear(&g);
  free(path);
  free(fresh);
  return good;
}
