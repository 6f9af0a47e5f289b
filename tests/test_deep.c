/* SPDX-License-Identifier: BSD-3-Clause */
/* Facts about predictive coding's linear equilibria, updates and alignments: against the minimum of
 * the energy found by one dense solve of all hidden activities, written here from the energy alone.
 *
 * With TAUFLOW_TELL set, the measured numbers are printed. */
#include "agree.h"
#include "deep_lab.h"
#include "dense.h"
#include "petsc_part.h"
#include "suite.h"
#include <stdlib.h>
#include <string.h>

static int rank;

static void tell(const char *what, double value)
{
  if (rank == 0 && getenv("TAUFLOW_TELL")) printf("%s: %.3g\n", what, value);
}

/* --- facts --- */

START_TEST(lines_become_blocks_and_lines_again)
{
  int size;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  struct grid *grid = grid_create(MPI_COMM_WORLD, 13);
  struct full A = full_create(23, 13);
  long cut[2][64];
  double off = 0;

  scatter(&A, 3, 1);
  for (int columns = 0; columns < 2; columns++) {
    const long n = columns ? A.cols : A.rows, ld = (columns ? A.rows : A.cols) + 2;
    for (int r = 0; r <= size; r++) cut[columns][r] = n * r * r / (size * size); /* uneven */
    const long lo = cut[columns][rank], hi = cut[columns][rank + 1];
    struct lines l = {columns, cut[columns], ld, fail_alloc((size_t)((hi - lo) * ld), 8)};
    struct blocks *B = blocks_create(grid, A.rows, A.cols);
    for (long i = lo; i < hi; i++)
      for (long j = 0; j < ld - 2; j++)
        l.data[(i - lo) * ld + j] = columns ? *at(&A, j, i) : *at(&A, i, j);
    blocks_from_lines(&l, B);
    off = fmax(off, apart(&A, B));
    memset(l.data, 0, (size_t)((hi - lo) * ld) * sizeof(double));
    blocks_to_lines(B, &l);
    for (long i = lo; i < hi; i++)
      for (long j = 0; j < ld; j++) {
        const double want = j >= ld - 2 ? 0 : columns ? *at(&A, j, i) : *at(&A, i, j);
        off = fmax(off, fabs(l.data[(i - lo) * ld + j] - want));
      }
    free(l.data);
    blocks_destroy(B);
  }
  free(A.a);
  grid_destroy(grid);
  ck_assert(agree(MPI_COMM_WORLD, off == 0));
}
END_TEST

START_TEST(every_method_finds_the_minimum_of_the_energy)
{
  double worst = 0, worst_certificate = 0;

  for (int s = 0; s < SHAPES; s++) {
    struct net net = net_create(shapes[s].L, shapes[s].n, 6, shapes[s].residual, 0.5);
    solve_reference(&net);
    for (int way = BY_CLOSED; way <= BY_CG; way++) {
      const struct pc_options o = options((enum pc_inference)way, net.residual, net.B);
      struct deep *d = deep_of(&net, &o);
      struct equilibrium *q = equilibrium_create(d);
      const struct found found = equilibrium_find(q);
      double energy = 0;
      for (int l = 1; l <= net.L; l++) {
        worst = fmax(worst, apart(&net.x[l], d->x[l]));
        worst = fmax(worst, apart(&net.e[l], d->e[l]));
        for (long k = 0; k < net.n[l] * net.B; k++) energy += net.e[l].a[k] * net.e[l].a[k] / 2;
      }
      worst = fmax(worst, fabs(found.energy / (energy / (double)net.B) - 1));
      worst_certificate = fmax(worst_certificate, found.certificate);
      equilibrium_destroy(q);
      deep_destroy(d);
    }
    net_destroy(&net);
  }
  tell("activities, errors and energies of all methods, relative", worst);
  tell("certificates", worst_certificate);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-12 && worst_certificate < 1e-12));
}
END_TEST

