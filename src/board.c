/* SPDX-License-Identifier: BSD-3-Clause */
#include "board.h"
#include <stdlib.h>

struct board {
  MPI_Comm comm; /* own: nothing else is ever received on it */
  MPI_Win window;
  int rank;
  long tasks;
  double *place; /* rank 0: COUNTER, CLOSED, then KIND, VALUE, WALL of each task */
};

enum { COUNTER, CLOSED, HEAD };
enum { KIND, VALUE, WALL, PLACES };

static MPI_Aint place_of(long task, int which)
{
  return HEAD + (MPI_Aint)task * PLACES + which;
}

struct board *board_create(MPI_Comm comm, long tasks)
{
  struct board *b = fail_alloc(1, sizeof *b);
  MPI_Aint bytes;

  CHECK_MPI(MPI_Comm_dup(comm, &b->comm));
  CHECK_MPI(MPI_Comm_rank(comm, &b->rank));
  b->tasks = tasks;
  bytes = b->rank == 0 ? place_of(tasks, 0) * (MPI_Aint)sizeof(double) : 0;
  CHECK_MPI(MPI_Win_allocate(bytes, sizeof(double), MPI_INFO_NULL, b->comm, &b->place, &b->window));
  CHECK_MPI(MPI_Win_lock_all(MPI_MODE_NOCHECK, b->window));
  for (MPI_Aint k = 0; k < bytes / (MPI_Aint)sizeof(double); k++) b->place[k] = 0;
  CHECK_MPI(MPI_Win_sync(b->window));
  CHECK_MPI(MPI_Barrier(b->comm));
  return b;
}

void board_destroy(struct board *b)
{
  if (!b) return;
  CHECK_MPI(MPI_Win_unlock_all(b->window));
  CHECK_MPI(MPI_Win_free(&b->window));
  CHECK_MPI(MPI_Comm_free(&b->comm));
  free(b);
}

static double get(struct board *b, MPI_Aint place)
{
  double value = 0;

  CHECK_MPI(MPI_Fetch_and_op(NULL, &value, MPI_DOUBLE, 0, place, MPI_NO_OP, b->window));
  CHECK_MPI(MPI_Win_flush(0, b->window));
  return value;
}

static void put(struct board *b, MPI_Aint place, double value)
{
  CHECK_MPI(MPI_Accumulate(&value, 1, MPI_DOUBLE, 0, place, 1, MPI_DOUBLE, MPI_REPLACE, b->window));
  CHECK_MPI(MPI_Win_flush(0, b->window));
}

/* Whole numbers up to 2^53 are exact in a double. */
long board_take(struct board *b)
{
  const double one = 1;
  double taken = 0;

  if (get(b, CLOSED) > 0) return b->tasks;
  CHECK_MPI(MPI_Fetch_and_op(&one, &taken, MPI_DOUBLE, 0, COUNTER, MPI_SUM, b->window));
  CHECK_MPI(MPI_Win_flush(0, b->window));
  return (long)taken;
}

void board_close(struct board *b)
{
  put(b, CLOSED, 1);
}

/* KIND comes last: who sees it sees the others. */
void board_report(struct board *b, long task, const struct outcome_of_task *outcome)
{
  put(b, place_of(task, VALUE), outcome->value);
  put(b, place_of(task, WALL), outcome->wall);
  put(b, place_of(task, KIND), outcome->kind);
}

struct outcome_of_task board_read(struct board *b, long task)
{
  struct outcome_of_task outcome = {.kind = get(b, place_of(task, KIND))};

  if (outcome.kind > 0) {
    outcome.value = get(b, place_of(task, VALUE));
    outcome.wall = get(b, place_of(task, WALL));
  }
  return outcome;
}

long board_taken(struct board *b)
{
  const long taken = (long)get(b, COUNTER);

  return taken < b->tasks ? taken : b->tasks;
}

void board_serve(struct board *b)
{
  int there;

  CHECK_MPI(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, b->comm, &there, MPI_STATUS_IGNORE));
}
