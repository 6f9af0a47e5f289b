/* SPDX-License-Identifier: BSD-3-Clause */
#include "member.h"
#include "folder.h"
#include "store.h"
#include "summary.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const words[] = {"waiting", "running", "stopped", "done", "diverged", "failed"};

const char *member_word(enum member_status status)
{
  return words[status];
}

bool member_is_over(enum member_status status)
{
  return status >= MEMBER_DONE;
}

char *member_folder(const char *out, long member)
{
  return fail_text("%s/member-%05ld", out, member);
}

enum member_status member_look(const char *folder, const struct facts *facts)
{
  const char *word = facts_value(facts, "status");

  for (int k = MEMBER_STOPPED; word && k < MEMBER_STATUSES; k++)
    if (strcmp(word, words[k]) == 0) return k;
  return folder_has_run(folder) ? MEMBER_BEGUN : MEMBER_WAITING;
}

/* --- what is there --- */

bool member_fits(const char *folder, const struct job *job, struct faults *faults)
{
  struct faults own = {0};
  char *path = NULL, *there = checkpoint_job(folder, &path, &own), *used = job_used(job);
  const char *key = NULL;

  faults_clear(&own);
  if (there && strcmp(there, used) != 0) {
    struct job *other = job_parse(there, path, folder, 0, NULL, &own);
    if (own.count == 0) key = job_difference(job, other, KEY_FORMAL);
    job_destroy(other);
  }
  if (own.count > 0)
    faults_add(faults, "%s: cannot be read as a job; add --overwrite, or choose another --out",
               path);
  else if (key)
    faults_add(
        faults,
        "%s: holds a run with another %s; add --overwrite to run all members anew, or choose "
        "another --out",
        folder, key);
  const bool fits = own.count == 0 && !key;
  faults_clear(&own);
  free(there);
  free(used);
  free(path);
  return fits;
}

static char *abort_note(const char *folder, int number)
{
  return fail_text("%s/abort-%d.txt", folder, number);
}

static void forget_aborts(const char *folder)
{
  for (int k = 1; k <= MEMBER_ABORTS; k++) {
    char *path = abort_note(folder, k);
    unlink(path);
    free(path);
  }
}

/* Says how often the member was begun with the same state file as the newest (-1: none). */
static char *begun_note(const char *folder)
{
  return folder_path(folder, "begun.txt");
}

int member_tries(const char *folder)
{
  char *path = begun_note(folder);
  FILE *in = fopen(path, "r");
  long at = 0;
  int tries = 0;

  if (in && fscanf(in, "begun %d times from state %ld", &tries, &at) != 2) tries = 0;
  if (in) fclose(in);
  free(path);
  return folder_newest(folder) == at ? tries : 0;
}

bool member_is_given_up(const char *folder)
{
  char *note = abort_note(folder, MEMBER_ABORTS);
  const bool aborted = access(note, F_OK) == 0;

  free(note);
  return aborted || member_tries(folder) >= MEMBER_TRIES;
}

static void note_try(const char *folder, int tries, struct faults *faults)
{
  char *path = begun_note(folder);
  char *text =
      fail_text("begun %d times from state %ld, and not ended\n", tries, folder_newest(folder));

  folder_write_text(path, text, faults);
  free(text);
  free(path);
}

static void forget_tries(const char *folder)
{
  char *path = begun_note(folder);

  unlink(path);
  free(path);
}

void member_clear(const char *folder)
{
  folder_clear(folder);
  forget_aborts(folder);
  forget_tries(folder);
}

/* --- running --- */

/* How to begin, decided by rank 0. */
struct plan {
  int resume, aborts, tries, busy;
};

/* -1 with a fault if nobody can tell. */
static int count_states(const char *folder, struct faults *faults)
{
  const int states = folder_count_states(folder);

  if (states < 0) faults_add(faults, "%s: its files cannot be listed", folder);
  return states;
}

/* A member that ends the program leaves a note of it each time (fail_last_words), but not if it is
 * killed: so it is noted, too, that it begins. */
static struct plan prepare(const char *folder, struct faults *faults)
{
  struct plan plan = {.busy = true};
  const int lock = folder_make(folder, faults) ? folder_lock(folder, false, faults) : -1;
  const int states = lock < 0 ? -1 : count_states(folder, faults);

  if (states < 0) {
    folder_unlock(lock);
    return plan;
  }
  plan.busy = false;
  plan.resume = states > 0;
  plan.tries = member_tries(folder);
  for (bool there = true; there && plan.aborts < MEMBER_ABORTS; plan.aborts += there) {
    char *path = abort_note(folder, plan.aborts + 1);
    there = access(path, F_OK) == 0;
    free(path);
  }
  char *summary = folder_path(folder, "summary.yml");
  unlink(summary); /* of a run that stopped in time: what is there says "running" from now on */
  free(summary);
  if (plan.tries < MEMBER_TRIES) note_try(folder, plan.tries + 1, faults);
  folder_unlock(lock);
  return plan;
}

static void record_failure(const char *folder, const struct job *job, const char *message)
{
  struct faults faults = {0};
  char *path = folder_path(folder, "summary.yml"), *used = folder_path(folder, "used.yml");
  char *words_of = summary_quoted(message), *keys = job_used(job);
  char *provenance = summary_provenance(job);
  char *text = fail_text("name: %s\nstatus: failed\nmessage: %s\n%s", job_text(job, "name"),
                         words_of, provenance);

  CHECK(folder_write_text(used, keys, &faults) && folder_write_text(path, text, &faults), "%s",
        faults.text);
  free(text);
  free(keys);
  free(words_of);
  free(provenance);
  free(path);
  free(used);
}

