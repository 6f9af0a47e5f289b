/* SPDX-License-Identifier: BSD-3-Clause */
/* keys.c - the one list of all key tables */
#include "dataset.h"
#include "evaluate.h"
#include "job.h"
#include "network.h"
#include "model.h"
#include "present.h"
#include "run.h"
#include "solver.h"
#include "trace.h"

const struct key *const all_keys[] = {
    run_keys,     network_keys,    model_keys,    kp_keys,       pc_keys,       data_keys,
    present_keys, solver_keys,     discrete_keys, evaluate_keys, record_keys,
    trace_keys,   checkpoint_keys, NULL,
};
