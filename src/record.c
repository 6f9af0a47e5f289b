/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"
#include "series.h"
#include <stdlib.h>
#include <string.h>

enum { TRAINING, TESTS, TABLES };

struct recorder {
  char *path;
  int L;
  struct column training[10];
  struct table table[TABLES];
};

static const struct column tests[] = {
    {"presentation", 1, "presentations completed", "1", false},
    {"t", 1, "simulated time", "s", false},
    {"accuracy", 1, "share of test samples classified correctly", "1", false},
    {"loss", 1, "mean loss of the test samples", "1", false},
};

struct recorder *recorder_create(const char *path, int L)
{
  struct recorder *r = fail_alloc(1, sizeof *r);
  const struct column training[] = {
      {"presentation", 1, "presentations completed", "1", false},
      {"t", 1, "simulated time", "s", false},
      {"train_accuracy", 1, "moving average over 1000 presentations", "1", false},
      {"train_loss", 1, "moving average over 1000 presentations", "1", false},
      {"W_norm", L, "Frobenius norm of W_l", "1", true},
      {"V_norm", L - 1, "Frobenius norm of V_l", "1", true},
      {"alignment", L - 1, "cos(V_l^T, W_{l+1})", "1", true},
      {"mismatch", L - 1, "Frobenius norm of V_l^T - W_{l+1}", "1", true},
      {"mismatch_law", L - 1, "the first mismatch times exp(-t/tau_dec)", "1", true},
      {"balance", L, "mean of tau_dec |z_l| |y_{l-1}| / (tau_pot |W_l|)", "1", true},
  };

  r->path = fail_text("%s", path);
  r->L = L;
  int columns = 0;
  for (int k = 0; k < 10; k++) /* one weight layer has no feedback weights */
    if (training[k].width > 0) r->training[columns++] = training[k];
  r->table[TRAINING] = (struct table){"/", columns, r->training};
  r->table[TESTS] = (struct table){"/test", 4, tests};
  return r;
}

void recorder_destroy(struct recorder *r)
{
  if (!r) return;
  free(r->path);
  free(r);
}

bool recorder_begin(struct recorder *r, const char *job, struct faults *faults)
{
  return series_create(r->path, job, TABLES, r->table, faults);
}

bool recorder_resume(struct recorder *r, long last, struct faults *faults)
{
  return series_truncate(r->path, TABLES, r->table, last, faults);
}

bool recorder_add(struct recorder *r, long presentation, double t, double accuracy, double loss,
                  const struct measures *m, const double *law, struct faults *faults)
{
  const size_t L = (size_t)r->L;
  const double *part[] = {m->W_norm, m->V_norm, m->alignment, m->mismatch, law, m->balance};
  const size_t width[] = {L, L - 1, L - 1, L - 1, L - 1, L};
  double *row = fail_alloc(4 + 6 * L, sizeof *row);
  size_t at = 4;

  row[0] = (double)presentation;
  row[1] = t;
  row[2] = accuracy;
  row[3] = loss;
  for (int k = 0; k < 6; k++) {
    memcpy(row + at, part[k], width[k] * sizeof *row);
    at += width[k];
  }
  const bool ok = series_append(r->path, &r->table[TRAINING], row, faults);
  free(row);
  return ok;
}

bool recorder_last_test(struct recorder *r, struct evaluation *result, struct faults *faults)
{
  double row[4];

  if (!series_last(r->path, &r->table[TESTS], row, faults)) return false;
  result->accuracy = row[2];
  result->loss = row[3];
  return true;
}

bool recorder_add_test(struct recorder *r, long presentation, double t,
                       const struct evaluation *result, struct faults *faults)
{
  const double row[] = {(double)presentation, t, result->accuracy, result->loss};

  return series_truncate(r->path, 1, &r->table[TESTS], presentation - 1, faults) &&
         series_append(r->path, &r->table[TESTS], row, faults);
}
