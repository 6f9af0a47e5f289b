/* SPDX-License-Identifier: BSD-3-Clause */
/* Vectors arrive whole where they are wanted and nowhere else, one or several at a time, on all
 * rank counts up to that of the test, with layers cut, whole, and absent from a rank. */
#include "agree.h"
#include "exchange.h"
#include "suite.h"
#include <check.h>
#include <stdlib.h>

enum { MOST_LAYERS = 5, MOST_BLOCKS = 3, ROUNDS = 4 };

static int rank, size;

struct shape {
  int L;
  long n[MOST_LAYERS + 1];
};

/* One wide layer; few rows for many ranks; more layers than ranks; uneven ones. */
static const struct shape shapes[] = {{2, {3, 40, 7}},
                                      {1, {3, 2}},
                                      {2, {3, 1, 2}},
                                      {5, {4, 5, 4, 17, 1, 33}},
                                      {4, {100, 16, 2, 9, 3}}};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

/* Who a vector is for: layers to[0..count). */
struct plan {
  int count, to[3];
};

/* Plans for a vector of layer l: up, down, to its own, both sides, one twice, none. */
static int make_plans(int L, int l, struct plan plans[6])
{
  int count = 0;

  plans[count++] = (struct plan){0};
  plans[count++] = (struct plan){1, {l}};
  if (l < L) plans[count++] = (struct plan){1, {l + 1}};
  if (l > 1) plans[count++] = (struct plan){1, {l - 1}};
  if (l > 1 && l < L) plans[count++] = (struct plan){2, {l - 1, l + 1}};
  plans[count++] = (struct plan){3, {1, L, L}};
  return count;
}

static struct partition *cut(const struct shape *s, int ranks, MPI_Comm *comm)
{
  struct network net = {.L = s->L, .n = (long *)s->n};

  MPI_Comm_split(MPI_COMM_WORLD, rank < ranks ? 0 : MPI_UNDEFINED, 0, comm);
  return *comm == MPI_COMM_NULL ? NULL : partition_create(&net, *comm);
}

static void uncut(struct partition *part, MPI_Comm *comm)
{
  partition_destroy(part);
  if (*comm != MPI_COMM_NULL) MPI_Comm_free(comm);
}

static double element(int stream, int round, int block, long i)
{
  return 1 + (double)i + 1000 * round + 100000 * stream + 1e7 * block;
}

static bool is_wanted(const struct partition *part, const struct plan *plan)
{
  bool wanted = false;

  for (int k = 0; k < plan->count; k++)
    wanted = wanted || partition_owns(part, plan->to[k], part->rank);
  return wanted;
}

/* Our own rows of this round, in every block; all others marked. */
static void fill(struct route *rt, int stream, int round)
{
  for (int b = 0; rt->vector && b < rt->blocks; b++)
    for (long i = 0; i < rt->n; i++)
      rt->vector[b * padded(rt->n) + i] =
          i >= rt->lo && i < rt->hi ? element(stream, round, b, i) : -1;
}

/* Whole where wanted; else only our own rows, the marks intact; the padding zero. */
static bool arrived(const struct route *rt, const struct plan *plan, int stream, int round)
{
  const bool wanted = is_wanted(rt->part, plan);
  bool good = rt->wanted == wanted && (rt->vector != NULL) == (wanted || rt->lo < rt->hi);

  for (long k = 0; good && rt->vector && k < rt->blocks * padded(rt->n); k++) {
    const long b = k / padded(rt->n), i = k % padded(rt->n);
    const bool here = i < rt->n && (wanted || (i >= rt->lo && i < rt->hi));

    good = rt->vector[k] == (here ? element(stream, round, (int)b, i) : i < rt->n ? -1 : 0);
  }
  return good;
}

