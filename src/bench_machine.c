/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_parts.h"
#include <math.h>
#include <stdlib.h>

enum {
  GAP = 40,          /* doubles between the arrays of a triad, lest they share places in a cache */
  MOVED = 64 * 1024, /* bytes a run should move at least: calls then cost nothing */
  ROUNDS = 1000,
  LANES = 192
};

double *stream_memory(long bytes)
{
  const long n = bytes / (long)sizeof(double) + 3 * GAP;
  double *memory = fail_alloc((size_t)n, sizeof *memory);

  for (long i = 0; i < n; i++) memory[i] = 1;
  return memory;
}

static void run_read(void *own)
{
  const struct stream *s = own;

  loop_read((const uint64_t *)s->memory, s->bytes / (long)sizeof(uint64_t), s->passes);
}

static void run_update(void *own)
{
  const struct stream *s = own;

  loop_update(s->memory, s->bytes / (long)sizeof(double), 1, s->passes);
}

static void run_triad(void *own)
{
  const struct stream *s = own;
  const long n = s->bytes / (long)sizeof(double) / 3;
  double *a = s->memory, *b = a + n + GAP, *c = b + n + GAP;

  loop_triad(a, b, c, n, 0, s->passes);
}

struct task stream_task(struct stream *s, enum stream_kind kind, long bytes, double *memory)
{
  static void (*const run[])(void *) = {run_read, run_update, run_triad};

  *s = (struct stream){kind, bytes, memory, 1 + MOVED / bytes};
  return (struct task){.run = run[kind], .own = s};
}

double stream_rate(const struct stream *s, const struct task *task)
{
  const double moved = (double)s->bytes * (double)s->passes;

  return (s->kind == STREAM_UPDATE ? 2 : 1) * moved / task->seconds;
}

static void bench_streams(const struct pace *pace, const struct machine *m, struct machine_rates *r)
{
  double *memory = stream_memory((long)m->level[MACHINE_LEVELS - 1]);

  for (int k = 0; k < MACHINE_LEVELS; k++) {
    struct stream s[2];
    struct task task[2] = {stream_task(&s[0], STREAM_TRIAD, (long)m->level[k], memory),
                           stream_task(&s[1], STREAM_READ, (long)m->level[k], memory)};
    bench_time(pace, 2, task);
    r->triad[k] = stream_rate(&s[0], &task[0]);
    r->read[k] = stream_rate(&s[1], &task[1]);
  }
  free(memory);
}

static void run_fma24_f64(void *x)
{
  loop_fma24_f64(x, ROUNDS);
}

static void run_fma48_f64(void *x)
{
  loop_fma48_f64(x, ROUNDS);
}

static void run_fma96_f64(void *x)
{
  loop_fma96_f64(x, ROUNDS);
}

static void run_fma48_f32(void *x)
{
  loop_fma48_f32(x, ROUNDS);
}

static void run_fma96_f32(void *x)
{
  loop_fma96_f32(x, ROUNDS);
}

static void run_fma192_f32(void *x)
{
  loop_fma192_f32(x, ROUNDS);
}

static void bench_fma(const struct pace *pace, struct machine_rates *r)
{
  enum { SIZES = 3 };
  static void (*const run[PRECISIONS][SIZES])(void *) = {
      {run_fma24_f64, run_fma48_f64, run_fma96_f64},
      {run_fma48_f32, run_fma96_f32, run_fma192_f32}};
  static const int lanes[PRECISIONS][SIZES] = {{24, 48, 96}, {48, 96, 192}};
  double x[LANES] = {0};

  for (int p = 0; p < PRECISIONS; p++) {
    struct task task[SIZES];
    for (int k = 0; k < SIZES; k++) task[k] = (struct task){.run = run[p][k], .own = x};
    bench_time(pace, SIZES, task);
    r->fma[p] = 0;
    for (int k = 0; k < SIZES; k++)
      r->fma[p] = fmax(r->fma[p], 2.0 * ROUNDS * lanes[p][k] / task[k].seconds);
  }
}

void bench_machine(const struct pace *pace, const struct machine *m, struct machine_rates *r)
{
  bench_streams(pace, m, r);
  bench_fma(pace, r);
}
