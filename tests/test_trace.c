/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about trace.h5: signals of a chain against their closed form, and the same on any number of
 * ranks. */
#include "agree.h"
#include "lab.h"
#include "trace.h"
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 5 };

static const char *const solvers[] = {"cascade", "lockstep", "cvode", "erk"};
static int rank;

/* A column of a trace file: [rows][width]. */
struct column_read {
  long rows, width;
  double *a;
};

static struct column_read read_column(const char *path, const char *name)
{
  hsize_t shape[2] = {0, 1};
  hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), set = H5Dopen2(file, name, H5P_DEFAULT);
  hid_t space = H5Dget_space(set);

  H5Sget_simple_extent_dims(space, shape, NULL);
  struct column_read c = {(long)shape[0], (long)shape[1], NULL};
  c.a = fail_alloc((size_t)(c.rows * c.width), sizeof *c.a);
  if (H5Dread(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, c.a) < 0) c.rows = -1;
  H5Sclose(space);
  H5Dclose(set);
  H5Fclose(file);
  return c;
}

/* Show `count` presentations and trace those the job wants. */
static bool trace_lab(struct lab *lab, const char *path, long count)
{
  struct faults faults = {0};
  struct trace *t = trace_create(lab->s->sys, lab->job, path);
  const bool first = lab->s->part->rank == 0;
  bool good = !first || trace_begin(t, "name: test\n", &faults);

  for (long p = 0; p < count; p++) {
    lab->s->sys->observer = trace_wants(t, p) ? trace_watch(t, NULL, &faults) : NULL;
    good &= lab_show(lab, p, 1);
  }
  lab->s->sys->observer = NULL;
  trace_flush(t);
  trace_destroy(t);
  good &= faults.count == 0;
  faults_clear(&faults);
  return good;
}

/* What a unit step becomes behind n filters of time constant 1: 1 - e^-t sum_{k<n} t^k/k!. */
static double filtered(int n, double t)
{
  double term = 1, sum = 0;

  if (t <= 0) return n == 0 && t == 0;
  for (int k = 0; k < n; k++) {
    sum += term;
    term *= t / (k + 1);
  }
  return 1 - exp(-t) * sum;
}

/* A pulse from 0 to 50 time constants. */
static double pulse(int n, double t)
{
  return filtered(n, t) - filtered(n, t - 50);
}

/* How far y, z and s of the chain, which a pulse of 50 ms went through, are from the closed form:
 * y_l is behind l filters, and z_l = - (2L - l filters), for the target is 0. */
static double distance_from_filters(const char *path)
{
  struct column_read u = read_column(path, "t");
  double far = u.rows > 100 ? 0 : INFINITY;

  for (int l = 1; l <= DEPTH; l++) {
    char name[3][40];
    for (int k = 0; k < 3; k++) snprintf(name[k], sizeof name[k], "layer%02d/%c", l, "yzs"[k]);
    struct column_read y = read_column(path, name[0]), z = read_column(path, name[1]);
    struct column_read s = read_column(path, name[2]);
    for (long i = 0; i < u.rows; i++) {
      const double t = u.a[i] / 1e-3;
      far = fmax(far, fabs(y.a[i] - pulse(l, t)));
      far = fmax(far, fabs(z.a[i] + pulse(2 * DEPTH - l, t)));
      if (l > 1) far = fmax(far, fabs(s.a[i] - pulse(l - 1, t))); /* the input jumps */
    }
    free(y.a);
    free(z.a);
    free(s.a);
  }
  free(u.a);
  return far;
}

