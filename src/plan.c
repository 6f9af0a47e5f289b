/* SPDX-License-Identifier: BSD-3-Clause */
#include "plan.h"
#include "footprint.h"
#include "predict.h"
#include <cblas.h>
#include <stdlib.h>

enum { ROWS_SHOWN = 64 };
static const double MIB = 1048576, KIB = 1024;

/* The numbers of a rank, in the order of the columns. */
enum { ROWS, LOAD, WEIGHTS, PEAK, SENT, SENT_KIB, RECEIVED, RECEIVED_KIB, COLUMNS };
struct line {
  double of[COLUMNS];
};

struct plan {
  const struct session *s; /* borrowed */
  struct prediction *messages;
  struct line *line; /* [ranks] */
  int ranks, heaviest;
};

/* Cost of a rank's rows over the mean of all ranks. */
static double load_of(const struct session *s, int rank)
{
  double own = 0, all = 0;

  for (int l = 1; l <= s->net->L; l++) {
    long lo, hi;
    partition_rows(s->part, l, rank, &lo, &hi);
    own += partition_row_cost(s->net, l) * (double)(hi - lo);
    all += partition_row_cost(s->net, l) * (double)s->net->n[l];
  }
  return own * s->part->size / all;
}

static struct line line_of(const struct plan *plan, double base, int rank)
{
  const struct session *s = plan->s;
  const struct rounds *step = &solver_kind_of(s->job)->step;
  const struct footprint f = footprint_of(s->job, s->model, rank);
  const struct traffic sent = predict_sent(plan->messages, rank, step);
  const struct traffic received = predict_received(plan->messages, rank, step);

  return (struct line){{(double)(s->part->first[rank + 1] - s->part->first[rank]), load_of(s, rank),
                        f.weights / MIB, (base + f.peak) / MIB, sent.messages, sent.bytes / KIB,
                        received.messages, received.bytes / KIB}};
}

static struct plan plan_of(const struct session *s, double base)
{
  struct plan plan = {.s = s, .ranks = s->part->size};

  plan.messages = predict_create(s->job, s->model);
  plan.line = fail_alloc((size_t)plan.ranks, sizeof *plan.line);
  for (int r = 0; r < plan.ranks; r++) {
    plan.line[r] = line_of(&plan, base, r);
    if (plan.line[r].of[PEAK] > plan.line[plan.heaviest].of[PEAK]) plan.heaviest = r;
  }
  return plan;
}

static void plan_clear(struct plan *plan)
{
  predict_destroy(plan->messages);
  free(plan->line);
}

/* --- the table --- */

static void print_line(FILE *out, const char *name, const struct line *line)
{
  const double *x = line->of;

  fprintf(out, "%9s  %9.0f  %5.2f  %10.2f  %10.1f  %6.0f  %9.2f  %6.0f  %9.2f", name, x[ROWS],
          x[LOAD], x[WEIGHTS], x[PEAK], x[SENT], x[SENT_KIB], x[RECEIVED], x[RECEIVED_KIB]);
}

/* Where a rank's part of the line begins and ends, as layer:row. */
static void print_cut(FILE *out, const struct partition *part, int rank)
{
  long lo, hi;
  int from = 0, to = 0;

  for (int l = part->L; l >= 1; l--)
    if (partition_owns(part, l, rank)) from = l;
  for (int l = 1; l <= part->L; l++)
    if (partition_owns(part, l, rank)) to = l;
  if (from == 0) {
    fprintf(out, "  no rows\n");
    return;
  }
  partition_rows(part, from, rank, &lo, &hi);
  fprintf(out, "  %d:%ld", from, lo);
  partition_rows(part, to, rank, &lo, &hi);
  fprintf(out, " .. %d:%ld\n", to, hi - 1);
}

