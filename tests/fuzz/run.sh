#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Build the harnesses with clang's libFuzzer and sanitizers, and run each for some seconds:
#   tests/fuzz/run.sh [SECONDS]     (60 each by default; apt: clang-14 libclang-rt-14-dev libomp-14-dev)
# What it has learned stays in build-fuzz/corpus, a crashing input in build-fuzz/crash-*.
# HDF5 itself crashes on some files; harnesses that feed it go on then (libFuzzer's fork mode), and
# each such input is run once more: only if the crash is not within HDF5 has the fuzzing failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seconds=${1:-60}
# shellcheck source=jobs/setup.sh disable=SC1091
. jobs/setup.sh
cmake -S . -B build-fuzz -DTAUFLOW_FUZZ=ON -DTAUFLOW_WERROR=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCMAKE_C_COMPILER="${CC:-clang-14}"
cmake --build build-fuzz --parallel 2
# Open MPI keeps memory until exit on purpose. What is beyond 64 MiB is not given: HDF5 then says
# that it cannot read on, and we would abort.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=64
cd build-fuzz
failed=0
total=0

# within_hdf5 HARNESS INPUT: of what the stack says, is HDF5 further inside than our own code?
within_hdf5() {
  ! "$1" "$2" >again.log 2>&1 || return 0 # it has passed: memory lay otherwise
  grep -E '^ *#[0-9]+ 0x' again.log | grep -Em 1 'libhdf5|/(src|fuzz)/' | grep -q libhdf5
}

for harness in tests/fuzz/fuzz_*; do
  if [ ! -x "$harness" ] || [ ! -f "$harness" ]; then continue; fi
  name=${harness##*/fuzz_}
  mkdir -p "corpus/$name"
  more=(-malloc_limit_mb=64 -max_len=4096)
  case $name in data | info | series | state)
    more=(-malloc_limit_mb=0 -max_len=32768 -fork=1 -ignore_crashes=1 -keep_seed=1 -reduce_inputs=0) ;;
  esac
  "$harness" "${more[@]}" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 \
    -print_final_stats=1 -artifact_prefix="crash-$name-" "corpus/$name" \
    "../tests/fuzz/seeds/$name" >"$name.log" 2>&1 || { [ "${#more[@]}" -gt 2 ] || failed=1; tail -n 30 "$name.log"; }
  runs=$(sed -n 's/.*number_of_executed_units: *//p; s/^#\([0-9]*\): .*oom.*/\1/p' "$name.log" | tail -n 1)
  for input in "crash-$name-"*; do
    if [ ! -e "$input" ] || [ "${#more[@]}" -eq 2 ]; then continue; fi
    if within_hdf5 "$harness" "$input"; then
      mkdir -p within-hdf5 && mv "$input" within-hdf5/
    else
      failed=1
    fi
  done
  echo "$name: ${runs:-0} runs"
  total=$((total + ${runs:-0}))
done
echo "fuzz: $total runs"
exit "$failed"
