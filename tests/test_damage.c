/* SPDX-License-Identifier: BSD-3-Clause */
/* A state file with one bit changed, or its end cut off, is refused or gives what was written.
 * TAUFLOW_DAMAGE=flips,cuts asks for other numbers than 500,200. */
#include "rng.h"
#include "store.h"
#include "suite.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N = 40, FIELDS = 3 };

static char path[] = "test_damage.XXXXXX";
static double steps = 1234, history[2] = {0.5, 1.0 / 3};
static long widths[] = {N, N, N};
static const struct state_header header = {.t = 1.5,
                                           .presentation = 30,
                                           .status = "running",
                                           .job = "name: damage\nseed: 7\n",
                                           .widths = widths,
                                           .layers = 2};
static const struct note written[] = {{"steps", 1, &steps}, {"history", 2, history}};

/* What was written, or what was read. */
struct copy {
  double W[N][N], y[N], steps, history[2];
  float V[N][N];
};

static void list_fields(struct copy *c, struct field *field)
{
  field[0] = (struct field){.path = "/layer01/W",
                            .about = "weights",
                            .dims = 2,
                            .shape = {N, N},
                            .hi = N,
                            .ld = N,
                            .data = c->W};
  field[1] = (struct field){.path = "/layer01/y", .dims = 1, .shape = {N}, .hi = N, .data = c->y};
  field[2] = (struct field){.path = "/layer01/V",
                            .dims = 2,
                            .shape = {N, N},
                            .hi = N,
                            .ld = N,
                            .single = true,
                            .data = c->V};
}

static struct copy *make_copy(void)
{
  struct copy *c = fail_alloc(1, sizeof *c);

  for (int i = 0; i < N; i++) {
    c->y[i] = sin(i);
    for (int j = 0; j < N; j++) {
      c->W[i][j] = cos(N * i + j);
      c->V[i][j] = (float)sin(N * i + j);
    }
  }
  c->steps = steps;
  memcpy(c->history, history, sizeof history);
  return c;
}

static bool same_header(const struct state_header *head)
{
  return head->t == header.t && head->presentation == header.presentation && head->layers == 2 &&
         head->resumable && memcmp(head->widths, widths, sizeof widths) == 0 && head->job &&
         strcmp(head->job, header.job) == 0 && strcmp(head->status, header.status) == 0;
}

/* True if the file is refused, *same if it is not and gives what was written. */
static bool is_refused(const struct copy *truth, bool *same)
{
  struct copy *c = fail_alloc(1, sizeof *c);
  struct note note[] = {{"steps", 1, &c->steps}, {"history", 2, c->history}};
  struct faults faults = {0};
  struct state_header head;
  struct field field[FIELDS];

  list_fields(c, field);
  bool read = store_read_header(MPI_COMM_SELF, path, &head, &faults);
  *same = read && same_header(&head);
  read = read && store_read_fields(MPI_COMM_SELF, path, FIELDS, field, false, &faults) &&
         store_read_notes(MPI_COMM_SELF, path, 2, note, &faults);
  *same = *same && memcmp(c, truth, sizeof *c) == 0;
  store_free_header(&head);
  free(c);
  const bool told = faults.count > 0;
  faults_clear(&faults);
  ck_assert(read != told); /* a refusal says why */
  return !read;
}

static bool is_judged(enum state_health wanted)
{
  struct faults why = {0};
  const enum state_health health = store_judge(path, &why);
  const bool told = why.count > 0;

  faults_clear(&why);
  ck_assert(told == (health != STATE_INTACT));
  return health == wanted;
}

static void put_bytes(const char *bytes, size_t count)
{
  const int fd = open(path, O_WRONLY | O_TRUNC);

  ck_assert(fd >= 0 && write(fd, bytes, count) == (ssize_t)count);
  close(fd);
}

static char *fresh(const struct copy *truth, size_t *count)
{
  struct faults faults = {0};
  struct field field[FIELDS];
  struct stat status;

  list_fields((struct copy *)truth, field);
  ck_assert(store_write_state(MPI_COMM_SELF, path, &header, FIELDS, field, 2, written, &faults));
  ck_assert(stat(path, &status) == 0);
  FILE *in = fopen(path, "rb");
  char *bytes = fail_alloc((size_t)status.st_size, 1);
  *count = fread(bytes, 1, (size_t)status.st_size, in);
  fclose(in);
  return bytes;
}

/* The k-th place of a kind. */
static size_t draw(unsigned kind, int k, size_t below)
{
  return rng_below(20261124, RNG_ORDER, kind, (uint64_t)k, 0, below);
}

