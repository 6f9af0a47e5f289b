/* SPDX-License-Identifier: BSD-3-Clause */
/* Every generation's kernels give the same bits. Those of AVX-512 run here where the processor has
 * it; their vectors of 64 bytes, cut up by the compiler, run everywhere. */
#include "../src/kernels/kernels.h"
#include "network.h"
#include "rng.h"
#include "some_step.h"
#include "suite.h"
#include <check.h>
#include <stdlib.h>
#include <string.h>

extern const struct kernels kernels_short, kernels_long;

enum { KINDS = 4, MOST = 560, TERMS = 15 };

/* Where kernels read from, the same for all, and where they write to. */
struct bench {
  long rows, ld, rows_ld;
  double *B; /* [ld][rows_ld] a matrix by columns */
  float *B_f32;
  double *A, *x, *y, *p, *q, *c; /* some of p and of y are 0 */
  float *A_f32, *x_f32, *y_f32, *p_f32, *q_f32;
};

static double *numbers(long count, uint64_t which)
{
  double *v = fail_alloc((size_t)count, sizeof *v);

  for (long i = 0; i < count; i++) v[i] = rng_normal(7, RNG_NOISE, which, (uint64_t)i, 0);
  return v;
}

static float *singles(long count, const double *v)
{
  float *s = fail_alloc((size_t)count, sizeof *s);

  for (long i = 0; i < count; i++) s[i] = (float)v[i];
  return s;
}

static struct bench bench(long rows, long cols)
{
  const long ld = padded(cols);
  struct bench b = {.rows = rows, .ld = ld, .rows_ld = padded(rows)};

  b.A = numbers(rows * ld, 0);
  b.x = numbers(ld, 1);
  b.y = numbers(ld, 2);
  b.p = numbers(TERMS * rows, 3);
  b.q = numbers(TERMS * ld, 4);
  b.c = numbers(TERMS, 5);
  for (long i = 0; i < ld; i += 3) b.y[i] = 0;
  for (long i = 0; i < rows; i += 5)
    for (int k = 0; k < TERMS; k++) b.p[k * rows + i] = 0;
  b.B = numbers(ld * b.rows_ld, 6);
  b.B_f32 = singles(ld * b.rows_ld, b.B);
  b.A_f32 = singles(rows * ld, b.A);
  b.x_f32 = singles(ld, b.x);
  b.y_f32 = singles(ld, b.y);
  b.p_f32 = singles(TERMS * rows, b.p);
  b.q_f32 = singles(TERMS * ld, b.q);
  return b;
}

static void end(struct bench *b)
{
  double *const doubles[] = {b->A, b->B, b->x, b->y, b->p, b->q, b->c};
  float *const floats[] = {b->A_f32, b->B_f32, b->x_f32, b->y_f32, b->p_f32, b->q_f32};

  for (int k = 0; k < 7; k++) free(doubles[k]);
  for (int k = 0; k < 6; k++) free(floats[k]);
}

/* All results of a generation: vectors of rows, the folded matrices, and what steps said. */
struct results {
  double out[16][MOST];
  int row[2][MOST + LIST_SPARE];
  long listed[2], read[2];
  double said[6];
  double *A;
  float *A_f32;
};

/* Steps of the vectors in p, after which small values are 0. */
static struct relax hush(void)
{
  struct relax r = some;

  r.silent = 0.3;
  return r;
}

static struct extent compute_kinked(const struct kernels *k, const struct bench *b,
                                    struct results *r)
{
  const struct relax hushed = hush();
  const double *const s = b->p, *const s0 = s + b->rows, *const s1 = s0 + b->rows;

  return k->kinked_step(b->rows, &hushed, 0.5, s, s0, s1, s1 + b->rows, r->out[8], r->out[9]);
}

static struct extent compute_gated(const struct kernels *k, const struct bench *b,
                                   struct results *r)
{
  const struct relax hushed = hush();
  const long n = b->rows;
  const double *const p = b->p;

  return k->gated_step(n, &hushed, 0.5, p, p + n, p + 2 * n, p + 3 * n, p + 4 * n, p + 5 * n,
                       r->out[10], r->out[11]);
}

