/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab.h"
#include "rng.h"
#include <dirent.h>
#include <hdf5.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SETTINGS = 64 };

static char folder[64];

/* --- the suite --- */

static void remove_folder(void)
{
  DIR *d = opendir(folder);

  for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
    char *path = fail_text("%s/%s", folder, e->d_name);
    if (e->d_name[0] != '.') remove(path);
    free(path);
  }
  if (d) closedir(d);
  rmdir(folder);
}

int lab_main(int argc, char **argv, const char *suite_name, void (*add)(TCase *facts))
{
  Suite *suite = suite_create(suite_name);
  TCase *facts = tcase_create("facts");
  int rank;

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  snprintf(folder, sizeof folder, "%s.XXXXXX", suite_name);
  if (rank == 0 && !mkdtemp(folder)) MPI_Abort(MPI_COMM_WORLD, 1);
  MPI_Bcast(folder, sizeof folder, MPI_CHAR, 0, MPI_COMM_WORLD);

  tcase_set_timeout(facts, 0);
  add(facts);
  suite_add_tcase(suite, facts);
  SRunner *runner = srunner_create(suite);
  srunner_set_fork_status(runner, CK_NOFORK);
  srunner_run_all(runner, rank == 0 ? CK_ENV : CK_SILENT);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank == 0) remove_folder();
  MPI_Finalize();
  return failed ? 1 : 0;
}

/* --- data --- */

