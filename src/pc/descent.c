/* SPDX-License-Identifier: BSD-3-Clause */
/* x_l <- x_l - rate dE/dx_l from the feedforward activities, all layers at once: inference as
 * document 002's appendix B.2 has it. */
#include "methods.h"
#include "relax.h"
#include <math.h>

void pc_descend(struct pc_errors *s)
{
  const long N = s->net.at[s->net.net.L];
  double *x = s->x, *g = s->gradient;
  struct pc_result *r = &s->result;

  pc_local_feedforward(&s->net, x);
  for (;; r->iterations++) {
    r->energy = pc_local_activities(&s->net, x, g);
    pc_note(s, x, r->energy);
    s->stopped = r->iterations == s->how.max_iterations;
    if (s->stopped || !isfinite(r->energy) || relax_largest_f64(N, g) < s->how.tolerance) return;
    for (long i = 0; i < N; i++) x[i] -= s->how.rate * g[i];
  }
}
