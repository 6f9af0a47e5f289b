/* SPDX-License-Identifier: BSD-3-Clause */
/* machine.h - measured constants of a machine
 *
 * `tauflow bench --out FILE` measures and writes them, `tauflow check --ranks` predicts from them.
 * The file is flat YAML, one constant or list of constants a line. Rates are those of one rank,
 * twice over: with the other ranks idle, and with all ranks of the measurement at work, as they
 * are in a run. They differ where ranks share a memory. All Local. */
#ifndef TAUFLOW_MACHINE_H
#define TAUFLOW_MACHINE_H

#include "fail.h"

enum {
  MACHINE_LEVELS = 4, /* working sets */
  MACHINE_WIDTHS = 7,
  MACHINE_NODES = 16 /* vectors that fold and combine were measured with */
};
enum precision { IN_DOUBLE, IN_SINGLE, PRECISIONS };

/* On a square matrix [width][width]; rates are of whole calls, their fixed cost included. */
enum machine_kernel {
  KERNEL_ROWS,    /* kernel_rows: 2 width^2 flop a call */
  KERNEL_ROWS2,   /* kernel_rows2: 4 width^2 flop a call */
  KERNEL_COLUMNS, /* kernel_columns, no x being 0: 2 width^2 flop a call */
  KERNEL_FOLD,    /* kernel_fold: 2 MACHINE_NODES width^2 flop a call */
  KERNEL_COMBINE, /* kernel_combine of vectors [width]: 2 MACHINE_NODES width flop a call */
  KERNEL_RELAX,   /* relax_gated_step of vectors [width]: counted in elements, width a call;
                     its vectors are double whatever the weights are: IN_DOUBLE alone is there */
  KERNELS
};
extern const char *const machine_kernel_name[KERNELS];

/* How a step goes through the stages: names of solvers. */
enum machine_method { STAGE_BY_STAGE, ALL_AT_ONCE, METHODS };
extern const char *const machine_method_name[METHODS];

struct machine_rates {
  double triad[MACHINE_LEVELS]; /* [bytes/s] a = b + s c; two bytes read and one written of three */
  double read[MACHINE_LEVELS];  /* [bytes/s] a sum of all elements */
  double fma[PRECISIONS];       /* [flop/s] fused multiply-adds in registers */
  double kernel[KERNELS][PRECISIONS][MACHINE_WIDTHS]; /* [flop/s]; relax [elements/s] */
  double call[KERNELS][PRECISIONS];                   /* [s] a call on next to nothing */
  /* What a step takes beside products, nodes and folds: for each stage, and for each row of one. */
  double stage[METHODS][PRECISIONS], row[METHODS][PRECISIONS]; /* [s] */
};

struct machine {
  int ranks;                     /* in the measurement */
  double level[MACHINE_LEVELS];  /* [bytes] working set of a rank, increasing */
  double width[MACHINE_WIDTHS];  /* increasing */
  struct machine_rates alone;    /* the other ranks idle */
  struct machine_rates together; /* all ranks at work; of the slowest rank; = alone on one rank */
  /* Between the first rank and the last, persistent requests; not a number: unknown, for there was
   * one rank. */
  double latency;   /* [s] of a message of 1 KiB, one way */
  double bandwidth; /* [bytes/s] of what a message of 64 KiB takes longer */
  double reduce;    /* [s] MPI_Allreduce of 50 maxima over `ranks` ranks */
};

/* The working sets and widths that are measured; all else not a number. */
struct machine machine_blank(void);
/* As text; the caller frees. Values keep 9 digits. */
char *machine_text(const struct machine *m);
/* False with a fault if the file cannot be written. */
bool machine_write(const struct machine *m, const char *path, struct faults *faults);
/* All faults at once; false, and *m of no use, if there are any. latency, bandwidth and reduce may
 * be unknown: they are then not a number, and whoever needs them says so. */
bool machine_read(struct machine *m, const char *path, struct faults *faults);

/* Rate of a kernel at this width [flop/s or elements/s], between measured widths on a straight line
 * in the logarithms, beyond them that of the nearest. */
double machine_rate(const struct machine *m, const struct machine_rates *r,
                    enum machine_kernel kernel, enum precision precision, double width);
/* Rate at which this many bytes, again and again, are read [bytes/s]; in the same way. */
double machine_bandwidth(const struct machine *m, const struct machine_rates *r, double bytes);

#endif