static void print_rank(FILE *out, const struct plan *plan, int rank)
{
  char name[16];

  snprintf(name, sizeof name, "%d", rank);
  print_line(out, name, &plan->line[rank]);
  print_cut(out, plan->s->part, rank);
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Of each column by itself. */
static void print_spread(FILE *out, const struct plan *plan)
{
  struct line least, median, most;
  double *column = fail_alloc((size_t)plan->ranks, sizeof *column);

  for (int c = 0; c < COLUMNS; c++) {
    for (int r = 0; r < plan->ranks; r++) column[r] = plan->line[r].of[c];
    qsort(column, (size_t)plan->ranks, sizeof *column, ascending);
    least.of[c] = column[0];
    median.of[c] = column[plan->ranks / 2];
    most.of[c] = column[plan->ranks - 1];
  }
  free(column);
  print_line(out, "least", &least);
  fprintf(out, "\n");
  print_line(out, "median", &median);
  fprintf(out, "\n");
  print_line(out, "most", &most);
  fprintf(out, "\n");
}

static void print_table(FILE *out, const struct plan *plan)
{
  fprintf(out,
          "                             memory [MiB]         sent a step      received a step\n"
          "     rank       rows   load     weights        peak   msgs.      KiB   msgs.      KiB"
          "  from layer:row to\n");
  if (plan->ranks > ROWS_SHOWN) {
    print_spread(out, plan);
    print_rank(out, plan, plan->heaviest);
  } else {
    for (int r = 0; r < plan->ranks; r++) print_rank(out, plan, r);
  }
}

/* --- the lines --- */

static void print_messages(FILE *out, const struct plan *plan)
{
  const struct solver_kind *solver = solver_kind_of(plan->s->job);
  const struct traffic step = predict_all(plan->messages, &solver->step);
  const struct traffic once = predict_all(plan->messages, &solver->presentation);
  const int verdicts = plan->ranks > 1 ? solver->step.reductions : 0;

  if (solver->batch) return;
  if (solver->step.values == 0) {
    fprintf(out, "messages: not known beforehand with solver %s\n", solver->name);
    return;
  }
  fprintf(out, "messages_per_step: %.0f\nbytes_per_step: %.0f\nreductions_per_step: %d\n",
          step.messages, step.bytes, verdicts);
  fprintf(out, "messages_per_presentation: %.0f\nbytes_per_presentation: %.0f\n", once.messages,
          once.bytes);
}

/* Square products as large as most caches, timed now [operations/s]. */
static double product_rate(void)
{
  enum { N = 768, TRIES = 3 };
  double *a = fail_alloc((size_t)3 * N * N, sizeof *a), best = INFINITY;

  for (long k = 0; k < 2L * N * N; k++) a[k] = 1.0 / (double)(k + 1);
  for (int t = 0; t < TRIES; t++) {
    const double begin = MPI_Wtime();
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, N, N, N, 1, a, N, a + N * N, N, 0,
                a + 2 * N * N, N);
    best = fmin(best, MPI_Wtime() - begin);
  }
  free(a);
  return 2.0 * N * N * N / best;
}

/* Of a solver that takes batches: its operations at the rate of products on this machine, were it
 * alone and all ranks like it; messages are left out. */
static void print_updates(FILE *out, const struct session *s)
{
  const int ranks = s->part->size;
  double watching;
  const double all = solver_kind_of(s->job)->batch->operations(s->job, s->net, &watching);

  if (!isfinite(all)) {
    fprintf(out, "time: not predicted: how many steps the equilibrium takes depends on weights\n");
    return;
  }
  const double rate = product_rate();
  fprintf(out, "operations_per_update: %.4g\nproduct_rate: %.4g  # operations/s, measured now\n",
          all, rate);
  fprintf(out,
          "time_of_measures_s: %.4g  # beside that, of an update that is recorded or the last\n",
          watching / rate / ranks);
  fprintf(out, "time_per_update_s: %.4g  # without messages, on %d rank%s like this one\n",
          all / rate / ranks, ranks, ranks == 1 ? "" : "s");
}

static bool print_time(FILE *out, const struct plan *plan, const struct plan_options *options,
                       const struct machine *machine, struct faults *faults)
{
  const struct session *s = plan->s;
  const double steps = options->steps > 0 ? options->steps : predict_steps(s->job);
  struct forecast f;

  if (solver_kind_of(s->job)->batch) {
    print_updates(out, s);
    return true;
  }
  if (!predict_knows(s->job)) {
    fprintf(out, "time: not predicted for solver %s\n", solver_kind_of(s->job)->name);
    return true;
  }
  if (!options->machine) {
    fprintf(out, "time: needs this machine's constants: mpirun -n 2 tauflow bench --out "
                 "machine.yml, then check with --machine machine.yml\n");
    return true;
  }
  predict_time(plan->messages, machine, steps, dataset_pace(s->data), &f);
  if (!isfinite(f.total)) {
    faults_add(faults, "--machine %s: its constants make a presentation take %g s",
               options->machine, f.total);
    return false;
  }
  fprintf(out, "steps_per_presentation: %.4g  # %s\n", steps,
          options->steps > 0 ? "as given" : "a rule of thumb; --steps gives better ones");
  fprintf(out, "time_per_presentation_ms: %.4g\n", 1e3 * f.total);
  fprintf(out,
          "products_ms: %.4g  # these three of rank %d\npending_ms: %.4g\nelements_ms: %.4g\n"
          "input_ms: %.4g\nwaiting_ms: %.4g\nreducing_ms: %.4g\n",
          1e3 * f.products, f.slowest, 1e3 * f.pending, 1e3 * f.elements, 1e3 * f.input,
          1e3 * f.waiting, 1e3 * f.reducing);
  return true;
}

bool plan_print(FILE *out, const struct session *s, const struct plan_options *options, double base,
                struct faults *faults)
{
  struct machine machine;

  if (options->machine && !(machine_read(&machine, options->machine, faults) &&
                            predict_suffices(&machine, s->part->size, options->machine, faults)))
    return false;
  struct plan plan = plan_of(s, base);
  print_table(out, &plan);
  fprintf(out, "ranks: %d\nsolver: %s\nbase_memory_MiB: %.1f  # this process, with the data\n",
          plan.ranks, solver_kind_of(s->job)->name, base / MIB);
  fprintf(out, "peak_memory_MiB: %.1f\n", plan.line[plan.heaviest].of[PEAK]);
  print_messages(out, &plan);
  const bool ok = print_time(out, &plan, options, &machine, faults);
  plan_clear(&plan);
  return ok;
}
