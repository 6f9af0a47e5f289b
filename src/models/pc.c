/* SPDX-License-Identifier: BSD-3-Clause */
/* pc.c - predictive coding as a model: its keys, what they exclude, and its weights
 *
 * It has no dynamics: its solver finds the equilibrium of each batch and never asks for forces.
 * Stages say only which layers there are. */
#include "pc.h"
#include "solver.h"
#include <limits.h>
#include <stdlib.h>

const struct key pc_keys[] = {
    {"pc.rule", KEY_CHOICE, KEY_FIXED, "pc", 0, 0, false, "bp|pc", "",
     "what weights learn from: the forward pass and errors sent back (bp, backpropagation), or the "
     "activities and errors at the equilibrium of the energy (pc)"},
    {"pc.scale", KEY_CHOICE, KEY_FIXED, "none", 0, 0, false,
     "none|sample|batch|decorrelate|regularize", "",
     "factors on each layer's update: none; 1/(x.xhat) of each sample; 1/mean(x.xhat) of the "
     "batch; the matrix (E[xhat x'])^+; (E[xhat x'] + eps I)^-1"},
    {"pc.regularize_alpha", KEY_REAL, KEY_FIXED, "1e-4", 0, 1, false, NULL, "1",
     "scale regularize: eps keeps the least eigenvalue of the symmetric part above this share of "
     "the largest"},
    {"pc.residual", KEY_FLAG, KEY_FIXED, "false", 0, 0, false, NULL, "",
     "every layer adds its input: M_l = W_l + I; all widths must be equal"},
    {"pc.hidden", KEY_CHOICE, KEY_FIXED, "=network.hidden", 0, 0, false,
     "relu|clipped_relu|tanh|linear", "",
     "activation of the hidden layers; all but clipped_relu, which predictive coding has not"},
    {"pc.output", KEY_CHOICE, KEY_FIXED, "linear", 0, 0, false, "linear|sigmoid", "",
     "activation of the output layer"},
    {"pc.inference", KEY_CHOICE, KEY_FIXED, "auto", 0, 0, false,
     "auto|closed|blocks|cg|descent|errors", "",
     "how the equilibrium is found. Linear networks: closed, by S of the output's size; blocks, by "
     "a block-tridiagonal factor of all hidden layers; cg, by conjugate gradients without "
     "matrices. All: descent, fixed steps on the activities; errors, minimised over the errors. "
     "auto: closed where the network is linear, else errors"},
    {"pc.inference_tolerance", KEY_REAL, KEY_FIXED, "1e-8; pc.inference=cg: 1e-14", 0, 1, true,
     NULL, "1",
     "cg: residual over the right-hand side; descent and errors: largest element of the gradient"},
    {"pc.max_iterations", KEY_INTEGER, KEY_FIXED, "0", 0, 1e9, false, NULL, "iterations",
     "most iterations of cg, descent and errors; 0: 1000, 10000, 100"},
    {"pc.minimizer", KEY_CHOICE, KEY_FIXED, "lbfgs", 0, 0, false, "lbfgs|newton", "",
     "inference errors: quasi-Newton with limited memory, or Newton with conjugate gradients, "
     "which "
     "is the one to take for relu"},
    {"pc.rate", KEY_REAL, KEY_FIXED, "1e-4", 0, INFINITY, true, NULL, "1", "learning rate"},
    {"pc.trust", KEY_REAL, KEY_FIXED, "0", 0, INFINITY, false, NULL, "1",
     "most that an update may change any layer: norm of dW_l over that of M_l (Frobenius). One "
     "that would change more is made shorter as a whole, so that it keeps its direction; 0: no "
     "limit"},
    {"pc.updates", KEY_INTEGER, KEY_LATER, "1", 1, 1e15, false, NULL, "updates",
     "length of the run: updates of the weights, one a batch. Counts that other keys give in "
     "presentations are updates"},
    {"pc.batch", KEY_INTEGER, KEY_FIXED, "64", 1, 1e6, false, NULL, "samples",
     "samples of a batch"},
    {"pc.condition", KEY_REAL, KEY_FIXED, "0", 0, 1e16, false, NULL, "1",
     "condition number kappa >= 1 that all initial weights are given, by their singular values; 0: "
     "leave them"},
    {0},
};

/* Choices of pc.hidden. */
static enum pc_act act_of(enum phi phi)
{
  return phi == PHI_TANH ? PC_TANH : phi == PHI_LINEAR ? PC_LINEAR : PC_RELU;
}

