/* SPDX-License-Identifier: BSD-3-Clause */
/* Who owns which rows: on all rank counts up to that of the test. */
#include "agree.h"
#include "partition.h"
#include "rng.h"
#include "suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LAYERS = 8, DRAWS = 200 };

static int rank, size;

/* A network of which only the widths matter. */
struct shape {
  long n[MOST_LAYERS + 1];
  struct network net;
};

/* Random widths up to `most`, some of them 1. */
static struct shape drawn(int L, uint64_t draw, uint64_t most)
{
  struct shape s = {.net.L = L};

  for (int l = 0; l <= L; l++) {
    const uint64_t c = (uint64_t)l;

    s.n[l] = 1 + (rng_below(1, RNG_ORDER, 1, draw, c, 4) == 0
                      ? 0
                      : (long)rng_below(1, RNG_ORDER, 2, draw, c, most));
  }
  return s;
}

/* The partition of a shape: NULL on ranks outside. */
static struct partition *cut(struct shape *s, MPI_Comm comm)
{
  s->net.n = s->n;
  return comm == MPI_COMM_NULL ? NULL : partition_create(&s->net, comm);
}

static MPI_Comm first_ranks(int ranks)
{
  MPI_Comm comm;

  MPI_Comm_split(MPI_COMM_WORLD, rank < ranks ? 0 : MPI_UNDEFINED, 0, &comm);
  return comm;
}

static void free_comm(MPI_Comm *comm)
{
  if (*comm != MPI_COMM_NULL) MPI_Comm_free(comm);
}

/* Each row of each layer is some rank's, once, in the order of ranks; partition_owns says so too.
 */
static bool covers(const struct shape *s, const struct partition *part)
{
  bool good = partition_is_valid(part);

  for (int l = 1; l <= s->net.L; l++) {
    long next = 0;

    good = good && part->start[l + 1] - part->start[l] == s->n[l];
    for (int r = 0; r < part->size; r++) {
      long lo, hi;

      partition_rows(part, l, r, &lo, &hi);
      good = good && partition_owns(part, l, r) == (lo < hi) && lo <= hi && hi <= s->n[l];
      if (lo == hi) continue;
      good = good && lo == next && part->start[l] + lo >= part->first[r] &&
             part->start[l] + hi <= part->first[r + 1];
      next = hi;
    }
    good = good && next == s->n[l];
  }
  return good;
}

/* In twentieths of a weight: those of W and V that meet a vector at each step count whole, those of
 * the first layer once for the 20 steps in which nothing is asked of them, and the row itself as
 * fifty. */
static double row_cost(const struct shape *s, int l)
{
  const double below = l == 1 ? (double)s->n[0] / 20 : (double)s->n[l - 1];
  const double above = l < s->net.L ? (double)s->n[l + 1] : 0;

  return round(20 * (50 + below + above));
}

/* Cost of a rank's rows. */
static double share(const struct shape *s, const struct partition *part, int r)
{
  double cost = 0;

  for (int l = 1; l <= s->net.L; l++) {
    long lo, hi;

    partition_rows(part, l, r, &lo, &hi);
    cost += (double)(hi - lo) * row_cost(s, l);
  }
  return cost;
}

static double largest_share(const struct shape *s, const struct partition *part)
{
  double most = 0;

  for (int r = 0; r < part->size; r++) most = fmax(most, share(s, part, r));
  return most;
}

static double total_cost(const struct shape *s)
{
  double cost = 0;

  for (int l = 1; l <= s->net.L; l++) cost += (double)s->n[l] * row_cost(s, l);
  return cost;
}

/* The smallest largest share of all cuts at layer boundaries: layers l.. over `ranks` ranks. */
static double best_at_layers(const struct shape *s, int l, int ranks)
{
  double best = INFINITY, mine = 0;

  if (ranks == 0) return l > s->net.L ? 0 : INFINITY;
  for (int next = l; next <= s->net.L + 1; next++) {
    best = fmin(best, fmax(mine, best_at_layers(s, next, ranks - 1)));
    if (next <= s->net.L) mine += (double)s->n[next] * row_cost(s, next);
  }
  return best;
}

