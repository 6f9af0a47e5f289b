#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 2: RMS normalisation beside the clipped networks of Table 1.
#
#   run.sh [RANKS]          the small form (runs jobs/study/000-table-1 first, if it was not)
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/000-figure-2/run.sh full"
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/000-figure-2 job=jobs/study/000-figure-2/rms.yml
if [ "${1:-}" = full ]; then
  srun build/tauflow sweep "$job" --out "$out-full" --set present.samples=120000 --set sweep.seeds=0..99
else
  jobs/study/000-table-1/run.sh "${1:-1}"
  mpirun -n "${1:-1}" build/tauflow sweep "$job" --out "$out/rms"
  /usr/bin/python3 jobs/study/000-figure-2/plot.py output/study/000-table-1 "$out/rms"
fi
