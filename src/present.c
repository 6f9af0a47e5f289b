/* SPDX-License-Identifier: BSD-3-Clause */
#include "present.h"
#include "rng.h"
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

const struct key present_keys[] = {
    {"present.duration", KEY_TIME, KEY_FIXED, "50 ms", 0, INFINITY, true, NULL, "s",
     "time T for which each sample is shown"},
    {"present.ramp", KEY_TIME, KEY_FIXED, "2 ms", 0, INFINITY, false, NULL, "s",
     "time in which input and target move smoothly from the last sample to the next; 0: they jump"},
    {"present.label_delay", KEY_TIME, KEY_FIXED, "0", -INFINITY, INFINITY, false, NULL, "s",
     "how much later than its sample the label (or any target) comes; negative: earlier"},
    {"present.label_dither", KEY_REAL, KEY_FIXED, "0", 0, 1, false, NULL, "1",
     "share of presentations, evenly spread, that get the target of the one before: exactly p of "
     "any q in a row, p/q being the nearest fraction with q <= 1000"},
    {"present.samples", KEY_INTEGER, KEY_LATER, "required; model=pc: 1", 1, 1e15, false, NULL,
     "presentations", "length of the run: samples shown, counting repetitions"},
    {0},
};

/* Two times closer than this fraction of T are one: steps that short have no meaning. */
static const double close = 1e-12;

/* A delay of more presentations than this leaves no digits for the time inside one. */
static const double delay_most = 1e9;

void present_check(const struct job *job, struct faults *faults)
{
  double duration = job_real(job, "present.duration"), ramp = job_real(job, "present.ramp");
  double delay = job_real(job, "present.label_delay");

  if (ramp > duration)
    faults_add(faults, "present.ramp = %g s: must be <= present.duration = %g s (%s)", ramp,
               duration, job_place(job, "present.ramp"));
  if (fabs(delay) > delay_most * duration)
    faults_add(faults, "present.label_delay = %g s: must be within %g present.duration = %g s (%s)",
               delay, delay_most, delay_most * duration, job_place(job, "present.label_delay"));
}

/* Permutations of the samples, one an epoch. A late label can belong to the last epoch and an
 * early one to the next, so three are kept. */
struct order {
  long epoch[3];       /* -1: none */
  uint32_t *sample[3]; /* [count], NULL until needed */
  int next;            /* the slot to reuse */
};

/* Fisher-Yates. */
static void shuffle(const struct presenter *pr, long epoch, uint32_t *sample)
{
  long n = pr->data->count[pr->split];
  uint64_t e = (uint64_t)epoch;

  for (long k = 0; k < n; k++) sample[k] = (uint32_t)k;
  for (long k = n - 1; k > 0; k--) {
    uint64_t other =
        rng_below(pr->seed, RNG_ORDER, e & 0xffff, (uint64_t)k, e >> 16, (uint64_t)k + 1);
    uint32_t kept = sample[k];

    sample[k] = sample[other];
    sample[other] = kept;
  }
}

long presenter_sample(const struct presenter *pr, long p)
{
  struct order *o = pr->order;
  long n = pr->data->count[pr->split], epoch = p / n;

  if (!pr->shuffled) return p % n;
  for (int k = 0; k < 3; k++)
    if (o->epoch[k] == epoch) return o->sample[k][p % n];
  int slot = o->next;

  if (!o->sample[slot]) o->sample[slot] = fail_alloc((size_t)n, sizeof *o->sample[slot]);
  shuffle(pr, epoch, o->sample[slot]);
  o->epoch[slot] = epoch;
  o->next = (slot + 1) % 3;
  return o->sample[slot][p % n];
}

/* Cut the delay into whole presentations and a rest; a rest within rounding of 0 or T is none. */
static void cut_delay(struct presenter *pr)
{
  double T = pr->duration, nearest = round(pr->delay / T);
  double rest = pr->delay - nearest * T;

  if (fabs(rest) <= close * T + 4 * DBL_EPSILON * fabs(pr->delay))
    rest = 0;
  else if (rest < 0) {
    nearest -= 1;
    rest += T;
  }
  pr->late_whole = (long)nearest;
  pr->late = rest;
}

static void add_kink(struct presenter *pr, double u)
{
  int k = pr->kinks;

  if (u <= close * pr->duration || u >= (1 - close) * pr->duration) return;
  for (int j = 0; j < k; j++)
    if (fabs(pr->kink[j] - u) <= close * pr->duration) return;
  for (; k > 0 && pr->kink[k - 1] > u; k--) pr->kink[k] = pr->kink[k - 1];
  pr->kink[k] = u;
  pr->kinks++;
}

/* Kinks are the same in all presentations: the end of the input's ramp; where the target sets in;
 * and the end of its ramp, of this presentation or of the one before. */
static void find_kinks(struct presenter *pr)
{
  add_kink(pr, pr->ramp);
  add_kink(pr, pr->late);
  add_kink(pr, pr->late + pr->ramp);
  add_kink(pr, pr->late + pr->ramp - pr->duration);
  pr->kink[pr->kinks++] = pr->duration;
}

/* p/q nearest to the share, q as small as can be. */
static void find_fraction(struct presenter *pr, double share)
{
  double least = INFINITY;

  for (long q = 1; q <= 1000; q++) {
    const double p = round(share * (double)q), off = fabs(share - p / (double)q);

    if (off >= least) continue;
    least = off;
    pr->dither_p = (long)p;
    pr->dither_q = q;
  }
}

