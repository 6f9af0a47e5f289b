/* SPDX-License-Identifier: BSD-3-Clause */
/* initial.c - initial weights, element by element from (seed, layer, row, column) */
#include "dense.h"
#include "rng.h"
#include "state.h"
#include <stdlib.h>

/* In the order of the choices of network.init. */
enum law { XAVIER, XAVIER_UNIFORM, HE, ORTHOGONAL, NORM_PRESERVING, KAIMING_UNIFORM, LECUN };

struct draw {
  enum law law;
  double gain;
  uint64_t seed;
};

static enum rng_purpose purpose_of(const struct model *m, const struct synapse *syn)
{
  const bool forward = syn->pre == INPUT || m->stage[syn->pre].family == ACTIVITY;

  return forward ? RNG_WEIGHT : RNG_FEEDBACK;
}

/* Element (i, j) of a matrix with independent elements, normal ones if it is to be made orthogonal.
 * n_in is the number of columns. */
static double draw_element(const struct draw *draw, const struct model *m,
                           const struct synapse *syn, long i, long j)
{
  const double in = (double)syn->cols, out = (double)syn->rows;
  const enum rng_purpose purpose = purpose_of(m, syn);
  const uint64_t l = (uint64_t)syn->layer, a = (uint64_t)i, b = (uint64_t)j;
  double variance = 2 / (in + out), bound = 0; /* of a normal law; of a uniform one */

  if (draw->law == XAVIER_UNIFORM) bound = sqrt(6 / (in + out));
  if (draw->law == KAIMING_UNIFORM) bound = 1 / sqrt(in);
  if (draw->law == HE) variance = 2 / in;
  if (draw->law == NORM_PRESERVING) variance = 1 / out;
  if (draw->law == LECUN) variance = 1 / in;
  return bound > 0 ? draw->gain * bound * (2 * rng_uniform(draw->seed, purpose, l, a, b) - 1)
                   : draw->gain * sqrt(variance) * rng_normal(draw->seed, purpose, l, a, b);
}

/* Orthonormal rows or columns, whichever are fewer. Every rank with rows of the layer factors the
 * same Gaussian matrix, so no rank's rows depend on another's. [rows][cols], caller frees. */
static double *draw_orthogonal(const struct draw *draw, const struct model *m,
                               const struct synapse *syn)
{
  const struct draw gauss = {
      .law = NORM_PRESERVING, .gain = sqrt((double)syn->rows), .seed = draw->seed};
  double *Q = fail_alloc((size_t)syn->rows * (size_t)syn->cols, sizeof *Q);

  for (long i = 0; i < syn->rows; i++)
    for (long j = 0; j < syn->cols; j++) Q[i * syn->cols + j] = draw_element(&gauss, m, syn, i, j);
  dense_orthonormalise(syn->rows, syn->cols, Q);
  for (long k = 0; k < syn->rows * syn->cols; k++) Q[k] *= draw->gain;
  return Q;
}

/* Fill this rank's rows of `into` with synapse `from`, or with its transpose. */
static void fill_random(struct state *st, const struct draw *draw, int into, int from)
{
  const struct model *m = st->model;
  const struct synapse *syn = &m->synapse[from];
  struct matrix *M = &st->matrix[into];
  const bool transposed = into != from;
  double *Q = NULL;
  long lo, hi;

  partition_rows(m->part, m->synapse[into].layer, m->part->rank, &lo, &hi);
  if (lo == hi) return;
  if (draw->law == ORTHOGONAL && !m->kind->orthonormalises) Q = draw_orthogonal(draw, m, syn);
  for (long i = lo; i < hi; i++)
    for (long j = 0; j < M->cols; j++) {
      const long row = transposed ? j : i, col = transposed ? i : j;
      matrix_set(M, i - lo, j, Q ? Q[row * syn->cols + col] : draw_element(draw, m, syn, row, col));
    }
  free(Q);
}

void state_initialise(struct state *st, const struct job *job)
{
  const struct model *m = st->model;
  const struct draw draw = {.law = (enum law)job_choice(job, "network.init"),
                            .gain = job_real(job, "network.gain"),
                            .seed = (uint64_t)job_integer(job, "seed")};

  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    struct matrix *M = &st->matrix[k];
    if (syn->init == INIT_RANDOM) fill_random(st, &draw, k, k);
    if (syn->init == INIT_TRANSPOSE) fill_random(st, &draw, k, syn->transpose_of);
    for (long i = 0; syn->init == INIT_CONSTANT && i < M->rows; i++)
      for (long j = 0; j < M->cols; j++) matrix_set(M, i, j, syn->init_value);
  }
}
