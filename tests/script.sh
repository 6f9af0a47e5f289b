# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What every cli_*.sh begins with: source it with the script's two arguments, PROGRAM and SCRATCH.
# It enters an empty scratch folder and counts failures; `finish` says how many and is the result.
set -euo pipefail
program=$(realpath "$1")
# shellcheck disable=SC2034
source=$(realpath "$(dirname "${BASH_SOURCE[0]}")/..")
rm -rf "$2"
mkdir -p "$2"
cd "$2"
checks=0
failures=0

fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}

finish() {
  echo "$checks checks, $failures failures"
  [ "$failures" -eq 0 ]
}
