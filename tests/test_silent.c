/* SPDX-License-Identifier: BSD-3-Clause */
/* Layers wide enough for matrices by columns, where silent units are left out: results stay, and do
 * not depend on the ranks. */
#include "agree.h"
#include "lab.h"

enum { SHOWN = 6 };
static const char common[] = "kp.tau_pot=1 kp.tau_dec=50 network.hidden=relu";
/* 40 rows on three or five ranks are no whole vectors, so columns end in padding. */
static const char *const jobs[] = {
    "network.widths=[4,40,66,36,3]",
    "network.widths=[4,40,66,36,3] network.weights=single",
    "network.widths=[4,40,66,36,3] kp.rule=sgd network.hidden=clipped_relu network.cap=0.4",
    "network.widths=[4,40,66,36,3] kp.feedback_drive=s",
    "network.widths=[4,40,66,36,3] kp.routing=direct network.weights=single",
    "network.widths=[4,40,66,36,3] kp.gate=false",
    "network.widths=[4,40,66,36,3] network.hidden=tanh kp.tau_pot_feedback=2",
};
enum { JOBS = sizeof jobs / sizeof jobs[0] };
static const char *const solvers[] = {"cascade", "lockstep"};

static int rank;

static struct lab *show(MPI_Comm comm, const char *job, const char *solver, const char *absolute)
{
  struct lab *lab =
      lab_create(comm, "%s %s solver.name=%s solver.absolute=%s", common, job, solver, absolute);

  ck_assert(lab_show(lab, 0, SHOWN));
  return lab;
}

START_TEST(results_are_those_of_one_rank)
{
  bool good = true;

  for (int k = 0; k < 2 * JOBS; k++) {
    struct lab *all = show(MPI_COMM_WORLD, jobs[k / 2], solvers[k % 2], "1e-12");
    struct lab *one = show(MPI_COMM_SELF, jobs[k / 2], solvers[k % 2], "1e-12");
    const bool same = lab_fingerprint(all) == lab_fingerprint(one);

    if (!same && rank == 0) fprintf(stderr, "%s, %s: differ\n", jobs[k / 2], solvers[k % 2]);
    good &= same;
    lab_destroy(all);
    lab_destroy(one);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* 2 stages of 3 hidden layers; without the rest of what silent units had, fewer weights are read.
 */
START_TEST(what_silent_units_had_is_of_no_matter)
{
  for (int k = 0; k < 2; k++) {
    struct lab *lab[2];
    struct picture *p[2], *start = lab_end(0, "%s %s", common, jobs[0]);
    double read[2];

    for (int silent = 0; silent < 2; silent++) {
      lab[silent] = show(MPI_COMM_SELF, jobs[0], solvers[k], silent ? "1e-12" : "0");
      const struct solver_stats *stats = &lab[silent]->s->solver->stats;
      read[silent] = stats->chosen / stats->weights;
      p[silent] = picture_create(lab[silent]);
    }
    ck_assert_double_lt(read[1], 0.95 * read[0]);
    ck_assert_double_lt(picture_weight_error(p[1], p[0], start), 1e-9);
    ck_assert_double_lt(picture_value_error(p[1], p[0]), 1e-9);
    for (int silent = 0; silent < 2; silent++) {
      picture_destroy(p[silent]);
      lab_destroy(lab[silent]);
    }
    picture_destroy(start);
  }
}
END_TEST

static void add(TCase *facts)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  lab_random_data();
  tcase_add_test(facts, results_are_those_of_one_rank);
  tcase_add_test(facts, what_silent_units_had_is_of_no_matter);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "silent", add);
}
