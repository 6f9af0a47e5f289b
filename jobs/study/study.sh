# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=bash
# What the run.sh of a study begins with: source it with run.sh's arguments.
#
#   run.sh [RANKS]          the small form, on so many ranks of this machine (1)
#   run.sh full [RANKS]     the document's form, in an allocation of SLURM or on this machine
#
# Members of a sweep that are done are not run again.
set -euo pipefail
name=$(basename "$(dirname "$0")")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
study=jobs/study/$name
out=output/study/$name
full=
if [ "${1:-}" = full ]; then
  # shellcheck disable=SC2034
  full=yes
  shift
fi
if [ -n "$full" ] && [ -n "${SLURM_JOB_ID:-}" ]; then
  export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
  start=(srun --mpi=pmix)
else
  # shellcheck source=jobs/setup.sh disable=SC1091
  . jobs/setup.sh
  start=(mpirun -n "${1:-1}")
fi

# sweep JOB FOLDER [OPTIONS]: of this study's jobs, into a folder of it ("" for its own).
sweep() {
  "${start[@]}" build/tauflow sweep "$study/$1.yml" --out "$out${2:+/$2}" "${@:3}"
}

python() { /usr/bin/python3 "$@"; }
