#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's Table 1 and figure 3: sweep and draw. Members that are done are not run again.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=2:00:00 --wrap "jobs/study/000-table-1/run.sh full"
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/000-table-1 job=jobs/study/000-table-1
if [ "${1:-}" = full ]; then
  for depth in L5 L10; do
    srun build/tauflow sweep "$job/$depth.yml" --out "$out-full/$depth" --set present.samples=120000 \
      --set sweep.seeds=0..99
  done
else
  for sweep in L5 L10 L5-width-256; do
    mpirun -n "${1:-1}" build/tauflow sweep "$job/$sweep.yml" --out "$out/$sweep"
  done
  /usr/bin/python3 "$job/plot.py" "$out"
fi
