/* SPDX-License-Identifier: BSD-3-Clause */
#include "pending.h"
#include "held.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

/* One more than nodes, for the values of the step being tried. */
enum { NODES = PENDING_NODES, SLOTS = NODES + 1 };

struct pending {
  const struct system *sys;
  bool single;          /* the precision of weights and nodes */
  int count;            /* nodes: completed steps, and the present point as the last */
  double time[NODES];   /* u of each: the middle of a step, the present point [s] */
  double weight[NODES]; /* length of the steps it stands for [s]; 0 for the present point */
  double *decayed;      /* [synapses] e^(-(now-begin)/tau_dec) */
  double now;           /* u of `decayed` [s] */
  double joined;        /* of the last node, the length of the step accepted last [s] */
  void **value;         /* [stages][SLOTS][ld] means, the present values, and those met last; NULL
                           where not needed */
  void **drive;         /* [stages][SLOTS][ld] of drives, where a synapse learns from them */
  double **growth;      /* [synapses][NODES] e^((time-begin)/tau_dec) / tau_pot */
  double **gram;        /* [stages][SLOTS] products of the met value with the nodes and itself */
  const void **met;     /* [stages] the value met last, in its slot */
  int *twin;            /* [synapses] the other one that learns the same product, or NONE */
  double *drive_mean;   /* scratch [widest]: mean of a drive over a step */
  double begin;         /* u at the last fold [s] */
  struct held *held;    /* the first layer's input; owned */
  void *side;           /* fold: [NODES][ld] the error's side, scaled; then the padded post */
};

static long width(const struct pending *p, int stage)
{
  return p->sys->net->n[p->sys->model->stage[stage].layer];
}

static bool owns_synapse(const struct pending *p, int k)
{
  return p->sys->state->matrix[k].rows > 0;
}

static void *new_nodes(const struct pending *p, int stage)
{
  return fail_alloc(SLOTS * (size_t)padded(width(p, stage)), vectors_unit(p->single));
}

/* Slots are kept for stages that a synapse with rows here multiplies, and by the owners of stages
 * that any synapse multiplies or learns from. */
static void allocate_nodes(struct pending *p)
{
  const struct model *m = p->sys->model;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    const int vectors[2] = {syn->pre, syn->post_drive ? NONE : syn->post};
    for (int v = 0; v < 2; v++) {
      long lo, hi;
      if (vectors[v] < 0 || p->value[vectors[v]]) continue;
      system_rows(p->sys, vectors[v], &lo, &hi);
      if (owns_synapse(p, k) || lo < hi) p->value[vectors[v]] = new_nodes(p, vectors[v]);
    }
    if (!owns_synapse(p, k)) continue;
    if (syn->post_drive && !p->drive[syn->post]) p->drive[syn->post] = new_nodes(p, syn->post);
  }
}

/* Does a fold need what the rows learn from side by side with zeros after it? In a column that is
 * a line of memory, the rows of other ranks may not follow. */
static bool pads_post(const struct model *m, const struct synapse *syn)
{
  return syn->by_columns && m->stage[syn->post].family != ERROR;
}

/* Elements of a fold's sides on a rank with so many rows of a synapse. */
static long fold_elements(const struct model *m, const struct synapse *syn, long rows)
{
  const long most = padded(rows > syn->cols ? rows : syn->cols);

  if (rows == 0 || syn->pre == INPUT) return 0;
  return NODES * (most + (pads_post(m, syn) ? padded(rows) : 0));
}

static long fold_room(const struct model *m, int rank)
{
  long most = 0;

  for (int k = 0; k < m->synapses; k++) {
    long lo, hi;
    partition_rows(m->part, m->synapse[k].layer, rank, &lo, &hi);
    const long elements = fold_elements(m, &m->synapse[k], hi - lo);
    most = elements > most ? elements : most;
  }
  return most;
}

/* The synapse whose pre and post are the post and pre of k and which learns with the same
 * constants, as W and V of a layer do, if this rank has all of both; else NONE. */
