/* SPDX-License-Identifier: BSD-3-Clause */
#include "guard.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SIGNALS = 5, DEPTH = 8, STACK = 1 << 16 };
static const int deadly[SIGNALS] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/* A signal asks nobody for arguments: so these are global. The handler has a stack of its own, for
 * the crash may be a recursion without end. */
static char message[DEPTH][4300];
static struct sigaction before[SIGNALS];
static stack_t stack_before;
static char stack[STACK];
static volatile sig_atomic_t depth;

static void crashed(int number)
{
  const char *text = message[depth > DEPTH ? DEPTH - 1 : depth - 1];

  (void)number;
  if (write(STDERR_FILENO, text, strlen(text)) < 0) _exit(1);
  _exit(2);
}

static void listen_to_crashes(void)
{
  const stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
  struct sigaction action = {.sa_handler = crashed, .sa_flags = SA_ONSTACK};

  sigaltstack(&own, &stack_before);
  sigemptyset(&action.sa_mask);
  for (int k = 0; k < SIGNALS; k++) sigaction(deadly[k], &action, &before[k]);
}

void guard_begin(const char *path)
{
  if (depth < DEPTH)
    snprintf(message[depth], sizeof message[depth],
             "tauflow: %.4096s: HDF5 crashes on it: it is damaged, or made to do harm\n", path);
  if (depth++ == 0) listen_to_crashes();
}

void guard_end(void)
{
  if (--depth > 0) return;
  for (int k = 0; k < SIGNALS; k++) sigaction(deadly[k], &before[k], NULL);
  sigaltstack(&stack_before, NULL);
}
