#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 8: sweep and draw. Members that are done are not run again.
#
#   run.sh [RANKS]          the small form: one seed in continuous time, three of the baselines
#   sbatch --ntasks=27 --time=1:00:00 --wrap "jobs/study/001-figure-8/run.sh full"     three of both
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/001-figure-8 job=jobs/study/001-figure-8
if [ "${1:-}" = full ]; then
  start=(srun) slow=()
else
  start=(mpirun -n "${1:-1}") slow=(--set sweep.seeds=0..0)
fi
"${start[@]}" build/tauflow sweep "$job/dither.yml" --out "$out/dither"
"${start[@]}" build/tauflow sweep "$job/delay.yml" --out "$out/delay" "${slow[@]}"
/usr/bin/python3 "$job/plot.py" "$out"
