/* SPDX-License-Identifier: BSD-3-Clause */
/* pc_errors.h - the equilibrium of a nonlinear predictive coding network
 *
 * A network of widths n_0..n_L has activities x_0..x_L, the first and the last of which are
 * clamped: x_0 to the input, x_L to the target y. Each layer predicts the next one, and inference
 * lets the hidden activities x_1..x_{L-1} settle where the errors of all predictions are least:
 *
 *     E = 1/2 sum_{l=1..L} |eps_l|^2,   eps_l = x_l - f_l(M_l x_{l-1}),   M_l = W_l or W_l + I
 *
 * with f_l = `hidden` for l < L and `output` for l = L (document 002). There networks with the
 * identity added (its appendix I) are linear, and all that holds for W_l holds for W_l + I; so the
 * identity is within the activation here, f(W x + x), not beside it.
 *
 * lbfgs and newton take the errors eps_1..eps_{L-1} for unknowns and start from none (ePC): then a
 * network evaluated from below turns errors into activities, and one pass up and one down give the
 * gradient. The function is 1/2 |eps|^2 + 1/2 |y - yhat(eps)|^2, so its Hessian is near I + J' J,
 * J = dyhat/deps, whatever the depth; newton has the whole Hessian. descent takes the activities
 * and small fixed steps, as document 002 does; it is there to compare with.
 *
 * A relu network's E is not smooth. Where x < 0, 1/2 (x - relu(a))^2 has a kink at a = 0, and units
 * come to rest on it: there the gradient is that of one side and never small. lbfgs and descent
 * only come near such points, and say that E no longer falls. newton rounds relu's corner, first
 * where |a| < 0.1 and in the end where |a| < 3e-5, and follows that equilibrium: its gradient, E
 * and slopes are those of the rounded relu, and the slope of a unit on a kink is that between 0 and
 * 1 which balances the errors. Neither is called CONVERGED. E has many minima here, and the methods
 * may find different ones. Samples do not know of each other. All Local. */
#ifndef TAUFLOW_PC_ERRORS_H
#define TAUFLOW_PC_ERRORS_H

#include <math.h>
#include <stdbool.h>

enum pc_act { PC_LINEAR, PC_RELU, PC_TANH, PC_SIGMOID };

static inline double pc_value(enum pc_act act, double a)
{
  switch (act) {
  case PC_RELU:
    return a > 0 ? a : 0;
  case PC_TANH:
    return tanh(a);
  case PC_SIGMOID:
    return 1 / (1 + exp(-a));
  default:
    return a;
  }
}

/* f' from the value f = pc_value. */
static inline double pc_slope(enum pc_act act, double f)
{
  switch (act) {
  case PC_RELU:
    return f > 0 ? 1 : 0;
  case PC_TANH:
    return 1 - f * f;
  case PC_SIGMOID:
    return f * (1 - f);
  default:
    return 1;
  }
}

struct pc_net {
  int L;         /* >= 2 */
  const long *n; /* [L+1] widths; borrowed while the solver is created */
  enum pc_act hidden, output;
  bool residual; /* M_l = W_l + I; all widths are equal */
};

enum pc_method { PC_LBFGS, PC_NEWTON, PC_DESCENT };

struct pc_how {
  enum pc_method method;
  int max_iterations; /* newton's at relu: of each of 8 widths */
  double tolerance;   /* of the gradient's largest component, > 0 */
  double plateau; /* of lbfgs: give up when E falls by less than this fraction over 5 evaluations;
                     0: never. Best 0 for smooth activations, and about 1e-6 for relu. */
  double rate;    /* of descent */
};

enum pc_status {
  PC_CONVERGED, /* gradient < tolerance, and no unit on a kink */
  PC_PLATEAU,   /* E no longer falls, or the gradient < tolerance but units are on kinks */
  PC_STOPPED,   /* max_iterations */
  PC_FAILED     /* E or its gradient is not finite */
};

struct pc_result {
  enum pc_status status;
  double energy, energy_feedforward; /* E at the end; E of eps = 0, which is 1/2 |y - yhat|^2 */
  double gradient;                   /* largest component, by the method's own unknowns */
  double plateau;                    /* (E 5 evaluations ago - E) / E, of the lowest E so far */
  long passes; /* up and down the network, also those of trial steps and of Hessian products */
  long iterations;
  long kinks; /* hidden relu units with |a| < PC_KINK whose error would change at once if a grew */
};

#define PC_KINK 1e-3

struct pc_errors;

/* A solver for one sample after the other; all its memory is allocated here. */
struct pc_errors *pc_errors_create(const struct pc_net *net, const struct pc_how *how);
void pc_errors_destroy(struct pc_errors *s);

/* Take these weights from now on: W[l] [n_l][n_{l-1}], l = 1..L. They are copied. To be called
 * before the first sample and whenever they have changed. */
void pc_errors_weights(struct pc_errors *s, const double *const *W);

/* Settle on input x0 [n_0] and target y [n_L]. Afterwards *x points to x_0..x_L and *eps to
 * eps_1..eps_L (eps[0] is NULL), borrowed, valid until the next call; either may be NULL. */
struct pc_result pc_errors_solve(struct pc_errors *s, const double *x0, const double *y,
                                 const double *const **x, const double *const **eps);

/* f_l'(M_l x_{l-1}) there, [l] [n_l], l = 1..L, borrowed as x. Local. */
const double *const *pc_errors_slopes(const struct pc_errors *s);

#endif
