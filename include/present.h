/* SPDX-License-Identifier: BSD-3-Clause */
/* present.h - what the network sees and when: x(t) and y*(t)
 *
 * Presentation p occupies [pT, (p+1)T). Time inside it is u in [0, T]. The input is
 * x(t) = (1-b) x_{p-1} + b x_p with b = v^2 (3-2v), v = u/ramp, held at x_p after the ramp;
 * x_{-1} = 0. The target moves alike between the samples' targets (one-hot vectors of labels, or
 * what data.target says), on the input's own clock shifted by label_delay; the zero vector comes
 * before the first. With label_dither = p/q exactly p of any q presentations in a row, evenly
 * spread, have the target of the one before them. The schedule does not know where a run ends.
 * (docs/equations.md, presentations; document 000 section 2, document 001 section 4.)
 *
 * Callers integrate segment by segment: from 0 to kink[0], from kink[0] to kink[1], and so on to T.
 * Within a segment x(t) and y*(t) are smooth. With ramp = 0 they jump between segments, and the two
 * limits at a jump are told apart by the segment the caller stands in. */
#ifndef TAUFLOW_PRESENT_H
#define TAUFLOW_PRESENT_H

#include "dataset.h"
#include "network.h"

struct presenter {
  const struct dataset *data; /* borrowed */
  enum split split;
  bool shuffled;
  unsigned long seed;
  double duration, ramp, delay; /* T, ramp, label_delay [s] */
  int outputs;                  /* n_L, length of the target vector */

  /* delay = late_whole T + late, 0 <= late < T: the target of x_{p - late_whole} sets in at
   * u = late of presentation p. A delay of whole presentations gives late = 0 exactly. */
  long late_whole;
  double late;
  long dither_p, dither_q; /* p of q presentations have the target of the one before */

  long p;                /* the presentation prepared by presenter_begin */
  double *x_from, *x_to; /* [inputs padded with zeros to a multiple of 16] x_{p-1} and x_p; owned,
                            and exchanged by presenter_begin: do not keep these pointers */
  double *y[3];          /* [outputs] targets of p'-2, p'-1, p' with p' = p - late_whole, dithered;
                            zeros before the first; owned, and exchanged alike */
  double *truth;         /* [outputs] owned: for presenter_truth */
  int kinks;             /* times in (0, T] where a step must land; the last is T */
  double kink[8];
  struct order *order; /* owned: cached permutations */
};

/* A presenter of one split. Evaluation presents the test split in sequence, without shuffling,
 * label delay or dither. Local. data is borrowed. */
struct presenter *presenter_create(const struct job *job, const struct dataset *data,
                                   enum split split);
void presenter_destroy(struct presenter *pr);
/* Memory of a presenter, order of samples aside [bytes]. Local. */
double presenter_bytes(const struct network *net);
/* Prepare presentation p >= 0: x_from, x_to, y. Any p in any order. Local. */
void presenter_begin(struct presenter *pr, long p);
/* Number, in its split, of the sample that presentation p >= 0 shows; any p in any order. Local. */
long presenter_sample(const struct presenter *pr, long p);
/* b(u), the weight of x_to in x(t) = (1-b) x_from + b x_to. With ramp = 0 it is 1. Local. */
double presenter_blend(const struct presenter *pr, double u);
/* y*(t) at time u of the prepared presentation, [outputs], as seen from the segment that begins at
 * time segment_start <= u (0 or a kink): at its end this is the left limit, at its start the right
 * limit. Away from the kinks, segment_start = u does as well. Local. */
void presenter_target(const struct presenter *pr, double u, double segment_start, double *target);
/* The target of x_p itself, whatever delay and dither do to the schedule, [outputs]; borrowed,
 * valid until the next begin. Local. */
const double *presenter_truth(const struct presenter *pr);
/* The label of x_p; -1 where there are no labels. Local. */
int presenter_label(const struct presenter *pr);

/* Faults of the present keys together, which no single row of the table can see. Local. */
void present_check(const struct job *job, struct faults *faults);

extern const struct key present_keys[];

#endif
