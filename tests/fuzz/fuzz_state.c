/* SPDX-License-Identifier: BSD-3-Clause */
/* A state file, read as by resume and by `start`; first as it is, then with its seal mended, so
 * that what the seal would keep from HDF5 gets there. */
#include "fuzz.h"
#include "session.h"
#include <stdlib.h>

static struct session *make_session(void)
{
  struct faults faults = {0};
  struct job *job = job_parse("data: {set: circles}\nnetwork: {widths: [2, 3, 2]}\nmodel: kp\n"
                              "kp: {noise: 0.1}\npresent: {samples: 1}\n",
                              "fuzz", "/", 0, NULL, &faults);
  struct session *s = session_create(MPI_COMM_SELF, job, &faults);

  PROMISE(faults.count == 0);
  return s;
}

/* All that resume reads (or `start`: fewer), and nothing is refused without a word. */
static void read_state(struct session *s, const char *path, bool all)
{
  double steps, largest[3];
  struct note note[] = {{"steps", 1, &steps}, {"largest_start", 3, largest}};
  struct faults faults = {0};
  struct state_header head;
  const bool read = store_read_header(MPI_COMM_SELF, path, &head, &faults) &&
                    session_load(s, path, all, &faults) &&
                    (!all || store_read_notes(MPI_COMM_SELF, path, 2, note, &faults));

  store_free_header(&head);
  PROMISE(read == (faults.count == 0));
  fuzz_judge(&faults);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct session *s;
  char *path = fuzz_path("state-1.h5");

  if (!s) s = make_session();
  fuzz_put(path, data, size);
  read_state(s, path, true);
  if (fuzz_mend_seal(path)) read_state(s, path, true);
  read_state(s, path, false);
  free(path);
  return 0;
}
