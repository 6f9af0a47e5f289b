#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# SIGKILL at random moments loses nothing: each run, resumed until it is done, ends in the bits of
# the run that nobody disturbed, and every state file it left can be read.
#
#   cli_kill.sh PROGRAM SCRATCH [KILLS]     a few by default; 200 take about half an hour
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID
wanted_kills=${3:-4}
RANDOM=${SEED:-1}

cat >small.yml <<'END'
network: {widths: [64, 32, 16, 10], hidden: clipped_relu}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 3000}
solver: {name: lockstep}
record: {every: 50}
checkpoint: {every: 60, keep: 2}
END

"$program" run small.yml --out whole >whole.txt
wanted=$(value whole state_fingerprint)
rows=$(h5ls whole/series.h5/t)

# How long the undisturbed run takes on so many ranks, in ms: when to kill it is drawn from that.
declare -A lasts
for ranks in 1 2 3; do
  began=$(date +%s%3N)
  "${on[@]}" $ranks "$program" run small.yml --out timed --overwrite \
    >timed.txt
  lasts[$ranks]=$(($(date +%s%3N) - began))
  [ "$(value timed state_fingerprint)" = "$wanted" ] || fail "$ranks ranks end elsewhere"
done

# Every state file that is there can be read, and one is there as soon as one was announced.
inspect() {
  local state
  for state in hit/state-[0-9]*.h5; do
    [ -e "$state" ] || continue
    case $state in *.part) continue ;; esac
    checks=$((checks + 1))
    "$program" evaluate "$state" >evaluate.txt 2>&1 || fail "$state cannot be read: $(<evaluate.txt)"
  done
  if [ -L hit/state-last.h5 ] && [ ! -e hit/state-last.h5 ]; then fail "state-last.h5 points nowhere"; fi
}

kills=0
resumed=0
while [ "$kills" -lt "$wanted_kills" ]; do
  rm -rf hit
  command=(run small.yml --out hit)
  done=
  while [ -z "$done" ]; do
    ranks=$((RANDOM % 3 + 1))
    "${on[@]}" $ranks "$program" "${command[@]}" >hit.txt 2>&1 &
    run=$!
    until=$(($(date +%s%3N) + RANDOM * lasts[$ranks] / 32768))
    while [ "$(date +%s%3N)" -lt "$until" ] && kill -0 "$run" 2>/dev/null; do sleep 0.01; done
    # Any one rank; mpiexec then ends the others.
    victim=$(pgrep -f -- "^$program ${command[*]}( |\$)" | shuf -n 1 --random-source=<(yes "$RANDOM") || true)
    if [ -n "$victim" ] && [ "$kills" -lt "$wanted_kills" ]; then
      kill -KILL "$victim" 2>/dev/null && kills=$((kills + 1))
    fi
    status=0
    wait "$run" || status=$?
    inspect
    if [ "$status" -eq 0 ]; then
      done=yes
    elif compgen -G 'hit/state-[0-9]*.h5' >/dev/null; then
      command=(resume hit)
      resumed=$((resumed + 1))
    else
      command=(run small.yml --out hit --overwrite)
    fi
  done
  checks=$((checks + 1))
  [ "$(value hit state_fingerprint)" = "$wanted" ] || fail "after $kills kills the end is another"
  [ "$(h5ls hit/series.h5/t)" = "$rows" ] || fail "the series has gaps or duplicates: $(h5ls hit/series.h5/t)"
done
rm -f /dev/shm/vader_segment.* 2>/dev/null || true
echo "$kills kills, $resumed resumed"
finish
