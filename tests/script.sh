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

# ok WHAT COMMAND...: the command succeeds.
ok() {
  local what=$1 said status=0
  shift
  checks=$((checks + 1))
  said=$("$@" 2>&1) || status=$?
  [ "$status" -eq 0 ] || fail "$what: exit $status"$'\n'"$said"
}

# says WHAT STATUS PATTERN COMMAND...: exit status, and a line of the output (left in said.txt).
patience=120 # seconds that it may take
says() {
  local what=$1 wanted=$2 pattern=$3 status=0
  shift 3
  checks=$((checks + 1))
  timeout "$patience" "$@" >said.txt 2>&1 || status=$?
  if [ "$status" -ne "$wanted" ] || ! grep -Eq -- "$pattern" said.txt; then
    fail "$what: exit $status, wanted $wanted and a line like '$pattern'; it said:"$'\n'"$(<said.txt)"
  fi
}

# same WHAT FOUND WANTED
same() {
  checks=$((checks + 1))
  [ "$2" = "$3" ] || fail "$1: '$2', wanted '$3'"
}

# number FILE KEY: the first word on a flat "key: value" line.
number() { sed -n "s/^$2: \([^ ]*\).*/\1/p" "$1"; }
# value FOLDER KEY: of the summary of a run.
value() { sed -n "s/^$2: //p" "$1/summary.yml"; }

# shellcheck disable=SC2034
on=(mpiexec --oversubscribe --bind-to none -n) # "${on[@]}" RANKS COMMAND...
# brief_on RANKS SECONDS COMMAND...: at most so long; one rank starts sooner without mpiexec.
brief_on() {
  local ranks=$1 launch=(timeout "$2")
  shift 2
  [ "$ranks" -eq 1 ] || launch+=("${on[@]}" "$ranks")
  "${launch[@]}" "$@"
}

# start_alone: without mpiexec a program starts a daemon of its own, which only MPI_Comm_spawn needs
# and which takes half the time of a short run; from here on it does without. Two such programs at a
# time would take each other's files away: they have one folder, here one of the script's own.
start_alone() {
  mkdir -p "$PWD.tmp"
  export OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_orte_tmpdir_base="$PWD.tmp"
}

# planned WHAT RANKS OPTIONS...: what check foretells of small.yml (plan.txt), and the run itself.
planned() {
  local what=$1 ranks=$2
  shift 2
  "$program" check small.yml --ranks "$ranks" "$@" >plan.txt 2>&1 || fail "$what: check failed"
  brief_on "$ranks" 120 "$program" run small.yml --out run --overwrite "$@" \
    >run.txt 2>&1 || fail "$what: run failed"$'\n'"$(<run.txt)"
}

# until_there FILE: wait for it, half a minute at most.
until_there() {
  local k
  for ((k = 0; k < 600; k++)); do
    [ -e "$1" ] && return 0
    sleep 0.05
  done
  fail "$1 does not come"
  return 1
}

# alike WHAT SWEEP SWEEP: every member ended in the same bits, and sweep.h5 holds the same.
alike() {
  ok "$1: fingerprints" diff <(grep -H fingerprint "$2"/member-*/summary.yml | sed "s|^$2/||") \
    <(grep -H fingerprint "$3"/member-*/summary.yml | sed "s|^$3/||")
  ok "$1: sweep.h5" h5diff --exclude-path /code --exclude-path /cost "$2/sweep.h5" "$3/sweep.h5"
}

finish() {
  echo "$checks checks, $failures failures"
  [ "$failures" -eq 0 ]
}
