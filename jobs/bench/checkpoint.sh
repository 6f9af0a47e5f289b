#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What state files cost a large network: the time of one against 10 minutes, the usual longest wait
# from one to the next, and its rate against what dd with fsync reaches on the same disk in the same
# minute. Expected: below 1 %, and at least 70 %. About 1 GiB of memory and 3 of disk.
#
#   jobs/bench/checkpoint.sh [FOLDER [RANKS [TIMES]]]
#
# FOLDER is where to write (output/checkpoint). TIMES (3) runs alternate with dd, after one of each
# that does not count; medians are compared.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:-output/checkpoint}
ranks=${2:-1}
times=${3:-3}
mkdir -p "$folder"
folder=$(realpath "$folder")

cat >"$folder/job.yml" <<'END'
# eight weight layers of 4096 and the outputs, in single precision: W and V take 960 MiB
network: {widths: [4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 10], hidden: clipped_relu, weights: single}
data: {set: glyphs, train: 10, test: 1}
present: {samples: 2, duration: 2 ms, ramp: 1 ms}
solver: {name: lockstep}
record: {every: 0}
checkpoint: {every: 1}
END

# The rate in MiB/s and the seconds of one file, by us and by dd of as many bytes.
ours() {
  rm -rf "$folder/run"
  mpiexec --oversubscribe --bind-to none -n "$ranks" build/tauflow run "$folder/job.yml" \
    --out "$folder/run" >"$folder/run.txt"
  bytes=$(stat -L -c %s "$folder/run/state-last.h5")
  awk -v bytes="$bytes" '$1 == "state_files:" {n = $2} $1 == "state_files_s:" {s = $2}
    END {print bytes * n / s / 1048576, s / n}' "$folder/run/summary.yml"
}
theirs() {
  local began
  began=$(date +%s.%N)
  dd if=/dev/zero of="$folder/dd" bs=4M count=$((bytes / 4194304)) conv=fsync 2>/dev/null
  awk -v bytes="$bytes" -v s="$(date +%s.%N)" -v began="$began" \
    'BEGIN {s -= began; print bytes / s / 1048576, s}'
  rm "$folder/dd"
}

bytes=0
ours >/dev/null
bytes=$(stat -L -c %s "$folder/run/state-last.h5")
theirs >/dev/null
for ((k = 0; k < times; k++)); do
  echo "ours $(ours)"
  echo "dd $(theirs)"
done | tee "$folder/rates.txt" | awk '{printf "%-5s %8.1f MiB/s %8.2f s\n", $1, $2, $3}'
middle() { awk -v who="$1" -v c="$2" '$1 == who {print $c}' "$folder/rates.txt" | sort -g | awk '{x[NR] = $1} END {print x[int((NR + 1) / 2)]}'; }
awk -v bytes="$bytes" -v rate="$(middle ours 2)" -v dd="$(middle dd 2)" -v s="$(middle ours 3)" 'BEGIN {
  printf "a state file of %.0f MiB takes %.2f s: %.2f %% of 10 minutes; %.1f MiB/s, %.0f %% of the %.1f MiB/s of dd\n",
    bytes / 1048576, s, 100 * s / 600, rate, 100 * rate / dd, dd
  exit s > 6 || rate < 0.7 * dd
}'
