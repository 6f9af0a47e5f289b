/* SPDX-License-Identifier: BSD-3-Clause */
/* lines.c - between lines on ranks and blocks on a grid, in one exchange of all with all
 *
 * Both sides walk the elements that one rank has as lines and another as blocks in the same order:
 * line by line, and along a line from block to block. */
#include "blocks.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

long *lines_shared(long n, int ranks)
{
  long *cut = fail_alloc((size_t)ranks + 1, sizeof *cut);

  for (int r = 0; r <= ranks; r++) cut[r] = r * n / ranks;
  return cut;
}

/* Along one dimension of the grid: which positions there are and which one a rank has. */
struct side {
  long length; /* of the matrix, this way */
  int count;   /* positions of the grid */
};

struct sides {
  struct side across, along; /* lines are counted across, elements of one along */
};

static struct sides sides_of(const struct blocks *A, bool columns)
{
  const struct side rows = {A->rows, A->grid->rows}, cols = {A->cols, A->grid->cols};

  return columns ? (struct sides){cols, rows} : (struct sides){rows, cols};
}

/* Where `rank` stands across and along. */
static void place_of(const struct grid *g, bool columns, int rank, int *across, int *along)
{
  *across = columns ? rank % g->cols : rank / g->cols;
  *along = columns ? rank / g->cols : rank % g->cols;
}

/* Move what rank `lines` has as lines and rank `blocks` as blocks between `buffer` and, on the
 * former (data) the lines or, on the latter (NULL), the blocks; returns the count of elements.
 * buffer may be NULL: then they are only counted. */
static long walk(const struct blocks *A, const struct lines *l, int of_lines, int of_blocks,
                 double *data, bool into_buffer, double *buffer)
{
  const struct grid *g = A->grid;
  const struct sides s = sides_of(A, l->columns);
  const long nb = g->block;
  int across, along;
  long count = 0;

  place_of(g, l->columns, of_blocks, &across, &along);
  for (long i = l->cut[of_lines]; i < l->cut[of_lines + 1]; i++) {
    if (i / nb % s.across.count != across) continue;
    const long own = i / nb / s.across.count * nb + i % nb; /* number of the line in the blocks */
    for (long j0 = along * nb; j0 < s.along.length; j0 += nb * s.along.count) {
      const long n = j0 + nb < s.along.length ? nb : s.along.length - j0;
      const long first = j0 / nb / s.along.count * nb;
      for (long k = 0; buffer && k < n; k++) {
        double *element = data         ? data + (i - l->cut[of_lines]) * l->ld + j0 + k
                          : l->columns ? blocks_at(A, first + k, own)
                                       : blocks_at(A, own, first + k);
        if (into_buffer)
          buffer[count + k] = *element;
        else
          *element = buffer[count + k];
      }
      count += n;
    }
  }
  return count;
}

/* counts and places of what this rank has as lines (or as blocks) for each other rank. */
static long plan(const struct blocks *A, const struct lines *l, bool as_lines, int *count,
                 int *first)
{
  const struct grid *g = A->grid;
  long sum = 0;

  for (int r = 0; r < g->size; r++) {
    const long n = walk(A, l, as_lines ? g->rank : r, as_lines ? r : g->rank, NULL, true, NULL);
    CHECK(sum + n <= INT_MAX, "a rank's part of a matrix is too large to be moved at once");
    count[r] = (int)n;
    first[r] = (int)sum;
    sum += n;
  }
  return sum;
}

/* Between the own lines (data) or blocks (NULL) and a buffer for all ranks. */
static void pack(const struct blocks *A, const struct lines *l, double *data, bool into_buffer,
                 const int *first, double *buffer)
{
  const struct grid *g = A->grid;

  for (int r = 0; r < g->size; r++)
    walk(A, l, data ? g->rank : r, data ? r : g->rank, data, into_buffer, buffer + first[r]);
}

static void move(const struct lines *l, const struct blocks *A, bool to_blocks)
{
  const struct grid *g = A->grid;
  const size_t size = (size_t)g->size;
  int *count[2], *first[2];
  double *buffer[2], *data[2] = {l->data, NULL}; /* 0: lines, 1: blocks */
  double none;

  if (!data[0]) data[0] = &none; /* no own lines */
  for (int side = 0; side < 2; side++) {
    count[side] = fail_alloc(size, sizeof **count);
    first[side] = fail_alloc(size, sizeof **first);
    buffer[side] =
        fail_alloc((size_t)plan(A, l, side == 0, count[side], first[side]), sizeof **buffer);
  }
  const int from = to_blocks ? 0 : 1, to = 1 - from;
  pack(A, l, data[from], true, first[from], buffer[from]);
  CHECK_MPI(MPI_Alltoallv(buffer[from], count[from], first[from], MPI_DOUBLE, buffer[to], count[to],
                          first[to], MPI_DOUBLE, g->comm));
  pack(A, l, data[to], false, first[to], buffer[to]);
  for (int side = 0; side < 2; side++) {
    free(count[side]);
    free(first[side]);
    free(buffer[side]);
  }
}

void blocks_from_lines(const struct lines *from, struct blocks *to)
{
  move(from, to, true);
}

void blocks_to_lines(const struct blocks *from, const struct lines *to)
{
  move(to, from, false);
}
