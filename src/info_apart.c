/* SPDX-License-Identifier: BSD-3-Clause */
/* info_apart.c - how far two states are apart: the arrays of both, read side by side */
#include "info_parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- which datasets there are --- */

static struct pair *find_pair(struct pairs *d, const char *path)
{
  for (int k = 0; k < d->count; k++)
    if (strcmp(d->pair[k].path, path) == 0) return &d->pair[k];
  struct pair *more = fail_alloc((size_t)d->count + 1, sizeof *more);
  if (d->count > 0) memcpy(more, d->pair, (size_t)d->count * sizeof *more);
  free(d->pair);
  d->pair = more;
  snprintf(more[d->count].path, sizeof more->path, "%s", path);
  return &more[d->count++];
}

struct set_visit {
  struct h5 *f;
  struct pairs *pairs;
  int side;
};

static herr_t visit_set(hid_t root, const char *name, const H5O_info_t *info, void *data)
{
  struct set_visit *v = data;
  const bool ours = strncmp(name, "layer", 5) == 0 || strncmp(name, "solver/layer", 12) == 0;

  if (info->type != H5O_TYPE_DATASET || !ours || strlen(name) + 2 > PATH_MOST) return 0;
  hid_t set = H5Dopen2(root, name, H5P_DEFAULT);
  if (set < 0) return -1;
  char *path = fail_text("/%s", name);
  const struct side side = side_of(set);
  if (side.there && !h5_holds(set, false))
    faults_add(v->f->faults, "%s: %s claims more numbers than the file holds", v->f->path, path);
  if (side.there) find_pair(v->pairs, path)->side[v->side] = side;
  free(path);
  H5Dclose(set);
  return 0;
}

struct pairs apart_list(struct h5 *f)
{
  struct pairs pairs = {0};

  for (int k = 0; k < SIDES; k++) {
    struct set_visit v = {&f[k], &pairs, k};
    h5_try(&f[k], H5Ovisit2(f[k].file, H5_INDEX_NAME, H5_ITER_INC, visit_set, &v, H5O_INFO_BASIC),
           "cannot be listed");
  }
  return pairs;
}

/* --- the data, all ranks together --- */

static bool alike(const struct pair *p)
{
  return p->side[A].there && p->side[B].there && p->side[A].dims == p->side[B].dims &&
         p->side[A].shape[0] == p->side[B].shape[0] && p->side[A].shape[1] == p->side[B].shape[1];
}

static bool is_empty(const struct pair *p)
{
  return p->side[A].shape[0] == 0 || p->side[A].shape[1] == 0;
}

static double element(const struct field *field, long i)
{
  return field->single ? (double)((const float *)field->data)[i] : ((const double *)field->data)[i];
}

static void compare(struct pair *p, const struct field *part)
{
  const long count = (part[A].hi - part[A].lo) * field_columns(&part[A]);

  for (long i = 0; i < count; i++) {
    const double a = element(&part[A], i), b = element(&part[B], i);
    if (isfinite(a) && fabs(a) > p->most[A]) p->most[A] = fabs(a);
    if (isfinite(b) && fabs(b) > p->most[B]) p->most[B] = fabs(b);
    if (isfinite(a) && isfinite(b))
      p->apart = fmax(p->apart, fabs(a - b));
    else if (!(isnan(a) && isnan(b)) && a != b)
      p->apart = INFINITY;
  }
}

/* Rows lo..hi of this rank in one file; a failed read leaves zeros and a fault. */
static void read_part(struct h5 *f, hid_t set, const struct field *part)
{
  const long rows = part->hi - part->lo, columns = field_columns(part);
  const struct slab slab = {.start = {part->lo, 0},
                            .count = {rows, columns},
                            .room = {rows, columns},
                            .memory = part->data};

  h5_move_slab(f, set, part, &slab, false);
}

static struct field part_of(const struct pair *p, int k, void *memory)
{
  const struct side *s = &p->side[k];

  return (struct field){.path = p->path,
                        .dims = s->dims,
                        .shape = {s->shape[0], s->shape[1]},
                        .ld = s->shape[1],
                        .single = s->single,
                        .data = memory};
}

static void finish(MPI_Comm comm, struct pair *p, unsigned long long *digest)
{
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, digest, SIDES, MPI_UNSIGNED_LONG_LONG, MPI_SUM, comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, p->most, SIDES, MPI_DOUBLE, MPI_MAX, comm));
  CHECK_MPI(MPI_Allreduce(MPI_IN_PLACE, &p->apart, 1, MPI_DOUBLE, MPI_MAX, comm));
}

