/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about the numbers in series.h5, against dense arrays gathered from all ranks. */
#include "agree.h"
#include "diagnostics.h"
#include "lab.h"
#include "rng.h"
#include <stdlib.h>

enum { SAMPLES = 10, INPUTS = 4 };

static const char common[] = "network.widths=[4,9,70,6,10] kp.tau_pot=1 kp.tau_dec=2 seed=4 "
                             "data.order=sequential network.hidden=tanh";
static int rank;

static void make_data(void)
{
  double x[SAMPLES * INPUTS];
  int label[SAMPLES];

  for (int k = 0; k < SAMPLES * INPUTS; k++)
    x[k] = 3 * rng_uniform(1, RNG_CIRCLES, 0, (uint64_t)k, 0) - 1.5;
  for (int p = 0; p < SAMPLES; p++) label[p] = p;
  lab_data("random", SAMPLES, INPUTS, x, label);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
}

static double norm(const struct array *a)
{
  double sum = 0;

  for (long k = 0; k < a->rows * a->cols; k++) sum += a->a[k] * a->a[k];
  return sqrt(sum);
}

static bool close_to(double a, double b)
{
  return fabs(a - b) <= 1e-13 * fabs(b);
}

/* Layers of 70 rows make more than one slab of the transposition; rounding is all that differs. */
START_TEST(norms_alignment_and_mismatch_are_those_of_the_dense_arrays)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "%s", common);
  lab_show(lab, 0, 3);
  struct diagnostics *d = diagnostics_create(lab->s->sys);
  const struct measures *m = diagnostics_measure(d);
  struct picture *p = picture_create(lab);
  bool good = true;

  for (int l = 1; rank == 0 && l <= p->L; l++) {
    good &= close_to(m->W_norm[l - 1], norm(&p->W[l]));
    if (l == p->L) break;
    const struct array *V = &p->V[l], *W = &p->W[l + 1];
    double dot = 0, off = 0;
    for (long i = 0; i < V->rows; i++)
      for (long j = 0; j < V->cols; j++) {
        const double v = V->a[i * V->cols + j], w = W->a[j * W->cols + i];
        dot += v * w;
        off += (v - w) * (v - w);
      }
    good &= close_to(m->V_norm[l - 1], norm(V)) && close_to(m->mismatch[l - 1], sqrt(off));
    good &= fabs(m->alignment[l - 1] - dot / (norm(V) * norm(W))) < 1e-14;
  }
  picture_destroy(p);
  diagnostics_destroy(d);
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(direct_routing_has_a_mismatch_at_the_last_hidden_layer_only)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "%s kp.routing=direct", common);
  struct diagnostics *d = diagnostics_create(lab->s->sys);
  const struct measures *m = diagnostics_measure(d);
  bool good = true;

  if (rank == 0)
    good = isnan(m->mismatch[0]) && isnan(m->alignment[1]) && isfinite(m->mismatch[2]) &&
           isfinite(m->alignment[2]) && isnan(m->balance[0]);
  diagnostics_destroy(d);
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

/* With the signals held still the time average is the product itself: after 100 tau of one sample,
 * with weights all but frozen, the next presentation of the same sample changes nothing. */
START_TEST(balance_is_the_ratio_of_drive_to_decay)
{
  struct lab *lab = lab_create(MPI_COMM_WORLD, "%s data.train=1 present.duration=0.1", common);
  struct system *sys = lab->s->sys;
  for (int k = 0; k < sys->model->synapses; k++)
    sys->model->synapse[k].tau_pot = sys->model->synapse[k].tau_dec = 1e12;
  lab_show(lab, 0, 2);
  struct diagnostics *d = diagnostics_create(sys);
  sys->observer = diagnostics_watch(d);
  lab_show(lab, 2, 1);
  sys->observer = NULL;
  const struct measures *m = diagnostics_measure(d);
  struct picture *p = picture_create(lab);
  bool good = true;

  for (int l = 1; rank == 0 && l <= p->L; l++) {
    double below = l > 1 ? norm(&p->y[l - 1]) : 0;
    for (int j = 0; l == 1 && j < INPUTS; j++)
      below += sys->presenter->x_to[j] * sys->presenter->x_to[j];
    if (l == 1) below = sqrt(below);
    const double expected = norm(&p->z[l]) * below / norm(&p->W[l]);
    good &= fabs(m->balance[l - 1] / expected - 1) < 1e-6;
  }
  picture_destroy(p);
  diagnostics_destroy(d);
  lab_destroy(lab);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

START_TEST(all_measures_have_the_bits_of_one_rank)
{
  bool good = true;
  double sum[2] = {0, 0};

  for (int alone = 0; alone < 2; alone++) {
    struct lab *lab = lab_create(alone ? MPI_COMM_SELF : MPI_COMM_WORLD, "%s", common);
    struct diagnostics *d = diagnostics_create(lab->s->sys);
    lab->s->sys->observer = diagnostics_watch(d);
    lab_show(lab, 0, 1);
    const struct measures *m = diagnostics_measure(d);
    for (int l = 0; rank == 0 && l < 3; l++)
      sum[alone] = 3 * sum[alone] + m->W_norm[l] + m->V_norm[l] + m->alignment[l] + m->mismatch[l] +
                   m->balance[l];
    diagnostics_destroy(d);
    lab_destroy(lab);
  }
  good = sum[0] == sum[1];
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

static void add(TCase *facts)
{
  make_data();
  tcase_add_test(facts, norms_alignment_and_mismatch_are_those_of_the_dense_arrays);
  tcase_add_test(facts, direct_routing_has_a_mismatch_at_the_last_hidden_layer_only);
  tcase_add_test(facts, balance_is_the_ratio_of_drive_to_decay);
  tcase_add_test(facts, all_measures_have_the_bits_of_one_rank);
}

int main(int argc, char **argv)
{
  return lab_main(argc, argv, "diagnostics", add);
}