struct presenter *presenter_create(const struct job *job, const struct dataset *data,
                                   enum split split)
{
  struct presenter *pr = fail_alloc(1, sizeof *pr);
  size_t width = (size_t)padded(data->inputs), outputs = (size_t)data->outputs;

  EXPECT(data->count[split] <= UINT32_MAX);
  pr->data = data;
  pr->split = split;
  pr->shuffled = split == TRAIN && job_choice(job, "data.order") == 0;
  pr->seed = (unsigned long)job_integer(job, "seed");
  pr->duration = job_real(job, "present.duration");
  pr->ramp = job_real(job, "present.ramp");
  pr->delay = split == TRAIN ? job_real(job, "present.label_delay") : 0;
  pr->outputs = (int)outputs;
  if (pr->ramp <= close * pr->duration) pr->ramp = 0;
  cut_delay(pr);
  find_kinks(pr);
  find_fraction(pr, split == TRAIN ? job_real(job, "present.label_dither") : 0);
  pr->p = -2; /* so that presentation 0 follows on nothing that is there */
  pr->x_from = fail_alloc(width, sizeof *pr->x_from);
  pr->x_to = fail_alloc(width, sizeof *pr->x_to);
  for (int k = 0; k < 3; k++) pr->y[k] = fail_alloc(outputs, sizeof *pr->y[k]);
  pr->truth = fail_alloc(outputs, sizeof *pr->truth);
  pr->order = fail_alloc(1, sizeof *pr->order);
  for (int k = 0; k < 3; k++) pr->order->epoch[k] = -1;
  return pr;
}

void presenter_destroy(struct presenter *pr)
{
  if (!pr) return;
  for (int k = 0; k < 3; k++) free(pr->order->sample[k]);
  free(pr->order);
  free(pr->x_from);
  free(pr->x_to);
  for (int k = 0; k < 3; k++) free(pr->y[k]);
  free(pr->truth);
  free(pr);
}

double presenter_bytes(const struct network *net)
{
  return (2 * (double)padded(net->n[0]) + 4 * (double)net->n[net->L]) * sizeof(double);
}

/* x_p, or zeros before the first. */
static void read_input(const struct presenter *pr, long p, double *x)
{
  if (p >= 0)
    dataset_sample(pr->data, pr->split, presenter_sample(pr, p), x);
  else
    for (long j = 0; j < pr->data->inputs; j++) x[j] = 0;
}

/* floor((n+1) p/q) > floor(n p/q) for p of any q numbers n in a row. Taking n modulo q
 * lowers both sides by the same whole number. */
static bool is_dithered(const struct presenter *pr, long n)
{
  const long r = n % pr->dither_q;

  return (r + 1) * pr->dither_p / pr->dither_q > r * pr->dither_p / pr->dither_q;
}

/* The target that belongs to presentation n; zeros before the first. */
static void read_target(const struct presenter *pr, long n, double *y)
{
  if (n >= 0 && is_dithered(pr, n)) n--;
  if (n >= 0)
    dataset_target(pr->data, pr->split, presenter_sample(pr, n), y);
  else
    for (int i = 0; i < pr->outputs; i++) y[i] = 0;
}

void presenter_begin(struct presenter *pr, long p)
{
  EXPECT(p >= 0);
  const bool follows = pr->p == p - 1;
  double *x = pr->x_to, *y = pr->y[0];

  pr->x_to = pr->x_from;
  pr->x_from = x;
  if (!follows) read_input(pr, p - 1, pr->x_from);
  read_input(pr, p, pr->x_to);
  pr->y[0] = pr->y[1];
  pr->y[1] = pr->y[2];
  pr->y[2] = y;
  for (int k = follows ? 2 : 0; k < 3; k++) read_target(pr, p - pr->late_whole - 2 + k, pr->y[k]);
  pr->p = p;
}

/* b = v^2 (3 - 2v), v = u/ramp, then 1 */
static double smooth(double u, double ramp)
{
  if (u >= ramp) return 1;
  double v = u / ramp;

  return v * v * (3 - 2 * v);
}

double presenter_blend(const struct presenter *pr, double u)
{
  return smooth(u, pr->ramp);
}

/* y* = (1-b) y(x_{p'-1}) + b y(x_{p'}), with the clock of t' = t - delay */
void presenter_target(const struct presenter *pr, double u, double segment_start, double *target)
{
  EXPECT(u >= segment_start && u <= pr->duration * (1 + close));
  bool begun = segment_start >= pr->late - 2 * close * pr->duration; /* kinks may be merged */
  double since = fmax(begun ? u - pr->late : u - pr->late + pr->duration, 0);
  double b = smooth(since, pr->ramp);
  const double *from = pr->y[begun ? 1 : 0], *to = pr->y[begun ? 2 : 1];

  for (int i = 0; i < pr->outputs; i++) target[i] = (1 - b) * from[i] + b * to[i];
}

const double *presenter_truth(const struct presenter *pr)
{
  if (pr->late_whole == 0 && !is_dithered(pr, pr->p)) return pr->y[2];
  dataset_target(pr->data, pr->split, presenter_sample(pr, pr->p), pr->truth);
  return pr->truth;
}

int presenter_label(const struct presenter *pr)
{
  if (pr->data->classes == 0) return -1;
  return dataset_label(pr->data, pr->split, presenter_sample(pr, pr->p));
}
