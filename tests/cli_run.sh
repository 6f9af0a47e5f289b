#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What a user meets from the first run to the last resume: each command does and says what it should.
#
#   cli_run.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
start_alone
unset TAUFLOW_DATA SLURM_JOB_END_TIME

# run WHAT OUT OPTIONS...: the small job in a new folder, exit 0.
run() {
  local what=$1 out=$2
  shift 2
  says "$what" 0 '^results in ' "$program" run small.yml --out "$out" "$@"
}

python() { /usr/bin/python3 - "$@"; }

cat >small.yml <<'END'
# A comment, and an order of sections of its own.
present:
  samples: 40
network: {widths: [64, 16, 10]}
data:
  set: glyphs
  train: 200
  test: 50
record:
  every: 5
evaluate:
  every: 20
END

# --- words ---
says "--help" 0 'tauflow run JOB.yml' "$program" --help
says "--help of a command" 0 'tauflow run JOB.yml' "$program" run --help
says "--version" 0 '^hdf5: ' "$program" --version
for fact in '^tauflow [0-9]' '^revision: ' '^mpi: ' '^sundials: '; do
  ok "--version: $fact" grep -Eq "$fact" said.txt
done
says "keys" 0 'kp\.tau_inf' "$program" keys
says "unknown command" 2 '^tauflow: rnu: ' "$program" rnu
says "no command" 2 '^tauflow: ' "$program"
"$program" keys --markdown >jobs.md
ok "docs/jobs.md is not what tauflow keys --markdown prints" cmp jobs.md "$source/docs/jobs.md"

# --- a run ---
run "run" first
ok "job.yml is the job as given" cmp small.yml first/job.yml
same "state-last.h5 is a relative link" "$(readlink first/state-last.h5)" state-40.h5
for file in used.yml log.txt summary.yml series.h5 state-40.h5; do
  ok "first/$file is there" test -s "first/$file"
done
same "nothing else is there" "$(find first | wc -l)" 8
for key in test_accuracy train_accuracy test_loss samples simulated_s wall_s samples_per_s steps \
  solver ranks state_fingerprint status; do
  ok "summary.yml has $key" grep -Eq "^$key: [^ ]+$" first/summary.yml
done
same "summary: status" "$(value first status)" "done"
same "summary: samples" "$(value first samples)" 40
same "summary: simulated_s" "$(value first simulated_s)" 2
says "run on ranks" 0 'state fingerprint' "${on[@]}" 2 "$program" run small.yml --out ranks
ok "no escapes under mpiexec where there is no terminal" bash -c '! grep -q "[[:cntrl:]]" said.txt'
long=(--max-wall 3 --set present.samples=1000000 --set record.every=0 --set evaluate.every=0)
says "plain progress lines" 3 '^[0-9]+/1000000 presentations, [0-9]+/s, train accuracy [0-9.]+, [0-9]+ s left$' \
  "$program" run small.yml --out plain "${long[@]}"
ok "no escapes where there is no terminal" bash -c '! grep -q "[[:cntrl:]]" said.txt'
says "a terminal" 3 '/1000000 presentations' \
  script -qec "'$program' run small.yml --out terminal ${long[*]}" /dev/null
ok "one updating line on a terminal" grep -q $'\r\033\\[K.*/1000000 presentations' said.txt
ok "no escapes in the log" bash -c '! grep -q "[[:cntrl:]]" terminal/log.txt'
fingerprint=$(value first state_fingerprint)
says "used.yml is a job" 0 "$fingerprint" "$program" run first/used.yml --out again
same "used.yml of used.yml" "$(grep -v '^ *start:' again/used.yml)" "$(grep -v '^ *start:' first/used.yml)"
sed 's/$/\r/' small.yml >windows.yml
says "Windows line ends" 0 "$fingerprint" "$program" run windows.yml --out windows
ok "job.yml with Windows line ends" cmp windows.yml windows/job.yml
says "the default folder" 0 'results in output/small$' "$program" run small.yml
run "--set" set --set seed=1 --set "network.widths=[64, 12, 10]"
ok "--set is in used.yml" grep -q 'widths: \[64, 12, 10\]' set/used.yml
ok "job.yml stays as given" cmp small.yml set/job.yml

