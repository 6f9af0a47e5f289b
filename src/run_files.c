/* SPDX-License-Identifier: BSD-3-Clause */
/* run_files.c - what a run finds in its folder and leaves there, its states aside (checkpoint.c) */
#include "folder.h"
#include "run_parts.h"
#include "summary.h"
#include "wishes.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A run that was killed before its first state file leaves what it is, and no summary. */
static bool was_cut_short(const char *folder)
{
  return folder_count_states(folder) == 0 && folder_holds(folder, "used.yml") &&
         !folder_holds(folder, "summary.yml");
}

/* May a new run begin there? On rank 0. */
static void judge_folder(const struct run_options *o, struct faults *faults)
{
  if (folder_has_run(o->out) && !o->overwrite)
    faults_add(faults,
               "%s: holds a run already; add --overwrite, or continue it with "
               "`tauflow resume %s`",
               o->out, o->out);
  else if (folder_has_results(o->out) && !o->overwrite)
    faults_add(faults,
               "%s: holds what a run left, but no state to go on from; add --overwrite, which "
               "removes it, or choose another --out",
               o->out);
  else
    folder_is_writable(o->out, faults);
}

bool run_enter_folder(struct run *r)
{
  const struct run_options *o = r->options;
  int begins = !o->resume;

  if (r->rank == 0 && !o->resume) {
    judge_folder(o, r->faults);
  } else if (r->rank == 0) {
    r->lock = folder_lock(o->out, false, r->faults);
    begins = r->lock >= 0 && was_cut_short(o->out);
  }
  CHECK_MPI(MPI_Bcast(&begins, 1, MPI_INT, 0, r->comm));
  r->begins = begins;
  return !faults_any(r->faults, r->comm);
}

/* The last test of the process before this one, unless tests are others now. */
static void take_up_test(struct run *r)
{
  struct faults quiet = {0};
  const bool same = strcmp(job_place(r->job, "evaluate.samples"), "--set") != 0 &&
                    strcmp(job_place(r->job, "evaluate.readout"), "--set") != 0;

  if (same && recorder_last_test(r->recorder, &r->test, &quiet))
    r->test.samples = evaluator_samples(r->s->evaluator);
  faults_clear(&quiet);
}

/* A file that cannot be opened or read now may be as good as ever. */
static bool is_damaged(const char *path, struct faults *faults)
{
  struct stat info;

  return lstat(path, &info) == 0 &&
         (!S_ISREG(info.st_mode) || folder_reads_whole(path, true, faults));
}

/* A table of `name` that cannot be cut back to the state is set aside if it is damaged, for the
 * state is what matters. False with faults if it is not, or cannot be renamed: nothing may be
 * written over it. */
static bool set_aside(struct run *r, const char *name, struct faults *why)
{
  const bool there = folder_holds(r->options->out, name);
  char *path = folder_path(r->options->out, name);
  char *aside = there && is_damaged(path, r->faults) ? folder_set_aside(path, r->faults) : NULL;

  if (aside) faults_add(why, "%s: is now %s, and begun anew", path, aside);
  if (aside || !there) log_warnings(r->log, why);
  faults_clear(why);
  free(path);
  free(aside);
  return aside || !there;
}

/* Cut series and trace back to the state. */
static void continue_series(struct run *r, const char *job)
{
  struct faults why = {0};

  if (!recorder_resume(r->recorder, (long)r->done, &why)) {
    if (set_aside(r, "series.h5", &why)) recorder_begin(r->recorder, job, r->faults);
  } else {
    take_up_test(r);
  }
  if (r->faults->count > 0) return;
  if (!folder_holds(r->options->out, "trace.h5")) {
    trace_begin(r->trace, job, r->faults);
  } else if (!trace_resume(r->trace, (long)r->done, &why) && set_aside(r, "trace.h5", &why)) {
    trace_begin(r->trace, job, r->faults);
  }
}

static void begin_tables(struct run *r, const char *job)
{
  recorder_begin(r->recorder, job, r->faults);
  trace_begin(r->trace, job, r->faults);
}

/* used.yml comes between job.yml and the tables: with the two the run can be resumed, and without
 * used.yml there is none yet. */
