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
#include "model.h"
#include "relax.h"
#include "rng.h"
#include "switching.h"
#include <stdlib.h>
#include <string.h>

/* A step that follows the parabola is an order better than the curvature it is judged by: this
 * share of it is still on the safe side (docs/performance.md). */
static const double FOLLOWED = 0.3;

/* The rows of a layer that switch within the step at hand. */
struct crossings {
  long count;
  long *row;             /* [own rows] */
  double tau;            /* how they switch is known for this time constant [s]; 0: for none */
  struct switching *how; /* [own rows] */
};

struct kp {
  double reach[FAMILIES]; /* 1 - exp(-T/tau): how near v can come to f in a presentation */
  bool gate;              /* phi' in eq. 5 */
  double rms;             /* a of a phi/rms(phi); 0: off */
  double noise;           /* standard deviation of the Ornstein-Uhlenbeck drive; 0: off */
  unsigned long seed;
  double noise_keep[FAMILIES];     /* exp(-interval/tau) of each family */
  double **noise_from, **noise_to; /* [stages][n] at the ends of the present interval */
  double noise_begin;              /* when that interval began, time inside the presentation [s] */
  struct crossings *crossings;     /* [L + 1] by layer; hidden ones */
  unsigned char *crossed;          /* scratch: rows that switch within a step */
};

/* Stages: y_1 .. y_L, then z_L .. z_1. */
static int stage_y(const struct network *net, int l)
{
  (void)net;
  return l - 1;
}

static int stage_z(const struct network *net, int l)
{
  return 2 * net->L - l;
}