START_TEST(every_row_has_one_owner)
{
  bool good = true;

  for (int ranks = 1; ranks <= size; ranks++) {
    MPI_Comm comm = first_ranks(ranks);

    for (int L = 1; L <= MOST_LAYERS; L++)
      for (uint64_t draw = 0; draw < DRAWS; draw++) {
        struct shape s = drawn(L, draw, draw % 2 ? 6 : 3000);
        struct partition *part = cut(&s, comm);

        good = good && (!part || (part->size == ranks && part->rank == rank && covers(&s, part)));
        partition_destroy(part);
      }
    free_comm(&comm);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Whole layers, and the best cut of these, unless a rank would get a tenth more than its share;
 * then each cut lies within half a row of the place that gives equal shares. */
static bool is_cut_at_layers(const struct shape *s, const struct partition *part)
{
  bool good = largest_share(s, part) == best_at_layers(s, 1, part->size);

  for (int r = 0; r < part->size; r++) {
    bool boundary = false;

    for (int l = 1; l <= s->net.L; l++) boundary = boundary || part->first[r] == part->start[l];
    good = good && boundary && share(s, part, r) > 0;
  }
  return good;
}

static bool is_cut_evenly(const struct shape *s, const struct partition *part)
{
  double row = 0, before = 0;
  bool good = true;

  for (int l = 1; l <= s->net.L; l++) row = fmax(row, row_cost(s, l));
  for (int r = 0; r < part->size; r++) {
    before += share(s, part, r);
    good = good && fabs(before - total_cost(s) * (r + 1) / part->size) <= row / 2 * (1 + 1e-9);
  }
  return good;
}

START_TEST(few_ranks_get_whole_layers_unless_one_gets_a_tenth_too_much)
{
  int whole = 0, even = 0;
  bool good = true;

  for (int ranks = 1; ranks <= size; ranks++) {
    MPI_Comm comm = first_ranks(ranks);

    for (int L = ranks; L <= MOST_LAYERS; L++)
      for (uint64_t draw = 0; draw < DRAWS; draw++) {
        struct shape s = drawn(L, draw, 100);
        struct partition *part = cut(&s, comm);
        const bool snaps = best_at_layers(&s, 1, ranks) <= 1.1 * total_cost(&s) / ranks;

        good = good && (!part || (snaps ? is_cut_at_layers(&s, part) : is_cut_evenly(&s, part)));
        whole += snaps;
        even += !snaps;
        partition_destroy(part);
      }
    free_comm(&comm);
  }
  good = good && whole > 0 && (even > 0 || size == 1);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* With fewer layers than ranks there is no choice. */
START_TEST(many_ranks_get_equal_shares_to_within_a_row)
{
  bool good = true;

  for (int ranks = 2; ranks <= size; ranks++) {
    MPI_Comm comm = first_ranks(ranks);

    for (int L = 1; L < ranks; L++)
      for (uint64_t draw = 0; draw < DRAWS; draw++) {
        struct shape s = drawn(L, draw, 50);
        struct partition *part = cut(&s, comm);

        good = good && (!part || is_cut_evenly(&s, part));
        partition_destroy(part);
      }
    free_comm(&comm);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(wide_layers_are_balanced_to_a_percent)
{
  static const struct shape wide[] = {{.net.L = 1, .n = {784, 1000}},
                                      {.net.L = 2, .n = {784, 1000, 10}},
                                      {.net.L = 2, .n = {100, 2000, 2000}},
                                      {.net.L = 3, .n = {784, 1500, 1500, 10}}};
  bool good = true;

  for (int ranks = 2; ranks <= size; ranks++) {
    MPI_Comm comm = first_ranks(ranks);

    for (int k = 0; k < 4; k++) {
      struct shape s = wide[k];
      struct partition *part = cut(&s, comm);

      good = good && (!part || largest_share(&s, part) <=
                                   (ranks <= s.net.L ? 1.1 : 1.01) * total_cost(&s) / ranks);
      partition_destroy(part);
    }
    free_comm(&comm);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(ranks_beyond_the_rows_own_nothing)
{
  struct shape s = {.net.L = 1, .n = {4, 2}}, one = {.net.L = 1, .n = {4, 1}};
  struct partition *two = cut(&s, MPI_COMM_WORLD), *single = cut(&one, MPI_COMM_WORLD);
  int owners = 0, sole = 0;
  bool good = covers(&s, two) && covers(&one, single);

  for (int r = 0; r < size; r++) {
    owners += partition_owns(two, 1, r);
    sole += partition_owns(single, 1, r);
  }
  good = good && owners == (size < 2 ? size : 2) && sole == 1;
  partition_destroy(two);
  partition_destroy(single);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(all_ranks_see_the_same_cuts)
{
  bool good = true;

  for (uint64_t draw = 0; draw < DRAWS; draw++) {
    struct shape s = drawn(1 + (int)(draw % MOST_LAYERS), draw, 500);
    struct partition *part = cut(&s, MPI_COMM_WORLD);
    long first[32] = {0};

    memcpy(first, part->first, ((size_t)size + 1) * sizeof *first);
    MPI_Bcast(first, 32, MPI_LONG, 0, MPI_COMM_WORLD);
    good = good && memcmp(first, part->first, ((size_t)size + 1) * sizeof *first) == 0;
    partition_destroy(part);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Any process sees any rank's view of any number of ranks, as those ranks would see it. */
START_TEST(a_plan_has_the_cuts_of_the_ranks_it_is_for)
{
  bool good = true;

  for (uint64_t draw = 0; draw < DRAWS; draw++) {
    struct shape s = drawn(1 + (int)(draw % MOST_LAYERS), draw, 500);
    struct partition *part = cut(&s, MPI_COMM_WORLD), *mine = partition_plan(&s.net, rank, size);
    struct partition *many = partition_plan(&s.net, 400, 1000);

    good = good && mine->rank == part->rank && mine->size == part->size &&
           memcmp(mine->first, part->first, ((size_t)size + 1) * sizeof *part->first) == 0 &&
           memcmp(mine->start, part->start, ((size_t)s.net.L + 2) * sizeof *part->start) == 0;
    good = good && many->rank == 400 && many->size == 1000 && covers(&s, many);
    partition_destroy(part);
    partition_destroy(mine);
    partition_destroy(many);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(wide_networks_of_uneven_width_are_balanced_on_few_ranks)
{
  static const struct shape uneven[] = {
      {.net.L = 5, .n = {784, 128, 128, 128, 128, 10}},
      {.net.L = 8, .n = {784, 2048, 2048, 2048, 2048, 2048, 2048, 2048, 10}}};
  bool good = true;

  for (int k = 0; k < 2; k++)
    for (int ranks = 2; ranks <= 8; ranks++) {
      struct shape s = uneven[k];
      s.net.n = s.n;
      struct partition *part = partition_plan(&s.net, 0, ranks);

      good = good && largest_share(&s, part) <= 1.1 * total_cost(&s) / ranks;
      partition_destroy(part);
    }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(rows_out_of_order_or_left_over_are_not_valid)
{
  struct shape s = {.net.L = 2, .n = {4, 6, 5}};
  struct partition *part = cut(&s, MPI_COMM_WORLD);
  bool good = partition_is_valid(part);

  part->first[size]--;
  good = good && !partition_is_valid(part);
  part->first[size]++;
  part->first[0]++;
  good = good && !partition_is_valid(part);
  part->first[0]--;
  if (size > 1) part->first[1] = part->first[2] + 1;
  good = good && partition_is_valid(part) == (size == 1);
  partition_destroy(part);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  Suite *suite = suite_create("partition");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, every_row_has_one_owner);
  tcase_add_test(facts, few_ranks_get_whole_layers_unless_one_gets_a_tenth_too_much);
  tcase_add_test(facts, many_ranks_get_equal_shares_to_within_a_row);
  tcase_add_test(facts, wide_layers_are_balanced_to_a_percent);
  tcase_add_test(facts, ranks_beyond_the_rows_own_nothing);
  tcase_add_test(facts, all_ranks_see_the_same_cuts);
  tcase_add_test(facts, a_plan_has_the_cuts_of_the_ranks_it_is_for);
  tcase_add_test(facts, wide_networks_of_uneven_width_are_balanced_on_few_ranks);
  tcase_add_test(facts, rows_out_of_order_or_left_over_are_not_valid);
  return suite_run(runner);
}