static void write_table(hid_t file, const char *name, int dims, const hsize_t *shape, hid_t type,
                        const void *data)
{
  hid_t space = H5Screate_simple(dims, shape, NULL);
  hid_t set = H5Dcreate2(file, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

  CHECK(set >= 0 && H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0, "no %s", name);
  H5Dclose(set);
  H5Sclose(space);
}

void lab_data(const char *name, long count, long inputs, const double *x, const int *label)
{
  const hsize_t shape[2] = {(hsize_t)count, (hsize_t)inputs};
  char *path = fail_text("%s/%s.h5", folder, name);
  int rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CHECK(file >= 0, "no %s", path);
    H5Gclose(H5Gcreate2(file, "train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file, "test", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    write_table(file, "train/x", 2, shape, H5T_NATIVE_DOUBLE, x);
    write_table(file, "test/x", 2, shape, H5T_NATIVE_DOUBLE, x);
    write_table(file, "train/label", 1, shape, H5T_NATIVE_INT, label);
    write_table(file, "test/label", 1, shape, H5T_NATIVE_INT, label);
    H5Fclose(file);
  }
  free(path);
  MPI_Barrier(MPI_COMM_WORLD);
}

void lab_random_data(void)
{
  enum { SAMPLES = 16, INPUTS = 4 };
  double x[SAMPLES * INPUTS];
  int label[SAMPLES];

  for (int k = 0; k < SAMPLES * INPUTS; k++)
    x[k] = 3 * rng_uniform(1, RNG_CIRCLES, 0, (uint64_t)k, 0) - 1.5;
  for (int p = 0; p < SAMPLES; p++) label[p] = (5 * p + p / 4) % 3;
  lab_data("random", SAMPLES, INPUTS, x, label);
}

/* --- sessions --- */

struct lab *lab_create(MPI_Comm comm, const char *settings, ...)
{
  struct lab *lab = fail_alloc(1, sizeof *lab);
  struct faults faults = {0};
  const char *const key = "data.path=", *path = "random.h5", *set[SETTINGS];
  char text[1024], *rest = text;
  int count = 0;
  va_list words;

  va_start(words, settings);
  vsnprintf(text, sizeof text, settings, words);
  va_end(words);
  for (char *word; count < SETTINGS && (word = strtok_r(rest, " ", &rest));)
    if (strncmp(word, key, strlen(key)) == 0)
      path = word + strlen(key);
    else
      set[count++] = word;
  /* As a file has it, so that it is meant from the scratch folder. */
  char *job = fail_text("{data: {set: file, path: %s}, present: {samples: 1000}}", path);
  lab->comm = comm;
  lab->job = job_parse(job, "lab", folder, count, set, &faults);
  free(job);
  if (faults.count == 0) session_check(lab->job, &faults);
  CHECK(faults.count == 0, "%s: %s", settings, faults.text);
  lab->s = session_create(comm, lab->job, &faults);
  CHECK(lab->s, "%s: %s", settings, faults.text ? faults.text : "a fault elsewhere");
  return lab;
}

void lab_destroy(struct lab *lab)
{
  if (!lab) return;
  session_destroy(lab->s);
  job_destroy(lab->job);
  free(lab);
}

bool lab_show(struct lab *lab, long first, long count)
{
  double reached;

  for (long p = first; p < first + count; p++)
    if (solver_advance(lab->s->solver, p, &reached) != ADVANCED) return false;
  return true;
}

struct picture *lab_end(long shown, const char *settings, ...)
{
  char text[1024];
  va_list words;

  va_start(words, settings);
  vsnprintf(text, sizeof text, settings, words);
  va_end(words);
  struct lab *lab = lab_create(MPI_COMM_SELF, "%s", text);
  struct picture *p = lab_show(lab, 0, shown) ? picture_create(lab) : NULL;
  lab_destroy(lab);
  return p;
}

unsigned long long lab_fingerprint(const struct lab *lab)
{
  struct field *fields;
  const int count = state_fields(lab->s->state, STATE_VALUES | STATE_WEIGHTS, &fields);
  const unsigned long long digest = store_fingerprint(lab->comm, count, fields);

  state_free_fields(count, fields);
  return digest;
}

void lab_set_weights(struct lab *lab, double w)
{
  for (int k = 0; k < lab->s->model->synapses; k++) {
    struct matrix *M = &lab->s->state->matrix[k];
    for (long i = 0; i < M->rows; i++)
      for (long j = 0; j < M->cols; j++) matrix_set(M, i, j, w);
  }
}

void lab_copy_state(const struct lab *from, struct lab *to)
{
  const struct model *m = from->s->model;

  for (int k = 0; k < m->stages; k++) {
    long lo, hi;
    system_rows(from->s->sys, k, &lo, &hi);
    for (long i = 0; i < hi - lo; i++) to->s->state->value[k][i] = from->s->state->value[k][i];
  }
  for (int k = 0; k < m->synapses; k++) {
    const struct matrix *M = &from->s->state->matrix[k];
    for (long i = 0; i < M->rows; i++)
      for (long j = 0; j < M->cols; j++)
        matrix_set(&to->s->state->matrix[k], i, j, matrix_at(M, i, j));
  }
}

/* --- pictures --- */

static struct array array_create(long rows, long cols)
{
  return (struct array){rows, cols, fail_alloc((size_t)(rows * cols), sizeof(double))};
}

/* Every element is 0 but on its owner, so the sum is exact. */
static void gather(struct array *a, MPI_Comm comm)
{
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, a->a, (int)(a->rows * a->cols), MPI_DOUBLE, MPI_SUM, comm));
}

static struct array gather_value(const struct lab *lab, int stage)
{
  struct array a = array_create(lab->s->net->n[lab->s->model->stage[stage].layer], 1);
  long lo, hi;

  system_rows(lab->s->sys, stage, &lo, &hi);
  for (long i = lo; i < hi; i++) a.a[i] = lab->s->state->value[stage][i - lo];
  gather(&a, lab->comm);
  return a;
}

static struct array gather_matrix(const struct lab *lab, int synapse)
{
  const struct synapse *syn = &lab->s->model->synapse[synapse];
  const struct matrix *M = &lab->s->state->matrix[synapse];
  struct array a = array_create(syn->rows, syn->cols);
  long lo, hi;

  partition_rows(lab->s->part, syn->layer, lab->s->part->rank, &lo, &hi);
  for (long i = lo; i < hi; i++)
    for (long j = 0; j < a.cols; j++) a.a[i * a.cols + j] = matrix_at(M, i - lo, j);
  gather(&a, lab->comm);
  return a;
}

static struct picture *picture_frame(int L)
{
  struct picture *p = fail_alloc(1, sizeof *p);

