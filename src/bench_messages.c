/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench_parts.h"
#include <math.h>
#include <stdlib.h>
#include <time.h>

/* Doubles: a layer's part of a vector, many of them, and the verdicts of ten stages. */
enum { SHORT = 128, LONG = 8192, VERDICTS = 50 };
enum { TAG = 1, TRIAL = 10, BLOCKS = 20 };

void bench_rest(MPI_Comm comm)
{
  const struct timespec nap = {.tv_nsec = 2000000};
  MPI_Request all;
  int done = 0;

  CHECK_MPI(MPI_Ibarrier(comm, &all));
  while (!done) {
    CHECK_MPI(MPI_Test(&all, &done, MPI_STATUS_IGNORE));
    if (!done) nanosleep(&nap, NULL);
  }
}

/* Seconds of one of the trips of go(), in the fastest of the blocks, as rank 0 of comm sees it.
 * Collective. */
static double time_trips(MPI_Comm comm, const struct pace *pace, void (*go)(void *, long),
                         void *own)
{
  double best = INFINITY;
  long trips = TRIAL;

  for (int b = -2; b < BLOCKS; b++) { /* the first makes connections, the second is a trial */
    CHECK_MPI(MPI_Barrier(comm));
    const double start = MPI_Wtime();
    go(own, trips);
    const double trip = (MPI_Wtime() - start) / (double)trips;
    if (b >= 0) best = fmin(best, trip);
    if (b == -1) trips = (long)fmax(1, fmin(pace->block / trip, 1e5));
    CHECK_MPI(MPI_Bcast(&trips, 1, MPI_LONG, 0, comm));
  }
  CHECK_MPI(MPI_Bcast(&best, 1, MPI_DOUBLE, 0, comm));
  return best;
}

struct pair {
  MPI_Request out, in;
  int rank; /* 0 or 1 */
};

/* There and back. */
static void play(void *own, long trips)
{
  struct pair *pair = own;
  MPI_Request *const first = pair->rank == 0 ? &pair->out : &pair->in;
  MPI_Request *const second = pair->rank == 0 ? &pair->in : &pair->out;

  for (long k = 0; k < trips; k++) {
    CHECK_MPI(MPI_Start(first));
    CHECK_MPI(MPI_Wait(first, MPI_STATUS_IGNORE));
    CHECK_MPI(MPI_Start(second));
    CHECK_MPI(MPI_Wait(second, MPI_STATUS_IGNORE));
  }
}

/* Seconds of a message of n doubles, one way, between the two ranks of comm. */
static double one_way(MPI_Comm comm, const struct pace *pace, int n)
{
  double *out = fail_alloc((size_t)n, sizeof *out), *in = fail_alloc((size_t)n, sizeof *in);
  struct pair pair;

  CHECK_MPI(MPI_Comm_rank(comm, &pair.rank));
  CHECK_MPI(MPI_Send_init(out, n, MPI_DOUBLE, 1 - pair.rank, TAG, comm, &pair.out));
  CHECK_MPI(MPI_Recv_init(in, n, MPI_DOUBLE, 1 - pair.rank, TAG, comm, &pair.in));
  const double seconds = time_trips(comm, pace, play, &pair) / 2;
  CHECK_MPI(MPI_Request_free(&pair.out));
  CHECK_MPI(MPI_Request_free(&pair.in));
  free(out);
  free(in);
  return seconds;
}

static void reduce(void *own, long trips)
{
  double most[VERDICTS] = {0};

  for (long k = 0; k < trips; k++)
    CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, most, VERDICTS, MPI_DOUBLE, MPI_MAX, *(MPI_Comm *)own));
}

void bench_messages(MPI_Comm comm, const struct pace *pace, struct machine *m)
{
  MPI_Comm ends;
  int rank, size;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  if (size < 2) return;
  const bool at_end = rank == 0 || rank == size - 1;
  CHECK_MPI(MPI_Comm_split(comm, at_end ? 0 : MPI_UNDEFINED, rank, &ends));
  if (at_end) {
    m->latency = one_way(ends, pace, SHORT);
    const double longer = one_way(ends, pace, LONG) - m->latency;
    m->bandwidth = (LONG - SHORT) * sizeof(double) / fmax(longer, 1e-12);
    CHECK_MPI(MPI_Comm_free(&ends));
  }
  bench_rest(comm);
  m->reduce = time_trips(comm, pace, reduce, &comm);
}
