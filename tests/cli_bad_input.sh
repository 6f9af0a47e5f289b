#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Each bad input yields exactly its one message and exit status 2, and nothing is written.
#
#   cli_bad_input.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
start_alone
unset TAUFLOW_DATA

# Everything below the scratch folder with size and time: equal before and after means untouched.
listing() { find . -printf '%p %s %T@ %l\n' | sort; }

# refuse WHAT PATTERN COMMAND...: the command exits with 2 and says one thing, which matches.
refuse() {
  local what=$1 pattern=$2 before said count status=0
  shift 2
  checks=$((checks + 1))
  before=$(listing)
  said=$(timeout 60 "$@" 2>&1 >/dev/null) || status=$?
  count=$(grep -c '^tauflow: ' <<<"$said" || true)
  if [ "$status" -ne 2 ] || [ "$count" -ne 1 ] || ! grep -Eq "^tauflow: .*$pattern" <<<"$said"; then
    fail "$what: exit $status, $count messages, wanted one like '$pattern'; it said:"$'\n'"$said"
  fi
  if [ "$before" != "$(listing)" ]; then
    fail "$what: something was written:"$'\n'"$(diff <(echo "$before") <(listing))"
  fi
}

# bad_job WHAT PATTERN SED: the small job, edited.
bad_job() {
  sed "$3" small.yml >bad.yml
  refuse "$1" "$2" "$program" run bad.yml
}

cat >small.yml <<'END'
name: small
network:
  widths: [64, 16, 10]
model: kp
kp:
  rule: kp
data:
  set: glyphs
  train: 200
  test: 50
present:
  samples: 20
solver:
  name: cascade
END

"$program" run small.yml --out finished >said.txt 2>&1 || {
  cat said.txt
  fail "the small job itself does not run"
  exit 1
}
state=finished/state-last.h5

/usr/bin/python3 - <<'END'
import h5py
import numpy as np

def data(path, inputs, train=30, labels=30):
    with h5py.File(path, "w") as file:
        for split, count in (("train", train), ("test", 20)):
            file[split + "/x"] = np.random.default_rng(1).random((count, inputs))
            file[split + "/label"] = np.arange(labels if split == "train" else count) % 10

def targets(path, bad=0.0):
    with h5py.File(path, "w") as file:
        for split in ("train", "test"):
            file[split + "/x"] = np.zeros((5, 64))
            file[split + "/y"] = np.ones((5, 7))
        file["train/y"][3, 2] = bad

targets("data_y.h5")
targets("data_nan.h5", np.nan)
data("data64.h5", 64)
data("data49.h5", 49)
data("data_uneven.h5", 64, labels=29)
with h5py.File("no_test.h5", "w") as file:
    file["train/x"], file["train/label"] = np.zeros((5, 64)), np.arange(5)

def start(path, widths):
    with h5py.File(path, "w") as file:
        file.create_group("network").attrs["widths"] = np.array(widths, dtype="i8")
        for l in range(1, len(widths)):
            file[f"layer{l:02d}/W"] = np.zeros((widths[l], widths[l - 1]))
            if l < len(widths) - 1:
                file[f"layer{l:02d}/V"] = np.zeros((widths[l], widths[l + 1]))

start("start_wide.h5", [64, 17, 10])
start("start_deep.h5", [64, 16, 16, 10])
END
for file in data64.h5 "$state"; do
  head -c "$(($(stat -Lc %s "$file") * 2 / 3))" "$file" >"cut_$(basename "$file")"
done
echo "this is not HDF5" >text.h5
: >empty.yml
: >empty.h5
mkdir empty stateless
cp finished/{used,summary}.yml stateless # a run that ended, so it had states
cp small.yml bad.yml

# The job file.
bad_job "unknown key" 'kp\.tau_inff.*kp\.tau_inf.*bad\.yml:7' '/rule/a\  tau_inff: 1 ms'
bad_job "unknown section" 'presnt.*present.*bad\.yml:' '/cascade/a\presnt: {ramp: 1 ms}'
bad_job "value out of range" 'kp\.tau_inf = -1.*must be > 0.*bad\.yml:7' '/rule/a\  tau_inf: -1 ms'
bad_job "not a number" 'kp\.tau_inf = nan' '/rule/a\  tau_inf: nan'
bad_job "wrong unit" 'kp\.tau_inf = 1 mm' '/rule/a\  tau_inf: 1 mm'
bad_job "text for a number" 'present\.samples = many.*bad\.yml:12' 's/samples: 20/samples: many/'
bad_job "fraction for a whole number" 'present\.samples = 2\.5' 's/samples: 20/samples: 2.5/'
bad_job "number with a tail" 'present\.samples = 20x' 's/samples: 20/samples: 20x/'
bad_job "list for a number" 'present\.samples' 's/samples: 20/samples: [20, 30]/'
bad_job "number for a list" 'network\.widths' 's/widths:.*/widths: wide/'
bad_job "unknown choice" 'kp\.rule = pk.*kp' 's/rule: kp/rule: pk/'
bad_job "duplicate key" 'present\.samples.*bad\.yml:13' '/samples/a\  samples: 30'
bad_job "broken YAML" 'bad\.yml:' 's/\[64, 16, 10\]/[64, 16, 10/'
bad_job "required key missing" 'network\.widths' 's/widths:.*/hidden: tanh/'
bad_job "width of 0" 'network\.widths' 's/\[64, 16, 10\]/[64, 0, 10]/'
bad_job "no layer" 'network\.widths' 's/\[64, 16, 10\]/[64]/'
bad_job "order 0" 'solver\.max_order = 0' '/cascade/a\  max_order: 0'
bad_job "order 6 of bdf" 'solver\.max_order = 6: bdf has orders 1 to 5' \
  's/cascade/cvode\n  max_order: 6/'
