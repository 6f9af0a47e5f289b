/* SPDX-License-Identifier: BSD-3-Clause */
/* info_parts.h - what info.c and info_sweep.c share */
#ifndef TAUFLOW_INFO_PARTS_H
#define TAUFLOW_INFO_PARTS_H

#include "info.h"
#include "store_h5.h"

/* The table of all datasets; the attributes of a group, if it is there; a job's text. Local. */
void info_sets(FILE *out, struct h5 *f);
void info_group(FILE *out, struct h5 *f, const char *path);
void info_job(FILE *out, const char *text);
/* What a sweep file holds: members, keys, what became of them. Local. */
void info_sweep(FILE *out, struct h5 *f, hid_t root);

#endif
