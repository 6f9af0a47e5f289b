#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 7: tau_pot against tau_prop, one sweep for each tau_prop.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/001-figure-7/run.sh full"
#                           a finer grid, five seeds, longer runs
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
taus="1 5 10 20"
finer=()
if [ -n "$full" ]; then
  out=$out-full
  taus="1 2 5 10 15 20 30"
  finer=(
    --set present.samples=40000 --set evaluate.samples=0 --set sweep.seeds=0..4
    --set "sweep.kp.tau_pot=[50 ms, 100 ms, 200 ms, 500 ms, 1 s, 1.5 s, 2 s, 3 s, 5 s, 10 s, 20 s]"
  )
fi
for tau in $taus; do
  sweep 001-figure-7 "tau-$tau" --set "kp.tau_inf=${tau}ms" --set "kp.tau_err=${tau}ms" "${finer[@]}"
done
python "$study/plot.py" "$out" docs/figures/study-001-figure-7.png
