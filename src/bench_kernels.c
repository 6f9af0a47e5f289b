/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_parts.h"
#include "dense.h"
#include "relax.h"
#include "state.h"
#include "vectors.h"
#include <stdlib.h>

enum { NODES = MACHINE_NODES, RELAX_VECTORS = 8 };

/* Everything the kernels need at one size. */
struct desk {
  struct matrix M;
  struct matrix columns; /* the same memory, taken by columns */
  void *x;               /* [2][ld] */
  double *out;           /* [2][rows] */
  void *p, *q;           /* [NODES][ld] */
  double *v;             /* [RELAX_VECTORS][ld] */
  double *streams;       /* for whatever is as large as any of these */
};

static void run_rows(void *own)
{
  const struct desk *d = own;

  matrix_multiply(&d->M, d->x, d->out);
}

static void run_rows2(void *own)
{
  const struct desk *d = own;

  matrix_multiply2(&d->M, d->x, d->out, d->out + d->M.rows);
}

static void run_columns(void *own)
{
  const struct desk *d = own;

  matrix_multiply(&d->columns, d->x, d->out);
}

static void run_fold(void *own)
{
  struct desk *d = own;

  matrix_fold(&d->M, NULL, 1e-3, NODES, d->p, d->M.ld, d->q, d->M.ld);
}

static void run_combine(void *own)
{
  static const double c[NODES] = {1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1};
  const struct desk *d = own;

  vectors_combine(d->M.single, 0.5, NODES, c, d->q, d->M.ld, d->M.cols, d->out);
}

static void run_relax(void *own)
{
  static const struct relax how = {0.9, 0.05, 0.05, 1, -2, 1, 0.1, 0.1, 10, 1, 1e-12};
  const struct desk *d = own;
  const long n = d->M.ld;
  double *v = d->v;

  relax_gated_step(d->M.cols, &how, 0.5, v, v + n, v + 2 * n, v + 3 * n, v + 4 * n, v + 5 * n,
                   v + 6 * n, v + 7 * n);
}

static void run_gemv(void *own)
{
  const struct desk *d = own;

  if (d->M.single)
    dense_gemv_f32(d->M.rows, d->M.ld, d->M.a, d->x, (float *)d->out);
  else
    dense_gemv_f64(d->M.rows, d->M.ld, d->M.a, d->x, d->out);
}

/* A call moves as many bytes of a stream as it must, and the stream's rate is the most it can. */
static const struct kernel_facts {
  void (*run)(void *desk);
  enum stream_kind stream;
} facts[KERNELS] = {
    [KERNEL_ROWS] = {run_rows, STREAM_READ},       [KERNEL_ROWS2] = {run_rows2, STREAM_READ},
    [KERNEL_COLUMNS] = {run_columns, STREAM_READ}, [KERNEL_FOLD] = {run_fold, STREAM_UPDATE},
    [KERNEL_COMBINE] = {run_combine, STREAM_READ}, [KERNEL_RELAX] = {run_relax, STREAM_TRIAD},
};

const char *bench_kernel_stream(int kernel)
{
  static const char *const names[] = {"read", "update", "triad"};

  return names[facts[kernel].stream];
}

/* What a call computes: flop, or elements of relax. */
static double work_of(int kernel, const struct matrix *M)
{
  const double cols = (double)M->cols, square = (double)M->rows * cols;
  const double work[KERNELS] = {2 * square,         4 * square,       2 * square,
                                2 * NODES * square, 2 * NODES * cols, cols};

  return work[kernel];
}

/* The memory a call goes through. */
static long bytes_of(int kernel, const struct matrix *M)
{
  const long unit = (long)vectors_unit(M->single), all = M->rows * M->ld * unit;
  const long bytes[KERNELS] = {
      all, all, all, all, NODES * M->ld * unit, RELAX_VECTORS * M->ld * (long)sizeof(double)};

  return bytes[kernel];
}

/* Numbers between -1 and 1 of either sign; which ones is all the same. */
static void *scribble(bool single, long n)
{
  void *a = fail_alloc((size_t)n, vectors_unit(single));
  uint32_t bits = 1;

  for (long i = 0; i < n; i++) {
    bits = bits * 1664525 + 1013904223;
    const double x = (double)(bits >> 8) / (1 << 23) - 1;
    if (single)
      ((float *)a)[i] = (float)x;
    else
      ((double *)a)[i] = x;
  }
  return a;
}

