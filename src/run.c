/* SPDX-License-Identifier: BSD-3-Clause */
#include "run_parts.h"
#include "folder.h"
#include "watch.h"
#include "wishes.h"
#include <stdlib.h>
#include <string.h>

const struct key run_keys[] = {
    {"name", KEY_TEXT, KEY_FORMAL, "", 0, 0, false, NULL, "",
     "name of the run; its default folder is output/<name>, or that of the job file"},
    {"seed", KEY_INTEGER, KEY_FIXED, "0", 0, 9007199254740992.0, false, NULL, "",
     "of all random numbers: weights, order, generated data, noise"},
    {"start", KEY_PATH, KEY_FIXED, "", 0, 0, false, NULL, "",
     "a state file whose weights to begin from, in place of network.init"},
    {"watchdog", KEY_TIME, KEY_FORMAL, "30 min", 0, 1e9, false, NULL, "s",
     "how long nothing may move on a machine until the run ends and names the rank that hangs; "
     "0: for ever"},
    {0},
};

const struct key record_keys[] = {
    {"record.every", KEY_INTEGER, KEY_LATER, "100", 0, INFINITY, false, NULL, "presentations",
     "how often to write norms, alignment and balance to series.h5; 0: never"},
    {0},
};

enum { WINDOW = 1000 };          /* presentations */
static const double BOUND = 1e6; /* |W| over its start beyond which a run has diverged */

static double time_of(const struct run *r)
{
  return r->s->solver->kind->batch ? 0 : r->done * r->s->presenter->duration;
}

void run_insist(struct run *r)
{
  if (!faults_any(r->faults, r->comm)) return;
  if (r->rank != 0) CHECK_MPI(MPI_Barrier(r->comm)); /* rank 0 says why, and ends all */
  fail_abort(__FILE__, __LINE__, "%s", r->faults->text);
}

/* --- measuring --- */

/* What the mismatch should be by now, where W and V obey the same equation. */
static void mismatch_law(const struct run *r, double *law)
{
  const struct model *m = r->s->model;

  for (int l = 0; l < m->net->L - 1; l++) law[l] = NAN;
  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *V = &m->synapse[k], *W = &m->synapse[V->layer];
    if (V->pre == INPUT || m->stage[V->pre].family != ERROR || !V->learns || V->post_drive)
      continue;
    if (V->tau_dec == W->tau_dec && V->tau_pot == W->tau_pot)
      law[V->layer - 1] = r->mismatch_start[V->layer - 1] * exp(-time_of(r) / W->tau_dec);
  }
}

/* What the mismatch law starts from, whether or not anything is recorded. */
static void measure_start(struct run *r)
{
  const struct measures *m = diagnostics_measure(r->diagnostics);
  const int pairs = r->s->net->L - 1;

  state_largest(r->s->state, r->largest_start);
  memcpy(r->mismatch_start, m->mismatch, (size_t)pairs * sizeof(double));
  CHECK_MPI(MPI_Bcast(r->mismatch_start, pairs, MPI_DOUBLE, 0, r->comm));
}

static void record(struct run *r)
{
  watch_at(AT_RECORD, r->done);
  const struct measures *m = diagnostics_measure(r->diagnostics);
  double *law = fail_alloc((size_t)r->s->net->L, sizeof *law);
  const struct figure *figure;

  solver_figures(r->s->solver, &figure);
  mismatch_law(r, law);
  if (r->rank == 0)
    recorder_add(r->recorder, (long)r->done, time_of(r), r->done > 0 ? r->accuracy : NAN,
                 r->done > 0 ? r->loss : NAN, m, law, figure, r->faults);
  free(law);
  run_insist(r);
}

static void test(struct run *r)
{
  watch_at(AT_TEST, r->done);
  r->test = evaluator_run(r->s->evaluator, NULL);
  if (r->rank == 0) recorder_add_test(r->recorder, (long)r->done, time_of(r), &r->test, r->faults);
  run_insist(r);
  log_line(r->log, "%ld presentations: test accuracy %.4f, test loss %.4f (%ld samples)",
           (long)r->done, r->test.accuracy, r->test.loss, r->test.samples);
}