/* E* = 1/2 sum_b r' S^-1 r, by the reference. */
static double energy_of(struct net *net)
{
  double sum = 0;

  pass_forward(net);
  solve_reference(net);
  for (int l = 1; l <= net->L; l++)
    for (long k = 0; k < net->n[l] * net->B; k++) sum += net->e[l].a[k] * net->e[l].a[k] / 2;
  return sum / (double)net->B;
}

START_TEST(updates_go_down_the_energy_at_equilibrium)
{
  double worst = 0;

  for (int s = 0; s < SHAPES; s++) {
    struct net net = net_create(shapes[s].L, shapes[s].n, 6, shapes[s].residual, 0.5);
    const struct pc_options o = options(BY_CLOSED, net.residual, net.B);
    struct deep *d = deep_of(&net, &o);
    struct equilibrium *q = equilibrium_create(d);
    struct scaler *scaler = scaler_create(d);
    equilibrium_find(q);
    deep_apply(d, scaler_updates(scaler, d->x));
    const double h = 1e-4;
    for (int l = 1; l <= net.L; l++) {
      struct full W = full_create(net.n[l], net.n[l - 1]);
      for (long i = 0; i < W.rows; i++)
        for (long j = 0; j < W.cols; j++) {
          double *w = at(&net.M[l], i, j), kept = *w;
          *w = kept + h;
          const double up = energy_of(&net);
          *w = kept - h;
          const double down = energy_of(&net);
          *w = kept;
          *at(&W, i, j) = kept - (net.residual && i == j) - o.rate * (up - down) / (2 * h);
        }
      worst = fmax(worst, apart(&W, d->W[l]));
      free(W.a);
    }
    scaler_destroy(scaler);
    equilibrium_destroy(q);
    deep_destroy(d);
    net_destroy(&net);
  }
  tell("updates against differences of the energy", worst);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-8));
}
END_TEST

/* D_l by the formulas at the head of scale.c, with dense inverses. */
static struct full reference_update(const struct net *net, int l, enum pc_scale scale, bool bp,
                                    const struct full *e, double alpha)
{
  const long n = net->n[l - 1], B = net->B;
  const struct full *xhat = &net->xhat[l - 1], *x = bp ? xhat : &net->x[l - 1];
  struct full A = full_create(n, n), D = full_create(net->n[l], n), G = full_create(net->n[l], n),
              post = full_create(net->n[l], B);
  double mean = 0;

  memcpy(post.a, e->a, (size_t)(net->n[l] * B) * sizeof(double));
  for (long b = 0; b < B; b++) {
    double dot = 0;
    for (long j = 0; j < n; j++) dot += *at(x, j, b) * *at(xhat, j, b);
    mean += dot / (double)B;
    for (long i = 0; scale == SCALE_SAMPLE && i < net->n[l]; i++) *at(&post, i, b) /= dot;
  }
  if (scale == SCALE_DECORRELATE || scale == SCALE_REGULARIZE) {
    add_product(1 / (double)B, 'N', 'T', xhat, x, &A);
    if (scale == SCALE_REGULARIZE) {
      struct full S = full_create(n, n);
      double value[MOST];
      for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) *at(&S, i, j) = (*at(&A, i, j) + *at(&A, j, i)) / 2;
      LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'L', (int)n, S.a, (int)n, value);
      const double eps = fmax(0, alpha * value[n - 1] - value[0]);
      for (long i = 0; i < n; i++) *at(&A, i, i) += eps;
      free(S.a);
    }
    /* inverse, or pseudoinverse by singular values */
    double s[MOST], u[MOST * MOST], vt[MOST * MOST], none[MOST];
    LAPACKE_dgesvd(LAPACK_COL_MAJOR, 'A', 'A', (int)n, (int)n, A.a, (int)n, s, u, (int)n, vt,
                   (int)n, none);
    memset(A.a, 0, (size_t)(n * n) * sizeof(double));
    for (long k = 0; k < n && s[k] > 1e-12 * s[0]; k++)
      for (long i = 0; i < n; i++)
        for (long j = 0; j < n; j++) *at(&A, i, j) += vt[k + i * n] * u[j + k * n] / s[k];
  } else {
    for (long i = 0; i < n; i++) *at(&A, i, i) = scale == SCALE_BATCH ? 1 / mean : 1;
  }
  add_product(1 / (double)B, 'N', 'T', &post, x, &G);
  add_product(1, 'N', 'N', &G, &A, &D);
  free(A.a);
  free(G.a);
  free(post.a);
  return D;
}

