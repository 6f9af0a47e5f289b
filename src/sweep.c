/* SPDX-License-Identifier: BSD-3-Clause */
#include "sweep_parts.h"
#include "board.h"
#include "code.h"
#include "folder.h"
#include "gather.h"
#include "log.h"
#include "member.h"
#include "summary.h"
#include "wishes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double GATHER_EVERY = 60, GATHER_SHARE = 0.02; /* [s]; of the wall time, at most */

/* A sweep in progress. */
struct sweep {
  MPI_Comm comm, group;
  int rank, in_group, groups;
  const struct job *job;
  const struct sweep_options *options;
  struct faults *faults;
  struct code_run code;
  long todo;
  long *task;    /* [todo] members, in the order in which they are taken */
  long together; /* those from here on run one at a time: each may end the program */
  struct board *board;
  bool first;  /* this group runs them */
  long alone;  /* and has begun tasks up to here, exclusive; 0: none yet */
  int stopped; /* a member was stopped: of this group, then of any */
  /* On rank 0: */
  struct log *log;
  int lock;
  double began, gathered, gathering; /* MPI_Wtime; the last gathering and how long it took [s] */
  double looked;
  bool *seen;                  /* [todo] its end is in the log */
  long over;                   /* tasks seen */
  long count[MEMBER_STATUSES]; /* of all members that are over */
};

/* How many members need nothing more, as far as rank 0 has seen. */
static long members_over(const struct sweep *s)
{
  long over = 0;

  for (int k = 0; k < MEMBER_STATUSES; k++)
    if (member_is_over((enum member_status)k)) over += s->count[k];
  return over;
}

/* --- before anything runs --- */

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
  long *list;
  const int states = folder_states(folder, &list);

  free(list);
  return states > 0 || folder_holds(folder, "series.h5") || folder_holds(folder, "trace.h5");
}

static void check_ranks(struct sweep *s, int size)
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

/* The tasks, equal on all ranks; false with faults. Collective. */
static bool plan_tasks(struct sweep *s)
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

/* --- the folder of the sweep, on rank 0 --- */

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

/* Members by themselves may be at work side by side, but not beside the whole sweep. */
static bool open_folder(struct sweep *s)
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

