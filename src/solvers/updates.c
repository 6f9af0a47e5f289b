/* SPDX-License-Identifier: BSD-3-Clause */
/* updates.c - one update of the weights a batch, at the equilibrium of an energy (model pc)
 *
 * Weights live in blocks while batches come; the rows of the state, which files and diagnostics
 * read, follow after each update. Between updates nothing is remembered. */
#include "deep.h"
#include "solver.h"
#include <stdlib.h>
#include <string.h>

enum { TEST_BATCH = 256 };

struct updates {
  struct pc_options o;
  struct deep *d;
  struct equilibrium *q; /* NULL: rule bp */
  struct scaler *scaler;
  bool loaded;   /* the weights of the state are in d */
  bool taught;   /* has a teacher, whose map can be compared with the network's */
  double gain;   /* of orthogonal initial weights; 0: others, or those of a start file */
  long **cut;    /* [L+1] rows of layer l on the ranks, [ranks + 1]; NULL at 0 */
  long *samples; /* [ranks + 1] samples of a batch that a rank writes to files */
  double **x;    /* [L+1] those samples' activities [own samples][n_l] */
  bool fresh;    /* d has activities that x has not */
  bool warned;   /* that samples cannot be told apart */
  double *input; /* [n_0] a sample */
  struct figure figure[FIGURES_MOST];
  double accuracy, loss; /* of the last batch, before its update */
};

enum {
  F_ALIGNMENT,
  F_LIMIT,
  F_INTERFERENCE,
  F_FORWARD,
  F_LEAST,
  F_CERTIFICATE,
  F_ITERATIONS,
  F_CONDITION,
  F_SETTLED,
  F_PLATEAU,
  F_KINKS,
  F_TRUSTED,
  F_MAPPING,
  FIGURES
};

static const struct figure figures[FIGURES] = {
    {"target_alignment", "mean cosine of y - yhat and the change of yhat by the update", NAN},
    {"target_alignment_limit", "the same for a rate that goes to 0", NAN},
    {"interference", "mean share of that change that is across y - yhat", NAN},
    {"energy_feedforward", "mean energy at the forward pass, |y - yhat|^2/2", NAN},
    {"energy_equilibrium", "mean energy at the equilibrium", NAN},
    {"certificate", "linear: largest |x_L - y| the errors found lead to; else of the gradient",
     NAN},
    {"iterations", "of the search for the equilibrium, mean over samples", NAN},
    {"condition_S", "condition number of S in the 1-norm, estimated", NAN},
    {"settled", "share of samples whose equilibrium is within the tolerance", NAN},
    {"plateau", "largest relative fall of a sample's energy at the end of its search", NAN},
    {"kinks", "hidden relu units at rest on a kink of the energy, mean over samples", NAN},
    {"trusted", "share of the update that pc.trust lets through", NAN},
    {"mapping_error", "|W_data - W_L ... W_1|^2 (Frobenius) after the update", NAN},
};

static bool is_taught(const struct job *job, const struct pc_options *o)
{
  return job_choice(job, "data.target") == TARGET_TEACHER && pc_is_linear(o);
}

static double orthogonal_gain(const struct job *job)
{
  const bool is = strcmp(job_text(job, "network.init"), "orthogonal") == 0;

  return is && !job_text(job, "start")[0] ? job_real(job, "network.gain") : 0;
}

static void make_cuts(struct updates *u, const struct partition *part)
{
  const size_t size = (size_t)part->size;

  u->cut = fail_alloc((size_t)part->L + 1, sizeof *u->cut);
  for (int l = 1; l <= part->L; l++) {
    u->cut[l] = fail_alloc(size + 1, sizeof **u->cut);
    for (int r = 0; r < part->size; r++) {
      long lo, hi;
      partition_rows(part, l, r, &lo, &hi);
      u->cut[l][r + 1] = hi > u->cut[l][r] ? hi : u->cut[l][r];
    }
  }
  u->samples = lines_shared(u->o.batch, part->size);
}

static long own_samples(const struct solver *s)
{
  const struct updates *u = s->own;
  const int rank = s->sys->part->rank;

  return u->samples[rank + 1] - u->samples[rank];
}

static void warn_of_width(const struct solver *s)
{
  struct updates *u = s->own;
  const struct network *net = s->sys->net;
  long least = net->n[0];

  for (int l = 1; l < net->L; l++) least = net->n[l] < least ? net->n[l] : least;
  u->warned = u->o.scale == SCALE_DECORRELATE && u->o.batch > least;
  if (u->warned && s->sys->part->rank == 0)
    fprintf(stderr,
            "tauflow: warning: pc.batch = %ld samples for layers as narrow as %ld units: scale "
            "decorrelate cannot tell them apart%s\n",
            u->o.batch, least,
            u->o.rule == RULE_PC ? ", and target alignment will be below 1" : "");
}

