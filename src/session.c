/* SPDX-License-Identifier: BSD-3-Clause */
#include "session.h"
#include "footprint.h"
#include "trace.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

bool session_names_hold(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

static void check_name(const struct job *job, struct faults *faults)
{
  const char *name = job_text(job, "name");
  bool ok = name[0] != '.';

  for (const char *c = name; *c; c++) ok = ok && session_names_hold(*c);
  if (!ok)
    faults_add(
        faults,
        "name = %s: must be of letters, digits, '.', '_' and '-', not beginning with '.', for "
        "it names a folder (%s)",
        name, job_place(job, "name"));
}

void session_check(const struct job *job, struct faults *faults)
{
  long count;

  job_integers(job, "network.widths", &count);
  if (count < 2)
    faults_add(faults, "network.widths has %ld value: must have at least 2, input and output (%s)",
               count, job_place(job, "network.widths"));
  check_name(job, faults);
  if (!solver_kind_of(job)->batch) present_check(job, faults);
  model_check(job, faults);
  solver_check(job, faults);
  trace_check(job, faults);
}

static bool same_widths(const struct session *s, const struct state_header *head, const char *path,
                        struct faults *faults)
{
  bool same = head->layers == s->net->L;

  for (int l = 0; same && l <= s->net->L; l++) same = head->widths[l] == s->net->n[l];
  if (same) return true;

  char list[2][200] = {"", ""};
  for (int which = 0; which < 2; which++) {
    const int L = which ? head->layers : s->net->L;
    size_t used = 0;
    for (int l = 0; l <= L && used < sizeof list[0] - 24; l++)
      used += (size_t)snprintf(list[which] + used, sizeof list[0] - used, "%s%ld", l ? ", " : "",
                               which ? head->widths[l] : s->net->n[l]);
  }
  int rank;
  CHECK_MPI(MPI_Comm_rank(s->comm, &rank));
  if (rank == 0)
    faults_add(faults, "%s: has widths [%s], the job has network.widths = [%s] (%s)", path, list[1],
               list[0], job_place(s->job, "network.widths"));
  return false;
}

static bool state_fits(const struct session *s, const char *path, struct faults *faults)
{
  struct state_header head = {0};
  const bool ok =
      store_read_header(s->comm, path, &head, faults) && same_widths(s, &head, path, faults);

  store_free_header(&head);
  faults_any(faults, s->comm);
  return ok;
}

/* Weights cost memory that must be there before a run starts; all else is small. The ranks of one
 * machine share its memory. */
static bool fits_memory(const struct session *s, struct faults *faults)
{
  const double there = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
  const double GiB = 1 << 30;
  double bytes = footprint_of(s->job, s->model, s->part->rank).peak;
  MPI_Comm machine;

  CHECK_MPI(MPI_Comm_split_type(s->comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &bytes, 1, MPI_DOUBLE, MPI_SUM, machine));
  CHECK_MPI(MPI_Comm_free(&machine));
  if (bytes > there)
    faults_add(faults,
               "network.widths: the weights of the ranks on one machine take %.4g GiB, and it has "
               "%.4g GiB of memory (%s)",
               bytes / GiB, there / GiB, job_place(s->job, "network.widths"));
  return !faults_any(faults, s->comm);
}

/* The logarithm of a probability is a loss for labels only. */
static bool target_fits(const struct session *s, struct faults *faults)
{
  if (!s->model->probabilities || s->data->target == TARGET_LABEL) return true;
  faults_add(faults,
             "kp.output_error = cross_entropy: needs labels as targets, and here they are real "
             "numbers (data.target = %s); squared takes both (%s)",
             dataset_target_name(s->data), job_place(s->job, "kp.output_error"));
  return false;
}

struct session *session_plan(MPI_Comm comm, const struct job *job, int ranks, struct faults *faults)
{
  struct session *s = fail_alloc(1, sizeof *s);

  s->comm = comm;
  s->job = job;
  s->data = dataset_create(job, comm, faults);
  if (!s->data) {
    free(s);
    return NULL;
  }
  s->net = network_create(job);
  s->part = ranks > 0 ? partition_plan(s->net, 0, ranks) : partition_create(s->net, comm);
  s->model = model_create(job, s->net, s->part);
  if (target_fits(s, faults)) return s;
  session_destroy(s);
  return NULL;
}

bool session_start_fits(const struct session *s, struct faults *faults)
{
  const char *start = job_text(s->job, "start");

  return !start[0] || state_fits(s, start, faults);
}

/* Anybody makes start files. The same on all ranks. Collective. */
static bool begins_finite(const struct session *s, const char *start, struct faults *faults)
{
  const int synapses = s->model->synapses, before = faults->count;
  double *largest = fail_alloc((size_t)synapses, sizeof *largest);

  state_largest(s->state, largest);
  for (int k = 0; k < synapses; k++)
    if (!isfinite(largest[k]))
      faults_add(faults, "%s: /layer%02d/%s holds nan or infinity: weights must be finite", start,
                 s->model->synapse[k].layer, s->model->synapse[k].name);
  free(largest);
  return faults->count == before;
}

bool session_fill(struct session *s, bool from_start, struct faults *faults)
{
  const char *start = job_text(s->job, "start");

  if (!fits_memory(s, faults)) return false;
  s->state = state_create(s->model);
  if (from_start) state_initialise(s->state, s->job);
  if (from_start && start[0] &&
      !(session_load(s, start, false, faults) && begins_finite(s, start, faults)))
    return false;
  s->presenter = presenter_create(s->job, s->data, TRAIN);
  s->sys = system_create(s->model, s->state, s->presenter, solver_kind_of(s->job)->means);
  s->solver = solver_create(s->job, s->sys);
  s->evaluator = evaluator_create(s->job, s->model, s->state, s->data);
  if (s->solver->kind->batch) {
    evaluator_through(s->evaluator, s->solver);
    if (from_start) return s->solver->kind->batch->prepare(s->solver, s->job, faults);
  }
  return true;
}

struct session *session_create(MPI_Comm comm, const struct job *job, struct faults *faults)
{
  struct session *s = session_plan(comm, job, 0, faults);

  if (!s || session_fill(s, true, faults)) return s;
  session_destroy(s);
  return NULL;
}

void session_destroy(struct session *s)
{
  if (!s) return;
  evaluator_destroy(s->evaluator);
  solver_destroy(s->solver);
  system_destroy(s->sys);
  presenter_destroy(s->presenter);
  state_destroy(s->state);
  model_destroy(s->model);
  partition_destroy(s->part);
  network_destroy(s->net);
  dataset_destroy(s->data);
  free(s);
}

/* V that is tied to W reads W's transpose. */
static bool load_tied(struct session *s, int k, const char *path, struct faults *faults)
{
  const struct synapse *syn = &s->model->synapse[k], *of = &s->model->synapse[syn->transpose_of];
  struct field *fields;
  const int count = state_fields(s->state, STATE_WEIGHTS, &fields);
  struct field f = fields[k];
  char *name = fail_text("/layer%02d/%s", of->layer, of->name);

  f.path = name;
  const bool ok = store_read_fields(s->comm, path, 1, &f, true, faults);
  free(name);
  state_free_fields(count, fields);
  return ok;
}

static bool load_weights(struct session *s, const char *path, bool all, struct faults *faults)
{
  struct field *fields;
  const int count = state_fields(s->state, STATE_WEIGHTS, &fields);
  bool ok = true;

  for (int k = 0; ok && k < count; k++) {
    const struct synapse *syn = &s->model->synapse[k];
    const bool forward = syn->pre == INPUT || s->model->stage[syn->pre].family == ACTIVITY;
    const bool there = all || forward || store_has(s->comm, path, fields[k].path);
    if (!all && syn->init == INIT_TRANSPOSE && (syn->tied || !there))
      ok = load_tied(s, k, path, faults);
    else if (there)
      ok = store_read_fields(s->comm, path, 1, &fields[k], false, faults);
  }
  state_free_fields(count, fields);
  return ok;
}

bool session_load(struct session *s, const char *path, bool all, struct faults *faults)
{
  struct field *fields;

  if (!state_fits(s, path, faults) || !load_weights(s, path, all, faults)) return false;
  if (!all) return true;
  const int values = state_fields(s->state, STATE_VALUES, &fields);
  bool ok = store_read_fields(s->comm, path, values, fields, false, faults);
  state_free_fields(values, fields);
  const int more = solver_fields(s->solver, &fields);
  ok = ok && store_read_fields(s->comm, path, more, fields, false, faults);
  state_free_fields(more, fields);
  return ok;
}

int session_fields(const struct session *s, struct field **fields)
{
  struct field *state, *solver;
  const int from_state = state_fields(s->state, STATE_VALUES | STATE_WEIGHTS, &state);
  const int from_solver = solver_fields(s->solver, &solver);

  *fields = fail_alloc((size_t)(from_state + from_solver), sizeof **fields);
  for (int k = 0; k < from_state; k++) (*fields)[k] = state[k];
  for (int k = 0; k < from_solver; k++) (*fields)[from_state + k] = solver[k];
  free(state);
  free(solver);
  return from_state + from_solver;
}
