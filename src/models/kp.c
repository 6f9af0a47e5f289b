/* SPDX-License-Identifier: BSD-3-Clause */
/* kp.c - continuous-time Kolen-Pollack learning and its relatives (documents 000 and 001)
 *
 *   s_l = W_l y_{l-1}                                                              (eq. 1)
 *   tau_inf dy_l/dt = phi_l(s_l) - y_l                                             (eq. 2)
 *   tau_err dz_l/dt = g_l - z_l                                                    (eq. 3)
 *       g_L = y* - softmax(s_L), or y* - s_L                                       (eq. 4)
 *       g_l = phi'_l(s_l) o (V_l z_{l+1}), or V_l z_L when direct                  (eq. 5)
 *   tau_pot dW_l/dt = z_l y_{l-1}' - (tau_pot/tau_dec) W_l                         (eq. 6)
 *   tau_pot dV_l/dt = y_l z_{l+1}' - (tau_pot/tau_dec) V_l, own constants allowed  (eq. 7)
 *
 * The rules kp, fa, dfa and sgd differ in data only: what V starts as and whether it learns. */
#include "kp_keys.h"
#include "kp_parts.h"
#include "relax.h"
#include "rng.h"
#include <stdlib.h>

int kp_stage_y(const struct network *net, int l)
{
  (void)net;
  return l - 1;
}

int kp_stage_z(const struct network *net, int l)
{
  return 2 * net->L - l;
}

static void make_stages(struct model *m, const struct job *job)
{
  const int L = m->net->L;
  const bool rms = job_real(job, "kp.rms_norm") > 0;
  const enum phi phi = m->net->hidden;
  /* An RMS that leaves zero has no linear part to integrate between switches. */
  const bool gated =
      job_flag(job, "kp.gate") && !rms && (phi == PHI_RELU || phi == PHI_CLIPPED_RELU);

  m->stages = 2 * L;
  m->stage = fail_alloc((size_t)m->stages, sizeof *m->stage);
  for (int l = 1; l <= L; l++) {
    m->stage[kp_stage_y(m->net, l)] = (struct stage){.name = "y",
                                                     .family = ACTIVITY,
                                                     .layer = l,
                                                     .tau = job_real(job, "kp.tau_inf"),
                                                     .synapse = l - 1,
                                                     .whole = rms || l == L};
    m->stage[kp_stage_z(m->net, l)] = (struct stage){.name = "z",
                                                     .family = ERROR,
                                                     .layer = l,
                                                     .tau = job_real(job, "kp.tau_err"),
                                                     .synapse = l < L ? L + l - 1 : NONE,
                                                     .whole = rms && l < L,
                                                     .gated = gated && l < L};
  }
  m->output = kp_stage_y(m->net, L);
}

/* Synapses: W_1 .. W_L, then V_1 .. V_{L-1}. */
static void make_synapses(struct model *m, const struct job *job)
{
  const int L = m->net->L, rule = job_choice(job, "kp.rule");
  const bool direct = kp_is_direct(job);
  const long *n = m->net->n;

  m->synapses = 2 * L - 1;
  m->synapse = fail_alloc((size_t)m->synapses, sizeof *m->synapse);
  for (int l = 1; l <= L; l++)
    m->synapse[l - 1] = (struct synapse){.name = "W",
                                         .layer = l,
                                         .pre = l == 1 ? INPUT : kp_stage_y(m->net, l - 1),
                                         .post = kp_stage_z(m->net, l),
                                         .learns = true,
                                         .tau_pot = job_real(job, "kp.tau_pot"),
                                         .tau_dec = job_real(job, "kp.tau_dec"),
                                         .rows = n[l],
                                         .cols = n[l - 1],
                                         .init = INIT_RANDOM};
  for (int l = 1; l < L; l++) {
    const int from = direct ? L : l + 1;
    m->synapse[L + l - 1] = (struct synapse){
        .name = "V",
        .layer = l,
        .pre = kp_stage_z(m->net, from),
        .post = kp_stage_y(m->net, l),
        .post_drive = job_choice(job, "kp.feedback_drive") == 1,
        .learns = rule == RULE_KP || rule == RULE_SGD,
        .tau_pot = job_real(job, "kp.tau_pot_feedback"),
        .tau_dec = job_real(job, "kp.tau_dec_feedback"),
        .rows = n[l],
        .cols = n[from],
        .init =
            rule == RULE_SGD ? INIT_TRANSPOSE : (enum init_kind)job_choice(job, "kp.feedback_init"),
        .transpose_of = l,
        .tied = rule == RULE_SGD,
        .init_value = job_real(job, "kp.feedback_value")};
  }
}

