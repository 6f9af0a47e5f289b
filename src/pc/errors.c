/* SPDX-License-Identifier: BSD-3-Clause */
#include "pc_errors.h"
#include "fail.h"
#include "methods.h"
#include "relax.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct pc_errors *pc_errors_create(const struct pc_net *net, const struct pc_how *how)
{
  struct pc_errors *s = fail_alloc(1, sizeof *s);

  s->how = *how;
  pc_local_create(&s->net, net);
  s->x = fail_alloc((size_t)s->net.at[net->L], sizeof *s->x);
  s->best = fail_alloc((size_t)s->net.at[net->L], sizeof *s->best);
  s->gradient = fail_alloc((size_t)s->net.at[net->L], sizeof *s->gradient);
  if (how->method == PC_DESCENT) return s;
  s->part = petsc_part();
  s->minimiser = pc_minimiser(s);
  return s;
}

void pc_errors_destroy(struct pc_errors *s)
{
  if (!s) return;
  if (s->part) s->part->minimiser_destroy(s->minimiser);
  free(s->gradient);
  free(s->best);
  free(s->x);
  pc_local_destroy(&s->net);
  free(s);
}

void pc_errors_weights(struct pc_errors *s, const double *const *W)
{
  pc_local_weights(&s->net, W);
}

void pc_forget(struct pc_errors *s)
{
  for (int k = 0; k <= PC_MEMORY; k++) s->lowest[k] = INFINITY;
  s->begun = s->result.iterations;
  s->stopped = false;
}

void pc_note(struct pc_errors *s, const double *unknowns, double E)
{
  struct pc_result *r = &s->result;
  const double lowest = s->lowest[0];

  r->passes++;
  if (r->passes == 1) r->energy_feedforward = E; /* all methods begin there */
  memmove(s->lowest + 1, s->lowest, PC_MEMORY * sizeof *s->lowest);
  if (!(E < lowest)) return;
  s->lowest[0] = E;
  memcpy(s->best, unknowns, (size_t)s->net.at[s->net.net.L] * sizeof *s->best);
}

static enum pc_status verdict(const struct pc_errors *s)
{
  const struct pc_result *r = &s->result;

  if (!isfinite(r->energy) || !isfinite(r->gradient)) return PC_FAILED;
  if (r->gradient < s->how.tolerance) return r->kinks ? PC_PLATEAU : PC_CONVERGED;
  return s->stopped && !(r->plateau < s->how.plateau) ? PC_STOPPED : PC_PLATEAU;
}

struct pc_result pc_errors_solve(struct pc_errors *s, const double *x0, const double *y,
                                 const double *const **x, const double *const **eps)
{
  struct pc_result *r = &s->result;

  *r = (struct pc_result){0};
  pc_forget(s);
  pc_local_clamp(&s->net, x0, y);
  if (s->minimiser)
    pc_minimise(s);
  else
    pc_descend(s);
  r->gradient = relax_largest_f64(s->net.at[s->net.net.L], s->gradient);
  r->plateau = (s->lowest[PC_MEMORY] - s->lowest[0]) / s->lowest[0];
  r->kinks = pc_local_kinks(&s->net);
  r->status = verdict(s);
  if (x) *x = (const double *const *)s->net.x;
  if (eps) *eps = (const double *const *)s->net.eps;
  return *r;
}

const double *const *pc_errors_slopes(const struct pc_errors *s)
{
  return (const double *const *)s->net.slope;
}
