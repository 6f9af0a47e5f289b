#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 2: RMS normalisation beside the clipped networks of Table 1.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/000-figure-2/run.sh full"
#
# Either runs the same form of jobs/study/000-table-1 first, or what of it was not run.
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
clipped=output/study/000-table-1
longer=()
if [ -n "$full" ]; then
  out=$out-full
  clipped=$clipped-full
  longer=(--set present.samples=120000 --set sweep.seeds=0..99)
fi
jobs/study/000-table-1/run.sh "$@"
sweep rms rms "${longer[@]}"
python "$study/plot.py" "$clipped" "$out/rms"
