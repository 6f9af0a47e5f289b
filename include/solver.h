/* SPDX-License-Identifier: BSD-3-Clause */
/* solver.h - ways to integrate one presentation
 *
 * All solvers integrate the same equations from the state at the start of a presentation to the
 * state at its end, to a tolerance relative to the size of each state family (max norm; erk has
 * its own; cascade and lockstep hold what weights learn from to it as well). Between presentations
 * they remember nothing but what their notes and fields tell, so a checkpoint there needs nothing
 * else of theirs. */
#ifndef TAUFLOW_SOLVER_H
#define TAUFLOW_SOLVER_H

#include "system.h"

enum outcome {
  ADVANCED,
  DIVERGED /* the solution left every bound; the state is the last finite one, at *reached */
};

/* |y| or |z| beyond this is divergence, while outer products still fit single precision. */
#define TOO_LARGE 1e15

enum { SOLVER_COUNTERS = 4, FIGURES_MOST = 16 };

/* What a test of the network gives. */
struct evaluation {
  long samples;
  double accuracy; /* share of samples whose largest answer is their label's; NAN without labels */
  double loss;     /* mean cross entropy -log softmax(s_L)_label, or 1/2 |y* - s_L|^2 */
};

/* A number of the last advance, for summary.yml and series.h5. */
struct figure {
  const char *name, *about;
  double value; /* NAN: not defined, or not watched */
};

struct solver_stats {
  double steps, rejected;
  double evaluations;              /* of all drives and forces once */
  double reductions;               /* of verdicts over the ranks, by this process */
  double weights, chosen;          /* in matrices that steps multiplied, and of them those that
                                      were read: of this process's, since its start */
  double counter[SOLVER_COUNTERS]; /* what the kind names */
};

/* How often all values, all whole drives and the verdicts travel. */
struct rounds {
  int values, drives, reductions;
};

struct solver_kind;
struct solver {
  const struct solver_kind *kind;
  struct system *sys;        /* borrowed */
  double relative, absolute; /* tolerances; absolute in units of the state */
  double max_step;           /* [s]; infinite: none */
  struct solver_stats stats; /* since creation, or as restored */
  bool watched;              /* the figures of the coming advance are wanted */
  double *answer;            /* [n_L] s_L at the end of the last presentation, on owners of
                                layer L; owned */
  void *own;
};

/* Of a solver that takes batches of samples and knows no time: in place of presentations, whose
 * number then counts batches. All Collective, with the same results on all ranks. */
struct batch_kind {
  const char *length; /* key of how many batches a run takes */
  /* Batch p: from the weights before it to those after it. */
  enum outcome (*advance)(struct solver *s, long p, double *reached);
  /* What is to be done to fresh initial weights; false with faults if they do not allow it. */
  bool (*prepare)(struct solver *s, const struct job *job, struct faults *faults);
  /* Floating-point operations of a batch over all ranks, and what its figures add where they are
   * watched; NAN: their number depends on the weights. By the plan alone. Local. */
  double (*operations)(const struct job *job, const struct network *net, double *watching);
  /* How many elements of a target a rank asks for, by the plan alone. Local. */
  long (*target_rows)(const struct job *job, const struct model *m, int rank);
  /* Of the last batch, before its update; accuracy NAN without labels. */
  void (*score)(struct solver *s, double *accuracy, double *loss);
  /* Of the first `samples` of the test split; confusion as in evaluate.h. */
  struct evaluation (*test)(struct solver *s, const struct dataset *data, long samples,
                            long *confusion);
  /* Its list of figures, borrowed, and how many, at most FIGURES_MOST. */
  int (*figures)(struct solver *s, const struct figure **list);
};

struct solver_kind {
  const char *name, *about;
  const char *counters[SOLVER_COUNTERS]; /* names of stats.counter, for summary.yml; NULL: unused */
  bool means; /* asks for the averages of other ranks' values over each step (system_create) */
  /* Of each step tried, accepted or not, and of a presentation beside its steps, while learning;
   * all 0: not known beforehand. Predictions count with them, so they must be exact. */
  struct rounds step, presentation;
  bool columns; /* works with weights that are stored by columns (state.h) */
  bool serial;  /* takes one stage after another: ranks wait for those below and above */
  bool whole;   /* keeps the whole state in vectors of its own, several times: for small networks */
  bool jumps;   /* has no dynamics, so there is no error in time to speak of */
  const struct batch_kind *batch; /* or NULL: it takes one presentation after another */
  void (*check)(const struct job *job, struct faults *faults); /* or NULL. Local. */
  void (*create)(struct solver *s, const struct job *job);     /* Collective. */
  void (*destroy)(struct solver *s);
  /* Memory it will take on a rank, by the plan alone [bytes]. Local. */
  double (*bytes)(const struct job *job, const struct model *m, int rank);
  /* From the state at the start of the prepared presentation to its end; *reached is the time
   * inside the presentation that the state now stands for. Fills answer. Collective. */
  enum outcome (*advance)(struct solver *s, double *reached); /* NULL with `batch` */
  /* What it remembers between presentations, for state files: fills note and returns how many, at
   * most SOLVER_NOTES; or NULL: nothing. Local. */
  int (*notes)(struct solver *s, struct note *note);
  /* The same for arrays of the size of the weights: how many; *fields is fresh if there are any,
   * for state_free_fields; or NULL: none. Collective. */
  int (*fields)(struct solver *s, struct field **fields);
};

enum { SOLVER_NOTES = 4 };

/* The job's solver on sys; errors (z) and weights stay as they are unless sys->learning. sys is
 * borrowed. Collective. */
struct solver *solver_create(const struct job *job, struct system *sys);
void solver_destroy(struct solver *s);
/* The job's kind of solver. Local. */
const struct solver_kind *solver_kind_of(const struct job *job);
/* Prepare and integrate presentation p. Collective; all ranks return the same. */
enum outcome solver_advance(struct solver *s, long p, double *reached);
/* Figures of the last advance: how many; *list is borrowed. Local, the same on all ranks. */
int solver_figures(struct solver *s, const struct figure **list);
/* How long a job's run is: presentations, or batches; and the key that says so. Local. */
long solver_length(const struct job *job);
const char *solver_length_key(const struct job *job);
/* Number k of the solvers of solver.name; NULL beyond their end. Local. */
const struct solver_kind *solver_kind_at(int k);
/* List what must be saved and restored for an exact continuation; how many, at most SOLVER_NOTES.
 * note borrows from s. Local. */
int solver_notes(struct solver *s, struct note *note);
/* Likewise the arrays: how many; *fields is fresh, or NULL (state_free_fields). Collective. */
int solver_fields(struct solver *s, struct field **fields);
void solver_check(const struct job *job, struct faults *faults);

extern const struct solver_kind solver_cascade, solver_lockstep, solver_cvode, solver_erk,
    solver_discrete, solver_equilibrium;
extern const struct key solver_keys[], discrete_keys[];

#endif
