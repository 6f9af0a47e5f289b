/* SPDX-License-Identifier: BSD-3-Clause */
/* condition.c - initial weights of a given condition number (document 002, appendix D.2) */
#include "deep.h"
#include <float.h>
#include <stdlib.h>

/* Neighbours closer than this share of the largest singular value have no vectors of their own:
 * rounding decides, in which every grid differs. */
static const double alike = 1e-12;

static bool has_full_rank(const double *s, long k, long widest)
{
  return s[k - 1] > (double)widest * DBL_EPSILON * s[0];
}

static bool has_alike(const double *s, long k)
{
  for (long i = 1; i < k; i++)
    if (s[i - 1] - s[i] < alike * s[0]) return true;
  return false;
}

/* s'_i = s_1 (1 - (i-1)/(k-1) (1 - 1/kappa)), then all by one factor to the norm they had. */
static void respace(double *s, long k, double kappa)
{
  double before = 0, after = 0;

  const double top = s[0];
  for (long i = 0; i < k; i++) {
    before += s[i] * s[i];
    s[i] = top * (1 - (double)i / (double)(k - 1) * (1 - 1 / kappa));
    after += s[i] * s[i];
  }
  for (long i = 0; i < k; i++) s[i] *= sqrt(before / after);
}

/* U diag(s) V' = W_l; false if that leaves vectors open that matter. */
static bool condition(struct deep *d, int l, double kappa, double *s, bool *vague)
{
  const long m = d->n[l], n = d->n[l - 1], k = m < n ? m : n;
  struct blocks *U = blocks_create(d->grid, m, k), *Vt = blocks_create(d->grid, k, n);

  blocks_singular(d->W[l], s, U, Vt);
  const bool full = has_full_rank(s, k, m > n ? m : n);
  *vague |= kappa > 1 && has_alike(s, k);
  if (full) {
    respace(s, k, kappa);
    blocks_scale_columns(s, U);
    blocks_multiply('N', 'N', 1, U, Vt, 0, d->W[l]);
  }
  blocks_destroy(U);
  blocks_destroy(Vt);
  return full;
}

bool deep_condition(struct deep *d, double kappa, const char *place, struct faults *faults)
{
  bool vague = false, full = true;

  for (int l = 1; full && l <= d->L; l++) {
    const long k = d->n[l] < d->n[l - 1] ? d->n[l] : d->n[l - 1];
    double *s = fail_alloc((size_t)k, sizeof *s);
    full = k < 2 || condition(d, l, kappa, s, &vague);
    if (!full)
      faults_add(faults,
                 "pc.condition = %g: the weights of layer %d must have full rank, and their "
                 "singular values go from %g down to %g (%s)",
                 kappa, l, fabs(s[0]), s[k - 1], place);
    free(s);
  }
  if (full && vague && d->grid->rank == 0)
    fprintf(stderr,
            "tauflow: warning: pc.condition = %g: the initial weights have equal singular values: "
            "which vectors are stretched hangs on the number of ranks\n",
            kappa);
  return full;
}

double deep_condition_bytes(const struct grid *plan, int rank, int L, const long *n)
{
  double most = 0;

  for (int l = 1; l <= L; l++) most = fmax(most, blocks_singular_bytes(plan, rank, n[l], n[l - 1]));
  return most;
}
