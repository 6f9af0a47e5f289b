#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Model pc as a whole: single updates against document 002's formulas (pc_truth.py, numpy alone) for
# every rule, scaling, linear way to the equilibrium and kind of network, on 1 to 4 ranks; runs that
# stop, go on, diverge, and start from another model's state; what a job may not say.
#
#   cli_pc.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
start_alone
unset TAUFLOW_DATA SLURM_JOB_END_TIME
truth=(/usr/bin/python3 "$source/tests/pc_truth.py")

# --- single updates ---
"${truth[@]}" make .

# updates NET WIDTHS RESIDUAL BATCHES: a sweep over all that decides an update of NET.
updates() {
  cat >"$1.yml" <<END_OF_JOB
network: {widths: $2}
model: pc
start: $1.h5
pc: {rate: 0.01, residual: $3}
data: {set: file, path: $1-data.h5, order: sequential}
sweep:
  pc.rule: [bp, pc]
  pc.scale: [none, sample, batch, decorrelate, regularize]
  pc.inference: [closed, blocks, cg]
  pc.batch: $4
END_OF_JOB
}

# agree NET RANKS OPTIONS...: each member is the update that the formulas give.
agree() {
  local net=$1 ranks=$2
  shift 2
  ok "$net on $ranks: runs" brief_on "$ranks" 60 "$program" sweep "$net.yml" --out "$net-$ranks" \
    --ranks-per-member "$ranks" "$@"
  says "$net on $ranks: formulas" 0 '^([1-9][0-9]*) of \1 runs agree$' \
    "${truth[@]}" check . "$net-$ranks"/member-*/
}

# Batches of fewer samples than units, of more than some layers have, and of more than there are.
updates rectangle '[6, 5, 3, 4]' false '[3, 12]'
updates square '[4, 4, 4, 4]' true '[9]'
updates line '[1, 1, 1]' false '[2]'
updates flat '[5, 3]' false '[13]'
agree rectangle 1
agree square 1
agree line 1
agree flat 1
agree rectangle 2 --set sweep.pc.batch=[3]
agree rectangle 3 --set sweep.pc.batch=[12] --set sweep.pc.inference=[closed] --set pc.trust=1e-3
agree square 2 --set sweep.pc.inference=[closed] --set pc.trust=1e-3
agree square 3 --set sweep.pc.batch=[4] --set sweep.pc.inference=[blocks]
agree rectangle 4 --set sweep.pc.batch=[3] --set sweep.pc.inference=[closed]

# --- a run ---
cat >small.yml <<'END_OF_JOB'
network: {widths: [64, 9, 7, 10]}
model: pc
pc: {rate: 0.01, batch: 5, updates: 12}
data: {set: glyphs, train: 20, test: 10}
record: {every: 3}
evaluate: {every: 4}
checkpoint: {every: 5, keep: 0}
END_OF_JOB
fingerprint() { value "$1" state_fingerprint; }

ok "in one go" "$program" run small.yml --out whole
if grep -qw avx2 /proc/cpuinfo; then
  says "OpenBLAS that knows no AVX" 0 "set OPENBLAS_CORETYPE=(Haswell|SkylakeX)$" \
    env OPENBLAS_CORETYPE=Prescott "$program" run small.yml --out slow
  OPENBLAS_CORETYPE=Haswell "$program" run small.yml --out fast >fast.txt 2>&1
  ok "and one that does" test -e fast/state-last.h5 -a -z "$(grep OPENBLAS fast.txt)"
fi
ok "the first part" "$program" run small.yml --out parts --set pc.updates=7
ok "the rest" "$program" resume parts --set pc.updates=12
same "a continued run" "$(fingerprint parts)" "$(fingerprint whole)"
ok "a state every 5 updates" test -e whole/state-5.h5 -a -e whole/state-10.h5
says "tested every 4" 0 '^8 presentations: test accuracy' cat whole/log.txt
ok "the first part again" "$program" run small.yml --out parts --set pc.updates=7 --overwrite
ok "the rest on three ranks" brief_on 3 60 "$program" resume parts --set pc.updates=12
says "equal but for rounding" 0 '^  W +3 layers .* ([0-9.]+e-1[5-9]|0)$' \
  "$program" info --diff whole parts
ok "more ranks than units of a layer or samples" \
  brief_on 5 60 "$program" run small.yml --out five --set network.widths='[64, 2, 10]'
