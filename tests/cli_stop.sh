#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A run that is asked to stop, by whatever reaches it, leaves a state and goes on to the same end.
#
#   cli_stop.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID

cat >small.yml <<'END'
network: {widths: [64, 32, 16, 10], hidden: clipped_relu}
data: {set: glyphs, side: 8, train: 200, test: 50}
present: {samples: 12000}
record: {every: 100}
checkpoint: {keep: 0}
END


# The processes of the run in folder $1: they have its name on their command line.
ranks_of() { pgrep -f -- "^$program run small.yml --out $1( |\$)" || true; }

# stopped WHAT FOLDER BY STATUS: it ended as it should, and goes on to the end of `whole`.
stopped() {
  same "$1: exit status" "$4" 3
  same "$1: status" "$(value "$2" status)" stopped
  same "$1: stopped_by" "$(value "$2" stopped_by)" "$3"
  [ "$(value "$2" samples)" -lt 12000 ] || fail "$1: was not in time"
  "$program" resume "$2" >resume.txt || fail "$1: resume: $(<resume.txt)"
  same "$1: end of the resumed run" "$(value "$2" state_fingerprint)" "$wanted"
  /usr/bin/python3 - "$2" <<'END' || fail "$1: series has gaps or duplicates"
import h5py, sys
with h5py.File(sys.argv[1] + "/series.h5") as file:
    assert list(file["presentation"]) == list(range(0, 12001, 100)), list(file["presentation"])
END
}

# launch FOLDER COMMAND...: in the background, until its series has begun; $! is left in `run`.
launch() {
  local folder=$1
  shift
  "$@" run small.yml --out "$folder" >"$folder.txt" 2>&1 &
  run=$!
  until_there "$folder/log.txt"
}
# A script's background children ignore SIGINT unless job control is on.
set -m

"$program" run small.yml --out whole >whole.txt
wanted=$(value whole state_fingerprint)
same "a whole run: stopped_by" "$(value whole stopped_by)" ""

# --- signals, one rank ---
for signal in USR1 TERM INT; do
  launch "by-$signal" "$program"
  kill "-$signal" "$run"
  status=0
  wait "$run" || status=$?
  stopped "SIG$signal" "by-$signal" signal "$status"
done

launch twice "$program"
kill -INT "$run"
kill -INT "$run"
status=0
wait "$run" || status=$?
# Between the two it may just have had the time to stop by itself.
same "SIGINT twice: exit status" "$((status == 130 || status == 3))" 1

launch save "$program"
sleep 0.1
kill -USR2 "$run"
status=0
wait "$run" || status=$?
same "SIGUSR2: exit status" "$status" 0
same "SIGUSR2: state files" "$(find save -name 'state-*0.h5' -o -name 'state-*[1-9].h5' | wc -l)" 2
same "SIGUSR2: end" "$(value save state_fingerprint)" "$wanted"

# --- signals, several ranks: to all by mpiexec, and to any one ---
launch all "${on[@]}" 2 "$program"
kill -USR1 "$run"
status=0
wait "$run" || status=$?
stopped "SIGUSR1 to mpiexec" all signal "$status"

launch one "${on[@]}" 3 "$program"
kill -TERM "$(ranks_of one | tail -n 1)"
status=0
wait "$run" || status=$?
stopped "SIGTERM to one rank of three" one signal "$status"

# TERM to mpiexec itself: it returns 1, but the ranks have stopped as they should.
launch mpiexec "${on[@]}" 2 "$program"
kill -TERM "$run"
status=0
wait "$run" || status=$?
same "SIGTERM to mpiexec: exit status" "$((status == 1 || status == 3))" 1
stopped "SIGTERM to mpiexec" mpiexec signal 3

