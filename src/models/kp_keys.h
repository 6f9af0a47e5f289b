/* SPDX-License-Identifier: BSD-3-Clause */
/* kp_keys.h - what a job says about the kp model, and whether it fits together */
#ifndef TAUFLOW_KP_KEYS_H
#define TAUFLOW_KP_KEYS_H

#include "job.h"

/* In the order of the choices of kp.rule. */
enum rule { RULE_KP, RULE_FA, RULE_DFA, RULE_SGD };

/* Do hidden errors come straight from the output? Local. */
bool kp_is_direct(const struct job *job);
/* Faults across keys. Local. */
void kp_check(const struct job *job, struct faults *faults);

#endif
