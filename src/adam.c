/* SPDX-License-Identifier: BSD-3-Clause */
#include "adam.h"
#include "clones.h"
#include "vectors.h"
#include <stdlib.h>

enum { FIRST, SECOND, MOMENTS };

struct adam {
  struct state *state; /* borrowed */
  double rate, beta1, beta2, epsilon;
  void **moment[MOMENTS]; /* [synapses][rows][ld] in the precision of the weights; NULL where
                             nothing learns */
};

static size_t elements(const struct matrix *M)
{
  return (size_t)M->rows * (size_t)M->ld;
}

struct adam *adam_create(const struct job *job, struct state *state)
{
  struct adam *a = fail_alloc(1, sizeof *a);
  const struct model *m = state->model;

  a->state = state;
  a->rate = job_real(job, "discrete.rate");
  a->beta1 = job_real(job, "discrete.beta1");
  a->beta2 = job_real(job, "discrete.beta2");
  a->epsilon = job_real(job, "discrete.epsilon");
  for (int which = 0; which < MOMENTS; which++) {
    a->moment[which] = fail_alloc((size_t)m->synapses, sizeof *a->moment[which]);
    for (int k = 0; k < m->synapses; k++)
      if (m->synapse[k].learns)
        a->moment[which][k] =
            fail_alloc(elements(&state->matrix[k]), vectors_unit(state->matrix[k].single));
  }
  return a;
}

void adam_destroy(struct adam *a)
{
  if (!a) return;
  for (int which = 0; which < MOMENTS; which++) {
    for (int k = 0; k < a->state->model->synapses; k++) free(a->moment[which][k]);
    free(a->moment[which]);
  }
  free(a);
}

double adam_bytes(const struct model *m, int rank)
{
  double bytes = 0;

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    long lo, hi;
    partition_rows(m->part, syn->layer, rank, &lo, &hi);
    if (syn->learns)
      bytes += MOMENTS * (double)(hi - lo) * (double)padded(syn->cols) *
               (double)vectors_unit(m->net->single);
  }
  return bytes;
}

/* One step of all weights, the corrections for the start at 0 taken out of the loop. */
struct stride {
  double loss;
  double rate; /* rate / (1 - beta1^t) */
  double root; /* 1 / sqrt(1 - beta2^t) */
  double beta1, beta2, epsilon;
};

#define STEP_ROW(type, square_root)                                                                \
  do {                                                                                             \
    const type keep1 = (type)s->beta1, add1 = (type)(1 - s->beta1);                                \
    const type keep2 = (type)s->beta2, add2 = (type)(1 - s->beta2);                                \
    const type loss = (type)s->loss, rate = (type)s->rate;                                         \
    const type root = (type)s->root, epsilon = (type)s->epsilon;                                   \
    for (long j = 0; j < n; j++) {                                                                 \
      const type g = p * q[j];                                                                     \
      first[j] = keep1 * first[j] + add1 * g;                                                      \
      second[j] = keep2 * second[j] + add2 * (g * g);                                              \
      const type size = root * square_root(second[j]) + epsilon;                                   \
      W[j] = (W[j] - loss * W[j]) + rate * first[j] / size;                                        \
    }                                                                                              \
  } while (0)

CLONES static void step_row_f64(const struct stride *s, long n, double p, const double *restrict q,
                                double *restrict first, double *restrict second, double *restrict W)
{
  STEP_ROW(double, sqrt);
}

CLONES static void step_row_f32(const struct stride *s, long n, float p, const float *restrict q,
                                float *restrict first, float *restrict second, float *restrict W)
{
  STEP_ROW(float, sqrtf);
}

void adam_step(struct adam *a, int k, long t, double loss, const void *p, const void *q)
{
  const struct matrix *M = &a->state->matrix[k];
  const struct stride s = {.loss = loss,
                           .rate = a->rate / (1 - pow(a->beta1, (double)t)),
                           .root = 1 / sqrt(1 - pow(a->beta2, (double)t)),
                           .beta1 = a->beta1,
                           .beta2 = a->beta2,
                           .epsilon = a->epsilon};

  EXPECT(t >= 1);
  for (long i = 0; i < M->rows; i++) {
    void *first = vectors_at(M->single, a->moment[FIRST][k], i * M->ld);
    void *second = vectors_at(M->single, a->moment[SECOND][k], i * M->ld);
    void *W = vectors_at(M->single, M->a, i * M->ld);
    if (M->single)
      step_row_f32(&s, M->ld, ((const float *)p)[i], q, first, second, W);
    else
      step_row_f64(&s, M->ld, ((const double *)p)[i], q, first, second, W);
  }
}

/* The fields of the weights, twice, under other names and with other data. */
int adam_fields(const struct adam *a, struct field **fields)
{
  static const char *const name[MOMENTS] = {"first", "second"};
  static const char *const about[MOMENTS] = {"Adam: running mean of the gradient",
                                             "Adam: running mean of its square"};
  struct field *weights;
  const int synapses = state_fields(a->state, STATE_WEIGHTS, &weights);
  int count = 0;

  *fields = fail_alloc((size_t)(MOMENTS * synapses), sizeof **fields);
  for (int k = 0; k < synapses; k++)
    for (int which = 0; which < MOMENTS; which++) {
      if (!a->moment[which][k]) continue;
      struct field *f = &(*fields)[count++];
      *f = weights[k];
      f->path = fail_text("/solver%s_%s", weights[k].path, name[which]);
      f->about = about[which];
      f->data = a->moment[which][k];
    }
  state_free_fields(synapses, weights);
  return count;
}
