/* SPDX-License-Identifier: BSD-3-Clause */
/* own_file.h - HDF5 files of samples, good ones and others, for data.set: file */
#ifndef TAUFLOW_OWN_FILE_H
#define TAUFLOW_OWN_FILE_H

#include "fail.h"
#include <hdf5.h>
#include <mpi.h>
#include <stdlib.h>

/* One dataset of a file; without a name it is left out, without values it is empty. */
struct part {
  const char *name;
  hid_t file_type, type;
  const void *values;
  hsize_t dims[3];
  int rank;
};

static inline void own_file_add(hid_t file, const struct part *part)
{
  hid_t space = H5Screate_simple(part->rank, part->dims, NULL);
  hid_t at =
      H5Dcreate2(file, part->name, part->file_type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);

  if (part->values) H5Dwrite(at, part->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, part->values);
  H5Dclose(at);
  H5Sclose(space);
}

/* Write folder/my.h5. Collective over the world. */
static inline void own_file_put(const char *folder, int count, const struct part *parts)
{
  char *path = fail_text("%s/my.h5", folder);
  int rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) {
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);

    H5Gclose(H5Gcreate2(file, "train", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Gclose(H5Gcreate2(file, "test", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    for (int k = 0; k < count; k++)
      if (parts[k].name) own_file_add(file, &parts[k]);
    H5Fclose(file);
  }
  free(path);
  MPI_Barrier(MPI_COMM_WORLD);
}

#endif
