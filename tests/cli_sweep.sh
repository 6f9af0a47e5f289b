#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sweeps: the same results on any number of ranks, after any number of kills, in one go or member by
# member; members that diverge; sweeps that are refused.
#
#   cli_sweep.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
# shellcheck source=tests/sweep_job.sh
source "$source/tests/sweep_job.sh"
unset TAUFLOW_DATA SLURM_JOB_END_TIME

sweep_job 'seeds: 0..2'

# --- the same on any number of ranks ---
says "one rank" 0 '^12 of 12 members: [0-9]+ done, [1-9][0-9]* diverged, 0 failed' \
  "$program" sweep small.yml --out one
ok "some members do not diverge" grep -q 'status: done' one/member-00001/summary.yml
says "two ranks" 0 '^sweep of 12 members, 12 to run, 2 at a time' "${on[@]}" 2 "$program" sweep small.yml --out two
alike "two ranks" one two
says "two ranks a member" 0 '1 at a time' "${on[@]}" 2 "$program" sweep small.yml --out pairs --ranks-per-member 2
alike "two ranks a member" one pairs
says "three ranks" 0 '3 at a time' "${on[@]}" 3 "$program" sweep small.yml --out three
alike "three ranks" one three
ok "a member is an ordinary run" grep -q '^  tau_pot: 10' one/member-00003/used.yml
says "used.yml of a member" 0 "$(sed -n 's/^state_fingerprint: //p' one/member-00003/summary.yml)" \
  "$program" run one/member-00003/used.yml --out again
says "used.yml of a sweep" 0 ', 0 to run' "$program" sweep one/used.yml --out one

# --- nothing is done twice ---
touch mark
says "again" 0 ', 0 to run' "$program" sweep small.yml --out one
ok "no member was touched" test -z "$(find one/member-* -newer mark)"
says "more seeds" 0 '^sweep of 20 members, 8 to run' "$program" sweep small.yml --out two --set sweep.seeds=0..4
ok "the first 12 are the same" diff <(cat one/member-0000*/summary.yml | grep fingerprint) \
  <(cat two/member-0000*/summary.yml | grep fingerprint)

# --- SIGKILL at any moment ---
complete() { find killed -path '*/member-*/summary.yml'; }
mkdir killed
for wanted in 0 1 1 2 3; do # kill it when so many are complete: soon after the start, and further on
  setsid "${on[@]}" 2 "$program" sweep small.yml --out killed >killed.txt 2>&1 &
  victim=$!
  for _ in $(seq 1000); do
    [ -e killed/log.txt ] && [ "$(complete | wc -l)" -ge "$wanted" ] && break
    sleep 0.02
  done
  sleep "0.0$((RANDOM % 10))"
  pids=$(pgrep -P "$victim" || true)
  # shellcheck disable=SC2086
  kill -9 "$victim" $pids 2>/dev/null || true
  wait "$victim" 2>/dev/null || true
  for folder in killed killed/member-*; do # locked until the last of its processes is gone
    [ ! -d "$folder" ] || flock -w 10 "$folder" true
  done
done
complete | xargs sha256sum >complete.txt
ok "some were complete" test "$(wc -l <complete.txt)" -ge 3
ok "and some were not" test "$(wc -l <complete.txt)" -lt 12
says "after the kills" 0 '^12 of 12 members' "${on[@]}" 2 "$program" sweep small.yml --out killed
ok "members that were complete are as they were" sha256sum --quiet -c complete.txt
alike "after kills" one killed

# --- stopped in time ---
says "--max-wall" 3 'stopped' "${on[@]}" 2 "$program" sweep small.yml --out stopped --max-wall 1 \
  --set present.samples=60000 --set sweep.kp.tau_pot='[10 s]'
ok "a stopped member has a state" test -e stopped/member-00000/state-last.h5
ok "and says so" grep -q 'status: stopped' stopped/member-00000/summary.yml

# --- stopped by a file ---
"${on[@]}" 2 "$program" sweep small.yml --out byfile >byfile.txt 2>&1 &
sweep=$!
until_there byfile/member-00001/summary.yml || true
touch byfile/stop
status=0
wait "$sweep" || status=$?
same "a file stop in the sweep's folder: exit status" "$status" 3
ok "it is taken away" test ! -e byfile/stop
ok "and that is said" grep -q '^the file byfile/stop is obeyed and removed$' byfile.txt
ok "members are left" grep -q '^left: [1-9]' byfile/summary.yml
says "and goes on" 0 '^12 of 12 members' "${on[@]}" 2 "$program" sweep small.yml --out byfile
alike "after a file stop" one byfile

