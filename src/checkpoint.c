/* SPDX-License-Identifier: BSD-3-Clause */
/* checkpoint.c - the state files of a run: what an exact continuation needs, written and read */
#include "run_parts.h"
#include "folder.h"
#include "watch.h"
#include <stdlib.h>
#include <string.h>

const struct key checkpoint_keys[] = {
    {"checkpoint.every", KEY_INTEGER, KEY_FORMAL, "0", 0, INFINITY, false, NULL, "presentations",
     "how often to write a state file; 0: at the end only"},
    {"checkpoint.keep", KEY_INTEGER, KEY_FORMAL, "2", 0, 1000000, false, NULL, "files",
     "how many of the newest state files to keep; 0: all"},
    {"checkpoint.wall_every", KEY_TIME, KEY_FORMAL, "30 min", 0, INFINITY, false, NULL, "s",
     "wall time from one state file to the next, whatever checkpoint.every says; 0: no matter"},
    {"checkpoint.wall_margin", KEY_TIME, KEY_FORMAL, "60 s", 0, INFINITY, false, NULL, "s",
     "how long before the end of the allotted wall time a run stops with a state file"},
    {0},
};

enum { RUN_NOTES = 8 };

static int list_notes(struct run *r, struct note *note)
{
  const int L = r->s->net->L;
  struct solver *solver = r->s->solver;
  struct solver_stats *stats = &solver->stats;
  int n = 0;

  note[n++] = (struct note){"presentations", 1, &r->done};
  note[n++] = (struct note){"train_accuracy", 1, &r->accuracy};
  note[n++] = (struct note){"train_loss", 1, &r->loss};
  note[n++] = (struct note){"steps", 1, &stats->steps};
  note[n++] = (struct note){"rejected", 1, &stats->rejected};
  note[n++] = (struct note){"evaluations", 1, &stats->evaluations};
  for (int k = 0; k < SOLVER_COUNTERS && solver->kind->counters[k]; k++)
    note[n++] = (struct note){solver->kind->counters[k], 1, &stats->counter[k]};
  note[n++] = (struct note){"largest_start", r->s->model->synapses, r->largest_start};
  if (L > 1) note[n++] = (struct note){"mismatch_start", L - 1, r->mismatch_start};
  return n + solver_notes(r->s->solver, note + n);
}

void checkpoint_write(struct run *r, double t)
{
  struct session *s = r->s;
  struct note note[RUN_NOTES + SOLVER_NOTES];
  struct field *fields;
  char *used = job_used(r->job), *path = folder_state(r->options->out, (long)r->done);
  struct state_header head = {.t = t,
                              .presentation = (long)r->done,
                              .status = r->status,
                              .job = used,
                              .widths = s->net->n,
                              .layers = s->net->L,
                              .resumable = true};

  watch_at(AT_STATE, r->done);
  const double start = MPI_Wtime();
  if (r->rank == 0) run_sync_tables(r);
  const int notes = list_notes(r, note);
  const int count = session_fields(s, &fields);
  store_write_state(r->comm, path, &head, count, fields, notes, note, r->faults);
  run_insist(r);
  state_free_fields(count, fields);
  if (r->rank == 0) {
    folder_link_last(r->options->out, (long)r->done);
    folder_keep(r->options->out, job_integer(r->job, "checkpoint.keep"));
  }
  r->saved = MPI_Wtime();
  r->saving += r->saved - start;
  r->saves++;
  free(path);
  free(used);
}

/* Does the run have the keys that the state was made with, those aside that may change? used.yml
 * may have been edited; a fault tells, on rank 0. */
static void check_keys(struct run *r, const char *path, const char *text)
{
  struct faults quiet = {0};
  struct job *was = text ? job_parse(text, path, "", 0, NULL, &quiet) : NULL;
  const char *key = was && !quiet.count ? job_difference(r->job, was, KEY_LATER) : NULL;

  if (key && r->rank == 0) {
    char *now = job_word(r->job, key), *then = job_word(was, key);
    faults_add(r->faults, "%s = %s: the run has %s in %s, and a run that is resumed keeps it (%s)",
               key, now, then, path, job_place(r->job, key));
    free(now);
    free(then);
  }
  job_destroy(was);
  faults_clear(&quiet);
}

