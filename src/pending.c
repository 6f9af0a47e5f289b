/* SPDX-License-Identifier: BSD-3-Clause */
#include "pending.h"
#include "kernel.h"
#include <stdlib.h>
#include <string.h>

enum { NODES = PENDING_NODES };

struct pending {
  const struct system *sys;
  int count;            /* nodes; the last is the present point */
  double time[NODES];   /* u of each [s] */
  double weight[NODES]; /* trapezoid weight so far [s] */
  double **value;       /* [stages][NODES][ld] values; NULL where not needed here */
  double **drive;       /* [stages][NODES][ld] drives, where a synapse learns from them */
  double **growth;      /* [synapses][NODES] e^((time-begin)/tau_dec) / tau_pot */
  double **gram;        /* [stages][NODES] inner products of the met value with the nodes */
  double **met;         /* [stages] the value met last, borrowed */
  double begin;         /* u at the last fold [s] */
  double *held[2];      /* W_1 x_from, W_1 x_to: [own rows of layer 1] */
  double *held_sum[2];  /* sum_k c_k (1-b_k) post_k and sum_k c_k b_k post_k */
  double held_gram[3];  /* x_from.x_from, x_from.x_to, x_to.x_to */
  double *p, *q;        /* fold: [NODES][rows], [NODES][ld] */
  float *ps, *qs;       /* their rounded copies */
};

static long width(const struct pending *p, int stage)
{
  return p->sys->net->n[p->sys->model->stage[stage].layer];
}

static bool owns_synapse(const struct pending *p, int k)
{
  return p->sys->state->matrix[k].rows > 0;
}

/* Nodes are kept for stages that a synapse with rows here multiplies or learns from. */
static void allocate_nodes(struct pending *p)
{
  const struct model *m = p->sys->model;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    if (!owns_synapse(p, k)) continue;
    const int vectors[2] = {syn->pre, syn->post_drive ? NONE : syn->post};
    for (int v = 0; v < 2; v++)
      if (vectors[v] >= 0 && !p->value[vectors[v]])
        p->value[vectors[v]] =
            fail_alloc(NODES * (size_t)padded(width(p, vectors[v])), sizeof(double));
    if (syn->post_drive && !p->drive[syn->post])
      p->drive[syn->post] = fail_alloc(NODES * (size_t)padded(width(p, syn->post)), sizeof(double));
  }
}

/* A fold's vectors: own rows on one side, the multiplied vector on the other. */
static void allocate_fold(struct pending *p)
{
  const struct state *st = p->sys->state;
  size_t rows = 0, ld = 0;

  for (int k = 0; k < p->sys->model->synapses; k++) {
    const struct matrix *M = &st->matrix[k];
    if (M->rows == 0) continue;
    rows = (size_t)M->rows > rows ? (size_t)M->rows : rows;
    /* The held input's fold takes two vectors whatever their length. */
    const size_t need =
        p->sys->model->synapse[k].pre == INPUT ? 2 * (size_t)M->ld : NODES * (size_t)M->ld;
    ld = need > ld ? need : ld;
  }
  p->p = fail_alloc(NODES * rows, sizeof *p->p);
  p->q = fail_alloc(ld, sizeof *p->q);
  if (!p->sys->net->single) return;
  p->ps = fail_alloc(NODES * rows, sizeof *p->ps);
  p->qs = fail_alloc(ld, sizeof *p->qs);
}

struct pending *pending_create(const struct system *sys)
{
  struct pending *p = fail_alloc(1, sizeof *p);
  const size_t stages = (size_t)sys->model->stages;
  const size_t first = (size_t)padded(sys->net->n[1]);

  p->sys = sys;
  p->value = fail_alloc(stages, sizeof *p->value);
  p->drive = fail_alloc(stages, sizeof *p->drive);
  p->gram = fail_alloc(stages, sizeof *p->gram);
  p->growth = fail_alloc((size_t)sys->model->synapses, sizeof *p->growth);
  for (int k = 0; k < sys->model->synapses; k++) p->growth[k] = fail_alloc(NODES, sizeof(double));
  p->met = fail_alloc(stages, sizeof *p->met);
  for (size_t k = 0; k < stages; k++) p->gram[k] = fail_alloc(NODES, sizeof(double));
  allocate_nodes(p);
  for (int e = 0; e < 2; e++) {
    p->held[e] = fail_alloc(first, sizeof(double));
    p->held_sum[e] = fail_alloc(first, sizeof(double));
  }
  allocate_fold(p);
  return p;
}

