#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What files say of the program and the run that wrote them, and what tells two runs apart.
#
#   cli_info.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID

cat >small.yml <<'END'
network: {widths: [64, 16, 12, 10], hidden: clipped_relu}
data: {set: glyphs, side: 8, train: 100, test: 20}
present: {samples: 20}
record: {every: 5, trace: [3]}
checkpoint: {keep: 0, every: 10}
END
began=$(date -u +%Y-%m-%dT%H:%M:%SZ)
for ranks in 1 2 5; do
  ok "run on $ranks ranks" "${on[@]}" $ranks "$program" run small.yml --out "on-$ranks"
done

# --- provenance ---
host="$(hostname) x 5"
same "hosts in the summary" "$(value on-5 hosts)" "'$host'"
same "seed in the summary" "$(value on-5 seed)" 0
for file in state-last.h5 series.h5 trace.h5; do
  says "hosts in $file" 0 "^  hosts +$host\$" "$program" info on-5/$file
  for fact in revision compiler flags mpi hdf5 sundials openblas scalapack petsc zlib yaml xxhash; do
    ok "$fact in $file" grep -Eq "^  $fact +[^ ]" said.txt
  done
  same "ranks and seed in $file" "$(sed -En 's/^  (ranks|seed) +//p' said.txt | xargs)" "5 0"
  started=$(sed -En 's/^  started +//p' said.txt)
  written=$(sed -En 's/^  written +//p' said.txt)
  ok "dates in $file: $began, $started, $written" \
    sort -c <(printf '%s\n' "$began" "$started" "$written")
done
for fact in version revision compiler flags mpi hdf5 hosts ranks seed started; do
  ok "$fact at the head of the log" grep -q "^  $fact: ." <(head -n 20 on-5/log.txt)
done

ok "the job in the summary" cmp on-5/used.yml \
  <(value on-5 job | /usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin), end="")')
ok "the job in the log" cmp on-5/used.yml <(sed -n '/^job:$/,/^network/ s/^  //p' on-5/log.txt)

# Files of the same state are the same bytes but for the seal's digest and /code, at the end.
/usr/bin/python3 - <<'END' || fail "files of the same state differ"
import h5py
for name in "state-10.h5", "state-20.h5":
    files = []
    for ranks in 1, 2, 5:
        path = f"on-{ranks}/{name}"
        with h5py.File(path) as file:
            end = h5py.h5o.get_info(file["code"].id).addr
            for set in (file["layer01/W"], file["layer03/z"], file["network/widths"]):
                assert set.id.get_offset() < end
        data = bytearray(open(path, "rb").read()[:end])
        data[24:32] = bytes(8)
        files.append(data)
    assert files[0] == files[1] == files[2], name
END

ok "a sweep" "${on[@]}" 2 "$program" sweep small.yml --out swept --set 'sweep.seeds=0..1' \
  --set 'record.trace=[]'
says "provenance of a sweep" 0 "^  seed +swept\$" "$program" info swept/sweep.h5
ok "its ranks" grep -Eq '^  ranks +2$' said.txt
says "provenance of a member" 0 "^  seed +1\$" "$program" info swept/member-00001/state-last.h5
ok "its ranks" grep -Eq '^  ranks +1$' said.txt
ok "head of a sweep's log" grep -q '^  hosts: .* x 2$' swept/log.txt

# --- what tells two runs apart ---
"$program" run small.yml --out other --set kp.tau_pot=5s --set present.samples=30 \
  --set network.weights=single >other.txt
says "a run and itself" 0 '^the states are equal$' "$program" info --diff on-1 on-1
says "the same on other ranks" 0 '^the states are equal$' "$program" info --diff on-1 on-2
same "keys" "$(sed -n '/^keys/,/^prov/p' said.txt | sed -n 2p)" "  none"
ok "hosts" grep -q "^    B: $(hostname) x 2\$" said.txt
says "two runs" 0 '^  kp.tau_pot +10 +5$' "$program" info --diff on-1 other/state-30.h5
ok "in time" grep -q '^B is 10 presentations and 0.5 s beyond A$' said.txt
same "keys" "$(sed -n '/^keys/,/^prov/s/^  \([^ ]*\) .*/\1/p' said.txt | xargs)" \
  "network.weights kp.tau_pot kp.tau_pot_feedback present.samples"