static bool read_state(struct run *r, const char *path, struct faults *why)
{
  struct note note[RUN_NOTES + SOLVER_NOTES];
  struct state_header head;

  if (!store_read_header(r->comm, path, &head, why)) return false;
  check_keys(r, path, head.job);
  r->diverged = strcmp(head.status, "diverged") == 0;
  r->t_read = head.t;
  store_free_header(&head);
  if (faults_any(r->faults, r->comm)) return false;
  return session_load(r->s, path, true, why) &&
         store_read_notes(r->comm, path, list_notes(r, note), note, why);
}

bool checkpoint_read_newest(struct run *r)
{
  long *list = NULL;
  int states = r->rank == 0 ? folder_states(r->options->out, &list) : 0;
  bool ok = false, edited = false;
  char *newest = NULL; /* what is wrong with it */

  CHECK_MPI(MPI_Bcast(&states, 1, MPI_INT, 0, r->comm));
  for (int k = 0; !ok && !edited && k < states; k++) {
    long p = r->rank == 0 ? list[k] : 0;
    struct faults why = {0};
    CHECK_MPI(MPI_Bcast(&p, 1, MPI_LONG, 0, r->comm));
    char *path = folder_state(r->options->out, p);
    ok = read_state(r, path, &why);
    edited = !ok && faults_any(r->faults, r->comm);
    log_warnings(r->log, &why);
    if (!newest && why.text) newest = fail_text("%s", why.text);
    faults_clear(&why);
    free(path);
  }
  if (!ok && !edited && r->rank == 0)
    faults_add(r->faults, "%s: no state file there can be resumed from%s%.*s", r->options->out,
               newest ? "; the newest: " : "", newest ? (int)strcspn(newest, "\n") : 0,
               newest ? newest : "");
  free(newest);
  free(list);
  return !faults_any(r->faults, r->comm);
}

/* Of the newest state that can be read. */
static char *read_state_job(const char *folder, char **origin)
{
  long *list;
  const int states = folder_states(folder, &list);
  char *text = NULL;

  for (int k = 0; k < states && !text; k++) {
    struct faults quiet = {0};
    struct state_header head = {0};
    char *path = folder_state(folder, list[k]);
    if (store_read_header(MPI_COMM_SELF, path, &head, &quiet) && head.job) {
      text = fail_text("%s", head.job);
      *origin = fail_text("%s:/job", path);
    }
    store_free_header(&head);
    faults_clear(&quiet);
    free(path);
  }
  free(list);
  return text;
}

static bool is_beginning(const char *text, const char *whole)
{
  const size_t length = strlen(text);

  return length < strlen(whole) && strncmp(text, whole, length) == 0;
}

/* used.yml, if it can be read as a job and is not only the first part of the state's; else NULL
 * with faults. */
static char *read_used(const char *path, const char *of_state, struct faults *why)
{
  const int before = why->count;
  char *text = folder_read_text(path, why);

  if (text && of_state && is_beginning(text, of_state))
    faults_add(why, "%s: is cut short: it has %zu of %zu bytes", path, strlen(text),
               strlen(of_state));
  else if (text)
    job_destroy(job_parse(text, path, "", 0, NULL, why));
  if (why->count == before) return text;
  free(text);
  return NULL;
}

char *checkpoint_job(const char *folder, char **origin, struct faults *why)
{
  char *state = NULL, *of_state = read_state_job(folder, &state);
  char *used = folder_path(folder, "used.yml"), *text = read_used(used, of_state, why);

  *origin = text ? used : state;
  free(text ? state : used);
  if (!text) return of_state;
  free(of_state);
  return text;
}

void checkpoint_keep_used(struct run *r)
{
  struct faults why = {0};
  char *origin, *text = checkpoint_job(r->options->out, &origin, &why);

  if (why.count > 0 && folder_holds(r->options->out, "used.yml")) {
    char *path = folder_path(r->options->out, "used.yml");
    free(folder_set_aside(path, r->faults));
    free(path);
  }
  faults_clear(&why);
  free(text);
  free(origin);
}
