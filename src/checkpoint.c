/* SPDX-License-Identifier: BSD-3-Clause */
/* checkpoint.c - the state files of a run: what an exact continuation needs, written and read */
#include "run_parts.h"
#include "folder.h"
#include "watch.h"
#include <stdlib.h>
#include <string.h>

const struct key checkpoint_keys[] = {
    {"checkpoint.every", KEY_INTEGER, "0", 0, INFINITY, false, NULL, "presentations",
     "how often to write a state file; 0: at the end only"},
    {"checkpoint.keep", KEY_INTEGER, "2", 0, 1000000, false, NULL, "files",
     "how many of the newest state files to keep; 0: all"},
    {"checkpoint.wall_every", KEY_TIME, "30 min", 0, INFINITY, false, NULL, "s",
     "wall time from one state file to the next, whatever checkpoint.every says; 0: no matter"},
    {"checkpoint.wall_margin", KEY_TIME, "60 s", 0, INFINITY, false, NULL, "s",
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
  free(path);
  free(used);
}

static bool read_state(struct run *r, const char *path, struct faults *why)
{
  struct note note[RUN_NOTES + SOLVER_NOTES];
  struct state_header head;

  if (!store_read_header(r->comm, path, &head, why)) return false;
  r->diverged = strcmp(head.status, "diverged") == 0;
  r->t_read = head.t;
  store_free_header(&head);
  return session_load(r->s, path, true, why) &&
         store_read_notes(r->comm, path, list_notes(r, note), note, why);
}

bool checkpoint_read_newest(struct run *r)
{
  long *list = NULL;
  int states = r->rank == 0 ? folder_states(r->options->out, &list) : 0;
  bool ok = false;

  CHECK_MPI(MPI_Bcast(&states, 1, MPI_INT, 0, r->comm));
  for (int k = 0; !ok && k < states; k++) {
    long p = r->rank == 0 ? list[k] : 0;
    struct faults why = {0};
    CHECK_MPI(MPI_Bcast(&p, 1, MPI_LONG, 0, r->comm));
    char *path = folder_state(r->options->out, p);
    ok = read_state(r, path, &why);
    if (!ok && r->rank == 0) fprintf(stderr, "tauflow: warning: %s", why.text ? why.text : "");
    faults_clear(&why);
    free(path);
  }
  if (!ok && r->rank == 0)
    faults_add(r->faults, "%s: no state file there can be resumed from", r->options->out);
  free(list);
  return !faults_any(r->faults, r->comm);
}