static void backward_reference(struct net *net)
{
  memcpy(net->e[net->L].a, net->r.a, (size_t)(net->n[net->L] * net->B) * sizeof(double));
  for (int l = net->L - 1; l >= 1; l--) {
    memset(net->e[l].a, 0, (size_t)(net->n[l] * net->B) * sizeof(double));
    add_product(1, 'T', 'N', &net->M[l + 1], &net->e[l + 1], &net->e[l]);
  }
}

/* How far the weights are off after an update. */
static double scaling_off(struct net *net, enum pc_scale scale, bool bp)
{
  double worst = 0;
  struct pc_options o = options(BY_CLOSED, net->residual, net->B);

  o.rule = bp ? RULE_BP : RULE_PC;
  o.scale = scale;
  struct deep *d = deep_of(net, &o);
  struct equilibrium *q = equilibrium_create(d);
  struct scaler *scaler = scaler_create(d);
  if (bp) {
    backward_reference(net);
    blocks_copy(d->r, d->e[d->L]);
    deep_backward(d, NULL, d->e);
  } else {
    solve_reference(net);
    equilibrium_find(q);
  }
  deep_apply(d, scaler_updates(scaler, bp ? d->guess : d->x));
  for (int l = 1; l <= net->L; l++) {
    struct full W = reference_update(net, l, o.scale, bp, &net->e[l], o.regularize_alpha);
    for (long i = 0; i < W.rows; i++)
      for (long j = 0; j < W.cols; j++)
        *at(&W, i, j) = *at(&net->M[l], i, j) - (net->residual && i == j) + o.rate * *at(&W, i, j);
    worst = fmax(worst, apart(&W, d->W[l]));
    free(W.a);
  }
  scaler_destroy(scaler);
  equilibrium_destroy(q);
  deep_destroy(d);
  return worst;
}

START_TEST(every_scaling_is_its_formula)
{
  double worst = 0;

  for (int s = 0; s < SHAPES; s++)
    for (int k = 0; k < 5 * 2 * 2; k++) {
      const long B = k / 2 % 2 ? 3 : 20; /* fewer, and more than units */
      struct net net = net_create(shapes[s].L, shapes[s].n, B, shapes[s].residual, 0.5);
      worst = fmax(worst, scaling_off(&net, (enum pc_scale)(k / 4), k % 2 == 0));
      net_destroy(&net);
    }
  tell("weights after one update of every scaling", worst);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-10));
}
END_TEST

/* A matrix of rank 1, after which the samples are multiples of one vector, each ten times the one
 * before: what rounding leaves of their difference is large beside the first. */
START_TEST(samples_that_weights_make_dependent_are_told_by_the_pseudoinverse)
{
  double worst = 0;

  for (int k = 0; k < 2 * 2; k++) {
    struct net net = net_create(4, rectangular, 3, false, 0.5);
    struct full *M = &net.M[k / 2 + 1];
    for (long i = 0; i < M->rows; i++)
      for (long j = 1; j < M->cols; j++) *at(M, i, j) = *at(M, i, 0) * *at(M, 0, j) / *at(M, 0, 0);
    for (long b = 0; b < net.B; b++)
      for (long i = 0; i < net.n[0]; i++)
        *at(&net.xhat[0], i, b) = *at(&net.x[0], i, b) *= pow(10, (double)b);
    pass_forward(&net);
    worst = fmax(worst, scaling_off(&net, SCALE_DECORRELATE, k % 2 == 0));
    net_destroy(&net);
  }
  tell("weights after one update, decorrelated, of dependent samples", worst);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-10));
}
END_TEST

static double size_of(const struct full *A)
{
  double sum = 0;

  for (long k = 0; k < A->rows * A->cols; k++) sum += A->a[k] * A->a[k];
  return sqrt(sum);
}

