/* SPDX-License-Identifier: BSD-3-Clause */
/* session.h - everything a job needs in memory, put together and taken apart in order */
#ifndef TAUFLOW_SESSION_H
#define TAUFLOW_SESSION_H

#include "evaluate.h"

struct session {
  MPI_Comm comm;         /* borrowed */
  const struct job *job; /* borrowed */
  struct network *net;
  struct partition *part;
  struct dataset *data;
  struct model *model;
  struct state *state;
  struct presenter *presenter;
  struct system *sys;
  struct solver *solver;
  struct evaluator *evaluator;
};

/* Faults across keys of all modules. Local. */
void session_check(const struct job *job, struct faults *faults);
/* May a run's name hold this character? Names become folders: letters, digits and . _ - only, and
 * session_check refuses a leading dot. Local. */
bool session_names_hold(char c);
/* Make all of it with the initial weights of the job (or of its start state), or return NULL with
 * faults, agreed on all ranks. job must be free of faults. Collective. */
struct session *session_create(MPI_Comm comm, const struct job *job, struct faults *faults);
/* The same in two steps. The plan is what costs next to no memory: data, partition, model. Then
 * the rest, if the weights fit into memory (not of a plan for other `ranks` than comm's, 0): from
 * the start (initial weights), or else with all weights 0, for session_load. NULL or false with
 * faults. Collective. */
struct session *session_plan(MPI_Comm comm, const struct job *job, int ranks,
                             struct faults *faults);
bool session_fill(struct session *s, bool from_start, struct faults *faults);
/* Is the job's start state, if it names one, there and of the same widths? Faults otherwise.
 * Collective. */
bool session_start_fits(const struct session *s, struct faults *faults);
void session_destroy(struct session *s);
/* All that a state file holds for an exact continuation: values, weights and what the solver
 * remembers in arrays. The count; *fields is fresh (state_free_fields). Local. */
int session_fields(const struct session *s, struct field **fields);
/* Read weights, and all the rest of these too when `all`, from a state file of the same widths. V
 * may be absent: then it keeps its initial values, or becomes the transpose of the file's W where
 * it is tied to it. False with faults. Collective. */
bool session_load(struct session *s, const char *path, bool all, struct faults *faults);

#endif