# --- folders ---
mkdir empty real "with space"
ln -s real link
run "an empty folder" empty
run "a link to a folder" link
ok "the link still is one" test -L link
ok "the folder behind the link" test -s real/summary.yml
run "a folder with spaces" "with space/a run"
echo mine >first/notes.txt
ln -s notes.txt first/state-of-mind
run "--overwrite" first --overwrite --set present.samples=30
ok "--overwrite leaves foreign files" grep -q mine first/notes.txt
ok "--overwrite leaves foreign links" test -L first/state-of-mind
ok "--overwrite removes old states" test ! -e first/state-40.h5
ok "--overwrite removes old lines" bash -c '! grep -q "^40 presentations" first/log.txt'

# --- checkpoints and resume ---
run "checkpoints" kept --set checkpoint.every=10 --set checkpoint.keep=2 --set present.samples=45
same "the newest two" "$(cd kept && echo state-[0-9]*.h5)" "state-40.h5 state-45.h5"
run "all checkpoints" all --set checkpoint.every=10 --set checkpoint.keep=0
same "all of them" "$(cd all && echo state-[0-9]*.h5)" "state-10.h5 state-20.h5 state-30.h5 state-40.h5"
cp -r all broken
truncate -s 3000 broken/state-40.h5
run "longer" longer --set present.samples=60
wanted=$(value longer state_fingerprint)
says "resume of a finished run" 0 'complete.*nothing to do' "$program" resume all
says "resume with more" 0 "$wanted" "$program" resume all --set present.samples=60
ok "summary of all" grep -q '^samples: 60$' all/summary.yml
says "resume from another folder" 0 "$wanted" \
  env --chdir=/ "$program" resume "$PWD/with space/a run" --set present.samples=60
says "resume beside a damaged state" 0 "$wanted" "$program" resume broken --set present.samples=60
says "resume may not change the network" 2 '^tauflow: --set seed=1: ' "$program" resume all --set seed=1
says "--max-wall" 3 '^stopped by time after' "$program" run small.yml --out stopped --max-wall 0.001 \
  --set present.samples=2000
same "summary: stopped" "$(value stopped status)" stopped
ok "a state of the stopped run" test -s "stopped/$(readlink stopped/state-last.h5)"
says "resume of a stopped run" 0 "$wanted" "$program" resume stopped --set present.samples=60
python <<'END' || fail "series of the runs above"
import h5py, numpy as np
a, b, c = (h5py.File(f"{name}/series.h5") for name in ("longer", "all", "stopped"))
for name in ("presentation", "W_norm", "V_norm", "alignment", "mismatch", "train_accuracy", "train_loss"):
    x, y, z = (np.asarray(f[name])[1:] for f in (a, b, c))
    assert np.array_equal(x, y), name
    assert np.array_equal(x, z[-len(x):]), name
assert list(a["presentation"][...]) == list(range(0, 61, 5))
assert list(a["test/presentation"][...]) == [20, 40, 60]
END

# --- signals of silent units ---
says "presentations of 712 ms" 0 '^results in ' "$program" run "$source/jobs/quickstart.yml" --out silent \
  --set present.samples=12 --set present.duration='712 ms' --set evaluate.samples=10 \
  --set solver.absolute=0
python <<'END' || fail "signals too small for full precision are not zero"
import h5py, numpy as np
with h5py.File("silent/state-last.h5") as file:
    signals = abs(np.concatenate([file[f"layer{l:02d}/{v}"][...] for l in (1, 2) for v in "yz"]))
