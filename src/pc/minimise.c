/* SPDX-License-Identifier: BSD-3-Clause */
/* The least E over the errors, by PETSc. */
#include "methods.h"
#include <math.h>
#include <string.h>

/* A minimiser starts where its function is finite: show it a minimum where this one is not. */
static double nothing(const struct pc_errors *s, double *gradient)
{
  memset(gradient, 0, (size_t)s->net.at[s->net.net.L] * sizeof *gradient);
  return 0;
}

static double value(void *context, const double *eps, double *gradient)
{
  struct pc_errors *s = context;
  const double E = pc_local_errors(&s->net, eps, gradient);

  pc_note(s, eps, E);
  return isfinite(s->result.energy_feedforward) ? E : nothing(s, gradient);
}

static void curvature(void *context, const double *v, double *out)
{
  struct pc_errors *s = context;

  pc_local_curvature(&s->net, v, out);
  s->result.passes++;
}

static bool enough(void *context, long iteration, double gradient)
{
  const struct pc_errors *s = context;
  const double before = s->lowest[PC_MEMORY], now = s->lowest[0];

  return gradient < s->how.tolerance || before - now < s->how.plateau * now ||
         s->result.iterations + iteration >= s->how.max_iterations;
}

struct minimiser *pc_minimiser(struct pc_errors *s)
{
  const struct smooth f = {.n = s->net.at[s->net.net.L],
                           .context = s,
                           .value = value,
                           .curvature = curvature,
                           .enough = enough};

  return s->part->minimiser_create(&f, s->how.method == PC_LBFGS ? DESCENT_LBFGS : DESCENT_NEWTON);
}

/* Minimisers get stuck at kinks, and where E falls by less than its rounding. In the first case it
 * helps to start afresh from the lowest point seen, which need not be where they ended. */
void pc_minimise(struct pc_errors *s)
{
  const size_t bytes = (size_t)s->net.at[s->net.net.L] * sizeof *s->x;
  struct pc_result *r = &s->result;
  struct minimum at;
  double before;

  memset(s->x, 0, bytes);
  do {
    before = s->lowest[0];
    at = s->part->minimise(s->minimiser, s->x);
    r->energy = isfinite(r->energy_feedforward) ? at.value : r->energy_feedforward;
    r->iterations += at.iterations;
    memcpy(s->gradient, at.gradient, bytes);
    if (!at.stuck) return;
    memcpy(s->x, s->best, bytes);
    r->energy = pc_local_errors(&s->net, s->x, s->gradient);
    r->passes++;
  } while (r->iterations < s->how.max_iterations && s->lowest[0] < before * (1 - s->how.plateau));
}
