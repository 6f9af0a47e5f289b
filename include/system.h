/* SPDX-License-Identifier: BSD-3-Clause */
/* system.h - everything a solver integrates: model, state, input, and the messages between
 *
 * The one place where stages meet routes: which vector goes to which ranks follows from the
 * model's synapses. */
#ifndef TAUFLOW_SYSTEM_H
#define TAUFLOW_SYSTEM_H

#include "exchange.h"
#include "present.h"
#include "state.h"

/* Called with this rank's rows at every accepted point of a presentation, first at u = 0. */
struct observer {
  void (*see)(void *who, const struct moment *at);
  void *who;
  struct observer *next; /* borrowed: who is called after it, or NULL */
};

struct system {
  MPI_Comm comm;                /* borrowed */
  const struct network *net;    /* borrowed */
  const struct partition *part; /* borrowed */
  struct model *model;          /* borrowed; noise advances in it */
  struct state *state;          /* borrowed */
  struct presenter *presenter;  /* borrowed; prepared for the presentation at hand */
  bool learning;                /* false: errors are clamped to 0 and weights frozen */
  struct observer *observer;    /* borrowed, or NULL */

  struct route **value; /* [stages] owned */
  struct route **drive; /* [stages] owned; NULL unless the stage is whole */
  int segments;         /* of the presentation at hand */
  double *segment;      /* [segments + 1] times where steps must land, from 0 to T; owned */
  bool *onset;          /* [segments] input or target starts to move, or jumps, there; owned */
};

/* The course of a stage's value, and of its drive, which has no messages unless it is needed whole:
 * what the routes of a system follow. Local; clear them. */
struct course system_value_course(const struct model *m, int stage, bool means);
struct course system_drive_course(const struct model *m, int stage);
/* What this rank has sent on all routes since they were made. Local. */
struct traffic system_sent(const struct system *sys);

/* Memory of a rank by the plan alone [bytes]: of a system's routes, of a moment of its own and of
 * one on the routes. Local. */
double system_bytes(const struct model *m, int rank, bool means);
double moment_bytes(const struct model *m, int rank);
double moment_bytes_on_routes(const struct model *m, int rank, bool means);

/* Plan all routes; with `means` the averages over a step travel beside the values. Collective over
 * part->comm. */
struct system *system_create(struct model *model, struct state *state, struct presenter *pr,
                             bool means);
void system_destroy(struct system *sys);
/* Prepare presentation p: input, target and the segments between kinks. Local. */
void system_begin(struct system *sys, long p);
/* Enter segment k, in order: its noise, and the target at its start. Local. */
void system_enter(struct system *sys, int k, struct moment *at);
/* Call all observers, in the same order on every rank. Collective. */
void system_observe(const struct system *sys, const struct moment *at);
/* Set at->u and the target at time u of segment k. Local. */
void system_look(const struct system *sys, int k, double u, struct moment *at);

/* The moment whose value and whole-drive arrays are the routes' own buffers. Local. */
struct moment *moment_on_routes(const struct system *sys);
/* A moment of its own; values and drives are not exchanged. Local. */
struct moment *moment_create(const struct system *sys);
void moment_destroy(struct moment *at);
/* Copy this rank's rows of everything but means, and whole drives whole. Local. */
void moment_copy(const struct system *sys, const struct moment *from, struct moment *to);
/* The same when `from` may be left with anything: arrays change hands where they can. Local. */
void moment_take(const struct system *sys, struct moment *from, struct moment *to);

/* Stages in use: all when learning, else those before the first error. Local. */
int system_stages(const struct system *sys);
/* This rank's rows of a stage. Local. */
static inline void system_rows(const struct system *sys, int stage, long *lo, long *hi)
{
  *lo = sys->value[stage]->lo;
  *hi = sys->value[stage]->hi;
}
/* Does this rank multiply the value of `stage`? Local. */
static inline bool system_uses(const struct system *sys, int stage)
{
  return sys->value[stage]->wanted;
}

/* Put a stage's value on its way and wait; likewise its drive if it is whole. Collective. */
void system_share_value(const struct system *sys, int stage);
void system_share_drive(const struct system *sys, int stage);

#endif