static void make_stages(struct model *m, const struct job *job)
{
  const int L = m->net->L;
  const bool rms = job_real(job, "kp.rms_norm") > 0;

  m->stages = 2 * L;
  m->stage = fail_alloc((size_t)m->stages, sizeof *m->stage);
  for (int l = 1; l <= L; l++) {
    m->stage[stage_y(m->net, l)] = (struct stage){.name = "y",
                                                  .family = ACTIVITY,
                                                  .layer = l,
                                                  .tau = job_real(job, "kp.tau_inf"),
                                                  .synapse = l - 1,
                                                  .whole = rms || l == L};
    m->stage[stage_z(m->net, l)] = (struct stage){.name = "z",
                                                  .family = ERROR,
                                                  .layer = l,
                                                  .tau = job_real(job, "kp.tau_err"),
                                                  .synapse = l < L ? L + l - 1 : NONE,
                                                  .whole = rms && l < L};
  }
  m->output = stage_y(m->net, L);
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
                                         .pre = l == 1 ? INPUT : stage_y(m->net, l - 1),
                                         .post = stage_z(m->net, l),
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
        .pre = stage_z(m->net, from),
        .post = stage_y(m->net, l),
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

static long widest(const struct network *net)
{
  long most = 0;

  for (int l = 1; l <= net->L; l++) most = net->n[l] > most ? net->n[l] : most;
  return most;
}

static void make_crossings(struct model *m)
{
  struct kp *kp = m->own;
  long lo, hi;

  kp->crossed = fail_alloc((size_t)widest(m->net), sizeof *kp->crossed);
  kp->crossings = fail_alloc((size_t)m->net->L + 1, sizeof *kp->crossings);
  for (int l = 1; l < m->net->L; l++) {
    struct crossings *c = &kp->crossings[l];
    partition_rows(m->part, l, m->part->rank, &lo, &hi);
    c->row = fail_alloc((size_t)(hi - lo), sizeof *c->row);
    c->how = fail_alloc((size_t)(hi - lo), sizeof *c->how);
  }
}

static void kp_create(struct model *m, const struct job *job)
{
  struct kp *kp = fail_alloc(1, sizeof *kp);

  m->own = kp;
  kp->gate = job_flag(job, "kp.gate");
  kp->rms = job_real(job, "kp.rms_norm");
  kp->noise = job_real(job, "kp.noise");
  kp->seed = (unsigned long)job_integer(job, "seed");
  m->probabilities = job_choice(job, "kp.output_error") == 0;
  kp->reach[ACTIVITY] = -expm1(-job_real(job, "present.duration") / job_real(job, "kp.tau_inf"));
  kp->reach[ERROR] = -expm1(-job_real(job, "present.duration") / job_real(job, "kp.tau_err"));
  make_crossings(m);
  make_stages(m, job);
  make_synapses(m, job);
  if (kp->noise > 0) make_noise(m, job);
}

static double kp_bytes(const struct model *m, int rank)
{
  const struct kp *kp = m->own;
  double bytes = (double)widest(m->net);

  for (int k = 0; k < m->stages; k++) {
    const int l = m->stage[k].layer;
    long lo, hi;
    if (kp->noise > 0) bytes += 2 * (double)m->net->n[l] * sizeof(double);
    partition_rows(m->part, l, rank, &lo, &hi);
    if (m->stage[k].family == ACTIVITY && l < m->net->L)
      bytes += (double)(hi - lo) * (sizeof(long) + sizeof(struct switching));
  }
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
  for (int l = 1; l < m->net->L; l++) {
    free(kp->crossings[l].row);
    free(kp->crossings[l].how);
  }
  free(kp->crossings);
  free(kp->crossed);
  free(kp);
}

static void kp_rows(const struct model *m, int stage, long *lo, long *hi)
{
  partition_rows(m->part, m->stage[stage].layer, m->part->rank, lo, hi);
}

static enum phi phi_of(const struct model *m, int layer)
{
  return layer < m->net->L ? m->net->hidden : PHI_LINEAR;
}

static bool is_noisy(const struct model *m)
{
  return m->noise_intervals > 0 && !m->quiet;
}

/* The value of the noise at time u, linear within its interval. */
static double noise_at(const struct model *m, int stage, long i, double u)
{
  const struct kp *kp = m->own;
  const double w = (u - kp->noise_begin) / m->noise_interval;

  return (1 - w) * kp->noise_from[stage][i] + w * kp->noise_to[stage][i];
}

static void add_noise(const struct model *m, int stage, struct moment *at)
{
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  for (long i = lo; i < hi; i++) at->force[stage][i] += noise_at(m, stage, i, at->u);
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

/* eq. 4. The softmax subtracts the largest drive first, so no exponential overflows. */
static void force_top(const struct model *m, int stage, struct moment *at, long lo, long hi)
{
  const struct kp *kp = m->own;
  const long n = m->net->n[m->net->L];
  const double *s = at->drive[m->output];
  double top = -INFINITY, sum = 0, squares = 0;

  for (long i = 0; i < n; i++) top = fmax(top, s[i]);
  for (long i = 0; i < n && m->probabilities; i++) sum += exp(s[i] - top);
  for (long i = 0; i < n && kp->rms > 0; i++) {
    const double g = at->target[i] - (m->probabilities ? exp(s[i] - top) / sum : s[i]);
    squares += g * g;
  }
  at->scale[stage] = kp->rms > 0 ? rms_scale(kp, squares, n) : 1;
  for (long i = lo; i < hi; i++)
    at->force[stage][i] =
        at->scale[stage] * (at->target[i] - (m->probabilities ? exp(s[i] - top) / sum : s[i]));
}

/* eq. 5 */
static void force_z(const struct model *m, int stage, struct moment *at, long lo, long hi)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;
  const double cap = m->net->cap, *v = at->drive[stage];
  const double *s = at->drive[stage_y(m->net, l)];
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

static void kp_force(const struct model *m, int stage, struct moment *at)
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
  if (is_noisy(m)) add_noise(m, stage, at);
}

/* How a stage's forcing is integrated over a step. */
enum shape {
  SMOOTH,   /* f itself is linear over the step */
  KINKED,   /* y of a relu: s is linear, phi bends where it crosses */
  SWITCHED, /* z behind a relu's gate: V z is linear, the gate switches where s crosses */
};

static enum shape shape_of(const struct model *m, int stage)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;

  if (l == m->net->L || m->net->hidden == PHI_TANH || m->net->hidden == PHI_LINEAR) return SMOOTH;
  if (m->stage[stage].family == ACTIVITY) return kp->rms > 0 ? SMOOTH : KINKED;
  /* An RMS that leaves zero has no linear part to integrate between switches. */
  return kp->gate && kp->rms == 0 ? SWITCHED : SMOOTH;
}

/* The rows of a layer that switch within a step: y finds them, z meets the same ones. */
static void find_crossings(const struct model *m, int l, const double *s0, const double *s1,
                           long lo, long hi)
{
  const struct kp *kp = m->own;
  struct crossings *c = &kp->crossings[l];
  const unsigned char *end = kp->crossed + (hi - lo), *at = kp->crossed;

  c->count = 0;
  c->tau = 0;
  if (!relax_crossings(hi - lo, m->net->cap, s0 + lo, s1 + lo, kp->crossed)) return;
  while (at < end && (at = memchr(at, 1, (size_t)(end - at))))
    c->row[c->count++] = lo + (at++ - kp->crossed);
}

/* How they switch, unless y has found that out with the same time constant. */
static void follow_crossings(const struct model *m, struct crossings *c, const struct leak *k,
                             const double *s0, const double *s1)
{
  if (c->tau == k->tau) return;
  c->tau = k->tau;
  for (long n = 0; n < c->count; n++)
    c->how[n] = switching_over(k, m->net->cap, s0[c->row[n]], s1[c->row[n]]);
}

/* Redo the rows that cross: for all others f follows s and V z as they are. Returns the largest
 * |mean - v0| of these. */
