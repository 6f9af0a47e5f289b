/* SPDX-License-Identifier: BSD-3-Clause */
#include "trace.h"
#include "series.h"
#include "solver.h"
#include <stdlib.h>
#include <string.h>

enum { BUFFER = 1 << 17, CLOCK = 3 }; /* numbers kept before they are written; columns of time */

const struct key trace_keys[] = {
    {"record.trace", KEY_INTEGERS, KEY_LATER, "", 0, 1e15, false, NULL, "",
     "presentations, counted from 0, whose signals to write to trace.h5 at every step"},
    {"record.trace_units", KEY_INTEGER, KEY_LATER, "8", 1, 65536, false, NULL, "units",
     "how many units of each layer to trace, from the first"},
    {0},
};

/* The first units of a stage: its values, or its drive. */
struct channel {
  int stage;
  bool drive;
  long units;
};

struct trace {
  struct system *sys; /* borrowed */
  struct observer observer;
  struct faults *faults; /* borrowed, while watching */
  char *path;
  const long *wanted; /* [count] presentations; borrowed from the job */
  long count;
  struct channel *channel; /* [channels] */
  int channels;
  long inputs, outputs; /* numbers of x and of the target in a row */

  struct table table;
  struct column *column; /* [CLOCK + 2 + channels] names of channels are owned */
  long width;            /* numbers in a row */
  double *target;        /* [n_L] */
  double *own, *all;     /* this rank's numbers of a row; those of all ranks, on rank 0 */
  int *each, *first;     /* [size] how many numbers each rank sends, and where they begin */
  double *buffer;        /* [most][width] rows not yet written, on rank 0 */
  long rows, most;
};

static void see(void *who, const struct moment *at);

void trace_check(const struct job *job, struct faults *faults)
{
  const long samples = job_integer(job, "present.samples");
  long count;
  const long *wanted = job_integers(job, "record.trace", &count);

  if (count > 0 && solver_kind_of(job)->jumps) {
    faults_add(faults, "record.trace: solver %s has no signals within a presentation to trace (%s)",
               solver_kind_of(job)->name, job_place(job, "record.trace"));
    return;
  }
  for (long k = 0; k < count; k++)
    if (wanted[k] >= samples) {
      faults_add(faults,
                 "record.trace = %ld: the last presentation is %ld, counted from 0 "
                 "(present.samples = %ld) (%s)",
                 wanted[k], samples - 1, samples, job_place(job, "record.trace"));
      return;
    }
}

static long lesser(long a, long b)
{
  return a < b ? a : b;
}

/* The drive of every activity, and the value of every stage, as they come in the cascade. */
static void list_channels(struct trace *t, long units)
{
  const struct model *m = t->sys->model;

  t->channel = fail_alloc(2 * (size_t)m->stages, sizeof *t->channel);
  for (int k = 0; k < m->stages; k++) {
    const long n = lesser(units, m->net->n[m->stage[k].layer]);
    if (m->stage[k].family == ACTIVITY) t->channel[t->channels++] = (struct channel){k, true, n};
    t->channel[t->channels++] = (struct channel){k, false, n};
  }
}

static void list_columns(struct trace *t)
{
  const struct model *m = t->sys->model;
  const struct column always[CLOCK + 2] = {
      {"presentation", 1, "the presentation shown, from 0", "1", false},
      {"t", 1, "simulated time", "s", false},
      {"u", 1, "time within the presentation", "s", false},
      {"x", (int)t->inputs, "input x(t), its first values", "1", true},
      {"target", (int)t->outputs, "target y*(t), its first values", "1", true}};

  t->column = fail_alloc((size_t)(CLOCK + 2 + t->channels), sizeof *t->column);
  memcpy(t->column, always, sizeof always);
  for (int c = 0; c < t->channels; c++) {
    const struct channel *ch = &t->channel[c];
    const struct stage *stage = &m->stage[ch->stage];
    t->column[CLOCK + 2 + c] = (struct column){
        fail_text("layer%02d/%s", stage->layer, ch->drive ? "s" : stage->name), (int)ch->units,
        ch->drive ? "drive s of the layer's first units" : "value of the layer's first units", "1",
        true};
  }
  t->table = (struct table){"/", CLOCK + 2 + t->channels, t->column};
  for (int c = 0; c < t->table.columns; c++) t->width += t->column[c].width;
}

/* Rows [*lo, *hi) of a channel that `rank` owns. */
static void channel_rows(const struct trace *t, const struct channel *ch, int rank, long *lo,
                         long *hi)
{
  partition_rows(t->sys->part, t->sys->model->stage[ch->stage].layer, rank, lo, hi);
  *hi = lesser(*hi, ch->units);
  if (*lo > *hi) *lo = *hi;
}