bad_job "order 13" 'solver\.max_order = 13' 's/cascade/cvode\n  method: adams\n  max_order: 13/'
bad_job "preconditioner" 'solver\.preconditioner = jacobi' \
  's/cascade/cvode\n  preconditioner: jacobi/'
bad_job "tolerance 0" 'solver\.relative = 0' '/cascade/a\  relative: 0'
bad_job "no absolute tolerance for erk" 'solver\.absolute = 0: .*erk.*bad\.yml:' \
  's/name: cascade/name: erk\n  absolute: 0/'
bad_job "0 presentations" 'present\.samples = 0' 's/samples: 20/samples: 0/'
bad_job "ramp beyond the presentation" 'present\.ramp' '/samples/a\  ramp: 1 s'
refuse "empty job" 'empty' "$program" run empty.yml
refuse "no such job" 'nowhere\.yml' "$program" run nowhere.yml
refuse "a folder for a job" 'empty' "$program" run empty

# The command line.
refuse "--set of an unknown key" 'kp\.tau_inff.*kp\.tau_inf.*--set' \
  "$program" run small.yml --set kp.tau_inff=1
refuse "--set out of range" 'solver\.relative = 0.*--set' \
  "$program" run small.yml --set solver.relative=0
refuse "--set without a value" 'key=value' "$program" run small.yml --set seed
refuse "unknown option" '--frobnicate' "$program" run small.yml --frobnicate
refuse "unknown command" 'rnu' "$program" rnu small.yml
refuse "no job" 'run' "$program" run
refuse "two jobs" 'bad\.yml' "$program" run small.yml bad.yml
refuse "an option without its value" '--out' "$program" run small.yml --out
refuse "an option of another command" '--out.*resume' "$program" resume finished --out there
refuse "no time at all" '--max-wall 0' "$program" run small.yml --max-wall 0
refuse "the same from check" 'present\.samples = 0' \
  "$program" check small.yml --set present.samples=0

# Data.
bad_job "outputs that do not fit the data" 'network\.widths\[2\] = 7.*10 classes' 's/16, 10/16, 7/'
bad_job "inputs that do not fit the data" 'network\.widths\[0\] = 64.*2 inputs' \
  's/glyphs/circles/; s/16, 10/16, 2/'
bad_job "no place for published data" 'TAUFLOW_DATA' 's/set: glyphs/set: mnist/; s/\[64/[784/'
bad_job "published data not there" 'empty/train-images' \
  's/set: glyphs/set: mnist\n  path: empty/; s/\[64/[784/'
file_job() { bad_job "$1" "$2" "s/set: glyphs/set: file\n  path: $3/; /train: /d; /test: /d"; }
file_job "data file missing" 'nowhere\.h5' nowhere.h5
file_job "data file of another width" 'network\.widths\[0\] = 64.*49 inputs' data49.h5
file_job "data file truncated" 'cut_data64\.h5' cut_data64.h5
file_job "data file not HDF5" 'text\.h5' text.h5
file_job "data file empty" 'empty\.h5' empty.h5
file_job "data file of another kind" 'state-last\.h5.*/train/x' 'finished\/state-last.h5'
file_job "data file without test samples" 'no_test\.h5.*/test/x' no_test.h5
bad_job "a loss of labels for real targets" 'kp\.output_error = cross_entropy.*target = input.*squared' \
  's/set: glyphs/set: glyphs\n  target: input/; s/16, 10/16, 64/'
bad_job "a permutation of a billion samples" 'data\.order = shuffled.*1000000000.*sequential.*bad\.yml:' \
  's/set: glyphs/set: gaussian\n  order: shuffled/; /train: /d'
bad_job "targets that the set does not have" 'data\.target = y.*glyphs.*bad\.yml:' \
  's/set: glyphs/set: glyphs\n  target: y/'
file_job "data file with targets of another width" 'network\.widths\[2\] = 10.*must be 7' data_y.h5
file_job "data file with a target that is no number" 'data_nan\.h5: /train/y\[3\]\[2\] = nan' data_nan.h5
file_job "data file with a label missing" 'data_uneven\.h5.*/train/label' data_uneven.h5
bad_job "more samples than there are" 'data\.train = 31.*30' \
  's/set: glyphs/set: file\n  path: data64.h5/; s/train: 200/train: 31/; s/test: 50/test: 20/'

