/* SPDX-License-Identifier: BSD-3-Clause */
/* bench.h - `tauflow bench`: how fast, against what the machine can do
 *
 * Without jobs it measures kernels and messages, prints them beside a measured bound, and leaves
 * the constants of include/machine.h in a file for whoever predicts from them. With jobs it runs
 * every solver on each of them from one state, and prints speed, steps and error. */
#ifndef TAUFLOW_BENCH_H
#define TAUFLOW_BENCH_H

#include "cli.h"

/* Returns an exit status. Collective. */
int bench(MPI_Comm comm, const struct cli *cli, struct faults *faults);

#endif
