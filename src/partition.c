/* SPDX-License-Identifier: BSD-3-Clause */
#include "partition.h"
#include <stdlib.h>

/* What a row costs is counted in twentieths of a weight that is multiplied and folded at every
 * step. A weight of the first layer meets two images and is folded once a presentation, which is a
 * twentieth of that in the 40 steps a presentation takes; what does not depend on the width (16
 * nodes of two vectors to combine, activation, gate, update) is worth some 50 weights. */
enum { WEIGHT = 20, HELD_WEIGHT = 1, ROW = 50 * WEIGHT };

/* Cuts at layer boundaries save messages; up to this largest share, of an equal one, they stay. */
static const double SNAP = 1.1;

double partition_row_cost(const struct network *net, int l)
{
  const long below = (l > 1 ? WEIGHT : HELD_WEIGHT) * net->n[l - 1];
  const long above = l < net->L ? WEIGHT * net->n[l + 1] : 0;

  return (double)(ROW + below + above);
}

static double total_cost(const struct network *net)
{
  double total = 0;

  for (int l = 1; l <= net->L; l++) total += partition_row_cost(net, l) * (double)net->n[l];
  return total;
}

/* Smallest possible largest share when layers l..L go to `ranks` ranks, each a run of layers:
 * best[ranks][l]; take[ranks][l] is how many layers the first of them gets. Returns that share. */
static double cut_at_layers(struct partition *part, const struct network *net)
{
  const int L = part->L, P = part->size;
  double *best = fail_alloc((size_t)(P + 1) * (size_t)(L + 2), sizeof *best);
  int *take = fail_alloc((size_t)(P + 1) * (size_t)(L + 2), sizeof *take);
#define AT(ranks, l) ((size_t)(ranks) * (size_t)(L + 2) + (size_t)(l))

  for (int ranks = 1; ranks <= P; ranks++)
    for (int l = L + 1 - ranks; l >= 1; l--) {
      double share = 0;
      best[AT(ranks, l)] = -1;
      for (int k = 1; l + k - 1 <= L + 1 - ranks; k++) {
        share += partition_row_cost(net, l + k - 1) * (double)net->n[l + k - 1];
        if (ranks == 1 && l + k - 1 < L) continue;
        const double rest = ranks == 1 ? 0 : best[AT(ranks - 1, l + k)];
        const double worst = share > rest ? share : rest;
        if (best[AT(ranks, l)] < 0 || worst < best[AT(ranks, l)]) {
          best[AT(ranks, l)] = worst;
          take[AT(ranks, l)] = k;
        }
      }
    }
  for (int r = 0, l = 1; r < P; r++) {
    part->first[r] = part->start[l];
    l += take[AT(P - r, l)];
  }
  const double largest = best[AT(P, 1)];
#undef AT
  free(best);
  free(take);
  return largest;
}

/* Cut r lies between rows where the cost so far is nearest to r/P of the whole. */
static void cut_anywhere(struct partition *part, const struct network *net)
{
  const double total = total_cost(net);
  double before = 0;
  int r = 1;

  for (int l = 1; l <= part->L; l++) {
    const double cost = partition_row_cost(net, l);
    const double after = before + cost * (double)net->n[l];
    for (; r < part->size && after >= total * r / part->size; r++) {
      long i = (long)((total * r / part->size - before) / cost + 0.5);
      if (i > net->n[l]) i = net->n[l];
      part->first[r] = part->start[l] + i;
    }
    before = after;
  }
  for (; r < part->size; r++) part->first[r] = part->start[part->L + 1];
}

struct partition *partition_create(const struct network *net, MPI_Comm comm)
{
  int rank, size;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  struct partition *part = partition_plan(net, rank, size);
  part->comm = comm;
  return part;
}

struct partition *partition_plan(const struct network *net, int rank, int size)
{
  struct partition *part = fail_alloc(1, sizeof *part);

  part->comm = MPI_COMM_NULL;
  part->rank = rank;
  part->size = size;
  part->L = net->L;
  part->start = fail_alloc((size_t)net->L + 2, sizeof *part->start);
  part->first = fail_alloc((size_t)part->size + 1, sizeof *part->first);
  for (int l = 1; l <= net->L; l++) part->start[l + 1] = part->start[l] + net->n[l];
  const double fair = total_cost(net) / size;
  if (size > net->L || cut_at_layers(part, net) > SNAP * fair) cut_anywhere(part, net);
  part->first[part->size] = part->start[net->L + 1];
  EXPECT(partition_is_valid(part));
  return part;
}

void partition_destroy(struct partition *part)
{
  if (!part) return;
  free(part->start);
  free(part->first);
  free(part);
}

bool partition_owns(const struct partition *part, int l, int rank)
{
  long lo, hi;

  partition_rows(part, l, rank, &lo, &hi);
  return lo < hi;
}

bool partition_is_valid(const struct partition *part)
{
  if (part->first[0] != 0 || part->first[part->size] != part->start[part->L + 1]) return false;
  for (int r = 0; r < part->size; r++)
    if (part->first[r] > part->first[r + 1]) return false;
  return true;
}