# Members that would not end by themselves, in three groups; the file goes when all have stopped.
endless=(sweep small.yml --out endless --set present.samples=100000000 --set sweep.kp.tau_pot='[10 s]')
"${on[@]}" 3 "$program" "${endless[@]}" >endless.txt 2>&1 &
sweep=$!
for member in 0 1 2; do until_there endless/member-0000$member/state-last.h5 || true; done
touch endless/stop
status=0
wait "$sweep" || status=$?
same "a file stop, three groups: exit status" "$status" 3
same "all members are stopped by it" "$(grep -l '^stopped_by: file' endless/member-0000?/summary.yml | wc -l)" 3
same "and say so" "$(grep -l '^the file endless/stop is obeyed$' endless/member-0000?/log.txt | wc -l)" 3
ok "it is taken away" test ! -e endless/stop
# One that lies there when the sweep begins.
touch endless/stop
says "a file stop before a sweep" 3 '^the file endless/stop is obeyed and removed$' "${on[@]}" 2 "$program" "${endless[@]}"
ok "it is taken away" test ! -e endless/stop
touch endless/stop
says "a member by itself obeys it" 3 '^the file endless/stop is obeyed$' "$program" "${endless[@]}" --member 1
ok "and leaves it to the others" test -e endless/stop

# --- members by themselves ---
for member in $(seq 0 11); do
  "$program" sweep small.yml --out array --member "$member" >array-"$member".txt 2>&1 &
  [ $((member % 2)) -eq 0 ] || wait
done
wait
ok "a member alone says what a run says" grep -q 'state fingerprint' array-1.txt
# Begun twice at once: the one that comes too late is no failure of the member. It is held up while
# it makes its weights, and the folder is taken from it meanwhile.
cat >late.yml <<'END'
network: {widths: [64, 1500, 1500, 10], init: orthogonal}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 1}
sweep: {seeds: 0..1}
END
"$program" sweep late.yml --out late --member 0 >late.txt 2>&1 &
late=$!
until_there late/member-00000/begun.txt
kill -STOP $late
flock late/member-00000 sleep 1000 &
holder=$!
until ! flock -n late/member-00000 true; do sleep 0.05; done
kill -CONT $late
status=0
wait $late || status=$?
same "a member that another process has in hand" "$status $(grep -c 'another run is writing there' late.txt)" "1 1"
same "it is not recorded as failed" "$(ls late/member-00000)" begun.txt
pkill -P $holder
says "a member again" 0 'nothing to do' "$program" sweep small.yml --out array --member 1
says "a member that diverged" 4 'nothing to do' "$program" sweep small.yml --out array --member 0
ok "no sweep.h5 yet" test ! -e array/sweep.h5
says "--gather" 0 'results in array' "$program" sweep --gather array
alike "member by member" one array
cp -a array lacking
truncate -s 1000 lacking/member-00001/series.h5
says "--gather tells whose curves it lacks" 0 \
  '^tauflow: warning: lacking/member-00001/series.h5: .*; sweep.h5 lacks the curves of member 1$' "$program" sweep --gather lacking
same "--gather: one warning" "$(grep -c warning said.txt)" 1
says "the sweep tells it, too" 0 '^tauflow: warning: .*; sweep.h5 lacks the curves of member 1$' "$program" sweep small.yml --out lacking
ok "and its log" grep -q '^warning: .*; sweep.h5 lacks the curves of member 1$' lacking/log.txt
says "info" 0 '^ +seed +0, 1, 2$' "$program" info one/sweep.h5
ok "info counts" grep -Eq '^ +diverged +[1-9]' said.txt
ok "info has quartiles" grep -Eq '^ +3( +0\.[0-9]{4}){4}  network.widths: \[64, 16, 10\], kp.tau_pot: 10$' said.txt

# --- what the file holds is what the members hold; and the reader for plots ---
ok "sweeps.py" /usr/bin/python3 - "$source/jobs" one <<'END_OF_PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import h5py
import numpy as np
import sweeps

