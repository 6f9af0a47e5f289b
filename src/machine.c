/* SPDX-License-Identifier: BSD-3-Clause */
#include "machine.h"
#include "folder.h"
#include "job_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const machine_kernel_name[KERNELS] = {"kernel_rows",    "kernel_rows2",
                                                  "kernel_columns", "kernel_fold",
                                                  "kernel_combine", "relax_gated_step"};

const char *const machine_method_name[METHODS] = {"cascade", "lockstep"};

/* One line of the file. */
struct constant {
  char name[48];
  const char *unit;
  long count;
  double *value;   /* [count] borrowed */
  bool may_lack;   /* "unknown" will do */
  bool increasing; /* as a list */
  size_t line;     /* where it was read; 0: not yet */
};

enum { CONSTANTS = 6 + 2 * (3 + 2 * (KERNELS * PRECISIONS - 1) + 2 * METHODS) };

struct constants {
  double ranks;
  int count;
  struct constant list[CONSTANTS];
};

static struct constant *add(struct constants *all, const char *prefix, const char *name,
                            const char *suffix, const char *unit, long count, double *value)
{
  struct constant *c = &all->list[all->count++];

  EXPECT(all->count <= CONSTANTS);
  *c = (struct constant){.unit = unit, .count = count, .value = value};
  snprintf(c->name, sizeof c->name, "%s%s%s", prefix, name, suffix);
  return c;
}

static void add_rates(struct constants *all, const char *prefix, struct machine_rates *r)
{
  static const char *const suffix[PRECISIONS][2] = {{"_f64", "_f64_call"}, {"_f32", "_f32_call"}};
  static const char *const plain[2] = {"", "_call"};

  add(all, prefix, "triad", "", "bytes/s", MACHINE_LEVELS, r->triad);
  add(all, prefix, "read", "", "bytes/s", MACHINE_LEVELS, r->read);
  add(all, prefix, "fma", "", "flop/s", PRECISIONS, r->fma);
  for (int k = 0; k < KERNELS; k++)
    for (int p = 0; p < (k == KERNEL_RELAX ? 1 : PRECISIONS); p++) {
      const char *const *end = k == KERNEL_RELAX ? plain : suffix[p];
      const char *unit = k == KERNEL_RELAX ? "elements/s" : "flop/s";
      add(all, prefix, machine_kernel_name[k], end[0], unit, MACHINE_WIDTHS, r->kernel[k][p]);
      add(all, prefix, machine_kernel_name[k], end[1], "s", 1, &r->call[k][p]);
    }
  for (int k = 0; k < METHODS; k++) {
    add(all, prefix, machine_method_name[k], "_stage", "s", PRECISIONS, r->stage[k]);
    add(all, prefix, machine_method_name[k], "_row", "s", PRECISIONS, r->row[k]);
  }
}

/* Every line of the file, in order, pointing into *m. */
static void list_constants(struct constants *all, struct machine *m)
{
  *all = (struct constants){.ranks = m->ranks};
  add(all, "", "ranks", "", "", 1, &all->ranks);
  add(all, "", "level", "", "bytes", MACHINE_LEVELS, m->level)->increasing = true;
  add(all, "", "width", "", "", MACHINE_WIDTHS, m->width)->increasing = true;
  add_rates(all, "alone_", &m->alone);
  add_rates(all, "together_", &m->together);
  add(all, "", "latency", "", "s", 1, &m->latency)->may_lack = true;
  add(all, "", "bandwidth", "", "bytes/s", 1, &m->bandwidth)->may_lack = true;
  add(all, "", "reduce", "", "s", 1, &m->reduce)->may_lack = true;
}

static void blank_rates(struct machine_rates *r)
{
  double *x = (double *)r;

  for (size_t i = 0; i < sizeof *r / sizeof *x; i++) x[i] = NAN;
}

struct machine machine_blank(void)
{
  static const double levels[MACHINE_LEVELS] = {16 * 1024, 256 * 1024, 4 << 20, 256 << 20};
  struct machine m = {.ranks = 1, .latency = NAN, .bandwidth = NAN, .reduce = NAN};

  blank_rates(&m.alone);
  blank_rates(&m.together);
  for (int k = 0; k < MACHINE_LEVELS; k++) m.level[k] = levels[k];
  for (int k = 0; k < MACHINE_WIDTHS; k++) m.width[k] = ldexp(1, 6 + k);
  return m;
}

/* --- the file --- */

static void print_number(FILE *out, double x)
{
  if (isnan(x))
    fprintf(out, "unknown");
  else
    fprintf(out, "%.9g", x);
}

static void print_constant(FILE *out, const struct constant *c)
{
  fprintf(out, "%s: %s", c->name, c->count > 1 ? "[" : "");
  for (long i = 0; i < c->count; i++) {
    fprintf(out, "%s", i ? ", " : "");
    print_number(out, c->value[i]);
  }
  fprintf(out, "%s%s%s\n", c->count > 1 ? "]" : "", c->unit[0] ? "  # " : "", c->unit);
}

