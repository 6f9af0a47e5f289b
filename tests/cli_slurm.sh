#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Jobs under a SLURM of the test's own (tests/slurm.sh): a run that its limit stops goes back into
# the queue and ends as if nothing had been; so does one whose node goes down; arrays and chains.
#
#   cli_slurm.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID
export PATH="$PATH:/usr/sbin"
for tool in slurmctld slurmd munged; do
  if ! command -v $tool >/dev/null; then
    echo "skipped: $tool is not installed (packages slurm-wlm and munge)"
    exit 77
  fi
done
# A UNIX socket's name must be short.
farm=$(mktemp -d /tmp/tauflow-slurm.XXXXXX)
chmod 755 "$farm" # munge insists
trap '"$source/tests/slurm.sh" "$farm" stop; rm -rf "$farm"' EXIT
"$source/tests/slurm.sh" "$farm" start 3 || exit 1
eval "$("$source/tests/slurm.sh" "$farm" env)"
export TAUFLOW="$program"

cat >small.yml <<'END'
network: {widths: [64, 32, 16, 10], hidden: clipped_relu}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 3000}
solver: {name: lockstep, max_step: 0.1 ms}
record: {every: 500}
checkpoint: {every: 20, wall_margin: 0 s}
END
cat >sweep.yml <<'END'
network: {widths: [64, 16, 10]}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 100}
sweep: {seeds: 0..3}
END
state_of() { scontrol show job "$1" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p' | head -n 1; }
is_over() {
  case $(state_of "$1") in COMPLETED | FAILED | CANCELLED | TIMEOUT | NODE_FAIL | DEADLINE) ;; *) return 1 ;; esac
}
# until_true SECONDS COMMAND...
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.3
  done
}
submit() { sbatch --parsable "$@"; }

# Jobs must outlast what stops them. SLURM looks at limits every 30 s, our own clock stops its job
# after 13 s. How many presentations take longer than that here is found from a short run.
"$program" run small.yml --out trial --set present.samples=200 --set evaluate.every=0 >trial.txt
lasting() { awk -v seconds="$1" -v rate="$(value trial samples_per_s)" 'BEGIN { print int(seconds * rate) }'; }
sed -i "s/samples: 3000/samples: $(lasting 24)/" small.yml
longer=(--set "present.samples=$(lasting 45)")
# What nobody disturbs: it passes the end of the shorter jobs on its way.
undisturbed() {
  "$program" run small.yml --out whole
  value whole state_fingerprint >clock.wanted
  cp clock.wanted node.wanted
  "$program" resume whole "${longer[@]}"
  value whole state_fingerprint >limit.wanted
}
undisturbed >whole.txt &
whole=$!

# --- stopped by the limit, requeued, done: warned by SLURM's signal; and by its own clock ---
script=$source/slurm/run.sbatch
# shellcheck disable=SC2034
limit=$(submit --time=1 --signal=B:USR1@50 --exclude=n3 --output=limit.log "$script" small.yml --out limit \
  "${longer[@]}")
# shellcheck disable=SC2034
clock=$(submit --time=1 --signal=B:USR1@1 --exclude=n3 --output=clock.log "$script" small.yml --out clock \
  --set checkpoint.wall_margin=47s)

# --- its node goes down ---
# shellcheck disable=SC2034
node=$(submit --time=10 --nodelist=n3 --output=node.log "$script" small.yml --out node)
until_true 60 test -e node/state-last.h5 || fail "no state file from the job on the node"
scontrol update nodename=n3 state=down reason=test
sleep 1
scontrol update nodename=n3 state=resume 2>/dev/null || true # it may have come back by itself

# --- an array of members, gathered; a chain; one that fails takes the rest along ---
array=$(submit --array=0-3 --time=5 --output=array-%a.log "$source/slurm/array.sbatch" sweep.yml --out swept)
"$source/slurm/chain.sh" 3 --time=5 --output=chain-%j.log -- small.yml --out chain --set present.samples=40 >chain.txt
"$source/slurm/chain.sh" 2 --time=5 --output=broken-%j.log -- absent.yml >broken.txt
last_of() { sed -n 's/.*: job //p' "$1" | tail -n 1; }

for k in 0 1 2 3; do
  until_true 60 test -e "swept/member-0000$k/summary.yml" || fail "array: no member $k: $(cat array-$k.log)"
done
until_true 60 is_over "$array" || fail "array: $(state_of "$array")"
"$program" sweep --gather swept >gather.txt || fail "gather: $(<gather.txt)"
"$program" info swept/sweep.h5 >info.txt || fail "info of the gathered sweep"
same "array: members done" "$(grep -c "status: done" swept/member-0000?/summary.yml | grep -c ":1$")" 4
until_true 90 is_over "$(last_of chain.txt)" || fail "chain does not end"
same "chain: last piece" "$(state_of "$(last_of chain.txt)")" COMPLETED
same "chain: status" "$(value chain status)" "done"
until_true 60 is_over "$(last_of broken.txt)" || fail "a broken chain stays pending"
same "broken chain: last piece" "$(state_of "$(last_of broken.txt)")" CANCELLED

wait "$whole" || fail "the undisturbed run: $(<whole.txt)"
for run in limit clock node; do
  job=${!run}
  until_true 240 is_over "$job" || fail "$run: $(state_of "$job"): $(cat $run.log)"
  same "$run: job" "$(state_of "$job")" COMPLETED
  same "$run: end" "$(value $run state_fingerprint)" "$(<$run.wanted)"
  restarts=$(scontrol show job "$job" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')
  checks=$((checks + 1))
  [ "$restarts" -ge 1 ] || fail "$run: never went back into the queue"
done
finish