void pc_options(const struct job *job, struct pc_options *o)
{
  const int inference = job_choice(job, "pc.inference");

  *o = (struct pc_options){.rule = (enum pc_rule)job_choice(job, "pc.rule"),
                           .scale = (enum pc_scale)job_choice(job, "pc.scale"),
                           .regularize_alpha = job_real(job, "pc.regularize_alpha"),
                           .residual = job_flag(job, "pc.residual"),
                           .hidden = act_of((enum phi)job_choice(job, "pc.hidden")),
                           .output = job_choice(job, "pc.output") == 1 ? PC_SIGMOID : PC_LINEAR,
                           .tolerance = job_real(job, "pc.inference_tolerance"),
                           .most = job_integer(job, "pc.max_iterations"),
                           .newton = job_choice(job, "pc.minimizer") == 1,
                           .rate = job_real(job, "pc.rate"),
                           .trust = job_real(job, "pc.trust"),
                           .batch = job_integer(job, "pc.batch"),
                           .condition = job_real(job, "pc.condition")};
  o->inference = inference > 0     ? (enum pc_inference)(inference - 1)
                 : pc_is_linear(o) ? BY_CLOSED
                                   : BY_ERRORS;
}

static void check_network(const struct job *job, const struct pc_options *o, struct faults *faults)
{
  long count;
  const long *n = job_integers(job, "network.widths", &count);

  if (job_choice(job, "network.weights") != 0)
    faults_add(faults, "network.weights = single: model pc computes in double (%s)",
               job_place(job, "network.weights"));
  if (job_choice(job, "pc.hidden") == PHI_CLIPPED_RELU)
    faults_add(faults, "pc.hidden = clipped_relu: must be linear, relu or tanh (%s)",
               job_place(job, job_is_given(job, "pc.hidden") ? "pc.hidden" : "network.hidden"));
  for (long l = 1; o->residual && l < count; l++)
    if (n[l] != n[l - 1]) {
      faults_add(faults,
                 "pc.residual = true: all widths must be equal, and layer %ld has %ld units where "
                 "its input has %ld (%s)",
                 l, n[l], n[l - 1], job_place(job, "pc.residual"));
      return;
    }
}

/* Samples by themselves: every rank has all weights, a layer's in one message. */
static void check_message(const struct job *job, const struct pc_options *o, struct faults *faults)
{
  long count;
  const long *n = job_integers(job, "network.widths", &count);

  if (o->rule == RULE_BP || o->inference < BY_DESCENT || count < 3) return;
  for (long l = 1; l < count; l++)
    if (n[l] > INT_MAX / n[l - 1]) {
      faults_add(faults,
                 "network.widths: layer %ld has %ld x %ld weights, and inference by %s takes %d at "
                 "most (%s)",
                 l, n[l], n[l - 1], o->inference == BY_ERRORS ? "errors" : "descent", INT_MAX,
                 job_place(job, "network.widths"));
      return;
    }
}

static void pc_check(const struct job *job, struct faults *faults)
{
  struct pc_options o;

  static const char *const in_time[] = {"kp.",       "present.",         "solver.",
                                        "discrete.", "evaluate.readout", NULL};

  pc_options(job, &o);
  model_refuse(job, in_time, faults);
  check_network(job, &o, faults);
  check_message(job, &o, faults);
  if (o.rule == RULE_PC && o.inference <= BY_CG && !pc_is_linear(&o))
    faults_add(faults,
               "pc.inference = %s: needs a linear network, and pc.hidden is %s, pc.output %s; must "
               "be errors or descent (%s)",
               job_text(job, "pc.inference"), job_text(job, "pc.hidden"),
               job_text(job, "pc.output"), job_place(job, "pc.inference"));
  if (o.condition > 0 && o.condition < 1)
    faults_add(faults, "pc.condition = %g: must be >= 1, or 0 to leave the weights (%s)",
               o.condition, job_place(job, "pc.condition"));
}

static void pc_create(struct model *m, const struct job *job)
{
  const int L = m->net->L;

  (void)job;
  m->stages = m->synapses = L;
  m->stage = fail_alloc((size_t)L, sizeof *m->stage);
  m->synapse = fail_alloc((size_t)L, sizeof *m->synapse);
  m->output = L - 1;
  for (int l = 1; l <= L; l++) {
    m->stage[l - 1] = (struct stage){
        .name = "x", .family = ACTIVITY, .layer = l, .tau = 1, .synapse = l - 1, .fleeting = true};
    m->synapse[l - 1] = (struct synapse){.name = "W",
                                         .layer = l,
                                         .pre = l == 1 ? INPUT : l - 2,
                                         .post = l - 1,
                                         .learns = true,
                                         .tau_pot = 1,
                                         .tau_dec = INFINITY,
                                         .rows = m->net->n[l],
                                         .cols = m->net->n[l - 1],
                                         .init = INIT_RANDOM};
  }
}

static void pc_destroy(struct model *m)
{
  (void)m;
}

static double pc_bytes(const struct model *m, int rank)
{
  (void)m;
  (void)rank;
  return 0;
}

const struct model_kind model_pc = {
    .name = "pc",
    .about = "predictive coding at equilibrium, and backpropagation beside it",
    .solver = &solver_equilibrium,
    .orthonormalises = true,
    .check = pc_check,
    .create = pc_create,
    .destroy = pc_destroy,
    .bytes = pc_bytes,
};
