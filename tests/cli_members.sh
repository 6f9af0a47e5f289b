#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Members of sweeps that fail: those that cannot run, end the program or are killed, and those whose
# state files are damaged or cannot be read. The others go on, and no state is lost.
#
#   cli_members.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
# shellcheck source=tests/sweep_job.sh
source "$source/tests/sweep_job.sh"
unset TAUFLOW_DATA SLURM_JOB_END_TIME

sweep_job ''

# --- members that fail ---
cat >start.yml <<'END_OF_JOB'
network: {widths: [64, 16, 10]}
data: {set: glyphs, train: 200, test: 50}
present: {samples: 50}
sweep: {start: ["", nothing.h5, small.yml], seeds: [1, 2]}
END_OF_JOB
says "members that fail" 1 'member 2 .*failed: .*nothing.h5: cannot be opened' \
  "${on[@]}" 2 "$program" sweep start.yml --out fails
ok "the rest went on" grep -q '^6 of 6 members: 2 done, 0 diverged, 4 failed' said.txt
says "they are tried again" 1 ', 4 to run' "$program" sweep start.yml --out fails
says "a failed member alone" 1 '^tauflow: fails/member-00003: failed: .*nothing.h5: cannot be opened' \
  "$program" sweep start.yml --out fails --member 3
cp fails/member-00000/state-last.h5 nothing.h5
says "their cause has passed, for two" 1 '^6 of 6 members: 4 done, 0 diverged, 2 failed' \
  "$program" sweep start.yml --out fails

# A state file that cannot be written ends the program: three times, then the rest goes on.
mkdir -p aborts/member-00001/state-50.h5.part
for time in 1 2 3; do
  says "abort $time" 1 'cannot be created' "$program" sweep start.yml --out aborts \
    --set sweep.seeds='[1, 2]' --set sweep.start='[""]'
done
says "given up" 1 'failed: ended the program 3 times, last with: .*cannot be created' \
  "$program" sweep start.yml --out aborts --set sweep.seeds='[1, 2]' --set sweep.start='[""]'
ok "the other one is done" grep -q '^2 of 2 members: 1 done, 0 diverged, 1 failed' said.txt

says "and stays so" 1 ', 0 to run' "$program" sweep start.yml --out aborts \
  --set sweep.seeds='[1, 2]' --set sweep.start='[""]'
rm -r aborts/member-00001/abort-?.txt aborts/member-00001/state-50.h5.part
says "until its notes are deleted" 0 '^2 of 2 members: 2 done' "$program" sweep start.yml --out aborts \
  --set sweep.seeds='[1, 2]' --set sweep.start='[""]'

# A member that is killed whenever it runs: it is begun after all others, and three times.
short=(sweep start.yml --out murder --set sweep.start='[""]' --set sweep.seeds='[1]'
  --set sweep.present.samples='[40, 100000000, 50]')
for time in 1 2 3; do
  "$program" "${short[@]}" >murder.txt 2>&1 &
  victim=$!
  for _ in $(seq 1000); do
    grep -qs "^begun $time times" murder/member-00001/begun.txt && break
    sleep 0.02
  done
  kill -9 "$victim"
  wait "$victim" 2>/dev/null || true
  same "killed $time times: others that are done" "$(grep -ls 'status: done' murder/*/summary.yml | wc -l)" \
    "$((time > 1 ? 2 : 1))"
done
says "killed too often" 1 'failed: was begun 3 times and each time killed' "$program" "${short[@]}"
ok "the others are done" grep -q '^3 of 3 members: 2 done, 0 diverged, 1 failed' said.txt
says "and stays so" 1 ', 0 to run' "$program" "${short[@]}"
ok "it is said how to change that" grep -q '^1 that failed will not be tried again: murder/member-00001/summary.yml says' said.txt
same "and that the sweep does not" "$(grep -c 'start the sweep again' said.txt)" 0
rm murder/member-00001/begun.txt
says "until its note is deleted" 3 ', 1 to run' "$program" "${short[@]}" --max-wall 1

