#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# tauflow bench measures what it should and says so. Nothing here depends on how fast the machine is.
#
#   cli_bench.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
patience=250
unset TAUFLOW_DATA SLURM_JOB_END_TIME

# refuses WHAT PATTERN OPTIONS...: exit 2 with exactly one message, of that pattern.
refuses() {
  local what=$1 pattern=$2
  shift 2
  says "$what" 2 "^tauflow: $pattern" "$program" bench "$@"
  [ "$(wc -l <said.txt)" -eq 1 ] || fail "$what: said more than one line:"$'\n'"$(<said.txt)"
}

python() { /usr/bin/python3 - "$@"; }

cat >small.yml <<'END_OF_JOB'
network: {widths: [64, 16, 10], hidden: clipped_relu}
data: {set: glyphs, train: 200, test: 50}
present: {samples: 40}
END_OF_JOB
cat >deep.yml <<'END_OF_JOB'
network: {widths: [64, 24, 24, 24, 24, 10], gain: 1000}
kp: {tau_pot: 1 ms}
data: {set: glyphs, test: 50}
present: {samples: 5000}
END_OF_JOB

# --- kernels and messages, on one rank and on two ---
# constants FILE RANKS: every constant is there, a positive number, and printed rates are sane.
constants() {
  checks=$((checks + 1))
  python "$1" "$2" <<'END_OF_PYTHON' || fail "constants on $2 rank(s) in $1"
import math, sys
path, ranks = sys.argv[1], int(sys.argv[2])
constant = {}
for line in open(path):
    line = line.split("#")[0].strip()
    if line:
        name, value = line.split(": ", 1)
        assert name not in constant, name
        constant[name] = [word.strip() for word in value.strip("[]").split(",")]
unknown = {name for name, words in constant.items() if words == ["unknown"]}
assert unknown == (set() if ranks > 1 else {"latency", "bandwidth", "reduce"}), unknown
for name, words in constant.items():
    for word in words if name not in unknown else ():
        assert math.isfinite(float(word)) and float(word) > 0, (name, word)
assert int(constant["ranks"][0]) == ranks
kernels = [f"{kernel}_{bits}" for kernel in ("kernel_rows", "kernel_rows2", "kernel_columns", "kernel_fold", "kernel_combine")
           for bits in ("f64", "f32")] + ["relax_gated_step"]
for mode in ("alone", "together"):
    for kernel in kernels:
        assert len(constant[f"{mode}_{kernel}"]) == len(constant["width"]) == 7, kernel
        assert len(constant[f"{mode}_{kernel}_call"]) == 1, kernel
    for stream in ("triad", "read"):
        assert len(constant[f"{mode}_{stream}"]) == len(constant["level"]) == 4, stream
    assert len(constant[f"{mode}_fma"]) == 2
rows = [line.split() for line in open("said.txt") if line.startswith(("  kernel_", "  relax_"))]
tables = 2 if ranks > 1 else 1
assert len(rows) == tables * 7 * 11, len(rows)
for row in rows:
    assert row[4] in ("fma", "read", "update", "triad"), row
    for word in row[1:4] + row[5:]:
        assert math.isfinite(float(word)) and float(word) >= 0, row
    assert len(row) == (8 if row[0].startswith(("kernel_rows", "kernel_columns")) else 6), row
END_OF_PYTHON
}

says "one rank" 0 '^constants in one\.yml$' "$program" bench --quick --out one.yml
constants one.yml 1
says "two ranks" 0 '^Messages between rank 0 and rank 1: ' \
  "${on[@]}" 2 "$program" bench --quick --out two.yml
constants two.yml 2

# --- solvers on jobs ---
# solvers RANKS: a line for each solver but discrete; errors known, and small.
solvers() {
  checks=$((checks + 1))
  python <<'END_OF_PYTHON' || fail "solvers on $1 rank(s)"
rows = {row[0]: row[1:] for row in (line.split() for line in open("said.txt")) if len(row) == 6}
rows.pop("solver", None)
assert {"cascade", "lockstep", "cvode"} <= set(rows) and "discrete" not in rows, rows
for name, (shown, speed, steps, evaluations, error) in rows.items():
    assert int(shown) >= 1 and float(speed) > 0 and float(evaluations) >= float(steps) >= 1, name
    assert 0 < float(error) < 0.05, (name, error)
END_OF_PYTHON
}

says "a job" 0 '^small\.yml: 1344 weights, presentations 21 to 24$' "$program" bench --quick small.yml
solvers 1
checks=$((checks + 1))
# Each evaluation takes W_2 and V_1, 2 x 2 x 160 flop, and a presentation W_1 with two images.
awk '$1 == "cascade" { wanted = 4e-6 * 16 * 64 + $5 * 640e-6 }
     $1 == "its" && !found { found = $4; alone = $12; times = 0 }
     $1 == "solver" && $2 == "takes" && !times { times = $3 }
     END { exit !(found > 0 && (found / wanted - 1)^2 < 1e-4 && alone > 0 && times > 0.8) }' \
  said.txt || fail "products of a presentation:"$'\n'"$(<said.txt)"
steps=$(awk '$1 == "cascade" { print $4 }' said.txt)
says "a job on ranks" 0 '^small\.yml: 1344 weights, presentations 21 to 24$' \
  "${on[@]}" 2 "$program" bench --quick small.yml
solvers 2
checks=$((checks + 1))
! grep -q 'its products alone' said.txt || fail "products of one rank are not those of a presentation"
checks=$((checks + 1))
[ "$(awk '$1 == "cascade" { print $4 }' said.txt)" = "$steps" ] || fail "steps depend on ranks"
error=$(awk '$1 == "cascade" { print $6 }' said.txt)
says "a finer tolerance" 0 '^  cascade ' "$program" bench --quick small.yml --set solver.relative=1e-5
checks=$((checks + 1))
awk -v e="$error" '$1 == "cascade" { exit !($6 < 0.3 * e) }' said.txt || fail "a finer tolerance, no finer error"
says "two jobs" 0 '^small\.yml: ' "$program" bench --quick small.yml small.yml --max-wall 2
checks=$((checks + 1))
[ "$(grep -c '^small.yml: ' said.txt)" -eq 2 ] || fail "two jobs are not two tables"

# --- mistakes ---
refuses "no such job" 'none\.yml: No such file' none.yml small.yml
refuses "a bad key" 'network\.width: unknown key' small.yml --set network.width=3
refuses "a file with jobs" '--out x\.yml: is for a bench without jobs' small.yml --out x.yml
refuses "a key without jobs" '--set seed=1: there is no job' --set seed=1
refuses "a time without jobs" '--max-wall 3: is for a bench with jobs' --max-wall 3
refuses "an option of others" '--confusion: is not for tauflow bench' --confusion
refuses "no folder" '--out no/such/file\.yml: no/such/: no folder' --quick --out no/such/file.yml
refuses "a folder" '--out \.: is there and is no file' --quick --out .
mkfifo pipe
refuses "a pipe" '--out pipe: is there and is no file' --quick --out pipe
refuses "no name" '--out: the name of a file is missing' --quick --out ""
refuses "a network that diverges" 'deep\.yml: the network diverged' --quick deep.yml
says "faults of all jobs" 2 '^tauflow: other\.yml: No such file' "$program" bench none.yml other.yml
checks=$((checks + 1))
grep -q '^tauflow: none\.yml: No such file' said.txt || fail "faults of all jobs: the first is lost"
checks=$((checks + 1))
[ ! -e x.yml ] || fail "a refused bench wrote a file"

finish
