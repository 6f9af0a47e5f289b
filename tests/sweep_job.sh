# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# sweep_job [LINE]: small.yml, a sweep over two depths and two rates, 4 members for each value of the
# axis in LINE; with tau_pot 1 ms they diverge.
sweep_job() {
  cat >small.yml <<END_OF_JOB
network: {widths: [64, 10], hidden: relu, gain: 2}
kp: {tau_dec: 100 s}
data: {set: glyphs, train: 200, test: 50}
present: {samples: 600}
record: {every: 100}
evaluate: {every: 75}
checkpoint: {every: 150}
sweep:
  ${1:-}
  network.widths: [[64, 16, 10], [64, 12, 12, 12, 10]]
  kp:
    tau_pot: [1 ms, 10 s]
END_OF_JOB
}
