/* SPDX-License-Identifier: BSD-3-Clause */
/* code.h - which code this is: revision, compiler, flags, libraries, place and time
 *
 * Printed by --version and written into every file's /code group. */
#ifndef TAUFLOW_CODE_H
#define TAUFLOW_CODE_H

#define TAUFLOW_VERSION "0.1.0"

struct code_fact {
  const char *name; /* "revision", "compiler", "flags", "mpi", "hdf5", "sundials", "host", "date" */
  const char *value; /* borrowed, static */
};

/* All facts; count receives their number. host and date are those of the call. Local. */
const struct code_fact *code_facts(int *count);

#endif
