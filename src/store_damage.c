/* SPDX-License-Identifier: BSD-3-Clause */
/* store_damage.c - is a state file damaged, or can it only not be read now?
 *
 * A file server that is away, a permission, a broken cable: such errors pass, and the file is as it
 * was. So nothing is called damaged before its bytes were read, all of them, and prove it. */
#include "store_h5.h"
#include "folder.h"
#include <stdlib.h>

struct side side_of(hid_t set)
{
  hsize_t shape[H5S_MAX_RANK] = {1, 1};
  hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  struct side s = {.there = true, .dims = H5Sget_simple_extent_dims(space, shape, NULL)};

  s.single = H5Tequal(type, H5T_IEEE_F32LE) > 0;
  s.there = H5Tget_class(type) == H5T_FLOAT && (s.dims == 1 || s.dims == 2);
  s.sealed = s.there && (s.single || H5Tequal(type, H5T_IEEE_F64LE) > 0) &&
             h5_get(set, "digest", H5T_NATIVE_ULLONG, 0, &s.digest);
  for (int k = 0; k < s.dims && k < 2; k++) s.shape[k] = (long)shape[k];
  if (s.dims == 1) s.shape[1] = 1;
  H5Tclose(type);
  H5Sclose(space);
  return s;
}

static herr_t judge_set(hid_t root, const char *name, const H5O_info_t *info, void *file)
{
  struct h5 *f = file;

  if (info->type != H5O_TYPE_DATASET) return 0;
  hid_t set = h5_try(f, H5Dopen2(root, name, H5P_DEFAULT), name);
  if (set < 0) return 0;
  const struct side side = side_of(set);
  char *path = fail_text("/%s", name);
  if (!h5_holds(set, false)) {
    faults_add(f->faults, "%s: %s claims more numbers than the file holds", f->path, path);
  } else if (side.sealed && side.shape[0] > 0 && side.shape[1] > 0) {
    const struct field field = {.path = path,
                                .dims = side.dims,
                                .shape = {side.shape[0], side.shape[1]},
                                .hi = side.shape[0],
                                .ld = side.shape[1],
                                .single = side.single};
    h5_judge_digest(f, path, side.digest, h5_digest_rows(f, MPI_COMM_SELF, &field));
  }
  free(path);
  H5Dclose(set);
  return 0;
}

enum state_health store_judge(const char *path, struct faults *why)
{
  const int before = why->count;

  if (!folder_reads_whole(path, false, why)) return STATE_UNREADABLE;
  struct h5 f = h5_new(path, why);
  const bool sealed_well = h5_open_state(&f);
  h5_close(&f);
  if (sealed_well && h5_open_all(&f, path, MPI_COMM_SELF, false)) {
    h5_try(&f, H5Ovisit2(f.file, H5_INDEX_NAME, H5_ITER_INC, judge_set, &f, H5O_INFO_BASIC),
           "cannot be listed");
    h5_close(&f);
  }
  return why->count > before ? STATE_DAMAGED : STATE_INTACT;
}
