#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 5: delay against sample time, and the accuracy without delay.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/001-figure-5/run.sh full"
#                           a finer grid, five seeds, longer runs
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
# shellcheck source=jobs/study/001-figure-5/grid.sh
source "$study/grid.sh"
if [ -n "$full" ]; then
  out=$out-full
  sweep 001-figure-5 "" --set present.samples=40000 "${grid[@]}"
else
  sweep 001-figure-5 ""
  out=$out-zero-delay sweep zero-delay ""
  out=$out-zero-delay-squared sweep zero-delay "" --set kp.gate=true --set kp.feedback_drive=y \
    --set kp.output_error=squared --set present.samples=120000 --set "sweep.kp.tau_dec=[1200 s, 12000 s]"
  python jobs/sweeps.py "$out-zero-delay"
  python jobs/sweeps.py "$out-zero-delay-squared"
fi
python "$study/plot.py" "$out" docs/figures/study-001-figure-5.png 0.1
