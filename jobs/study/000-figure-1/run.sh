#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 1: sweep depth with and without the clip, and draw. There is no larger form.
#
#   run.sh [RANKS]
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/000-figure-1 job=jobs/study/000-figure-1
for gain in 1.414 1; do
  mpirun -n "${1:-1}" build/tauflow sweep "$job/digits.yml" --out "$out/gain-$gain" --set network.gain=$gain
  /usr/bin/python3 "$job/plot.py" "$out/gain-$gain" "docs/figures/study-000-figure-1-gain-$gain.png"
done
