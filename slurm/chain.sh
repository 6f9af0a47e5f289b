#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Where jobs may not requeue themselves: submit one run in N pieces, each waiting for the one before.
#
#   slurm/chain.sh N [sbatch options] -- JOB.yml [tauflow options]
#   slurm/chain.sh 5 --ntasks=8 --time=12:00:00 -- JOB.yml --set solver.name=lockstep
#
# A piece that finds the run done ends at once. One that fails (diverged, bad input, no room) takes
# the rest of the chain with it: SLURM would otherwise keep them pending for ever.
set -euo pipefail

usage() {
  sed -n '4,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
}
pieces=${1:-}
case $pieces in '' | *[!0-9]* | 0) usage ;; esac
shift
options=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  options+=("$1")
  shift
done
[ $# -ge 2 ] || usage
shift

script=$(dirname "$0")/run.sbatch
last=
for ((k = 1; k <= pieces; k++)); do
  after=()
  [ -z "$last" ] || after=("--dependency=afterok:$last" --kill-on-invalid-dep=yes)
  last=$(sbatch --parsable --no-requeue --export=ALL,TAUFLOW_CHAIN=yes \
    "${options[@]}" "${after[@]}" "$script" "$@")
  last=${last%%;*}
  echo "piece $k of $pieces: job $last"
done
