/* SPDX-License-Identifier: BSD-3-Clause */
/* gaussian.c - document 002's inputs: x ~ N(0, I) of any width, fresh at each step
 *
 * A sample is a pure function of (seed, split, index), so a training split of a billion costs no
 * memory and no sample of it comes twice in a run. It has no labels: its targets are made of the
 * sample (target.c), by a teacher unless the job says otherwise. */
#include "dataset.h"
#include "rng.h"
#include <stdlib.h>

enum { FRESH = 1000000000 };

static void gaussian_open(struct dataset *ds, const struct job *job, long n0, MPI_Comm comm,
                          struct faults *faults)
{
  (void)comm, (void)faults;
  const long train = job_integer(job, "data.train"), test = job_integer(job, "data.test");
  uint64_t *seed = fail_alloc(1, sizeof *seed);

  *seed = (uint64_t)job_integer(job, "seed");
  ds->own = seed;
  ds->inputs = n0;
  ds->count[TRAIN] = train > 0 ? train : FRESH;
  ds->count[TEST] = test > 0 ? test : 1000;
}

static void gaussian_sample(const struct dataset *ds, enum split split, long index, double *x)
{
  const uint64_t seed = *(const uint64_t *)ds->own, i = (uint64_t)index;

  for (long j = 0; j < ds->inputs; j++)
    x[j] = rng_normal(seed, RNG_GAUSSIAN, split, i, (uint64_t)j);
}

static void gaussian_close(struct dataset *ds)
{
  free(ds->own);
}

const struct dataset_kind dataset_gaussian = {
    .name = "gaussian",
    .about = "independent standard normal inputs, as many as wanted (generated)",
    .open = gaussian_open,
    .sample = gaussian_sample,
    .close = gaussian_close,
};
