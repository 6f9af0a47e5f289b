/* SPDX-License-Identifier: BSD-3-Clause */
/* folder.h - the folder of a run: what is in it, and that nothing is lost in it */
#ifndef TAUFLOW_FOLDER_H
#define TAUFLOW_FOLDER_H

#include "fail.h"

/* Is there something of that name in it? Local. */
bool folder_holds(const char *folder, const char *name);
/* Does it hold a run that can go on (used.yml or a state file), or cannot be listed? Local. */
bool folder_has_run(const char *folder);
/* Does it hold such a run or what one leaves: series, trace, summary, log? Local. */
bool folder_has_results(const char *folder);
/* Does it hold a sweep: its file, or members? Local. */
bool folder_has_sweep(const char *folder);
/* Can the folder be made, or written to if it is there? Makes nothing. Faults otherwise. Local. */
bool folder_is_writable(const char *folder, struct faults *faults);
/* Make it and its parents; faults name the part that failed. Local. */
bool folder_make(const char *folder, struct faults *faults);
/* Keep other processes from working in the folder until it is unlocked or this process ends; if
 * `shared`, only those that would have it for themselves. Returns what folder_unlock takes, or -1
 * with a fault if another is there. Local. */
int folder_lock(const char *folder, bool shared, struct faults *faults);
void folder_unlock(int lock);
/* Take away the file `stop`, by which a run is asked to stop. Was there one? A fault if it cannot
 * be taken away. Local. */
bool folder_take_stop(const char *folder, struct faults *faults);
/* Remove state files that were never published: of a process that was killed meanwhile. Local. */
void folder_clear_parts(const char *folder);
/* Remove the files a run makes, and no others. Local. */
void folder_clear(const char *folder);

/* FOLDER/name; caller frees. Local. */
char *folder_path(const char *folder, const char *name);
/* FOLDER/state-<presentation>.h5; caller frees. Local. */
char *folder_state(const char *folder, long presentation);
/* Presentations of the state files there, newest first; caller frees *list. Returns the count: 0 if
 * there is no such folder, -1 if it cannot be listed. Local. */
int folder_states(const char *folder, long **list);
/* The count alone. Local. */
int folder_count_states(const char *folder);
/* The presentation of the state file that state-last.h5 points to, else the last there is; -1:
 * none. Local. */
long folder_newest(const char *folder);
/* Rename a file that is damaged to PATH.damaged, or PATH.damaged-2 and so on where that is taken.
 * Returns the new name, which the caller frees; NULL with a fault if it cannot be renamed. Local.
 */
char *folder_set_aside(const char *path, struct faults *faults);
/* Have a file, or the names in a folder, survive if the power fails. False with errno. Local. */
bool folder_sync(const char *path);
/* Point state-last.h5 to the state file of that presentation, atomically. Local. */
void folder_link_last(const char *folder, long presentation);
/* Of state-last.h5 and the state files before it, delete all but the newest `keep`; 0 keeps all.
 * Files of later presentations are not counted: a run that goes on from an older state has passed
 * them over as damaged, and what it writes must not give way to them. Local. */
void folder_keep(const char *folder, long keep);

/* Can every byte of a file be read, and, if `changes`, the file be opened for writing? A fault if
 * not: what hinders it may pass. Local. */
bool folder_reads_whole(const char *path, bool changes, struct faults *why);
/* A whole text file, or NULL with a fault; caller frees. Local. */
char *folder_read_text(const char *path, struct faults *faults);
/* Write a text file by way of a temporary name, path.new, or `fresh` where several processes may
 * write the same file at once. False with a fault. Local. */
bool folder_write_text(const char *path, const char *text, struct faults *faults);
bool folder_publish_text(const char *path, const char *fresh, const char *text,
                         struct faults *faults);

#endif
