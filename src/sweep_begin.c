/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep_begin.c - before any member runs: what there is to do, and the folder of the sweep */
#include "folder.h"
#include "sweep_parts.h"
#include <stdlib.h>
#include <unistd.h>

/* What is there of a member, and whether there is anything to do for it. */
static void survey(void *own, long member, const struct job *job, struct faults *faults)
{
  struct sweep *s = own;
  char *folder = member_folder(s->options->out, member);
  struct facts facts = facts_read(folder);
  const enum member_status status = member_look(folder, &facts);
  const bool mine = s->options->member < 0 || s->options->member == member;

  if (s->options->overwrite || !mine || member_fits(folder, job, faults)) {
    const bool again = status == MEMBER_FAILED && !member_is_given_up(folder);
    if (!s->options->overwrite && member_is_over(status) && !again)
      s->count[status]++;
    else if (mine)
      s->task[s->todo++] = member;
  }
  facts_clear(&facts);
  free(folder);
}

/* One that is no sweep: a sweep has its states in its members' folders. */
static bool holds_a_run(const char *folder)
{
  return folder_count_states(folder) > 0 || folder_holds(folder, "series.h5") ||
         folder_holds(folder, "trace.h5");
}

void sweep_check_ranks(struct sweep *s, int size)
{
  const int k = s->options->ranks_per_member;

  if (s->rank != 0) return;
  if (k > size || size % k != 0)
    faults_add(s->faults, "--ranks-per-member %d: must be a divisor of the number of ranks, %d", k,
               size);
  if (s->options->member >= job_members(s->job))
    faults_add(s->faults, "--member %ld: the sweep has members 0 to %ld", s->options->member,
               job_members(s->job) - 1);
  if (holds_a_run(s->options->out))
    faults_add(s->faults, "%s: holds a run that is no sweep; choose another --out",
               s->options->out);
}

/* Members that were begun and never ended come last, so that they keep no other from its end. Those
 * of which that was so twice run alone: if the program ends again, it is known by whom. */
static void put_suspects_last(struct sweep *s)
{
  long *sorted = fail_alloc((size_t)s->todo + 1, sizeof *sorted), n = 0;
  int *tries = fail_alloc((size_t)s->todo + 1, sizeof *tries);

  for (long k = 0; k < s->todo; k++) {
    char *folder = member_folder(s->options->out, s->task[k]);
    tries[k] = s->options->overwrite ? 0 : member_tries(folder);
    free(folder);
  }
  for (int t = 0; t <= MEMBER_TRIES; t++) {
    if (t == MEMBER_TRIES - 1) s->together = n;
    for (long k = 0; k < s->todo; k++)
      if (tries[k] == t) sorted[n++] = s->task[k];
  }
  free(tries);
  free(s->task);
  s->task = sorted;
}

bool sweep_plan_tasks(struct sweep *s)
{
  s->task = fail_alloc((size_t)job_members(s->job), sizeof *s->task);
  if (s->rank == 0 && folder_is_writable(s->options->out, s->faults)) {
    sweep_visit(s->job, survey, s, s->faults);
    put_suspects_last(s);
  }
  if (faults_any(s->faults, s->comm)) return false;
  CHECK_MPI(MPI_Bcast(&s->todo, 1, MPI_LONG, 0, s->comm));
  CHECK_MPI(MPI_Bcast(&s->together, 1, MPI_LONG, 0, s->comm));
  CHECK_MPI(MPI_Bcast(s->task, (int)s->todo, MPI_LONG, 0, s->comm));
  return true;
}

/* By names of its own where other processes may be doing the same. */
static void write_job(const struct sweep *s, const char *name, const char *text)
{
  char *path = folder_path(s->options->out, name);
  char *fresh = s->options->member < 0 ? fail_text("%s.new", path)
                                       : fail_text("%s.new-%ld", path, s->options->member);

  folder_publish_text(path, fresh, text, s->faults);
  free(path);
  free(fresh);
}

static void clear_members(const struct sweep *s)
{
  char *path = folder_path(s->options->out, "sweep.h5");

  for (long k = 0; k < s->todo; k++) {
    char *folder = member_folder(s->options->out, s->task[k]);
    member_clear(folder);
    free(folder);
  }
  if (s->options->member < 0) {
    unlink(path);
    folder_clear(s->options->out);
  }
  free(path);
}

bool sweep_open_folder(struct sweep *s)
{
  const char *out = s->options->out;
  const bool single = s->options->member >= 0;

  if (s->rank == 0 && folder_make(out, s->faults)) s->lock = folder_lock(out, single, s->faults);
  if (s->lock >= 0) {
    char *used = job_used(s->job);
    if (s->options->overwrite) clear_members(s);
    write_job(s, "job.yml", job_source(s->job));
    write_job(s, "used.yml", used);
    free(used);
  }
  if (faults_any(s->faults, s->comm)) return false;
  s->log = log_create(s->rank == 0 && !single, false);
  if (s->rank == 0 && !single) {
    char *path = folder_path(out, "log.txt");
    log_to_file(s->log, path);
    free(path);
  }
  return true;
}
