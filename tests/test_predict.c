/* SPDX-License-Identifier: BSD-3-Clause */
/* What is foretold of messages is what each rank sends, on all rank counts up to that of the test
 * and by a plan made anywhere; times follow from made-up constants as they should. */
#include "agree.h"
#include "lab.h"
#include "predict.h"
#include "rng.h"
#include <stdlib.h>
#include <string.h>

enum { MOST_RANKS = 40, DRAWS = 100 };

static int rank, size;

static const char *const jobs[] = {
    "network.widths=[16,40,7,31,10]",
    "network.widths=[16,12,12,12,12,12,10] solver.name=lockstep",
    "network.widths=[16,40,7,31,10] solver.name=lockstep kp.routing=direct",
    "network.widths=[16,24,9,10] kp.rms_norm=1 kp.noise=0.02",
    "network.widths=[16,24,9,10] kp.rms_norm=1 kp.routing=direct solver.name=lockstep",
    "network.widths=[16,1,10] solver.name=lockstep kp.feedback_drive=s",
    "network.widths=[16,30,10] solver.name=discrete",
};
enum { JOBS = sizeof jobs / sizeof *jobs };

static void make_data(void)
{
  enum { COUNT = 8, INPUTS = 16 };
  double x[COUNT * INPUTS];
  int label[COUNT];

  for (long i = 0; i < COUNT * INPUTS; i++) x[i] = rng_uniform(1, RNG_ORDER, 0, (uint64_t)i, 0);
  for (int k = 0; k < COUNT; k++) label[k] = k;
  lab_data("random", COUNT, INPUTS, x, label);
}

static bool adds_up(struct traffic all, struct traffic step, double steps, struct traffic once,
                    double times)
{
  return all.messages == steps * step.messages + times * once.messages &&
         all.bytes == steps * step.bytes + times * once.bytes;
}

/* Three presentations on the first `ranks` ranks: what this one sends and how often they agree. */
static bool sends_what_is_foretold(const char *settings, int ranks)
{
  enum { SHOWN = 3 };
  MPI_Comm comm;
  bool good = true;

  MPI_Comm_split(MPI_COMM_WORLD, rank < ranks ? 0 : MPI_UNDEFINED, 0, &comm);
  if (comm == MPI_COMM_NULL) return true;
  struct lab *lab = lab_create(comm, "%s", settings);
  struct prediction *p = predict_create(lab->job, lab->s->model);
  const struct solver_kind *kind = lab->s->solver->kind;
  const struct solver_stats *stats = &lab->s->solver->stats;

  good = lab_show(lab, 0, SHOWN);
  const double steps = stats->steps + stats->rejected;
  const struct traffic sent = system_sent(lab->s->sys);
  good = good && adds_up(sent, predict_sent(p, rank, &kind->step), steps,
                         predict_sent(p, rank, &kind->presentation), SHOWN);
  good = good && stats->reductions == (ranks > 1 ? steps * kind->step.reductions : 0);
  predict_destroy(p);
  lab_destroy(lab);
  MPI_Comm_free(&comm);
  return good;
}

START_TEST(each_rank_sends_exactly_what_is_foretold)
{
  for (int ranks = 1; ranks <= size; ranks++)
    for (int k = 0; k < JOBS; k++)
      ck_assert_msg(agree(MPI_COMM_WORLD, sends_what_is_foretold(jobs[k], ranks)), "%s on %d ranks",
                    jobs[k], ranks);
}
END_TEST

