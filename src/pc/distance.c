/* SPDX-License-Identifier: BSD-3-Clause */
/* distance.c - how far a linear network is from the teacher that made its targets */
#include "dataset.h"
#include "deep.h"
#include <stdlib.h>

/* M_L ... M_1; the caller destroys. */
static struct blocks *mapping_of(const struct deep *d)
{
  struct blocks *map = deep_matrix(d, 1);

  for (int l = 2; l <= d->L; l++) {
    struct blocks *next = blocks_create(d->grid, d->n[l], d->n[0]);
    deep_up(d, l, map, false, next);
    blocks_destroy(map);
    map = next;
  }
  return map;
}

double deep_distance(const struct deep *d, const struct dataset *data)
{
  struct blocks *map = mapping_of(d);
  double *row = fail_alloc((size_t)d->n[0], sizeof *row), sum = 0;

  for (long i = 0; i < map->own_rows; i++) {
    const long at = blocks_row(map, i);
    dataset_teacher(data, at, at + 1, row);
    for (long j = 0; j < map->own_cols; j++) {
      const double off = row[blocks_col(map, j)] - *blocks_at(map, i, j);
      sum += off * off;
    }
  }
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, d->grid->comm));
  blocks_destroy(map);
  free(row);
  return sum;
}

/* Two neighbours of the products that mapping_of makes. */
double deep_distance_bytes(const struct grid *plan, int rank, int L, const long *n)
{
  double most = blocks_bytes(plan, rank, n[1], n[0]);

  for (int l = 2; l <= L; l++)
    most =
        fmax(most, blocks_bytes(plan, rank, n[l - 1], n[0]) + blocks_bytes(plan, rank, n[l], n[0]));
  return most;
}
