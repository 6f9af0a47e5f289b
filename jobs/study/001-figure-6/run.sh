#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 6: delay against sample time on circles, drawn as figure 5.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/001-figure-6/run.sh full"
#                           a finer grid, five seeds, longer runs
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
# shellcheck source=jobs/study/001-figure-5/grid.sh
source jobs/study/001-figure-5/grid.sh
if [ -n "$full" ]; then
  out=$out-full
  sweep 001-figure-6 "" --set present.samples=20000 "${grid[@]}"
else
  sweep 001-figure-6 ""
fi
python jobs/study/001-figure-5/plot.py "$out" docs/figures/study-001-figure-6.png 0.75
