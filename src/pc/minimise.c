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
  struct pc_errors *s = context;
  const double before = s->lowest[PC_MEMORY], now = s->lowest[0];
  const bool flat = s->how.method == PC_LBFGS && before - now < s->how.plateau * now;

  s->stopped = s->result.iterations + iteration - s->begun >= s->how.max_iterations;
  return gradient < s->goal || flat || s->stopped;
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
static void settle(struct pc_errors *s, double goal)
{
  const size_t bytes = (size_t)s->net.at[s->net.net.L] * sizeof *s->x;
  struct pc_result *r = &s->result;
  struct minimum at;
  double before;

  s->goal = goal;
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
  } while (!s->stopped && s->lowest[0] < before * (1 - s->how.plateau));
}

/* Newton's method cannot see a kink. It is shown parabolas in place of relu's corner, narrower each
 * time, and follows their equilibrium; early ones need not be met closely. */
static void sharpen(struct pc_errors *s)
{
  enum { STAGES = 8 };
  const double widest = 0.1, ratio = sqrt(0.1), coarse = 1e-3;

  s->net.width = 0;
  value(s, s->x, s->gradient); /* the feedforward point is that of relu itself */
  s->net.width = widest;
  for (int stage = 1; stage < STAGES; stage++) {
    pc_forget(s);
    settle(s, fmax(coarse, s->how.tolerance));
    s->net.width *= ratio;
  }
  pc_forget(s);
  settle(s, s->how.tolerance);
}

void pc_minimise(struct pc_errors *s)
{
  memset(s->x, 0, (size_t)s->net.at[s->net.net.L] * sizeof *s->x);
  if (s->how.method == PC_NEWTON && s->net.net.hidden == PC_RELU)
    sharpen(s);
  else
    settle(s, s->how.tolerance);
}
