#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Faults of the machine: each ends in a message that says what is wrong, without a hang, and the
# last good state file is still there to go on from.
#
#   cli_faults.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID

cat >small.yml <<'END'
network: {widths: [64, 32, 16, 10], hidden: clipped_relu}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 100000000}
evaluate: {every: 0}
record: {every: 0}
checkpoint: {every: 100, keep: 2}
watchdog: 4 s
END

# ended WHAT RUN SECONDS FILE PATTERN: the process ends in time, not with success, and says so.
ended() {
  local status=0 k
  checks=$((checks + 1))
  for ((k = 0; k < 20 * $3; k++)); do
    kill -0 "$2" 2>/dev/null || break
    sleep 0.05
  done
  if kill -0 "$2" 2>/dev/null; then
    fail "$1: it hangs"
    kill -KILL "$2"
  fi
  wait "$2" || status=$?
  case $status in 0 | 2 | 3 | 4) fail "$1: exit status $status" ;; esac
  grep -Eq -- "$5" "$4" || fail "$1: no line like '$5' in: $(<"$4")"
}

# goes_on WHAT FOLDER: what is left there can be continued.
goes_on() {
  local status=0
  checks=$((checks + 1))
  "$program" resume "$2" --max-wall 0.2 >resume.txt 2>&1 || status=$?
  [ "$status" -eq 3 ] || fail "$1: resume: exit status $status: $(<resume.txt)"
}

# --- a rank that hangs, and one that dies ---
"${on[@]}" 3 "$program" run small.yml --out hang >hang.txt 2>&1 &
run=$!
until_there hang/state-last.h5
victim=$(pgrep -f -- "^$program run small.yml --out hang( |\$)" | sed -n 2p)
kill -STOP "$victim"
ended "a rank that hangs" "$run" 30 hang.txt \
  "nothing has moved for 4 s: rank [012] \(process $victim\) does not run in presentation"
same=$(grep -c 'nothing has moved' hang.txt)
[ "$same" -eq 1 ] || fail "a rank that hangs: $same messages"
goes_on "a rank that hangs" hang

"${on[@]}" 3 "$program" run small.yml --out die >die.txt 2>&1 &
run=$!
until_there die/state-last.h5
kill -KILL "$(pgrep -f -- "^$program run small.yml --out die( |\$)" | sed -n 2p)"
ended "a rank that dies" "$run" 30 die.txt 'signal 9|Killed'
goes_on "a rank that dies" die

# --- the output folder goes away ---
for ranks in 1 2; do
  "${on[@]}" $ranks "$program" run small.yml --out "away-$ranks" >away.txt 2>&1 &
  run=$!
  until_there "away-$ranks/state-last.h5"
  mv "away-$ranks" "moved-$ranks"
  ended "the folder is moved away, $ranks ranks" "$run" 30 away.txt "tauflow: .*away-$ranks/state-"
  goes_on "the folder is moved away, $ranks ranks" "moved-$ranks"
done

"$program" run small.yml --out gone >gone.txt 2>&1 &
run=$!
until_there gone/state-last.h5
mv gone going && rm -rf going # in one step: a removal that meets new files would fail
ended "the folder is removed" "$run" 30 gone.txt 'tauflow: .*gone/state-'

# --- the output folder may no longer be written to ---
# Root may write anywhere, unless it gives that power away.
lesser=()
[ "$(id -u)" -ne 0 ] || lesser=(setpriv --bounding-set -dac_override --inh-caps -dac_override)
mkdir -m 555 closed
if "${lesser[@]}" true 2>/dev/null && ! "${lesser[@]}" touch closed/file 2>/dev/null; then
  "${lesser[@]}" "$program" run small.yml --out closing >closing.txt 2>&1 &
  run=$!
  until_there closing/state-last.h5
  chmod a-w closing
  ended "the folder is closed" "$run" 30 closing.txt 'tauflow: .*closing/.*[Pp]ermission denied'
  chmod u+w closing
  goes_on "the folder is closed" closing
else
  echo "skipped: a folder that is closed (root cannot give up its power here)"
fi

# --- a disk that is full ---
# With a small file system of the script's own, where the system lets it have one.
in_own_disk() { # SIZE COMMANDS
  unshare --user --map-root-user --mount bash -euo pipefail -c \
    "mount -t tmpfs -o size=$1 tmpfs disk; $2"
}
mkdir -p disk
export program
export -f until_there fail
if in_own_disk 1m true 2>/dev/null; then
  for ranks in 1 2; do
    # Room for two state files of 100 KiB, not for what fills the rest.
    in_own_disk 1200k "
      mpiexec --oversubscribe --bind-to none -n $ranks '$program' run small.yml --out disk/full >full.txt 2>&1 &
      run=\$!
      until_there disk/full/state-last.h5
      # Again and again: the run makes room when it deletes an older state file.
      for ((k = 0; k < 600; k++)); do
        cat /dev/zero >>disk/filler 2>/dev/null || true
        kill -0 \$run 2>/dev/null || break
        sleep 0.05
      done
      kill -KILL \$run 2>/dev/null && echo HANGS >>full.txt
      wait \$run && echo SUCCEEDS >>full.txt
      rm disk/filler
      rm -rf rescued && cp -a disk/full rescued" || true
    checks=$((checks + 1))
    grep -Eq '^tauflow: .*disk/full/.*([Nn]o space|full)' full.txt || fail "full disk, $ranks ranks: $(<full.txt)"
    ! grep -Eq 'HANGS|SUCCEEDS' full.txt || fail "full disk, $ranks ranks: $(<full.txt)"
    goes_on "full disk, $ranks ranks" rescued
  done
else
  echo "skipped: a full disk (no file system may be mounted here)"
fi

# --- a number that is none, in the data ---
/usr/bin/python3 - <<'END'
import h5py, numpy as np
for odd in "nan", "inf", "-inf":
    with h5py.File(odd + ".h5", "w") as file:
        for split in "train", "test":
            x = np.random.default_rng(1).random((40, 64))
            x[17, 3] = float(odd) if split == "train" else 0
            file[split + "/x"], file[split + "/label"] = x, np.arange(40) % 10
END
for odd in nan inf -inf; do
  says "$odd in data" 2 "$odd\\.h5: /train/x\[17\]\[3\] = $odd: must be finite" "$program" run small.yml \
    --out odd --set data.set=file --set data.path=$odd.h5 --set data.train=40 --set data.test=40
  [ ! -e odd ] || fail "$odd in data: something was written"
done
finish
