/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"
#include <stdlib.h>

/* In the order of the choices of the key `model`. */
static const struct model_kind *const kinds[] = {&model_kp};

const struct key model_keys[] = {
    {"model", KEY_CHOICE, KEY_FIXED, "kp", 0, 0, false, "kp", "",
     "the system of equations: kp, continuous-time Kolen-Pollack and its relatives"},
    {0},
};

struct model *model_create(const struct job *job, const struct network *net,
                           const struct partition *part)
{
  struct model *m = fail_alloc(1, sizeof *m);

  m->kind = kinds[job_choice(job, "model")];
  m->net = net;
  m->part = part;
  m->kind->create(m, job);
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

void model_check(const struct job *job, struct faults *faults)
{
  kinds[job_choice(job, "model")]->check(job, faults);
}