/* The largest |dW_l|/|M_l| is what is trusted, or what the rate makes it where that is less, and
 * all layers go the same share of their way. */
START_TEST(an_update_that_changes_too_much_is_shortened_as_a_whole)
{
  double worst = 0, least = 1;

  for (int s = 0; s < SHAPES; s++)
    for (int k = 0; k < 3; k++) {
      static const double trust[] = {1e-3, 1e-2, 1e9};
      struct net net = net_create(shapes[s].L, shapes[s].n, 6, shapes[s].residual, 0.5);
      struct pc_options o = options(BY_CLOSED, net.residual, net.B);
      o.trust = trust[k];
      struct full D[8];
      double most = 0;
      struct deep *d = deep_of(&net, &o);
      struct equilibrium *q = equilibrium_create(d);
      struct scaler *scaler = scaler_create(d);
      solve_reference(&net);
      equilibrium_find(q);
      for (int l = 1; l <= net.L; l++) {
        D[l] = reference_update(&net, l, SCALE_NONE, false, &net.e[l], 0);
        most = fmax(most, o.rate * size_of(&D[l]) / size_of(&net.M[l]));
      }
      const double share = fmin(1, trust[k] / most);
      least = fmin(least, share);
      deep_apply(d, scaler_updates(scaler, d->x));
      worst = fmax(worst, fabs(scaler_trusted(scaler) / share - 1));
      for (int l = 1; l <= net.L; l++) {
        for (long i = 0; i < D[l].rows; i++)
          for (long j = 0; j < D[l].cols; j++)
            *at(&D[l], i, j) =
                *at(&net.M[l], i, j) - (net.residual && i == j) + share * o.rate * *at(&D[l], i, j);
        worst = fmax(worst, apart(&D[l], d->W[l]));
        free(D[l].a);
      }
      scaler_destroy(scaler);
      equilibrium_destroy(q);
      deep_destroy(d);
      net_destroy(&net);
    }
  tell("weights after a shortened update", worst);
  tell("the shortest is this share of the whole", least);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-12 && least < 0.1));
}
END_TEST

/* One update, and how it is aligned; of: each sample's. */
static struct alignment align(struct net *net, struct pc_options o, double kappa, double *of)
{
  struct deep *d = deep_of(net, &o);
  struct blocks *const *pre = d->guess;

  if (kappa > 0) {
    ck_assert(deep_condition(d, kappa, "", NULL));
    deep_forward(d, d->guess);
    blocks_copy(d->y, d->r);
    blocks_add(-1, d->guess[d->L], d->r);
  }
  struct equilibrium *q = o.rule == RULE_PC ? equilibrium_create(d) : NULL;
  struct scaler *scaler = scaler_create(d);
  if (q) {
    equilibrium_find(q);
    pre = d->x;
  } else {
    blocks_copy(d->r, d->e[d->L]);
    deep_backward(d, NULL, d->e);
  }
  const struct alignment a = deep_align(d, scaler_updates(scaler, pre), of);
  scaler_destroy(scaler);
  equilibrium_destroy(q);
  deep_destroy(d);
  return a;
}

START_TEST(figure_1_has_its_alignments)
{
  static const long n[] = {1, 1, 2};
  struct net net = net_create(2, n, 1, false, 0);
  struct pc_options o = options(BY_CLOSED, false, 1);
  double off = 0;

  for (int l = 1; l <= 2; l++)
    for (long k = 0; k < net.M[l].rows * net.M[l].cols; k++) net.M[l].a[k] = 1;
  net.x[0].a[0] = net.xhat[0].a[0] = 1;
  net.y.a[0] = -1;
  net.y.a[1] = 1;
  off = fmax(off, fabs(align(&net, o, 0, NULL).limit - 5 / sqrt(29)));
  o.scale = SCALE_SAMPLE;
  off = fmax(off, fabs(align(&net, o, 0, NULL).limit - 1));
  o.rule = RULE_BP;
  o.scale = SCALE_NONE;
  off = fmax(off, fabs(align(&net, o, 0, NULL).limit - 2 / sqrt(5)));
  net_destroy(&net);
  tell("figure 1's alignments", off);
  ck_assert(agree(MPI_COMM_WORLD, off < 1e-15));
}
END_TEST