/* Once a run. */
static void warn_of_samples(const struct solver *s, long p)
{
  struct updates *u = s->own;
  const int layer = scaler_dependent(u->scaler);

  if (layer < 0 || u->warned) return;
  u->warned = true;
  if (s->sys->part->rank == 0)
    fprintf(stderr,
            "tauflow: warning: update %ld: the samples' activities in layer %d are not independent "
            "(weights of deficient rank, or a sample twice): scale decorrelate cannot tell them "
            "apart%s\n",
            p, layer, u->o.rule == RULE_PC ? ", and target alignment will be below 1" : "");
}

static void updates_create(struct solver *s, const struct job *job)
{
  struct updates *u = fail_alloc(1, sizeof *u);
  const struct network *net = s->sys->net;
  const long L = net->L;

  s->own = u;
  pc_options(job, &u->o);
  u->taught = is_taught(job, &u->o);
  u->gain = orthogonal_gain(job);
  u->d = deep_create(s->sys->comm, &u->o, net->L, net->n);
  if (u->o.rule == RULE_PC) u->q = equilibrium_create(u->d);
  u->scaler = scaler_create(u->d);
  make_cuts(u, s->sys->part);
  u->x = fail_alloc((size_t)L + 1, sizeof *u->x);
  for (long l = 0; l <= L; l++)
    u->x[l] = fail_alloc((size_t)(own_samples(s) * net->n[l]), sizeof **u->x);
  u->input = fail_alloc((size_t)net->n[0], sizeof *u->input);
  memcpy(u->figure, figures, sizeof figures);
  u->accuracy = u->loss = NAN;
  warn_of_width(s);
}

static void updates_destroy(struct solver *s)
{
  struct updates *u = s->own;

  for (int l = 0; l <= s->sys->net->L; l++) {
    free(u->cut[l]);
    free(u->x[l]);
  }
  free(u->cut);
  free(u->x);
  free(u->samples);
  free(u->input);
  scaler_destroy(u->scaler);
  equilibrium_destroy(u->q);
  deep_destroy(u->d);
  free(u);
}

static long updates_target_rows(const struct job *job, const struct model *m, int rank)
{
  struct grid plan;

  (void)job;
  deep_plan(m->part->size, m->net->L, m->net->n, &plan);
  const long each = plan.block * plan.cols; /* columns, of which every rank has a block */
  return (long)(blocks_bytes(&plan, rank, m->net->n[m->net->L], each) / sizeof(double)) /
         plan.block;
}

/* What tests and measures take for a while, one after the other. */
static double measures_bytes(const struct job *job, const struct pc_options *o,
                             const struct grid *plan, int rank, const struct network *net)
{
  double test = blocks_bytes(plan, rank, net->n[net->L], TEST_BATCH);

  for (int l = 0; l <= net->L; l++) test += blocks_bytes(plan, rank, net->n[l], TEST_BATCH);
  return fmax(fmax(test, is_taught(job, o) ? deep_distance_bytes(plan, rank, net->L, net->n) : 0),
              deep_align_bytes(plan, rank, o, net->L, net->n));
}

static double updates_bytes(const struct job *job, const struct model *m, int rank)
{
  const struct network *net = m->net;
  struct pc_options o;
  struct grid plan;
  struct room q = {0};
  double sum = 0;

  pc_options(job, &o);
  deep_plan(m->part->size, net->L, net->n, &plan);
  for (int l = 0; l <= net->L; l++)
    sum += (double)(o.batch / m->part->size + 1) * (double)net->n[l] * sizeof(double);
  if (o.rule == RULE_PC) q = equilibrium_room(&plan, rank, &o, net->L, net->n);
  const struct room scaler = scaler_room(&plan, rank, &o, net->L, net->n);
  double measures = measures_bytes(job, &o, &plan, rank, net);
  if (orthogonal_gain(job) > 0)
    measures = fmax(measures, deep_orthonormal_bytes(&plan, rank, net->L, net->n));
  if (o.condition > 0) measures = fmax(measures, deep_condition_bytes(&plan, rank, net->L, net->n));
  return sum + deep_weight_bytes(&plan, rank, net->L, net->n) +
         deep_bytes(&plan, rank, &o, net->L, net->n) + q.kept + scaler.kept +
         fmax(measures, fmax(q.passing, scaler.passing));
}

static double updates_operations(const struct job *job, const struct network *net, double *watching)
{
  struct pc_options o;

  pc_options(job, &o);
  const struct work w = deep_work(&o, net->L, net->n);
  *watching = w.align + (is_taught(job, &o) ? w.map : 0);
  return w.forward + w.find + w.update;
}

/* --- between rows and blocks --- */

static struct lines rows_of(const struct solver *s, int l)
{
  const struct updates *u = s->own;
  const struct matrix *M = &s->sys->state->matrix[l - 1];