"$program" run small.yml --out stopped --set pc.updates=100000000 --set checkpoint.every=0 \
  --set evaluate.every=0 --set record.every=1000000 >stopped.txt 2>&1 &
until_there stopped/series.h5 && touch stopped/stop
status=0
wait $! || status=$?
same "stopped by a file" "$status $(value stopped stopped_by)" "3 file"
reached=$(value stopped samples)
ok "stopped, and on" "$program" resume stopped --set pc.updates=$((reached + 3))
ok "the same at once" "$program" run small.yml --out straight --set pc.updates=$((reached + 3)) \
  --set checkpoint.every=0 --set evaluate.every=0 --set record.every=1000000
same "a stopped run" "$(fingerprint stopped)" "$(fingerprint straight)"

says "a rate beyond all bounds" 4 '^diverged after 1 presentations' \
  "$program" run small.yml --out diverged --set pc.rate=1e6
ok "the last finite state" test -e diverged/state-last.h5
says "it can be looked at" 0 'status diverged' "$program" info diverged/state-last.h5
says "evaluated from its state" 0 "^test_accuracy: $(value whole test_accuracy)$" \
  "$program" evaluate whole/state-last.h5
says "a warning, once" 0 '^tauflow: warning: pc.batch = 9 samples for layers as narrow as 7 units' \
  "$program" run small.yml --out warned --set pc.scale=decorrelate --set pc.batch=9 --set pc.rate=1e-6
same "no second one" "$(grep -c "samples for layers" said.txt)" 1
says "bp promises no alignment" 0 'scale decorrelate cannot tell them apart$' "$program" run small.yml \
  --out warned --overwrite --set pc.scale=decorrelate --set pc.batch=9 --set pc.rate=1e-6 \
  --set pc.rule=bp
says "a sample twice" 0 "^tauflow: warning: update 0: the samples' activities in layer 0 are not indep" \
  "$program" run small.yml --out warned --overwrite --set pc.scale=decorrelate --set data.train=3 \
  --set pc.rate=1e-6
same "said once" "$(grep -c "samples' activities" said.txt)" 1
ok "weights of rank 1" /usr/bin/python3 - <<'END_OF_PYTHON'
import h5py
import numpy as np

with h5py.File("rank.h5", "w") as file:
    file["network/widths"] = [64, 9, 7, 10]
    for l, n_in, n_out in (1, 64, 9), (2, 9, 7), (3, 7, 10):
        W = np.random.default_rng(l).normal(0, n_in**-0.5, (n_out, n_in))
        file[f"layer{l:02d}/W"] = np.outer(W[:, 0], W[0]) if l == 2 else W
END_OF_PYTHON
says "told so" 0 "^tauflow: warning: update 0: the samples' activities in layer 2 are not independent" \
  "$program" run small.yml --out warned --overwrite --set pc.scale=decorrelate \
  --start rank.h5 --set pc.rate=1e-6
says "and they have no condition" 2 '^tauflow: pc.condition = 10: the weights of layer 2 must have full rank' \
  "$program" run small.yml --out never --start rank.h5 --set pc.condition=10
ok "nothing is written" test ! -e never
says "a figure of its series" 0 '^figure: ' /usr/bin/python3 "$source/jobs/plot.py" whole

# --- orthogonal weights: of blocks, and of rows as in kp ---
orthogonal=(--set network.init=orthogonal --set network.gain=2 --set pc.rate=1e-100)
ok "orthogonal weights" "$program" run small.yml --out square "${orthogonal[@]}"
ok "on three ranks" brief_on 3 60 "$program" run small.yml --out square-three "${orthogonal[@]}"
says "equal but for rounding" 0 '^  W +3 layers .* ([0-9.]+e-1[5-9]|0)$' \
  "$program" info --diff square square-three
ok "orthogonal, times the gain" /usr/bin/python3 - square square-three <<'END_OF_PYTHON'
import sys
import h5py
import numpy as np

for folder in sys.argv[1:]:
    with h5py.File(folder + "/state-last.h5") as file:
        for l in range(1, 4):
            W = file[f"layer{l:02d}/W"][()]
            W = W if W.shape[0] <= W.shape[1] else W.T
            assert np.allclose(W @ W.T, 4 * np.eye(len(W)), rtol=0, atol=1e-13), (folder, l)
