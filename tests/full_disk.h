/* SPDX-License-Identifier: BSD-3-Clause */
/* full_disk.h - a disk that is full, without a disk
 *
 * For the one source file of a test: HDF5 finds this pwrite before the C library's. While
 * disk_is_full, files whose name ends in ".part" take nothing more. */
#ifndef TAUFLOW_FULL_DISK_H
#define TAUFLOW_FULL_DISK_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool disk_is_full;

ssize_t pwrite(int file, const void *bytes, size_t count, off_t at)
{
  char link[64], name[4096] = "";

  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = disk_is_full ? readlink(link, name, sizeof name - 1) : 0;
  if (length > 5 && strcmp(name + length - 5, ".part") == 0) {
    errno = ENOSPC;
    return -1;
  }
  return syscall(SYS_pwrite64, file, bytes, count, at);
}

#endif
