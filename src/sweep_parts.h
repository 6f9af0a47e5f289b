/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep_parts.h - what sweep.c and sweep_members.c share */
#ifndef TAUFLOW_SWEEP_PARTS_H
#define TAUFLOW_SWEEP_PARTS_H

#include "sweep.h"

typedef void (*member_visit)(void *own, long member, const struct job *job, struct faults *faults);
/* Make the job of each member, check it and show it to `visit`, if there is one. False with faults:
 * those of the first few members. Local. */
bool sweep_visit(const struct job *job, member_visit visit, void *own_of_visit,
                 struct faults *faults);

#endif
