#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# What an error in the weights costs: cascade, lockstep, cvode and erk on the MNIST network of
# document 000 (784-128-128-128-128-10), from the same state, 12 presentations each.
#
#   jobs/bench/cost.sh [FOLDER]        needs TAUFLOW_DATA; about three minutes
#
# Prints presentations per second and the error in W against a run at tolerance 1e-7, as the
# root-mean-square over all matrices' elements relative to that of what they have learned.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-output/bench-cost}
program=build/tauflow
job=jobs/check/mnist.yml
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

run() { # run NAME OPTIONS...
  local name=$1
  shift
  "$program" run "$job" --out "$out/$name" --overwrite --set evaluate.samples=10 \
    --set evaluate.every=0 --set record.every=0 "$@" >/dev/null
}

run start --set present.samples=100
from=(--start "$out/start/state-last.h5" --set present.samples=12)
run exact "${from[@]}" --set network.weights=double --set solver.relative=1e-7
for relative in 1e-2 3e-3 1e-3; do
  run "cascade-$relative" "${from[@]}" --set "solver.relative=$relative"
  run "lockstep-$relative" "${from[@]}" --set solver.name=lockstep --set "solver.relative=$relative"
done
for method in bdf adams; do
  run "cvode-$method" "${from[@]}" --set solver.name=cvode --set "solver.method=$method" \
    --set network.weights=double --set solver.relative=1e-2
done
run erk-2e-3 "${from[@]}" --set solver.name=erk --set network.weights=double
run erk-2e-4 "${from[@]}" --set solver.name=erk --set network.weights=double \
  --set solver.relative=2e-4 --set solver.absolute=1e-6

/usr/bin/python3 - "$out" <<'END'
import os
import sys

import h5py
import numpy as np

folder = sys.argv[1]


def weights(name):
    with h5py.File(f"{folder}/{name}/state-last.h5") as f:
        return np.concatenate([f[k][w][()].ravel().astype(float) for k in sorted(f) if k.startswith("layer")
                               for w in "WV" if w in f[k]])


start, exact = weights("start"), weights("exact")
print(f"{'run':16} {'presentations/s':>16} {'steps each':>11} {'error in W, V':>14}")
for name in sorted(os.listdir(folder)):
    if name in ("start", "exact"):
        continue
    summary = dict(line.rstrip().split(": ", 1) for line in open(f"{folder}/{name}/summary.yml"))
    error = np.linalg.norm(weights(name) - exact) / np.linalg.norm(exact - start)
    print(f"{name:16} {float(summary['samples_per_s']):16.3g} {float(summary['steps']) / 12:11.1f} {error:14.2e}")
END