static void make_noise(struct model *m, const struct job *job)
{
  struct kp *kp = m->own;
  const double T = job_real(job, "present.duration");
  const double tau[FAMILIES] = {job_real(job, "kp.tau_inf"), job_real(job, "kp.tau_err")};

  /* Two intervals per time constant, a whole number of them per presentation. */
  m->noise_intervals = (int)ceil(2 * T / fmin(tau[ACTIVITY], tau[ERROR]));
  m->noise_interval = T / m->noise_intervals;
  for (int k = 0; k < FAMILIES; k++) kp->noise_keep[k] = exp(-m->noise_interval / tau[k]);
  kp->noise_from = fail_alloc((size_t)m->stages, sizeof *kp->noise_from);
  kp->noise_to = fail_alloc((size_t)m->stages, sizeof *kp->noise_to);
  for (int k = 0; k < m->stages; k++) {
    kp->noise_from[k] = fail_alloc((size_t)m->net->n[m->stage[k].layer], sizeof(double));
    kp->noise_to[k] = fail_alloc((size_t)m->net->n[m->stage[k].layer], sizeof(double));
  }
}

static void kp_create(struct model *m, const struct job *job)
{
  struct kp *kp = fail_alloc(1, sizeof *kp);

  m->own = kp;
  kp->silent = job_real(job, "solver.absolute");
  kp->gate = job_flag(job, "kp.gate");
  kp->rms = job_real(job, "kp.rms_norm");
  kp->noise = job_real(job, "kp.noise");
  kp->seed = (unsigned long)job_integer(job, "seed");
  m->probabilities = job_choice(job, "kp.output_error") == 0;
  kp->reach[ACTIVITY] = -expm1(-job_real(job, "present.duration") / job_real(job, "kp.tau_inf"));
  kp->reach[ERROR] = -expm1(-job_real(job, "present.duration") / job_real(job, "kp.tau_err"));
  kp_make_crossings(m);
  make_stages(m, job);
  make_synapses(m, job);
  if (kp->noise > 0) make_noise(m, job);
}

static double kp_bytes(const struct model *m, int rank)
{
  const struct kp *kp = m->own;
  double bytes = kp_crossings_bytes(m, rank);

  for (int k = 0; kp->noise > 0 && k < m->stages; k++)
    bytes += 2 * (double)m->net->n[m->stage[k].layer] * sizeof(double);
  return bytes;
}

static void kp_destroy(struct model *m)
{
  struct kp *kp = m->own;

  for (int k = 0; kp->noise_from && k < m->stages; k++) {
    free(kp->noise_from[k]);
    free(kp->noise_to[k]);
  }
  free(kp->noise_from);
  free(kp->noise_to);
  kp_destroy_crossings(m);
  free(kp);
}

void kp_rows(const struct model *m, int stage, long *lo, long *hi)
{
  partition_rows(m->part, m->stage[stage].layer, m->part->rank, lo, hi);
}

static enum phi phi_of(const struct model *m, int layer)
{
  return layer < m->net->L ? m->net->hidden : PHI_LINEAR;
}

bool kp_is_noisy(const struct model *m)
{
  return m->noise_intervals > 0 && !m->quiet;
}

double kp_noise_at(const struct model *m, int stage, long i, double u)
{
  const struct kp *kp = m->own;
  const double w = (u - kp->noise_begin) / m->noise_interval;

  return (1 - w) * kp->noise_from[stage][i] + w * kp->noise_to[stage][i];
}

static void add_noise(const struct model *m, int stage, struct moment *at)
{
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  for (long i = lo; i < hi; i++) at->force[stage][i] += kp_noise_at(m, stage, i, at->u);
}

/* a / max(rms, 1e-8), over the whole layer in the order of its rows. */
static double rms_scale(const struct kp *kp, double squares, long n)
{
  const double rms = sqrt(squares / (double)n);

  return kp->rms / (rms > 1e-8 ? rms : 1e-8);
}

static void force_y(const struct model *m, int stage, struct moment *at, long lo, long hi)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;
  const enum phi phi = phi_of(m, l);
  const double cap = m->net->cap, *s = at->drive[stage];
  double scale = 1;

  if (kp->rms > 0 && l < m->net->L) {
    double squares = 0;
    for (long i = 0; i < m->net->n[l]; i++) {
      const double v = phi_value(phi, cap, s[i]);
      squares += v * v;
    }
    scale = rms_scale(kp, squares, m->net->n[l]);
  }
  at->scale[stage] = scale;
  if (phi == PHI_RELU || phi == PHI_CLIPPED_RELU)
    relax_relu(hi - lo, cap, scale, s + lo, at->force[stage] + lo);
  else
    for (long i = lo; i < hi; i++) at->force[stage][i] = scale * phi_value(phi, cap, s[i]);
}

/* eq. 4. The softmax subtracts the largest drive first, so no exponential overflows. Every rank
 * that has rows of the top forms g of all of it, in one order. */
static void force_top(const struct model *m, int stage, struct moment *at, long lo, long hi)
{
  const struct kp *kp = m->own;
  const long n = m->net->n[m->net->L];
  const double *s = at->drive[m->output];
  double *g = at->force[stage], top = -INFINITY, sum = 0, squares = 0;

  for (long i = 0; i < n; i++) top = fmax(top, s[i]);
  for (long i = 0; i < n && m->probabilities; i++) sum += g[i] = exp(s[i] - top);
  for (long i = 0; i < n; i++) g[i] = at->target[i] - (m->probabilities ? g[i] / sum : s[i]);
  for (long i = 0; i < n && kp->rms > 0; i++) squares += g[i] * g[i];
  at->scale[stage] = kp->rms > 0 ? rms_scale(kp, squares, n) : 1;
  for (long i = lo; i < hi; i++) g[i] *= at->scale[stage];
}

