#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A sweep to which everything is done that a machine can do: killed at random moments, as a whole or
# one rank of it, on 1, 2 or 3 ranks, one or all to a member; meanwhile state files of members are cut, changed, hidden,
# closed to reading, and used.yml is emptied. Started again until it is done, it ends in the bits of
# the sweep that nobody disturbed.
#
#   cli_attack.sh PROGRAM SCRATCH [KILLS]     a few by default; 30 take some minutes
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID
wanted_kills=${3:-2}
RANDOM=${SEED:-1}
echo "seed ${SEED:-1}"

cat >small.yml <<'END'
network: {widths: [64, 10], hidden: clipped_relu}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 1000}
solver: {name: lockstep}
record: {every: 50}
evaluate: {every: 250}
checkpoint: {every: 25, keep: 2}
sweep: {seeds: 0..2, network.widths: [[64, 24, 10], [64, 16, 12, 10]]}
END
"$program" sweep small.yml --out whole >whole.txt

# How long it takes undisturbed on so many ranks, in ms: when to kill it is drawn from that.
declare -A lasts
for ranks in 1 2 3; do
  began=$(date +%s%3N)
  "${on[@]}" $ranks "$program" sweep small.yml --out timed --overwrite >timed.txt
  lasts[$ranks]=$(($(date +%s%3N) - began))
done

# Root may read anything, unless it gives that power away.
lesser=()
[ "$(id -u)" -ne 0 ] || lesser=(setpriv --bounding-set "-dac_override,-dac_read_search" --inh-caps "-dac_override,-dac_read_search")
"${lesser[@]}" true 2>/dev/null || lesser=()

draw() { echo $((RANDOM % $1)); }
cut_one() { truncate -s "$((RANDOM % $(stat -c %s "$1")))" "$1"; }
change_one() {
  local at=$(((RANDOM * 32768 + RANDOM) % $(stat -c %s "$1"))) byte
  byte=$(od -An -tu1 -j "$at" -N 1 "$1")
  # shellcheck disable=SC2059
  printf "\\x$(printf %x "$((byte ^ (1 << (RANDOM % 8))))")" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
}
# hide and close_one are undone after the next sweep; what lies in their place by then is newer.
hide() {
  mkdir -p hidden
  mv "$1" "hidden/$(echo "$1" | tr / :)"
  ln -s nowhere "$1"
}
close_one() { chmod 000 "$1"; }
undo() {
  local file place
  for file in hidden/*; do
    [ -e "$file" ] || continue
    place=$(basename "$file" | tr : /)
    if [ -L "$place" ]; then mv "$file" "$place"; else rm "$file"; fi
  done
  chmod -R u+rw hit
}

# Harm the states of one member that is not done, if there is one: the newest, or both.
harms=0
harm() {
  local member way file files
  member=$(find hit -name 'state-[0-9]*.h5' -printf '%h\n' | sort -u | while read -r folder; do
    grep -qs 'status: done' "$folder/summary.yml" || echo "$folder"
  done | shuf -n 1 --random-source=<(yes "$RANDOM"))
  [ -n "$member" ] || return 0
  mapfile -t files < <(find "$member" -name 'state-[0-9]*.h5' | sort -t- -k3 -nr | head -n "$((1 + $(draw 2)))")
  way=$(draw 5)
  for file in "${files[@]}"; do
    case $way in
      0) cut_one "$file" ;;
      1) change_one "$file" ;;
      2) hide "$file" ;;
      3) close_one "$file" ;;
      4) : >"$member/used.yml" ;;
    esac
  done
  harms=$((harms + 1))
  ways[way]=$((ways[way] + 1))
}
ways=(0 0 0 0 0)

# Gone with all its processes: the folders are locked until the last of them is.
until_gone() {
  local folder
  for folder in hit hit/member-*; do
    [ ! -d "$folder" ] || flock -w 10 "$folder" true
  done
}

kills=0
sweeps=0
released=0
failed=0
ends=0
while [ "$kills" -lt "$wanted_kills" ]; do
  rm -rf hit hidden
  ended=
  while [ -z "$ended" ]; do
    ranks=$((RANDOM % 3 + 1))
    per=$(($(draw 2) ? 1 : ranks))
    setsid "${lesser[@]}" "${on[@]}" $ranks "$program" sweep small.yml --out hit --ranks-per-member $per \
      >hit.txt 2>&1 &
    run=$!
    sweeps=$((sweeps + 1))
    until=$(($(date +%s%3N) + RANDOM * lasts[$ranks] / 32768))
    while [ "$(date +%s%3N)" -lt "$until" ] && kill -0 "$run" 2>/dev/null; do sleep 0.01; done
    victims=$(pgrep -f -- "^$program sweep small.yml --out hit( |\$)" || true)
    if [ -n "$victims" ] && [ "$kills" -lt "$wanted_kills" ]; then
      # One rank, and mpiexec ends the others; or all at once, mpiexec included.
      if [ "$(draw 2)" -eq 0 ]; then
        victims=$(echo "$victims" | shuf -n 1 --random-source=<(yes "$RANDOM"))
      else
        victims="$run $victims"
      fi
      # shellcheck disable=SC2086
      kill -KILL $victims 2>/dev/null && kills=$((kills + 1))
    fi
    status=0
    wait "$run" 2>/dev/null || status=$?
    until_gone
    [ ! -d hit ] || undo
    if [ "$status" -eq 0 ]; then
      ended=yes
    elif [ "$status" -eq 1 ] && grep -q '^to have members that failed tried again' hit.txt; then
      failed=$((failed + $(grep -c '^member .*: failed: ' hit.txt || true)))
      # A member that was killed too often says what is to be done about it.
      while read -r note; do
        rm -f "$note"
        released=$((released + 1))
      done < <(grep -ohE 'delete [^ ]*begun.txt' hit/member-*/summary.yml | cut -d' ' -f2)
    fi
    if [ -z "$ended" ] && [ -d hit ] && [ "$kills" -lt "$wanted_kills" ]; then harm; fi
  done
  ends=$((ends + 1))
  ok "after $kills kills: fingerprints" diff <(grep -H fingerprint whole/member-*/summary.yml | sed 's|^whole/||') \
    <(grep -H fingerprint hit/member-*/summary.yml | sed 's|^hit/||')
  ok "after $kills kills: sweep.h5" h5diff --exclude-path /code --exclude-path /cost whole/sweep.h5 hit/sweep.h5
done
rm -f /dev/shm/vader_segment.* 2>/dev/null || true
echo "$kills kills in $sweeps sweeps, $ends ends; $harms times states were harmed (cut ${ways[0]}, changed ${ways[1]}, hidden ${ways[2]}, closed ${ways[3]}; used.yml emptied ${ways[4]});"
echo "members failed meanwhile $failed times, and $released were released that were killed too often"
finish