char *machine_text(const struct machine *m)
{
  struct machine copy = *m;
  struct constants all;
  char *text = NULL;
  size_t length = 0;
  FILE *out = open_memstream(&text, &length);

  CHECK(out, "out of memory: cannot write the constants of a machine");
  list_constants(&all, &copy);
  fprintf(out, "# Constants of a machine, measured by tauflow bench; include/machine.h explains "
               "them.\n# fma, _stage, _row: double, single\n");
  for (int k = 0; k < all.count; k++) print_constant(out, &all.list[k]);
  CHECK(fclose(out) == 0, "out of memory: cannot write the constants of a machine");
  return text;
}

bool machine_write(const struct machine *m, const char *path, struct faults *faults)
{
  char *text = machine_text(m);
  const bool ok = folder_write_text(path, text, faults);

  free(text);
  return ok;
}

/* One number of a constant; not a number and a fault if it is none, or out of limits. */
static double number_of(const struct constant *c, const char *word, const char *place,
                        struct faults *faults)
{
  const struct key key = {c->name, KEY_REAL, KEY_FIXED, NULL, 0, INFINITY, true, NULL, c->unit, ""};
  const struct given given = {.count = 1, .word = &word};
  struct value value;

  if (c->may_lack && word && strcmp(word, "unknown") == 0) return NAN;
  return value_read(&value, &key, &given, "", place, faults) ? value.real : NAN;
}

static void take_numbers(const struct constant *c, const struct given *given, const char *place,
                         struct faults *faults)
{
  const int before = faults->count;

  if (given->count != c->count || given->list != (c->count > 1)) {
    char *must =
        c->count > 1 ? fail_text("a list of %ld numbers", c->count) : fail_text("one number");
    faults_add(faults, "%s: must be %s (%s)", c->name, must, place);
    free(must);
    return;
  }
  for (long i = 0; i < c->count; i++) c->value[i] = number_of(c, given->word[i], place, faults);
  for (long i = 1; c->increasing && faults->count == before && i < c->count; i++)
    if (c->value[i] <= c->value[i - 1])
      faults_add(faults, "%s: %g after %g: must increase (%s)", c->name, c->value[i],
                 c->value[i - 1], place);
}

static void take_line(void *own, const struct reading *r, const char *name, size_t line,
                      const struct given *given)
{
  struct constants *all = own;
  struct constant *c = NULL;

  for (int k = 0; !c && k < all->count; k++)
    if (strcmp(all->list[k].name, name) == 0) c = &all->list[k];
  if (!c) {
    job_complain(r, line, name, "no constant of a machine has this name");
  } else if (c->line) {
    job_complain(r, line, name, "given twice");
  } else {
    char *place = fail_text("%s:%zu", r->origin, line);
    c->line = line;
    take_numbers(c, given, place, r->faults);
    free(place);
  }
}

static void complain_of_lack(const struct constants *all, const char *path, struct faults *faults)
{
  const struct constant *first = NULL;
  int lacking = 0;

  for (int k = all->count - 1; k >= 0; k--)
    if (!all->list[k].line) {
      first = &all->list[k];
      lacking++;
    }
  if (lacking)
    faults_add(faults, "%s: lacks %d of the %d constants, first %s; tauflow bench --out writes all",
               path, lacking, all->count, first->name);
}

bool machine_read(struct machine *m, const char *path, struct faults *faults)
{
  const int before = faults->count;
  char *text = folder_read_text(path, faults);
  struct reading r = {.text = text, .origin = path, .lines = true, .faults = faults};
  struct constants all;

  *m = machine_blank();
  list_constants(&all, m);
  if (text && yaml_read_flat(&r, take_line, &all)) complain_of_lack(&all, path, faults);
  free(text);
  if (faults->count == before && !(all.ranks <= 1e6 && all.ranks == floor(all.ranks)))
    faults_add(faults, "ranks = %g: must be a whole number, at most a million (%s)", all.ranks,
               path);
  if (faults->count == before && all.ranks == 1 && isfinite(m->reduce))
    faults_add(faults, "reduce = %g: must be unknown where ranks is 1 (%s)", m->reduce, path);
  if (faults->count > before) return false;
  m->ranks = (int)all.ranks;
  return true;
}

/* --- between the measured points --- */

/* y at x, on the straight line in the logarithms; outside, that of the nearest point. */
static double between(int n, const double *xs, const double *ys, double x)
{
  int k = 1;

  if (!(x > xs[0])) return ys[0];
  if (x >= xs[n - 1]) return ys[n - 1];
  while (x > xs[k]) k++;
  const double part = log(x / xs[k - 1]) / log(xs[k] / xs[k - 1]);
  return ys[k - 1] * pow(ys[k] / ys[k - 1], part);
}

double machine_rate(const struct machine *m, const struct machine_rates *r,
                    enum machine_kernel kernel, enum precision precision, double width)
{
  const enum precision p = kernel == KERNEL_RELAX ? IN_DOUBLE : precision;

  return between(MACHINE_WIDTHS, m->width, r->kernel[kernel][p], width);
}

double machine_bandwidth(const struct machine *m, const struct machine_rates *r, double bytes)
{
  return between(MACHINE_LEVELS, m->level, r->read, bytes);
}
