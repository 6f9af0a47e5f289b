#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How much faster two ranks finish a sweep of 20 equal members than one does: the shorter of three
# wall times each, taken in turn, and the processor time they cost. A minute and a half on two free cores.
#
#   jobs/bench/sweep.sh [FOLDER]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=jobs/setup.sh disable=SC1091
. jobs/setup.sh >/dev/null
out=${1:-output/bench-sweep}
mkdir -p "$out"
TIMEFORMAT='%R %U %S'
for _ in 1 2 3; do
  for ranks in 1 2; do
    rm -rf "${out:?}/$ranks"
    { time mpirun -n "$ranks" build/tauflow sweep jobs/quickstart.yml --out "$out/$ranks" \
      --set sweep.seeds=0..19 --set present.samples=2000 --set evaluate.every=0 \
      >/dev/null 2>"$out/errors.txt"; } 2>&1 | sed "s/^/$ranks /"
  done
done | tee "$out/times.txt" | awk '
  BEGIN { print "ranks  wall [s]  processor [s]" }
  { printf "%5d  %8.2f  %13.2f\n", $1, $2, $3 + $4; if (!least[$1] || $2 < least[$1]) least[$1] = $2 }
  END { printf "ratio of the shortest: %.2f\n", least[1] / least[2] }'
