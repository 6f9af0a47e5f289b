#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What state files cost a large network: the time of one against 10 minutes, and its rate against
# what dd with fsync reaches on the same disk in the same minute. Expected: below 1 %, at least 70 %;
# else the exit status is 1. Takes about 1.5 GiB of memory, 3 of disk, and two minutes.
#
#   jobs/bench/checkpoint.sh [FOLDER [RANKS [FILES]]]
#
# FOLDER is where to write (output/checkpoint). One run writes FILES (5) state files, of which the
# mean time counts; dd writes as many bytes three times before and three times after, of which the
# median counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=${1:-output/checkpoint}
ranks=${2:-1}
files=${3:-5}
rm -rf "$folder/run"
mkdir -p "$folder"
folder=$(realpath "$folder")
MiB=960

cat >"$folder/job.yml" <<END
# eight layers of 4096 in single precision: W and V take $MiB MiB
network:
  widths: [4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 4096, 10]
  hidden: clipped_relu
  init: xavier_uniform
  weights: single
data: {set: glyphs, train: 10, test: 1}
present: {samples: $files, duration: 0.05 ms, ramp: 0}
record: {every: 0}
checkpoint: {every: 1}
END

# The seconds that dd takes for one file.
reference() {
  local began k
  for k in 1 2 3; do
    began=$(date +%s.%N)
    dd if=/dev/zero of="$folder/dd" bs=4M count=$((MiB / 4)) conv=fsync 2>/dev/null
    awk -v s="$(date +%s.%N)" -v began="$began" \
      'BEGIN {s -= began; printf "%.3f\n", s}'
    rm "$folder/dd"
  done
}

{
  reference
  mpiexec --oversubscribe --bind-to none -n "$ranks" build/tauflow run "$folder/job.yml" \
    --out "$folder/run" >"$folder/run.txt"
  reference
} >"$folder/dd.txt"
sort -g "$folder/dd.txt" | awk -v MiB=$MiB -v ranks="$ranks" -v summary="$folder/run/summary.yml" '
  {dd[NR] = $1}
  END {
    while ((getline line < summary) > 0) {
      split(line, word, ": ")
      value[word[1]] = word[2]
    }
    s = value["state_files_s"] / value["state_files"]
    median = (dd[3] + dd[4]) / 2
    printf "%d rank(s): a state file of %d MiB takes %.2f s (mean of %d), %.2f %% of 10 minutes: %.0f MiB/s\n",
      ranks, MiB, s, value["state_files"], s / 6, MiB / s
    printf "dd with fsync: %.2f s (median; %.2f to %.2f), %.0f MiB/s; state files reach %.0f %% of that\n",
      median, dd[1], dd[6], MiB / median, 100 * median / s
    exit s > 6 || median / s < 0.7
  }'
