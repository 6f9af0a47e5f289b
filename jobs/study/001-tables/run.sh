#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's Tables 2 and 3: sweep and draw. Members that are done are not run again.
#
#   run.sh [RANKS]          the small form: one seed of the slow sweep (mnist7), three of the others
#   sbatch --ntasks=12 --time=1:00:00 --wrap "jobs/study/001-tables/run.sh full"     three of all
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/001-tables job=jobs/study/001-tables
if [ "${1:-}" = full ]; then
  start=(srun) slow=()
else
  start=(mpirun -n "${1:-1}") slow=(--set sweep.seeds=0..0)
fi
for sweep in circles-adam mnist7-adam circles circles-fast; do
  "${start[@]}" build/tauflow sweep "$job/$sweep.yml" --out "$out/$sweep"
done
"${start[@]}" build/tauflow sweep "$job/mnist7.yml" --out "$out/mnist7" "${slow[@]}"
/usr/bin/python3 "$job/plot.py" "$out"
