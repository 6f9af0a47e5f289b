/* SPDX-License-Identifier: BSD-3-Clause */
#include "record.h"
#include "series.h"
#include <stdlib.h>
#include <string.h>

enum { TRAINING, TESTS, TABLES };

enum { OWN_COLUMNS = 10, VECTORS = 6 };

struct recorder {
  char *path;
  size_t width[VECTORS]; /* of the vectors of a row; 0: not in the file */
  int figures;
  struct column training[OWN_COLUMNS + FIGURES_MOST];
  struct table table[TABLES];
};

static const struct column tests[] = {
    {"presentation", 1, "presentations completed", "1", false},
    {"t", 1, "simulated time", "s", false},
    {"accuracy", 1, "share of test samples classified correctly", "1", false},
    {"loss", 1, "mean loss of the test samples", "1", false},
};

struct recorder *recorder_create(const char *path, int L, bool feedback, int figures,
                                 const struct figure *figure)
{
  struct recorder *r = fail_alloc(1, sizeof *r);
  const int pairs = feedback ? L - 1 : 0; /* one weight layer has no feedback weights */
  const struct column training[OWN_COLUMNS] = {
      {"presentation", 1, "presentations completed", "1", false},
      {"t", 1, "simulated time", "s", false},
      {"train_accuracy", 1, "moving average over 1000 presentations", "1", false},
      {"train_loss", 1, "moving average over 1000 presentations", "1", false},
      {"W_norm", L, "Frobenius norm of W_l", "1", true},
      {"V_norm", pairs, "Frobenius norm of V_l", "1", true},
      {"alignment", pairs, "cos(V_l^T, W_{l+1})", "1", true},
      {"mismatch", pairs, "Frobenius norm of V_l^T - W_{l+1}", "1", true},
      {"mismatch_law", pairs, "the first mismatch times exp(-t/tau_dec)", "1", true},
      {"balance", feedback || L == 1 ? L : 0, "mean of tau_dec |z_l| |y_{l-1}| / (tau_pot |W_l|)",
       "1", true},
  };

  r->path = fail_text("%s", path);
  r->figures = figures;
  int columns = 0;
  for (int k = 0; k < OWN_COLUMNS; k++) {
    if (k >= OWN_COLUMNS - VECTORS) r->width[k - OWN_COLUMNS + VECTORS] = (size_t)training[k].width;
    if (training[k].width > 0) r->training[columns++] = training[k];
  }
  for (int k = 0; k < figures; k++)
    r->training[columns++] = (struct column){figure[k].name, 1, figure[k].about, "1", false};
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
                  const struct measures *m, const double *law, const struct figure *figure,
                  struct faults *faults)
{
  const double *part[VECTORS] = {m->W_norm, m->V_norm, m->alignment, m->mismatch, law, m->balance};
  size_t at = OWN_COLUMNS - VECTORS, most = at + (size_t)r->figures;

  for (int k = 0; k < VECTORS; k++) most += r->width[k];
  double *row = fail_alloc(most, sizeof *row);
  row[0] = (double)presentation;
  row[1] = t;
  row[2] = accuracy;
  row[3] = loss;
  for (int k = 0; k < VECTORS; k++) {
    memcpy(row + at, part[k], r->width[k] * sizeof *row);
    at += r->width[k];
  }
  for (int k = 0; k < r->figures; k++) row[at++] = figure[k].value;
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