sweep = sweeps.load(sys.argv[2])
assert len(sweep) == 12 and sweep.order == ["seed", "network.widths", "kp.tau_pot"], sweep.order
for member in range(12):
    folder = f"{sys.argv[2]}/member-{member:05d}"
    summary = dict(line.rstrip("\n").split(": ", 1) for line in open(folder + "/summary.yml"))
    assert summary["status"] == sweep.summary["status"][member]
    assert summary["state_fingerprint"] == sweep.summary["state_fingerprint"][member]
    for name in ("test_accuracy", "train_loss", "steps"):
        assert np.array_equal(float(summary[name]), sweep.summary[name][member], equal_nan=True), name
    with h5py.File(folder + "/series.h5") as series:
        rows = sweep.curves["rows"][member]
        assert rows == len(series["presentation"])
        for name in ("presentation", "train_loss", "W_norm", "alignment"):
            own = series[name][()]
            here = sweep.curves[name][member][(slice(rows),) + tuple(slice(n) for n in own.shape[1:])]
            assert np.array_equal(own, here, equal_nan=True), name
            assert np.isnan(sweep.curves[name][member][rows:]).all(), name
        tests = len(series["test/accuracy"])
        assert np.array_equal(sweep.test["accuracy"][member][:tests], series["test/accuracy"][()])
chosen = sweep.select({"network.widths": "[64, 16, 10]", "kp.tau_pot": 10})
assert list(chosen.member) == [1, 5, 9] and list(chosen.keys["seed"]) == [0, 1, 2]
low, median, high = chosen.envelope("test/accuracy")
assert np.array_equal(median, np.median(chosen.test["accuracy"], axis=0)) and (low <= high).all()
assert [len(some) for _, some in sweep.combinations()] == [3, 3, 3, 3]
END_OF_PYTHON

# --- sweeps that are refused, each with one message, and nothing written ---
refused() { # PATTERN OPTIONS...
  local pattern=$1
  shift
  says "$*" 2 "^tauflow: $pattern" "$program" sweep "$@"
  ok "$*: one message" test "$(wc -l <said.txt)" -eq 1
}
refused 'sweep.kp.rul: unknown key; did you mean sweep.kp.rule\?' small.yml --out no --set sweep.kp.rul='[kp]'
refused 'sweep.seeds: the list is empty' small.yml --out no --set sweep.seeds='[]'
refused 'sweep.seeds: 10000000 values: a sweep has at most 100000 members' small.yml --out no --set sweep.seeds=0..9999999
refused 'sweep: 120000 members: must be at most 100000' small.yml --out no --set sweep.seeds=0..29999
refused 'sweep.seed: values 1 and 3 are both 4' small.yml --out no --set sweep.seeds='[4, 5, 4]'
refused 'sweep.name: cannot be swept' small.yml --out no --set sweep.name='[a, b]'
refused 'kp.rule = 5: must be one of' small.yml --out no --set sweep.kp.rule='[kp, 5]'
refused '--ranks-per-member 2: must be a divisor of the number of ranks, 1' small.yml --out no --ranks-per-member 2
refused '--ranks-per-member 0: must be a whole number' small.yml --out no --ranks-per-member 0
refused '--member 12: the sweep has members 0 to 11' small.yml --out no --member 12
refused 'no: holds no sweep' --gather no
refused 'again: holds a run that is no sweep' --gather again
refused 'again/used.yml: has no section `sweep`' again/used.yml --out no
refused 'again: holds a run that is no sweep' small.yml --out again
mkdir states
cp again/state-600.h5 states
refused 'states: holds a run that is no sweep' small.yml --out states
says "members with faults" 2 '6 of 12 members have faults' "$program" sweep small.yml --out no \
  --set sweep.seeds='[1]' --set sweep.kp.tau_pot='[1 s]' --set sweep.network.widths='[[64, 10]]' \
  --set sweep.present.duration='[10 ms, 20 ms]' --set sweep.present.ramp='[1 ms, 2 ms, 3 ms, 25 ms, 30 ms, 40 ms]'
says "another job" 2 'member 0 .*holds a run with another present.samples; add --overwrite' \
  "$program" sweep small.yml --out one --set present.samples=7
rm one/member-00003/used.yml
says "another job, and a member without used.yml" 2 'member 3 .*holds a run with another kp.tau_pot' \
  "$program" sweep small.yml --out one --set 'sweep.kp.tau_pot=[1 ms, 9 s]'
says "--overwrite" 0 '12 to run' "$program" sweep small.yml --out one --overwrite --set present.samples=7
says "run of a sweep" 2 'is a sweep of 12 members; tauflow sweep runs them' "$program" run small.yml --out no
says "resume of a sweep" 2 'is a sweep; tauflow sweep two/used.yml --out two' "$program" resume two
says "check" 0 '^members: 12$' "$program" check small.yml
ok "nothing was written" test ! -e no

finish
