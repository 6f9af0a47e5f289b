/* SPDX-License-Identifier: BSD-3-Clause */
#include "footprint.h"
#include "diagnostics.h"
#include "store.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A line "VmRSS:   12345 kB" of /proc/self/status, in bytes; 0 where there is no such thing. */
static double status_of_process(const char *name)
{
  FILE *file = fopen("/proc/self/status", "r");
  const size_t length = strlen(name);
  char line[256];
  double kib = 0;

  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, name, length) == 0 && line[length] == ':')
      kib = strtod(line + length + 1, NULL);
  if (file) fclose(file);
  return 1024 * kib;
}

double footprint_now(void)
{
  return status_of_process("VmRSS");
}

double footprint_peak(void)
{
  return status_of_process("VmHWM");
}

static double own_rows(const struct model *m, int layer, int rank)
{
  long lo, hi;

  partition_rows(m->part, layer, rank, &lo, &hi);
  return (double)(hi - lo);
}

/* A rank's rows of a matrix. */
static double matrix_bytes(const struct model *m, int k, int rank)
{
  const struct synapse *syn = &m->synapse[k];
  const double unit = m->net->single ? sizeof(float) : sizeof(double);

  const long rows = (long)own_rows(m, syn->layer, rank);

  return (double)matrix_elements(syn->by_columns, rows, syn->cols) * unit;
}

/* Values of the state and of the evaluator's, images of the input, targets, what the model keeps,
 * messages, and what the solver and the evaluation work with. */
static double vector_bytes(const struct job *job, const struct model *m, int rank)
{
  const struct solver_kind *solver = solver_kind_of(job);
  const long outputs =
      solver->batch ? solver->batch->target_rows(job, m, rank) : m->net->n[m->net->L];
  double bytes = presenter_bytes(m->net) + dataset_target_bytes(job, m->net->n[0], outputs);

  for (int k = 0; k < m->stages; k++)
    bytes += 2 * own_rows(m, m->stage[k].layer, rank) * sizeof(double);
  return bytes + m->kind->bytes(m, rank) + system_bytes(m, rank, solver->means) +
         solver->bytes(job, m, rank) + evaluator_bytes(job, m, rank);
}

/* Writing the largest matrix, and diagnostics. */
static double passing_bytes(const struct model *m, int rank)
{
  double largest = 0;

  for (int k = 0; k < m->synapses; k++) largest = fmax(largest, matrix_bytes(m, k, rank));
  return store_bytes(largest, m->part->size) + diagnostics_bytes(m, rank);
}

/* Before there is anything but the weights: orthogonal ones are drawn as whole matrices. */
static double initial_bytes(const struct job *job, const struct model *m, int rank)
{
  double most = 0;

  if (strcmp(job_text(job, "network.init"), "orthogonal") != 0 || m->kind->orthonormalises)
    return 0;
  for (int k = 0; k < m->synapses; k++) {
    const double rows = (double)m->synapse[k].rows, cols = (double)m->synapse[k].cols;
    if (m->synapse[k].init == INIT_CONSTANT || own_rows(m, m->synapse[k].layer, rank) == 0)
      continue;
    most = fmax(most, (rows < cols ? 2 : 1) * rows * cols * sizeof(double));
  }
  return most;
}

struct footprint footprint_of(const struct job *job, const struct model *m, int rank)
{
  struct footprint f = {.vectors = vector_bytes(job, m, rank), .passing = passing_bytes(m, rank)};

  for (int k = 0; k < m->synapses; k++) f.weights += matrix_bytes(m, k, rank);
  f.passing = fmax(f.passing, initial_bytes(job, m, rank) - f.vectors);
  f.peak = f.weights + f.vectors + f.passing;
  return f;
}