void pending_destroy(struct pending *p)
{
  if (!p) return;
  for (int k = 0; k < p->sys->model->stages; k++) {
    free(p->value[k]);
    free(p->drive[k]);
    free(p->gram[k]);
  }
  for (int e = 0; e < 2; e++) {
    free(p->held[e]);
    free(p->held_sum[e]);
  }
  for (int k = 0; k < p->sys->model->synapses; k++) free(p->growth[k]);
  free(p->growth);
  free(p->value);
  free(p->drive);
  free(p->gram);
  free(p->met);
  free(p->p);
  free(p->q);
  free(p->ps);
  free(p->qs);
  free(p);
}

static void multiply_held_input(struct pending *p)
{
  const struct presenter *pr = p->sys->presenter;
  const struct matrix *M = &p->sys->state->matrix[0];
  const double *x[2] = {pr->x_from, pr->x_to};

  if (M->rows == 0) return;
  for (int e = 0; e < 2; e++) {
    matrix_multiply(M, x[e], p->qs, p->held[e]);
    memset(p->held_sum[e], 0, (size_t)M->rows * sizeof(double));
  }
  kernel_rows_f64(pr->x_from, 1, M->ld, pr->x_from, &p->held_gram[0]);
  kernel_rows_f64(pr->x_from, 1, M->ld, pr->x_to, &p->held_gram[1]);
  kernel_rows_f64(pr->x_to, 1, M->ld, pr->x_to, &p->held_gram[2]);
}

static void set_growth(struct pending *p, int n)
{
  const struct model *m = p->sys->model;

  for (int k = 0; k < m->synapses; k++)
    p->growth[k][n] = exp((p->time[n] - p->begin) / m->synapse[k].tau_dec) / m->synapse[k].tau_pot;
}

/* Append the moment as a node of weight 0. */
static void add_node(struct pending *p, const struct moment *at)
{
  const int k = p->count++;

  p->time[k] = at->u;
  p->weight[k] = 0;
  set_growth(p, k);
  for (int s = 0; s < p->sys->model->stages; s++) {
    const size_t ld = (size_t)padded(width(p, s)), bytes = (size_t)width(p, s) * sizeof(double);
    if (p->value[s]) memcpy(p->value[s] + (size_t)k * ld, at->value[s], bytes);
    if (p->drive[s]) memcpy(p->drive[s] + (size_t)k * ld, at->drive[s], bytes);
  }
}

void pending_begin(struct pending *p)
{
  p->count = 0;
  p->begin = 0;
  multiply_held_input(p);
}

void pending_first(struct pending *p, const struct moment *at)
{
  if (p->sys->learning) add_node(p, at);
}

void pending_meet(struct pending *p, int stage, const double *value)
{
  const long ld = padded(width(p, stage));

  p->met[stage] = (double *)value;
  if (p->count && p->value[stage])
    kernel_rows_f64(p->value[stage], p->count, ld, value, p->gram[stage]);
}

/* What the rows learn from, node by node: [NODES][ld], from the first own row on. */
static const double *post_nodes(const struct pending *p, const struct synapse *syn)
{
  long lo, hi;

  system_rows(p->sys, syn->post, &lo, &hi);
  return (syn->post_drive ? p->drive[syn->post] : p->value[syn->post]) + lo;
}

static void finish_product(double *out, long rows, double decay)
{
  for (long i = 0; i < rows; i++) out[i] *= decay;
}

/* The first layer: x = (1-b) x_from + b x_to. */
static void held_product(const struct pending *p, int k, double u, double ahead, double *out)
{
  const struct synapse *syn = &p->sys->model->synapse[k];
  const double b = presenter_blend(p->sys->presenter, u), *g = p->held_gram;
  const long rows = p->sys->state->matrix[k].rows;

  for (long i = 0; i < rows; i++) out[i] = (1 - b) * p->held[0][i] + b * p->held[1][i];
  if (p->count == 0 || !syn->learns) return;

  const double from = ((1 - b) * g[0] + b * g[1]) / syn->tau_pot;
  const double to = ((1 - b) * g[1] + b * g[2]) / syn->tau_pot;
  const int last = p->count - 1;
  const double b0 = presenter_blend(p->sys->presenter, p->time[last]);
  const double next = ahead * exp(p->time[last] / syn->tau_dec) * ((1 - b0) * from + b0 * to);
  const double *post = post_nodes(p, syn) + (long)last * padded(syn->rows);
  for (long i = 0; i < rows; i++)
    out[i] += from * p->held_sum[0][i] + to * p->held_sum[1][i] + next * post[i];
  finish_product(out, rows, exp(-u / syn->tau_dec));
}