static double step_crossing(const struct model *m, enum shape shape, int stage, const struct leak *k,
                          const struct moment *from, struct moment *to)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer, y = stage_y(m->net, l);
  struct crossings *c = &kp->crossings[l];
  const double *q0 = from->drive[stage], *q1 = to->drive[stage];
  double moves = 0;

  follow_crossings(m, c, k, from->drive[y], to->drive[y]);
  for (long n = 0; n < c->count; n++) {
    const long i = c->row[n];
    struct forcing f = shape == KINKED ? switching_phi(&c->how[n], m->net->cap, q0[i], q1[i])
                                       : switching_gate(&c->how[n], q0[i], q1[i]);
    if (is_noisy(m)) {
      const double n0 = noise_at(m, stage, i, from->u), n1 = noise_at(m, stage, i, to->u);
      f.felt += k->c0 * n0 + k->c1 * n1;
      f.mean += (n0 + n1) / 2;
    }
    const double v0 = from->value[stage][i], v1 = k->E * v0 + f.felt;
    to->value[stage][i] = v1;
    to->mean[stage][i] = f.mean - k->tau / k->h * (v1 - v0);
    moves = fmax(moves, fabs(to->mean[stage][i] - v0));
  }
  return moves;
}

/* What a step takes as a parabola: f, s or V z. */
static const double *curved_part(enum shape shape, const struct moment *at, int stage)
{
  return shape == SMOOTH ? at->force[stage] : at->drive[stage];
}

/* With a moment before, D is the second difference of three values and the step follows the
 * parabola; noise has kinks that a parabola would overshoot. Without, f is taken as straight and
 * the first difference stands for a curvature nobody knows. */
static struct relax relax_over(const struct leak *k, double back, bool follow)
{
  struct relax r = {
      .E = k->E, .c0 = k->c0, .c1 = k->c1, .here = -0.5, .there = 0.5, .slow = k->tau / k->h};

  if (back > 0) {
    const double ratio = back / k->h;
    r.past = 1 / (ratio * (1 + ratio));
    r.here = -1 / ratio;
    r.there = 1 / (1 + ratio);
  }
  if (follow) {
    r.bow = k->j;
    r.belly = 1.0 / 6;
  }
  return r;
}

static struct verdict kp_step(const struct model *m, int stage, const struct leak *k,
                              const struct moment *before, const struct moment *from,
                              struct moment *to)
{
  const struct kp *kp = m->own;
  const enum shape shape = shape_of(m, stage);
  const int y = stage_y(m->net, m->stage[stage].layer);
  const bool follow = before && !(shape == SMOOTH && is_noisy(m));
  struct relax r = relax_over(k, before ? from->u - before->u : 0, follow);
  struct extent x;
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  if (lo == hi) return (struct verdict){0};
  r.reach = kp->reach[m->stage[stage].family];
  const double *q = curved_part(shape, before ? before : from, stage) + lo;
  const double *q0 = curved_part(shape, from, stage) + lo, *q1 = curved_part(shape, to, stage) + lo;
  const double *v0 = from->value[stage] + lo, *f0 = from->force[stage] + lo;
  const double *f1 = to->force[stage] + lo;
  double *v1 = to->value[stage] + lo, *mean = to->mean[stage] + lo;
  if (shape == SMOOTH)
    x = relax_step(hi - lo, &r, v0, f0, f1, q, q0, q1, v1, mean);
  else
    x = relax_gated_step(hi - lo, &r, m->net->cap, from->drive[y] + lo, to->drive[y] + lo, v0, f0,
                         f1, q, q0, q1, v1, mean);
  if (shape == KINKED)
    find_crossings(m, m->stage[stage].layer, from->drive[stage], to->drive[stage], lo, hi);
  if (shape != SMOOTH) x.moves = fmax(x.moves, step_crossing(m, shape, stage, k, from, to));
  return (struct verdict){.error = isfinite(x.size) ? (follow ? FOLLOWED : 1) * k->j * x.curvature
                                                    : INFINITY,
                          .blur = x.curvature / 6,
                          .size = x.size,
                          .moves = x.moves};
}

/* df for a change d of the stage's drive; the top's drive is s_L and its change is whole. */
static void kp_tangent(const struct model *m, int stage, const struct moment *at, const double *d,
                       double *out)
{
  const struct kp *kp = m->own;
  const int l = m->stage[stage].layer;
  const enum phi phi = phi_of(m, l);
  const double *s = at->drive[stage_y(m->net, l)];
  long lo, hi;

  kp_rows(m, stage, &lo, &hi);
  if (stage == stage_z(m->net, m->net->L) && m->probabilities) {
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
    .step = kp_step,
    .tangent = kp_tangent,
    .noise = kp_noise,
    .extra = kp_extra,
    .bytes = kp_bytes,
};
