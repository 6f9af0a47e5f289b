#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's Table 1 and figure 3: sweep and draw.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=2:00:00 --wrap "jobs/study/000-table-1/run.sh full"
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
if [ -n "$full" ]; then
  out=$out-full
  for depth in L5 L10; do
    sweep $depth $depth --set present.samples=120000 --set sweep.seeds=0..99
  done
else
  for job in L5 L10 L5-width-256; do sweep $job $job; done
fi
python "$study/plot.py" "$out"
