/* SPDX-License-Identifier: BSD-3-Clause */
#include "member.h"
#include "folder.h"
#include "job_parts.h"
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

/* --- summary.yml --- */

static void take_fact(void *own, const struct reading *r, const char *name, size_t line,
                      const struct given *given)
{
  struct facts *facts = own;

  (void)r;
  (void)line;
  facts->name[facts->count] = fail_text("%s", name);
  facts->value[facts->count++] =
      fail_text("%s", given->count > 0 && given->word[0] ? given->word[0] : "");
}

struct facts facts_read(const char *folder)
{
  struct facts facts = {0};
  struct faults quiet = {0};
  char *path = folder_path(folder, "summary.yml"), *text = folder_read_text(path, &quiet);
  const struct reading r = {.text = text, .origin = path, .lines = true, .faults = &quiet};
  size_t lines = 1;

  for (const char *c = text; c && *c; c++) lines += *c == '\n';
  facts.name = fail_alloc(lines, sizeof *facts.name);
  facts.value = fail_alloc(lines, sizeof *facts.value);
  if (text) yaml_read_flat(&r, take_fact, &facts);
  faults_clear(&quiet);
  free(text);
  free(path);
  return facts;
}

void facts_clear(struct facts *facts)
{
  for (int k = 0; k < facts->count; k++) {
    free(facts->name[k]);
    free(facts->value[k]);
  }
  free(facts->name);
  free(facts->value);
  *facts = (struct facts){0};
}

const char *facts_value(const struct facts *facts, const char *name)
{
  for (int k = 0; k < facts->count; k++)
    if (strcmp(facts->name[k], name) == 0) return facts->value[k];
  return NULL;
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
  const bool lost = !folder_holds(folder, "used.yml"); /* then its states may tell */
  char *path = NULL, *there = lost ? checkpoint_job(folder, &path) : NULL;
  const char *key = NULL;

  if (lost && !there) return true;
  if (!lost) path = folder_path(folder, "used.yml");
  if (!lost) there = folder_read_text(path, &own);
  char *used = job_used(job);

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

static long newest_state(const char *folder)
{
  long *list;
  const int states = folder_states(folder, &list);
  const long newest = states > 0 ? list[0] : -1;

  free(list);
  return newest;
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
  return newest_state(folder) == at ? tries : 0;
}

static void note_try(const char *folder, int tries, struct faults *faults)
{
  char *path = begun_note(folder);
  char *text =
      fail_text("begun %d times from state %ld, and not ended\n", tries, newest_state(folder));

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

/* A member that ends the program leaves a note of it each time (fail_last_words), but not if it is
 * killed: so it is noted, too, that it begins. */
static struct plan prepare(const char *folder, struct faults *faults)
{
  struct plan plan = {0};
  const int lock = folder_make(folder, faults) ? folder_lock(folder, false, faults) : -1;

  if (lock < 0) {
    plan.busy = true;
    return plan;
  }
  plan.resume = newest_state(folder) >= 0;
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
  char *provenance = summary_provenance();
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

/* What the note of the last abort says; caller frees. */
static char *last_abort(const char *folder)
{
  struct faults own = {0};
  char *path = abort_note(folder, MEMBER_ABORTS), *text = folder_read_text(path, &own);
  char *message = fail_text("ended the program %d times, last with: %.300s", MEMBER_ABORTS,
                            text ? text : own.text);

  faults_clear(&own);
  free(text);
  free(path);
  return message;
}

static int run_once(MPI_Comm comm, const struct job *job, const struct run_options *options,
                    bool resume, struct faults *faults)
{
  struct run_options own = *options;

  own.resume = resume;
  own.overwrite = !resume;
  return run_job(comm, job, &own, faults);
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
  if (plan.aborts < MEMBER_ABORTS && plan.tries < MEMBER_TRIES) {
    char *note = abort_note(options->out, plan.aborts + 1);
    fail_last_words(note);
    if (plan.resume) status = run_once(comm, job, options, true, faults);
    if (status == EXIT_MISTAKE) { /* also where no state file there is intact */
      faults_clear(faults);
      status = run_once(comm, job, options, false, faults);
    }
    fail_last_words(NULL);
    free(note);
  } else if (rank == 0) {
    char *message = plan.aborts < MEMBER_ABORTS
                        ? fail_text("was begun %d times and each time killed before a newer state "
                                    "file, without a word: does its memory suffice?",
                                    MEMBER_TRIES)
                        : last_abort(options->out);
    faults_add(faults, "%s", message);
    free(message);
  }
  if (rank == 0) forget_tries(options->out);
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
