/* SPDX-License-Identifier: BSD-3-Clause */
#include "code.h"
#include "code_facts.h"
#include <hdf5.h>
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <sundials/sundials_version.h>
#include <time.h>
#include <unistd.h>

const struct code_fact *code_facts(int *count)
{
  static char mpi[MPI_MAX_LIBRARY_VERSION_STRING], hdf5[32], sundials[32], host[256], date[32];
  static const struct code_fact fact[] = {
      {"version", TAUFLOW_VERSION},
      {"revision", TAUFLOW_REVISION},
      {"compiler", TAUFLOW_COMPILER},
      {"flags", TAUFLOW_FLAGS},
      {"mpi", mpi},
      {"hdf5", hdf5},
      {"sundials", sundials},
      {"host", host},
      {"date", date},
  };
  unsigned major = 0, minor = 0, release = 0;
  int length;
  time_t now = time(NULL);
  struct tm utc;

  MPI_Get_library_version(mpi, &length);
  mpi[strcspn(mpi, "\n")] = '\0';
  H5get_libversion(&major, &minor, &release);
  snprintf(hdf5, sizeof hdf5, "%u.%u.%u", major, minor, release);
  SUNDIALSGetVersion(sundials, sizeof sundials);
  if (gethostname(host, sizeof host - 1) != 0) strcpy(host, "unknown");
  strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
  *count = sizeof fact / sizeof fact[0];
  return fact;
}
