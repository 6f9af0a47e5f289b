#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a resumed run keeps and what may change, and what it does about files that are lost.
#
#   cli_resume.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID

cat >small.yml <<'END'
network: {widths: [64, 12, 10], hidden: clipped_relu}
data: {set: file, path: own.h5}
present: {samples: 20}
record: {every: 5}
checkpoint: {every: 10, keep: 0}
END
/usr/bin/python3 - <<'END'
import h5py, numpy as np
rng = np.random.default_rng(2)
with h5py.File("own.h5", "w") as f:
    for split in "train", "test":
        f[split + "/x"], f[split + "/label"] = rng.random((30, 64)), np.arange(30) % 10
END
"$program" run small.yml --out whole >whole.txt
wanted=$(value whole state_fingerprint)
# The run as it was after 10 presentations.
half() {
  rm -rf half
  cp -a whole half
  rm half/state-20.h5 half/summary.yml half/state-last.h5
}

# --- the keys that may change, as the program says ---
mv own.h5 moved.h5
declare -A to=([name]=other [watchdog]=60 [present.samples]=20 [evaluate.every]=4
  [evaluate.samples]=7 [evaluate.readout]=dynamic [record.every]=2 [record.trace]='[12]'
  [record.trace_units]=3 [data.path]="$PWD/moved.h5" [checkpoint.every]=3 [checkpoint.keep]=5
  [checkpoint.wall_every]=1h [checkpoint.wall_margin]=2)
timeless=pc.updates # of another model
"$program" keys --markdown | awk -F'|' '$2 ~ /^ `/ {gsub(/[` ]/, "", $2); print $2 $6}' >keys.txt
same "keys that may change" "$(sed -n 's/ yes *$//p' keys.txt | sort | xargs)" "$(printf '%s\n' "${!to[@]}" $timeless | sort | xargs)"
for key in "${!to[@]}"; do
  half
  says "$key may change" 0 "$wanted" "$program" resume half --set "data.path=$PWD/moved.h5" \
    --set "$key=${to[$key]}"
done
half
says "the name that it got" 0 '^done' "$program" resume half --set name=other --set "data.path=$PWD/moved.h5"
same "the name that it got" "$(value half name)" other
half
mkdir -p below/deep
mv moved.h5 below
cp -a half below/deep
says "a path on the command line is meant from here" 0 "$wanted" "$program" resume below/deep/half --set data.path=below/moved.h5
half
(cd below && "$program" resume ../half --set data.path=moved.h5) >said.txt 2>&1 || true
ok "from there" grep -q "$wanted" said.txt
says "so it is with run" 0 "$wanted" "$program" run below/deep/half/used.yml --out ran --set data.path=below/moved.h5
says "and with sweep" 0 '^1 of 1 members: 1 done' "$program" sweep below/deep/half/used.yml --out swept --set 'sweep.data.path=[below/moved.h5]'
mv below/moved.h5 own.h5

# --- those that may not ---
half
before=$(find half -printf '%p %s\n' | sort)
while read -r key; do
  says "$key may not change" 2 "^tauflow: --set $key=1: a run that is resumed keeps its $key; " \
    "$program" resume half --set "$key=1"
  same "$key: one message" "$(wc -l <said.txt)" 1
done < <(grep -v ' yes *$' keys.txt | tr -d ' ' | shuf -n 12 --random-source=<(yes))
says "a sweep" 2 '^tauflow: --set sweep.seeds=0..3: ' "$program" resume half --set sweep.seeds=0..3
cp -a whole ended
for ranks in 1 2; do
  says "a finished run is made shorter, on $ranks" 2 \
    '^tauflow: present.samples = 7: ended has 20 presentations already, and none can be taken back \(--set\)$' \
    "${on[@]}" $ranks "$program" resume ended --set present.samples=7
  same "one message" "$(grep -c '^tauflow: ' said.txt)" 1
done
says "a run is made shorter than it is" 2 '^tauflow: present.samples = 9: half has 10' "$program" resume half --set present.samples=9
ok "nothing is written" diff -r whole ended
says "an unknown key" 2 'did you mean present.samples' "$program" resume half --set present.sample=5
sed -i 's/tau_pot: 10$/tau_pot: 5/' half/used.yml
says "an edited used.yml" 2 \
  '^tauflow: kp.tau_pot = 5: the run has 10 in half/state-10.h5, and .* \(half/used.yml:[0-9]+\)$' \
  "$program" resume half