cp said.txt one.txt
says "two runs, on ranks" 0 '^states' "${on[@]}" 3 "$program" info --diff on-1 other/state-30.h5
ok "the same on any number of ranks" cmp one.txt said.txt
/usr/bin/python3 - <<'END' || fail "numbers of --diff"
import h5py, numpy as np
rows = {w[0]: [float(x) for x in w[-4:]] for w in map(str.split, open("one.txt")) if w and w[0].startswith("/")}
total = {w[0]: [float(x) for x in w[-4:]] for w in map(str.split, open("one.txt")) if w and w[0] in "WVyz" and "layer" in w[2]}
assert len(rows) == 11 and set(total) == set("WVyz"), (rows, total)
most = {}
with h5py.File("on-1/state-last.h5") as a, h5py.File("other/state-30.h5") as b:
    for path, found in rows.items():
        x, y = a[path][...].astype(float), b[path][...].astype(float)
        wanted = [abs(x).max(), abs(y).max(), abs(x - y).max()]
        wanted.append(wanted[2] / max(wanted[:2]))
        assert np.allclose(found, wanted, rtol=6e-3) and np.allclose(found[:3], wanted[:3], rtol=6e-6), (path, found, wanted)
        assert wanted[2] > 0, path
        most[path[-1]] = np.maximum(most.get(path[-1], 0), wanted[:3])
for family, found in total.items():
    assert np.allclose(found[:3], most[family], rtol=6e-6), family
END
"$program" run small.yml --out wide --set 'network.widths=[64, 17, 12, 10]' >wide.txt
says "other widths" 0 'different widths, so their states are not compared' "$program" info --diff on-1 wide
ok "their keys" grep -Eq '^  network.widths +\[64, 16, 12, 10\] +\[64, 17, 12, 10\]$' said.txt
"$program" run small.yml --out direct --set kp.routing=direct >direct.txt
says "another shape of V" 0 'layer01/V +16 x 12  in A, 16 x 10 in B: not compared' "$program" info --diff on-1 direct
/usr/bin/python3 - <<'END'
import h5py, numpy as np
with h5py.File("on-1/state-last.h5") as a, h5py.File("bare.h5", "w") as b:
    b["network/widths"] = a["network/widths"][...]
    for l in 1, 2, 3:
        b[f"layer0{l}/W"] = a[f"layer0{l}/W"][...]
    b["layer02/W"][3, 5] = np.nan
with h5py.File("on-1/state-last.h5") as a:
    at = a["layer02/V"].id.get_offset() + a.userblock_size
data = bytearray(open("on-1/state-last.h5", "rb").read())
data[at + 7] ^= 1
open("hurt.h5", "wb").write(data)
END
says "a start file" 0 'layer02/W .* inf +inf$' "${on[@]}" 2 "$program" info --diff on-1 bare.h5
ok "what only one has" grep -Eq 'layer01/y +16  only in A$' said.txt

# --- what no program of ours writes ---
/usr/bin/python3 - <<'END'
import h5py, numpy as np
for name in "hollow", "huge":
    with h5py.File(name + ".h5", "w") as file:
        file["network/widths"] = [4, 3, 2]
        file["layer01/W"], file["layer02/W"] = np.ones((3, 4)), np.ones((2, 3))
        if name == "hollow":
            file["layer01/a"], file["layer01/b"], file["layer01/c"] = np.ones((5, 0)), np.ones((0, 5)), np.ones(0)
        else:
            file.create_dataset("layer01/a", (2**40, 4), "f8", chunks=(1024, 4))
END
says "empty arrays" 0 '^the states are equal$' "$program" info --diff hollow.h5 hollow.h5
says "more than the file holds" 2 '^tauflow: huge.h5: /layer01/a claims more numbers than the file holds$' \
  timeout 20 "$program" info --diff huge.h5 huge.h5

# --- refused ---
for ranks in 1 2; do
  says "a damaged file, $ranks" 2 '^tauflow: hurt.h5: /layer02/V is damaged' \
    "${on[@]}" $ranks "$program" info --diff on-1 hurt.h5
  same "one message" "$(grep -c '^tauflow: ' said.txt)" 1
  ok "and nothing else" bash -c '! grep -q "^keys" said.txt'
