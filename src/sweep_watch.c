/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep_watch.c - what rank 0 sees and says of a sweep, while members run and at the end */
#include "board.h"
#include "folder.h"
#include "gather.h"
#include "summary.h"
#include "sweep_parts.h"
#include "wishes.h"
#include <math.h>
#include <stdlib.h>

static const double GATHER_EVERY = 60, GATHER_SHARE = 0.02; /* [s]; of the wall time, at most */

/* How many members need nothing more, as far as rank 0 has seen. */
static long members_over(const struct sweep *s)
{
  long over = 0;

  for (int k = 0; k < MEMBER_STATUSES; k++)
    if (member_is_over((enum member_status)k)) over += s->count[k];
  return over;
}

static void write_summary(struct sweep *s)
{
  const long *n = s->count, left = job_members(s->job) - members_over(s);
  int ranks;
  CHECK_MPI(MPI_Comm_size(s->comm, &ranks));
  char *path = folder_path(s->options->out, "summary.yml"),
       *provenance = summary_provenance(s->job);
  char *text =
      fail_text("name: %s\nstatus: %s\nmembers: %ld\ndone: %ld\ndiverged: %ld\n"
                "failed: %ld\nleft: %ld\nwall_s: %.6g\nranks: %d\nranks_per_member: %d\n"
                "%s",
                job_text(s->job, "name"), left > 0 ? "stopped" : "done", job_members(s->job),
                n[MEMBER_DONE], n[MEMBER_DIVERGED], n[MEMBER_FAILED], left, MPI_Wtime() - s->began,
                ranks, s->options->ranks_per_member, provenance);

  folder_write_text(path, text, s->faults);
  free(provenance);
  free(text);
  free(path);
}

/* The log tells of curves that are missing when all members have ended. */
static void gather(struct sweep *s, bool last)
{
  struct faults missing = {0};
  const double start = MPI_Wtime();
  const struct code_run *member = code_enter(&s->code); /* it may be in the midst of one */

  gather_write(s->job, s->options->out, ".part", &missing, s->faults);
  if (last) log_warnings(s->log, &missing);
  faults_clear(&missing);
  code_enter(member);
  s->gathered = MPI_Wtime();
  s->gathering = s->gathered - start;
}

static void tell(struct sweep *s, long member, const struct outcome_of_task *end)
{
  char *words = job_member_words(s->job, member), *folder = member_folder(s->options->out, member);
  const char *word = member_word((enum member_status)end->kind);

  if ((enum member_status)end->kind == MEMBER_FAILED) {
    struct facts facts = facts_read(folder);
    const char *why = facts_value(&facts, "message");
    log_line(s->log, "member %ld (%s): failed: %s", member, words, why ? why : "no reason known");
    facts_clear(&facts);
  } else if (isnan(end->value)) {
    log_line(s->log, "member %ld (%s): %s, %.1f s", member, words, word, end->wall);
  } else {
    log_line(s->log, "member %ld (%s): %s, test accuracy %.4f, %.1f s", member, words, word,
             end->value, end->wall);
  }
  free(folder);
  free(words);
}

/* How many tasks were begun. */
static long begun(const struct sweep *s)
{
  const long taken = board_taken(s->board);

  return s->alone > 0 ? s->alone : taken < s->together ? taken : s->together;
}

/* One line for each member that has ended since the last look. */
static void look(struct sweep *s)
{
  const long taken = begun(s);

  for (long k = 0; k < taken; k++) {
    if (s->seen[k]) continue;
    const struct outcome_of_task end = board_read(s->board, k);
    const enum member_status status = (enum member_status)end.kind;
    if (end.kind == 0) continue;
    s->seen[k] = true;
    s->over++;
    if (member_is_over(status)) s->count[status]++;
    tell(s, s->task[k], &end);
  }
}

/* share: of the member in rank 0's own hands; the others are taken to be as far with theirs. */
static void show_progress(struct sweep *s, double share)
{
  const long running = begun(s) - s->over;
  const double spent = MPI_Wtime() - s->began, fresh = (double)s->over + share * (double)running;
  const double left = spent * ((double)s->todo - fresh) / fmax(fresh, 1e-9);

  if (spent > 1 && fresh > 0 && s->over < s->todo)
    log_progress(s->log, 10, "%ld/%ld members, %ld running, %ld diverged, %ld failed, %.0f s left",
                 members_over(s), job_members(s->job), running, s->count[MEMBER_DIVERGED],
                 s->count[MEMBER_FAILED], left);
}

void sweep_attend(void *own, double share)
{
  struct sweep *s = own;
  const double now = MPI_Wtime();

  board_serve(s->board);
  if (now - s->looked < 0.2) return;
  s->looked = now;
  look(s);
  show_progress(s, share);
  if (s->over > 0 && now - s->gathered > fmax(GATHER_EVERY, s->gathering / GATHER_SHARE))
    gather(s, false);
}

/* What to do about members that failed: those given up are not tried again, the others are. */
static void advise(struct sweep *s)
{
  long given_up = 0, first = 0;

  for (long i = job_members(s->job) - 1; s->count[MEMBER_FAILED] > 0 && i >= 0; i--) {
    char *folder = member_folder(s->options->out, i);
    if (member_is_given_up(folder)) {
      given_up++;
      first = i;
    }
    free(folder);
  }
  if (given_up > 0) {
    char *folder = member_folder(s->options->out, first);
    log_line(s->log,
             "%ld that failed will not be tried again: %s/summary.yml says why and what to "
             "delete%s",
             given_up, folder, given_up > 1 ? " for the first of them" : "");
    free(folder);
  }
  if (s->count[MEMBER_FAILED] > given_up)
    log_line(s->log, "to have members that failed tried again, start the sweep again");
}

static int conclude(struct sweep *s)
{
  const long over = members_over(s), members = job_members(s->job);

  log_line(s->log, "%ld of %ld members: %ld done, %ld diverged, %ld failed (%.1f s of wall time)",
           over, members, s->count[MEMBER_DONE], s->count[MEMBER_DIVERGED], s->count[MEMBER_FAILED],
           MPI_Wtime() - s->began);
  advise(s);
  log_line(s->log, "results in %s", s->options->out);
  if (over < members) return EXIT_STOPPED;
  return s->count[MEMBER_FAILED] > 0 ? EXIT_FAULT : EXIT_DONE;
}

int sweep_conclude(struct sweep *s)
{
  wishes_take_stop(s->options->out, s->log);
  look(s);
  gather(s, true);
  write_summary(s);
  return conclude(s);
}
