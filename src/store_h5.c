/* SPDX-License-Identifier: BSD-3-Clause */
#include "store_h5.h"
#include "code.h"
#include "guard.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static herr_t keep_innermost(unsigned depth, const H5E_error2_t *error, void *reason)
{
  (void)depth;
  *(char **)reason = fail_text("%s", error->desc ? error->desc : "unknown error");
  return 1;
}

/* What the innermost HDF5 function complained of; of a failed system call only its message. The
 * caller frees. */
static char *h5_reason(void)
{
  static const char mark[] = "error message = '";
  char *reason = NULL;

  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, &reason);
  if (!reason) return fail_text("unknown error");
  char *message = strstr(reason, mark);
  if (message) {
    message += sizeof mark - 1;
    message[strcspn(message, "'")] = '\0';
    memmove(reason, message, strlen(message) + 1);
  }
  return reason;
}

hid_t h5_check(hid_t result, const char *call, const char *file, int line)
{
  if (result < 0) fail_abort(file, line, "%s: %s", call, h5_reason());
  return result;
}

/* Links into other files are not followed: who opens a file reads that file. */
struct h5 h5_new(const char *path, struct faults *faults)
{
  CHECK_H5(H5Eset_auto2(H5E_DEFAULT, NULL, NULL));
  H5Lunregister(H5L_TYPE_EXTERNAL); /* fails from the second time on */
  return (struct h5){.path = path, .file = H5I_INVALID_HID, .ok = true, .faults = faults};
}

/* HDF5 1.10 cannot let go of what it cannot write: closing fails, and the library crashes at exit
 * on the remains. So a file that is lost writes the rest into memory, where there is room. */
static void write_to_memory(hid_t file)
{
  int *descriptor = NULL, memory = memfd_create("lost", MFD_CLOEXEC);

  if (memory < 0) return;
  if (H5Fget_vfd_handle(file, H5P_DEFAULT, (void **)&descriptor) >= 0) dup2(memory, *descriptor);
  close(memory);
}

hid_t h5_try(struct h5 *f, hid_t result, const char *what)
{
  if (result < 0 && f->ok) {
    char *reason = h5_reason();

    f->ok = false;
    if (f->alone) write_to_memory(f->file);
    faults_add(f->faults, "%s: %s: %s", f->path, what, reason);
    free(reason);
  }
  return result;
}

/* Files are published whole or meant to be read while they grow, and some parallel file systems
 * have no locks: so nobody locks. */
static hid_t access_list(H5F_libver_t low)
{
  hid_t access = CHECK_H5(H5Pcreate(H5P_FILE_ACCESS));

  CHECK_H5(H5Pset_libver_bounds(access, low, H5F_LIBVER_V110));
  CHECK_H5(H5Pset_file_locking(access, false, true));
  return access;
}

hid_t h5_timeless(hid_t list_class)
{
  hid_t list = CHECK_H5(H5Pcreate(list_class));

  CHECK_H5(H5Pset_obj_track_times(list, false));
  return list;
}

bool h5_create(struct h5 *f, const char *name, H5F_libver_t low, long before)
{
  hid_t access = access_list(low), create = h5_timeless(H5P_FILE_CREATE);

  CHECK_H5(H5Pset_userblock(create, (hsize_t)before));
  unlink(name);
  f->file = h5_try(f, H5Fcreate(name, H5F_ACC_TRUNC, create, access), "cannot be created");
  f->alone = f->file >= 0;
  H5Pclose(create);
  H5Pclose(access);
  return f->ok;
}

/* A fifo would make us wait, a device never end; and a run writes to no file but its own. */
static const char *unfit(const char *path, bool writing)
{
  struct stat status;

  if (writing && lstat(path, &status) == 0 && S_ISLNK(status.st_mode))
    return "is a symbolic link: it is not written through";
  return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)
             ? "is not a file"
             : NULL;
}

static void guard(struct h5 *f, bool on)
{
  if (on && !f->guarded) guard_begin(f->path);
  if (!on && f->guarded) guard_end();
  f->guarded = on;
}

bool h5_open(struct h5 *f, bool writing)
{
  const char *wrong = unfit(f->path, writing);

  guard(f, true);
  if (!wrong && H5Fis_hdf5(f->path) == 0) wrong = "is not an HDF5 file";
  if (wrong) {
    f->ok = false;
    faults_add(f->faults, "%s: %s", f->path, wrong);
    guard(f, false);
    return false;
  }
  hid_t access = access_list(H5F_LIBVER_EARLIEST);

  f->file = h5_try(f, H5Fopen(f->path, writing ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access),
                   "cannot be opened");
  f->alone = writing && f->file >= 0;
  H5Pclose(access);
  guard(f, f->ok);
  return f->ok;
}