/* Walk through one dataset of both files. */
static void walk(MPI_Comm comm, struct h5 *f, struct pair *p)
{
  int rank, size;
  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  CHECK_MPI(MPI_Comm_size(comm, &size));
  const long rows = p->side[A].shape[0], columns = p->side[A].shape[1];
  const long lo = rows * rank / size, hi = rows * (rank + 1) / size;
  const long step = h5_slab_rows(columns * (long)sizeof(double));
  const long most = hi - lo < step ? hi - lo : step;
  long rounds = (hi - lo + step - 1) / step;
  struct field part[SIDES];
  unsigned long long digest[SIDES] = {0};
  hid_t set[SIDES];

  for (int k = 0; k < SIDES; k++) {
    part[k] = part_of(p, k, fail_alloc((size_t)(most * columns) + 1, sizeof(double)));
    set[k] = h5_open_slabs(&f[k], comm, p->path, &rounds);
  }
  for (long r = 0; r < rounds; r++) {
    for (int k = 0; k < SIDES; k++) {
      part[k].lo = lo + r * step < hi ? lo + r * step : hi;
      part[k].hi = part[k].lo + step < hi ? part[k].lo + step : hi;
      read_part(&f[k], set[k], &part[k]);
      digest[k] += field_digest(&part[k]);
    }
    compare(p, part);
  }
  finish(comm, p, digest);
  for (int k = 0; k < SIDES; k++) {
    if (rank == 0 && p->side[k].sealed)
      h5_judge_digest(&f[k], p->path, p->side[k].digest, digest[k]);
    H5Dclose(set[k]);
    free(part[k].data);
  }
}

void apart_measure(MPI_Comm comm, char *const *path, struct pairs *pairs, struct faults *faults)
{
  struct h5 f[SIDES];

  for (int k = 0; k < SIDES; k++) {
    f[k] = h5_new(path[k], faults);
    h5_open_all(&f[k], path[k], comm, false);
  }
  for (int k = 0; k < pairs->count; k++)
    if (alike(&pairs->pair[k]) && !is_empty(&pairs->pair[k])) walk(comm, f, &pairs->pair[k]);
  for (int k = 0; k < SIDES; k++) h5_close(&f[k]);
}

/* --- the table --- */

static double relative(double apart, const double *most)
{
  const double size = fmax(most[A], most[B]);

  return apart > 0 ? apart / size : 0;
}

static const char *family(const struct pair *p)
{
  return strrchr(p->path, '/') + 1;
}

/* "7 x 11"; the caller frees. */
static char *shape_text(const struct side *s)
{
  return s->dims == 2 ? fail_text("%ld x %ld", s->shape[0], s->shape[1])
                      : fail_text("%ld", s->shape[0]);
}

static void print_pair(FILE *out, const struct pair *p)
{
  char *shape[SIDES] = {shape_text(&p->side[A]), shape_text(&p->side[B])};

  fprintf(out, "  %-22s ", p->path);
  if (!p->side[A].there || !p->side[B].there)
    fprintf(out, "%16s  only in %c\n", shape[p->side[A].there ? A : B],
            p->side[A].there ? 'A' : 'B');
  else if (!alike(p))
    fprintf(out, "%16s  in A, %s in B: not compared\n", shape[A], shape[B]);
  else
    fprintf(out, "%16s %12.6g %12.6g %12.6g %12.3g\n", shape[A], p->most[A], p->most[B], p->apart,
            relative(p->apart, p->most));
  free(shape[A]);
  free(shape[B]);
}

/* All layers of a family in one line; the families in the order of their first layers. */
static void print_family(FILE *out, const struct pairs *pairs, int first)
{
  struct pair all = {0};
  int layers = 0;

  for (int k = 0; k < pairs->count; k++) {
    const struct pair *p = &pairs->pair[k];
    if (!alike(p) || strcmp(family(p), family(&pairs->pair[first])) != 0) continue;
    if (k < first) return; /* told already */
    for (int s = 0; s < SIDES; s++) all.most[s] = fmax(all.most[s], p->most[s]);
    all.apart = fmax(all.apart, p->apart);
    layers++;
  }
  if (layers > 0)
    fprintf(out, "  %-22s %9d layer%s %12.6g %12.6g %12.6g %12.3g\n", family(&pairs->pair[first]),
            layers, layers == 1 ? " " : "s", all.most[A], all.most[B], all.apart,
            relative(all.apart, all.most));
}

void apart_print(FILE *out, const struct pairs *pairs, bool same_notes)
{
  bool same = true;

  fprintf(out, "states\n  %-22s %16s %12s %12s %12s %12s\n", "", "shape", "most |A|", "most |B|",
          "most |A-B|", "relative");
  for (int k = 0; k < pairs->count; k++) {
    print_pair(out, &pairs->pair[k]);
    same = same && alike(&pairs->pair[k]) && pairs->pair[k].apart == 0;
  }
  fprintf(out, "all layers\n");
  for (int k = 0; k < pairs->count; k++) print_family(out, pairs, k);
  if (same)
    fprintf(out, same_notes ? "the states are equal\n"
                            : "the arrays are equal, the attributes of /solver are not\n");
}
