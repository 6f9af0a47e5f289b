/* SPDX-License-Identifier: BSD-3-Clause */
#include "petsc_part.h"
#include "fail.h"
#include <dlfcn.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "tauflow_petsc.so"

/* Beside the program, or where it was built. flags as dlopen's. NULL if it is at neither. */
static void *open_part(int flags)
{
  char program[PATH_MAX] = "";
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  void *part = NULL;

  if (length > 0) {
    char *beside = fail_text("%s/%s", dirname(program), NAME);
    if (access(beside, R_OK) == 0) part = dlopen(beside, RTLD_NOW | flags);
    free(beside);
  }
  return part ? part : dlopen(TAUFLOW_BUILT_IN "/" NAME, RTLD_NOW | flags);
}

/* dlsym's void pointer, made one to a function as POSIX suggests. */
static const struct petsc_part *table_of(void *part)
{
  const struct petsc_part *(*table)(void);

  *(void **)&table = dlsym(part, "tauflow_petsc");
  CHECK(table, NAME ": %s", dlerror());
  return table();
}

const struct petsc_part *petsc_part(void)
{
  void *part = open_part(0);

  CHECK(part, "what needs PETSc is in " NAME ", which belongs beside the program: %s", dlerror());
  return table_of(part);
}

void petsc_end(void)
{
  void *part = open_part(RTLD_NOLOAD);

  if (part) table_of(part)->end();
}