START_TEST(signals_of_a_chain_are_those_of_a_chain_of_filters)
{
  const double x[2] = {1, 0};
  const int label[2] = {0, 0};
  bool good = true;

  lab_data("pulse", 2, 1, x, label);
  for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
    struct lab *lab = lab_create(
        MPI_COMM_WORLD,
        "network.widths=[1,1,1,1,1,1] network.hidden=linear kp.output_error=squared kp.tau_pot=1e9 "
        "kp.tau_dec=1e12 data.path=pulse.h5 data.order=sequential present.ramp=0 "
        "present.label_delay=1 solver.name=%s solver.relative=1e-7 solver.absolute=1e-9 "
        "record.trace=[0,1]",
        solvers[k]);
    lab_set_weights(lab, 1);
    good &= trace_lab(lab, "chain.h5", 2);
    const double far = rank == 0 ? distance_from_filters("chain.h5") : 0;
    if (far > 2e-5) printf("%s: off by %g\n", solvers[k], far);
    good &= far <= 2e-5;
    lab_destroy(lab);
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static bool same_column(const char *a, const char *b, const char *name, long *rows)
{
  struct column_read p = read_column(a, name), q = read_column(b, name);
  const bool same = p.rows == q.rows && p.rows > 0 && p.width == q.width &&
                    memcmp(p.a, q.a, (size_t)(p.rows * p.width) * sizeof *p.a) == 0;

  *rows = p.rows;
  free(p.a);
  free(q.a);
  return same;
}

/* With steps this short there are more rows than are kept before they are written. */
START_TEST(a_trace_has_the_bits_of_one_rank)
{
  static const char *const names[] = {"presentation", "t",         "u",         "x",
                                      "target",       "layer01/s", "layer02/y", "layer03/z",
                                      "layer04/s",    "layer04/z"};
  bool good = true;

  for (size_t k = 0; k < sizeof solvers / sizeof *solvers; k++) {
    char alone[40];
    snprintf(alone, sizeof alone, "alone-%d.h5", rank);
    for (int self = 0; self < 2; self++) {
      struct lab *lab = lab_create(
          self ? MPI_COMM_SELF : MPI_COMM_WORLD,
          "network.widths=[4,40,40,40,3] kp.tau_pot=1 solver.name=%s solver.max_step=2e-4 "
          "record.trace=[3,1] record.trace_units=37",
          solvers[k]);
      good &= trace_lab(lab, self ? alone : "together.h5", 4);
      lab_destroy(lab);
    }
    long rows = 0;
    for (size_t c = 0; rank == 0 && c < sizeof names / sizeof *names; c++)
      good &= same_column(alone, "together.h5", names[c], &rows);
    good &= rank != 0 || rows > 500;
  }
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* Presentations 1 and 3 were traced; a run that resumes after two has yet to come to the second. */
START_TEST(a_resumed_run_drops_what_it_will_see_again)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "network.widths=[4,6,3] record.trace=[1,3]");
  bool good = trace_lab(lab, "resumed.h5", 4);

  if (rank == 0) {
    struct faults faults = {0};
    struct trace *t = trace_create(lab->s->sys, lab->job, "resumed.h5");
    struct column_read before = read_column("resumed.h5", "presentation");
    good &= before.a[0] == 1 && before.a[before.rows - 1] == 3;
    good &= trace_resume(t, 2, &faults);
    struct column_read after = read_column("resumed.h5", "presentation");
    good &= after.rows > 0 && after.rows < before.rows && after.a[after.rows - 1] == 1;
    free(before.a);
    free(after.a);
    trace_destroy(t);
    faults_clear(&faults);
  }
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(nothing_wanted_is_nothing_done)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "network.widths=[4,6,3]");
  struct trace *t = trace_create(lab->s->sys, lab->job, "never.h5");

  ck_assert(agree(MPI_COMM_WORLD, !t && !trace_wants(t, 0) && trace_begin(t, "", NULL)));
  lab_destroy(lab);
}
END_TEST

static void add(TCase *facts)
{
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  lab_random_data();
  tcase_add_test(facts, signals_of_a_chain_are_those_of_a_chain_of_filters);
  tcase_add_test(facts, a_trace_has_the_bits_of_one_rank);
  tcase_add_test(facts, a_resumed_run_drops_what_it_will_see_again);
  tcase_add_test(facts, nothing_wanted_is_nothing_done);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "trace", add);
}
