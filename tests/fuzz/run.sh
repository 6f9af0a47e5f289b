#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Build the harnesses with clang's libFuzzer and sanitizers, and run each for some seconds:
#   tests/fuzz/run.sh [SECONDS]     (60 each by default; apt: clang-14 libclang-rt-14-dev libomp-14-dev)
# What it has learned stays in build-fuzz/corpus, a crashing input in build-fuzz/crash-*.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
# shellcheck source=jobs/setup.sh disable=SC1091
. jobs/setup.sh
cmake -S . -B build-fuzz -DTAUFLOW_FUZZ=ON -DTAUFLOW_WERROR=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_C_COMPILER="${CC:-clang-14}"
cmake --build build-fuzz --parallel 2
export ASAN_OPTIONS=detect_leaks=0 # Open MPI keeps memory until exit on purpose
cd build-fuzz
failed=0
total=0
for harness in tests/fuzz/fuzz_*; do
  [ -x "$harness" ] && [ -f "$harness" ] || continue
  name=${harness##*/fuzz_}
  mkdir -p "corpus/$name"
  "$harness" -max_total_time="$seconds" -malloc_limit_mb=64 -rss_limit_mb=1024 -timeout=10 \
    -max_len=4096 -print_final_stats=1 -artifact_prefix="crash-$name-" "corpus/$name" \
    "../tests/fuzz/seeds/$name" >"$name.log" 2>&1 || { failed=1; tail -n 30 "$name.log"; }
  runs=$(sed -n 's/.*number_of_executed_units: *//p' "$name.log" | tail -n 1)
  echo "$name: ${runs:-0} runs"
  total=$((total + ${runs:-0}))
done
echo "fuzz: $total runs"
exit "$failed"
