#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 8: sweep and draw.
#
#   run.sh [RANKS]          the small form: one seed in continuous time, three of the baselines
#   sbatch --ntasks=27 --time=1:00:00 --wrap "jobs/study/001-figure-8/run.sh full"     three of both
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
slow=(--set sweep.seeds=0..0)
if [ -n "$full" ]; then slow=(); fi
sweep dither dither
sweep delay delay "${slow[@]}"
python "$study/plot.py" "$out"