  return (struct lines){.cut = u->cut[l], .ld = M->ld, .data = M->rows > 0 ? M->a : NULL};
}

static void load(struct solver *s)
{
  struct updates *u = s->own;

  for (int l = 1; l <= u->d->L && !u->loaded; l++) {
    const struct lines rows = rows_of(s, l);
    blocks_from_lines(&rows, u->d->W[l]);
  }
  u->loaded = true;
}

static void store(struct solver *s)
{
  struct updates *u = s->own;

  for (int l = 1; l <= u->d->L; l++) {
    const struct lines rows = rows_of(s, l);
    blocks_to_lines(u->d->W[l], &rows);
  }
}

static bool updates_prepare(struct solver *s, const struct job *job, struct faults *faults)
{
  struct updates *u = s->own;
  const double kappa = u->o.condition;

  if (kappa == 0 && u->gain == 0) return true;
  load(s);
  if (u->gain > 0) deep_orthonormalise(u->d, u->gain);
  if (kappa > 0 && !deep_condition(u->d, kappa, job_place(job, "pc.condition"), faults))
    return false;
  store(s);
  return true;
}

/* --- samples --- */

/* Column b of A is the input of sample index[b]; columns beyond `count` are 0. */
static void fill_inputs(struct updates *u, const struct dataset *data, enum split split, long count,
                        const long *index, struct blocks *A)
{
  for (long j = 0; j < A->own_cols; j++) {
    const long b = blocks_col(A, j);
    if (b < count) dataset_sample(data, split, index[b], u->input);
    for (long i = 0; i < A->own_rows; i++)
      *blocks_at(A, i, j) = b < count ? u->input[blocks_row(A, i)] : 0;
  }
}

/* The same of its target. Only own rows are asked for: a teacher of theirs is all a rank keeps. */
static void fill_targets(const struct dataset *data, enum split split, long count,
                         const long *index, struct blocks *A)
{
  const long nb = A->grid->block;

  blocks_zero(A);
  for (long j = 0; j < A->own_cols && blocks_col(A, j) < count; j++)
    for (long i = 0; i < A->own_rows; i += nb) {
      const long n = A->own_rows - i < nb ? A->own_rows - i : nb, lo = blocks_row(A, i);
      dataset_target_rows(data, split, index[blocks_col(A, j)], lo, lo + n, blocks_at(A, i, j));
    }
}

/* How well `answer` meets the targets: hits and squared errors /2 of the first `count` columns,
 * added to sum [2]; r = y - answer is left in r. */
static void judge(const struct dataset *data, enum split split, long count, const long *index,
                  const struct blocks *answer, struct blocks *r, double *sum, long *confusion)
{
  double *square = fail_alloc((size_t)r->cols, sizeof *square);
  int *guess = fail_alloc((size_t)r->cols, sizeof *guess);

  blocks_add(-1, answer, r);
  blocks_dot_columns(r, r, square);
  for (long b = 0; b < count; b++) sum[1] += square[b] / 2;
  if (data->classes > 0) {
    blocks_argmax_columns(answer, guess);
    for (long b = 0; b < count; b++) {
      const int label = dataset_label(data, split, index[b]);
      sum[0] += guess[b] == label;
      if (confusion && guess[b] < data->classes) confusion[label * data->classes + guess[b]]++;
    }
  } else {
    sum[0] = NAN;
  }
  free(square);
  free(guess);
}

/* --- an update --- */

/* The batch into the network, and its answer. */
static void see_batch(struct solver *s, long p)
{
  struct updates *u = s->own;
  struct deep *d = u->d;
  const struct presenter *pr = s->sys->presenter;
  long *index = fail_alloc((size_t)d->B, sizeof *index);
  double sum[2] = {0, 0};

  for (long b = 0; b < d->B; b++) index[b] = presenter_sample(pr, p * d->B + b);
  fill_inputs(u, pr->data, pr->split, d->B, index, d->guess[0]);
  fill_targets(pr->data, pr->split, d->B, index, d->y);
  deep_forward(d, d->guess);
  blocks_copy(d->y, d->r);
  judge(pr->data, pr->split, d->B, index, d->guess[d->L], d->r, sum, NULL);
  u->accuracy = sum[0] / (double)d->B;
  u->loss = sum[1] / (double)d->B;
  free(index);
}

/* Errors and activities that the rule learns from: [L+1]. */
static struct blocks *const *infer(struct solver *s)
{
  struct updates *u = s->own;
  struct deep *d = u->d;

