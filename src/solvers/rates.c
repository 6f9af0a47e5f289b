/* SPDX-License-Identifier: BSD-3-Clause */
#include "rates.h"
#include "kernel.h"
#include <stdlib.h>
#include <string.h>

struct rates *rates_create(struct system *sys)
{
  struct rates *r = fail_alloc(1, sizeof *r);

  r->sys = sys;
  r->whole = whole_create(sys);
  r->x = fail_alloc((size_t)padded(sys->net->n[0]), sizeof *r->x);
  r->at = moment_on_routes(sys);
  return r;
}

void rates_destroy(struct rates *r)
{
  if (!r) return;
  whole_destroy(r->whole);
  moment_destroy(r->at);
  free(r->x);
  free(r);
}

void rates_evaluate(struct rates *r, double u, const double *v)
{
  struct system *sys = r->sys;
  const struct model *m = sys->model;
  struct moment *at = r->at;

  system_look(sys, r->segment, u, at);
  const double b = presenter_blend(sys->presenter, u);
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (lo < hi)
      memcpy(at->value[k] + lo, v + r->whole->stage_at[k], (size_t)(hi - lo) * sizeof(double));
    system_share_value(sys, k);
  }
  for (int k = 0; k < system_stages(sys); k++) {
    const int syn = m->stage[k].synapse;
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (syn != NONE && lo < hi) {
      const struct matrix *M = &sys->state->matrix[syn];
      const double *pre = m->synapse[syn].pre == INPUT ? r->x : at->value[m->synapse[syn].pre];
      for (long j = 0; m->synapse[syn].pre == INPUT && j < M->cols; j++)
        r->x[j] = (1 - b) * sys->presenter->x_from[j] + b * sys->presenter->x_to[j];
      kernel_rows_f64(v + r->whole->matrix_at[syn], M->rows, M->ld, pre, at->drive[k] + lo);
    }
    system_share_drive(sys, k);
    m->kind->force(m, k, at);
  }
}

/* d/dt of the matrix of a synapse: post pre'/tau_pot - M/tau_dec. */
static void synapse_rate(const struct rates *r, int k, const double *v, double *rate)
{
  const struct system *sys = r->sys;
  const struct synapse *syn = &sys->model->synapse[k];
  const struct matrix *M = &sys->state->matrix[k];
  const struct moment *at = r->at;
  long lo, hi;

  partition_rows(sys->part, syn->layer, sys->part->rank, &lo, &hi);
  if (lo == hi || !sys->learning || !syn->learns) return;
  const double *post = syn->post_drive ? at->drive[syn->post] : at->value[syn->post];
  const double *pre = syn->pre == INPUT ? r->x : at->value[syn->pre];
  for (long i = lo; i < hi; i++) {
    const double *w = v + r->whole->matrix_at[k] + (i - lo) * M->ld;
    double *dw = rate + r->whole->matrix_at[k] + (i - lo) * M->ld;
    const double a = post[i] / syn->tau_pot, decay = 1 / syn->tau_dec;
    for (long j = 0; j < M->cols; j++) dw[j] = a * pre[j] - decay * w[j];
  }
}

void rates_derive(struct rates *r, double u, const double *v, double *rate)
{
  const struct system *sys = r->sys;

  memset(rate, 0, (size_t)r->whole->length * sizeof(double));
  rates_evaluate(r, u, v);
  for (int k = 0; k < system_stages(sys); k++) {
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    for (long i = lo; i < hi; i++)
      rate[r->whole->stage_at[k] + i - lo] =
          (r->at->force[k][i] - r->at->value[k][i]) / sys->model->stage[k].tau;
  }
  for (int k = 0; k < sys->model->synapses; k++) synapse_rate(r, k, v, rate);
}

void rates_observe(struct rates *r, double u, const double *v)
{
  const struct system *sys = r->sys;

  if (!sys->observer) return;
  rates_evaluate(r, u, v);
  system_observe(sys, r->at);
}

void rates_put_down(struct rates *r, double u, const double *v, double *answer)
{
  const struct route *out = r->sys->value[r->sys->model->output];

  rates_evaluate(r, u, v);
  whole_put_down(r->whole, v);
  if (out->lo < out->hi)
    memcpy(answer, r->at->drive[r->sys->model->output], (size_t)out->n * sizeof(double));
}

void rates_be_quiet(int code, const char *module, const char *function, char *message, void *user)
{
  (void)code, (void)module, (void)function, (void)message, (void)user;
}
