/* SPDX-License-Identifier: BSD-3-Clause */
/* cli.h - the command line, and the job it asks for */
#ifndef TAUFLOW_CLI_H
#define TAUFLOW_CLI_H

#include "plan.h"

enum command { RUN, RESUME, SWEEP, CHECK_JOB, INFO, EVALUATE, BENCH, KEYS, HELP, VERSION };

struct cli {
  enum command command;
  const char *subject; /* job file, run folder or HDF5 file; NULL where none is due */
  const char *other;   /* of info --diff: what to compare it with */
  int subjects;
  const char **subject_list; /* [subjects] of bench, owned array of borrowed words */
  const char *out;           /* --out, or NULL */
  const char *start;         /* --start, or NULL */
  double max_wall;           /* --max-wall [s], or infinity */
  double slurm_end;          /* of the allocation, as wishes.h tells; set by the program */
  int ranks_per_member;      /* of sweep */
  long member;               /* of sweep: the one to run, or -1 */
  bool gather;               /* of sweep: subject is a folder, from --gather */
  bool overwrite, confusion, markdown, quick, diff;
  struct plan_options plan; /* of check */
  int sets;
  const char **set; /* [sets] "key=value", owned array of borrowed words */
};

/* Read the command line; faults for anything not understood. Local. */
struct cli cli_read(int argc, char **argv, struct faults *faults);
void cli_free(struct cli *cli);
void cli_print_help(void);
void cli_print_version(void);

/* The job a command needs: from its file for run, sweep, check and bench, from used.yml for resume
 * and sweep --gather, from the state file for evaluate. Free of faults across keys, or NULL with
 * faults, alike on all ranks. Collective. */
struct job *cli_job(const struct cli *cli, MPI_Comm comm, struct faults *faults);
/* The run's folder: --out, the folder resumed, or output/<name>. Caller frees. Local. */
char *cli_out(const struct cli *cli, const struct job *job);

#endif
