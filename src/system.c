/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"
#include <stdlib.h>
#include <string.h>

/* To the owners of every layer whose synapses multiply the stage. */
struct course system_value_course(const struct model *m, int stage, bool means)
{
  int *to = fail_alloc((size_t)m->synapses + 1, sizeof *to), count = 0;

  for (int k = 0; k < m->synapses; k++)
    if (m->synapse[k].pre == stage) to[count++] = m->synapse[k].layer;
  const struct course c = course_plan(m->part, m->stage[stage].layer, means ? 2 : 1, count, to);
  free(to);
  return c;
}

struct course system_drive_course(const struct model *m, int stage)
{
  const int layer = m->stage[stage].layer;

  return course_plan(m->part, layer, 1, m->stage[stage].whole ? 1 : 0, &layer);
}

/* Tags: values have their stage's number, drives come after them, diagnostics after those. */
struct system *system_create(struct model *model, struct state *state, struct presenter *pr,
                             bool means)
{
  struct system *sys = fail_alloc(1, sizeof *sys);
  const size_t most = 16 + (size_t)model->noise_intervals;

  *sys = (struct system){.comm = model->part->comm,
                         .net = model->net,
                         .part = model->part,
                         .model = model,
                         .state = state,
                         .presenter = pr,
                         .learning = true};
  sys->value = fail_alloc((size_t)model->stages, sizeof *sys->value);
  sys->drive = fail_alloc((size_t)model->stages, sizeof *sys->drive);
  for (int k = 0; k < model->stages; k++) {
    sys->value[k] = route_along(system_value_course(model, k, means), k);
    if (model->stage[k].whole)
      sys->drive[k] = route_along(system_drive_course(model, k), model->stages + k);
  }
  sys->segment = fail_alloc(most + 1, sizeof *sys->segment);
  sys->onset = fail_alloc(most, sizeof *sys->onset);
  return sys;
}

void system_destroy(struct system *sys)
{
  if (!sys) return;
  for (int k = 0; k < sys->model->stages; k++) {
    route_destroy(sys->value[k]);
    route_destroy(sys->drive[k]);
  }
  free(sys->value);
  free(sys->drive);
  free(sys->segment);
  free(sys->onset);
  free(sys);
}

/* Does the rank multiply the stage's value? */
static bool is_read_by(const struct model *m, int stage, int rank)
{
  for (int k = 0; k < m->synapses; k++)
    if (m->synapse[k].pre == stage && partition_owns(m->part, m->synapse[k].layer, rank))
      return true;
  return false;
}

static double vector_bytes(const struct model *m, int stage)
{
  return (double)padded(m->net->n[m->stage[stage].layer]) * sizeof(double);
}

double system_bytes(const struct model *m, int rank, bool means)
{
  const double plan = (double)m->part->size * (2 * sizeof(MPI_Request) + sizeof(bool));
  double bytes = 0;

  for (int k = 0; k < m->stages; k++) {
    const bool own = partition_owns(m->part, m->stage[k].layer, rank);
    if (own || is_read_by(m, k, rank)) bytes += (means ? 2 : 1) * vector_bytes(m, k);
    if (own && m->stage[k].whole) bytes += vector_bytes(m, k);
    bytes += (m->stage[k].whole ? 2 : 1) * plan;
  }
  return bytes;
}

double moment_bytes(const struct model *m, int rank)
{
  double bytes = 0;

  for (int k = 0; k < m->stages; k++)
    if (partition_owns(m->part, m->stage[k].layer, rank)) bytes += 4 * vector_bytes(m, k);
  return bytes;
}

double moment_bytes_on_routes(const struct model *m, int rank, bool means)
{
  double bytes = 0;

  for (int k = 0; k < m->stages; k++)
    if (partition_owns(m->part, m->stage[k].layer, rank))
      bytes += (3 - means - m->stage[k].whole) * vector_bytes(m, k);
  return bytes;
}

static void add_traffic(struct traffic *sum, const struct traffic *t)
{
  sum->messages += t->messages;
  sum->bytes += t->bytes;
}

