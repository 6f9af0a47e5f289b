/* SPDX-License-Identifier: BSD-3-Clause */
/* network.h - widths and activations: what every model of layered networks shares
 *
 * Layer 0 is the input; weight layer l = 1..L maps layer l-1 to layer l. */
#ifndef TAUFLOW_NETWORK_H
#define TAUFLOW_NETWORK_H

#include "job.h"
#include <math.h>

/* In the order of the choices of network.hidden. */
enum phi { PHI_RELU, PHI_CLIPPED_RELU, PHI_TANH, PHI_LINEAR };

struct network {
  int L;           /* weight layers */
  long *n;         /* [L + 1] widths n_0 .. n_L, owned */
  enum phi hidden; /* activation of layers 1 .. L-1; layer L is linear */
  double cap;      /* c of the clipped relu; +infinity for the plain one */
  bool single;     /* weights in single precision */
};

/* The job's network. Local. */
struct network *network_create(const struct job *job);
void network_destroy(struct network *net);

/* Vectors and matrix rows are padded with zeros to this many elements, so that kernels have no
 * tails: two 64-byte vectors of doubles, one of floats. */
enum { PAD = 16 };
static inline long padded(long n)
{
  return (n + PAD - 1) / PAD * PAD;
}

/* The widest layer, the input too, padded. Local. */
long network_widest(const struct network *net);

static inline double phi_value(enum phi phi, double cap, double s)
{
  switch (phi) {
  case PHI_TANH:
    return tanh(s);
  case PHI_LINEAR:
    return s;
  default:
    return s <= 0 ? 0 : s < cap ? s : cap;
  }
}

/* phi'(s); 0 at and below 0, and at and above the cap. */
static inline double phi_slope(enum phi phi, double cap, double s)
{
  switch (phi) {
  case PHI_TANH:
    return 1 - tanh(s) * tanh(s);
  case PHI_LINEAR:
    return 1;
  default:
    return s > 0 && s < cap ? 1 : 0;
  }
}

extern const struct key network_keys[];

#endif