# --- states of a member that are damaged, and such as cannot be read ---
short=(sweep small.yml --out hurt --set checkpoint.keep=0)
says "to be hurt" 0 '^4 of 4 members' "$program" "${short[@]}"
cp -a hurt unhurt
member=hurt/member-00003
# wound: the member as it was after 300 presentations, with states of 150 and 300.
wound() {
  rm -rf hurt
  cp -a unhurt hurt
  rm $member/summary.yml $member/state-last.h5 $member/state-450.h5 $member/state-600.h5
}
for ranks in 1 2; do
  wound
  truncate -s 3000 $member/state-300.h5
  says "one state is damaged, $ranks" 0 'warning: .*state-300.h5: is truncated' "${on[@]}" $ranks "$program" "${short[@]}" \
    --ranks-per-member $ranks
  ok "it goes on from the other" grep -q '^resumed at presentation 150' $member/log.txt
  ok "the log says why" grep -q '^warning: .*state-300.h5: is truncated' $member/log.txt
  alike "one state is damaged" unhurt hurt
  wound
  truncate -s 3000 $member/state-300.h5
  printf x | dd of=$member/state-150.h5 bs=1 seek=9000 conv=notrunc status=none
  echo before >$member/state-150.h5.damaged
  cp -a $member damaged
  says "all states are damaged, $ranks" 0 "warning: .*state-150.h5: is now $member/state-150.h5.damaged-2, and the run begins" \
    "${on[@]}" $ranks "$program" "${short[@]}" --ranks-per-member $ranks
  ok "the log says so" grep -q '^warning: .*state-300.h5: is now .*state-300.h5.damaged, and the run begins' $member/log.txt
  ok "they are set aside" cmp damaged/state-300.h5 $member/state-300.h5.damaged
  ok "beside older ones" cmp damaged/state-150.h5 $member/state-150.h5.damaged-2
  same "beside older ones" "$(<$member/state-150.h5.damaged)" before
  alike "all states are damaged" unhurt hurt
  rm -r damaged
done
wound
: >$member/used.yml
says "used.yml of a member is empty" 0 '1 to run' "$program" "${short[@]}"
ok "its states tell" grep -q '^resumed at presentation 300' $member/log.txt
alike "used.yml of a member is empty" unhurt hurt
# A link to nowhere stands for a file server that is away.
wound
mv $member/state-300.h5 away.h5
ln -s nowhere.h5 $member/state-300.h5
truncate -s 3000 $member/state-150.h5
before=$(cd $member && find . -name 'state-*' -printf '%p %s %i\n' | sort)
says "a state that cannot be read" 1 'failed: .*no state file there can be resumed from; the newest: .*state-300.h5: cannot be opened: No such file' \
  "$program" "${short[@]}"
ok "that passes" grep -q '^to have members that failed tried again, start the sweep again' said.txt
same "its states are left as they were" "$(cd $member && find . -name 'state-*' -printf '%p %s %i\n' | sort)" "$before"
mv away.h5 $member/state-300.h5
says "when it can be read again" 0 '^sweep of 4 members, 1 to run' "$program" "${short[@]}"
ok "it goes on from there" grep -q '^resumed at presentation 300' $member/log.txt
alike "when it can be read again" unhurt hurt
# Root may read anything, unless it gives that power away.
lesser=()
[ "$(id -u)" -ne 0 ] || lesser=(setpriv --bounding-set "-dac_override,-dac_read_search" --inh-caps "-dac_override,-dac_read_search")
wound
chmod 000 $member/state-*.h5
if "${lesser[@]}" true 2>/dev/null && ! "${lesser[@]}" cat $member/state-300.h5 >/dev/null 2>&1; then
  says "states without permission" 1 'failed: .*state-300.h5: cannot be opened: Permission denied' "${lesser[@]}" "$program" "${short[@]}"
  same "they are left" "$(find $member -name 'state-*.h5' | wc -l)" 2
  chmod 644 $member/state-*.h5
  says "with permission" 0 '1 to run' "$program" "${short[@]}"
  ok "it goes on from there" grep -q '^resumed at presentation 300' $member/log.txt
  wound
  chmod 300 $member
  says "a folder that cannot be listed" 3 'warning: .*member-00003: the output folder cannot be written' "${lesser[@]}" "$program" "${short[@]}"
  chmod 755 $member
  same "nothing is begun anew there" "$(find $member -name 'state-*.h5' | wc -l)" 2
else
  echo "skipped: states without permission (root cannot give up its power here)"
fi

finish