/* One process alone plans for all ranks here. */
START_TEST(a_plan_for_other_ranks_is_what_they_would_say_themselves)
{
  bool good = true;

  for (int k = 0; k < JOBS; k++) {
    struct lab *all = lab_create(MPI_COMM_WORLD, "%s", jobs[k]);
    struct lab *alone = lab_create(MPI_COMM_SELF, "%s", jobs[k]);
    struct partition *part = partition_plan(alone->s->net, 0, size);
    struct model *model = model_create(alone->job, alone->s->net, part);
    struct prediction *plan = predict_create(alone->job, model);
    struct prediction *own = predict_create(all->job, all->s->model);
    const struct rounds *step = &all->s->solver->kind->step;

    const struct traffic a = predict_sent(plan, rank, step), b = predict_sent(own, rank, step);
    good = good && a.messages == b.messages && a.bytes == b.bytes;
    predict_destroy(plan);
    predict_destroy(own);
    model_destroy(model);
    partition_destroy(part);
    lab_destroy(all);
    lab_destroy(alone);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Sums that do not walk over all pairs of ranks, against the walk. */
START_TEST(what_a_rank_sends_is_what_the_others_receive_from_it)
{
  bool good = true;

  for (uint64_t draw = 0; draw < DRAWS; draw++) {
    long n[5];
    struct network net = {.L = 4, .n = n};
    const int ranks = 1 + (int)rng_below(1, RNG_ORDER, 0, draw, 0, MOST_RANKS);
    for (uint64_t l = 0; l < 5; l++) n[l] = 1 + (long)rng_below(1, RNG_ORDER, 1, draw, l, 30);
    struct partition *part = partition_plan(&net, 0, ranks);
    const int layer = 1 + (int)(draw % 4), to[2] = {1 + (int)(draw / 4 % 4), 4};
    struct course c = course_plan(part, layer, 2, 2, to);
    double messages[2][MOST_RANKS] = {{0}}, rows[2][MOST_RANKS] = {{0}};

    for (int a = 0; a < ranks; a++)
      for (int b = 0; b < ranks; b++) {
        long lo, hi;
        course_rows(&c, a, b, &lo, &hi);
        messages[0][a] += lo < hi;
        messages[1][b] += lo < hi;
        rows[0][a] += (double)(hi - lo);
        rows[1][b] += (double)(hi - lo);
      }
    for (int r = 0; r < ranks; r++) {
      const struct traffic out = course_sent(&c, r), in = course_received(&c, r);
      good = good && out.messages == messages[0][r] && out.bytes == 16 * rows[0][r];
      good = good && in.messages == messages[1][r] && in.bytes == 16 * rows[1][r];
    }
    course_clear(&c);
    partition_destroy(part);
  }
  ck_assert(good);
}
END_TEST

/* A plan of a job for so many ranks, with what it needs. */
struct plan {
  struct lab *lab;
  struct partition *part;
  struct model *model;
  struct prediction *p;
};

static struct plan planned(const char *settings, int ranks)
{
  struct plan plan = {.lab = lab_create(MPI_COMM_SELF, "%s", settings)};

  plan.part = partition_plan(plan.lab->s->net, 0, ranks);
  plan.model = model_create(plan.lab->job, plan.lab->s->net, plan.part);
  plan.p = predict_create(plan.lab->job, plan.model);
  return plan;
}

static void unplan(struct plan *plan)
{
  predict_destroy(plan->p);
  model_destroy(plan->model);
  partition_destroy(plan->part);
  lab_destroy(plan->lab);
}

/* Layers 1-3 and 4-6 of 32 units each: y_3 goes up and z_4 comes down, each with its average over
 * the step; the top, whose drive is needed whole, is one rank's. */
START_TEST(two_ranks_that_share_one_boundary_exchange_two_vectors)
{
  struct plan plan = planned("network.widths=[16,32,32,32,32,32,32] solver.name=lockstep", 2);
  const struct solver_kind *kind = plan.lab->s->solver->kind;
  const struct traffic step = predict_all(plan.p, &kind->step);
  const struct traffic down = predict_received(plan.p, 0, &kind->step);

  ck_assert_int_eq(plan.part->first[1], 3 * 32);
  ck_assert_double_eq(step.messages, 2);
  ck_assert_double_eq(step.bytes, 2 * 2 * 32 * 8);
  ck_assert_double_eq(down.messages, 1);
  ck_assert_double_eq(down.bytes, 2 * 32 * 8);
  unplan(&plan);
}
END_TEST

/* Every kernel at the same rate, whatever the width; messages and calls for nothing. */
static struct machine made_up(double rate)
{
  struct machine m = machine_blank();
  double *x[2] = {(double *)&m.alone, (double *)&m.together};

  for (int which = 0; which < 2; which++)
    for (size_t k = 0; k < sizeof m.alone / sizeof(double); k++) x[which][k] = rate;
  for (int k = 0; k < KERNELS * PRECISIONS; k++)
    (&m.alone.call[0][0])[k] = (&m.together.call[0][0])[k] = 0;
  for (int k = 0; k < METHODS * PRECISIONS; k++)
    (&m.alone.stage[0][0])[k] = (&m.together.stage[0][0])[k] = (&m.alone.row[0][0])[k] =
        (&m.together.row[0][0])[k] = 0;
  m.ranks = 2;
  m.latency = m.reduce = 0;
  m.bandwidth = 1e30;
  return m;
}

static struct forecast time_of(const struct plan *plan, const struct machine *m, double steps)
{
  struct forecast f;

  predict_time(plan->p, m, steps, 0, &f);
  return f;
}

/* Eight layers of hidden units. */
static const char *const wide = "network.widths=[16,64,64,64,64,64,64,64,64,10]";

/* 2 operations a weight of all but W_1, at each step and once more; of W's columns only those whose
 * units are said to be heard, where they are long enough to be stored so, which W_L's are not; of V's
 * rows behind gates, which all but the last V have enough columns for, only those said to be open. */
START_TEST(products_take_as_long_as_their_operations)
{
  static const char *const gate[] = {"true", "false"};
  const struct machine m = made_up(1e6);
  const double square = 7 * 64.0 * 64, rest = 2 * 64 * 10;

  for (int k = 0; k < 2; k++) {
    char *job = fail_text("%s kp.gate=%s", wide, gate[k]);
    struct plan plan = planned(job, 1);
    const double weights = square * (0.6 + (k ? 1 : 0.53)) + rest;
    const struct forecast f = time_of(&plan, &m, 39);

    ck_assert_double_eq_tol(f.products, 40 * 2 * weights / 1e6, 1e-9);
    ck_assert_double_eq_tol(f.total, f.products + f.pending + f.elements + f.input + f.waiting,
                            1e-9);
    ck_assert_double_eq(f.reducing, 0);
    unplan(&plan);
    free(job);
  }
}
END_TEST

/* Two a layer, each with its rows. */
START_TEST(each_stage_and_each_of_its_rows_takes_its_time)
{
  static const char *const solver[METHODS] = {"cascade", "lockstep"};

  for (int k = 0; k < METHODS; k++) {
    char *job = fail_text("%s solver.name=%s network.weights=single", wide, solver[k]);
    struct plan plan = planned(job, 1);
    struct machine m = made_up(1e30);

    m.alone.stage[k][IN_SINGLE] = 1e-3;
    m.alone.row[k][IN_SINGLE] = 1e-5;
    ck_assert_double_eq_tol(time_of(&plan, &m, 40).total,
                            40 * (18 * 1e-3 + 2 * (8 * 64 + 10) * 1e-5), 1e-9);
    unplan(&plan);
    free(job);
  }
}
END_TEST

START_TEST(lockstep_shares_work_where_cascade_waits)
{
  const struct machine m = made_up(1e6);
  double total[2][2];

  for (int solver = 0; solver < 2; solver++)
    for (int k = 0; k < 2; k++) {
      char *job = fail_text("%s solver.name=%s", wide, solver ? "lockstep" : "cascade");
      struct plan plan = planned(job, k ? 4 : 1);
      total[solver][k] = time_of(&plan, &m, 40).total;
      unplan(&plan);
      free(job);
    }
  ck_assert_double_gt(total[0][1], 0.7 * total[0][0]);
  ck_assert_double_lt(total[1][1], total[1][0] / 3);
}
END_TEST

START_TEST(messages_and_reductions_take_their_latency)
{
  struct plan plan = planned("network.widths=[16,32,32,32,32,32,32]", 2);
  struct machine m = made_up(1e9);
  const double before = time_of(&plan, &m, 40).total;

  m.latency = 1e-3;
  m.reduce = 1e-2;
  const struct forecast f = time_of(&plan, &m, 40);
  /* Two vectors cross the boundary at each of 40 steps and at taking up. */
  ck_assert_double_eq_tol(f.total - before, 41 * (2e-3 + 1e-2), 1e-9);
  ck_assert_double_eq_tol(f.reducing, 41 * 1e-2, 1e-9);
  unplan(&plan);
}
END_TEST

START_TEST(a_machine_measured_on_one_rank_says_nothing_of_two)
{
  struct machine m = made_up(1e9);
  struct faults faults = {0};

  m.latency = m.bandwidth = m.reduce = NAN;
  ck_assert(predict_suffices(&m, 1, "one.yml", &faults));
  ck_assert_int_eq(faults.count, 0);
  ck_assert(!predict_suffices(&m, 2, "one.yml", &faults));
  ck_assert_int_eq(faults.count, 1);
  ck_assert_ptr_nonnull(strstr(faults.text, "one.yml"));
  ck_assert_ptr_nonnull(strstr(faults.text, "mpirun -n 2 tauflow bench"));
  faults_clear(&faults);
}
END_TEST

START_TEST(stricter_tolerances_take_more_steps)
{
  struct plan loose = planned("network.widths=[16,8,10] solver.relative=1e-3", 1);
  struct plan strict = planned("network.widths=[16,8,10] solver.relative=1e-6", 1);

  ck_assert_double_eq_tol(predict_steps(strict.lab->job), 10 * predict_steps(loose.lab->job), 1e-6);
  unplan(&loose);
  unplan(&strict);
}
END_TEST

static void add(TCase *facts)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  make_data();
  tcase_add_test(facts, each_rank_sends_exactly_what_is_foretold);
  tcase_add_test(facts, a_plan_for_other_ranks_is_what_they_would_say_themselves);
  tcase_add_test(facts, what_a_rank_sends_is_what_the_others_receive_from_it);
  tcase_add_test(facts, two_ranks_that_share_one_boundary_exchange_two_vectors);
  tcase_add_test(facts, products_take_as_long_as_their_operations);
  tcase_add_test(facts, each_stage_and_each_of_its_rows_takes_its_time);
  tcase_add_test(facts, lockstep_shares_work_where_cascade_waits);
  tcase_add_test(facts, messages_and_reductions_take_their_latency);
  tcase_add_test(facts, a_machine_measured_on_one_rank_says_nothing_of_two);
  tcase_add_test(facts, stricter_tolerances_take_more_steps);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "predict", add);
}
