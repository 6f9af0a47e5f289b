/* SPDX-License-Identifier: BSD-3-Clause */
#include "wishes.h"
#include "folder.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static volatile sig_atomic_t stop, save;

static void note(int signal_number)
{
  if (signal_number == SIGUSR2) {
    save = 1;
    return;
  }
  if (signal_number == SIGINT) signal(SIGINT, SIG_DFL); /* the next one is not asked for twice */
  stop = signal_number;
}

void wishes_listen(void)
{
  static const int signals[] = {SIGUSR1, SIGUSR2, SIGTERM, SIGINT};
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};

  sigemptyset(&action.sa_mask);
  for (size_t k = 0; k < sizeof signals / sizeof *signals; k++)
    sigaction(signals[k], &action, NULL);
}

bool wishes_take_stop(const char *folder, struct log *log)
{
  struct faults why = {0};
  const bool taken = folder_take_stop(folder, &why);

  if (taken) log_line(log, "the file %s/stop is obeyed and removed", folder);
  log_warnings(log, &why);
  faults_clear(&why);
  return taken;
}

double wishes_now(void)
{
  struct timespec now;

  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int wishes_stop(void)
{
  return stop;
}

bool wishes_save(void)
{
  const bool asked = save;

  save = 0;
  return asked;
}

double wishes_seconds(const char *text)
{
  double days = 0, part[3];
  int used = 0, more = 0;

  if (sscanf(text, "%lf-%n", &days, &used) != 1 || used == 0) {
    days = 0;
    used = 0;
  }
  const int parts = sscanf(text + used, "%lf:%lf:%lf%n", &part[0], &part[1], &part[2], &more);
  if (parts < 1 || strspn(text, "0123456789:-") != strlen(text)) return -1;
  double seconds = 0;
  /* With days in front, what follows begins with hours. */
  for (int k = 0; k < parts; k++) seconds = 60 * seconds + part[k];
  for (int k = parts; used > 0 && k < 3; k++) seconds *= 60;
  return seconds + 86400 * days;
}

/* Only the first rank asks: thousands at once would bring the controller down. */
static bool is_first(void)
{
  const char *rank = getenv("OMPI_COMM_WORLD_RANK");

  if (!rank) rank = getenv("SLURM_PROCID");
  return !rank || strcmp(rank, "0") == 0;
}

static double ask_squeue(const char *job)
{
  char answer[64] = "";

  if (!*job || strspn(job, "0123456789") != strlen(job)) return INFINITY;
  char *command = fail_text("timeout 20 squeue -h -j %s -o %%L 2>/dev/null", job);
  FILE *in = popen(command, "r");
  free(command);
  if (!in) return INFINITY;
  if (!fgets(answer, sizeof answer, in)) *answer = '\0';
  pclose(in);
  answer[strcspn(answer, "\n")] = '\0';
  const double left = wishes_seconds(answer);
  return left < 0 ? INFINITY : wishes_now() + left;
}

double wishes_slurm_end(void)
{
  const char *end = getenv("SLURM_JOB_END_TIME"), *job = getenv("SLURM_JOB_ID");

  if (end && strtod(end, NULL) > 0) return strtod(end, NULL);
  return job && is_first() ? ask_squeue(job) : INFINITY;
}
