/* SPDX-License-Identifier: BSD-3-Clause */
#include "kp_keys.h"
#include "model.h"

/* In the order of the choices of kp.routing. */
enum { MOST_TAUS = 50000 }; /* of a presentation with noise */
enum routing { ROUTING_BY_RULE, ROUTING_LAYERWISE, ROUTING_DIRECT };

const struct key kp_keys[] = {
    {"kp.rule", KEY_CHOICE, KEY_FIXED, "kp", 0, 0, false, "kp|fa|dfa|sgd", "",
     "what V does: learns (kp), is fixed (fa), is fixed and direct (dfa), equals W^T (sgd)"},
    {"kp.routing", KEY_CHOICE, KEY_FIXED, "by_rule", 0, 0, false, "by_rule|layerwise|direct", "",
     "where hidden errors come from: the layer above, or the output; by_rule is direct for dfa "
     "and layerwise otherwise"},
    {"kp.gate", KEY_FLAG, KEY_FIXED, "true", 0, 0, false, NULL, "",
     "multiply hidden errors by phi'(s), as document 000 writes it; false as in 001"},
    {"kp.feedback_drive", KEY_CHOICE, KEY_FIXED, "y", 0, 0, false, "y|s", "",
     "what V learns from: the activity y, or the drive s = W y as document 001 writes it"},
    {"kp.feedback_init", KEY_CHOICE, KEY_FIXED, "random", 0, 0, false, "random|transpose|constant",
     "", "V starts as network.init draws it, as W^T of the layer above, or as feedback_value"},
    {"kp.feedback_value", KEY_REAL, KEY_FIXED, "0.1", -INFINITY, INFINITY, false, NULL, "1",
     "every element of V at the start when feedback_init is constant"},
    {"kp.output_error", KEY_CHOICE, KEY_FIXED, "cross_entropy", 0, 0, false,
     "cross_entropy|squared", "", "y* - softmax(s_L), or y* - s_L"},
    {"kp.tau_inf", KEY_TIME, KEY_FIXED, "1 ms", 0, INFINITY, true, NULL, "s", "time constant of y"},
    {"kp.tau_err", KEY_TIME, KEY_FIXED, "1 ms", 0, INFINITY, true, NULL, "s", "time constant of z"},
    {"kp.tau_pot", KEY_TIME, KEY_FIXED, "10 s", 0, INFINITY, true, NULL, "s", "potentiation of W"},
    {"kp.tau_dec", KEY_TIME, KEY_FIXED, "1000 s", 0, INFINITY, true, NULL, "s", "decay of W"},
    {"kp.tau_pot_feedback", KEY_TIME, KEY_FIXED, "=kp.tau_pot", 0, INFINITY, true, NULL, "s",
     "potentiation of V"},
    {"kp.tau_dec_feedback", KEY_TIME, KEY_FIXED, "=kp.tau_dec", 0, INFINITY, true, NULL, "s",
     "decay of V"},
    {"kp.rms_norm", KEY_REAL, KEY_FIXED, "0", 0, INFINITY, false, NULL, "1",
     "a > 0 replaces phi by a phi/rms(phi) and every g by a g/rms(g); 0 is off"},
    {"kp.noise", KEY_REAL, KEY_FIXED, "0", 0, INFINITY, false, NULL, "1",
     "standard deviation of Ornstein-Uhlenbeck noise added to phi(s) and g, with the time "
     "constant of y and z"},
    {0},
};

bool kp_is_direct(const struct job *job)
{
  const enum routing routing = (enum routing)job_choice(job, "kp.routing");

  if (routing == ROUTING_BY_RULE) return job_choice(job, "kp.rule") == RULE_DFA;
  return routing == ROUTING_DIRECT;
}

/* sgd holds V = W^T only while both obey the same equation. */
static void check_sgd(const struct job *job, struct faults *faults)
{
  if (kp_is_direct(job))
    faults_add(faults, "kp.routing = direct: rule sgd needs layerwise routing (%s)",
               job_place(job, "kp.routing"));
  if (job_choice(job, "kp.feedback_drive") != 0)
    faults_add(faults, "kp.feedback_drive = s: rule sgd needs y (%s)",
               job_place(job, "kp.feedback_drive"));
  if (job_real(job, "kp.tau_pot_feedback") != job_real(job, "kp.tau_pot"))
    faults_add(faults, "kp.tau_pot_feedback = %g: rule sgd needs kp.tau_pot = %g s (%s)",
               job_real(job, "kp.tau_pot_feedback"), job_real(job, "kp.tau_pot"),
               job_place(job, "kp.tau_pot_feedback"));
  if (job_real(job, "kp.tau_dec_feedback") != job_real(job, "kp.tau_dec"))
    faults_add(faults, "kp.tau_dec_feedback = %g: rule sgd needs kp.tau_dec = %g s (%s)",
               job_real(job, "kp.tau_dec_feedback"), job_real(job, "kp.tau_dec"),
               job_place(job, "kp.tau_dec_feedback"));
}

void kp_check(const struct job *job, struct faults *faults)
{
  const int rule = job_choice(job, "kp.rule");
  const double T = job_real(job, "present.duration");
  static const char *const decays[] = {"kp.tau_dec", "kp.tau_dec_feedback"};
  static const char *const at_rest[] = {"pc.", NULL};

  model_refuse(job, at_rest, faults);

  if (rule == RULE_SGD) check_sgd(job, faults);
  if (rule == RULE_DFA && job_choice(job, "kp.routing") == ROUTING_LAYERWISE)
    faults_add(faults, "kp.routing = layerwise: rule dfa is direct; use rule fa (%s)",
               job_place(job, "kp.routing"));
  if (kp_is_direct(job) && job_choice(job, "kp.feedback_init") == INIT_TRANSPOSE)
    faults_add(faults,
               "kp.feedback_init = transpose: with direct routing V has no W to be the "
               "transpose of (%s)",
               job_place(job, "kp.feedback_init"));
  const double tau = fmin(job_real(job, "kp.tau_inf"), job_real(job, "kp.tau_err"));
  if (job_real(job, "kp.noise") > 0 && tau < T / MOST_TAUS)
    faults_add(faults,
               "kp.noise = %g: needs kp.tau_inf and kp.tau_err >= present.duration / %d = "
               "%g s, for noise is drawn twice per time constant (%s)",
               job_real(job, "kp.noise"), MOST_TAUS, T / MOST_TAUS, job_place(job, "kp.noise"));
  for (int k = 0; k < 2; k++)
    if (job_real(job, decays[k]) < T / 100)
      faults_add(faults, "%s = %g: must be >= present.duration / 100 = %g s (%s)", decays[k],
                 job_real(job, decays[k]), T / 100, job_place(job, decays[k]));
}