bool h5_open_all(struct h5 *f, const char *name, MPI_Comm comm, bool writing)
{
  hid_t access = access_list(H5F_LIBVER_V110);

  guard(f, !writing);
  CHECK_H5(H5Pset_fapl_mpio(access, comm, MPI_INFO_NULL));
  CHECK_H5(H5Pset_all_coll_metadata_ops(access, true));
  f->file =
      h5_try(f, H5Fopen(name, writing ? H5F_ACC_RDWR : H5F_ACC_RDONLY, access), "cannot be opened");
  H5Pclose(access);
  return f->ok;
}

bool h5_close(struct h5 *f)
{
  unsigned intent = H5F_ACC_RDONLY;

  if (f->file >= 0) {
    H5Fget_intent(f->file, &intent);
    if (intent & H5F_ACC_RDWR) h5_try(f, H5Fflush(f->file, H5F_SCOPE_GLOBAL), "cannot be written");
    f->alone = false; /* of a file that cannot be closed HDF5 has no descriptor any more */
    /* A file that cannot be closed may crash HDF5 when it ends: then the guard has the last word.
     */
    if (h5_try(f, H5Fclose(f->file), "cannot be closed") < 0) f->guarded = false;
    f->file = H5I_INVALID_HID;
  }
  guard(f, false);
  return f->ok;
}

/* False, with errno, if the disk has no room for this. */
static bool has_room(int fd, long beyond)
{
  struct stat status;
  struct statvfs disk;

  if (fstat(fd, &status) != 0) return false;
  if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, status.st_size + beyond) == 0) return true;
  if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG) return false;
  /* This file system cannot claim space: is there any now? */
  long wanted = status.st_size + beyond - status.st_blocks * 512;
  bool known = fstatvfs(fd, &disk) == 0;
  errno = ENOSPC;
  return !known || wanted <= 0 || (unsigned long)wanted / disk.f_frsize < disk.f_bavail;
}

void h5_reserve(struct h5 *f, const char *name, long beyond)
{
  int fd = open(name, O_WRONLY);

  if (fd < 0 || !has_room(fd, beyond)) {
    f->ok = false;
    faults_add(f->faults, "%s: cannot be written: %s", f->path, strerror(errno));
  }
  if (fd >= 0) close(fd);
}

void h5_end_set(struct h5 *f, hid_t set)
{
  if (set >= 0) h5_try(f, H5Dflush(set), "cannot be written");
  H5Dclose(set);
}

hid_t h5_make_group(struct h5 *f, const char *path)
{
  hid_t create = h5_timeless(H5P_GROUP_CREATE);
  hid_t group = h5_try(f, H5Gcreate2(f->file, path, H5P_DEFAULT, create, H5P_DEFAULT), path);

  H5Pclose(create);
  return group;
}

/* Not left to H5Pset_create_intermediate_group, which stamps the groups with the time. */
void h5_make_parents(struct h5 *f, const char *path)
{
  char *parent = fail_text("%s", path);

  for (char *end = strchr(parent + 1, '/'); end; end = strchr(end + 1, '/')) {
    *end = '\0';
    if (H5Lexists(f->file, parent, H5P_DEFAULT) == 0) H5Gclose(h5_make_group(f, parent));
    *end = '/';
  }
  free(parent);
}

void h5_put(struct h5 *f, hid_t object, const char *name, hid_t file_type, hid_t memory_type,
            int count, const void *value)
{
  hsize_t n = (hsize_t)count;
  hid_t space = CHECK_H5(count ? H5Screate_simple(1, &n, NULL) : H5Screate(H5S_SCALAR));
  hid_t attribute =
      h5_try(f, H5Acreate2(object, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT), name);

  h5_try(f, H5Awrite(attribute, memory_type, value), name);
  H5Aclose(attribute);
  H5Sclose(space);
}

/* Fixed length, room for the final zero. */
static hid_t text_type(const char *text)
{
  hid_t type = CHECK_H5(H5Tcopy(H5T_C_S1));

  CHECK_H5(H5Tset_size(type, strlen(text) + 1));
  CHECK_H5(H5Tset_cset(type, H5T_CSET_UTF8));
  return type;
}

void h5_put_text(struct h5 *f, hid_t object, const char *name, const char *text)
{
  hid_t type = text_type(text);

  h5_put(f, object, name, type, type, 0, text);
  H5Tclose(type);
}

void h5_put_code(struct h5 *f)
{
  int count;
  const struct code_fact *fact = code_facts(&count);
  hid_t group = h5_make_group(f, "/code");

  for (int i = 0; i < count; i++) h5_put_text(f, group, fact[i].name, fact[i].value);
  H5Gclose(group);
}

