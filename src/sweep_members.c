/* SPDX-License-Identifier: BSD-3-Clause */
/* sweep_members.c - all members of a sweep, one after the other: possible? which? */
#include "session.h"
#include "sweep_parts.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAULTS_SHOWN = 5, MEMBERS_SHOWN = 5 };

/* Hand on the faults of one member with its number and keys, unless enough are shown. */
static void pass_on(const struct job *job, long member, struct faults *own, long shown,
                    struct faults *faults)
{
  char *words = job_member_words(job, member);

  if (shown <= FAULTS_SHOWN)
    for (char *line = strtok(own->text, "\n"); line; line = strtok(NULL, "\n"))
      faults_add(faults, "member %ld (%s): %s", member, words, line);
  free(words);
}

bool sweep_visit(const struct job *job, member_visit visit, void *own_of_visit,
                 struct faults *faults)
{
  long bad = 0;

  for (long i = 0; i < job_members(job); i++) {
    struct faults own = {0};
    struct job *member = job_member(job, i, &own);
    if (member) session_check(member, &own);
    if (own.count == 0 && visit) visit(own_of_visit, i, member, &own);
    if (own.count > 0) pass_on(job, i, &own, ++bad, faults);
    faults_clear(&own);
    job_destroy(member);
  }
  if (bad > FAULTS_SHOWN)
    faults_add(faults, "%ld of %ld members have faults; these were the first %d", bad,
               job_members(job), FAULTS_SHOWN);
  return bad == 0;
}

bool sweep_check(const struct job *job, struct faults *faults)
{
  return sweep_visit(job, NULL, NULL, faults);
}

void sweep_print(const struct job *job)
{
  const long members = job_members(job);

  printf("members: %ld\n", members);
  for (int k = 0; k < job_swept(job); k++) {
    const long count = job_swept_count(job, k);
    char *first = job_swept_word(job, k, 0), *last = job_swept_word(job, k, count - 1);
    printf("sweep.%s: %ld value%s, from %s to %s\n", job_swept_key(job, k)->name, count,
           count > 1 ? "s" : "", first, last);
    free(first);
    free(last);
  }
  for (long i = 0; i < members && i < MEMBERS_SHOWN; i++) {
    char *words = job_member_words(job, i);
    printf("member %ld: %s\n", i, words);
    free(words);
  }
  printf("%swhat follows is for member 0\n", members > MEMBERS_SHOWN ? "...\n" : "");
}
