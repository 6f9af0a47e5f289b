/* SPDX-License-Identifier: BSD-3-Clause */
/* test_code.c - facts about what files say of the machines that wrote them */
#include "agree.h"
#include "code.h"
#include "fail.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int size;

static void are(const char *list, const char *expected)
{
  char *words = fail_text("%s", list), *name[32];
  long count = 0;

  for (char *w = strtok(words, " "); w; w = strtok(NULL, " ")) name[count++] = w;
  char *text = code_hosts(count, name);
  ck_assert_str_eq(text, expected);
  free(text);
  free(words);
}

START_TEST(each_machine_is_named_with_its_ranks)
{
  are("vm", "vm x 1");
  are("b a b b", "a x 1, b x 3");
  are("n08 n09 n10 n08 n09 n10", "n[08-10] x 2");
  are("n10 n09 n9 n8", "n[09-10] x 1, n[8-9] x 1");
  are("n1 n2 n2 n3 n4", "n1 x 1, n2 x 2, n[3-4] x 1");
  are("n1 n3 m4 n5x n6x", "m4 x 1, n1 x 1, n3 x 1, n5x x 1, n6x x 1");
  are("7 8", "[7-8] x 1");
}
END_TEST

START_TEST(a_thousand_machines_fit_into_an_attribute)
{
  enum { COUNT = 5000 };
  char **name = fail_alloc(COUNT, sizeof *name);

  for (int i = 0; i < COUNT; i++) name[i] = fail_text("rack%d-node%d.cluster", i / 40, i);
  char *text = code_hosts(COUNT, name);
  ck_assert_uint_lt(strlen(text), 60000);
  ck_assert_str_eq(text + strlen(text) - 5, ", ...");
  free(text);
  for (int i = 0; i < COUNT; i++) free(name[i]);
  free(name);
}
END_TEST

static const char *fact_named(const char *name)
{
  int count;
  const struct code_fact *fact = code_facts(&count);

  for (int k = 0; k < count; k++)
    if (strcmp(fact[k].name, name) == 0) return fact[k].value;
  return NULL;
}

static struct job *job_with(const char *line)
{
  struct faults faults = {0};
  char *text =
      fail_text("network: {widths: [2, 2]}\ndata: {set: circles}\npresent: {samples: 1}\n%s", line);
  struct job *job = job_parse(text, "test", ".", 0, NULL, &faults);

  ck_assert_int_eq(faults.count, 0);
  free(text);
  return job;
}

START_TEST(facts_are_those_of_the_run_entered_last)
{
  struct job *sweep = job_with("sweep: {seeds: 7..9}\n"), *member = job_with("seed: 8\n");
  struct code_run all = code_run_of(MPI_COMM_WORLD, sweep);
  struct code_run own = code_run_of(MPI_COMM_SELF, member);
  char host[256] = "", ranks[16];
  bool good = !fact_named("hosts") && !fact_named("seed") && fact_named("revision");
  int rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  gethostname(host, sizeof host - 1);
  char *hosts = fail_text("%s x %d", host, size);
  snprintf(ranks, sizeof ranks, "%d", size);
  good = good && code_enter(&all) == NULL && strcmp(fact_named("ranks"), ranks) == 0;
  good = good && strcmp(fact_named("seed"), "swept") == 0;
  good = good && (rank > 0 || strcmp(fact_named("hosts"), hosts) == 0);
  good = good && code_enter(&own) == &all && strcmp(fact_named("seed"), "8") == 0;
  good = good && strcmp(fact_named("ranks"), "1") == 0;
  good = good && code_enter(NULL) == &own && !fact_named("started");
  free(hosts);
  job_destroy(sweep);
  job_destroy(member);
  code_run_free(&all);
  code_run_free(&own);
  ck_assert(agree(MPI_COMM_WORLD, good));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  Suite *suite = suite_create("code");
  TCase *facts = tcase_create("facts");
  SRunner *runner = srunner_create(suite);

  tcase_set_timeout(facts, 0);
  suite_add_tcase(suite, facts);
  tcase_add_test(facts, facts_are_those_of_the_run_entered_last);
  if (size == 1) {
    tcase_add_test(facts, each_machine_is_named_with_its_ranks);
    tcase_add_test(facts, a_thousand_machines_fit_into_an_attribute);
  }
  return suite_run(runner);
}