  p->L = L;
  p->W = fail_alloc((size_t)L + 1, sizeof *p->W);
  p->V = fail_alloc((size_t)L + 1, sizeof *p->V);
  p->y = fail_alloc((size_t)L + 1, sizeof *p->y);
  p->z = fail_alloc((size_t)L + 1, sizeof *p->z);
  return p;
}

struct picture *picture_create(const struct lab *lab)
{
  const struct model *m = lab->s->model;
  struct picture *p = picture_frame(lab->s->net->L);

  for (int k = 0; k < m->stages; k++) {
    const struct stage *stage = &m->stage[k];
    (stage->family == ACTIVITY ? p->y : p->z)[stage->layer] = gather_value(lab, k);
  }
  for (int k = 0; k < m->synapses; k++) {
    const struct synapse *syn = &m->synapse[k];
    (syn->name[0] == 'W' ? p->W : p->V)[syn->layer] = gather_matrix(lab, k);
  }
  return p;
}

void picture_destroy(struct picture *p)
{
  if (!p) return;
  struct array *const family[4] = {p->W, p->V, p->y, p->z};
  for (int f = 0; f < 4; f++) {
    for (int l = 0; l <= p->L; l++) free(family[f][l].a);
    free(family[f]);
  }
  free(p);
}

void picture_broadcast(struct picture **p, int from, MPI_Comm comm)
{
  int L = *p ? (*p)->L : 0, rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Bcast(&L, 1, MPI_INT, from, comm));
  if (rank != from) {
    picture_destroy(*p);
    *p = picture_frame(L);
  }
  struct array *const family[4] = {(*p)->W, (*p)->V, (*p)->y, (*p)->z};
  for (int f = 0; f < 4; f++)
    for (int l = 0; l <= L; l++) {
      struct array *a = &family[f][l];
      long shape[2] = {a->rows, a->cols};
      CHECK_MPI(MPI_Bcast(shape, 2, MPI_LONG, from, comm));
      if (rank != from) *a = array_create(shape[0], shape[1]);
      CHECK_MPI(MPI_Bcast(a->a, (int)(shape[0] * shape[1]), MPI_DOUBLE, from, comm));
    }
}

double array_distance(const struct array *a, const struct array *b)
{
  double most = 0;

  for (long k = 0; k < a->rows * a->cols; k++) {
    const double d = fabs(a->a[k] - b->a[k]);
    if (!(d <= most)) most = isfinite(d) ? d : INFINITY;
  }
  return most;
}

double array_size(const struct array *a)
{
  double most = 0;

  for (long k = 0; k < a->rows * a->cols; k++) most = fmax(most, fabs(a->a[k]));
  return most;
}

static double learned_error(const struct array *M, const struct array *ref,
                            const struct array *start)
{
  const double off = array_distance(M, ref), learned = array_distance(ref, start);

  return off == 0 ? 0 : learned > 0 ? off / learned : INFINITY;
}

double picture_weight_error(const struct picture *p, const struct picture *ref,
                            const struct picture *start)
{
  double most = 0;

  for (int l = 1; l <= p->L; l++) {
    most = fmax(most, learned_error(&p->W[l], &ref->W[l], &start->W[l]));
    most = fmax(most, learned_error(&p->V[l], &ref->V[l], &start->V[l]));
  }
  return most;
}

double picture_value_error(const struct picture *p, const struct picture *ref)
{
  double off_y = 0, off_z = 0, size_y = 0, size_z = 0;

  for (int l = 1; l <= p->L; l++) {
    off_y = fmax(off_y, array_distance(&p->y[l], &ref->y[l]));
    off_z = fmax(off_z, array_distance(&p->z[l], &ref->z[l]));
    size_y = fmax(size_y, array_size(&ref->y[l]));
    size_z = fmax(size_z, array_size(&ref->z[l]));
  }
  return fmax(off_y / size_y, off_z / size_z);
}

struct error picture_error(const struct picture *p, const struct picture *ref,
                           const struct picture *start)
{
  if (!p || !ref) return (struct error){INFINITY, INFINITY};
  return (struct error){picture_weight_error(p, ref, start), picture_value_error(p, ref)};
}
