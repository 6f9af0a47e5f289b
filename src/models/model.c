/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"
#include <stdlib.h>

/* In the order of the choices of the key `model`. */
static const struct model_kind *const kinds[] = {&model_kp};

const struct key model_keys[] = {
    {"model", KEY_CHOICE, "kp", 0, 0, false, "kp", "",
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

/* j(r) = 1/r - 2/r^2 + e^-r (1/r + 2/r^2), r = h/tau, = r/6 - r^2/12 + r^3/40 - ... */
static double curvature_weight(double r)
{
  if (r < 1e-2) return r * (1.0 / 6 - r * (1.0 / 12 - r * (1.0 / 40 - r / 180)));
  return 1 / r - 2 / (r * r) + exp(-r) * (1 / r + 2 / (r * r));
}

struct leak leak_over(double h, double tau)
{
  const double r = h / tau, rest = -expm1(-r); /* 1 - E */
  struct leak k = {.h = h, .tau = tau, .E = exp(-r), .j = curvature_weight(r)};

  /* c1 = 1 - (1-E)/r; the series where the difference would cancel. */
  k.c1 = r < 1e-2 ? r * (1.0 / 2 - r * (1.0 / 6 - r * (1.0 / 24 - r * (1.0 / 120 - r / 720))))
                  : 1 - rest / r;
  k.c0 = rest - k.c1;
  return k;
}
