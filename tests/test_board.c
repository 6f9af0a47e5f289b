/* SPDX-License-Identifier: BSD-3-Clause */
/* test_board.c - facts about the board: every task is taken once, every result arrives */
#include "agree.h"
#include "board.h"
#include "suite.h"

#include <check.h>
#include <stdlib.h>

enum { TASKS = 1000 };

START_TEST(every_task_is_taken_once)
{
  struct board *board = board_create(MPI_COMM_WORLD, TASKS);
  int *mine = calloc(TASKS, sizeof *mine);
  bool once = true;

  for (long k = board_take(board); k < TASKS; k = board_take(board)) mine[k]++;
  MPI_Allreduce(MPI_IN_PLACE, mine, TASKS, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  for (long k = 0; k < TASKS; k++) once = once && mine[k] == 1;
  board_destroy(board);
  free(mine);
  ck_assert(agree(MPI_COMM_WORLD, once));
}
END_TEST

START_TEST(rank_0_reads_what_others_report)
{
  struct board *board = board_create(MPI_COMM_WORLD, TASKS);
  bool right = true;
  int rank;

  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank == 0) right = board_taken(board) == 0 && board_read(board, 5).kind == 0;
  MPI_Barrier(MPI_COMM_WORLD);
  for (long k = board_take(board); k < TASKS; k = board_take(board)) {
    const struct outcome_of_task outcome = {
        .kind = 1 + (double)(k % 3), .value = (double)k / 7, .wall = 2};
    board_report(board, k, &outcome);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  for (long k = 0; rank == 0 && k < TASKS; k++) {
    const struct outcome_of_task outcome = board_read(board, k);
    right = right && outcome.kind == 1 + (double)(k % 3) && outcome.value == (double)k / 7 &&
            outcome.wall == 2;
  }
  right = right && (rank != 0 || board_taken(board) == TASKS);
  board_destroy(board);
  ck_assert(agree(MPI_COMM_WORLD, right));
}
END_TEST

START_TEST(a_board_may_have_no_tasks)
{
  struct board *board = board_create(MPI_COMM_WORLD, 0);
  const bool none = board_take(board) >= 0 && board_taken(board) == 0;

  board_destroy(board);
  ck_assert(agree(MPI_COMM_WORLD, none));
}
END_TEST

int main(int argc, char **argv)
{
  MPI_Init(&argc, &argv);
  Suite *suite = suite_create("board");
  TCase *facts = tcase_create("facts");

  tcase_add_test(facts, every_task_is_taken_once);
  tcase_add_test(facts, rank_0_reads_what_others_report);
  tcase_add_test(facts, a_board_may_have_no_tasks);
  suite_add_tcase(suite, facts);
  return suite_run(srunner_create(suite));
}
