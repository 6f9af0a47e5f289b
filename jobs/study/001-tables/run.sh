#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's Tables 2 and 3: sweep and draw.
#
#   run.sh [RANKS]          the small form: one seed of mnist7-entropy, three of the others
#   sbatch --ntasks=12 --time=1:00:00 --wrap "jobs/study/001-tables/run.sh full"     three of all
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
slow=(--set sweep.seeds=0..0)
if [ -n "$full" ]; then slow=(); fi
for job in circles-adam mnist7-adam circles circles-entropy mnist7; do sweep $job $job; done
sweep mnist7-entropy mnist7-entropy "${slow[@]}"
python "$study/plot.py" "$out"
