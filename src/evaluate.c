/* SPDX-License-Identifier: BSD-3-Clause */
#include "evaluate.h"
#include "settle.h"
#include "watch.h"
#include <stdlib.h>
#include <string.h>

const struct key evaluate_keys[] = {
    {"evaluate.every", KEY_INTEGER, KEY_LATER, "0", 0, INFINITY, false, NULL, "presentations",
     "how often to test; 0: at the end only"},
    {"evaluate.samples", KEY_INTEGER, KEY_LATER, "0", 0, INFINITY, false, NULL, "samples",
     "how many test samples to use, from the first; 0: all"},
    {"evaluate.readout", KEY_CHOICE, KEY_LATER, "settled", 0, 0, false, "settled|dynamic", "",
     "forward pass on the slow manifold, or integrated presentations"},
    {0},
};

struct evaluator {
  struct state state; /* own values at rest, borrowed matrices */
  struct model *model;
  struct presenter *presenter;
  struct system *sys;
  struct settler *settler;
  struct solver *solver;  /* dynamic read-out only */
  struct solver *batches; /* borrowed; NULL: one presentation after another */
  long samples;
};

double answer_loss(const double *s, const double *y, long n, bool probabilities)
{
  double top = -INFINITY, sum = 0, wanted = 0;

  if (!probabilities) {
    for (long i = 0; i < n; i++) sum += (s[i] - y[i]) * (s[i] - y[i]) / 2;
    return sum;
  }
  for (long i = 0; i < n; i++) top = fmax(top, s[i]);
  for (long i = 0; i < n; i++) sum += exp(s[i] - top);
  for (long i = 0; i < n; i++) wanted += y[i] == 0 ? 0 : y[i] * s[i];
  return log(sum) + top - wanted;
}

int answer_class(const double *s, long n)
{
  int best = 0;

  for (long i = 1; i < n; i++)
    if (s[i] > s[best]) best = (int)i;
  return best;
}

/* The slow manifold, or else the job's solver: that of discrete is the slow manifold anyway. */
static bool reads_settled(const struct job *job)
{
  return job_choice(job, "evaluate.readout") == 0 || solver_kind_of(job) == &solver_discrete;
}

double evaluator_bytes(const struct job *job, const struct model *m, int rank)
{
  return presenter_bytes(m->net) + system_bytes(m, rank, false) +
         (reads_settled(job) ? settler_bytes(m, rank, false)
                             : solver_kind_of(job)->bytes(job, m, rank));
}

struct evaluator *evaluator_create(const struct job *job, struct model *model,
                                   const struct state *state, const struct dataset *data)
{
  struct evaluator *e = fail_alloc(1, sizeof *e);
  const long wanted = job_integer(job, "evaluate.samples");

  e->model = model;
  e->state = *state;
  e->state.value = fail_alloc((size_t)model->stages, sizeof *e->state.value);
  for (int k = 0; k < model->stages; k++) {
    long lo, hi;
    partition_rows(model->part, model->stage[k].layer, model->part->rank, &lo, &hi);
    e->state.value[k] = fail_alloc((size_t)(hi - lo), sizeof(double));
  }
  e->presenter = presenter_create(job, data, TEST);
  e->sys = system_create(model, &e->state, e->presenter, false);
  e->sys->learning = false;
  e->samples = wanted > 0 && wanted < data->count[TEST] ? wanted : data->count[TEST];
  if (reads_settled(job))
    e->settler = settler_create(e->sys);
  else
    e->solver = solver_create(job, e->sys);
  return e;
}

void evaluator_through(struct evaluator *e, struct solver *batches)
{
  e->batches = batches;
}

void evaluator_destroy(struct evaluator *e)
{
  if (!e) return;
  solver_destroy(e->solver);
  settler_destroy(e->settler);
  system_destroy(e->sys);
  presenter_destroy(e->presenter);
  for (int k = 0; k < e->model->stages; k++) free(e->state.value[k]);
  free(e->state.value);
  free(e);
}

/* s_L for test presentation p, on owners of layer L; NULL elsewhere or when the solver failed. */
static const double *answer_to(struct evaluator *e, long p)
{
  double reached;

  if (e->solver)
    return solver_advance(e->solver, p, &reached) == ADVANCED ? e->solver->answer : NULL;
  presenter_begin(e->presenter, p);
  settle(e->settler, e->presenter->x_to);
  return settler_moment(e->settler)->drive[e->model->output];
}

static void start_from_rest(struct evaluator *e)
{
  for (int k = 0; k < e->model->stages; k++) {
    long lo, hi;
    system_rows(e->sys, k, &lo, &hi);
    if (lo < hi) memset(e->state.value[k], 0, (size_t)(hi - lo) * sizeof(double));
  }
}

long evaluator_samples(const struct evaluator *e)
{
  return e->samples;
}

struct evaluation evaluator_run(struct evaluator *e, long *confusion)
{
  if (e->batches)
    return e->batches->kind->batch->test(e->batches, e->presenter->data, e->samples, confusion);

  const struct route *out = e->sys->value[e->model->output];
  const bool counts = out->lo == 0 && out->hi > 0; /* the owner of the first output row */
  const long n = out->n, classes = e->presenter->data->classes;
  long *table = fail_alloc((size_t)(classes * n), sizeof *table);
  double sum[2] = {0, 0}; /* hits, loss */

  start_from_rest(e);
  e->model->quiet = true;
  for (long p = 0; p < e->samples; p++) {
    const double *s = answer_to(e, p);
    if (!counts) continue;
    const int label = presenter_label(e->presenter), guess = s ? answer_class(s, n) : 0;
    const double *y = presenter_truth(e->presenter);
    sum[0] += s && guess == label;
    sum[1] += s ? answer_loss(s, y, n, e->model->probabilities) : INFINITY;
    if (label >= 0) table[label * n + guess]++;
  }
  e->model->quiet = false;
  WAIT_MPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, e->sys->comm));
  CHECK_MPI(
      MPI_Allreduce(MPI_IN_PLACE, table, (int)(classes * n), MPI_LONG, MPI_SUM, e->sys->comm));
  for (long i = 0; confusion && i < classes; i++)
    for (long j = 0; j < classes; j++) confusion[i * classes + j] += table[i * n + j];
  free(table);
  return (struct evaluation){.samples = e->samples,
                             .accuracy = classes > 0 ? sum[0] / (double)e->samples : NAN,
                             .loss = sum[1] / (double)e->samples};
}
