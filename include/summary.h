/* SPDX-License-Identifier: BSD-3-Clause */
/* summary.h - the flat "key: value" lines by which a run is judged: summary.yml (docs/files.md) */
#ifndef TAUFLOW_SUMMARY_H
#define TAUFLOW_SUMMARY_H

#include "session.h"

/* What only the run knows. */
struct summary {
  const char *status;     /* borrowed */
  const char *stopped_by; /* borrowed; NULL unless the status is "stopped" */
  struct evaluation test; /* the last; samples 0: none */
  double train_accuracy, train_loss;
  long done;              /* presentations completed */
  double simulated, wall; /* [s] */
  double rate;            /* presentations of this process per second in the solver [1/s] */
  double tried;           /* steps this process tried */
  double saves, saving;   /* state files it wrote, and the wall time they took [s] */
};

/* The text, with what the session's parts have counted, and the digest of the state; the caller
 * frees it. Collective. */
char *summary_text(const struct session *s, const struct summary *sum, unsigned long long *digest);
/* What the program says of itself and of the run (code.h), but `ranks`, and the job's keys, as such
 * lines: these as one value, `job`. Caller frees. Local. */
char *summary_provenance(const struct job *job);
/* A text as a value in such a line. Caller frees. Local. */
char *summary_quoted(const char *text);

/* The lines of a summary.yml. */
struct facts {
  int count;
  char **name, **value; /* [count], owned */
};
/* Empty if there is no summary. Local. */
struct facts facts_read(const char *folder);
void facts_clear(struct facts *facts);
/* NULL: no such line. */
const char *facts_value(const struct facts *facts, const char *name);

#endif
