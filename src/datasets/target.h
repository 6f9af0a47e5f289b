/* SPDX-License-Identifier: BSD-3-Clause */
/* target.h - what a network should answer to the samples of a set; private to src/datasets
 *
 * The public face is dataset_target, dataset_target_rows and dataset_teacher of dataset.h. */
#ifndef TAUFLOW_TARGET_H
#define TAUFLOW_TARGET_H

#include "dataset.h"

/* Choose the target of a set that is open otherwise, outputs included, or add a fault. Local. */
void target_open(struct dataset *ds, const struct job *job, struct faults *faults);
void target_close(struct dataset *ds);
/* How many outputs a network must have. Local. */
long target_length(const struct dataset *ds);

#endif
