#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tauflow check foretells, for any number of ranks, exactly what runs send; and says what is wrong
# with what it is asked.
#
#   cli_check.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
start_alone
unset TAUFLOW_DATA SLURM_JOB_END_TIME

cat >small.yml <<'END'
network:
  widths: [64, 24, 7, 31, 10]
data:
  set: glyphs
  side: 8
  train: 100
  test: 5
present:
  samples: 3
record:
  every: 2
END

# agrees WHAT FORETOLD FOUND
agrees() {
  checks=$((checks + 1))
  [ -n "$2" ] && [ "$2" = "$3" ] || fail "$1: foretold '$2', came to '$3'"
}

# foretold WHAT RANKS OPTIONS...: a run sends what check on one rank says it will.
foretold() {
  local what=$1 ranks=$2 steps samples key
  shift 2
  planned "$what" "$ranks" "$@"
  steps=$(($(number run/summary.yml steps) + $(number run/summary.yml rejected)))
  samples=$(number run/summary.yml samples)
  for key in messages bytes; do
    agrees "$what: $key" \
      $(($(number plan.txt ${key}_per_step) * steps +
        $(number plan.txt ${key}_per_presentation) * samples)) \
      "$(number run/summary.yml ${key/bytes/bytes_sent})"
  done
  agrees "$what: reductions" $(($(number plan.txt reductions_per_step) * steps)) \
    "$(number run/summary.yml reductions)"
}

for solver in cascade lockstep; do
  for ranks in 1 2 3 5 8; do
    foretold "$solver on $ranks" "$ranks" --set solver.name=$solver
  done
  for ranks in 2 5 8; do
    foretold "$solver, all drives whole, on $ranks" "$ranks" --set solver.name=$solver \
      --set kp.rms_norm=1 --set kp.routing=direct
  done
done
foretold "more ranks than rows" 9 --set "network.widths=[64, 1, 10]" --set solver.name=lockstep \
  --set kp.noise=0.05
foretold "discrete" 3 --set solver.name=discrete

# The table agrees with the lines below it, and what is sent is received.
"$program" check small.yml --ranks 5 --set solver.name=lockstep >plan.txt
checks=$((checks + 1))
awk 'NF > 9 && $1 ~ /^[0-9]+$/ { ranks++; rows += $2; sent += $6; kib += $7; got += $8; in_ += $9 }
     /^messages_per_step/ { messages = $2 }
     /^bytes_per_step/ { bytes = $2 / 1024 }
     function near(a, b) { return a > b - 0.05 && a < b + 0.05 }
     END { exit !(ranks == 5 && rows == 72 && sent == messages && got == messages && messages > 0 &&
                  near(kib, bytes) && near(in_, bytes)) }' plan.txt ||
  fail "table and lines differ"$'\n'"$(<plan.txt)"

# Thousands of ranks in a moment, in a few lines.
checks=$((checks + 1))
timeout 20 "$program" check small.yml --ranks 4096 --set solver.name=lockstep \
  --set data.side=256 --set network.weights=single \
  --set "network.widths=[65536, 65536, 65536, 65536, 65536, 65536, 65536, 65536, 10]" >many.txt ||
  fail "4096 ranks: $?"
checks=$((checks + 1))
[ "$(wc -l <many.txt)" -lt 25 ] && grep -q '^ *median ' many.txt || fail "4096 ranks are not summed up"

# says WHAT PATTERN COMMAND...: exit 2 with one line on it.
says() {
  local what=$1 pattern=$2 status=0
  shift 2
  checks=$((checks + 1))
  "$program" "$@" >out.txt 2>err.txt || status=$?
  [ "$status" -eq 2 ] && [ "$(wc -l <err.txt)" -eq 1 ] && grep -Eq "$pattern" err.txt ||
    fail "$what: exit $status"$'\n'"$(<err.txt)"
}

for ranks in 0 -1 abc 2.5 1000000000 99999999999999999999 ""; do
  says "ranks $ranks" "^tauflow: --ranks $ranks: must be a whole number from 1 to 100000" \
    check small.yml --ranks "$ranks"
done
for steps in 0 -3 many nan 1e99; do
  says "steps $steps" "^tauflow: --steps $steps: must be a number from 1" \
    check small.yml --steps "$steps"
done
says "no machine file" "nowhere.yml" check small.yml --machine nowhere.yml
printf 'ranks: 2\nlatency: fast\n' >broken.yml
checks=$((checks + 1))
status=0
"$program" check small.yml --machine broken.yml >out.txt 2>err.txt || status=$?
[ "$status" -eq 2 ] && grep -q 'broken.yml' err.txt || fail "broken machine file: $status"
"$program" bench --quick --out one.yml >bench.txt
sed 's/^latency:.*/latency: 1e-6/; s/^bandwidth:.*/bandwidth: 1e9/; s/^reduce:.*/reduce: 1e-6/' \
  one.yml >alone.yml
says "reductions of one rank" '^tauflow: reduce = 1e-06: must be unknown where ranks is 1 .*alone.yml' \
  check small.yml --ranks 2 --machine alone.yml
says "ranks of a run" "ranks: is not for tauflow run" run small.yml --ranks 2

finish