static int twin_of(const struct pending *p, int k)
{
  const struct model *m = p->sys->model;
  const struct synapse *a = &m->synapse[k];

  for (int n = 0; n < m->synapses; n++) {
    const struct synapse *b = &m->synapse[n];
    const bool alike = b->learns && b->pre == a->post && b->post == a->pre && !a->post_drive &&
                       !b->post_drive && b->tau_pot == a->tau_pot && b->tau_dec == a->tau_dec;
    if (a->learns && alike &&
        matrix_are_twins(&p->sys->state->matrix[k], &p->sys->state->matrix[n]))
      return n;
  }
  return NONE;
}

struct pending *pending_create(const struct system *sys)
{
  struct pending *p = fail_alloc(1, sizeof *p);
  const size_t stages = (size_t)sys->model->stages;

  p->sys = sys;
  p->single = sys->net->single;
  p->value = fail_alloc(stages, sizeof *p->value);
  p->drive = fail_alloc(stages, sizeof *p->drive);
  p->gram = fail_alloc(stages, sizeof *p->gram);
  p->growth = fail_alloc((size_t)sys->model->synapses, sizeof *p->growth);
  p->decayed = fail_alloc((size_t)sys->model->synapses, sizeof *p->decayed);
  for (int k = 0; k < sys->model->synapses; k++) p->growth[k] = fail_alloc(NODES, sizeof(double));
  p->met = fail_alloc(stages, sizeof *p->met);
  for (int k = 0; k < sys->model->stages; k++) p->gram[k] = fail_alloc(SLOTS, sizeof(double));
  p->twin = fail_alloc((size_t)sys->model->synapses, sizeof *p->twin);
  for (int k = 0; k < sys->model->synapses; k++) p->twin[k] = twin_of(p, k);
  p->drive_mean = fail_alloc((size_t)network_widest(sys->net), sizeof(double));
  allocate_nodes(p);
  p->held = held_create(sys);
  p->side = fail_alloc((size_t)fold_room(sys->model, sys->part->rank), vectors_unit(p->single));
  return p;
}

/* Elements of the vectors that allocate_nodes makes on a rank. */
static double node_elements(const struct model *m, int rank)
{
  double elements = 0;

  for (int s = 0; s < m->stages; s++) {
    const double ld = (double)padded(m->net->n[m->stage[s].layer]);
    const bool own = partition_owns(m->part, m->stage[s].layer, rank);
    bool value = false, drive = false;
    for (int k = 0; k < m->synapses; k++) {
      const struct synapse *syn = &m->synapse[k];
      const bool here = partition_owns(m->part, syn->layer, rank);
      value |= (here || own) && (syn->pre == s || (syn->post == s && !syn->post_drive));
      drive |= here && syn->post == s && syn->post_drive;
    }
    elements += (value + drive) * SLOTS * ld;
  }
  return elements;
}

double pending_bytes(const struct model *m, int rank)
{
  const double unit = (double)vectors_unit(m->net->single);
  const double elements = node_elements(m, rank) + (double)fold_room(m, rank);

  return unit * elements + sizeof(double) * (double)network_widest(m->net) + held_bytes(m, rank);
}

void pending_destroy(struct pending *p)
{
  if (!p) return;
  for (int k = 0; k < p->sys->model->stages; k++) {
    free(p->value[k]);
    free(p->drive[k]);
    free(p->gram[k]);
  }
  for (int k = 0; k < p->sys->model->synapses; k++) free(p->growth[k]);
  free(p->growth);
  free(p->decayed);
  free(p->value);
  free(p->drive);
  free(p->gram);
  free(p->met);
  free(p->twin);
  free(p->drive_mean);
  held_destroy(p->held);
  free(p->side);
  free(p);
}

static void set_growth(struct pending *p, int n)
{
  const struct synapse *syn = p->sys->model->synapse;

  for (int k = 0; k < p->sys->model->synapses; k++) {
    const bool same =
        k > 0 && syn[k].tau_dec == syn[k - 1].tau_dec && syn[k].tau_pot == syn[k - 1].tau_pot;
    p->growth[k][n] =
        same ? p->growth[k - 1][n] : exp((p->time[n] - p->begin) / syn[k].tau_dec) / syn[k].tau_pot;
  }
}

