/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"
#include "solver.h"
#include <stdlib.h>
#include <string.h>

/* In the order of the choices of the key `model`. */
static const struct model_kind *const kinds[] = {&model_kp, &model_pc};

const struct key model_keys[] = {
    {"model", KEY_CHOICE, KEY_FIXED, "kp", 0, 0, false, "kp|pc", "",
     "the system of equations: kp, continuous-time Kolen-Pollack and its relatives; pc, predictive "
     "coding at equilibrium, and backpropagation beside it"},
    {0},
};

const struct model_kind *model_kind_of(const struct job *job)
{
  return kinds[job_choice(job, "model")];
}

/* Columns shorter than this are added up more slowly than rows. Of the whole matrix, not of a
 * rank's part: the order of additions must not depend on the cuts. */
enum { LONG_COLUMN = 32 };

/* All matrices but those whose rows are chosen. */
static void store_by_columns(struct model *m)
{
  for (int k = 0; k < m->synapses; k++)
    m->synapse[k].by_columns = m->synapse[k].rows >= LONG_COLUMN;
  for (int k = 0; k < m->stages; k++)
    if (m->stage[k].synapse != NONE && model_chooses(m, k))
      m->synapse[m->stage[k].synapse].by_columns = false;
}

struct model *model_create(const struct job *job, const struct network *net,
                           const struct partition *part)
{
  struct model *m = fail_alloc(1, sizeof *m);

  m->kind = model_kind_of(job);
  m->net = net;
  m->part = part;
  m->kind->create(m, job);
  if (solver_kind_of(job)->columns) store_by_columns(m);
  return m;
}

void model_destroy(struct model *m)
{
  if (!m) return;
  m->kind->destroy(m);
  free(m->stage);
  free(m->synapse);
  free(m);
}

/* Matrices with fewer columns are multiplied faster than their rows are chosen. */
enum { WORTH_CHOOSING = 64 };

bool model_chooses(const struct model *m, int stage)
{
  return m->stage[stage].gated && m->synapse[m->stage[stage].synapse].cols >= WORTH_CHOOSING;
}

void model_refuse(const struct job *job, const char *const *section, struct faults *faults)
{
  for (int t = 0; all_keys[t]; t++)
    for (const struct key *key = all_keys[t]; key->name; key++)
      for (int s = 0; section[s]; s++)
        if (strncmp(key->name, section[s], strlen(section[s])) == 0 &&
            !job_is_usual(job, key->name))
          faults_add(faults, "%s: model %s has no use for it (%s)", key->name,
                     model_kind_of(job)->name, job_place(job, key->name));
}

void model_check(const struct job *job, struct faults *faults)
{
  model_kind_of(job)->check(job, faults);
}
