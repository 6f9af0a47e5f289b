/* SPDX-License-Identifier: BSD-3-Clause */
#include "settle.h"
#include "vectors.h"
#include <stdlib.h>
#include <string.h>

struct settler {
  const struct system *sys; /* borrowed */
  struct moment *at;        /* on the routes */
  float *rounded;           /* the multiplied vector, in single precision only */
};

struct settler *settler_create(const struct system *sys)
{
  struct settler *s = fail_alloc(1, sizeof *s);
  s->sys = sys;
  s->at = moment_on_routes(sys);
  if (sys->net->single)
    s->rounded = fail_alloc((size_t)network_widest(sys->net), sizeof *s->rounded);
  return s;
}

void settler_destroy(struct settler *s)
{
  if (!s) return;
  moment_destroy(s->at);
  free(s->rounded);
  free(s);
}

double settler_bytes(const struct model *m, int rank, bool means)
{
  const double widest = (double)network_widest(m->net);

  return moment_bytes_on_routes(m, rank, means) + (m->net->single ? widest * sizeof(float) : 0);
}

struct moment *settler_moment(struct settler *s)
{
  return s->at;
}

void settle(struct settler *s, const double *x)
{
  const struct system *sys = s->sys;
  const struct model *m = sys->model;

  for (int k = 0; k < system_stages(sys); k++) {
    const int syn = m->stage[k].synapse;
    long lo, hi;
    system_rows(sys, k, &lo, &hi);
    if (syn != NONE && lo < hi) {
      const int pre = m->synapse[syn].pre;
      const struct matrix *M = &sys->state->matrix[syn];
      const double *v = pre == INPUT ? x : s->at->value[pre];
      matrix_multiply(M, vectors_rounded(M->single, v, padded(M->cols), s->rounded),
                      s->at->drive[k] + lo);
    }
    system_share_drive(sys, k);
    m->kind->force(m, k, s->at);
    if (lo < hi)
      memcpy(s->at->value[k] + lo, s->at->force[k] + lo, (size_t)(hi - lo) * sizeof(double));
    system_share_value(sys, k);
  }
}
