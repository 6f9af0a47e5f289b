/* SPDX-License-Identifier: BSD-3-Clause */
/* replay.c - drives a harness where there is no libFuzzer
 *
 *   fuzz_job RUNS SECONDS SEED... runs the seeds (files), then mutations of them until that many
 * runs or seconds are over. The mutations are the same ones each time. An input that crashes is
 * left in the file fuzz-crash.
 *
 * HDF5 itself crashes on some files. So harnesses that feed it (those linked with inplace.c) run in
 * a process apart, and a crash is looked into: one within HDF5 is counted and the next input's turn
 * comes, any other ends the test. */
#include "fuzz.h"
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 1 << 16, IN_HDF5 = 77 };

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

/* Behind the signal's own frames, those of the C library and of a sanitizer tell nothing. */
static bool is_within_hdf5(void)
{
  void *frame[64];
  const int frames = backtrace(frame, 64);
  bool seen = false;

  for (int k = 0; k < frames; k++) {
    Dl_info info;
    const char *object = dladdr(frame[k], &info) ? info.dli_fname : "";
    if (strstr(object, "libhdf5")) return true;
    const bool telling = !strstr(object, "libc.so") && !strstr(object, "san.so");
    if (seen && telling) return false;
    seen = seen || !telling;
  }
  return false;
}

static void judge_crash(int number)
{
  if (LLVMFuzzerCustomMutator && is_within_hdf5()) _exit(IN_HDF5);
  keep_input(number);
}

/* No input is worth more memory than that, whatever its header says. Sanitizers need their own. */
static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
  const struct rlimit limit = {2UL << 30, 2UL << 30};

  CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "memory cannot be limited");
#endif
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

static void change(void)
{
  if (LLVMFuzzerCustomMutator)
    length = LLVMFuzzerCustomMutator(input, length, MOST, (unsigned)below(1U << 31));
  else
    mutate();
}

/* What is run, and how far it is: in memory that processes share. */
struct plan {
  char **seed;
  size_t seeds;
  long runs, run; /* how many, and the next */
  time_t until;
};

/* The seeds, then mutations of them; each run's are its own, whatever was run before. */
static void walk(struct plan *plan)
{
  while (plan->run < (long)plan->seeds || (plan->run < plan->runs && time(NULL) < plan->until)) {
    const long run = plan->run++;
    const bool plain = run < (long)plan->seeds;

    state = 0x9e3779b97f4a7c15ULL * (uint64_t)(run + 1);
    load(plan->seed[plain ? (size_t)run : below(plan->seeds)]);
    for (size_t k = plain ? 0 : 1 + below(6); k > 0; k--) change();
    LLVMFuzzerTestOneInput(input, length);
  }
}

/* In a process apart, and another one behind each input on which HDF5 crashes. Returns how many
 * those are. */
static long walk_apart(struct plan *plan)
{
  for (long crashes = 0;; crashes++) {
    int status = 0;
    const pid_t child = fork();

    if (child == 0) {
      walk(plan);
      _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child, "no process for inputs");
    if (status == 0) return crashes;
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == IN_HDF5, "run %ld ends with status %d",
          plan->run, status);
  }
}

int main(int argc, char **argv)
{
  static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  struct plan *plan =
      mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  long crashes = 0;

  CHECK(argc > 3 && plan != MAP_FAILED, "%s RUNS SECONDS SEED...", argv[0]);
  *plan = (struct plan){.seed = argv + 3,
                        .seeds = (size_t)argc - 3,
                        .runs = atol(argv[1]),
                        .until = time(NULL) + atol(argv[2])};
  LLVMFuzzerInitialize(&argc, &argv);
  is_within_hdf5(); /* the first call loads a library, which a crash might not survive */
  limit_memory();
  for (size_t k = 0; k < sizeof fatal / sizeof *fatal; k++) signal(fatal[k], judge_crash);
  if (LLVMFuzzerCustomMutator)
    crashes = walk_apart(plan);
  else
    walk(plan);
  printf("%s: %zu seeds, %ld runs, %ld crashes within HDF5\n", argv[0], plan->seeds, plan->run,
         crashes);
  CHECK_MPI(MPI_Finalize());
  return 0;
}
