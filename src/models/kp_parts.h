/* SPDX-License-Identifier: BSD-3-Clause */
/* kp_parts.h - what the kp model is made of: kp.c has its equations, kp_step.c its steps
 *
 * For these two files only. Stages are y_1 .. y_L, then z_L .. z_1. */
#ifndef TAUFLOW_KP_PARTS_H
#define TAUFLOW_KP_PARTS_H

#include "model.h"

struct switching;

/* The rows of a layer that switch within the step at hand. */
struct crossings {
  long count;
  int *row;              /* [own rows + LIST_SPARE] counted from the first */
  double tau;            /* how they switch is known for this time constant [s]; 0: for none */
  struct switching *how; /* [own rows] */
};

struct kp {
  double reach[FAMILIES]; /* 1 - exp(-T/tau): how near v can come to f in a presentation */
  double silent;          /* a value below this, behind a gate that is shut, is 0 */
  bool gate;              /* phi' in eq. 5 */
  double rms;             /* a of a phi/rms(phi); 0: off */
  double noise;           /* standard deviation of the Ornstein-Uhlenbeck drive; 0: off */
  unsigned long seed;
  double noise_keep[FAMILIES];     /* exp(-interval/tau) of each family */
  double **noise_from, **noise_to; /* [stages][n] at the ends of the present interval */
  double noise_begin;              /* when that interval began, time inside the presentation [s] */
  struct crossings *crossings;     /* [L + 1] by layer; hidden ones */
};

/* The stage of y_l, of z_l. Local. */
int kp_stage_y(const struct network *net, int l);
int kp_stage_z(const struct network *net, int l);
/* This rank's rows of a stage. Local. */
void kp_rows(const struct model *m, int stage, long *lo, long *hi);
/* Is there noise, and does it count at present? Local. */
bool kp_is_noisy(const struct model *m);
/* The value of the noise at time u, linear within its interval. Local. */
double kp_noise_at(const struct model *m, int stage, long i, double u);

/* As model.h says of a model's force. Local. */
void kp_force(const struct model *m, int stage, struct moment *at);
/* Room for the rows that switch within a step, and its memory on a rank [bytes]. Local. */
void kp_make_crossings(struct model *m);
void kp_destroy_crossings(struct model *m);
double kp_crossings_bytes(const struct model *m, int rank);
/* As model.h says of a model's open rows, and of its step. Local. */
void kp_open(const struct model *m, int stage, double ahead, const struct moment *from,
             const struct moment *to, struct rows *rows);
struct verdict kp_step(const struct model *m, int stage, const struct leak *k,
                       const struct moment *before, const struct moment *from, struct moment *to);

#endif