void pending_product(struct pending *p, int k, double u, double ahead, double *drive)
{
  const struct synapse *syn = &p->sys->model->synapse[k];
  const struct matrix *M = &p->sys->state->matrix[k];
  long lo, hi;

  partition_rows(p->sys->part, syn->layer, p->sys->part->rank, &lo, &hi);
  if (lo == hi) return;
  if (syn->pre == INPUT) return held_product(p, k, u, ahead, drive + lo);
  matrix_multiply(M, p->met[syn->pre], p->qs, drive + lo);
  if (p->count == 0 || !syn->learns) return;

  double c[NODES];
  for (int n = 0; n < p->count; n++)
    c[n] =
        (p->weight[n] + (n == p->count - 1 ? ahead : 0)) * p->growth[k][n] * p->gram[syn->pre][n];
  kernel_combine(p->count, c, post_nodes(p, syn), padded(syn->rows), hi - lo, drive + lo);
  finish_product(drive + lo, hi - lo, exp(-(u - p->begin) / syn->tau_dec));
}

/* Add weight w to node n of the held input's rank-two sum. */
static void weigh_held(struct pending *p, int n, double w)
{
  const struct synapse *syn = &p->sys->model->synapse[0];
  const long rows = p->sys->state->matrix[0].rows;

  if (rows == 0 || !syn->learns) return;
  const double b = presenter_blend(p->sys->presenter, p->time[n]);
  const double c = w * exp(p->time[n] / syn->tau_dec), *post = post_nodes(p, syn);
  post += (long)n * padded(syn->rows);
  for (long i = 0; i < rows; i++) {
    p->held_sum[0][i] += c * (1 - b) * post[i];
    p->held_sum[1][i] += c * b * post[i];
  }
}

/* p and q of a fold: the error's side carries the weights, whichever side of the synapse it is on,
 * so that W and the V that learns the same product stay exact transposes. */
static void fold(struct pending *p, int k)
{
  const struct synapse *syn = &p->sys->model->synapse[k];
  struct matrix *M = &p->sys->state->matrix[k];
  const bool error_is_post = p->sys->model->stage[syn->post].family == ERROR;
  const double *post = post_nodes(p, syn), *pre = p->value[syn->pre];
  const long stride = padded(syn->rows);

  for (int n = 0; n < p->count; n++) {
    const double c = p->weight[n] * p->growth[k][n];
    const double left = error_is_post ? c : 1, right = error_is_post ? 1 : c;
    for (long i = 0; i < M->rows; i++) p->p[n * M->rows + i] = left * post[n * stride + i];
    for (long j = 0; j < M->ld; j++) p->q[n * M->ld + j] = right * pre[n * M->ld + j];
  }
  const double loss = -expm1(-(p->time[p->count - 1] - p->begin) / syn->tau_dec);
  matrix_fold(M, loss, p->count, p->p, p->q, p->ps, p->qs);
}

static void fold_held(struct pending *p)
{
  const struct presenter *pr = p->sys->presenter;
  const struct synapse *syn = &p->sys->model->synapse[0];
  struct matrix *M = &p->sys->state->matrix[0];
  const double loss = -expm1(-p->time[p->count - 1] / syn->tau_dec);

  for (long i = 0; i < M->rows; i++) {
    p->p[i] = p->held_sum[0][i] / syn->tau_pot;
    p->p[M->rows + i] = p->held_sum[1][i] / syn->tau_pot;
  }
  memcpy(p->q, pr->x_from, (size_t)M->ld * sizeof(double));
  memcpy(p->q + M->ld, pr->x_to, (size_t)M->ld * sizeof(double));
  matrix_fold(M, loss, 2, p->p, p->q, p->ps, p->qs);
}

/* Fold all but the held input and keep the last node as the first of the next batch. */
static void fold_hidden(struct pending *p)
{
  const struct model *m = p->sys->model;

  for (int k = 0; k < m->synapses; k++)
    if (m->synapse[k].learns && m->synapse[k].pre != INPUT && owns_synapse(p, k)) fold(p, k);
}

static void keep_last_node(struct pending *p)
{
  const size_t last = (size_t)p->count - 1;

  for (int s = 0; s < p->sys->model->stages; s++) {
    const size_t ld = (size_t)padded(width(p, s));
    if (p->value[s]) memmove(p->value[s], p->value[s] + last * ld, ld * sizeof(double));
    if (p->drive[s]) memmove(p->drive[s], p->drive[s] + last * ld, ld * sizeof(double));
  }
  p->begin = p->time[0] = p->time[last];
  p->weight[0] = 0;
  p->count = 1;
  set_growth(p, 0);
}

void pending_accept(struct pending *p, double h, const struct moment *at)
{
  if (!p->sys->learning) return;
  if (p->count == NODES) {
    fold_hidden(p);
    keep_last_node(p);
  }
  p->weight[p->count - 1] += h / 2;
  weigh_held(p, p->count - 1, h / 2);
  add_node(p, at);
  p->weight[p->count - 1] = h / 2;
  weigh_held(p, p->count - 1, h / 2);
}

void pending_fold(struct pending *p)
{
  if (!p->sys->learning) return;
  fold_hidden(p);
  if (p->sys->model->synapse[0].learns && p->sys->state->matrix[0].rows > 0) fold_held(p);
  p->count = 0;
}