done
says "info of a damaged file" 2 '^tauflow: hurt.h5: /layer02/V is damaged' "$program" info hurt.h5
says "info of an intact file" 0 'on-1/state-last.h5: a tauflow state file, version 2$' "$program" info on-1/state-last.h5
/usr/bin/python3 - <<'END'
import h5py
with h5py.File("on-1/state-last.h5") as new, h5py.File("old.h5", "w") as old: # without a seal
    for name in new:
        new.copy(name, old)
    for name, value in new.attrs.items():
        old.attrs[name] = value
    old.attrs["version"] = 1
END
says "info of a file of version 1" 0 'old.h5: a tauflow state file, version 1$' "$program" info old.h5
says "a missing file" 2 '^tauflow: nowhere: .*No such file' "$program" info --diff on-1 nowhere

# --- folders ---
says "info of a run" 0 '^on-1: a run, done after 20 presentations$' "$program" info on-1
ok "its states" grep -q '^state files, newest first: state-20.h5 state-10.h5$' said.txt
ok "the newest" grep -q '^on-1/state-20.h5: a tauflow state file' said.txt
cp -a on-1 wounded
cp hurt.h5 wounded/state-20.h5
says "info of a run, the newest state damaged" 0 '^warning: wounded/state-20.h5: /layer02/V is damaged' "$program" info wounded
ok "the one before" grep -q '^wounded/state-10.h5: a tauflow state file' said.txt
ok "and nothing of the damaged" bash -c '! grep -q "^wounded/state-20.h5: a tauflow" said.txt'
truncate -s 1000 wounded/state-10.h5
says "no state is intact" 2 '^tauflow: wounded: no state file there is intact$' "${on[@]}" 2 "$program" info wounded
rm wounded/state-* wounded/summary.yml
says "no state yet" 0 '^wounded: a run, in progress or cut short$' "$program" info wounded
ok "that is said" grep -q '^state files: none$' said.txt
says "info of a sweep's folder" 0 '^swept/sweep.h5: a tauflow sweep file' "$program" info swept
says "--diff of a sweep's folder" 2 '^tauflow: swept: holds a sweep: compare folders of its members' "${on[@]}" 2 "$program" info --diff swept on-1
says "--diff of a sweep's file" 2 '^tauflow: swept/sweep.h5: holds a sweep: compare folders of its members' "$program" info --diff on-1 swept/sweep.h5
same "one message" "$(grep -c '^tauflow: ' said.txt)" 1
rm swept/sweep.h5
# shellcheck disable=SC2016 # the backticks are part of the message
says "info of a sweep that is not gathered" 2 '^tauflow: swept: holds a sweep, but no sweep.h5; `tauflow sweep --gather swept`' "$program" info swept
mkdir empty
says "info of an empty folder" 2 '^tauflow: empty: holds no run$' "$program" info empty

# --- what a continuation needs beside the arrays ---
/usr/bin/python3 - <<'END'
import h5py, shutil
shutil.copy("old.h5", "apart.h5")
with h5py.File("apart.h5", "r+") as file:
    file["solver"].attrs["train_loss"] = 7.5
    file["solver"].attrs["largest_start"] = file["solver"].attrs["largest_start"][...] * 2
    del file["solver"].attrs["rejected"]
END
says "attributes of /solver" 0 '^the arrays are equal, the attributes of /solver are not$' "$program" info --diff old.h5 apart.h5
same "which" "$(sed -n '/^attributes of .solver/,/^states/s/^  \([a-z_]*\)$/\1/p' said.txt | sort | xargs)" "largest_start rejected train_loss"
ok "their values" grep -q '^    B: 7.5$' said.txt
ok "that one has none" grep -q '^    B: -$' said.txt
says "the same attributes" 0 '^the states are equal$' "$program" info --diff old.h5 old.h5
says "an empty folder" 2 '^tauflow: empty: holds no state file$' "$program" info --diff empty on-1
says "a series" 2 'is a tauflow-series file, not a tauflow-state file' "$program" info --diff on-1/series.h5 on-1
says "one thing only" 2 'needs two' "$program" info --diff on-1
says "three things" 2 'one thing too many' "$program" info --diff on-1 on-2 other
says "two things without --diff" 2 'one thing too many' "$program" info on-1/series.h5 on-2/series.h5
finish