# Start states, and states to look at.
start() { refuse "$1" "$2" "$program" run small.yml --start "$3"; }
/usr/bin/python3 - <<'END'
import h5py, numpy as np
for name, value in ("start_nan", float("nan")), ("start_inf", float("-inf")):
    with h5py.File(name + ".h5", "w") as new:
        new["network/widths"] = [64, 16, 10]
        new["layer01/W"], new["layer02/W"] = np.full((16, 64), 0.1), np.full((10, 16), 0.1)
        new["layer02/W"][9, 15] = value
END
# Here all of the file is read, and MPI-IO leaves a mark on the folder's date.
for odd in nan inf; do
  says "a start weight that is $odd" 2 "^tauflow: .*start_$odd\\.h5: /layer02/W holds nan or infinity" \
    "$program" run small.yml --start "start_$odd.h5" --out "from_$odd"
  ok "nothing is written" test ! -e "from_$odd"
done
start "start state missing" 'nowhere\.h5' nowhere.h5
start "start state truncated" 'cut_state-last\.h5' cut_state-last.h5
start "start state not HDF5" 'text\.h5' text.h5
start "start state of another kind" 'data64\.h5' data64.h5
start "start state of other widths" 'start_wide\.h5.*17' start_wide.h5
start "start state of other depth" 'start_deep\.h5' start_deep.h5
refuse "start of other widths in the job" 'start_wide\.h5.*17' \
  "$program" run small.yml --set start=start_wide.h5
refuse "resume without a run" 'empty' "$program" resume empty
refuse "evaluate without a state" 'nowhere\.h5' "$program" evaluate nowhere.h5
refuse "resume with the states gone" 'stateless.*no state file' "$program" resume stateless
refuse "resume of what may not change" '--set seed=1' "$program" resume finished --set seed=1
refuse "evaluate another kind" 'data64\.h5' "$program" evaluate data64.h5
refuse "evaluate weights without a job" 'start_wide\.h5.*no job' "$program" evaluate start_wide.h5
refuse "info of a text" 'text\.h5' "$program" info text.h5

# The output folder.
refuse "folder below a file" 'small\.yml/run' "$program" run small.yml --out small.yml/run
refuse "a file for a folder" 'small\.yml' "$program" run small.yml --out small.yml
refuse "folder where none can be" '/proc/tauflow' "$program" run small.yml --out /proc/tauflow
refuse "folder with a run in it" 'finished.*(--overwrite.*resume|resume.*--overwrite)' \
  "$program" run small.yml --out finished
if [ "$(id -u)" -ne 0 ]; then
  mkdir -m 555 closed
  refuse "folder without permission" 'closed/run' "$program" run small.yml --out closed/run
fi

# Several mistakes are told at once, and several ranks tell a mistake once.
count=$("$program" run small.yml --set seed=x --set kp.tau_err=0 2>&1 | grep -c '^tauflow: ') || true
[ "$count" -eq 2 ] || fail "two mistakes: $count messages"
# on_ranks WHAT PATTERN ARGUMENTS...: one message from three ranks, and each exits with 2.
on_ranks() {
  local what=$1 pattern=$2 before said
  shift 2
  checks=$((checks + 1))
  before=$(listing)
  said=$(timeout 60 mpiexec -n 3 --oversubscribe --bind-to none \
    bash -c '"$@" || echo "exit $?"' bash "$program" "$@" 2>&1) || fail "$what on ranks: exit $?"
  if [ "$(grep -c '^tauflow: ' <<<"$said")" -ne 1 ] || [ "$(grep -c '^exit 2' <<<"$said")" -ne 3 ] ||
    ! grep -Eq "^tauflow: .*$pattern" <<<"$said"; then
    fail "$what on ranks: wanted three times exit 2 and '$pattern'; it said:"$'\n'"$said"
  fi
  [ "$before" = "$(listing)" ] || fail "$what on ranks: something was written"
}

on_ranks "a mistake" 'present\.samples = 0' run small.yml --set present.samples=0
on_ranks "no such command" 'rnu' rnu
on_ranks "no such job" 'nowhere\.yml' run nowhere.yml
on_ranks "a bad start state" 'text\.h5' run small.yml --start text.h5
on_ranks "a start state of other widths" 'start_wide\.h5' run small.yml --start start_wide.h5
on_ranks "a truncated data file" 'cut_data64\.h5' run small.yml --set data.set=file --set \
  data.path=cut_data64.h5
on_ranks "no data" 'train-images' run small.yml --set data.set=mnist --set data.path=empty \
  --set "network.widths=[784, 10]"
on_ranks "widths beyond memory" 'memory' run small.yml --set "network.widths=[64, 999999, 999999, 10]"
on_ranks "an impossible folder" '/proc/tauflow' run small.yml --out /proc/tauflow
on_ranks "a folder with a run" 'finished' run small.yml --out finished
on_ranks "nothing to resume" 'empty' resume empty
on_ranks "no states to resume" 'stateless' resume stateless
on_ranks "no state" 'nowhere\.h5' evaluate nowhere.h5
on_ranks "not a state" 'text\.h5' info text.h5

finish