/* A dataset, as attributes are meant to be small. */
void h5_put_job(struct h5 *f, const char *text)
{
  if (!text) return;
  hid_t group = h5_make_group(f, "/job"), create = h5_timeless(H5P_DATASET_CREATE);
  hid_t type = text_type(text), space = CHECK_H5(H5Screate(H5S_SCALAR));
  hid_t set =
      h5_try(f, H5Dcreate2(group, "yaml", type, space, H5P_DEFAULT, create, H5P_DEFAULT), "/job");

  h5_try(f, H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, text), "/job");
  h5_end_set(f, set);
  H5Sclose(space);
  H5Tclose(type);
  H5Pclose(create);
  H5Gclose(group);
}

static double file_bytes(hid_t object)
{
  hsize_t size = 0;
  hid_t file = H5Iget_file_id(object);

  if (H5Fget_filesize(file, &size) < 0) size = 0;
  H5Fclose(file);
  return (double)size;
}

double h5_claimed(hid_t set)
{
  hsize_t shape[H5S_MAX_RANK];
  hid_t space = H5Dget_space(set), type = H5Dget_type(set);
  const int dims = H5Sget_simple_extent_dims(space, shape, NULL);
  double bytes = (double)H5Tget_size(type);

  for (int d = 0; d < dims; d++) bytes *= (double)shape[d];
  H5Tclose(type);
  H5Sclose(space);
  return bytes;
}

bool h5_holds(hid_t set, bool grows)
{
  hid_t create = H5Dget_create_plist(set);
  const bool elsewhere = H5Pget_layout(create) == H5D_VIRTUAL || H5Pget_external_count(create) > 0;
  const double ratio = H5Pget_nfilters(create) > 0 ? DEFLATE_MOST : 1;
  const double stored = fmin((double)H5Dget_storage_size(set), file_bytes(set));

  H5Pclose(create);
  return !elsewhere && h5_claimed(set) <= ratio * stored + (grows ? 1 << 24 : 0);
}

bool h5_has(hid_t file, const char *path)
{
  char *part = fail_text("%s", path);
  bool has = true;

  /* H5Lexists is an error, not false, where a group above is missing: so step by step. */
  for (char *end = part; has && end;) {
    end = strchr(end + 1, '/');
    if (end) *end = '\0';
    has = strcmp(part, "/") == 0 || (H5Lexists(file, part, H5P_DEFAULT) > 0 &&
                                     H5Oexists_by_name(file, part, H5P_DEFAULT) > 0);
    if (end) *end = '/';
  }
  free(part);
  return has;
}

static herr_t read_any(hid_t object, hid_t memory_type, void *value)
{
  if (H5Iget_type(object) == H5I_ATTR) return H5Aread(object, memory_type, value);
  return H5Dread(object, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, value);
}

static char *read_text(hid_t object, hid_t type)
{
  static const size_t longest = 64 << 20; /* no text of ours is longer; a damaged size may be */
  const double there = file_bytes(object);
  const size_t size = H5Tget_size(type), most = there < longest ? (size_t)there : longest;
  char *text = NULL;

  if (H5Tis_variable_str(type) > 0) {
    char *borrowed = NULL;

    if (read_any(object, type, &borrowed) >= 0 && borrowed) text = fail_text("%s", borrowed);
    H5free_memory(borrowed);
  } else if (size > 0 && size <= most) {
    text = fail_alloc(size + 1, 1);
    if (read_any(object, type, text) < 0) text[0] = '\0';
  }
  return text;
}

/* Of an open attribute or dataset, which is closed. */
static char *take_text(hid_t object)
{
  if (object < 0) return NULL;
  bool attribute = H5Iget_type(object) == H5I_ATTR;
  hid_t type = attribute ? H5Aget_type(object) : H5Dget_type(object);
  hid_t space = attribute ? H5Aget_space(object) : H5Dget_space(object);
  bool single = H5Tget_class(type) == H5T_STRING && H5Sget_simple_extent_npoints(space) == 1;
  char *text = single ? read_text(object, type) : NULL;

  H5Sclose(space);
  H5Tclose(type);
  if (attribute)
    H5Aclose(object);
  else
    H5Dclose(object);
  return text;
}

char *h5_get_text(hid_t object, const char *name)
{
  if (H5Aexists(object, name) <= 0) return NULL;
  return take_text(H5Aopen(object, name, H5P_DEFAULT));
}

char *h5_get_text_set(hid_t file, const char *path)
{
  return h5_has(file, path) ? take_text(H5Dopen2(file, path, H5P_DEFAULT)) : NULL;
}

bool h5_get(hid_t object, const char *name, hid_t memory_type, int count, void *value)
{
  if (H5Aexists(object, name) <= 0) return false;
  hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  if (attribute < 0) return false;
  hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  H5T_class_t class = H5Tget_class(type);
  bool good = (class == H5T_INTEGER || class == H5T_FLOAT) &&
              H5Sget_simple_extent_npoints(space) == (count ? count : 1) &&
              H5Aread(attribute, memory_type, value) >= 0;

  H5Sclose(space);
  H5Tclose(type);
  H5Aclose(attribute);
  return good;
}
