/* SPDX-License-Identifier: BSD-3-Clause */
/* trace.h - trace.h5: the signals within chosen presentations, one row per accepted step
 *
 * What series.h5 sums up once a presentation is here as the solver walked through it: input and
 * target, and of each layer's first few units the drive s and every stage's value (y, z). The
 * points are the solver's own, so they lie closest where the signals move. Rows are gathered on
 * rank 0, and are the same on any number of ranks. */
#ifndef TAUFLOW_TRACE_H
#define TAUFLOW_TRACE_H

#include "system.h"

struct trace;

/* Faults of the trace keys together with others, which no single row of the table can see. Local.
 */
void trace_check(const struct job *job, struct faults *faults);
/* For the presentations of record.trace, to be written to `path`; NULL if there are none, which all
 * other functions accept. sys is borrowed. Collective. */
struct trace *trace_create(struct system *sys, const struct job *job, const char *path);
void trace_destroy(struct trace *t);
/* Make the file anew with the job's text, or continue it from `done` completed presentations. Call
 * on rank 0. Local. False with a fault. */
bool trace_begin(struct trace *t, const char *job, struct faults *faults);
bool trace_resume(struct trace *t, long done, struct faults *faults);
/* Is presentation p one of those to trace? Local; the same on all ranks. */
bool trace_wants(const struct trace *t, long p);
/* To be set as the system's observer for a presentation that is wanted; `others` (or NULL) come
 * after it. Rows go to the file whenever there are many, with faults to be agreed on afterwards:
 * faults is borrowed. Local. */
struct observer *trace_watch(struct trace *t, struct observer *others, struct faults *faults);
/* Write what is left of the presentation, at its end. Local. */
void trace_flush(struct trace *t);

extern const struct key trace_keys[];

#endif
