/* SPDX-License-Identifier: BSD-3-Clause */
/* fuzz.h - what the harnesses share
 *
 * A harness is one file fuzz_<name>.c with LLVMFuzzerTestOneInput, which feeds bytes to one reader
 * and aborts if the reader breaks a promise. With -DTAUFLOW_FUZZ=ON (clang) libFuzzer drives it;
 * otherwise replay.c does: the seeds, then mutations of them, the same ones each time. */
#ifndef TAUFLOW_FUZZ_H
#define TAUFLOW_FUZZ_H

#include "fail.h"
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerInitialize(int *argc, char ***argv); /* in fuzz.c: MPI, and a folder in memory */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* In inplace.c, for the harnesses that are linked with it: change data [most] of `size` bytes and
 * return how many they are now. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
    __attribute__((weak));

/* Abort, so that the input is kept, unless this holds. */
#define PROMISE(cond) CHECK(cond, "broken promise: %s", #cond)

/* The part of an input that is not read yet. */
struct bytes {
  const uint8_t *at;
  size_t left;
};
/* Take the next n bytes, or all there are. */
struct bytes bytes_take(struct bytes *from, size_t n);
/* Take a little-endian number of n bytes; missing bytes are 0. */
unsigned long bytes_number(struct bytes *from, int n);
/* Take a part whose length stands before it, in two bytes. */
struct bytes bytes_part(struct bytes *from);
/* Take what stands before the next zero byte, as a text; NULL at the end. Caller frees. */
char *bytes_text(struct bytes *from);

/* A folder in memory, gone at the end; and a path in it, which the caller frees. */
const char *fuzz_folder(void);
char *fuzz_path(const char *name);
/* Make the file of that path hold these bytes. */
void fuzz_put(const char *path, const void *bytes, size_t count);
/* Give a state file the seal that fits its bytes. False if it has none, or none that can be. */
bool fuzz_mend_seal(const char *path);
/* Open the data set of a job whose files are parts of the input, or whose one file is the input,
 * and look at every sample. */
void fuzz_dataset(const char *job, const char *const *names, int files, const uint8_t *data,
                  size_t size);
/* Do nothing, or abort if the messages are not one line each. Then clear them. */
void fuzz_judge(struct faults *faults);

#endif