  u->figure[F_FORWARD].value = u->loss;
  if (!u->q) {
    deep_backpropagate(d);
    return d->guess;
  }
  const struct found found = equilibrium_find(u->q);
  u->figure[F_LEAST].value = found.energy;
  u->figure[F_CERTIFICATE].value = found.certificate;
  u->figure[F_ITERATIONS].value = found.iterations;
  u->figure[F_CONDITION].value = found.condition;
  u->figure[F_SETTLED].value = found.settled;
  u->figure[F_PLATEAU].value = found.plateau;
  u->figure[F_KINKS].value = found.kinks;
  return d->x;
}

static enum outcome updates_advance(struct solver *s, long p, double *reached)
{
  struct updates *u = s->own;

  *reached = 0;
  load(s);
  see_batch(s, p);
  if (!(u->loss < TOO_LARGE)) return DIVERGED;
  struct blocks *const *pre = infer(s);
  u->fresh = true;
  const struct update *update = scaler_updates(u->scaler, pre);
  warn_of_samples(s, p);
  if (u->o.trust > 0) u->figure[F_TRUSTED].value = scaler_trusted(u->scaler);
  if (!deep_fits(u->d, update, TOO_LARGE)) return DIVERGED;
  if (s->watched) {
    const struct alignment a = deep_align(u->d, update, NULL);
    u->figure[F_ALIGNMENT].value = a.real;
    u->figure[F_LIMIT].value = a.limit;
    u->figure[F_INTERFERENCE].value = a.interference;
  }
  deep_apply(u->d, update);
  if (s->watched && u->taught)
    u->figure[F_MAPPING].value = deep_distance(u->d, s->sys->presenter->data);
  store(s);
  s->stats.steps++;
  s->stats.evaluations++;
  return ADVANCED;
}

/* --- what others ask --- */

static void updates_score(struct solver *s, double *accuracy, double *loss)
{
  const struct updates *u = s->own;

  *accuracy = u->accuracy;
  *loss = u->loss;
}

static struct evaluation updates_test(struct solver *s, const struct dataset *data, long samples,
                                      long *confusion)
{
  struct updates *u = s->own;
  struct deep *d = u->d;
  const size_t layers = (size_t)d->L + 1;
  struct blocks **v = fail_alloc(layers, sizeof *v);
  struct blocks *y = blocks_create(d->grid, d->n[d->L], TEST_BATCH);
  long index[TEST_BATCH];
  double sum[2] = {0, 0};

  load(s);
  for (size_t l = 0; l < layers; l++) v[l] = blocks_create(d->grid, d->n[l], TEST_BATCH);
  for (long first = 0; first < samples; first += TEST_BATCH) {
    const long count = samples - first < TEST_BATCH ? samples - first : TEST_BATCH;
    for (long b = 0; b < count; b++) index[b] = first + b;
    fill_inputs(u, data, TEST, count, index, v[0]);
    fill_targets(data, TEST, count, index, y);
    deep_forward(d, v);
    judge(data, TEST, count, index, v[d->L], y, sum, confusion);
  }
  for (size_t l = 0; l < layers; l++) blocks_destroy(v[l]);
  blocks_destroy(y);
  free(v);
  return (struct evaluation){
      .samples = samples, .accuracy = sum[0] / (double)samples, .loss = sum[1] / (double)samples};
}

static int updates_figures(struct solver *s, const struct figure **list)
{
  struct updates *u = s->own;

  *list = u->figure;
  return FIGURES;
}

static int updates_fields(struct solver *s, struct field **fields)
{
  struct updates *u = s->own;
  const struct deep *d = u->d;
  const int rank = s->sys->part->rank;
  struct blocks *const *x = u->q ? d->x : d->guess;

  *fields = fail_alloc((size_t)d->L + 1, sizeof **fields);
  for (int l = 0; l <= d->L; l++) {
    const struct lines to = {true, u->samples, d->n[l], u->x[l]};
    if (u->fresh) blocks_to_lines(l == d->L ? d->y : x[l], &to);
    (*fields)[l] = (struct field){.path = fail_text("/layer%02d/x", l),
                                  .about = "activities at equilibrium of the last batch",
                                  .unit = "1",
                                  .axes = "sample, unit",
                                  .dims = 2,
                                  .shape = {d->B, d->n[l]},
                                  .lo = u->samples[rank],
                                  .hi = u->samples[rank + 1],
                                  .ld = d->n[l],
                                  .data = u->x[l]};
  }
  u->fresh = false;
  return d->L + 1;
}

static const struct batch_kind in_batches = {
    .length = "pc.updates",
    .operations = updates_operations,
    .advance = updates_advance,
    .prepare = updates_prepare,
    .target_rows = updates_target_rows,
    .score = updates_score,
    .test = updates_test,
    .figures = updates_figures,
};

const struct solver_kind solver_equilibrium = {
    .name = "equilibrium",
    .about = "one update a batch, at the equilibrium of an energy",
    .jumps = true,
    .batch = &in_batches,
    .create = updates_create,
    .destroy = updates_destroy,
    .bytes = updates_bytes,
    .fields = updates_fields,
};
