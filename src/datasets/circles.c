/* SPDX-License-Identifier: BSD-3-Clause */
/* circles.c - document 001's two concentric rings
 *
 * scikit-learn's make_circles with three quarters of the samples on the outer ring (class 0,
 * radius 1) and one quarter on the inner one (class 1), so that a linear classifier, which can do
 * no better than answer "outer", gets 75 %. The document names neither the inner radius nor the
 * noise: data.inner and data.scatter. With 0.5 and 0.05 the rings lie ten standard deviations
 * apart: every error is the learner's, none is the data's.
 *
 * A network whose first layer has three inputs gets 1 as the third. Without it, and without biases,
 * the output of relu layers grows in proportion to the radius and its largest element is the same
 * on both rings: none can do better than the 75 %. */
#include "dataset.h"
#include "rng.h"
#include <math.h>
#include <stdlib.h>

struct circles {
  uint64_t seed;
  double inner;   /* radius of the ring of class 1 */
  double scatter; /* standard deviation of the noise on both coordinates */
};

/* Which number of the sample; labels use the same counters with b the group of four. */
enum { ANGLE, NOISE_X, NOISE_Y, PLACE };

static void circles_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                         struct faults *faults)
{
  (void)comm, (void)faults;
  long train = job_integer(job, "data.train"), test = job_integer(job, "data.test");
  struct circles *c = fail_alloc(1, sizeof *c);

  c->seed = (uint64_t)job_integer(job, "seed");
  c->inner = job_real(job, "data.inner");
  c->scatter = job_real(job, "data.scatter");
  ds->own = c;
  ds->inputs = n0 == 3 ? 3 : 2;
  ds->classes = 2;
  ds->count[TRAIN] = train > 0 ? train : 10000;
  ds->count[TEST] = test > 0 ? test : 1000;
}

/* One sample of every four in a row is on the inner ring, at a random place among them. */
static int circles_label(const struct dataset *ds, enum split split, long index)
{
  uint64_t seed = ((const struct circles *)ds->own)->seed, i = (uint64_t)index;

  return rng_below(seed, RNG_CIRCLES, split, i / 4, PLACE, 4) == i % 4;
}

static void circles_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  static const double two_pi = 6.283185307179586476925286766559;
  const struct circles *c = ds->own;
  uint64_t i = (uint64_t)index;
  double radius = circles_label(ds, split, index) == 1 ? c->inner : 1;
  double angle = two_pi * rng_uniform(c->seed, RNG_CIRCLES, split, i, ANGLE);

  x[0] = radius * cos(angle) + c->scatter * rng_normal(c->seed, RNG_CIRCLES, split, i, NOISE_X);
  x[1] = radius * sin(angle) + c->scatter * rng_normal(c->seed, RNG_CIRCLES, split, i, NOISE_Y);
  if (ds->inputs == 3) x[2] = 1;
}

static void circles_close(struct dataset *ds)
{
  free(ds->own);
}

const struct dataset_kind dataset_circles = {
    .name = "circles",
    .about = "two concentric rings, three quarters of the samples outside (generated)",
    .open = circles_open,
    .sample = circles_sample,
    .label = circles_label,
    .close = circles_close,
};
