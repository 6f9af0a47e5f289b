/* SPDX-License-Identifier: BSD-3-Clause */
/* lab.h - small networks to experiment with
 *
 * A lab is a session without a folder, made from a line of settings over a common small job, on
 * data made on the fly. A picture is its whole state, gathered to every rank as dense arrays, so
 * that two runs, or a run and a formula, can be compared element by element. */
#ifndef TAUFLOW_LAB_H
#define TAUFLOW_LAB_H

#include "session.h"
#include "store.h"
#include <check.h>

struct lab {
  MPI_Comm comm; /* borrowed */
  struct job *job;
  struct session *s;
};

struct array {
  long rows, cols;
  double *a; /* [rows][cols] owned */
};

/* Index l = 1..L as in the equations; absent arrays have no rows. */
struct picture {
  int L;
  struct array *W, *V, *y, *z; /* [L + 1] */
};

/* Make the scratch folder <suite>.XXXXXX in the working folder, run the suite's tests without
 * forking, remove the folder, finalise MPI. Returns main's exit status. Collective. */
int lab_main(int argc, char **argv, const char *suite_name, void (*add)(TCase *facts));

/* Write <name>.h5 into the scratch folder: /train and /test hold the same `count` samples of
 * `inputs` values x [count][inputs]. Collective over the world. */
void lab_data(const char *name, long count, long inputs, const double *x, const int *label);

/* Write random.h5: 16 samples of 4 inputs between -1.5 and 1.5, with labels 0 to 2. Collective over
 * the world. */
void lab_random_data(void);

/* A session of the settings "key=value key=value ..." (no blanks inside a value); what they leave
 * open is the program's default, but for data.set = file, data.path = random.h5 in the scratch
 * folder and present.samples = 1000. Aborts on faults: the settings are ours. Collective. */
struct lab *lab_create(MPI_Comm comm, const char *settings, ...)
    __attribute__((format(printf, 2, 3)));
void lab_destroy(struct lab *lab);
/* Show presentations first .. first + count - 1. False if the network diverged. Collective. */
bool lab_show(struct lab *lab, long first, long count);
/* The state after `shown` presentations from the start, on this rank alone; NULL if the network
 * diverged. Local. */
struct picture *lab_end(long shown, const char *settings, ...)
    __attribute__((format(printf, 2, 3)));
/* The digest of values and weights. Collective. */
unsigned long long lab_fingerprint(const struct lab *lab);
/* Set every element of every matrix. Local. */
void lab_set_weights(struct lab *lab, double w);
/* Let values and weights of `to` be those of `from`, which has the same shape and ranks. Local. */
void lab_copy_state(const struct lab *from, struct lab *to);

/* Gather the state. Collective. */
struct picture *picture_create(const struct lab *lab);
void picture_destroy(struct picture *p);
/* A picture taken on rank `from` of comm alone, given to all. *p is replaced there. Collective. */
void picture_broadcast(struct picture **p, int from, MPI_Comm comm);

/* max |a - b|; max |a|. */
double array_distance(const struct array *a, const struct array *b);
double array_size(const struct array *a);
/* The largest over all matrices of max |M - M_ref| / max |M_ref - M_start|: the error of weights
 * relative to what each matrix has learned. Matrices that do not learn must not differ at all. */
double picture_weight_error(const struct picture *p, const struct picture *ref,
                            const struct picture *start);
/* The largest error of y and of z, each relative to the largest element of its family. */
double picture_value_error(const struct picture *p, const struct picture *ref);
/* Both; infinite without p or ref. */
struct error {
  double weights, values;
};
struct error picture_error(const struct picture *p, const struct picture *ref,
                           const struct picture *start);

#endif