/* The decay since the last fold, at time u. */
static void set_decay(struct pending *p, double u)
{
  const struct synapse *syn = p->sys->model->synapse;

  if (p->now == u) return;
  p->now = u;
  for (int k = 0; k < p->sys->model->synapses; k++) {
    const bool same = k > 0 && syn[k].tau_dec == syn[k - 1].tau_dec;
    p->decayed[k] = same ? p->decayed[k - 1] : exp(-(u - p->begin) / syn[k].tau_dec);
  }
}

/* Vector number n of a stage. */
static void *slot(const struct pending *p, void *const *vectors, int stage, int n)
{
  return vectors_at(p->single, vectors[stage], n * padded(width(p, stage)));
}

/* The value that was met becomes the present point; rows that are not multiplied here were not met.
 * It was met as number `met`. */
static void take_value(struct pending *p, int stage, int met, const double *value)
{
  const int n = p->count - 1;
  long lo, hi;

  if (!p->value[stage]) return;
  if (system_uses(p->sys, stage)) {
    const size_t bytes = (size_t)padded(width(p, stage)) * vectors_unit(p->single);
    if (met != n) memcpy(slot(p, p->value, stage, n), slot(p, p->value, stage, met), bytes);
    return;
  }
  system_rows(p->sys, stage, &lo, &hi);
  vectors_store(p->single, 1, value + lo, hi - lo,
                vectors_at(p->single, slot(p, p->value, stage, n), lo));
}

/* The present point follows the nodes there are. */
static void add_present(struct pending *p, int met, const struct moment *at)
{
  const int n = p->count++;
  long lo, hi;

  p->time[n] = at->u;
  p->weight[n] = 0;
  set_growth(p, n);
  for (int s = 0; s < p->sys->model->stages; s++) {
    take_value(p, s, met, at->value[s]);
    if (!p->drive[s]) continue;
    system_rows(p->sys, s, &lo, &hi);
    vectors_store(p->single, 1, at->drive[s] + lo, hi - lo,
                  vectors_at(p->single, slot(p, p->drive, s, n), lo));
  }
}

void pending_begin(struct pending *p)
{
  p->count = 0;
  p->begin = 0;
  p->now = -1;
  held_begin(p->held);
}

void pending_first(struct pending *p, const struct moment *at)
{
  if (p->sys->learning) add_present(p, 0, at);
}

void pending_meet(struct pending *p, int stage, const double *value)
{
  const long ld = padded(width(p, stage));
  void *met = slot(p, p->value, stage, p->count);

  vectors_store(p->single, 1, value, ld, met);
  p->met[stage] = met;
  vectors_dot(p->single, p->count + 1, p->value[stage], ld, met, p->gram[stage]);
}

/* What the rows learn from, node by node: [NODES][padded(rows)], from the first own row on. */
static const void *post_nodes(const struct pending *p, const struct synapse *syn)
{
  long lo, hi;

  system_rows(p->sys, syn->post, &lo, &hi);
  return vectors_at(p->single, syn->post_drive ? p->drive[syn->post] : p->value[syn->post], lo);
}

/* The held input's rows, which learn from the present point's post vector while a step is tried. */
static void product_of_held(const struct pending *p, int k, double u, double ahead, double *out)
{
  const struct synapse *syn = &p->sys->model->synapse[k];
  const int last = p->count - 1;

  if (p->count > 0 && syn->learns)
    held_product(p->held, u, p->time[last], ahead,
                 vectors_at(p->single, post_nodes(p, syn), last * padded(syn->rows)), out);
  else
    held_product(p->held, u, 0, 0, NULL, out);
}