static void write_summary(struct sweep *s)
{
  const long *n = s->count, left = job_members(s->job) - members_over(s);
  int ranks;
  CHECK_MPI(MPI_Comm_size(s->comm, &ranks));
  char *path = folder_path(s->options->out, "summary.yml"), *provenance = summary_provenance();
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

static void gather(struct sweep *s)
{
  const double start = MPI_Wtime();
  const struct code_run *member = code_enter(&s->code); /* it may be in the midst of one */

  gather_write(s->job, s->options->out, ".part", s->faults);
  code_enter(member);
  s->gathered = MPI_Wtime();
  s->gathering = s->gathered - start;
}

/* --- rank 0 looks on --- */

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

/* Between rank 0's presentations: serve the others, and now and then look, tell and gather. */
static void attend(void *own, double share)
{
  struct sweep *s = own;
  const double now = MPI_Wtime();

  board_serve(s->board);
  if (now - s->looked < 0.2) return;
  s->looked = now;
  look(s);
  show_progress(s, share);
  if (s->over > 0 && now - s->gathered > fmax(GATHER_EVERY, s->gathering / GATHER_SHARE)) gather(s);
}

/* A barrier that leaves the processor to ranks that still have work. */
static void wait_for_all(struct sweep *s)
{
  const struct timespec pause = {.tv_nsec = 10000000};
  MPI_Request request;
  int there = 0;

  CHECK_MPI(MPI_Ibarrier(s->comm, &request));
  while (!there) {
    if (s->rank == 0) attend(s, 0.5);
    CHECK_MPI(MPI_Test(&request, &there, MPI_STATUS_IGNORE));
    if (!there) nanosleep(&pause, NULL);
  }
}

/* --- the work --- */

/* May the group begin another task? */
static bool goes_on(struct sweep *s)
{
  int yes = s->in_group == 0 && !s->stopped && wishes_now() < s->options->end_time &&
            !wishes_stop() && !folder_holds(s->options->out, "stop");

  CHECK_MPI(MPI_Bcast(&yes, 1, MPI_INT, 0, s->group));
  return yes;
}

/* The group's next task; as many as there are, or more, when there is none. */
static long next_task(struct sweep *s)
{
  long k = goes_on(s) && s->in_group == 0 ? board_take(s->board) : s->todo;

  CHECK_MPI(MPI_Bcast(&k, 1, MPI_LONG, 0, s->group));
  return k;
}

static double accuracy_in(const char *folder)
{
  struct facts facts = facts_read(folder);
  const char *word = facts_value(&facts, "test_accuracy");
  const double accuracy = word ? strtod(word, NULL) : NAN;

  facts_clear(&facts);
  return accuracy;
}

static enum member_status run_member(struct sweep *s, long member)
{
  struct faults own = {0};
  struct job *job = job_member(s->job, member, &own);
  char *folder = member_folder(s->options->out, member);
  const bool watching = s->rank == 0 && s->options->member < 0;
  const struct run_options options = {.out = folder,
                                      .also = s->options->out,
                                      .end_time = s->options->end_time,
                                      .quiet = s->options->member < 0,
                                      .each = watching ? attend : NULL,
                                      .own = s};

  CHECK(job, "member %ld: %s", member, own.text); /* it was checked */
  const enum member_status status = member_run(s->group, job, &options, &own);
  if (s->in_group == 0 && own.count > 0) fprintf(stderr, "tauflow: warning: %s", own.text);
  faults_clear(&own);
  free(folder);
  job_destroy(job);
  return status;
}

/* Run task k and report it. */
static void do_task(struct sweep *s, long k)
{
  const double start = MPI_Wtime();
  const enum member_status status = run_member(s, s->task[k]);
  char *folder = member_folder(s->options->out, s->task[k]);
  const struct outcome_of_task end = {.kind = status,
                                      .value = s->in_group == 0 ? accuracy_in(folder) : 0,
                                      .wall = MPI_Wtime() - start};

  if (s->in_group == 0) board_report(s->board, k, &end);
  if (status == MEMBER_STOPPED) {
    s->stopped = true;
    if (s->in_group == 0) board_close(s->board);
  }
  if (s->rank == 0) attend(s, 0);
  free(folder);
}

/* All groups take tasks; then the first one those that are to run alone. */
static void work(struct sweep *s)
{
  for (long k = next_task(s); k < s->together; k = next_task(s)) do_task(s, k);
  wait_for_all(s);
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &s->stopped, 1, MPI_INT, MPI_MAX, s->comm));
  for (long k = s->together; s->first && k < s->todo && goes_on(s); k++) {
    s->alone = k + 1;
    do_task(s, k);
  }
}

/* Exit status of a sweep, from what rank 0 counted. */
static int conclude(struct sweep *s)
{
  const long over = members_over(s), members = job_members(s->job);

  log_line(s->log, "%ld of %ld members: %ld done, %ld diverged, %ld failed (%.1f s of wall time)",
           over, members, s->count[MEMBER_DONE], s->count[MEMBER_DIVERGED], s->count[MEMBER_FAILED],
           MPI_Wtime() - s->began);
  if (s->count[MEMBER_FAILED] > 0)
    log_line(s->log, "to have members that failed tried again, start the sweep again");
  log_line(s->log, "results in %s", s->options->out);
  if (over < members) return EXIT_STOPPED;
  return s->count[MEMBER_FAILED] > 0 ? EXIT_FAULT : EXIT_DONE;
}

/* No member runs any more: all have seen the file `stop`, if there is one. */
static void take_stop(struct sweep *s)
{
  struct faults why = {0};

  if (folder_take_stop(s->options->out, &why))
    log_line(s->log, "the file %s/stop is obeyed and removed", s->options->out);
  log_warnings(s->log, &why);
  faults_clear(&why);
}

