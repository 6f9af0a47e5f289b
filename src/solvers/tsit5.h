/* SPDX-License-Identifier: BSD-3-Clause */
/* tsit5.h - the Runge-Kutta pair of Tsitouras (2011), order 5 with an embedded order 4
 *
 * Ch. Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column simplifying
 * assumption, Computers & Mathematics with Applications 62 (2011) 770-775. Seven stages, of which
 * the last is the first of the next step. SUNDIALS 6 does not bring it. */
#ifndef TAUFLOW_TSIT5_H
#define TAUFLOW_TSIT5_H

#include <stdio.h> /* which the next one takes for granted */

#include <arkode/arkode_butcher.h>

enum { TSIT5_STAGES = 7 };

/* A new table for ARKODE, freed with ARKodeButcherTable_Free. Local. */
ARKodeButcherTable tsit5_create(void);

#endif
