/* SPDX-License-Identifier: BSD-3-Clause */
/* predict.h - what a job will send and how long it will take, by the plan and a machine's constants
 *
 * Nothing is run: work follows from the partition's cuts, messages from the courses that routes
 * are made of, time from rates, latency and bandwidth that `tauflow bench` has measured.
 * docs/scaling.md derives every term. All Local. */
#ifndef TAUFLOW_PREDICT_H
#define TAUFLOW_PREDICT_H

#include "machine.h"
#include "solver.h"

/* All ranks of the model's partition. */
struct prediction {
  const struct job *job;        /* borrowed */
  const struct model *model;    /* borrowed */
  struct course *value, *drive; /* [stages] owned */
};

struct prediction *predict_create(const struct job *job, const struct model *model);
void predict_destroy(struct prediction *p);

/* What a rank sends and receives when all values and drives travel so many times. */
struct traffic predict_sent(const struct prediction *p, int rank, const struct rounds *rounds);
struct traffic predict_received(const struct prediction *p, int rank, const struct rounds *rounds);
/* The same, sent, of all ranks together. */
struct traffic predict_all(const struct prediction *p, const struct rounds *rounds);

/* Steps a presentation takes at the job's tolerance, rejected ones counted: a rule of thumb. */
double predict_steps(const struct job *job);

/* Where the time of a presentation goes [s]. The first three are those of the rank that works
 * longest; with a solver that takes one layer after another, ranks wait for each other too. */
struct forecast {
  double products; /* of vectors and weights */
  double pending;  /* what products and folds of pending outer products add */
  double elements; /* activations, gates, the exponential update, its error */
  double input;    /* the first layer's products and fold; drawing or reading the sample */
  int slowest;     /* that rank */
  double waiting;  /* for other ranks' work and for messages that no work hides */
  double reducing; /* verdicts over all ranks */
  double total;
};

/* Can the job's solver be foretold? Its steps are those of a presentation that count. */
bool predict_knows(const struct job *job);
/* Do the constants read from `path` hold all that so many ranks need? Faults if not. Local. */
bool predict_suffices(const struct machine *machine, int ranks, const char *path,
                      struct faults *faults);
/* sample: time to get one sample [s], as measured here. The constants must suffice. Local. */
void predict_time(const struct prediction *p, const struct machine *machine, double steps,
                  double sample, struct forecast *forecast);

#endif
