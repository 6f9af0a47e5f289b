# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash disable=SC2034
# The full grid of figures 5 and 6.
grid=(
  --set evaluate.samples=0 --set sweep.seeds=0..4
  --set "sweep.present.duration=[10 ms, 20 ms, 30 ms, 50 ms, 75 ms, 100 ms, 150 ms, 200 ms, 250 ms]"
  --set "sweep.present.label_delay=[-250 ms, -200 ms, -150 ms, -100 ms, -75 ms, -50 ms, -25 ms, -10 ms, 0 ms, 10 ms, 25 ms, 50 ms, 75 ms, 100 ms, 150 ms, 200 ms, 250 ms]"
)