START_TEST(scaled_samples_are_aligned_whatever_the_condition)
{
  static const double kappa[] = {0, 1, 1e3, 1e6, 1e12};
  double worst = 0, least_plain = 1;

  for (int s = 0; s < SHAPES; s++)
    for (int k = 0; k < 5; k++) {
      struct net net = net_create(shapes[s].L, shapes[s].n, 1, shapes[s].residual, 0.5);
      struct pc_options o = options(BY_CLOSED, net.residual, 1);
      least_plain = fmin(least_plain, align(&net, o, kappa[k], NULL).limit);
      o.scale = SCALE_SAMPLE;
      worst = fmax(worst, fabs(align(&net, o, kappa[k], NULL).limit - 1));
      net_destroy(&net);
    }
  tell("theorem 1: 1 - alignment", worst);
  tell("without scaling the least alignment is", least_plain);
  ck_assert(agree(MPI_COMM_WORLD, worst <= 1e-12 && least_plain < 0.99));
}
END_TEST

START_TEST(decorrelated_batches_are_aligned_up_to_the_smallest_width)
{
  double worst = 0, beyond = 0;

  for (int s = 0; s < SHAPES; s++) {
    long least = shapes[s].n[0];
    for (int l = 1; l < shapes[s].L; l++) least = shapes[s].n[l] < least ? shapes[s].n[l] : least;
    for (long B = 1; B <= least + 6; B++) {
      struct net net = net_create(shapes[s].L, shapes[s].n, B, shapes[s].residual, 0.5);
      struct pc_options o = options(BY_CLOSED, net.residual, B);
      o.scale = SCALE_DECORRELATE;
      const double off = fabs(align(&net, o, 0, NULL).limit - 1);
      if (B <= least) worst = fmax(worst, off);
      if (B == least + 6) beyond = fmax(beyond, off);
      net_destroy(&net);
    }
  }
  tell("theorem 2: 1 - alignment", worst);
  tell("and beyond the smallest width", beyond);
  ck_assert(agree(MPI_COMM_WORLD, worst <= 1e-9 && beyond > 1e-3));
}
END_TEST

START_TEST(the_real_alignment_is_that_of_two_forward_passes)
{
  double worst = 0, moved = 0;

  for (int s = 0; s < SHAPES; s++) {
    struct net net = net_create(shapes[s].L, shapes[s].n, 4, shapes[s].residual, 0.5);
    const struct pc_options o = options(BY_CLOSED, net.residual, 4);
    double of[4];
    const struct alignment a = align(&net, o, 0, of);
    solve_reference(&net);
    struct full before = net.xhat[net.L];
    net.xhat[net.L] = full_create(before.rows, before.cols);
    struct full D[8];
    for (int l = 1; l <= net.L; l++)
      D[l] = reference_update(&net, l, SCALE_NONE, false, &net.e[l], 0);
    for (int l = 1; l <= net.L; l++)
      for (long k = 0; k < D[l].rows * D[l].cols; k++) net.M[l].a[k] += o.rate * D[l].a[k];
    struct full r = net.r;
    net.r = full_create(r.rows, r.cols);
    pass_forward(&net);
    for (long b = 0; b < net.B; b++) {
      double rr = 0, rt = 0, tt = 0;
      for (long i = 0; i < r.rows; i++) {
        const double t = *at(&net.xhat[net.L], i, b) - *at(&before, i, b), v = *at(&r, i, b);
        rr += v * v;
        rt += v * t;
        tt += t * t;
      }
      worst = fmax(worst, fabs(of[b] - rt / sqrt(rr * tt)));
    }
    moved = fmax(moved, fabs(a.real - a.limit));
    for (int l = 1; l <= net.L; l++) free(D[l].a);
    free(before.a);
    free(r.a);
    net_destroy(&net);
  }
  tell("alignment after a real update", worst);
  tell("its distance from the limit", moved);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-11 && moved > 1e-6));
}
END_TEST

