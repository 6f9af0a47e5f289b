/* SPDX-License-Identifier: BSD-3-Clause */
#include "share.h"
#include "fail.h"
#include <limits.h>
#include <string.h>

char *share_text(char *text, MPI_Comm comm)
{
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  long length = rank == 0 && text ? (long)strlen(text) : -1;
  CHECK_MPI(MPI_Bcast(&length, 1, MPI_LONG, 0, comm));
  if (length < 0) return NULL;
  CHECK(length < INT_MAX, "a text of %ld bytes is too long to be sent", length);
  if (rank != 0) text = fail_alloc((size_t)length + 1, 1);
  CHECK_MPI(MPI_Bcast(text, (int)length, MPI_CHAR, 0, comm));
  return text;
}