START_TEST(a_vector_reaches_the_owners_of_the_listed_layers_and_nobody_else)
{
  bool good = true;

  for (int k = 0; k < SHAPES * size; k++) {
    const struct shape *s = &shapes[k / size];
    MPI_Comm comm;
    struct partition *part = cut(s, k % size + 1, &comm);

    for (int l = 1; part && l <= s->L; l++) {
      struct plan plans[6];
      const int count = make_plans(s->L, l, plans);

      for (int p = 0; p < count * MOST_BLOCKS; p++) {
        const struct plan *plan = &plans[p / MOST_BLOCKS];
        struct route *rt = route_create(part, l, p % MOST_BLOCKS + 1, plan->count, plan->to, 7);

        fill(rt, 0, 1);
        route_begin(rt);
        route_end(rt);
        good = good && rt->n == s->n[l] && arrived(rt, plan, 0, 1);
        route_destroy(rt);
      }
    }
    uncut(part, &comm);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(every_round_brings_its_own_data)
{
  bool good = true;

  for (int k = 0; k < SHAPES * size; k++) {
    const struct shape *s = &shapes[k / size];
    MPI_Comm comm;
    struct partition *part = cut(s, k % size + 1, &comm);

    for (int l = 1; part && l <= s->L; l++) {
      const struct plan plan = {2, {1, s->L}};
      struct route *rt = route_create(part, l, 2, plan.count, plan.to, 7);

      for (int round = 0; round < ROUNDS; round++) {
        fill(rt, 0, round);
        route_begin(rt);
        route_end(rt);
        good = good && arrived(rt, &plan, 0, round);
      }
      route_destroy(rt);
    }
    uncut(part, &comm);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* All routes of a network at once, begun and ended in various orders. Those of one layer differ in
 * the tag and in how many vectors travel together. */
START_TEST(routes_in_flight_do_not_mix)
{
  bool good = true;

  for (int k = 0; k < SHAPES * size; k++) {
    const struct shape *s = &shapes[k / size];
    const struct plan plan = {2, {1, s->L}};
    struct route *rt[2 * MOST_LAYERS];
    const int routes = 2 * s->L;
    MPI_Comm comm;
    struct partition *part = cut(s, k % size + 1, &comm);

    for (int r = 0; part && r < routes; r++)
      rt[r] = route_create(part, r / 2 + 1, r % 2 + 1, plan.count, plan.to, 20 + r);
    for (int round = 0; part && round < ROUNDS; round++) {
      for (int r = 0; r < routes; r++) fill(rt[r], r, round);
      /* Even ranks begin upwards and odd ones downwards; the ends likewise, changing by round. */
      for (int r = 0; r < routes; r++) route_begin(rt[rank % 2 ? routes - 1 - r : r]);
      for (int r = 0; r < routes; r++) route_end(rt[(rank + round) % 2 ? routes - 1 - r : r]);
      for (int r = 0; r < routes; r++) good = good && arrived(rt[r], &plan, r, round);
    }
    for (int r = 0; part && r < routes; r++) route_destroy(rt[r]);
    uncut(part, &comm);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(a_rank_without_rows_takes_no_part)
{
  const struct shape two = {1, {3, 2}};
  const struct plan plan = {1, {1}};
  MPI_Comm comm;
  struct partition *part = cut(&two, size, &comm);
  struct route *rt = route_create(part, 1, 2, plan.count, plan.to, 1);
  const bool owner = partition_owns(part, 1, rank);
  int owners = owner;
  bool good = true;

  MPI_Allreduce(MPI_IN_PLACE, &owners, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  for (int round = 0; round < ROUNDS; round++) {
    fill(rt, 0, round);
    if (owner) route_begin(rt); /* the others need not even call */
    if (owner) route_end(rt);
    good = good && arrived(rt, &plan, 0, round);
  }
  good = good && rt->requests == (owner ? 2 * (owners - 1) : 0);
  good = good && (owner || (!rt->vector && !rt->wanted));
  route_destroy(rt);
  uncut(part, &comm);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(a_route_that_was_never_begun_can_go)
{
  const int to = 1;
  MPI_Comm comm;
  struct partition *part = cut(&shapes[0], size, &comm);

  for (int k = 0; k < 3; k++) route_destroy(route_create(part, 1, k + 1, 1, &to, 5));
  route_destroy(NULL);
  uncut(part, &comm);
  ck_assert(agree(MPI_COMM_WORLD, true));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  Suite *suite = suite_create("exchange");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, a_vector_reaches_the_owners_of_the_listed_layers_and_nobody_else);
  tcase_add_test(facts, every_round_brings_its_own_data);
  tcase_add_test(facts, routes_in_flight_do_not_mix);
  tcase_add_test(facts, a_rank_without_rows_takes_no_part);
  tcase_add_test(facts, a_route_that_was_never_begun_can_go);
  return suite_run(runner);
}
