/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_parts.h"
#include "run.h"
#include "session.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* All solvers start from the state after WARM presentations, and show the next SHOWN or, the slow
 * ones, the first of these. How many it really is, is a matter of the time there is. */
enum { WARM = 100, SHOWN = 12, WARM_QUICK = 20, SHOWN_QUICK = 4 };
static const double USUAL_SECONDS = 60, QUICK_SECONDS = 10;

static const double EXACT = 1e-7;        /* solver.relative of what the others are measured by */
static const double AT_LEAST = 100;      /* times finer than the job's own */
static const double WEIGHTS_LIMIT = 1e7; /* of solvers that keep the whole state several times */

struct comparison {
  MPI_Comm comm;
  int rank;
  const struct cli *cli;
  const char *path;
  double seconds; /* for the job, about */
  long warm, shown;
  long count, values; /* of this rank's rows: numbers of a state, of which values come first */
  double weights;     /* over all ranks */
  double pace;        /* [s] of a presentation with cascade */
  double relative;    /* solver.relative with cascade */
  double fine;        /* solver.relative of the exact solution; 0: there is none */
  double *start;      /* [count] */
  double *exact[2];   /* [count] after the first presentation, and after all; NULL: none */
};

/* What one solver did. */
struct trial {
  long shown;
  double seconds, steps, evaluations, error;
  double multiplied; /* share of the weights of this rank's rows, as summary.yml has it */
  bool diverged;
};

/* The job with more settings; NULL with faults. Collective. */
static struct job *job_with(const struct comparison *c, int count, const char *const *more,
                            struct faults *faults)
{
  struct cli cli = *c->cli;

  cli.subject = c->path;
  cli.set = fail_alloc((size_t)(c->cli->sets + count) + 1, sizeof *cli.set);
  memcpy(cli.set, c->cli->set, (size_t)c->cli->sets * sizeof *cli.set);
  for (int k = 0; k < count; k++) cli.set[cli.sets++] = more[k];
  struct job *job = cli_job(&cli, c->comm, faults);
  free(cli.set);
  return job;
}

/* --- states --- */

static void count_state(struct comparison *c, const struct session *s)
{
  long lo, hi;

  c->values = 0;
  for (int k = 0; k < s->model->stages; k++) {
    system_rows(s->sys, k, &lo, &hi);
    c->values += hi - lo;
  }
  c->count = c->values;
  for (int k = 0; k < s->model->synapses; k++)
    c->count += s->state->matrix[k].rows * s->state->matrix[k].cols;
  c->weights = (double)(c->count - c->values);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &c->weights, 1, MPI_DOUBLE, MPI_SUM, c->comm));
}

/* This rank's rows of values, then of weights, as one array. Caller frees. */
static double *take_state(const struct comparison *c, const struct session *s)
{
  double *all = fail_alloc((size_t)c->count, sizeof *all), *next = all;
  long lo, hi;

  for (int k = 0; k < s->model->stages; k++) {
    system_rows(s->sys, k, &lo, &hi);
    for (long i = 0; i < hi - lo; i++) *next++ = s->state->value[k][i];
  }
  for (int k = 0; k < s->model->synapses; k++) {
    const struct matrix *M = &s->state->matrix[k];
    for (long i = 0; i < M->rows; i++)
      for (long j = 0; j < M->cols; j++) *next++ = matrix_at(M, i, j);
  }
  return all;
}

static void put_state(const struct session *s, const double *next)
{
  long lo, hi;

  for (int k = 0; k < s->model->stages; k++) {
    system_rows(s->sys, k, &lo, &hi);
    for (long i = 0; i < hi - lo; i++) s->state->value[k][i] = *next++;
  }
  for (int k = 0; k < s->model->synapses; k++) {
    struct matrix *M = &s->state->matrix[k];
    for (long i = 0; i < M->rows; i++)
      for (long j = 0; j < M->cols; j++) matrix_set(M, i, j, *next++);
  }
}

/* Root mean square over all weights of a - exact, relative to that of exact - start. Collective. */
static double weight_error(const struct comparison *c, const double *a, const double *exact)
{
  double sum[2] = {0, 0};

  for (long k = c->values; k < c->count; k++) {
    sum[0] += (a[k] - exact[k]) * (a[k] - exact[k]);
    sum[1] += (exact[k] - c->start[k]) * (exact[k] - c->start[k]);
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2, MPI_DOUBLE, MPI_SUM, c->comm));
  return sqrt(sum[0] / sum[1]);
}

/* --- presentations --- */

/* Show `most` presentations from `first` on, or only one if that one tells that all would take
 * longer than `seconds`. Times are those of the slowest rank. Collective. */
