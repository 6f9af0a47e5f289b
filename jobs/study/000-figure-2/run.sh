#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 2: RMS normalisation beside the clipped networks of Table 1.
#
#   run.sh [RANKS]          the small form (runs jobs/study/000-table-1 first, if it was not)
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/000-figure-2/run.sh full"
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
if [ -n "$full" ]; then
  out=$out-full
  sweep rms "" --set present.samples=120000 --set sweep.seeds=0..99
else
  jobs/study/000-table-1/run.sh "${1:-1}"
  sweep rms rms
  python "$study/plot.py" output/study/000-table-1 "$out/rms"
fi
