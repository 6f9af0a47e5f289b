/* SPDX-License-Identifier: BSD-3-Clause */
/* partition.h - which rank owns which rows
 *
 * The rows of layers 1..L lie end to end on one line, cut once per rank: "layers over ranks" and
 * "a wide layer over several ranks" are the same code. A row (l, i) owns y, z and its rows of W and
 * V, so it costs n_{l-1} + n_{l+1} products a step, but for the first layer, whose products with
 * the held input are formed once a presentation (docs/scaling.md, cuts). */
#ifndef TAUFLOW_PARTITION_H
#define TAUFLOW_PARTITION_H

#include "network.h"

struct partition {
  MPI_Comm comm; /* borrowed; MPI_COMM_NULL of a plan */
  int rank, size;
  int L;
  long *start; /* [L + 2] layer l has the rows start[l] .. start[l+1]-1 of the line; l = 1..L */
  long *first; /* [size + 1] rank r owns rows first[r] .. first[r+1]-1 of the line */
};

/* Cut the line over the ranks of comm, balanced by cost: at layer boundaries (the best of all such
 * cuts) where that leaves no rank with 10 % more than its share, else anywhere. Ranks beyond the
 * rows own nothing. A function of the widths and the rank count alone. Local. comm is borrowed. */
struct partition *partition_create(const struct network *net, MPI_Comm comm);
/* The same cuts as `rank` of `size` ranks would see them, wherever it is asked. Local. */
struct partition *partition_plan(const struct network *net, int rank, int size);
void partition_destroy(struct partition *part);

/* Rows [*lo, *hi) of layer l that `rank` owns; lo == hi when none. Local. */
static inline void partition_rows(const struct partition *part, int l, int rank, long *lo, long *hi)
{
  const long begin = part->start[l], n = part->start[l + 1] - begin;
  long a = part->first[rank] - begin, b = part->first[rank + 1] - begin;

  if (a < 0) a = 0;
  if (b > n) b = n;
  *lo = a < b ? a : 0;
  *hi = a < b ? b : 0;
}
/* Does `rank` own any row of layer l? Local. */
bool partition_owns(const struct partition *part, int l, int rank);
/* What a row of layer l counts in the balance, an integer. Local. */
double partition_row_cost(const struct network *net, int l);
/* Every row has one owner, in order. Local. */
bool partition_is_valid(const struct partition *part);

#endif
