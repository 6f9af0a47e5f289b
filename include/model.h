/* SPDX-License-Identifier: BSD-3-Clause */
/* model.h - a model is a list of stages and synapses, and the forces between them
 *
 * A stage is one leaky vector of a layer, tau dv/dt = f - v: the activity y_l, the error z_l. A
 * synapse is one matrix, tau_pot dM/dt = post pre' - (tau_pot/tau_dec) M, whose product with the
 * vector `pre` is the drive of a stage. Stages stand in the order of the cascade: each depends,
 * at equal times, on stages before it only. Solvers ask for forces and steps and never know which
 * model answers; models know layers and rows and never meet MPI, files or time stepping. */
#ifndef TAUFLOW_MODEL_H
#define TAUFLOW_MODEL_H

#include "leak.h"
#include "partition.h"

enum family { ACTIVITY, ERROR, FAMILIES }; /* families whose size sets the error scale */
enum { INPUT = -1, NONE = -1 };            /* "stage" of x(t); no synapse, no stage */

struct stage {
  const char *name; /* dataset name within /layerNN: "y", "z" */
  enum family family;
  int layer;
  double tau;    /* [s] */
  int synapse;   /* whose product drives it, or NONE */
  bool whole;    /* forces need the drive of the whole layer, not of this rank's rows alone */
  bool fleeting; /* its value is of no matter between presentations: not in state files */
  bool gated;    /* the drive of a row matters only while another drive of it opens its gate */
};

enum init_kind { INIT_RANDOM, INIT_TRANSPOSE, INIT_CONSTANT };

struct synapse {
  const char *name; /* "W", "V" */
  int layer;        /* rows belong to this layer */
  int pre;          /* stage whose value it multiplies, or INPUT */
  int post;         /* stage whose rows it learns from */
  bool post_drive;  /* learn from post's drive in place of its value */
  bool learns;
  double tau_pot, tau_dec; /* [s] */
  long rows, cols;
  bool by_columns; /* stored so: columns that meet a silent unit's zero are left out of products */
  enum init_kind init;
  int transpose_of;  /* INIT_TRANSPOSE: the synapse */
  bool tied;         /* the transpose even of a start state that holds its own */
  double init_value; /* INIT_CONSTANT */
};

struct system;

/* All stages at one time. Arrays are full-width per stage; this rank's rows are valid, and all
 * rows of `value` where a synapse here multiplies it, of `drive` where the stage is `whole`. */
struct moment {
  double u;       /* time inside the presentation [s] */
  double *target; /* [n_L] y*(t) */
  double **value; /* [stages][n] */
  double **drive; /* [stages][n] product of its synapse; no number in rows whose drive was of no
                     matter (model_kind.open) */
  double **force; /* [stages][n] f */
  double **mean;  /* [stages][n] the average of value over the step that ends here; whole where
                     value is, if system_create was asked for it */
  double *scale;  /* [stages] factor inside f that is common to the layer (RMS), else 1 */
  int stages;
  const struct system *routes; /* value and whole drives are this system's route buffers, or NULL */
};

/* What a step says about its own error, as maxima over this rank's rows of a stage. */
struct verdict {
  double error; /* of the value, from the curvature of f */
  double blur;  /* of the average over the step, which the weights learn from */
  double size;  /* the largest |value|, or what f could make of it in a presentation */
  double moves; /* the largest difference of the average from the value at the start */
  double drift; /* how far its average is from that of the steps before, as pending_drift says */
};

/* Some of this rank's rows of a stage, ascending, counted from its first. */
struct rows {
  long count;
  int *row;
};

struct model_kind;
struct model {
  const struct model_kind *kind;
  const struct network *net;    /* borrowed */
  const struct partition *part; /* borrowed */
  int stages, synapses;
  struct stage *stage;     /* owned */
  struct synapse *synapse; /* owned */
  int output;              /* the stage whose drive is the network's answer (s_L) */
  bool probabilities;      /* the answer is a softmax (cross entropy), else squared error */
  int noise_intervals;     /* per presentation; noise is linear within each; 0: none */
  double noise_interval;   /* their length [s] */
  bool quiet;              /* leave noise out, as evaluation does */
  void *own;
};

struct solver_kind;
struct model_kind {
  const char *name, *about;
  const struct solver_kind *solver; /* its own; NULL: the job's solver.name */
  bool orthonormalises; /* its solver does, given a normal matrix (batch_kind.prepare) */
  /* Faults across keys. Local. */
  void (*check)(const struct job *job, struct faults *faults);
  /* Fill stages, synapses, output and own. Local. */
  void (*create)(struct model *m, const struct job *job);
  void (*destroy)(struct model *m);
  /* at->force and at->scale of a stage from at->drive (and target), rows here only. Local. */
  void (*force)(const struct model *m, int stage, struct moment *at);
  /* The rows of a gated stage whose drive matters to the step from `from` to `to`, or may matter to
   * the next one if that is at most `ahead` times as long; drives of stages before it are known.
   * NULL where no stage is gated. Local. */
  void (*open)(const struct model *m, int stage, double ahead, const struct moment *from,
               const struct moment *to, struct rows *rows);
  /* to->value and to->mean of a stage: the step from `from` to `to` with the forces of both, which
   * follow from to->drive (and target), switching units at the time they cross. before: the moment
   * before `from`, which says how f curves, or NULL. to->force is what the next step needs of it,
   * and may be left as it is where that is nothing. Local. */
  struct verdict (*step)(const struct model *m, int stage, const struct leak *leak,
                         const struct moment *before, const struct moment *from, struct moment *to);
  /* out = df of a stage for changes d of its drive (own rows, or whole where `whole`), at the
   * frozen moment at. For Newton's matrix. Local. */
  void (*tangent)(const struct model *m, int stage, const struct moment *at, const double *d,
                  double *out);
  /* Prepare the noise of grid interval c, counted over the run, which begins at time u inside the
   * presentation; called in order. Local. */
  void (*noise)(struct model *m, long c, double u);
  /* Vectors beyond stages and synapses that a continuation needs: pointer to this rank's rows of
   * extra k, and its stage; NULL ends the list. Local. */
  double *(*extra)(const struct model *m, int k, int *stage, const char **name);
  /* Memory of the model's own on a rank [bytes]. Local. */
  double (*bytes)(const struct model *m, int rank);
};

/* Does a step choose the rows of a stage whose drive it works out? Local. */
bool model_chooses(const struct model *m, int stage);
/* The job's kind of model. Local. */
const struct model_kind *model_kind_of(const struct job *job);
/* The job's model on this partition. Local. net and part are borrowed. */
struct model *model_create(const struct job *job, const struct network *net,
                           const struct partition *part);
void model_destroy(struct model *m);
/* A fault for each key of these sections (prefixes; ends in NULL) that has not its default: the
 * job's model has no use for them. Local. */
void model_refuse(const struct job *job, const char *const *section, struct faults *faults);
/* Faults across keys of the chosen model. Local. */
void model_check(const struct job *job, struct faults *faults);

extern const struct model_kind model_kp, model_pc;
extern const struct key model_keys[], kp_keys[], pc_keys[];

#endif