/* What is wished from outside, a number each in the sum over ranks; the first ones stop the run. */
enum wish { BY_SIGNAL, BY_FILE, BY_TIME, STOPS, SAVE = STOPS, WISHES };

/* On a parallel file system a look into the folder is a message to a server. */
static bool finds_stop_file(struct run *r, double now)
{
  if (now - r->looked < 0.5) return false;
  r->looked = now;
  return folder_holds(r->options->out, "stop") ||
         (r->options->also && folder_holds(r->options->also, "stop"));
}

static void collect_wishes(struct run *r, double *wish)
{
  wish[BY_SIGNAL] = wishes_stop() != 0;
  wish[SAVE] = wishes_save();
  if (r->rank != 0) return;
  const double now = MPI_Wtime();
  wish[BY_FILE] = finds_stop_file(r, now);
  wish[BY_TIME] = wishes_now() > r->options->end_time;
  if (r->save_every > 0 && now - r->saved > r->save_every) wish[SAVE] = 1;
}

static void obey(struct run *r, const double *wish)
{
  static const char *const reasons[STOPS] = {"signal", "file", "time"};

  for (int k = 0; k < STOPS && !r->stopped_by; k++)
    if (wish[k] > 0) r->stopped_by = reasons[k];
  r->save = wish[SAVE] > 0;
}

/* Read the answer at the end of a presentation into the moving averages, and agree on what is
 * wished: one small reduction a presentation. */
static void tally(struct run *r)
{
  const struct route *out = r->s->sys->value[r->s->model->output];
  const double *answer = r->s->solver->answer;
  double sum[2 + WISHES] = {0};
  const double weight = 1 / fmin(r->done, WINDOW);

  collect_wishes(r, sum + 2);
  if (r->s->solver->kind->batch) {
    if (r->rank == 0) r->s->solver->kind->batch->score(r->s->solver, &sum[0], &sum[1]);
  } else if (out->lo == 0 && out->hi > 0) {
    const int label = presenter_label(r->s->presenter);
    sum[0] = label < 0 ? NAN : answer_class(answer, out->n) == label;
    sum[1] =
        answer_loss(answer, presenter_truth(r->s->presenter), out->n, r->s->model->probabilities);
  }
  WAIT_MPI(MPI_Allreduce(MPI_IN_PLACE, sum, 2 + WISHES, MPI_DOUBLE, MPI_SUM, r->comm));
  r->accuracy += weight * (sum[0] - r->accuracy);
  r->loss += weight * (sum[1] - r->loss);
  obey(r, sum + 2);
}

static void show_progress(struct run *r)
{
  const double spent = MPI_Wtime() - r->began, fresh = r->done - r->first;
  const double rate = fresh / fmax(spent, 1e-9), left = ((double)r->samples - r->done) / rate;

  if (spent > 1) /* before that the rate says nothing */
    log_progress(r->log, 10, "%ld/%ld presentations, %.0f/s, train accuracy %.3f, %.0f s left",
                 (long)r->done, r->samples, rate, r->accuracy, left);
}

/* --- the run --- */

static bool is_due(const struct run *r, const char *key)
{
  const long every = job_integer(r->job, key);

  return every > 0 && (long)r->done % every == 0;
}

double run_steps_tried(const struct run *r)
{
  return r->s->solver->stats.steps + r->s->solver->stats.rejected;
}

/* The next presentation, with all who want to see it. */
static enum outcome advance(struct run *r, bool recorded, double *reached)
{
  const bool traced = trace_wants(r->trace, (long)r->done);
  struct observer *observer = recorded ? diagnostics_watch(r->diagnostics) : NULL;