assert (signals == 0).any() and ((signals > 0) & (signals < 1e-280)).any()
assert not ((signals > 0) & (signals < np.finfo(float).tiny)).any()
END

# --- start ---
python <<'END'
import h5py, numpy as np
rng = np.random.default_rng(1)
with h5py.File("bare.h5", "w") as f:
    f["network/widths"] = np.array([64, 16, 10])
    f["layer01/W"], f["layer02/W"] = rng.normal(size=(16, 64)) / 8, rng.normal(size=(10, 16)) / 4
    f["layer01/V"] = rng.normal(size=(16, 10)) / 4
END
run "a bare start state" bare --start bare.h5
run "a full start state" full --start longer/state-last.h5
run "start states in single precision" to_single --start bare.h5 --set network.weights=single
run "and from single to double" to_double --start to_single/state-last.h5
mkdir elsewhere
run "a start state that is gone later" gone --start bare.h5 --set present.samples=20
mv bare.h5 elsewhere/
says "resume needs no start state" 0 "$(value bare state_fingerprint)" \
  "$program" resume gone --set present.samples=40
python <<'END' || fail "runs do not begin with the weights they were to start from"
import h5py, numpy as np
for out, start in (("bare", "elsewhere/bare.h5"), ("full", "longer/state-last.h5"),
                   ("to_double", "to_single/state-last.h5"), ("gone", "elsewhere/bare.h5")):
    with h5py.File(start) as f, h5py.File(out + "/series.h5") as s:
        W = [np.linalg.norm(f[f"layer0{l}/W"][...].astype("d")) for l in (1, 2)]
        V, W2 = f["layer01/V"][...].astype("d"), f["layer02/W"][...].astype("d")
        assert np.allclose(s["W_norm"][0], W, rtol=1e-12), out
        assert np.allclose(s["mismatch"][0], np.linalg.norm(V.T - W2), rtol=1e-12), out
        assert s["presentation"][0] == 0 and s["t"][0] == 0, out
END

# --- looking at files ---
says "info of a state" 0 'after 60 presentations, status done' "$program" info longer/state-last.h5
says "info of a series" 0 'a tauflow series file' "$program" info longer/series.h5
says "info of a bare state" 0 'network widths 64 16 10' "$program" info elsewhere/bare.h5
says "info on ranks" 0 'after 60 presentations' "${on[@]}" 2 "$program" info longer/state-last.h5
same "info says it once" "$(grep -c 'after 60 presentations' said.txt)" 1
python <<'END'
import h5py, numpy as np
with h5py.File("own.h5", "w") as f:
    for split, label in (("train", np.arange(30) % 10), ("test", np.repeat(np.arange(10), np.arange(1, 11)))):
        f[split + "/x"], f[split + "/label"] = np.random.default_rng(2).random((len(label), 64)), label
END
says "own data" 0 'test accuracy' "$program" run small.yml --out own --set data.set=file \
  --set data.path=own.h5 --set data.train=0 --set data.test=0
says "evaluate" 0 "^test_accuracy: $(value own test_accuracy)$" \
  "$program" evaluate own/state-last.h5 --confusion
cp said.txt evaluate.txt
python "$(value own test_accuracy)" <<'END' || fail "confusion matrix"
import sys, numpy as np
rows = [line.split() for line in open("evaluate.txt")][-10:]
C = np.array(rows, dtype=int)[:, 1:]
assert C.shape == (10, 10)
assert list(C.sum(axis=1)) == list(range(1, 11))
assert abs(np.trace(C) / C.sum() - float(sys.argv[1])) < 1e-6
END
says "evaluate on ranks" 0 '^test_accuracy' "${on[@]}" 3 "$program" evaluate own/state-last.h5 --confusion
ok "evaluate on ranks says the same" cmp said.txt evaluate.txt
says "evaluate of some samples" 0 '^test_samples: 20$' \
  "$program" evaluate longer/state-last.h5 --set evaluate.samples=20
