#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# A strong and a weak scaling study of a job, on one machine or in an allocation of SLURM:
#
#   slurm/scaling.sh JOB.yml [options] [-- tauflow options]
#   salloc --ntasks=64 slurm/scaling.sh JOB.yml ...
#   sbatch --ntasks=64 slurm/scaling.sh JOB.yml ...
#
#   --ranks "1 2 4"       how many ranks (powers of two up to the cores or tasks there are)
#   --studies "strong weak"
#   --solvers "lockstep"  one or more of cascade and lockstep (the job's own)
#   --machine FILE.yml    constants that tauflow bench left (measured first, on two ranks)
#   --out DIR             where table and figure go (output/scaling)
#
# strong: the job itself. weak: hidden layers as wide as the job's times the square root of the
# ranks over the first of them, so that weights per rank stay equal. More ranks than cores are
# marked as oversubscribed: what they send is right, their times say nothing. Leaves table.csv and
# figure.png (slurm/scaling.py) and each run's summary. Call it from the top folder of tauflow;
# TAUFLOW and TAUFLOW_PLOT are the program and scaling.py if they are elsewhere.
#
#SBATCH --job-name=tauflow-scaling
#SBATCH --cpus-per-task=1
#SBATCH --hint=nomultithread
#SBATCH --time=02:00:00
#SBATCH --output=slurm-%x-%j.log
set -euo pipefail

program=${TAUFLOW:-build/tauflow}
plot=${TAUFLOW_PLOT:-slurm/scaling.py}
ranks=()
studies=(strong weak)
solvers=()
machine=
out=output/scaling

die() {
  echo "scaling: $1" >&2
  exit 2
}

[ $# -ge 1 ] || die "usage: slurm/scaling.sh JOB.yml [options] [-- tauflow options]; see its first lines"
job=$1
shift
while [ $# -gt 0 ] && [ "$1" != -- ]; do
  [ $# -ge 2 ] || die "$1: needs a value"
  case $1 in
    --ranks) read -ra ranks <<<"$2" ;;
    --studies) read -ra studies <<<"$2" ;;
    --solvers) read -ra solvers <<<"$2" ;;
    --machine) machine=$2 ;;
    --out) out=$2 ;;
    *) die "$1: no such option" ;;
  esac
  shift 2
done
[ $# -eq 0 ] || shift
options=("$@")

[ -r "$job" ] || die "$job: cannot be read"
[ -z "$machine" ] || [ -r "$machine" ] || die "$machine: cannot be read"
for study in "${studies[@]}"; do
  [[ $study == strong || $study == weak ]] || die "--studies $study: must be strong or weak"
done

# What one rank costs is asked of one core and one thread.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
if [ -n "${SLURM_JOB_ID:-}" ]; then
  cores=${SLURM_NTASKS:-1}
  most=$cores
else
  cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
  most=1000
  export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
fi
if [ ${#ranks[@]} -eq 0 ]; then
  for ((p = 1; p <= cores; p *= 2)); do ranks+=("$p"); done
fi
before=0
for p in "${ranks[@]}"; do
  [[ $p =~ ^[1-9][0-9]*$ ]] || die "--ranks $p: must be a whole number from 1"
  [ "$p" -gt "$before" ] || die "--ranks $p after $before: must increase"
  [ "$p" -le "$most" ] || die "--ranks $p: there are $most; ask for more with --ntasks"
  before=$p
done

# launch P COMMAND...: ranks that have a core each wait by spinning unless the environment says
# otherwise; others give way.
launch() {
  local p=$1 yields=${OMPI_MCA_mpi_yield_when_idle:-0}
  shift
  [ "$p" -le "$cores" ] || yields=1
  if [ -n "${SLURM_JOB_ID:-}" ]; then
    srun --mpi=pmix --ntasks="$p" "$@"
  else
    OMPI_MCA_mpi_yield_when_idle=$yields mpirun -n "$p" "$@"
  fi
}

# quietly LOG COMMAND...: its words go to a file, which is shown if it fails.
quietly() {
  local log=$1
  shift
  "$@" >"$log" 2>&1 </dev/null || {
    cat "$log" >&2
    echo "scaling: failed: $*" >&2
    exit 1
  }
}

# value FILE KEY: of a "key: value" line.
value() {
  sed -n "s/^ *$2: \([^#]*[^# ]\).*/\1/p" "$1" | head -n 1
}

mkdir -p "$out"
rm -rf "$out"/{strong,weak}-*-[0-9]* "$out/table.csv" "$out/figure.png"
echo "cores: $cores" >"$out/study.yml"
if [ -z "$machine" ]; then
  machine=$out/machine.yml
  [ "$cores" -ge 2 ] && pair=2 || pair=1
  echo "measuring this machine on $pair ranks"
  quietly "$out/bench.txt" launch "$pair" "$program" bench --out "$machine"
fi

# The job as it is meant: its widths and its solver, with all defaults and options.
echo "job: $job ${options[*]}"
quietly "$out/first.txt" launch 1 "$program" run "$job" "${options[@]}" --set present.samples=1 \
  --set record.every=0 --set evaluate.samples=1 --out "$out/first" --overwrite
[ ${#solvers[@]} -gt 0 ] || solvers=("$(value "$out/first/summary.yml" solver)")
widths=$(value "$out/first/used.yml" widths)
rm -rf "$out/first" "$out/first.txt"

# widened P: the widths of a network with P/first times as many hidden weights.
widened() {
  awk -v widths="${widths//[\[\] ]/}" -v ratio="$1" 'BEGIN {
    count = split(widths, n, ",")
    for (l = 2; l < count; l++) n[l] = int(n[l] * sqrt(ratio) + 0.5)
    for (l = 1; l <= count; l++) printf "%s%s", (l > 1 ? "," : "["), n[l]
    print "]"
  }'
}

# point STUDY SOLVER P: one run, and what check foretells of it.
point() {
  local folder=$out/$1-$2-$3 p=$3 steps
  local settings=("${options[@]}" --set "solver.name=$2" --set record.every=0
    --set evaluate.samples=1)
  [ "$1" = strong ] ||
    settings+=(--set "network.widths=$(widened "$(awk "BEGIN { print $p / ${ranks[0]} }")")")
  echo "$1, $2, $p ranks"
  quietly "$folder.txt" launch "$p" "$program" run "$job" "${settings[@]}" --out "$folder" \
    --overwrite
  steps=$(awk '/^steps:/ { s += $2 } /^rejected:/ { s += $2 } /^samples:/ { n = $2 }
               END { printf "%.9g", s / n }' "$folder/summary.yml")
  # A machine measured on one rank says nothing of several: then there are no times.
  "$program" check "$job" "${settings[@]}" --ranks "$p" --machine "$machine" --steps "$steps" \
    >"$folder/plan.yml" 2>"$folder.txt" ||
    quietly "$folder/plan.yml" "$program" check "$job" "${settings[@]}" --ranks "$p"
  rm -f "$folder.txt" "$folder"/state-* # as large as all weights
}

for study in "${studies[@]}"; do
  for solver in "${solvers[@]}"; do
    for p in "${ranks[@]}"; do point "$study" "$solver" "$p"; done
  done
done
/usr/bin/python3 "$plot" "$out"