  watch_at(AT_SOLVING, r->done);
  r->s->sys->observer = traced ? trace_watch(r->trace, observer, r->faults) : observer;
  r->s->solver->watched = recorded || r->done + 1 >= (double)r->samples;
  const double start = MPI_Wtime();
  const enum outcome outcome = solver_advance(r->s->solver, (long)r->done, reached);
  r->solving += MPI_Wtime() - start;
  if (traced) {
    trace_flush(r->trace);
    run_insist(r);
  }
  return outcome;
}

/* What is due between two presentations; at the end of the run, what is more than its end. */
static void attend(struct run *r, bool recorded)
{
  const bool last = r->done >= (double)r->samples;

  if (recorded) record(r);
  if (is_due(r, "evaluate.every") && !last) test(r);
  if ((is_due(r, "checkpoint.every") || r->save) && !last && !r->stopped_by)
    checkpoint_write(r, time_of(r));
  show_progress(r);
}

/* Presentations until the end, divergence, or a wish to stop. */
static enum outcome integrate(struct run *r, double *reached)
{
  const long every = job_integer(r->job, "record.every");

  r->first = r->done;
  r->tried = run_steps_tried(r);
  *reached = 0;
  while (r->done < (double)r->samples && !r->stopped_by) {
    const long next = (long)r->done + 1;
    const bool watched = every > 0 && (next % every == 0 || next == r->samples);
    if (advance(r, watched, reached) == DIVERGED) return DIVERGED;
    r->done++;
    *reached = 0;
    tally(r);
    if (((long)r->done % BOUND_EVERY == 0 || r->done >= (double)r->samples) &&
        state_is_beyond(r->s->state, r->largest_start, BOUND))
      return DIVERGED;
    attend(r, watched);
    if (r->options->each) r->options->each(r->options->own, r->done / (double)r->samples);
  }
  return ADVANCED;
}

static void announce(struct run *r)
{
  const struct session *s = r->s;
  int ranks;

  CHECK_MPI(MPI_Comm_size(r->comm, &ranks));
  code_log(r->log, s->job);
  char widths[256] = "";
  size_t used = 0;
  for (int l = 0; l <= s->net->L && used < sizeof widths - 24; l++)
    used +=
        (size_t)snprintf(widths + used, sizeof widths - used, "%s%ld", l ? "-" : "", s->net->n[l]);
  log_line(r->log, "network %s, model %s, solver %s, data %s (%ld train, %ld test), %d rank%s",
           widths, s->model->kind->name, s->solver->kind->name, s->data->kind->name,
           s->data->count[TRAIN], s->data->count[TEST], ranks, ranks == 1 ? "" : "s");
  if (ranks > 1 && strcmp(s->solver->kind->name, "cascade") == 0)
    log_line(r->log,
             "note: cascade takes one layer after another; solver.name: lockstep would "
             "keep all %d ranks busy",
             ranks);
  if (r->options->resume && r->begins)
    log_line(r->log, "%s holds no state file yet: the run begins again", r->options->out);
  else if (r->options->resume)
    log_line(r->log, "resumed at presentation %ld", (long)r->done);
}

/* t: the simulated time of the state, which in a run that diverged is inside a presentation. */
static int finish(struct run *r, enum outcome outcome, double t)
{
  const bool complete = r->done >= (double)r->samples;

  r->s->sys->observer = NULL;
  r->status = outcome == DIVERGED ? "diverged" : complete ? "done" : "stopped";
  if (complete || outcome == DIVERGED) r->stopped_by = NULL;
  if (outcome == ADVANCED && complete) test(r);
  checkpoint_write(r, t);
  run_take_stop(r);
  run_write_summary(r, t);
  return outcome == DIVERGED ? EXIT_DIVERGED : complete ? EXIT_DONE : EXIT_STOPPED;
}