says "dynamic read-out" 0 '^readout: dynamic$' \
  "$program" evaluate longer/state-last.h5 --set evaluate.readout=dynamic
says "evaluate of other data" 0 '^test_samples: 70$' \
  "$program" evaluate longer/state-last.h5 --set data.test=70
says "evaluate of another network" 2 '^tauflow: .*widths' \
  "$program" evaluate longer/state-last.h5 --set "network.widths=[64, 17, 10]"
before=$(find . -printf '%p %s %T@\n' | grep -v said.txt | sort)
says "check" 0 'MiB' "$program" check small.yml
says "check on ranks" 0 '^ +2 +[0-9]+ ' "${on[@]}" 3 "$program" check small.yml
says "check for a larger machine" 0 '^ +0 +2000008 +1.00 +152594[0-9.]+ ' \
  "$program" check small.yml --set "network.widths=[64, 999999, 999999, 10]"
says "run of what fits no memory" 2 '^tauflow: network\.widths: .*memory' \
  "$program" run small.yml --out never --set "network.widths=[64, 999999, 999999, 10]"
same "looking writes nothing" "$(find . -printf '%p %s %T@\n' | grep -v said.txt | sort)" "$before"

# --- divergence ---
cat >deep.yml <<'END'
network: {widths: [64, 24, 24, 24, 24, 10]}
kp: {tau_pot: 50 ms}
data: {set: glyphs, test: 50}
present: {samples: 5000}
END
says "a network that blows up" 4 '^diverged after' "$program" run deep.yml --out diverged
same "summary: diverged" "$(value diverged status)" diverged
says "and by document 001's method" 4 '^diverged after' "$program" run deep.yml --out blown \
  --set solver.name=erk
says "info of the last finite state" 0 'status diverged' "$program" info diverged/state-last.h5
says "resume of a diverged run" 4 'diverged.*nothing to do' "$program" resume diverged
outcome() { grep -E '^(status|samples|simulated_s|steps|rejected|state_fingerprint): ' "$1/summary.yml"; }
outcome diverged >before.txt
rm diverged/summary.yml
says "a run that diverged and died before its summary" 4 '^diverged after' "$program" resume diverged
ok "its summary" diff before.txt <(outcome diverged)
python <<'END' || fail "the last state of the diverged run is not finite"
import h5py, numpy as np
with h5py.File("diverged/state-last.h5") as f:
    sets = []
    f.visititems(lambda name, o: sets.append(o) if isinstance(o, h5py.Dataset) and o.dtype.kind == "f" else None)
    assert len(sets) == 19 and all(np.isfinite(s[...]).all() for s in sets)
END

# --- odd jobs ---
for solver in cascade lockstep cvode erk discrete; do
  for rule in kp fa dfa sgd; do
    run "no hidden layer: $solver, $rule" shallow --overwrite --set solver.name=$solver \
      --set kp.rule=$rule --set "network.widths=[64, 10]" --set present.samples=3
  done
done
run "a ramp too short to matter is no divergence" sharp --set present.ramp=1e-13 \
  --set present.samples=3
run "steps without number are no divergence" slow --set solver.max_step=1e-7 \
  --set present.samples=2

# --- what a crash may take ---
tests_in() { h5ls "$1/series.h5/test/presentation"; }
tests_in sharp >before.txt
rm sharp/summary.yml
says "resume of a finished run that died before its summary" 0 '^done after 3' "$program" resume sharp
ok "its last test is in the series once" diff before.txt <(tests_in sharp)
rm sharp/summary.yml sharp/series.h5
says "resume of a finished run without its summary" 0 '^done after 3' "$program" resume sharp
ok "a series that is lost is said" grep -q 'warning: .*series\.h5' said.txt
same "the summary is made up for" "$(value sharp status)" "done"
run "one presentation" one --set present.samples=1 --set evaluate.every=1 --set record.every=0

finish
