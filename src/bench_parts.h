/* SPDX-License-Identifier: BSD-3-Clause */
/* bench_parts.h - what the files bench*.c share; nobody else includes it
 *
 * bench_loops.c has loops that use one resource of the machine to the full, bench_time.c times
 * them, bench_machine.c, bench_kernels.c and bench_steps.c fill struct machine_rates,
 * bench_messages.c the rest of struct machine, bench_jobs.c compares solvers on a job,
 * bench_products.c finds the least time they could take, and bench.c is the command. */
#ifndef TAUFLOW_BENCH_PARTS_H
#define TAUFLOW_BENCH_PARTS_H

#include "cli.h"
#include "machine.h"
#include <stdint.h>

struct session;

/* --- bench_loops.c; all Local --- */

/* The sum of a [n], `passes` times over. */
uint64_t loop_read(const uint64_t *a, long n, long passes);
/* a = c a, and a = b + s c; n elements each, `passes` times. */
void loop_update(double *a, long n, double c, long passes);
void loop_triad(double *a, const double *b, const double *c, long n, double s, long passes);
/* `rounds` multiply-adds of each of x's 24, 48 or 96 (double), 48, 96 or 192 (single) elements. */
void loop_fma24_f64(double *x, long rounds);
void loop_fma48_f64(double *x, long rounds);
void loop_fma96_f64(double *x, long rounds);
void loop_fma48_f32(float *x, long rounds);
void loop_fma96_f32(float *x, long rounds);
void loop_fma192_f32(float *x, long rounds);

/* --- bench_time.c --- */

/* Who measures at once, and for how long. */
struct pace {
  MPI_Comm comm; /* borrowed */
  double block;  /* [s] of each of the blocks, of which the fastest counts; shorter than what a busy
                    system lets a process have at once */
  double task;   /* [s] for all blocks of a task; MIN_BLOCKS there are in any case */
};

enum { MIN_BLOCKS = 3 };

struct task {
  void (*run)(void *own);
  void *own;
  double seconds; /* of one run, on the slowest rank; filled by bench_time */
};

/* Time all tasks block by block in turn, so that whatever disturbs the machine disturbs those that
 * are compared alike. In each block all ranks are at work on the same task. Collective. */
void bench_time(const struct pace *pace, int tasks, struct task *task);

/* --- bench_machine.c --- */

enum stream_kind { STREAM_READ, STREAM_UPDATE, STREAM_TRIAD };

/* One way to move `bytes` bytes, again and again. */
struct stream {
  enum stream_kind kind;
  long bytes;     /* in use */
  double *memory; /* borrowed; stream_memory(bytes) */
  long passes;    /* in one run of its task */
};

/* Memory for streams of up to so many bytes. Caller frees. Local. */
double *stream_memory(long bytes);
/* The task of a stream; fills *s. Local. */
struct task stream_task(struct stream *s, enum stream_kind kind, long bytes, double *memory);
/* What the timed task moved [bytes/s]; an update moves each byte twice. Local. */
double stream_rate(const struct stream *s, const struct task *task);
/* Fill r->triad, r->read and r->fma. Collective. */
void bench_machine(const struct pace *pace, const struct machine *m, struct machine_rates *r);

/* --- bench_kernels.c --- */

/* What the kernels' rates are compared with. */
struct compared {
  double bound[KERNELS][PRECISIONS][MACHINE_WIDTHS]; /* [flop/s]; relax [elements/s] */
  bool by_fma[KERNELS][PRECISIONS][MACHINE_WIDTHS];  /* the bound is r->fma, else a stream's */
  double gemv[PRECISIONS][MACHINE_WIDTHS];           /* [flop/s] OpenBLAS, the same product */
};

/* The stream that bounds a kernel: "read", "update" or "triad". Local. */
const char *bench_kernel_stream(int kernel);
/* Fill r->kernel and r->call of one precision, and *c. r->fma is there. Collective. */
void bench_kernels(const struct pace *pace, const struct machine *m, enum precision precision,
                   struct machine_rates *r, struct compared *c);

/* --- bench_steps.c --- */

/* Fill r->stage and r->row; r->kernel, r->call and r->read are there. Collective over pace->comm,
 * each rank showing networks of its own. */
void bench_steps(const struct pace *pace, const struct machine *m, struct machine_rates *r);

/* --- bench_messages.c --- */

/* Fill latency, bandwidth and reduce; on one rank they stay unknown. Collective. */
void bench_messages(MPI_Comm comm, const struct pace *pace, struct machine *m);
/* Wait for all ranks without keeping a processor busy. Collective. */
void bench_rest(MPI_Comm comm);

/* --- bench_products.c --- */

/* The products with W and V that a presentation cannot do without, and how fast they are when
 * nothing else is done: kernel_rows on the job's own matrices. */
struct products {
  double once_flop, once; /* W_1 times two images, once a presentation: [flop], [s] */
  double step_flop, step; /* all other matrices once, in the cascade's order: [flop], [s] */
  double rate;            /* the largest of these again and again [flop/s] */
};

/* Of this rank's rows; times are those of the slowest rank. Collective. */
struct products bench_products(const struct pace *pace, const struct session *s);

/* --- bench_batches.c --- */

/* Times the parts of a batch of a job whose solver takes batches, and prints them. Collective. */
void bench_batches(MPI_Comm comm, const struct cli *cli, const struct job *job, const char *path);

/* --- bench_jobs.c --- */

/* All solvers that integrate, on one job. Returns an exit status. Collective. */
int bench_job(MPI_Comm comm, const struct cli *cli, const char *path, struct faults *faults);

#endif
