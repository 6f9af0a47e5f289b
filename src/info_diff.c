/* SPDX-License-Identifier: BSD-3-Clause */
/* info_diff.c - `tauflow info --diff A B`: how two runs differ, and how far their states are apart
 *
 * Rank 0 judges both files and writes what is small into a report; then all ranks walk through the
 * data of both, each through its rows, a slab at a time. */
#include "folder.h"
#include "info_parts.h"
#include "job.h"
#include "share.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct diff {
  MPI_Comm comm;
  int rank;
  char *path[SIDES]; /* state files, owned */
  bool same_widths;  /* else nothing is compared */
  bool same_notes;   /* on rank 0: the attributes of /solver */
  struct pairs pairs;
  struct faults *mine; /* not yet agreed on */
  char *report;        /* on rank 0, from here on */
  size_t length;
  FILE *out; /* writes it */
};

/* --- what is small, on rank 0 --- */

/* The state file meant by a word: itself, or the newest in the folder of a run. Caller frees. */
static char *state_of(const char *word, struct faults *faults)
{
  struct stat info;

  if (stat(word, &info) != 0 || !S_ISDIR(info.st_mode)) return fail_text("%s", word);
  const long newest = folder_newest(word);
  if (newest >= 0) return folder_state(word, newest);
  if (folder_has_sweep(word))
    faults_add(faults, "%s: holds a sweep: compare folders of its members, as %s/member-00000",
               word, word);
  else
    faults_add(faults, "%s: holds no state file", word);
  return fail_text("%s", word);
}

/* A sweep has no one state. */
static bool is_no_sweep(struct h5 *f)
{
  hid_t root = H5Gopen2(f->file, "/", H5P_DEFAULT);
  char *format = h5_get_text(root, "format");
  const bool sweep = format && strcmp(format, "tauflow-sweep") == 0;

  if (sweep)
    faults_add(f->faults, "%s: holds a sweep: compare folders of its members, as member-00000",
               f->path);
  free(format);
  H5Gclose(root);
  return !sweep;
}

static void tell_keys(const struct diff *d, const struct state_header *head)
{
  struct faults quiet = {0};
  struct job *job[SIDES] = {0};
  int count = 0;

  fprintf(d->out, "keys that differ\n");
  for (int k = 0; k < SIDES; k++) {
    if (head[k].job) job[k] = job_parse(head[k].job, d->path[k], "", 0, NULL, &quiet);
    if (!head[k].job) fprintf(d->out, "  %c holds no job\n", 'A' + k);
  }
  if (quiet.count > 0) fprintf(d->out, "  not known: %s", quiet.text);
  for (int t = 0; job[A] && job[B] && quiet.count == 0 && all_keys[t]; t++)
    for (const struct key *key = all_keys[t]; key->name; key++) {
      char *a = job_word(job[A], key->name), *b = job_word(job[B], key->name);
      if (strcmp(a, b) != 0) fprintf(d->out, "  %-24s %-24s %s\n", key->name, a, b);
      count += strcmp(a, b) != 0;
      free(a);
      free(b);
    }
  if (job[A] && job[B] && quiet.count == 0 && count == 0) fprintf(d->out, "  none\n");
  for (int k = 0; k < SIDES; k++) job_destroy(job[k]);
  faults_clear(&quiet);
}

/* An attribute as a text: of numbers all of them, exactly. NULL: there is none. Caller frees. */
static char *attribute_text(hid_t group, const char *name)
{
  enum { MOST = 1 << 20 };
  char *text = group >= 0 ? h5_get_text(group, name) : NULL;
  hid_t attribute =
      text || group < 0 || H5Aexists(group, name) <= 0 ? -1 : H5Aopen(group, name, H5P_DEFAULT);

  if (attribute < 0) return text;
  hid_t space = H5Aget_space(attribute);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  H5Sclose(space);
  H5Aclose(attribute);
  double *value = fail_alloc(count > 0 && count < MOST ? (size_t)count : 1, sizeof *value);
  size_t length;
  FILE *out = open_memstream(&text, &length);
  CHECK(out, "out of memory: no room for a report");
  const bool good =
      count > 0 && count < MOST && h5_get(group, name, H5T_NATIVE_DOUBLE, (int)count, value);
  for (long i = 0; good && i < (long)count; i++) fprintf(out, "%s%.17g", i ? " " : "", value[i]);
  if (!good) fprintf(out, "(%lld of another type)", (long long)count);
  fclose(out);
  free(value);
  return text;
}

/* One side's attributes, told where the other has another, or (second) none. */
struct fact_visit {
  FILE *out;
  hid_t other;
  bool second;
  int count;
};

static herr_t tell_fact(hid_t group, const char *name, const H5A_info_t *info, void *data)
{
  struct fact_visit *v = data;
  char *here = attribute_text(group, name), *there = attribute_text(v->other, name);

  (void)info;
  if (here && (v->second ? !there : !there || strcmp(here, there) != 0)) {
    fprintf(v->out, "  %s\n    A: %s\n    B: %s\n", name, v->second ? "-" : here,
            v->second ? here
            : there   ? there
                      : "-");
    v->count++;
  }
  free(here);
  free(there);
  return 0;
}