/* As one rank's LAPACK has it, whatever the grid. */
START_TEST(orthogonal_weights_are_those_of_one_rank)
{
  double worst = 0;

  for (int s = 0; s < SHAPES; s++) {
    struct net net = net_create(shapes[s].L, shapes[s].n, 1, false, 0.5);
    const struct pc_options o = options(BY_CLOSED, false, 1);
    struct deep *d = deep_of(&net, &o);
    deep_orthonormalise(d, 3);
    for (int l = 1; l <= net.L; l++) {
      struct full *M = &net.M[l], Q = full_create(M->cols, M->rows); /* row-major for dense.h */
      for (long i = 0; i < M->rows; i++)
        for (long j = 0; j < M->cols; j++) *at(&Q, j, i) = *at(M, i, j);
      dense_orthonormalise(M->rows, M->cols, Q.a);
      for (long i = 0; i < M->rows; i++)
        for (long j = 0; j < M->cols; j++) *at(M, i, j) = 3 * *at(&Q, j, i);
      worst = fmax(worst, apart(M, d->W[l]));
      free(Q.a);
    }
    deep_destroy(d);
    net_destroy(&net);
  }
  tell("orthogonal weights", worst);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-12));
}
END_TEST

START_TEST(conditioning_gives_kappa_and_keeps_the_norm)
{
  double worst = 0;

  for (int s = 0; s < SHAPES; s++) {
    struct net net = net_create(shapes[s].L, shapes[s].n, 1, false, 0.5);
    const struct pc_options o = options(BY_CLOSED, false, 1);
    struct deep *d = deep_of(&net, &o);
    ck_assert(deep_condition(d, 1000, "", NULL));
    for (int l = 1; l <= net.L; l++) {
      const long m = net.n[l], n = net.n[l - 1], k = m < n ? m : n;
      double before = 0, after = 0, *value = fail_alloc((size_t)k, sizeof *value);
      for (long q = 0; q < m * n; q++) before += net.M[l].a[q] * net.M[l].a[q];
      struct blocks *U = blocks_create(d->grid, m, k), *Vt = blocks_create(d->grid, k, n);
      blocks_singular(d->W[l], value, U, Vt);
      for (long q = 0; q < k; q++) after += value[q] * value[q];
      worst = fmax(worst, fabs(after / before - 1));
      worst = fmax(worst, fabs(value[0] / value[k - 1] / 1000 - 1));
      for (long q = 1; q + 1 < k; q++) /* evenly spaced */
        worst = fmax(worst, fabs((value[q - 1] - 2 * value[q] + value[q + 1]) / value[0]));
      blocks_destroy(U);
      blocks_destroy(Vt);
      free(value);
    }
    deep_destroy(d);
    net_destroy(&net);
  }
  tell("conditioning", worst);
  ck_assert(agree(MPI_COMM_WORLD, worst < 1e-11));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  Suite *suite = suite_create("deep");
  TCase *tcase = tcase_create("facts");
  tcase_set_timeout(tcase, 0);
  tcase_add_test(tcase, lines_become_blocks_and_lines_again);
  tcase_add_test(tcase, every_method_finds_the_minimum_of_the_energy);
  tcase_add_test(tcase, updates_go_down_the_energy_at_equilibrium);
  tcase_add_test(tcase, every_scaling_is_its_formula);
  tcase_add_test(tcase, samples_that_weights_make_dependent_are_told_by_the_pseudoinverse);
  tcase_add_test(tcase, an_update_that_changes_too_much_is_shortened_as_a_whole);
  tcase_add_test(tcase, figure_1_has_its_alignments);
  tcase_add_test(tcase, scaled_samples_are_aligned_whatever_the_condition);
  tcase_add_test(tcase, decorrelated_batches_are_aligned_up_to_the_smallest_width);
  tcase_add_test(tcase, the_real_alignment_is_that_of_two_forward_passes);
  tcase_add_test(tcase, orthogonal_weights_are_those_of_one_rank);
  tcase_add_test(tcase, conditioning_gives_kappa_and_keeps_the_norm);
  suite_add_tcase(suite, tcase);
  return suite_run(srunner_create(suite));
}