same "an edited used.yml: one message" "$(wc -l <said.txt)" 1
says "an edited used.yml, on ranks" 2 '^tauflow: kp.tau_pot = 5: ' "${on[@]}" 2 "$program" resume half
cp whole/used.yml half/
same "what was refused wrote nothing" "$(find half -printf '%p %s\n' | sort)" "$before"

# --- files that are lost ---
half
rm half/used.yml
says "used.yml is lost" 0 'warning: half/used.yml: No such file or directory; the keys are taken from half/state-10.h5:/job' \
  "$program" resume half
same "used.yml is lost: the end" "$(value half state_fingerprint)" "$wanted"
ok "used.yml is there again" cmp half/used.yml whole/used.yml
half
cp whole/state-20.h5 half/
truncate -s 3000 half/state-20.h5
rm half/used.yml
says "used.yml is lost, and the newest state damaged" 0 "$wanted" "${on[@]}" 2 "$program" resume half
# garbled WHAT PATTERN: half/used.yml, which is no job, is set aside, and the state's keys are taken.
garbled() {
  cp half/used.yml garbled.yml
  says "used.yml $1" 0 "warning: .*$2.*; the keys are taken from half/state-10.h5:/job" "$program" resume half
  same "used.yml $1: the end" "$(value half state_fingerprint)" "$wanted"
  ok "used.yml $1: it is there again" cmp half/used.yml whole/used.yml
  ok "used.yml $1: what it was is kept" cmp half/used.yml.damaged garbled.yml
}
half
: >half/used.yml
garbled "is empty" "half/used.yml: is cut short: it has 0 of [0-9]+ bytes"
half
head -c 300 /dev/zero >half/used.yml
garbled "is full of zeros" "half/used.yml: holds a zero byte"
half
head -c 1000 whole/state-10.h5 | tr -d '\0' >half/used.yml
garbled "is of random bytes" "not valid YAML: .*half/used.yml:1"
for bytes in 40 400 1000; do
  half
  truncate -s $bytes half/used.yml
  garbled "is cut to $bytes bytes" "half/used.yml: is cut short: it has $bytes of"
done
half
sed -i 's/tau_pot: 10$/tau_pot: 1O/' half/used.yml
cp half/used.yml garbled.yml
says "used.yml with a slip" 0 'warning: kp.tau_pot = 1O: must be a .*used.yml:[0-9]+\); the keys are taken' "${on[@]}" 2 "$program" resume half
same "used.yml with a slip: the end" "$(value half state_fingerprint)" "$wanted"
ok "used.yml with a slip is kept" cmp half/used.yml.damaged garbled.yml
half
rm half/state-*.h5
echo "kp: {" >half/used.yml
says "used.yml is garbled, and there is no state" 2 '^tauflow: .*half/used.yml.*; nor is there a state file' "$program" resume half
same "one message" "$(wc -l <said.txt)" 1
half
sed 's/^status: done/status: stopped/; s/^samples: 20/samples: 10/' whole/summary.yml >half/summary.yml
cp whole/state-20.h5 half/
says "killed before its summary, with one of an earlier stop" 0 "$wanted" "$program" resume half
same "its status" "$(value half status)" "done"
same "its samples" "$(value half samples)" 20
says "then it is complete" 0 'complete with 20 presentations' "$program" resume half
half
echo first >half/series.h5.damaged
echo second >half/series.h5
says "the series is damaged" 0 'warning: half/series.h5: is now half/series.h5.damaged-2, and begun anew' "$program" resume half
same "it is set aside, beside an older one" "$(cat half/series.h5.damaged half/series.h5.damaged-2 | xargs)" "first second"
ok "the log says so" grep -q '^warning: half/series.h5: is not an HDF5 file' half/log.txt
half
touch half/state-17.h5.part
says "killed while it wrote a state file" 0 "$wanted" "$program" resume half
ok "nothing half-written stays" test ! -e half/state-17.h5.part
rm half/used.yml half/state-*.h5
says "nothing is left" 2 '^tauflow: half: holds no run to resume$' "$program" resume half