static void run_begin(struct run *r)
{
  const struct session *s = r->s;

  r->code = code_run_of(r->comm, r->job);
  r->code_before = code_enter(&r->code);
  r->largest_start = fail_alloc((size_t)s->model->synapses, sizeof *r->largest_start);
  r->mismatch_start = fail_alloc((size_t)s->net->L, sizeof *r->mismatch_start);
  r->diagnostics = diagnostics_create(s->sys);
  char *series = folder_path(r->options->out, "series.h5");
  char *trace = folder_path(r->options->out, "trace.h5");
  const struct figure *figure;
  const int figures = solver_figures(s->solver, &figure);
  r->recorder = recorder_create(series, s->net->L, s->model->synapses > s->net->L, figures, figure);
  r->trace = trace_create(s->sys, r->job, trace);
  free(series);
  free(trace);
}

static void run_end(struct run *r)
{
  trace_destroy(r->trace);
  recorder_destroy(r->recorder);
  diagnostics_destroy(r->diagnostics);
  free(r->largest_start);
  free(r->mismatch_start);
  log_destroy(r->log);
  folder_unlock(r->lock);
  session_destroy(r->s);
  code_enter(r->code_before);
  code_run_free(&r->code);
}

/* A run cannot be made shorter than it is. A fault tells. */
static bool is_too_long(struct run *r)
{
  const char *key = solver_length_key(r->job);

  if (r->diverged || r->done <= (double)r->samples) return false;
  if (r->rank == 0)
    faults_add(r->faults,
               "%s = %ld: %s has %ld presentations already, and none can be taken back (%s)", key,
               r->samples, r->options->out, (long)r->done, job_place(r->job, key));
  return true;
}

/* Of a run with nothing left to present: say so, or, if the process died between its last state
 * file and its summary, write that. */
static int conclude(struct run *r)
{
  if (run_lacks_summary(r)) {
    r->began = MPI_Wtime();
    r->first = r->done;
    return run_open_folder(r) ? finish(r, r->diverged ? DIVERGED : ADVANCED, r->t_read)
                              : EXIT_MISTAKE;
  }
  run_take_stop(r);
  log_line(r->log, "%s: %s %ld presentations; nothing to do", r->options->out,
           r->diverged ? "diverged after" : "complete with", (long)r->done);
  return r->diverged ? EXIT_DIVERGED : EXIT_DONE;
}

int run_job(MPI_Comm comm, const struct job *job, const struct run_options *options,
            struct faults *faults)
{
  struct run r = {.comm = comm,
                  .job = job,
                  .options = options,
                  .faults = faults,
                  .samples = solver_length(job),
                  .save_every = job_real(job, "checkpoint.wall_every"),
                  .status = "running",
                  .looked = -INFINITY,
                  .lock = -1};
  int status = EXIT_MISTAKE;

  CHECK_MPI(MPI_Comm_rank(comm, &r.rank));
  if (!run_enter_folder(&r)) return EXIT_MISTAKE;
  r.s = session_plan(comm, job, 0, faults);
  if (!r.s || !session_fill(r.s, r.begins, faults)) {
    session_destroy(r.s);
    folder_unlock(r.lock);
    return EXIT_MISTAKE;
  }
  run_begin(&r);
  r.log = log_create(r.rank == 0, options->quiet);
  if (options->warnings) log_warnings(r.log, options->warnings);
  if (!r.begins && !checkpoint_read_newest(&r)) goto out;
  if (!r.begins && is_too_long(&r)) goto out;
  if (!r.begins && (r.diverged || r.done >= (double)r.samples)) {
    status = conclude(&r);
    goto out;
  }
  if (!run_open_folder(&r)) goto out;
  announce(&r);
  if (r.begins) measure_start(&r);
  r.began = r.saved = MPI_Wtime();
  watch_begin(comm, job_real(job, "watchdog"));
  if (r.done == 0 && job_integer(job, "record.every") > 0) record(&r);
  double reached;
  const enum outcome outcome = integrate(&r, &reached);
  status = finish(&r, outcome, time_of(&r) + reached);
  watch_end();
out:
  run_end(&r);
  return status;
}
