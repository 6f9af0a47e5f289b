#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# slurm/scaling.sh from job to table and figure: runs that sent what was foretold, networks of equal
# weights a rank, and clear words about what it cannot do.
#
#   cli_scaling.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
slurm=$source/slurm
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID
export TAUFLOW=$program TAUFLOW_PLOT=$slurm/scaling.py

# is WHAT EXPECTED FOUND
is() {
  checks=$((checks + 1))
  [ "$2" = "$3" ] || fail "$1: '$3' where '$2' was expected"
}

cat >small.yml <<'END'
network:
  widths: [64, 100, 40, 10]
data:
  set: glyphs
  side: 8
  train: 100
  test: 5
present:
  samples: 4
END

mpiexec -n 2 --oversubscribe --bind-to none "$program" bench --quick --out machine.yml >bench.txt
timeout 200 "$slurm/scaling.sh" small.yml --ranks "1 2" --solvers "lockstep cascade" \
  --machine machine.yml --out study -- --set seed=3 >out.txt 2>&1 || fail "study: $(<out.txt)"

# column NAME STUDY SOLVER RANKS: by the header; widths hold commas within quotes.
column() {
  /usr/bin/python3 - "$@" <<'END'
import csv, sys
name, study, solver, ranks = sys.argv[1:]
with open("study/table.csv") as file:
    rows = [r for r in csv.DictReader(file) if (r["study"], r["solver"], r["ranks"]) == (study, solver, ranks)]
print(rows[0][name] if len(rows) == 1 else f"{len(rows)} rows")
END
}

is "lines of the table" 9 "$(wc -l <study/table.csv)"
for study in strong weak; do
  for solver in lockstep cascade; do
    for ranks in 1 2; do
      what="$study $solver on $ranks"
      is "$what: messages" "$(column messages_foretold $study $solver $ranks)" \
        "$(column messages $study $solver $ranks)"
      is "$what: bytes" "$(column bytes_foretold $study $solver $ranks)" \
        "$(column bytes $study $solver $ranks)"
      checks=$((checks + 1))
      awk -v rate="$(column presentations_per_s $study $solver $ranks)" \
        -v said="$(column predicted_ms_per_step $study $solver $ranks)" \
        -v steps="$(column steps $study $solver $ranks)" \
        'BEGIN { exit !(rate > 0 && said > 0 && steps >= 4) }' || fail "$what: no times"
    done
    is "$study $solver: efficiency begins at" 1 "$(column efficiency $study $solver 1)"
  done
  is "messages on one rank" 0 "$(column messages $study lockstep 1)"
done
for solver in lockstep cascade; do
  is "$solver: fingerprint" "$(column fingerprint strong $solver 1)" \
    "$(column fingerprint strong $solver 2)"
done
is "widths on one rank" "[64, 100, 40, 10]" "$(column widths weak cascade 1)"
is "widths on two" "[64, 141, 57, 10]" "$(column widths weak cascade 2)"
is "the same network" "[64, 100, 40, 10]" "$(column widths strong cascade 2)"
is "figure" "89504e470d0a1a0a" "$(head -c 8 study/figure.png | od -An -tx1 | tr -d ' \n')"
is "state files left" 0 "$(find study -name 'state-*' | wc -l)"

# refuses WHAT PATTERN OPTIONS...: exit 2, one line.
refuses() {
  local what=$1 pattern=$2 status=0
  shift 2
  checks=$((checks + 1))
  "$slurm/scaling.sh" "$@" >out.txt 2>err.txt || status=$?
  if [ "$status" -ne 2 ] || [ "$(wc -l <err.txt)" -ne 1 ] || ! grep -q "$pattern" err.txt; then
    fail "$what: exit $status"$'\n'"$(<err.txt)"
  fi
}

refuses "no job" "nowhere.yml: cannot be read" nowhere.yml
refuses "no ranks" "must be a whole number" small.yml --ranks "1 many"
refuses "falling ranks" "must increase" small.yml --ranks "2 1"
refuses "a study of neither kind" "strong or weak" small.yml --studies sideways
refuses "an unknown option" "no such option" small.yml --fast yes
refuses "no machine file" "gone.yml: cannot be read" small.yml --machine gone.yml
SLURM_JOB_ID=1 SLURM_NTASKS=2 refuses "more ranks than tasks" "there are 2" small.yml --ranks "1 4"

finish