/* Has another process the member in hand, or has it brought it to an end meanwhile? Then what went
 * wrong here is not the member's. Local. */
static bool is_in_other_hands(const char *folder)
{
  struct faults quiet = {0};
  const int lock = folder_lock(folder, false, &quiet);
  const bool others =
      (lock < 0 && folder_holds(folder, ".")) || folder_holds(folder, "summary.yml");

  folder_unlock(lock);
  faults_clear(&quiet);
  return others;
}

/* What the note of the last abort says; caller frees. */
static char *last_abort(const char *folder)
{
  struct faults own = {0};
  char *path = abort_note(folder, MEMBER_ABORTS), *text = folder_read_text(path, &own);
  char *said = text ? text : own.text;
  char *message = fail_text("ended the program %d times, last with: %.*s; to have it tried again, "
                            "delete %s/abort-*.txt",
                            MEMBER_ABORTS, (int)strcspn(said, "\n"), said, folder);

  faults_clear(&own);
  free(text);
  free(path);
  return message;
}

static char *why_given_up(const char *folder, const struct plan *plan)
{
  if (plan->aborts >= MEMBER_ABORTS) return last_abort(folder);
  return fail_text("was begun %d times and each time killed before a newer state file, without a "
                   "word: does its memory suffice? to have it tried again, delete %s/begun.txt",
                   MEMBER_TRIES, folder);
}

/* Are all of its state files damaged, without doubt? On rank 0; faults say what is wrong with them.
 */
static bool is_beyond_repair(const char *folder, int states, const long *list,
                             struct faults *faults)
{
  bool damaged = states > 0;

  for (int k = 0; damaged && k < states; k++) {
    char *path = folder_state(folder, list[k]);
    damaged = store_judge(path, faults) == STATE_DAMAGED;
    free(path);
  }
  return damaged;
}

/* A member that could not be resumed may begin anew if no state of it is of use, ever: then they
 * are set aside, with warnings. Otherwise nothing there is touched, for what hinders it may pass;
 * what hinders the renaming is a fault, on rank 0. Collective. */
static bool begins_anew(MPI_Comm comm, const char *folder, struct faults *warnings,
                        struct faults *faults)
{
  int rank, anew = false;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) {
    const int lock = folder_lock(folder, false, faults);
    long *list;
    const int states = folder_states(folder, &list);
    anew = lock >= 0 && is_beyond_repair(folder, states, list, warnings);
    for (int k = 0; anew && k < states; k++) {
      char *path = folder_state(folder, list[k]), *aside = folder_set_aside(path, faults);
      anew = aside != NULL;
      if (aside) faults_add(warnings, "%s: is now %s, and the run begins anew", path, aside);
      free(aside);
      free(path);
    }
    free(list);
    folder_unlock(lock);
  }
  CHECK_MPI(MPI_Bcast(&anew, 1, MPI_INT, 0, comm));
  return anew;
}

static int run_once(MPI_Comm comm, const struct job *job, const struct run_options *options,
                    bool resume, struct faults *faults)
{
  struct run_options own = *options;

  own.resume = resume;
  own.overwrite = !resume;
  return run_job(comm, job, &own, faults);
}

/* From its newest state, if it has one. */
static int run_on(MPI_Comm comm, const struct job *job, const struct run_options *options,
                  bool resume, struct faults *faults)
{
  struct faults warnings = {0};
  int status = run_once(comm, job, options, resume, faults);

  if (resume && status == EXIT_MISTAKE && begins_anew(comm, options->out, &warnings, faults)) {
    struct run_options own = *options;
    own.warnings = &warnings;
    faults_clear(faults);
    status = run_once(comm, job, &own, false, faults);
  }
  faults_clear(&warnings);
  return status;
}

enum member_status member_run(MPI_Comm comm, const struct job *job,
                              const struct run_options *options, struct faults *faults)
{
  struct plan plan = {0};
  int rank, status = EXIT_MISTAKE;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (rank == 0) plan = prepare(options->out, faults);
  CHECK_MPI(MPI_Bcast(&plan, 4, MPI_INT, 0, comm));
  if (plan.busy) return MEMBER_BEGUN;
  const bool aborted = plan.aborts >= MEMBER_ABORTS, killed = plan.tries >= MEMBER_TRIES;
  if (!aborted && !killed) {
    char *note = abort_note(options->out, plan.aborts + 1);
    fail_last_words(note);
    status = run_on(comm, job, options, plan.resume, faults);
    fail_last_words(NULL);
    free(note);
  } else if (rank == 0) {
    char *message = why_given_up(options->out, &plan);
    faults_add(faults, "%s", message);
    free(message);
  }
  if (status == EXIT_MISTAKE && rank == 0) plan.busy = is_in_other_hands(options->out);
  CHECK_MPI(MPI_Bcast(&plan.busy, 1, MPI_INT, 0, comm));
  if (plan.busy) return MEMBER_BEGUN;
  if (rank == 0 && (aborted || !killed)) forget_tries(options->out);
  if (status == EXIT_MISTAKE) {
    if (rank == 0) record_failure(options->out, job, faults->text);
    faults_clear(faults);
    return MEMBER_FAILED;
  }
  if (rank == 0) forget_aborts(options->out);
  return status == EXIT_DONE       ? MEMBER_DONE
         : status == EXIT_DIVERGED ? MEMBER_DIVERGED
                                   : MEMBER_STOPPED;
}
