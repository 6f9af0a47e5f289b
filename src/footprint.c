/* SPDX-License-Identifier: BSD-3-Clause */
#include "footprint.h"
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
    if (strncmp(line, name, length) == 0 && line[length] == ':') kib = strtod(line + length + 1, NULL);
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

double footprint_weights(const struct model *m, int rank)
{
  const double unit = m->net->single ? sizeof(float) : sizeof(double);
  double bytes = 0;

  for (int k = 0; k < m->synapses; k++)
    bytes += own_rows(m, m->synapse[k].layer, rank) * (double)padded(m->synapse[k].cols) * unit;
  return bytes;
}

/* Values of the state and of the evaluator's, two images of the input, what the model and
 * diagnostics keep, messages, and what the solver and the evaluation work with. */
static double vector_bytes(const struct job *job, const struct model *m, int rank)
{
  const struct solver_kind *solver = solver_kind_of(job);
  const struct partition *part = m->part;
  const double rows = (double)(part->first[rank + 1] - part->first[rank]);
  double bytes = 2 * rows * sizeof(double) + 2 * (double)padded(m->net->n[0]) * sizeof(double);

  if (rank == 0) bytes += (double)part->start[part->L + 1] * sizeof(double);
  for (int k = 0; k < m->stages; k++)
    bytes += 2 * own_rows(m, m->stage[k].layer, rank) * sizeof(double);
  return bytes + m->kind->bytes(m, rank) + system_bytes(m, rank, solver->means) +
         solver->bytes(job, m, rank) + evaluator_bytes(job, m, rank);
}

struct footprint footprint_of(const struct job *job, const struct model *m, int rank)
{
  struct footprint f = {.weights = footprint_weights(m, rank), .vectors = vector_bytes(job, m, rank)};

  return f;
}
