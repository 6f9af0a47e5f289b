/* SPDX-License-Identifier: BSD-3-Clause */
#include "sweep_parts.h"
#include "board.h"
#include "folder.h"
#include "gather.h"
#include "wishes.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A barrier that leaves the processor to ranks that still have work. */
static void wait_for_all(struct sweep *s)
{
  const struct timespec pause = {.tv_nsec = 10000000};
  MPI_Request request;
  int there = 0;

  CHECK_MPI(MPI_Ibarrier(s->comm, &request));
  while (!there) {
    if (s->rank == 0) sweep_attend(s, 0.5);
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
                                      .each = watching ? sweep_attend : NULL,
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
  if (s->rank == 0) sweep_attend(s, 0);
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

static int run_all(struct sweep *s)
{
  int status = EXIT_DONE;

  code_log(s->log, s->job);
  log_line(s->log, "sweep of %ld members, %ld to run, %d at a time", job_members(s->job), s->todo,
           s->groups);
  s->board = board_create(s->comm, s->todo);
  s->seen = fail_alloc((size_t)s->todo, sizeof *s->seen);
  work(s);
  wait_for_all(s);
  if (s->rank == 0) status = sweep_conclude(s);
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
  sweep_check_ranks(&s, size);
  if (!faults_any(faults, comm) && sweep_plan_tasks(&s) && sweep_open_folder(&s)) {
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
  struct faults missing = {0};
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  struct log *log = log_create(rank == 0, true);
  code_enter(&code);
  if (rank == 0 && gather_write(job, out, ".gather", &missing, faults))
    printf("results in %s\n", out);
  log_warnings(log, &missing);
  log_destroy(log);
  faults_clear(&missing);
  code_enter(NULL);
  code_run_free(&code);
  return faults_any(faults, comm) ? EXIT_MISTAKE : EXIT_DONE;
}