static int run_all(struct sweep *s)
{
  int status = EXIT_DONE;

  code_log(s->log);
  log_line(s->log, "sweep of %ld members, %ld to run, %d at a time", job_members(s->job), s->todo,
           s->groups);
  s->board = board_create(s->comm, s->todo);
  s->seen = fail_alloc((size_t)s->todo, sizeof *s->seen);
  work(s);
  wait_for_all(s);
  if (s->rank == 0) {
    take_stop(s);
    look(s);
    gather(s);
    write_summary(s);
    status = conclude(s);
  }
  wait_for_all(s);
  CHECK_MPI(MPI_Bcast(&status, 1, MPI_INT, 0, s->comm));
  if (faults_any(s->faults, s->comm)) status = EXIT_FAULT; /* sweep.h5 could not be written */
  board_destroy(s->board);
  free(s->seen);
  return status;
}

static void tell_failure(const char *folder)
{
  struct facts facts = facts_read(folder);
  const char *why = facts_value(&facts, "message");

  fprintf(stderr, "tauflow: %s: failed: %s\n", folder, why ? why : "no reason known");
  facts_clear(&facts);
}

/* As `tauflow run` would end. */
static int run_one(struct sweep *s)
{
  char *folder = member_folder(s->options->out, s->options->member);
  enum member_status status = MEMBER_DONE;

  if (s->todo > 0) {
    status = run_member(s, s->options->member);
    if (status == MEMBER_FAILED && s->rank == 0) tell_failure(folder);
  } else if (s->rank == 0) {
    struct facts facts = facts_read(folder);
    status = member_look(folder, &facts);
    printf("%s: %s; nothing to do\n", folder, member_word(status));
    facts_clear(&facts);
  }
  CHECK_MPI(MPI_Bcast(&status, 1, MPI_INT, 0, s->comm));
  free(folder);
  return status == MEMBER_DONE       ? EXIT_DONE
         : status == MEMBER_DIVERGED ? EXIT_DIVERGED
         : status == MEMBER_STOPPED  ? EXIT_STOPPED
                                     : EXIT_FAULT;
}

int sweep_run(MPI_Comm comm, const struct job *job, const struct sweep_options *options,
              struct faults *faults)
{
  struct sweep s = {.comm = comm,
                    .job = job,
                    .options = options,
                    .faults = faults,
                    .lock = -1,
                    .looked = -INFINITY,
                    .began = MPI_Wtime()};
  int size, status = EXIT_MISTAKE;

  CHECK_MPI(MPI_Comm_rank(comm, &s.rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  s.gathered = s.began;
  s.code = code_run_of(comm, job);
  code_enter(&s.code);
  check_ranks(&s, size);
  if (!faults_any(faults, comm) && plan_tasks(&s) && open_folder(&s)) {
    const int k = options->member < 0 ? options->ranks_per_member : size;
    s.groups = size / k;
    s.first = s.rank < k;
    CHECK_MPI(MPI_Comm_split(comm, s.rank / k, s.rank, &s.group));
    CHECK_MPI(MPI_Comm_rank(s.group, &s.in_group));
    status = options->member < 0 ? run_all(&s) : run_one(&s);
    CHECK_MPI(MPI_Comm_free(&s.group));
  }
  log_destroy(s.log);
  folder_unlock(s.lock);
  free(s.task);
  code_enter(NULL);
  code_run_free(&s.code);
  return status;
}

int sweep_gather(MPI_Comm comm, const struct job *job, const char *out, struct faults *faults)
{
  struct code_run code = code_run_of(comm, job);
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  code_enter(&code);
  if (rank == 0 && gather_write(job, out, ".gather", faults)) printf("results in %s\n", out);
  code_enter(NULL);
  code_run_free(&code);
  return faults_any(faults, comm) ? EXIT_MISTAKE : EXIT_DONE;
}