struct traffic system_sent(const struct system *sys)
{
  struct traffic sent = {0};

  for (int k = 0; k < sys->model->stages; k++) {
    add_traffic(&sent, &sys->value[k]->sent);
    if (sys->drive[k]) add_traffic(&sent, &sys->drive[k]->sent);
  }
  return sent;
}

static bool is_noisy(const struct system *sys)
{
  return sys->model->noise_intervals > 0 && !sys->model->quiet;
}

/* The kinks of input, target and noise in one ascending list, equal times once. */
static void merge_kinks(struct system *sys)
{
  const struct presenter *pr = sys->presenter;
  const int grid = is_noisy(sys) ? sys->model->noise_intervals : 0;
  const double close = 1e-9 * pr->duration;
  int a = 0, b = 1;

  sys->segments = 0;
  sys->segment[0] = 0;
  while (a < pr->kinks) {
    const double kink = pr->kink[a];
    const double tick = b < grid ? b * sys->model->noise_interval : INFINITY;
    double next = kink;
    if (tick < kink - close) {
      next = tick;
      b++;
    } else {
      a++;
      if (tick < kink + close) b++;
    }
    sys->segment[++sys->segments] = next;
  }
}

/* Does the input or the target move within segment k? */
static bool is_moving(const struct system *sys, int k)
{
  const struct presenter *pr = sys->presenter;
  const double begin = sys->segment[k], end = sys->segment[k + 1], middle = (begin + end) / 2;
  const size_t n = (size_t)pr->outputs;
  double *y = fail_alloc(2 * n, sizeof *y);

  presenter_target(pr, begin, begin, y);
  presenter_target(pr, middle, begin, y + n);
  const bool moves = begin < pr->ramp || memcmp(y, y + n, n * sizeof *y) != 0;
  free(y);
  return moves;
}

/* Does the target jump at the start of segment k > 0? */
static bool is_jumping(const struct system *sys, int k)
{
  const struct presenter *pr = sys->presenter;
  const size_t n = (size_t)pr->outputs;
  double *y = fail_alloc(2 * n, sizeof *y);

  presenter_target(pr, sys->segment[k], sys->segment[k - 1], y);
  presenter_target(pr, sys->segment[k], sys->segment[k], y + n);
  bool jumps = false;
  for (size_t i = 0; i < n; i++) jumps |= fabs(y[i] - y[n + i]) > 1e-9;
  free(y);
  return jumps;
}

void system_begin(struct system *sys, long p)
{
  presenter_begin(sys->presenter, p);
  merge_kinks(sys);
  bool moved = false;
  for (int k = 0; k < sys->segments; k++) {
    const bool moves = is_moving(sys, k);
    sys->onset[k] = k == 0 || (moves && !moved) || is_jumping(sys, k);
    moved = moves;
  }
}

void system_enter(struct system *sys, int k, struct moment *at)
{
  if (is_noisy(sys)) {
    const double tick = sys->segment[k] / sys->model->noise_interval;
    const long index = lround(tick);
    if (fabs(tick - (double)index) < 1e-6)
      sys->model->kind->noise(sys->model, sys->presenter->p * sys->model->noise_intervals + index,
                              sys->segment[k]);
  }
  system_look(sys, k, sys->segment[k], at);
}

void system_observe(const struct system *sys, const struct moment *at)
{
  for (struct observer *o = sys->observer; o; o = o->next) o->see(o->who, at);
}

void system_look(const struct system *sys, int k, double u, struct moment *at)
{
  at->u = u;
  if (sys->learning) presenter_target(sys->presenter, u, sys->segment[k], at->target);
}

int system_stages(const struct system *sys)
{
  int stages = 0;

  if (sys->learning) return sys->model->stages;
  while (stages < sys->model->stages && sys->model->stage[stages].family == ACTIVITY) stages++;
  return stages;
}

void system_share_value(const struct system *sys, int stage)
{
  route_begin(sys->value[stage]);
  route_end(sys->value[stage]);
}

void system_share_drive(const struct system *sys, int stage)
{
  if (!sys->drive[stage]) return;
  route_begin(sys->drive[stage]);
  route_end(sys->drive[stage]);
}