/* eq. 5 */
static void force_z(const struct model *m, int stage, struct moment *at, long lo, long hi)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;
  const double cap = m->net->cap, *v = at->drive[stage];
  const double *s = at->drive[kp_stage_y(m->net, l)];
  double scale = 1;

  if (kp->rms > 0) {
    double squares = 0;
    for (long i = 0; i < m->net->n[l]; i++) {
      const double g = (kp->gate ? phi_slope(phi_of(m, l), cap, s[i]) : 1) * v[i];
      squares += g * g;
    }
    scale = rms_scale(kp, squares, m->net->n[l]);
  }
  at->scale[stage] = scale;
  if (kp->gate && (phi_of(m, l) == PHI_RELU || phi_of(m, l) == PHI_CLIPPED_RELU))
    relax_gate(hi - lo, cap, scale, s + lo, v + lo, at->force[stage] + lo);
  else
    for (long i = lo; i < hi; i++)
      at->force[stage][i] = scale * (kp->gate ? phi_slope(phi_of(m, l), cap, s[i]) : 1) * v[i];
}

void kp_force(const struct model *m, int stage, struct moment *at)
{
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  if (lo == hi) return;
  if (m->stage[stage].family == ACTIVITY)
    force_y(m, stage, at, lo, hi);
  else if (m->stage[stage].layer == m->net->L)
    force_top(m, stage, at, lo, hi);
  else
    force_z(m, stage, at, lo, hi);
  if (kp_is_noisy(m)) add_noise(m, stage, at);
}

/* df for a change d of the stage's drive; the top's drive is s_L and its change is whole. */
static void kp_tangent(const struct model *m, int stage, const struct moment *at, const double *d,
                       double *out)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;
  const enum phi phi = phi_of(m, l);
  const double *s = at->drive[kp_stage_y(m->net, l)];
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  if (stage == kp_stage_z(m->net, m->net->L) && m->probabilities) {
    /* d softmax_i = p_i (d_i - sum_j p_j d_j) */
    const long n = m->net->n[m->net->L];
    double top = -INFINITY, sum = 0, mean = 0;
    for (long j = 0; j < n; j++) top = fmax(top, s[j]);
    for (long j = 0; j < n; j++) sum += exp(s[j] - top);
    for (long j = 0; j < n; j++) mean += exp(s[j] - top) / sum * d[j];
    for (long i = lo; i < hi; i++)
      out[i] = -at->scale[stage] * exp(s[i] - top) / sum * (d[i] - mean);
    return;
  }
  for (long i = lo; i < hi; i++) {
    const double slope = phi_slope(phi, m->net->cap, s[i]);
    if (m->stage[stage].family == ACTIVITY)
      out[i] = at->scale[stage] * slope * d[i];
    else if (l == m->net->L)
      out[i] = -at->scale[stage] * d[i];
    else
      out[i] = at->scale[stage] * (kp->gate ? slope : 1) * d[i];
  }
}

/* The exact Ornstein-Uhlenbeck step over one grid interval. */
static void kp_noise(struct model *m, long c, double u)
{
  struct kp *kp = m->own;

  kp->noise_begin = u;
  for (int k = 0; k < m->stages; k++) {
    const double keep = kp->noise_keep[m->stage[k].family], fresh = sqrt(1 - keep * keep);
    double *from = kp->noise_from[k], *to = kp->noise_to[k];
    long lo, hi;
    kp_rows(m, k, &lo, &hi);
    for (long i = lo; i < hi; i++) {
      from[i] =
          c > 0 ? to[i] : kp->noise * rng_normal(kp->seed, RNG_NOISE, (uint64_t)k, (uint64_t)i, 0);
      to[i] = keep * from[i] +
              fresh * kp->noise *
                  rng_normal(kp->seed, RNG_NOISE, (uint64_t)k, (uint64_t)i, (uint64_t)c + 1);
    }
  }
}

/* The noise at the end of a presentation is where the next one continues. */
static double *kp_extra(const struct model *m, int k, int *stage, const char **name)
{
  const struct kp *kp = m->own;
  long lo, hi;

  if (kp->noise == 0 || k >= m->stages) return NULL;
  *stage = k;
  *name = m->stage[k].family == ACTIVITY ? "noise_y" : "noise_z";
  kp_rows(m, k, &lo, &hi);
  return kp->noise_to[k] + lo;
}

const struct model_kind model_kp = {
    .name = "kp",
    .about = "continuous-time Kolen-Pollack and its relatives",
    .check = kp_check,
    .create = kp_create,
    .destroy = kp_destroy,
    .force = kp_force,
    .open = kp_open,
    .step = kp_step,
    .tangent = kp_tangent,
    .noise = kp_noise,
    .extra = kp_extra,
    .bytes = kp_bytes,
};
