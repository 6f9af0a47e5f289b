/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_steps.c - what a step costs beside the kernels that are measured on their own
 *
 * Two networks, one narrow and one of more units, show small pictures. What a step takes longer
 * than is foretold of its products and nodes is a cost of each stage and one of each of its rows:
 * two unknowns, two networks. */
#include "bench_parts.h"
#include "predict.h"
#include "session.h"
#include <math.h>
#include <stdlib.h>

enum { NETWORKS = 2, HIDDEN = 6, WARM = 20, TIMED = 8 };
static const int width[NETWORKS] = {16, 96};

/* One network, and what is foretold of a presentation of it without the two unknowns. */
struct course_of_steps {
  struct job *job;
  struct session *s;
  double each, once; /* [s] of a step, and beside the steps */
  double rest;       /* [s] what a step took longer, at least */
  long next;         /* presentation */
};

static struct job *network(enum machine_method method, enum precision precision, int n)
{
  struct faults faults = {0};
  char *text = fail_text(
      "network:\n  widths: [64, %d, %d, %d, %d, %d, %d, 10]\n  hidden: clipped_relu\n  weights: "
      "%s\n"
      "data:\n  set: glyphs\n  side: 8\n  train: 64\n  test: 1\npresent:\n  samples: 1000000\n"
      "solver:\n  name: %s\n",
      n, n, n, n, n, n, precision == IN_SINGLE ? "single" : "double", machine_method_name[method]);
  struct job *job = job_parse(text, "bench", ".", 0, NULL, &faults);

  EXPECT(faults.count == 0);
  free(text);
  return job;
}

/* Of rates that count as those of a rank alone, with the two unknowns taken as nothing. */
static void foretell(struct course_of_steps *c, const struct machine *m,
                     const struct machine_rates *r)
{
  struct machine known = *m;
  struct prediction *p = predict_create(c->job, c->s->model);
  struct forecast one, two;

  known.alone = *r;
  for (int k = 0; k < METHODS; k++)
    for (int precision = 0; precision < PRECISIONS; precision++)
      known.alone.stage[k][precision] = known.alone.row[k][precision] = 0;
  const double sample = dataset_pace(c->s->data);
  predict_time(p, &known, 1, sample, &one);
  predict_time(p, &known, 2, sample, &two);
  c->each = two.total - one.total;
  c->once = one.total - c->each;
  predict_destroy(p);
}

static void show(struct course_of_steps *c, long presentations)
{
  for (const long end = c->next + presentations; c->next < end; c->next++) {
    double reached;
    const enum outcome outcome = solver_advance(c->s->solver, c->next, &reached);
    EXPECT(outcome == ADVANCED);
  }
}

static double tried(const struct course_of_steps *c)
{
  return c->s->solver->stats.steps + c->s->solver->stats.rejected;
}

static void time_once(struct course_of_steps *c)
{
  const double before = tried(c), began = MPI_Wtime();

  show(c, TIMED);
  const double steps = tried(c) - before, took = MPI_Wtime() - began;
  c->rest = fmin(c->rest, (took - TIMED * c->once) / steps - c->each);
}

/* Rows of all stages; a y and a z of each layer but the input. */
static double rows_of(int n)
{
  return 2.0 * (HIDDEN * n + 10);
}

/* Both unknowns from what is left of a step in both networks; neither can be nothing. */
static void solve(const double *rest, double *stage, double *row)
{
  const double stages = 2 * (HIDDEN + 1);

  *row = fmax((rest[1] - rest[0]) / (rows_of(width[1]) - rows_of(width[0])), 1e-12);
  *stage = fmax((rest[0] - *row * rows_of(width[0])) / stages, 1e-10);
}

/* Networks take turns, so that whatever disturbs the machine disturbs both. */
static void bench_method(const struct pace *pace, const struct machine *m,
                         enum machine_method method, enum precision precision,
                         struct machine_rates *r)
{
  struct course_of_steps c[NETWORKS];
  double rest[NETWORKS];
  struct faults faults = {0};

  for (int k = 0; k < NETWORKS; k++) {
    c[k] = (struct course_of_steps){.job = network(method, precision, width[k]), .rest = INFINITY};
    c[k].s = session_create(MPI_COMM_SELF, c[k].job, &faults);
    EXPECT(faults.count == 0);
    show(&c[k], WARM);
    foretell(&c[k], m, r);
  }
  CHECK_MPI(MPI_Barrier(pace->comm));
  for (const double end = MPI_Wtime() + 2 * pace->task; isinf(c[0].rest) || MPI_Wtime() < end;)
    for (int k = 0; k < NETWORKS; k++) time_once(&c[k]);
  for (int k = 0; k < NETWORKS; k++) {
    rest[k] = c[k].rest;
    session_destroy(c[k].s);
    job_destroy(c[k].job);
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, rest, NETWORKS, MPI_DOUBLE, MPI_MAX, pace->comm));
  solve(rest, &r->stage[method][precision], &r->row[method][precision]);
}

void bench_steps(const struct pace *pace, const struct machine *m, struct machine_rates *r)
{
  for (int method = 0; method < METHODS; method++)
    for (int precision = 0; precision < PRECISIONS; precision++)
      bench_method(pace, m, method, precision, r);
}
