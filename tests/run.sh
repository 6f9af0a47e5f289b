#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Install what is missing, build, and run every test; then the quick ones under the sanitizers.
# Arguments go to ctest: tests/run.sh -R store
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh disable=SC1091
. jobs/setup.sh

# Tests under SLURM start one of their own, where it can be had.
if command -v apt-get >/dev/null && ! command -v slurmctld >/dev/null; then
  apt install -y --no-install-recommends slurm-wlm munge >/dev/null 2>&1 ||
    echo "tests: slurm-wlm and munge cannot be installed here; tests under SLURM are skipped"
fi

# Tests of published data sets run where those are; the others need no data.
beside="$(cd .. && pwd)/shared/data"
if [ -z "${TAUFLOW_DATA:-}" ] && [ -d "$beside" ]; then
  export TAUFLOW_DATA="$beside"
fi

failed=0
totals=()

# check_build FOLDER "cmake options" ctest options...
# Three tests at a time: those of SLURM and of stopping mostly wait.
check_build() {
  local folder=$1 options counts
  read -ra options <<<"$2"
  shift 2
  cmake -S . -B "$folder" "${options[@]}"
  cmake --build "$folder" --parallel 2
  rm -f "$folder/tests.xml"
  ctest --test-dir "$folder" --parallel 3 --output-on-failure --output-junit tests.xml "$@" ||
    failed=1
  counts=$(sed -n 's/^\t*\(tests\|failures\|skipped\|disabled\|time\)="\(.*\)".*/\1=\2/p' \
    "$folder/tests.xml" 2>/dev/null | head -n 5 | tr '\n' ' ') || true
  totals+=("$folder: ${counts:-no tests ran}")
}

check_build build "-DTAUFLOW_TESTS=ON" --no-tests=error "$@"
check_build build-sanitize "-DTAUFLOW_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug" \
  -L sanitize --no-tests=ignore "$@"

echo
printf '%s\n' "${totals[@]}"
if [ "$failed" -ne 0 ]; then
  echo "tests: FAILED"
  exit 1
fi
echo "tests: passed"