# --- the batch script judges by the summary (cli_slurm.sh has a SLURM; here an srun stands in) ---
mkdir slurm
cat >slurm/srun <<END
#!/usr/bin/env bash
[ "\$1 \$2" = "--mpi=pmix --kill-on-bad-exit=1" ] || exit 9
shift 2
echo \$\$ >srun.pid
exec ${on[*]} \$SLURM_NTASKS "\$@"
END
printf '#!/bin/sh\necho "$@" >>scontrol.txt\n' >slurm/scontrol
chmod +x slurm/*
# batch WHAT STATUS REQUEUES COMMAND: the script, to which COMMAND is done when the run is under way.
batch() {
  local status=0 script
  rm -rf srun.pid scontrol.txt batch-log.txt
  touch scontrol.txt
  find batch -name log.txt -delete 2>/dev/null || true
  PATH="$PWD/slurm:$PATH" TAUFLOW=$program SLURM_JOB_ID=17 SLURM_NTASKS=2 \
    bash "$source/slurm/run.sbatch" small.yml --out batch --set present.samples=1000000 >batch.txt 2>&1 &
  script=$!
  until_there batch/log.txt && sleep 0.3
  eval "$4"
  wait "$script" || status=$?
  same "$1: exit status" "$status" "$2"
  same "$1: requeued" "$(grep -c 'requeue 17' scontrol.txt)" "$3"
}
# shellcheck disable=SC2016
batch "the limit is near" 3 1 'kill -USR1 $script'
# shellcheck disable=SC2016
batch "the limit is near, and TERM comes to mpiexec" 3 1 'kill -USR1 $script; kill -TERM $(<srun.pid)'
# shellcheck disable=SC2016
batch "TERM to mpiexec alone" 3 0 'kill -TERM $(<srun.pid)'
# shellcheck disable=SC2016
batch "a rank is killed" 137 0 'kill -KILL "$(pgrep -f -- "^$program resume batch" | head -n 1)"'
# The script from beginning to end, on one rank.
piece=(env PATH="$PWD/slurm:$PATH" TAUFLOW="$program" SLURM_JOB_ID=17 SLURM_NTASKS=1)
again=(SLURM_RESTART_COUNT=1 SLURM_JOB_END_TIME=1 bash "$source/slurm/run.sbatch")
cp small.yml other.yaml
for folder in --out=given "--out given" --set=name=named "--set name=named" ""; do
  rm -rf given output
  out=output/other
  case $folder in *given) out=given ;; *named) out=output/named ;; esac
  # shellcheck disable=SC2086
  says "the batch script with '$folder' is stopped" 3 'stopped by time' \
    "${piece[@]}" bash "$source/slurm/run.sbatch" other.yaml $folder --max-wall 1e-9
  # shellcheck disable=SC2086
  says "the batch script with '$folder' finds its folder" 3 '^resumed at presentation 1$' \
    "${piece[@]}" "${again[@]}" other.yaml $folder
  same "the batch script with '$folder': its folder" "$(number "$out/summary.yml" samples)" 2
done
# The node goes down before the first state file, and the job comes back.
rm -rf batch output
launch batch "$program"
until_there batch/log.txt && kill -KILL "$(pgrep -f -- "^$program run small.yml --out batch" | head -n 1)"
wait "$run" || true
same "no state file yet" "$(find batch -name 'state-*' | wc -l)" 0
says "a job comes back before its first state file" 3 'batch holds no state file yet: the run begins again' \
  "${piece[@]}" "${again[@]}" small.yml --out batch
same "it has a state file then" "$(readlink batch/state-last.h5)" state-1.h5

# --- a file ---
launch file "$program"
touch file/stop
status=0
wait "$run" || status=$?
same "the file stop is taken away" "$([ -e file/stop ] && echo there)" ""
ok "and that is said" grep -q '^the file file/stop is obeyed and removed$' file.txt
stopped "the file stop" file file "$status"
# One that was put there when nothing ran stops the next run, once.
same "a rest to do" "$("$program" resume file --set present.samples=12500 --max-wall 1e-9 >rest.txt; echo $?)" 3
begun_with=$(readlink file/state-last.h5)
touch file/stop
says "a file stop before resume" 3 '^the file file/stop is obeyed and removed$' "${on[@]}" 2 "$program" resume file
same "a file stop before resume: stopped_by" "$(value file stopped_by)" file
[ "$(readlink file/state-last.h5)" != "$begun_with" ] || fail "a file stop before resume: not one presentation"
says "and not again" 0 '^done after 12500' "$program" resume file
touch file/stop
says "a file stop of a finished run" 0 '^the file file/stop is obeyed and removed$' "$program" resume file
same "it is taken away" "$([ -e file/stop ] && echo there)" ""

# --- time ---
long=(--set present.samples=100000000 --set evaluate.every=0)
status=0
"$program" run small.yml --out wall --max-wall 1 "${long[@]}" >wall.txt || status=$?
same "--max-wall: exit status" "$status" 3
same "--max-wall: stopped_by" "$(value wall stopped_by)" time

# Begun late in a second of the clock, it still gets all of its time.
for _ in 1 2 3; do
  until [ "$(date +%N | head -c 1)" = 5 ]; do sleep 0.02; done
  "$program" run small.yml --out brief --overwrite --max-wall 0.6 "${long[@]}" >brief.txt || status=$?
  awk -v wall="$(value brief wall_s)" 'BEGIN { exit !(wall >= 0.4 && wall < 5) }' ||
    fail "--max-wall 0.6: it ran for $(value brief wall_s) s"
done

# A squeue that says how much is left stands in for SLURM's (cli_slurm.sh asks the real one).
mkdir bin
printf '#!/bin/sh\n[ "$*" = "-h -j 17 -o %%L" ] && echo 1:01\n' >bin/squeue
chmod +x bin/squeue
status=0
PATH="$PWD/bin:$PATH" SLURM_JOB_ID=17 "$program" run small.yml --out squeue "${long[@]}" \
  >squeue.txt || status=$?
same "the end that squeue tells: exit status" "$status" 3
same "the end that squeue tells: stopped_by" "$(value squeue stopped_by)" time
status=0
SLURM_JOB_END_TIME=$(($(date +%s) + 61)) "$program" run small.yml --out slurm "${long[@]}" \
  >slurm.txt || status=$?
same "SLURM_JOB_END_TIME: stopped_by" "$(value slurm stopped_by)" time

status=0
"$program" run small.yml --out often --max-wall 3 --set checkpoint.wall_every=1s "${long[@]}" \
  >often.txt || status=$?
same "checkpoint.wall_every: exit status" "$status" 3
count=$(find often -name 'state-[0-9]*.h5' | wc -l)
same "checkpoint.wall_every: state files in 3 s: $count" "$((count >= 3 && count <= 4))" 1

# --- done is done ---
status=0
"$program" resume whole >again.txt || status=$?
same "resume of a finished run: exit status" "$status" 0
grep -q 'nothing to do' again.txt || fail "resume of a finished run says: $(<again.txt)"
finish