double pending_product(struct pending *p, int k, double u, double ahead, const struct rows *some,
                       double *drive)
{
  const struct synapse *syn = &p->sys->model->synapse[k];
  const struct matrix *M = &p->sys->state->matrix[k];
  long lo, hi;

  partition_rows(p->sys->part, syn->layer, p->sys->part->rank, &lo, &hi);
  if (lo == hi) return 0;
  if (syn->pre == INPUT) {
    product_of_held(p, k, u, ahead, drive + lo);
    return 0;
  }
  set_decay(p, u);
  const double read = some ? matrix_multiply_some(M, p->met[syn->pre], some, drive + lo)
                           : matrix_multiply(M, p->met[syn->pre], drive + lo);
  if (p->count == 0 || !syn->learns) return read;

  double c[NODES];
  for (int n = 0; n < p->count; n++)
    c[n] =
        (p->weight[n] + (n == p->count - 1 ? ahead : 0)) * p->growth[k][n] * p->gram[syn->pre][n];
  vectors_combine(p->single, p->decayed[k], p->count, c, post_nodes(p, syn), padded(syn->rows),
                  hi - lo, drive + lo);
  return read;
}

/* Nodes [count][stride] of n elements, padded, with their coefficients in synapse k or (NONE) as
 * they are. */
static void lay_side(const struct pending *p, int k, const void *from, long stride, long n,
                     void *to)
{
  const size_t padding = (size_t)(padded(n) - n) * vectors_unit(p->single);

  for (int node = 0; node < p->count; node++) {
    void *at = vectors_at(p->single, to, node * padded(n));
    vectors_scale(p->single, k == NONE ? 1 : p->weight[node] * p->growth[k][node],
                  vectors_at(p->single, from, node * stride), n, at);
    memset(vectors_at(p->single, at, n), 0, padding);
  }
}

/* That the error's side carries the coefficients, whichever side of the synapse it is on, keeps W
 * and the V that learns the same product exact transposes. */
static void fold(struct pending *p, int k)
{
  const struct model *m = p->sys->model;
  const struct synapse *syn = &m->synapse[k];
  struct matrix *M = &p->sys->state->matrix[k];
  const void *post = post_nodes(p, syn), *pre = p->value[syn->pre];
  const long rows = padded(M->rows), cols = padded(M->cols);
  const double loss = -expm1(-(p->time[p->count - 1] - p->begin) / syn->tau_dec);
  struct matrix *twin = p->twin[k] == NONE ? NULL : &p->sys->state->matrix[p->twin[k]];
  long stride = padded(syn->rows);

  if (m->stage[syn->post].family == ERROR) {
    lay_side(p, k, post, stride, M->rows, p->side);
    matrix_fold(M, twin, loss, p->count - 1, p->side, rows, pre, cols);
    return;
  }
  lay_side(p, k, pre, cols, M->cols, p->side);
  if (pads_post(m, syn)) {
    void *own = vectors_at(p->single, p->side, NODES * cols);
    lay_side(p, NONE, post, stride, M->rows, own);
    post = own;
    stride = rows;
  }
  matrix_fold(M, twin, loss, p->count - 1, post, stride, p->side, cols);
}

/* Fold all but the held input. */
static void fold_hidden(struct pending *p)
{
  const struct model *m = p->sys->model;

  for (int k = 0; k < m->synapses; k++)
    if (m->synapse[k].learns && m->synapse[k].pre != INPUT && owns_synapse(p, k) &&
        (p->twin[k] == NONE || p->twin[k] > k))
      fold(p, k);
}

/* The next batch begins where all nodes of this one end. */
static void begin_batch(struct pending *p)
{
  p->begin = p->time[p->count - 1];
  p->now = -1;
  p->count = 1;
}

/* How many nodes stand for steps: all but the present point. */
static int completed(const struct pending *p)
{
  return p->count > 1 ? p->count - 1 : 0;
}

double pending_missed(const struct pending *p, int k, double u, double h, double moves)
{
  const struct synapse *syn = &p->sys->model->synapse[k];
  const double square = syn->pre == INPUT ? held_square(p->held, u) : p->gram[syn->pre][p->count];

  return owns_synapse(p, k) ? h / syn->tau_pot * square * moves : 0;
}

