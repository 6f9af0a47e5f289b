/* SPDX-License-Identifier: BSD-3-Clause */
#include "watch.h"
#include "fail.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { QUARTERS = 4 }; /* naps without a move until it is called a hang */

static const char *const words[] = {
    "does nothing",
    "is solving",
    "is testing",
    "is recording",
    "is writing a state file",
    "waits for messages",
    "waits for all to agree",
};

/* What a rank does, in memory that the ranks of the machine share. */
struct beat {
  atomic_ulong count; /* changes whenever it moves */
  atomic_ulong naps;  /* of its thread: stays behind where the whole process is stopped */
  atomic_int place;
  _Atomic double presentation;
  int rank, process;
};

static struct beat unwatched;
static struct {
  struct beat *mine;   /* never NULL */
  struct beat *all;    /* [count], of the ranks of this machine */
  atomic_int *alarmed; /* shared too: one message is enough */
  int count;
  double seconds;
  MPI_Win window;
  MPI_Comm comm; /* the ranks of this machine */
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t ended;
  bool over;
} watch = {
    .mine = &unwatched, .mutex = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER};

void watch_at(enum place place, double presentation)
{
  atomic_store_explicit(&watch.mine->presentation, presentation, memory_order_relaxed);
  watch_enter(place);
}

enum place watch_enter(enum place place)
{
  struct beat *b = watch.mine;
  const int was = atomic_load_explicit(&b->place, memory_order_relaxed);
  const unsigned long count = atomic_load_explicit(&b->count, memory_order_relaxed);

  atomic_store_explicit(&b->place, (int)place, memory_order_relaxed);
  atomic_store_explicit(&b->count, count + 1, memory_order_relaxed);
  return (enum place)was;
}

/* Has its thread slept less than the one that looks? Then the process is stopped, or gone. */
static bool is_stopped(const struct beat *b)
{
  return atomic_load(&b->naps) + QUARTERS / 2 <= atomic_load(&watch.mine->naps);
}

static bool is_waiting(const struct beat *b)
{
  return atomic_load(&b->place) >= AT_MESSAGES && !is_stopped(b);
}

/* No allocation and no stdio buffers: the rank itself may hang inside of either. */
static void say(void)
{
  char text[4096];
  int culprits = 0;
  size_t used =
      (size_t)snprintf(text, sizeof text, "tauflow: nothing has moved for %.0f s:", watch.seconds);

  for (int k = 0; k < watch.count && used < sizeof text - 128; k++) {
    const struct beat *b = &watch.all[k];
    if (is_waiting(b)) continue;
    used += (size_t)snprintf(text + used, sizeof text - used,
                             "%s rank %d (process %d) %s in presentation %.0f", culprits ? ";" : "",
                             b->rank, b->process,
                             is_stopped(b) ? "does not run" : words[atomic_load(&b->place)],
                             atomic_load(&b->presentation));
    culprits++;
  }
  if (culprits == 0)
    used += (size_t)snprintf(text + used, sizeof text - used,
                             " all ranks of this machine, from rank %d on, wait for others in "
                             "presentation %.0f",
                             watch.all[0].rank, atomic_load(&watch.all[0].presentation));
  used += (size_t)snprintf(text + used, sizeof text - used,
                           "; giving up (key watchdog). Resume from the last state file.\n");
  if (write(STDERR_FILENO, text, used) < 0) return;
}

static unsigned long moves(void)
{
  unsigned long sum = 0;

  for (int k = 0; k < watch.count; k++) sum += atomic_load(&watch.all[k].count);
  return sum;
}

/* Sleep for a quarter of the time; false when the watch is over. */
static bool doze(void)
{
  struct timespec until;

  clock_gettime(CLOCK_REALTIME, &until);
  const double end = (double)until.tv_nsec * 1e-9 + watch.seconds / QUARTERS;
  until.tv_sec += (time_t)end;
  until.tv_nsec = (long)(1e9 * (end - floor(end)));
  pthread_mutex_lock(&watch.mutex);
  int woken = 0;
  while (!watch.over && woken == 0)
    woken = pthread_cond_timedwait(&watch.ended, &watch.mutex, &until);
  const bool over = watch.over;
  pthread_mutex_unlock(&watch.mutex);
  return !over;
}

/* Counts its own naps, not the clock: where the whole job was suspended, it slept too. */
static void *look_on(void *nothing)
{
  unsigned long before = 0;
  int still = 0;

  while (doze()) {
    const unsigned long now = moves();
    atomic_fetch_add(&watch.mine->naps, 1);
    still = now == before ? still + 1 : 0;
    before = now;
    if (still < QUARTERS) continue;
    if (atomic_exchange(watch.alarmed, 1) == 0)
      say();
    else
      sleep(2); /* another rank is saying it */
    _exit(1);   /* not MPI_Abort: this is not the thread that may call MPI */
  }
  return nothing;
}

static void share_memory(void)
{
  int rank, process;
  MPI_Aint bytes;
  int unit;
  char *memory;

  CHECK_MPI(MPI_Comm_rank(watch.comm, &process));
  CHECK_MPI(MPI_Comm_size(watch.comm, &watch.count));
  bytes =
      process == 0 ? (MPI_Aint)((size_t)watch.count * sizeof *watch.all + sizeof(atomic_int)) : 0;
  CHECK_MPI(MPI_Win_allocate_shared(bytes, 1, MPI_INFO_NULL, watch.comm, &memory, &watch.window));
  CHECK_MPI(MPI_Win_shared_query(watch.window, 0, &bytes, &unit, &memory));
  CHECK_MPI(MPI_Comm_rank(MPI_COMM_WORLD, &rank));
  if (process == 0) memset(memory, 0, (size_t)bytes);
  CHECK_MPI(MPI_Barrier(watch.comm));
  watch.all = (struct beat *)(void *)memory;
  watch.alarmed = (atomic_int *)(void *)(watch.all + watch.count);
  watch.mine = &watch.all[process];
  watch.mine->rank = rank;
  watch.mine->process = (int)getpid();
}

/* Signals are for the thread that works. */
static void start_thread(void)
{
  sigset_t all, was;

  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &was);
  watch.over = false;
  CHECK(pthread_create(&watch.thread, NULL, look_on, NULL) == 0, "cannot start a thread");
  pthread_sigmask(SIG_SETMASK, &was, NULL);
}

void watch_begin(MPI_Comm comm, double seconds)
{
  watch.seconds = seconds;
  if (seconds <= 0) return;
  CHECK_MPI(MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &watch.comm));
  share_memory();
  start_thread();
}

void watch_end(void)
{
  if (watch.seconds <= 0) return;
  pthread_mutex_lock(&watch.mutex);
  watch.over = true;
  pthread_cond_signal(&watch.ended);
  pthread_mutex_unlock(&watch.mutex);
  pthread_join(watch.thread, NULL);
  watch.mine = &unwatched;
  watch.seconds = 0;
  CHECK_MPI(MPI_Barrier(watch.comm)); /* the memory is read until all have ended */
  CHECK_MPI(MPI_Win_free(&watch.window));
  CHECK_MPI(MPI_Comm_free(&watch.comm));
}