/* Vectors are allocated only where this rank has rows of the stage: at 500 ranks full-width copies
 * of every layer would outweigh the weights. */
static struct moment *moment_frame(const struct system *sys)
{
  const size_t stages = (size_t)sys->model->stages;
  struct moment *at = fail_alloc(1, sizeof *at);

  at->value = fail_alloc(stages, sizeof *at->value);
  at->drive = fail_alloc(stages, sizeof *at->drive);
  at->force = fail_alloc(stages, sizeof *at->force);
  at->mean = fail_alloc(stages, sizeof *at->mean);
  at->scale = fail_alloc(stages, sizeof *at->scale);
  at->target = fail_alloc((size_t)sys->net->n[sys->net->L], sizeof *at->target);
  for (size_t k = 0; k < stages; k++) {
    const struct route *rt = sys->value[k];
    at->scale[k] = 1;
    if (rt->lo == rt->hi) continue;
    at->force[k] = fail_alloc((size_t)padded(rt->n), sizeof(double));
    at->mean[k] = fail_alloc((size_t)padded(rt->n), sizeof(double));
    at->drive[k] = fail_alloc((size_t)padded(rt->n), sizeof(double));
    at->value[k] = fail_alloc((size_t)padded(rt->n), sizeof(double));
  }
  return at;
}

struct moment *moment_create(const struct system *sys)
{
  struct moment *at = moment_frame(sys);

  at->stages = sys->model->stages;
  return at;
}

struct moment *moment_on_routes(const struct system *sys)
{
  struct moment *at = moment_create(sys);

  at->routes = sys;
  for (int k = 0; k < at->stages; k++) {
    free(at->value[k]);
    at->value[k] = sys->value[k]->vector;
    if (sys->value[k]->blocks == 2 && at->value[k]) {
      free(at->mean[k]);
      at->mean[k] = at->value[k] + padded(sys->value[k]->n);
    }
    if (sys->drive[k] && sys->drive[k]->vector) {
      free(at->drive[k]);
      at->drive[k] = sys->drive[k]->vector;
    }
  }
  return at;
}

void moment_destroy(struct moment *at)
{
  if (!at) return;
  for (int k = 0; k < at->stages; k++) {
    free(at->force[k]);
    if (!at->routes || at->routes->value[k]->blocks == 1) free(at->mean[k]);
    if (!at->routes) free(at->value[k]);
    if (!at->routes || !at->routes->drive[k] || !at->routes->drive[k]->vector) free(at->drive[k]);
  }
  free(at->value);
  free(at->drive);
  free(at->force);
  free(at->mean);
  free(at->scale);
  free(at->target);
  free(at);
}

static void copy_rows(double *to, const double *from, long lo, long hi)
{
  memcpy(to + lo, from + lo, (size_t)(hi - lo) * sizeof(double));
}

void moment_copy(const struct system *sys, const struct moment *from, struct moment *to)
{
  to->u = from->u;
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    to->scale[k] = from->scale[k];
    if (lo == hi) continue;
    copy_rows(to->value[k], from->value[k], lo, hi);
    copy_rows(to->force[k], from->force[k], lo, hi);
    if (sys->drive[k])
      copy_rows(to->drive[k], from->drive[k], 0, sys->drive[k]->n);
    else
      copy_rows(to->drive[k], from->drive[k], lo, hi);
  }
}

static void exchange_arrays(double **a, double **b)
{
  double *const spare = *a;

  *a = *b;
  *b = spare;
}

void moment_take(const struct system *sys, struct moment *from, struct moment *to)
{
  to->u = from->u;
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    to->scale[k] = from->scale[k];
    if (lo == hi) continue;
    exchange_arrays(&to->force[k], &from->force[k]);
    copy_rows(to->value[k], from->value[k], lo, hi); /* values stay on the routes, as whole */
    if (sys->drive[k])                               /* drives do */
      copy_rows(to->drive[k], from->drive[k], 0, sys->drive[k]->n);
    else
      exchange_arrays(&to->drive[k], &from->drive[k]);
  }
}
