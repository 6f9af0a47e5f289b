/* SPDX-License-Identifier: BSD-3-Clause */
#include "cli.h"
#include "code.h"
#include "folder.h"
#include "run.h"
#include "session.h"
#include "share.h"
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Options, as a set of bits. */
enum {
  SET = 1,
  OUT = 2,
  START = 4,
  WALL = 8,
  OVERWRITE = 16,
  CONFUSION = 32,
  MARKDOWN = 64,
  QUICK = 128,
  RANKS = 256,
  STEPS = 512,
  MACHINE = 1024,
  ASK = 2048,
  GROUP = 4096,
  MEMBER = 8192,
  GATHER = 16384,
  DIFF = 32768
};

static const struct {
  const char *word;
  enum command command;
  const char *subject; /* what follows, or NULL */
  int takes;           /* options */
} commands[] = {
    {"run", RUN, "a job file", SET | OUT | START | WALL | OVERWRITE},
    {"resume", RESUME, "the folder of a run", SET | WALL},
    {"sweep", SWEEP, "a job file", SET | OUT | START | WALL | OVERWRITE | GROUP | MEMBER | GATHER},
    {"check", CHECK_JOB, "a job file",
     SET | OUT | START | WALL | OVERWRITE | RANKS | STEPS | MACHINE},
    {"info", INFO, "an HDF5 file or the folder of a run", DIFF},
    {"evaluate", EVALUATE, "a state file", SET | CONFUSION},
    {"bench", BENCH, NULL, SET | OUT | WALL | QUICK},
    {"keys", KEYS, NULL, MARKDOWN},
    {"--help", HELP, NULL, 0},
    {"-h", HELP, NULL, 0},
    {"help", HELP, NULL, 0},
    {"--version", VERSION, NULL, 0},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

void cli_print_help(void)
{
  puts("tauflow integrates networks that learn in continuous time.\n"
       "\n"
       "  tauflow run JOB.yml        run a job; its files go to output/<name>\n"
       "  tauflow resume DIR         continue a run from its newest intact state file\n"
       "  tauflow sweep JOB.yml      run all members of a job's sweep, or go on with them\n"
       "  tauflow sweep --gather DIR sweep.h5 from the members that are there\n"
       "  tauflow check JOB.yml      all errors of a job at once; memory, messages, time\n"
       "  tauflow evaluate STATE     accuracy and loss of a state file\n"
       "  tauflow info FILE.h5       what a state, series or sweep file holds\n"
       "  tauflow info DIR           how a run ended, and its newest intact state\n"
       "  tauflow info --diff A B    how two runs, or state files, differ\n"
       "  tauflow bench              kernels and messages against what this machine can do\n"
       "  tauflow bench JOB.yml...   speed, steps and error of each solver on each job\n"
       "  tauflow keys               every job key with default, limits, unit and meaning\n"
       "\n"
       "  --set key=value            override a key of the job (run, check, evaluate, bench;\n"
       "                             resume: those that may change, as `tauflow keys` says)\n"
       "  --out DIR                  where a run writes\n"
       "  --out FILE.yml             where bench without jobs leaves the machine's constants\n"
       "  --ranks-per-member K       how many ranks work on one member (sweep; 1)\n"
       "  --member I                 run one member alone (sweep)\n"
       "  --start STATE              begin from the weights of a state file (run, check)\n"
       "  --overwrite                replace the run that is in the folder (run, sweep)\n"
       "  --max-wall SECONDS         stop with a state file before so much wall time (run,\n"
       "                             resume, sweep); how long a job may take, about (bench; 60)\n"
       "  --ranks P                  plan for so many ranks, not those of now (check)\n"
       "  --machine FILE.yml         constants that bench left: predicts the time (check)\n"
       "  --steps N                  steps of a presentation to predict it with (check)\n"
       "  --quick                    a first impression in some seconds (bench)\n"
       "  --confusion                add the confusion matrix (evaluate)\n"
       "  --markdown                 as docs/jobs.md (keys)\n"
       "  --help, --version\n"
       "\n"
       "Alone, or under mpirun or srun: mpirun -n 4 tauflow run JOB.yml\n"
       "Exit status: 0 done, 2 a mistake in the input, 3 stopped early with a state file written,\n"
       "4 the network diverged, 1 anything else.");
}

void cli_print_version(void)
{
  int count;
  const struct code_fact *fact = code_facts(&count);

  printf("tauflow %s\n", TAUFLOW_VERSION);
  for (int k = 0; k < count - 1; k++) printf("%s: %s\n", fact[k].name, fact[k].value);
}

static double read_seconds(const char *word, struct faults *faults)
{
  char *end;
  const double seconds = strtod(word, &end);

  if (end == word || *end || !(seconds > 0))
    faults_add(faults, "--max-wall %s: must be a number of seconds > 0", word);
  return seconds;
}

static int read_ranks(const char *word, struct faults *faults)
{
  char *end;
  const long ranks = strtol(word, &end, 10);

  if (end == word || *end || ranks < 1 || ranks > PLAN_MOST_RANKS) {
    faults_add(faults, "--ranks %s: must be a whole number from 1 to %d", word, PLAN_MOST_RANKS);
    return 0;
  }
  return (int)ranks;
}

/* --member and --ranks-per-member. */
static long read_whole(const char *option, const char *word, long least, struct faults *faults)
{
  char *end;
  const long n = strtol(word, &end, 10);

  if (end == word || *end || n < least || n > INT_MAX) {
    faults_add(faults, "%s %s: must be a whole number >= %ld", option, word, least);
    return least;
  }
  return n;
}

static double read_steps(const char *word, struct faults *faults)
{
  char *end;
  const double steps = strtod(word, &end);

  if (end == word || *end || !(steps >= 1 && steps <= 1e9))
    faults_add(faults, "--steps %s: must be a number from 1 to 1e9", word);
  return steps;
}

static void read_options(struct cli *cli, int takes, int argc, char **argv, struct faults *faults)
{
  static const struct option options[] = {{"set", required_argument, NULL, SET},
                                          {"out", required_argument, NULL, OUT},
                                          {"start", required_argument, NULL, START},
                                          {"max-wall", required_argument, NULL, WALL},
                                          {"overwrite", no_argument, NULL, OVERWRITE},
                                          {"confusion", no_argument, NULL, CONFUSION},
                                          {"markdown", no_argument, NULL, MARKDOWN},
                                          {"quick", no_argument, NULL, QUICK},
                                          {"ranks", required_argument, NULL, RANKS},
                                          {"steps", required_argument, NULL, STEPS},
                                          {"machine", required_argument, NULL, MACHINE},
                                          {"ranks-per-member", required_argument, NULL, GROUP},
                                          {"member", required_argument, NULL, MEMBER},
                                          {"gather", required_argument, NULL, GATHER},
                                          {"diff", no_argument, NULL, DIFF},
                                          {"help", no_argument, NULL, ASK},
                                          {0}};
  int option, which = 0;

  opterr = 0;
  optind = 0; /* 0, not 1: also forget where in a word an earlier line ended */
  while ((option = getopt_long(argc, argv, "", options, &which)) != -1) {
    if (option != '?' && option != ASK && !(takes & option))
      faults_add(faults, "--%s: is not for tauflow %s; see tauflow --help", options[which].name,
                 argv[0]);
    switch (option) {
    case SET:
      cli->set[cli->sets++] = optarg;
      break;
    case OUT:
      cli->out = optarg;
      break;
    case START:
      cli->start = optarg;
      break;
    case WALL:
      cli->max_wall = read_seconds(optarg, faults);
      break;
    case OVERWRITE:
      cli->overwrite = true;
      break;
    case CONFUSION:
      cli->confusion = true;
      break;
    case MARKDOWN:
      cli->markdown = true;
      break;
    case RANKS:
      cli->plan.ranks = read_ranks(optarg, faults);
      break;
    case STEPS:
      cli->plan.steps = read_steps(optarg, faults);
      break;
    case MACHINE:
      cli->plan.machine = optarg;
      break;
    case GROUP:
      cli->ranks_per_member = (int)read_whole("--ranks-per-member", optarg, 1, faults);
      break;
    case MEMBER:
      cli->member = read_whole("--member", optarg, 0, faults);
      break;
    case GATHER:
      cli->gather = true;
      cli->subject = optarg;
      break;
    case QUICK:
      cli->quick = true;
      break;
    case DIFF:
      cli->diff = true;
      break;
    case ASK:
      cli->command = HELP;
      break;
    default:
      faults_add(faults, "%s: no such option, or its value is missing; see tauflow --help",
                 argv[optind - 1]);
    }
  }
  for (; optind < argc; optind++) {
    if (cli->command == BENCH)
      cli->subject_list[cli->subjects++] = argv[optind];
    else if (cli->subject && cli->diff && !cli->other)
      cli->other = argv[optind];
    else if (cli->subject)
      faults_add(faults, "%s: one thing too many; see tauflow --help", argv[optind]);
    else
      cli->subject = argv[optind];
  }
}

struct cli cli_read(int argc, char **argv, struct faults *faults)
{
  struct cli cli = {.command = HELP,
                    .max_wall = INFINITY,
                    .ranks_per_member = 1,
                    .member = -1,
                    .subject_list = fail_alloc((size_t)argc, sizeof *cli.subject_list),
                    .set = fail_alloc((size_t)argc, sizeof *cli.set)};
  int k = 0;

  if (argc < 2) {
    faults_add(faults, "no command; see tauflow --help");
    return cli;
  }
  while (k < COMMANDS && strcmp(argv[1], commands[k].word) != 0) k++;
  if (k == COMMANDS) {
    faults_add(faults, "%s: no such command; see tauflow --help", argv[1]);
    return cli;
  }
  cli.command = commands[k].command;
  read_options(&cli, commands[k].takes, argc - 1, argv + 1, faults);
  if (commands[k].subject && !cli.subject && !faults->count && cli.command != HELP)
    faults_add(faults, "tauflow %s needs %s; see tauflow --help", argv[1], commands[k].subject);
  if (cli.diff && cli.subject && !cli.other)
    faults_add(faults, "tauflow info --diff needs two runs or state files; see tauflow --help");
  if (!commands[k].subject && cli.subject)
    faults_add(faults, "%s: one thing too many; see tauflow --help", cli.subject);
  return cli;
}

void cli_free(struct cli *cli)
{
  free(cli->set);
  free(cli->subject_list);
}

static char *absolute(const char *path)
{
  char here[PATH_MAX];

  if (path[0] == '/' || !getcwd(here, sizeof here)) return fail_text("%s", path);
  return fail_text("%s/%s", here, path);
}

static char *folder_of(const char *path)
{
  char *folder = absolute(path), *slash = strrchr(folder, '/');

  *(slash == folder ? slash + 1 : slash) = '\0';
  return folder;
}

/* Of a run to be resumed: where its used.yml is of no use, a state file may do. */
static char *find_resumed(const char *folder, char **origin, struct faults *faults)
{
  struct faults why = {0};
  char *from, *text = checkpoint_job(folder, &from, &why);

  if (text && why.count > 0)
    fprintf(stderr, "tauflow: warning: %.*s; the keys are taken from %s\n",
            (int)strcspn(why.text, "\n"), why.text, from);
  else if (!text)
    faults_add(faults, "%.*s; nor is there a state file that can be read",
               (int)strcspn(why.text, "\n"), why.text);
  if (text) {
    free(*origin);
    *origin = from;
  }
  faults_clear(&why);
  return text;
}

/* The text of the job and its name in messages, on rank 0. */
static char *find_text(const struct cli *cli, MPI_Comm comm, char **origin, struct faults *faults)
{
  int rank;

  CHECK_MPI(MPI_Comm_rank(comm, &rank));
  if (cli->command == EVALUATE) {
    struct state_header head = {0};
    char *text = NULL;
    *origin = fail_text("%s:/job", cli->subject);
    if (!store_read_header(comm, cli->subject, &head, faults)) return NULL;
    if (head.job && rank == 0)
      text = fail_text("%s", head.job);
    else if (rank == 0)
      faults_add(faults, "%s: holds no job to evaluate with; run one with --start", cli->subject);
    store_free_header(&head);
    return text;
  }
  const bool from_folder = cli->command == RESUME || cli->gather;
  *origin = from_folder ? folder_path(cli->subject, "used.yml") : fail_text("%s", cli->subject);
  if (rank != 0) return NULL;
  if (cli->command == RESUME && !folder_has_run(cli->subject)) {
    faults_add(faults, "%s: holds no run to resume", cli->subject);
    return NULL;
  }
  if (cli->gather && !folder_holds(cli->subject, "used.yml")) {
    faults_add(faults, "%s: holds no sweep to gather", cli->subject);
    return NULL;
  }
  return cli->command == RESUME ? find_resumed(cli->subject, origin, faults)
                                : folder_read_text(*origin, faults);
}

/* A sweep is not to be taken for a run, nor a run for a sweep. */
static void check_sweep(const struct cli *cli, const struct job *job, struct faults *faults)
{
  const long members = job_members(job);

  if (cli->gather && (cli->sets > 0 || cli->out || cli->member >= 0))
    faults_add(faults, "--gather takes what is in the folder: no other options");
  else if (cli->gather && members == 0)
    faults_add(faults, "%s: holds a run that is no sweep: nothing to gather", cli->subject);
  else if (cli->command == SWEEP && members == 0)
    faults_add(faults, "%s: has no section `sweep`: nothing to sweep; tauflow run runs it",
               cli->subject);
  else if (cli->command == RESUME && members > 0)
    faults_add(faults, "%s: is a sweep; tauflow sweep %s/used.yml --out %s goes on with it",
               cli->subject, cli->subject, cli->subject);
  else if ((cli->command == RUN || cli->command == BENCH) && members > 0)
    faults_add(faults,
               "%s: is a sweep of %ld members; tauflow sweep runs them, with --member one of them",
               cli->subject, members);
}

/* A run in progress may change how long it runs and what it reports, not what it is. Of a key that
 * is unknown the reader of jobs tells. */
static void check_resumed(const struct cli *cli, struct faults *faults)
{
  for (int k = 0; cli->command == RESUME && k < cli->sets; k++) {
    const char *set = cli->set[k];
    char *name = fail_text("%.*s", (int)strcspn(set, "="), set);
    const struct key *key = key_find(name);

    if (strncmp(name, "sweep.", 6) == 0 || (key && key->change == KEY_FIXED))
      faults_add(faults,
                 "--set %s: a run that is resumed keeps its %s; `tauflow keys` says which keys may "
                 "change",
                 set, name);
    free(name);
  }
}

/* The name of a job without one: its file's, without folder and ending, and with _ for what a
 * name may not hold. */
static char *default_name(const struct cli *cli)
{
  const char *slash = strrchr(cli->subject, '/');
  char *name = fail_text("name=%s", slash ? slash + 1 : cli->subject);
  char *dot = strrchr(name, '.');

  if (dot && dot > name + 5) *dot = '\0';
  for (char *c = name + 5; *c; c++)
    if (!session_names_hold(*c) || (c == name + 5 && *c == '.')) *c = '_';
  return name;
}

static struct job *parse(const struct cli *cli, const char *text, const char *origin,
                         struct faults *faults)
{
  const char **set = fail_alloc((size_t)cli->sets + 2, sizeof *set);
  char *folder = folder_of(cli->subject), *start = NULL, *name = NULL;
  int sets = cli->sets;

  memcpy(set, cli->set, (size_t)cli->sets * sizeof *set);
  if (cli->start) {
    char *path = absolute(cli->start);
    set[sets++] = start = fail_text("start=%s", path);
    free(path);
  }
  struct job *job = job_parse(text, origin, folder, sets, set, faults);
  if (!faults->count && !job_text(job, "name")[0]) {
    set[sets++] = name = default_name(cli);
    job_destroy(job);
    job = job_parse(text, origin, folder, sets, set, faults);
  }
  free(folder);
  free(start);
  free(name);
  free(set);
  return job;
}

struct job *cli_job(const struct cli *cli, MPI_Comm comm, struct faults *faults)
{
  char *origin, *text = find_text(cli, comm, &origin, faults);
  struct job *job = NULL;

  check_resumed(cli, faults);
  text = share_text(text, comm);
  if (!faults_any(faults, comm)) {
    job = parse(cli, text, origin, faults);
    if (!faults->count) check_sweep(cli, job, faults);
    if (!faults->count && job_members(job) == 0) session_check(job, faults);
  }
  free(text);
  free(origin);
  if (!faults_any(faults, comm)) return job;
  job_destroy(job);
  return NULL;
}

char *cli_out(const struct cli *cli, const struct job *job)
{
  if (cli->command == RESUME || cli->gather) return fail_text("%s", cli->subject);
  if (cli->out) return fail_text("%s", cli->out);
  return fail_text("output/%s", job_text(job, "name"));
}
