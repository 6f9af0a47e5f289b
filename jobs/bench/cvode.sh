#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# How hard CVODE works: Newton and GMRES iterations a step with each preconditioner, what the
# highest order changes, and what it costs in memory. Relative tolerance 1e-3, BDF unless named.
#
#   jobs/bench/cvode.sh [FOLDER]       needs TAUFLOW_DATA; about five minutes
#
# Prints the tables of docs/performance.md, "CVODE".
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-output/bench-cvode}
program=build/tauflow
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
mkdir -p "$out"

# run NAME JOB OPTIONS...
run() {
  local name=$1 job=$2
  shift 2
  /usr/bin/time -f %M -o "$out/$name.kilobytes" "$program" run "$job" --out "$out/$name" \
    --overwrite --set evaluate.samples=10 --set evaluate.every=0 --set record.every=0 \
    --set solver.name=cvode "$@" >/dev/null
}

cat >"$out/wide.yml" <<'JOB'
# Long enough for CVODE to touch all it keeps, and no longer.
network:
  widths: [1024, 1024, 10]
data:
  set: glyphs
  side: 32
  train: 20
  test: 10
present:
  duration: 3 ms
  samples: 1
JOB

digits=(jobs/check/digits.yml --set present.samples=40)
long=(jobs/check/digits.yml --set present.samples=20 --set present.duration=1s
  --set network.hidden=tanh --set kp.tau_pot=60s)
mnist=(jobs/check/mnist.yml --set present.samples=2)
for kind in sweep layer none; do
  run "digits-$kind" "${digits[@]}" --set "solver.preconditioner=$kind"
  run "long-$kind" "${long[@]}" --set "solver.preconditioner=$kind"
  run "mnist-$kind" "${mnist[@]}" --set "solver.preconditioner=$kind"
done
for order in 1 2 3 4 5; do
  run "digits-order-$order" "${digits[@]}" --set "solver.max_order=$order"
  run "long-order-$order" "${long[@]}" --set "solver.max_order=$order"
done
for order in 2 3 5; do
  run "mnist-order-$order" "${mnist[@]}" --set "solver.max_order=$order"
  run "wide-order-$order" "$out/wide.yml" --set "solver.max_order=$order"
done
for order in 2 3 5 12; do
  run "digits-adams-$order" "${digits[@]}" --set solver.method=adams --set "solver.max_order=$order"
done

/usr/bin/python3 - "$out" <<'END_OF_PYTHON'
import sys

folder = sys.argv[1]


def summary(name):
    with open(f"{folder}/{name}/summary.yml", encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split(": ", 1) for line in lines)


def each(found, key, unit="steps"):
    return float(found[key]) / float(found[unit])


print("| network | preconditioner | steps | Newton its/step | GMRES its/step | setups/step "
      "| solves/step | evaluations/step |")
print("| - | - | - | - | - | - | - | - |")
for network in ("digits", "mnist", "long"):
    for kind in ("sweep", "layer", "none"):
        s = summary(f"{network}-{kind}")
        print(f"| {network} | {kind} | {each(s, 'steps', 'samples'):.1f} | "
              + " | ".join(f"{each(s, key):.2f}" for key in (
                  "newton_iterations", "krylov_iterations", "preconditioner_setups",
                  "preconditioner_solves", "evaluations")) + " |")
print("\n| order at most | " + " | ".join(str(k) for k in range(1, 6)) + " | 12 |")
print("| - | - | - | - | - | - | - |")
for name, row in (("digits", "digits-order"), ("mnist", "mnist-order"), ("long", "long-order"),
                  ("digits, adams", "digits-adams")):
    cells = []
    for order in (1, 2, 3, 4, 5, 12):
        try:
            cells.append(f"{each(summary(f'{row}-{order}'), 'steps', 'samples'):.0f}")
        except FileNotFoundError:
            cells.append("")
    print(f"| {name}: steps | " + " | ".join(cells) + " |")
for order in (2, 3, 5):
    with open(f"{folder}/wide-order-{order}.kilobytes", encoding="utf-8") as f:
        print(f"wide, order {order}: largest resident set {int(f.read()) / 1024:.1f} MiB")
END_OF_PYTHON
