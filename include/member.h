/* SPDX-License-Identifier: BSD-3-Clause */
/* member.h - one member of a sweep: its folder, how far it is, and running it
 *
 * A member is an ordinary run in a folder of its own, OUT/member-<number>. What became of it stands
 * in its summary.yml; a member without one has not begun, was cut short, or is running now. */
#ifndef TAUFLOW_MEMBER_H
#define TAUFLOW_MEMBER_H

#include "run.h"
#include "summary.h"

enum member_status {
  MEMBER_WAITING, /* not begun */
  MEMBER_BEGUN,   /* running, or cut short */
  MEMBER_STOPPED, /* in time, with a state file */
  MEMBER_DONE,
  MEMBER_DIVERGED,
  MEMBER_FAILED, /* could not run, or ended the program so often as is too often */
  MEMBER_STATUSES
};
/* How often it may end the program: with an error of its own, or without a word. */
enum { MEMBER_ABORTS = 3, MEMBER_TRIES = 3 };

/* "waiting", "running", "stopped", "done", "diverged", "failed". */
const char *member_word(enum member_status status);
/* Is there nothing more to do for it? */
bool member_is_over(enum member_status status);
/* OUT/member-<number>; caller frees. Local. */
char *member_folder(const char *out, long member);

/* The status in its summary; without one, whether the folder holds anything of a run. Local. */
enum member_status member_look(const char *folder, const struct facts *facts);

/* Does the run in the folder, if there is one, have the keys of this job? Faults otherwise.
 * Local. */
bool member_fits(const char *folder, const struct job *job, struct faults *faults);
/* How often it was begun since its newest state file, and never ended: killed each time, together
 * with the program. Local. */
int member_tries(const char *folder);
/* Did it end the program, or was it killed, as often as is too often? Other failures may have a
 * cause that passes: those members are tried again by the next sweep. Local. */
bool member_is_given_up(const char *folder);
/* Remove what a member leaves behind. Local. */
void member_clear(const char *folder);

/* Run it from its newest state, or from the start. Returns where it stands then, equal on all
 * ranks. If all its states are damaged they are set aside, and it begins anew. A member that cannot
 * run is recorded as failed, with the reason, and its states are left as they are; if another
 * process is at work in its folder nothing is recorded, and it stays MEMBER_BEGUN with a fault.
 * options->out is the member's folder. Collective. */
enum member_status member_run(MPI_Comm comm, const struct job *job,
                              const struct run_options *options, struct faults *faults);

#endif
