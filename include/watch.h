/* SPDX-License-Identifier: BSD-3-Clause */
/* watch.h - a run that hangs ends, and says which rank hung and where
 *
 * Each rank notes what it does, where the other ranks of its machine can read it without a message.
 * A thread of each looks on. When nothing on the machine has moved for so long, one of them names
 * the ranks that do not wait for others, and the program ends. Ranks of other machines are not
 * seen: those that only wait for them say so. */
#ifndef TAUFLOW_WATCH_H
#define TAUFLOW_WATCH_H

#include "fail.h"

/* What a rank does. Those from AT_MESSAGES on are waiting for other ranks. */
enum place { AT_NOTHING, AT_SOLVING, AT_TEST, AT_RECORD, AT_STATE, AT_MESSAGES, AT_AGREEING };

/* Watch the ranks of comm from now on; seconds = 0: don't. One watch at a time. Collective. */
void watch_begin(MPI_Comm comm, double seconds);
/* Collective over the same ranks. */
void watch_end(void);

/* What this rank does from now on, and in which presentation. Local, and cheap. */
void watch_at(enum place place, double presentation);
/* The same for a part of that: returns what it did before, to go back to. Local, and cheap. */
enum place watch_enter(enum place place);
/* CHECK_MPI of a call that waits for all ranks. */
#define WAIT_MPI(call)                                                                             \
  do {                                                                                             \
    const enum place was_ = watch_enter(AT_AGREEING);                                              \
    CHECK_MPI(call);                                                                               \
    watch_enter(was_);                                                                             \
  } while (0)

#endif