static void plan_gathering(struct trace *t)
{
  const struct partition *part = t->sys->part;
  int sum = 0;

  t->each = fail_alloc((size_t)part->size, sizeof *t->each);
  t->first = fail_alloc((size_t)part->size, sizeof *t->first);
  for (int r = 0; r < part->size; r++) {
    for (int c = 0; c < t->channels; c++) {
      long lo, hi;
      channel_rows(t, &t->channel[c], r, &lo, &hi);
      t->each[r] += (int)(hi - lo);
    }
    t->first[r] = sum;
    sum += t->each[r];
  }
  t->own = fail_alloc((size_t)t->each[part->rank], sizeof *t->own);
  if (part->rank != 0) return;
  t->all = fail_alloc((size_t)sum, sizeof *t->all);
  t->most = t->width < BUFFER ? BUFFER / t->width : 1;
  t->buffer = fail_alloc((size_t)(t->most * t->width), sizeof *t->buffer);
}

struct trace *trace_create(struct system *sys, const struct job *job, const char *path)
{
  const long units = job_integer(job, "record.trace_units");
  long count;
  const long *wanted = job_integers(job, "record.trace", &count);

  if (count == 0) return NULL;
  struct trace *t = fail_alloc(1, sizeof *t);
  t->sys = sys;
  t->observer = (struct observer){.see = see, .who = t};
  t->path = fail_text("%s", path);
  t->wanted = wanted;
  t->count = count;
  t->inputs = lesser(units, sys->net->n[0]);
  t->outputs = lesser(units, sys->presenter->outputs);
  t->target = fail_alloc((size_t)sys->presenter->outputs, sizeof *t->target);
  list_channels(t, units);
  list_columns(t);
  plan_gathering(t);
  return t;
}

void trace_destroy(struct trace *t)
{
  if (!t) return;
  for (int c = 0; c < t->channels; c++) free((char *)t->column[CLOCK + 2 + c].name);
  free(t->path);
  free(t->channel);
  free(t->column);
  free(t->target);
  free(t->own);
  free(t->all);
  free(t->each);
  free(t->first);
  free(t->buffer);
  free(t);
}

bool trace_begin(struct trace *t, const char *job, struct faults *faults)
{
  return !t || series_create(t->path, job, 1, &t->table, faults);
}

bool trace_resume(struct trace *t, long done, struct faults *faults)
{
  return !t || series_truncate(t->path, 1, &t->table, done - 1, faults);
}

bool trace_wants(const struct trace *t, long p)
{
  for (long k = 0; t && k < t->count; k++)
    if (t->wanted[k] == p) return true;
  return false;
}

struct observer *trace_watch(struct trace *t, struct observer *others, struct faults *faults)
{
  t->observer.next = others;
  t->faults = faults;
  return &t->observer;
}

void trace_flush(struct trace *t)
{
  if (t->rows > 0) series_append_rows(t->path, &t->table, t->rows, t->buffer, t->faults);
  t->rows = 0;
}

/* What every rank knows: time, input and target. Returns where the channels begin. */
static double *put_clock(const struct trace *t, double u, double *row)
{
  const struct presenter *pr = t->sys->presenter;
  const double b = presenter_blend(pr, u);

  *row++ = (double)pr->p;
  *row++ = (double)pr->p * pr->duration + u;
  *row++ = u;
  for (long j = 0; j < t->inputs; j++) *row++ = (1 - b) * pr->x_from[j] + b * pr->x_to[j];
  presenter_target(pr, u, u, t->target);
  memcpy(row, t->target, (size_t)t->outputs * sizeof *row);
  return row + t->outputs;
}

/* Ranks send their rows channel after channel; here they find their places. */
static void put_channels(const struct trace *t, double *row)
{
  for (int r = 0; r < t->sys->part->size; r++) {
    const double *from = t->all + t->first[r];
    double *place = row;
    for (int c = 0; c < t->channels; c++) {
      long lo, hi;
      channel_rows(t, &t->channel[c], r, &lo, &hi);
      if (lo < hi) memcpy(place + lo, from, (size_t)(hi - lo) * sizeof *place);
      from += hi - lo;
      place += t->channel[c].units;
    }
  }
}

static void see(void *who, const struct moment *at)
{
  struct trace *t = who;
  const struct partition *part = t->sys->part;
  double *to = t->own;

  for (int c = 0; c < t->channels; c++) {
    const struct channel *ch = &t->channel[c];
    long lo, hi;
    channel_rows(t, ch, part->rank, &lo, &hi);
    if (lo == hi) continue;
    const double *from = ch->drive ? at->drive[ch->stage] : at->value[ch->stage];
    memcpy(to, from + lo, (size_t)(hi - lo) * sizeof *to);
    to += hi - lo;
  }
  CHECK_MPI(MPI_Gatherv(t->own, t->each[part->rank], MPI_DOUBLE, t->all, t->each, t->first,
                        MPI_DOUBLE, 0, t->sys->comm));
  if (part->rank != 0) return;
  double *row = t->buffer + t->rows++ * t->width;
  put_channels(t, put_clock(t, at->u, row));
  if (t->rows == t->most) trace_flush(t);
}
