/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.c - drives a harness where there is no libFuzzer
 *
 *   fuzz_job RUNS SECONDS SEED... runs the seeds (files), then mutations of them until that many
 * runs or seconds are over. The mutations are the same ones each time. An input that crashes is
 * left in the file fuzz-crash. */
#include "fuzz.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 16 };

static uint8_t input[MOST];
static size_t length;
static uint64_t state = 1;

/* xorshift64* */
static size_t below(size_t n)
{
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return n ? (size_t)(state * 0x2545f4914f6cdd1dULL >> 33) % n : 0;
}

static void keep_input(int number)
{
  const int fd = open("fuzz-crash", O_WRONLY | O_CREAT | O_TRUNC, 0600);

  if (fd >= 0 && write(fd, input, length) >= 0) close(fd);
  signal(number, SIG_DFL);
  raise(number);
}

static void load(const char *path)
{
  FILE *in = fopen(path, "rb");

  CHECK(in, "%s: cannot be opened", path);
  length = fread(input, 1, MOST, in);
  fclose(in);
}

static void drop(size_t at, size_t n)
{
  memmove(input + at, input + at + n, length - at - n);
  length -= n;
}

static void insert(size_t at, size_t n)
{
  static uint8_t copy[MOST];
  const size_t from = below(length - n + 1);

  if (length + n > MOST) return;
  memcpy(copy, input + from, n);
  memmove(input + at + n, input + at, length - at);
  memcpy(input + at, copy, n);
  length += n;
}

/* One change: a bit, a byte, a part less, a part twice, or the end cut off. */
static void mutate(void)
{
  static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff, '\n', '-', '9', ':', '[', '{', '"', '&'};
  const size_t at = below(length), n = 1 + below(length - at < 32 ? length - at : 32);

  if (length == 0) return;
  switch (below(6)) {
  case 0:
    input[at] ^= (uint8_t)(1U << below(8));
    break;
  case 1:
    input[at] = odd[below(sizeof odd)];
    break;
  case 2:
    input[at] = (uint8_t)below(256);
    break;
  case 3:
    drop(at, n > length - at ? length - at : n);
    break;
  case 4:
    insert(at, n > length ? length : n);
    break;
  default:
    if (below(8) == 0) length = at;
  }
}

int main(int argc, char **argv)
{
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

  CHECK(argc > 3, "%s RUNS SECONDS SEED...", argv[0]);
  const long runs = atol(argv[1]);
  const time_t until = time(NULL) + atol(argv[2]);
  char **seed = argv + 3;
  const size_t seeds = (size_t)argc - 3;
  long run = 0;

  LLVMFuzzerInitialize(&argc, &argv);
  for (size_t k = 0; k < sizeof fatal / sizeof *fatal; k++) signal(fatal[k], keep_input);
  for (; run < (long)seeds || (run < runs && time(NULL) < until); run++) {
    load(seed[run < (long)seeds ? (size_t)run : below(seeds)]);
    for (size_t k = run < (long)seeds ? 0 : 1 + below(6); k > 0; k--) mutate();
    LLVMFuzzerTestOneInput(input, length);
  }
  printf("%s: %zu seeds, %ld runs\n", argv[0], seeds, run);
  CHECK_MPI(MPI_Finalize());
  return 0;
}