static struct trial show(const struct comparison *c, struct session *s, long first, long most,
                         double seconds, double **after_first)
{
  const struct solver_stats before = s->solver->stats;
  struct trial t = {0};

  CHECK_MPI(MPI_Barrier(c->comm));
  for (long end = most; t.shown < end && !t.diverged;) {
    double reached;
    const double began = MPI_Wtime();
    t.diverged = solver_advance(s->solver, first + t.shown, &reached) == DIVERGED;
    double spent = MPI_Wtime() - began;
    CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &spent, 1, MPI_DOUBLE, MPI_MAX, c->comm));
    t.seconds += spent;
    t.shown++;
    if (t.shown == 1 && after_first) *after_first = take_state(c, s);
    if (t.shown == 1 && spent * (double)most > seconds) end = 1;
  }
  t.steps = s->solver->stats.steps - before.steps;
  t.evaluations = s->solver->stats.evaluations - before.evaluations;
  t.multiplied =
      (s->solver->stats.chosen - before.chosen) / (s->solver->stats.weights - before.weights);
  return t;
}

/* The common start, and how long a presentation takes. */
static bool warm_up(struct comparison *c, struct faults *faults)
{
  const char *const cascade[] = {"solver.name=cascade"};
  struct job *job = job_with(c, 1, cascade, faults);
  struct session *s = job ? session_create(c->comm, job, faults) : NULL;

  if (s) {
    count_state(c, s);
    c->relative = job_real(job, "solver.relative");
    struct trial t = {0};
    long p = 0;
    for (; !t.diverged && p < c->warm && t.seconds < c->seconds / 12; p++) {
      const struct trial one = show(c, s, p, 1, INFINITY, NULL);
      t.seconds += one.seconds;
      t.diverged = one.diverged;
    }
    c->warm = p;
    c->pace = t.seconds / (double)p;
    c->start = take_state(c, s);
    if (t.diverged && c->rank == 0)
      faults_add(faults, "%s: the network diverged before presentation %ld", c->path, p);
  }
  session_destroy(s);
  job_destroy(job);
  return !faults_any(faults, c->comm);
}

/* The solution to measure the others by: as fine as there is time for. Steps go as the cube root of
 * the tolerance, errors as the square of the steps; double precision takes twice the time. */
static void plan_exact(struct comparison *c)
{
  const double slot = c->seconds / 3;

  if (c->pace * (double)c->shown > c->seconds / 12)
    c->shown = (long)fmax(1, c->seconds / 12 / c->pace);
  const double coarsest = 1.001 * c->relative / AT_LEAST;
  for (c->fine = fmin(EXACT, c->relative / AT_LEAST); c->fine <= coarsest; c->fine *= 10) {
    const double cost = 2 * c->pace * cbrt(c->relative / c->fine);
    const bool last = 10 * c->fine > coarsest;
    if (cost * (double)(last ? 1 : c->shown) <= slot) {
      c->shown = (long)fmin((double)c->shown, slot / cost);
      return;
    }
  }
  c->fine = 0;
}

static void solve_exactly(struct comparison *c)
{
  struct faults faults = {0};
  char *relative = fail_text("solver.relative=%g", c->fine);
  const char *const exact[] = {"solver.name=cascade", "network.weights=double", relative};
  struct job *job = job_with(c, 3, exact, &faults);
  struct session *s = job ? session_create(c->comm, job, &faults) : NULL;

  if (s) {
    put_state(s, c->start);
    show(c, s, c->warm, c->shown, INFINITY, &c->exact[0]);
    c->exact[1] = take_state(c, s);
  } else if (c->rank == 0) {
    printf("%s: nothing exact: %s", c->path, faults.text);
  }
  session_destroy(s);
  job_destroy(job);
  faults_clear(&faults);
  free(relative);
}

/* Steps and error of the first time, speed of the fastest of several. */
static struct trial try_solver(const struct comparison *c, struct session *s)
{
  put_state(s, c->start);
  struct trial t = show(c, s, c->warm, c->shown, c->seconds / 4, NULL);
  const double *exact = t.shown == c->shown ? c->exact[1] : t.shown == 1 ? c->exact[0] : NULL;
  double *state = take_state(c, s);

  t.error = exact ? weight_error(c, state, exact) : NAN;
  free(state);
  for (double spent = t.seconds; !t.diverged && spent < c->seconds / 60;) {
    put_state(s, c->start);
    const double again = show(c, s, c->warm, t.shown, INFINITY, NULL).seconds;
    t.seconds = fmin(t.seconds, again);
    spent += again;
  }
  return t;
}

static void print_trial(const struct comparison *c, const char *name, const struct trial *t)
{
  const double shown = (double)t->shown;
  char error[16];

  if (c->rank != 0) return;
  snprintf(error, sizeof error, isnan(t->error) ? "unknown" : "%.2e", t->error);
  printf("  %-9s %5ld %16.4g %11.1f %17.1f %11s\n", name, t->shown, shown / t->seconds,
         t->steps / shown, t->evaluations / shown, t->diverged ? "diverged" : error);
  fflush(stdout);
}