/* The attributes of a group in which two files differ. Returns how many. */
static int tell_facts(const struct diff *d, const struct h5 *f, const char *path, const char *title)
{
  struct fact_visit v = {.out = d->out};
  hid_t group[SIDES];

  fprintf(d->out, "%s\n", title);
  for (int k = 0; k < SIDES; k++)
    group[k] = h5_has(f[k].file, path) ? H5Gopen2(f[k].file, path, H5P_DEFAULT) : -1;
  for (int k = 0; k < SIDES; k++) {
    v.other = group[B - k];
    v.second = k == B;
    if (group[k] >= 0) H5Aiterate2(group[k], H5_INDEX_NAME, H5_ITER_INC, NULL, tell_fact, &v);
  }
  if (v.count == 0) fprintf(d->out, "  none\n");
  for (int k = 0; k < SIDES; k++) H5Gclose(group[k]);
  return v.count;
}

static void tell_header(const struct diff *d, const struct state_header *head)
{
  for (int k = 0; k < SIDES; k++) {
    fprintf(d->out, "%c: %s: ", 'A' + k, d->path[k]);
    if (head[k].resumable)
      fprintf(d->out, "t = %.17g s, after %ld presentations, status %s\n", head[k].t,
              head[k].presentation, head[k].status);
    else
      fprintf(d->out, "weights to start from\n");
  }
  if (head[A].resumable && head[B].resumable)
    fprintf(d->out, "B is %ld presentations and %.9g s beyond A\n",
            head[B].presentation - head[A].presentation, head[B].t - head[A].t);
}

static void tell_widths(const struct diff *d, const struct state_header *head)
{
  fprintf(d->out, "the networks are of different widths, so their states are not compared:\n");
  for (int k = 0; k < SIDES; k++) {
    fprintf(d->out, "  %c:", 'A' + k);
    for (int l = 0; l <= head[k].layers; l++) fprintf(d->out, " %ld", head[k].widths[l]);
    fprintf(d->out, "\n");
  }
}

/* All that rank 0 does by itself. */
static void judge(struct diff *d, const char *const *word)
{
  struct state_header head[SIDES] = {{0}};
  struct h5 f[SIDES];
  bool good = true;

  d->out = open_memstream(&d->report, &d->length);
  CHECK(d->out, "out of memory: no room for a report");
  for (int k = 0; k < SIDES; k++) {
    d->path[k] = state_of(word[k], d->mine);
    f[k] = h5_new(d->path[k], d->mine);
    good = d->mine->count == 0 && h5_open_state(&f[k]) && is_no_sweep(&f[k]) &&
           h5_read_header(&f[k], &head[k]) && good;
  }
  if (good) {
    tell_header(d, head);
    tell_keys(d, head);
    tell_facts(d, f, "/code", "provenance that differs");
    d->same_notes = tell_facts(d, f, "/solver", "attributes of /solver that differ") == 0;
    d->same_widths = head[A].layers == head[B].layers &&
                     memcmp(head[A].widths, head[B].widths,
                            ((size_t)head[A].layers + 1) * sizeof *head[A].widths) == 0;
    if (d->same_widths)
      d->pairs = apart_list(f);
    else
      tell_widths(d, head);
  }
  for (int k = 0; k < SIDES; k++) {
    store_free_header(&head[k]);
    h5_close(&f[k]);
  }
}

static void share(struct diff *d)
{
  struct pairs *p = &d->pairs;

  for (int k = 0; k < SIDES; k++) d->path[k] = share_text(d->path[k], d->comm);
  CHECK_MPI(MPI_Bcast(&d->same_widths, 1, MPI_C_BOOL, 0, d->comm));
  CHECK_MPI(MPI_Bcast(&p->count, 1, MPI_INT, 0, d->comm));
  if (d->rank != 0) p->pair = fail_alloc((size_t)p->count + 1, sizeof *p->pair);
  CHECK_MPI(MPI_Bcast(p->pair, p->count * (int)sizeof *p->pair, MPI_BYTE, 0, d->comm));
}

int info_diff(MPI_Comm comm, FILE *out, const char *const *word, struct faults *faults)
{
  struct faults mine = {0};
  struct diff d = {.comm = comm, .mine = &mine};

  CHECK_MPI(MPI_Comm_rank(comm, &d.rank));
  if (d.rank == 0) judge(&d, word);
  bool good = h5_settle(&mine, comm, faults);
  if (good) {
    share(&d);
    if (d.same_widths) apart_measure(comm, d.path, &d.pairs, &mine);
    good = h5_settle(&mine, comm, faults);
  }
  if (good && d.rank == 0) {
    if (d.same_widths) apart_print(d.out, &d.pairs, d.same_notes);
    fflush(d.out);
    fwrite(d.report, 1, d.length, out);
  }
  if (d.out) fclose(d.out);
  free(d.report);
  free(d.pairs.pair);
  for (int k = 0; k < SIDES; k++) free(d.path[k]);
  return good ? 0 : 2;
}
