/* SPDX-License-Identifier: BSD-3-Clause */
/* whole.h - the whole state y, z, W, V as one SUNDIALS vector
 *
 * SUNDIALS' parallel vector, but for three things: its data are aligned and padded for our kernels,
 * its norm is the max norm unless the solver brings another, and its dot products are exact sums
 * (exact.h) of one number for each row of the line. A row is added up whole, by the rank that owns
 * it; so what SUNDIALS decides does not depend on the rank count, and what ranks exchange for a dot
 * product is half a kilobyte, on any number of ranks and for networks of any size. */
#ifndef TAUFLOW_WHOLE_H
#define TAUFLOW_WHOLE_H

#include "exact.h"
#include "system.h"
#include <nvector/nvector_parallel.h>

#define CHECK_SUN(call)                                                                            \
  do {                                                                                             \
    int code_ = (call);                                                                            \
    CHECK(code_ >= 0, "%s returned %d", #call, code_);                                             \
  } while (0)

enum { WHOLE_DOTS = 16 }; /* dot products with one vector in one message */

struct whole {
  struct system *sys;         /* borrowed */
  long length;                /* local elements: matrices with padding, then stages' own rows */
  long *stage_at, *matrix_at; /* offsets of each in the vector */
  double *row;                /* [own rows] scratch: a dot product row by row */
  struct exact *sum;          /* [WHOLE_DOTS] scratch */
  double (*norm)(void *who, N_Vector x, N_Vector w); /* of whole_judge_by; NULL: the max norm */
  void *who;                                         /* borrowed */
};

/* How the state lies in a vector. sys is borrowed. Local. */
struct whole *whole_create(struct system *sys);
/* Bytes of such a vector on a rank, by the plan alone. Local. */
double whole_bytes(const struct model *m, int rank);
/* After all its vectors. Local. */
void whole_destroy(struct whole *whole);
/* A vector of zeros; clones are made with N_VClone. whole is borrowed. Collective. */
N_Vector whole_vector(struct whole *whole, SUNContext context);
/* Let norm(who, x, w) stand in for the largest |x w| in v and its later clones. It must not depend
 * on the rank count. who is borrowed. Local. */
void whole_judge_by(N_Vector v, double (*norm)(void *who, N_Vector x, N_Vector w), void *who);
/* Copy the state's values and weights into v [length], and back. Local. */
void whole_take_up(const struct whole *whole, double *v);
void whole_put_down(const struct whole *whole, const double *v);

#endif