static void compute(const struct kernels *k, const struct bench *b, struct results *r)
{
  const size_t all = (size_t)(b->rows * b->ld);

  memset(r->out, 0, sizeof r->out);
  memset(r->row, 0, sizeof r->row);
  r->listed[0] = k->crossing_rows(b->rows, 0.5, b->p, b->p + b->rows, r->row[0]);
  r->listed[1] = k->open_rows(b->rows, 0.5, 2, b->p, b->p + b->rows, r->row[1]);
  for (int e = 0; e < 2; e++) memset(r->row[e] + r->listed[e], 0, LIST_SPARE * sizeof(int));
  const struct extent x[2] = {compute_kinked(k, b, r), compute_gated(k, b, r)};
  for (int e = 0; e < 2; e++) {
    r->said[3 * e] = x[e].curvature;
    r->said[3 * e + 1] = x[e].size;
    r->said[3 * e + 2] = x[e].moves;
  }
  k->rows_f64(b->A, b->rows, b->ld, b->x, r->out[0]);
  k->rows_f32(b->A_f32, b->rows, b->ld, b->x_f32, r->out[1]);
  k->some_f64(b->A, b->ld, b->x, r->listed[1], r->row[1], r->out[12]);
  k->some_f32(b->A_f32, b->ld, b->x_f32, r->listed[1], r->row[1], r->out[13]);
  k->rows2_f64(b->A, b->rows, b->ld, b->x, b->y, r->out[2], r->out[3]);
  k->rows2_f32(b->A_f32, b->rows, b->ld, b->x_f32, b->y_f32, r->out[4], r->out[5]);
  r->read[0] = k->columns_f64(b->B, b->ld, b->rows_ld, b->y, b->rows, r->out[14]);
  r->read[1] = k->columns_f32(b->B_f32, b->ld, b->rows_ld, b->y_f32, b->rows, r->out[15]);
  k->combine_f64(0.7, TERMS, b->c, b->p, b->rows, b->rows, r->out[6]);
  k->combine_f32(0.7, TERMS, b->c, b->p_f32, b->rows, b->rows, r->out[7]);
  r->A = fail_alloc(all, sizeof *r->A);
  r->A_f32 = fail_alloc(all, sizeof *r->A_f32);
  memcpy(r->A, b->A, all * sizeof *r->A);
  memcpy(r->A_f32, b->A_f32, all * sizeof *r->A_f32);
  k->fold_f64(r->A, b->rows, b->ld, 1e-3, TERMS, b->p, b->rows, b->q, b->ld);
  k->fold_f32(r->A_f32, b->rows, b->ld, 1e-3, TERMS, b->p_f32, b->rows, b->q_f32, b->ld);
}

static bool same(const struct results *a, const struct results *b, size_t all)
{
  return memcmp(a->out, b->out, sizeof a->out) == 0 &&
         memcmp(a->said, b->said, sizeof a->said) == 0 &&
         memcmp(a->listed, b->listed, sizeof a->listed) == 0 &&
         memcmp(a->read, b->read, sizeof a->read) == 0 &&
         memcmp(a->row, b->row, sizeof a->row) == 0 &&
         memcmp(a->A, b->A, all * sizeof *a->A) == 0 &&
         memcmp(a->A_f32, b->A_f32, all * sizeof *a->A_f32) == 0;
}

/* How many generations differ from AVX2 on a matrix of this size. */
static int differ(long rows, long cols)
{
  const bool has_v4 = __builtin_cpu_supports("x86-64-v4") != 0;
  const struct kernels *const kinds[KINDS] = {&kernels_x86_64_v3, &kernels_short, &kernels_long,
                                              has_v4 ? &kernels_x86_64_v4 : &kernels_x86_64_v3};
  struct bench b = bench(rows, cols);
  static struct results r[KINDS];
  int count = 0;

  for (int k = 0; k < KINDS; k++) {
    compute(kinds[k], &b, &r[k]);
    if (!same(&r[0], &r[k], (size_t)(b.rows * b.ld))) {
      fprintf(stderr, "%ld x %ld: generation %d differs\n", rows, cols, k);
      count++;
    }
  }
  for (int k = 0; k < KINDS; k++) {
    free(r[k].A);
    free(r[k].A_f32);
  }
  end(&b);
  return count;
}

START_TEST(all_generations_give_the_same_bits)
{
  static const long rows[] = {1, 2, 3, 5, 8, 11, 64, 67, 129, MOST};
  static const long cols[] = {1, 16, 17, 100, 128, 300, 784};

  if (!__builtin_cpu_supports("x86-64-v3")) return;
  for (int i = 0; i < 10; i++)
    for (int j = 0; j < 7; j++) ck_assert_int_eq(differ(rows[i], cols[j]), 0);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("generations");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, all_generations_give_the_same_bits);
  return suite_run(runner);
}
