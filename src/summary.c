/* SPDX-License-Identifier: BSD-3-Clause */
#include "summary.h"
#include "code.h"
#include "folder.h"
#include "footprint.h"
#include "job_parts.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static unsigned long long fingerprint(const struct session *s)
{
  struct field *fields;
  const int count = state_fields(s->state, STATE_VALUES | STATE_WEIGHTS, &fields);
  const unsigned long long digest = store_fingerprint(s->comm, count, fields);

  state_free_fields(count, fields);
  return digest;
}

/* "name: value" lines of what the solver counts beyond steps. The caller frees. */
static char *counter_lines(const struct solver *solver)
{
  char *text = fail_text("%s", "");

  for (int k = 0; k < SOLVER_COUNTERS && solver->kind->counters[k]; k++) {
    char *longer =
        fail_text("%s%s: %.0f\n", text, solver->kind->counters[k], solver->stats.counter[k]);
    free(text);
    text = longer;
  }
  return text;
}

/* "name: value" lines of the solver's figures. The caller frees. */
static char *figure_lines(struct solver *solver)
{
  const struct figure *figure;
  const int count = solver_figures(solver, &figure);
  char *text = fail_text("%s", "");

  for (int k = 0; k < count; k++) {
    char *longer = fail_text("%s%s: %.17g\n", text, figure[k].name, figure[k].value);
    free(text);
    text = longer;
  }
  return text;
}

/* What this process and the others of the run sent and took, as lines; the caller frees.
 * Collective. */
static char *cost_lines(const struct session *s, double tried)
{
  const double steps = fmax(tried, 1), MiB = 1048576;
  struct traffic sent = system_sent(s->sys);
  double peak = footprint_peak() / MiB;
  double weights[2] = {s->solver->stats.chosen, s->solver->stats.weights};

  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &sent, 2, MPI_DOUBLE, MPI_SUM, s->comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &peak, 1, MPI_DOUBLE, MPI_MAX, s->comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, weights, 2, MPI_DOUBLE, MPI_SUM, s->comm));
  char *share = weights[1] > 0 ? fail_text("weights_multiplied: %.6g\n", weights[0] / weights[1])
                               : fail_text("%s", "");
  char *text =
      fail_text("reductions: %.0f\nmessages: %.0f\nbytes_sent: %.0f\nmessages_per_step: %.6g\n"
                "bytes_per_step: %.6g\n%speak_memory_MiB: %.1f\n",
                s->solver->stats.reductions, sent.messages, sent.bytes, sent.messages / steps,
                sent.bytes / steps, share, peak);
  free(share);
  return text;
}

char *summary_quoted(const char *text)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (isalnum((unsigned char)*text) && strspn(text, plain) == strlen(text))
    return fail_text("%s", text);
  char *value = fail_alloc(2 * strlen(text) + 3, 1), *to = value;

  *to++ = '\'';
  for (; *text; text++) {
    if (*text == '\'') *to++ = '\'';
    *to++ = (unsigned char)*text < ' ' ? ' ' : *text;
  }
  while (to > value + 1 && to[-1] == ' ') to--;
  *to++ = '\'';
  *to = '\0';
  return value;
}

/* In double quotes, so that a text of many lines is one line of the file. Caller frees. */
static char *escaped(const char *text)
{
  char *value = fail_alloc(2 * strlen(text) + 3, 1), *to = value;

  *to++ = '"';
  for (; *text; text++) {
    if (strchr("\"\\\n", *text)) *to++ = '\\';
    *to++ = *text;
    if (*text == '\n') to[-1] = 'n';
  }
  *to++ = '"';
  *to = '\0';
  return value;
}

char *summary_provenance(const struct job *job)
{
  int count;
  const struct code_fact *fact = code_facts(&count);
  char *text = fail_text("%s", "");

  for (int k = 0; k < count; k++) {
    if (strcmp(fact[k].name, "ranks") == 0) continue;
    char *value = summary_quoted(fact[k].value);
    char *longer = fail_text("%s%s: %s\n", text, fact[k].name, value);
    free(value);
    free(text);
    text = longer;
  }
  char *used = job_used(job), *keys = escaped(used), *all = fail_text("%sjob: %s\n", text, keys);
  free(used);
  free(keys);
  free(text);
  return all;
}

char *summary_text(const struct session *s, const struct summary *sum, unsigned long long *digest)
{
  const struct solver *solver = s->solver;
  const bool tested = sum->test.samples > 0;
  char *counters = counter_lines(solver), *cost = cost_lines(s, sum->tried);
  char *figures = figure_lines(s->solver);
  char *provenance = summary_provenance(s->job);
  char *why =
      sum->stopped_by ? fail_text("stopped_by: %s\n", sum->stopped_by) : fail_text("%s", "");

  *digest = fingerprint(s);
  char *text = fail_text(
      "name: %s\nstatus: %s\n%stest_accuracy: %.6g\ntest_loss: %.9g\ntest_samples: %ld\n"
      "train_accuracy: %.6g\ntrain_loss: %.9g\nsamples: %ld\nsimulated_s: %.9g\nwall_s: %.6g\n"
      "samples_per_s: %.6g\nsolver: %s\nsteps: %.0f\nrejected: %.0f\nevaluations: %.0f\n"
      "%s%s%sstate_files: %.0f\nstate_files_s: %.6g\nranks: %d\nstate_fingerprint: 0x%016llx\n%s",
      job_text(s->job, "name"), sum->status, why, tested ? sum->test.accuracy : NAN,
      tested ? sum->test.loss : NAN, sum->test.samples, sum->train_accuracy, sum->train_loss,
      sum->done, sum->simulated, sum->wall, sum->rate, solver->kind->name, solver->stats.steps,
      solver->stats.rejected, solver->stats.evaluations, counters, figures, cost, sum->saves,
      sum->saving, s->part->size, *digest, provenance);
  free(why);
  free(provenance);
  free(counters);
  free(figures);
  free(cost);
  return text;
}

/* --- read again --- */

static void take_fact(void *own, const struct reading *r, const char *name, size_t line,
                      const struct given *given)
{
  struct facts *facts = own;

  (void)r;
  (void)line;
  if (strcmp(name, "job") == 0) return; /* its keys are had from the job itself */
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