# --- killed before the first state file ---
for ranks in 1 2; do
  half
  rm half/state-*.h5
  says "killed before its first state file" 0 '^half holds no state file yet: the run begins again$' \
    "${on[@]}" $ranks "$program" resume half --set checkpoint.every=7
  same "killed before its first state file: the end" "$(value half state_fingerprint)" "$wanted"
  ok "killed before its first state file: job.yml" cmp half/job.yml whole/job.yml
  ok "killed before its first state file: the series" h5diff half/series.h5 whole/series.h5 /t
  same "killed before its first state file: the log goes on" "$(grep -c '^  started: ' half/log.txt)" 2
done
half
rm half/series.h5 half/log.txt half/state-*.h5
says "killed before its series" 0 "$wanted" "$program" resume half
half
cp whole/summary.yml half
rm half/state-*.h5
says "it ended, and its states are gone" 2 '^tauflow: half: no state file there can be resumed from$' "$program" resume half
says "a run is not begun beside what is there" 2 'holds a run already' "$program" run small.yml --out half

# --- while another one is at work there, whose states come and go ---
half
truncate -s 3000 half/state-10.h5
says "another one is at work" 2 '^tauflow: half: another run is writing there$' flock half "$program" resume half
same "another one is at work: one message" "$(grep -c '^tauflow: ' said.txt)" 1

# --- if the power fails: rows before a state are on the disk before it has its name ---
if command -v strace >/dev/null && strace true 2>/dev/null; then
  rm -rf half
  strace -f -y -e trace=fsync,rename -o calls.txt "$program" run small.yml --out half >half.txt
  same "what is synced, and when a state is there" \
    "$(grep -oE 'fsync\(.*/half/series.h5|rename\("half/state-[0-9]+.h5.part' calls.txt | sed 's/(.*//' | xargs)" \
    "fsync rename fsync rename"
  # What fails, how often it went well before, the status, and what is left.
  while read -r call times status left; do
    rm -rf half
    says "$call fails" "$status" '^tauflow: .*half/.*: (No space left on device|.*MPI_ERR)' strace -f -qq -o calls.txt \
      -e "trace=$call" -e "inject=$call:error=ENOSPC:when=$((times + 1))" "$program" run small.yml --out half </dev/null
    same "$call fails: what is left" "$(find half -type f -printf '%f\n' | sort | xargs)" "$left"
    again=(run small.yml --out half)
    [ ! -e half/used.yml ] || again=(resume half)
    says "$call failed once" 0 "$wanted" "$program" "${again[@]}" </dev/null
  done <<'END'
rename 1 2 job.yml
rename 2 2 job.yml used.yml
ftruncate 0 1 job.yml log.txt series.h5 used.yml
ftruncate 1 1 job.yml log.txt series.h5 used.yml
fsync 3 1 job.yml log.txt series.h5 used.yml
END
  half
  says "the series cannot be read now" 2 '^tauflow: half/series.h5: cannot be read: Input/output error$' strace -f -qq -o calls.txt \
    -P half/series.h5 -e trace=openat -e inject=openat:error=EIO "$program" resume half
  same "the series cannot be read now: one message" "$(grep -c '^tauflow: ' said.txt)" 1
  ok "the series cannot be read now: it stays" cmp half/series.h5 whole/series.h5
  ok "the series cannot be read now: nor is one begun" test ! -e half/series.h5.damaged
fi

# --- what a run left is not removed unasked ---
for file in series.h5 trace.h5 summary.yml log.txt; do
  mkdir left
  echo kept >left/$file
  says "$file of a run is there" 2 '^tauflow: left: holds what a run left, .*add --overwrite' "$program" run small.yml --out left
  same "$file of a run is there: nothing is written" "$(cat left/*)" kept
  says "$file of a run is removed" 0 "$wanted" "$program" run small.yml --out left --overwrite
  rm -r left
done
mkdir left
cp small.yml left/job.yml
says "a folder with a job" 0 "$wanted" "$program" run left/job.yml --out left --set data.path="$PWD/own.h5"
finish
