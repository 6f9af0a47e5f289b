#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The jobs we ship learn what they say, within the memory they should take. Those on published data
# are skipped, and say so, where TAUFLOW_DATA is not set.
#
#   cli_learns.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
jobs=$source/jobs

# at_least FOLDER KEY LIMIT
at_least() {
  local got
  checks=$((checks + 1))
  got=$(value "$1" "$2")
  echo "$1: $2 $got, wanted at least $3"
  awk -v got="$got" -v least="$3" 'BEGIN { exit !(got + 0 >= least + 0) }' || fail "$1: $2 $got"
}

"$program" run "$jobs/quickstart.yml" --out quickstart >said.txt
at_least quickstart test_accuracy 0.95

# 196,928 KiB of weights (three matrices of 4096 x 4096 in single precision, and two small ones):
# at most 1.3 times that and 50 MiB, checkpoint included.
cat >wide.yml <<'END'
name: wide
network: {widths: [4096, 4096, 4096, 10], hidden: clipped_relu, weights: single}
data: {set: glyphs}
present: {samples: 2}
evaluate: {samples: 10}
END
peak=$(/usr/bin/python3 - "$program" <<'END'
import resource
import subprocess
import sys

subprocess.run([sys.argv[1], "run", "wide.yml", "--out", "wide"], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
)
echo "wide: $peak KiB at most, limit $((196928 * 13 / 10 + 51200))"
[ "$peak" -le $((196928 * 13 / 10 + 51200)) ] || fail "wide: $peak KiB"

if [ -n "${TAUFLOW_DATA:-}" ]; then
  "$program" run "$jobs/check/digits.yml" --out digits >said.txt
  at_least digits test_accuracy 0.95
  status=0
  "$program" run "$jobs/check/digits-diverges.yml" --out digits-diverges >said.txt || status=$?
  [ "$status" -eq 4 ] || fail "digits-diverges: exit status $status, wanted 4"
  [ "$(value digits-diverges status)" = diverged ] || fail "digits-diverges: status"
else
  echo "skipped: digits, for TAUFLOW_DATA is not set"
fi

finish
