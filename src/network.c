/* SPDX-License-Identifier: BSD-3-Clause */
#include "network.h"
#include <stdlib.h>

const struct key network_keys[] = {
    {"network.widths", KEY_INTEGERS, KEY_FIXED, NULL, 1, 1L << 30, false, NULL, "units",
     "widths n_0 ... n_L, from the input to the output"},
    {"network.hidden", KEY_CHOICE, KEY_FIXED, "relu; model=pc: linear", 0, 0, false,
     "relu|clipped_relu|tanh|linear", "",
     "activation of the hidden layers; the output layer is linear"},
    {"network.cap", KEY_REAL, KEY_FIXED, "1", 0, INFINITY, true, NULL, "1",
     "cap c of the clipped relu, clip(relu(s), -c, +c)"},
    {"network.init", KEY_CHOICE, KEY_FIXED, "xavier", 0, 0, false,
     "xavier|xavier_uniform|he|orthogonal|norm_preserving|kaiming_uniform|lecun", "",
     "distribution of the initial weights: normal with variance 2/(n_in + n_out); uniform with the "
     "same variance; normal, 2/n_in; orthonormal rows or columns; normal, 1/n_out; uniform between "
     "-1/sqrt(n_in) and 1/sqrt(n_in); normal, 1/n_in"},
    {"network.gain", KEY_REAL, KEY_FIXED, "1", 0, INFINITY, false, NULL, "1",
     "factor on all initial weights"},
    {"network.weights", KEY_CHOICE, KEY_FIXED, "double", 0, 0, false, "double|single", "",
     "precision in which W and V are stored and multiplied; all else is double"},
    {0},
};

struct network *network_create(const struct job *job)
{
  struct network *net = fail_alloc(1, sizeof *net);
  long count;
  const long *widths = job_integers(job, "network.widths", &count);

  EXPECT(count >= 2);
  net->L = (int)count - 1;
  net->n = fail_alloc((size_t)count, sizeof *net->n);
  for (long l = 0; l < count; l++) net->n[l] = widths[l];
  net->hidden = (enum phi)job_choice(job, "network.hidden");
  net->cap = net->hidden == PHI_CLIPPED_RELU ? job_real(job, "network.cap") : INFINITY;
  net->single = job_choice(job, "network.weights") == 1;
  return net;
}

void network_destroy(struct network *net)
{
  if (!net) return;
  free(net->n);
  free(net);
}

long network_widest(const struct network *net)
{
  long most = 0;

  for (int l = 0; l <= net->L; l++) most = net->n[l] > most ? net->n[l] : most;
  return padded(most);
}
