/* SPDX-License-Identifier: BSD-3-Clause */
#include "tsit5.h"
#include "fail.h"

static const double c[TSIT5_STAGES] = {0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1};

/* The last row is the step itself. */
static const double A[TSIT5_STAGES][TSIT5_STAGES] = {
    {0},
    {0.161},
    {-0.008480655492356989, 0.335480655492357},
    {2.8971530571054935, -6.359448489975075, 4.3622954328695815},
    {5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
    {5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
     -0.028269050394068383},
    {0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
     2.324710524099774},
};

/* Weights of order 5 less those of order 4. */
static const double error[TSIT5_STAGES] = {
    -0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629,
    0.5823571654525552,      -0.45808210592918697,   0.015151515151515152};

ARKodeButcherTable tsit5_create(void)
{
  ARKodeButcherTable table = ARKodeButcherTable_Alloc(TSIT5_STAGES, SUNTRUE);

  CHECK(table, "no memory for a Butcher table");
  table->q = 5;
  table->p = 4;
  for (int i = 0; i < TSIT5_STAGES; i++) {
    table->c[i] = c[i];
    table->b[i] = A[TSIT5_STAGES - 1][i];
    table->d[i] = A[TSIT5_STAGES - 1][i] - error[i];
    for (int j = 0; j < TSIT5_STAGES; j++) table->A[i][j] = A[i][j];
  }
  return table;
}