static void wanted(int *flips, int *cuts)
{
  const char *numbers = getenv("TAUFLOW_DAMAGE");

  *flips = 500;
  *cuts = 200;
  if (numbers) ck_assert_int_eq(sscanf(numbers, "%d,%d", flips, cuts), 2);
}

START_TEST(a_flipped_bit_is_noticed_or_harmless)
{
  struct copy *truth = make_copy();
  size_t count;
  char *bytes = fresh(truth, &count);
  int flips, cuts, refused = 0, harmless = 0;
  bool same;

  ck_assert(!is_refused(truth, &same) && same);
  wanted(&flips, &cuts);
  for (int k = 0; k < flips; k++) {
    const size_t bit = draw(0, k, 8 * count);

    bytes[bit / 8] ^= (char)(1U << bit % 8);
    put_bytes(bytes, count);
    const bool is = is_refused(truth, &same);
    ck_assert(is_judged(is ? STATE_DAMAGED : STATE_INTACT));
    if (is)
      refused++;
    else if (same)
      harmless++;
    else
      ck_abort_msg("bit %zu of %zu bytes: another state was read", bit, count);
    bytes[bit / 8] ^= (char)(1U << bit % 8);
  }
  printf("%d flips of %zu bytes: %d refused, %d harmless\n", flips, count, refused, harmless);
  ck_assert_int_eq(refused + harmless, flips);
  free(bytes);
  free(truth);
}
END_TEST

START_TEST(a_cut_file_is_refused)
{
  struct copy *truth = make_copy();
  size_t count;
  char *bytes = fresh(truth, &count);
  int flips, cuts;
  bool same;

  wanted(&flips, &cuts);
  for (int k = 0; k < cuts; k++) {
    put_bytes(bytes, draw(1, k, count));
    ck_assert(is_refused(truth, &same) && is_judged(STATE_DAMAGED));
  }
  printf("%d cuts of %zu bytes: all refused\n", cuts, count);
  free(bytes);
  free(truth);
}
END_TEST

START_TEST(damage_is_noticed_where_the_precision_changes)
{
  struct copy *truth = make_copy();
  struct faults faults = {0};
  size_t count;
  char *bytes = fresh(truth, &count), *at = memmem(bytes, count, truth->W, 64);
  struct field field[FIELDS];

  list_fields(truth, field);
  field[0].single = true; /* fewer bytes than are there: room enough */
  ck_assert(store_read_fields(MPI_COMM_SELF, path, 1, field, false, &faults));
  at[3] ^= 1;
  put_bytes(bytes, count);
  ck_assert(!store_read_fields(MPI_COMM_SELF, path, 1, field, false, &faults));
  ck_assert(strstr(faults.text, "/layer01/W is damaged"));
  faults_clear(&faults);
  field[0].single = false;
  ck_assert(!store_read_fields(MPI_COMM_SELF, path, 1, field, true, &faults));
  faults_clear(&faults);
  free(bytes);
  free(truth);
}
END_TEST

/* A file that is away, or in the place of which there is something else, proves no damage. */
START_TEST(what_cannot_be_read_is_not_called_damaged)
{
  struct copy *truth = make_copy();
  size_t count;
  char *bytes = fresh(truth, &count);

  ck_assert(is_judged(STATE_INTACT));
  ck_assert_int_eq(unlink(path), 0);
  ck_assert(is_judged(STATE_UNREADABLE)); /* open: no such file */
  ck_assert_int_eq(mkdir(path, 0777), 0);
  ck_assert(is_judged(STATE_UNREADABLE)); /* read: is a directory */
  ck_assert_int_eq(rmdir(path), 0);
  ck_assert_int_eq(symlink(path, path), 0);
  ck_assert(is_judged(STATE_UNREADABLE)); /* open: too many levels of symbolic links */
  ck_assert_int_eq(unlink(path), 0);
  free(bytes);
  free(truth);
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  const int fd = mkstemp(path);
  Suite *suite = suite_create("damage");
  TCase *facts = tcase_create("facts");

  close(fd);
  tcase_set_timeout(facts, 0);
  tcase_add_test(facts, a_flipped_bit_is_noticed_or_harmless);
  tcase_add_test(facts, a_cut_file_is_refused);
  tcase_add_test(facts, damage_is_noticed_where_the_precision_changes);
  tcase_add_test(facts, what_cannot_be_read_is_not_called_damaged);
  suite_add_tcase(suite, facts);
  SRunner *runner = srunner_create(suite);
  const int status = suite_run(runner);
  unlink(path);
  return status;
}