static void begin_files(struct run *r, const char *text)
{
  char *job = folder_path(r->options->out, "job.yml");
  char *used = folder_path(r->options->out, "used.yml");

  folder_clear(r->options->out);
  if (folder_write_text(job, job_source(r->job), r->faults) &&
      folder_write_text(used, text, r->faults))
    begin_tables(r, text);
  free(job);
  free(used);
}

/* Those of a run that is resumed; of one that had no state yet the tables begin again. */
static void continue_files(struct run *r, const char *text)
{
  char *used = folder_path(r->options->out, "used.yml");

  if (r->begins) {
    begin_tables(r, text);
  } else {
    continue_series(r, text);
    if (r->faults->count == 0) checkpoint_keep_used(r);
  }
  if (r->faults->count == 0) folder_write_text(used, text, r->faults);
  free(used);
}

/* Another run may have come and gone while this one read its data, so the folder is judged again
 * under the lock. On rank 0. */
static bool make_folder(struct run *r)
{
  const char *out = r->options->out;

  if (!folder_make(out, r->faults)) return false;
  if (r->options->resume) return true;
  r->lock = folder_lock(out, false, r->faults);
  if (r->lock >= 0) judge_folder(r->options, r->faults);
  return r->faults->count == 0;
}

bool run_open_folder(struct run *r)
{
  const char *out = r->options->out;

  if (r->rank == 0 && make_folder(r)) {
    char *text = job_used(r->job);
    folder_clear_parts(out);
    if (r->options->resume)
      continue_files(r, text);
    else
      begin_files(r, text);
    free(text);
  }
  if (faults_any(r->faults, r->comm)) return false;
  if (r->rank == 0) {
    char *path = folder_path(out, "log.txt");
    log_to_file(r->log, path);
    free(path);
  }
  return true;
}

void run_sync_tables(struct run *r)
{
  static const char *const names[] = {"series.h5", "trace.h5"};

  for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
    char *path = folder_path(r->options->out, names[k]);
    if (!folder_sync(path) && errno != ENOENT && errno != EINVAL)
      faults_add(r->faults, "%s: cannot be written: %s", path, strerror(errno));
    free(path);
  }
}

void run_take_stop(struct run *r)
{
  if (r->rank != 0 || wishes_take_stop(r->options->out, r->log)) return;
  if (r->stopped_by && strcmp(r->stopped_by, "file") == 0 && r->options->also)
    log_line(r->log, "the file %s/stop is obeyed", r->options->also);
}

bool run_lacks_summary(const struct run *r)
{
  int lacks = 0;

  if (r->rank == 0) {
    struct facts facts = facts_read(r->options->out);
    const char *status = facts_value(&facts, "status"), *samples = facts_value(&facts, "samples");
    lacks = !status || strcmp(status, r->diverged ? "diverged" : "done") != 0 || !samples ||
            strtod(samples, NULL) != r->done;
    facts_clear(&facts);
  }
  CHECK_MPI(MPI_Bcast(&lacks, 1, MPI_INT, 0, r->comm));
  return lacks;
}

void run_write_summary(struct run *r, double t)
{
  const struct summary sum = {.status = r->status,
                              .stopped_by = r->stopped_by,
                              .test = r->test,
                              .train_accuracy = r->accuracy,
                              .train_loss = r->loss,
                              .done = (long)r->done,
                              .simulated = t,
                              .wall = MPI_Wtime() - r->began,
                              .rate = (r->done - r->first) / fmax(r->solving, 1e-9),
                              .tried = run_steps_tried(r) - r->tried,
                              .saves = r->saves,
                              .saving = r->saving};
  const struct solver_stats *stats = &r->s->solver->stats;
  unsigned long long digest;
  char *text = summary_text(r->s, &sum, &digest);

  if (r->rank == 0) {
    char *path = folder_path(r->options->out, "summary.yml");
    folder_write_text(path, text, r->faults);
    free(path);
    log_line(r->log, "%s%s%s after %ld presentations (%.4g s simulated, %.1f s of wall time)",
             r->status, r->stopped_by ? " by " : "", r->stopped_by ? r->stopped_by : "",
             (long)r->done, t, sum.wall);
    log_line(r->log, "%.0f steps, %.0f rejected, state fingerprint 0x%016llx", stats->steps,
             stats->rejected, digest);
    log_line(r->log, "results in %s", r->options->out);
  }
  free(text);
  run_insist(r);
}