static struct desk *desk_create(long rows, long cols, bool single)
{
  struct desk *d = fail_alloc(1, sizeof *d);
  const long ld = padded(cols);
  long most = 0;

  d->M = (struct matrix){.rows = rows, .cols = cols, .ld = ld, .single = single};
  const long by_rows = matrix_elements(false, rows, cols), all = matrix_elements(true, rows, cols);
  d->M.a = scribble(single, all > by_rows ? all : by_rows);
  d->columns = d->M;
  d->columns.by_columns = true;
  d->columns.ld = padded(rows);
  d->x = scribble(single, 2 * ld);
  d->out = fail_alloc((size_t)(2 * padded(rows) + ld), sizeof *d->out);
  d->p = scribble(single, NODES * (ld > rows ? ld : rows));
  d->q = scribble(single, NODES * ld);
  d->v = scribble(false, RELAX_VECTORS * ld);
  for (int k = 0; k < KERNELS; k++)
    if (bytes_of(k, &d->M) > most) most = bytes_of(k, &d->M);
  d->streams = stream_memory(most);
  return d;
}

static void desk_destroy(struct desk *d)
{
  free(d->M.a);
  free(d->x);
  free(d->out);
  free(d->p);
  free(d->q);
  free(d->v);
  free(d->streams);
  free(d);
}

/* relax_gated_step has no single precision. */
static int kernels_in(enum precision p)
{
  return p == IN_DOUBLE ? KERNELS : KERNEL_RELAX;
}

/* Kernels of one width, each beside the stream that bounds it, and OpenBLAS. */
static void bench_width(const struct pace *pace, int w, long width, enum precision p,
                        struct machine_rates *r, struct compared *c)
{
  struct desk *d = desk_create(width, width, p == IN_SINGLE);
  struct task task[2 * KERNELS + 1];
  struct stream stream[KERNELS];
  const int kernels = kernels_in(p);

  for (int k = 0; k < kernels; k++) {
    task[2 * k] = (struct task){.run = facts[k].run, .own = d};
    task[2 * k + 1] = stream_task(&stream[k], facts[k].stream, bytes_of(k, &d->M), d->streams);
  }
  task[2 * kernels] = (struct task){.run = run_gemv, .own = d};
  bench_time(pace, 2 * kernels + 1, task);
  for (int k = 0; k < kernels; k++) {
    const double work = work_of(k, &d->M), moves = facts[k].stream == STREAM_UPDATE ? 2 : 1;
    const double by_stream =
        stream_rate(&stream[k], &task[2 * k + 1]) * work / (moves * (double)bytes_of(k, &d->M));
    c->by_fma[k][p][w] = k != KERNEL_RELAX && r->fma[p] < by_stream;
    c->bound[k][p][w] = c->by_fma[k][p][w] ? r->fma[p] : by_stream;
    r->kernel[k][p][w] = work / task[2 * k].seconds;
  }
  c->gemv[p][w] = work_of(KERNEL_ROWS, &d->M) / task[2 * kernels].seconds;
  desk_destroy(d);
}

/* As little as a kernel is ever called for: four rows of one padded vector. */
static void bench_calls(const struct pace *pace, enum precision p, struct machine_rates *r)
{
  struct desk *d = desk_create(4, PAD, p == IN_SINGLE);
  struct task task[KERNELS];
  const int kernels = kernels_in(p);

  for (int k = 0; k < kernels; k++) task[k] = (struct task){.run = facts[k].run, .own = d};
  bench_time(pace, kernels, task);
  for (int k = 0; k < kernels; k++) r->call[k][p] = task[k].seconds;
  desk_destroy(d);
}

void bench_kernels(const struct pace *pace, const struct machine *m, enum precision precision,
                   struct machine_rates *r, struct compared *c)
{
  const int threads = dense_threads(1);

  bench_calls(pace, precision, r);
  for (int w = 0; w < MACHINE_WIDTHS; w++) bench_width(pace, w, (long)m->width[w], precision, r, c);
  dense_threads(threads);
}