double pending_drift(const struct pending *p, int stage, const double *mean)
{
  long lo, hi;

  system_rows(p->sys, stage, &lo, &hi);
  if (!completed(p)) return INFINITY;
  if (lo == hi || !p->value[stage]) return 0;
  const long at = (completed(p) - 1) * padded(width(p, stage)) + lo;
  return vectors_gap(p->single, vectors_at(p->single, p->value[stage], at), mean + lo, hi - lo);
}

bool pending_may_join(const struct pending *p, double h, const double *drift, const double *size,
                      double allowed, double longest)
{
  const struct model *m = p->sys->model;

  if (!completed(p)) return false;
  const double last = p->weight[completed(p) - 1], lever = h * last / (h + last);
  if (last + h > longest) return false;
  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    if (!syn->learns || syn->pre == INPUT) continue;
    if (syn->post_drive) return false; /* how drives drift is not watched */
    if (!(lever * drift[syn->post] * drift[syn->pre] <= allowed * size[syn->post] * size[syn->pre]))
      return false;
  }
  return true;
}

/* Rows [lo, hi) of a stage's average over the step accepted last join its node, or are it. */
static void join_rows(struct pending *p, void *nodes, int stage, const double *mean, long lo,
                      long hi)
{
  const int n = completed(p) - 1;
  const double add = p->joined / p->weight[n];

  if (!nodes || lo == hi) return;
  void *node = vectors_at(p->single, nodes, n * padded(width(p, stage)) + lo);
  if (add < 1)
    vectors_blend(p->single, 1 - add, node, add, mean + lo, hi - lo);
  else
    vectors_store(p->single, 1, mean + lo, hi - lo, node);
}

void pending_amend(struct pending *p, int stage, const double *mean)
{
  long lo, hi;

  if (!completed(p)) return;
  system_rows(p->sys, stage, &lo, &hi);
  join_rows(p, p->value[stage], stage, mean, 0, lo);
  join_rows(p, p->value[stage], stage, mean, hi, width(p, stage));
}

/* The step becomes a node of its own, in place of the present point. */
static void open_node(struct pending *p, double h, const struct moment *from)
{
  if (p->count == NODES) {
    fold_hidden(p);
    begin_batch(p);
  }
  p->time[p->count - 1] = from->u + h / 2;
  p->weight[p->count - 1] = h;
  set_growth(p, p->count - 1);
}

/* The step joins the last node, whose middle moves. */
static void widen_node(struct pending *p, double h, const struct moment *to)
{
  const int n = completed(p) - 1;

  p->weight[n] += h;
  p->time[n] = to->u - p->weight[n] / 2;
  set_growth(p, n);
  p->count--; /* the present point moves on */
}

void pending_accept(struct pending *p, double h, bool joins, const struct moment *from,
                    const struct moment *to)
{
  const struct model *m = p->sys->model;
  const int met = p->count;
  long lo, hi;

  if (!p->sys->learning) return;
  if (joins)
    widen_node(p, h, to);
  else
    open_node(p, h, from);
  add_present(p, met, to);
  p->joined = h;
  for (int s = 0; s < m->stages; s++) {
    system_rows(p->sys, s, &lo, &hi);
    join_rows(p, p->value[s], s, to->mean[s], lo, hi);
    if (!p->drive[s]) continue;
    for (long i = lo; i < hi; i++) p->drive_mean[i] = (from->drive[s][i] + to->drive[s][i]) / 2;
    join_rows(p, p->drive[s], s, p->drive_mean, lo, hi);
  }
  system_rows(p->sys, m->synapse[0].post, &lo, &hi);
  if (lo < hi && m->synapse[0].learns)
    held_accept(p->held, from->u, h, to->mean[m->synapse[0].post] + lo);
}

void pending_fold(struct pending *p)
{
  if (!p->sys->learning) return;
  fold_hidden(p);
  if (p->sys->model->synapse[0].learns) held_fold(p->held, p->time[p->count - 1]);
  p->count = 0;
}