END_OF_PYTHON
ok "a start file's weights stay" "$program" run small.yml --out kept --start whole/state-last.h5 \
  "${orthogonal[@]}"
says "bit for bit" 0 '^  W +3 layers .* 0 +0$' "$program" info --diff whole kept

says "equal singular values stretched" 0 '^tauflow: warning: pc.condition = 10: .* equal singular values' \
  "$program" run small.yml --out stretched "${orthogonal[@]}" --set pc.condition=10
says "those of a condition of 1 stay" 0 '^  W +3 layers .* ([0-9.]+e-1[5-9]|0)$' bash -c \
  "'$program' run small.yml --out round ${orthogonal[*]} --set pc.condition=1 && '$program' info --diff square round"

cat >kp.yml <<'END_OF_JOB'
network: {widths: [64, 9, 7, 10]}
data: {set: glyphs, train: 20, test: 10}
present: {samples: 1}
END_OF_JOB
ok "kp from pc" "$program" run kp.yml --out kp --start whole/state-last.h5
ok "pc from kp" "$program" run small.yml --out back --start kp/state-last.h5

# --- what a job may not say: all of it at once ---
# refused PATTERN... -- KEY=VALUE...: exit status 2, a message for each pattern and no other.
refused() {
  local pattern patterns=() options=()
  while [ "$1" != -- ]; do
    patterns+=("$1")
    shift
  done
  shift
  for pattern; do options+=(--set "$pattern"); done
  says "refused: $*" 2 "^tauflow: ${patterns[0]}" "$program" run small.yml --out never "${options[@]}"
  for pattern in "${patterns[@]}"; do
    ok "refused: $pattern" grep -Eq "^tauflow: $pattern" said.txt
  done
  same "messages about $*" "$(grep -c '^tauflow: ' said.txt)" "${#patterns[@]}"
  ok "nothing is written" test ! -e never
}
refused 'pc.rule = hebb: must be one of bp, pc' 'pc.scale = all: must be one of' \
  'pc.inference = exact: must be one of' 'pc.minimizer = sgd: must be one of' \
  'pc.batch = 0: must be >= 1' 'pc.rate = 0: must be > 0' 'pc.trust = -1: must be >= 0' 'pc.updates = 0: must be >= 1' \
  'pc.regularize_alpha = 2: must be >= 0 and <= 1' 'pc.inference_tolerance = 0: must be > 0' \
  'pc.max_iterations = -1: must be >= 0' 'pc.output = relu: must be one of linear, sigmoid' \
  'pc.residual = maybe: must be true or false' 'pc.rates: unknown key' -- \
  pc.rule=hebb pc.scale=all pc.inference=exact pc.minimizer=sgd pc.batch=0 pc.rate=0 pc.trust=-1 pc.updates=0 \
  pc.regularize_alpha=2 pc.inference_tolerance=0 pc.max_iterations=-1 pc.output=relu \
  pc.residual=maybe pc.rates=1
refused 'pc.hidden = clipped_relu: must be linear, relu or tanh' \
  'network.weights = single: model pc computes in double' \
  'pc.residual = true: all widths must be equal, and layer 1 has 9 units where its input has 64' \
  'pc.inference = cg: needs a linear network' 'pc.condition = 0.5: must be >= 1' \
  'present.samples: model pc has no use for it' 'solver.name: model pc has no use for it' \
  'kp.rule: model pc has no use for it' 'discrete.rate: model pc has no use for it' -- \
  network.hidden=clipped_relu network.weights=single pc.residual=true pc.inference=cg \
  pc.condition=0.5 present.samples=3 solver.name=cvode kp.rule=fa discrete.rate=1
says "keys of pc for kp" 2 '^tauflow: pc.batch: model kp has no use for it' \
  "$program" run kp.yml --out never --set pc.batch=3
refused 'evaluate.readout: model pc has no use for it' \
  'record.trace: solver equilibrium has no signals' -- evaluate.readout=dynamic record.trace=[0]
refused 'present.duration: model pc has no use for it' -- present.duration=1ms
refused 'network.widths: layer 2 has 2000000 x 2000 weights, and inference by errors takes' -- \
  pc.hidden=tanh network.widths='[64, 2000, 2000000, 10]'
says "the cost of a batch" 0 '^  equilibrium .* times its operations at that rate' \
  "$program" bench --quick small.yml
says "a batch of another size" 2 'keeps its pc.batch' "$program" resume whole --set pc.batch=3

finish