/* The time of a presentation over that of its products alone, which no method of one evaluation a
 * step can do without; what else there is, activations, errors, folds, is this program's. */
static void bench_least(const struct comparison *c, const struct session *s, const struct trial *t)
{
  const struct pace pace = {c->comm, c->cli->quick ? 0.5e-3 : 2e-3, c->cli->quick ? 12e-3 : 120e-3};
  const struct products p = bench_products(&pace, s);
  const double each = t->evaluations / (double)t->shown, ms = 1e3 * t->seconds / (double)t->shown;
  const double flop = p.once_flop + each * p.step_flop, least = 1e3 * (p.once + each * p.step);

  if (c->rank != 0) return;
  printf("            its products alone: %.3g Mflop a presentation; matrices in turn: %.1f "
         "Gflop/s, %.3g ms, which the\n            solver takes %.2f times; the largest again "
         "and again: %.1f Gflop/s, %.3g ms, %.2f times\n",
         1e-6 * flop, 1e-6 * flop / least, least, ms / least, 1e-9 * p.rate, 1e3 * flop / p.rate,
         ms * p.rate / (1e3 * flop));
  printf("            of the weights of these matrices but W_1, its steps multiplied %.3g, rows "
         "behind "
         "open gates\n",
         t->multiplied);
  fflush(stdout);
}

/* One line of the table: what the solver did, or why it did nothing. */
static void bench_solver(const struct comparison *c, const struct solver_kind *kind)
{
  struct faults faults = {0};
  char *name = fail_text("solver.name=%s", kind->name);
  const char *const set[] = {name};

  if (kind->whole && c->weights > WEIGHTS_LIMIT) {
    if (c->rank == 0)
      printf("  %-9s left out: it keeps all %.3g weights several times over\n", kind->name,
             c->weights);
  } else {
    struct job *job = job_with(c, 1, set, &faults);
    struct session *s = job ? session_create(c->comm, job, &faults) : NULL;
    if (s) {
      const struct trial t = try_solver(c, s);
      print_trial(c, kind->name, &t);
      if (kind->means && s->part->size == 1 && !t.diverged) bench_least(c, s, &t);
    } else if (c->rank == 0) {
      printf("  %-9s left out: %s", kind->name, faults.text ? faults.text : "\n");
    }
    session_destroy(s);
    job_destroy(job);
  }
  faults_clear(&faults);
  free(name);
}

static void print_head(const struct comparison *c)
{
  if (c->rank != 0) return;
  printf("%s: %.4g weights, presentations %ld to %ld\n", c->path, c->weights, c->warm + 1,
         c->warm + c->shown);
  if (c->fine > 0)
    printf("  error in W and V against cascade at relative %g in double precision, over their "
           "change\n",
           c->fine);
  else
    printf("  errors unknown: nothing exact is to be had in %.0f s; see --max-wall\n", c->seconds);
  printf("  solver    shown  presentations/s  steps each  evaluations each  error in W\n");
  fflush(stdout);
}

/* A job whose solver takes batches has no other to be compared with; true if it is one. */
static bool bench_if_batches(const struct comparison *c, struct faults *faults)
{
  struct job *job = job_with(c, 0, NULL, faults);
  const bool is = job && solver_kind_of(job)->batch;

  if (is) bench_batches(c->comm, c->cli, job, c->path);
  job_destroy(job);
  return is;
}

int bench_job(MPI_Comm comm, const struct cli *cli, const char *path, struct faults *faults)
{
  struct comparison c = {.comm = comm, .cli = cli, .path = path};

  CHECK_MPI(MPI_Comm_rank(comm, &c.rank));
  if (bench_if_batches(&c, faults)) return EXIT_DONE;
  if (faults_any(faults, comm)) return EXIT_MISTAKE;
  c.seconds = isfinite(cli->max_wall) ? cli->max_wall : cli->quick ? QUICK_SECONDS : USUAL_SECONDS;
  c.warm = cli->quick ? WARM_QUICK : WARM;
  c.shown = cli->quick ? SHOWN_QUICK : SHOWN;
  const bool ok = warm_up(&c, faults);
  if (ok) {
    plan_exact(&c);
    if (c.fine > 0) solve_exactly(&c);
    print_head(&c);
    const struct solver_kind *kind;
    for (int k = 0; (kind = solver_kind_at(k)); k++)
      if (!kind->jumps) bench_solver(&c, kind);
  }
  free(c.start);
  free(c.exact[0]);
  free(c.exact[1]);
  return ok ? EXIT_DONE : EXIT_MISTAKE;
}
