#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The same bits on any number of ranks, and when a run is stopped and resumed on other ranks.
#
#   cli_ranks.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME

cat >small.yml <<'END'
network:
  widths: [64, 24, 24, 16, 10]
data:
  set: glyphs
  side: 8
  train: 100
  test: 20
present:
  samples: 24
record:
  every: 3
evaluate:
  every: 8
END

# on RANKS FOLDER COMMAND...: exit 0 is a must.
on() {
  local ranks=$1 folder=$2
  shift 2
  checks=$((checks + 1))
  timeout 120 mpiexec -n "$ranks" --oversubscribe --bind-to none "$program" "$@" \
    >"$folder.txt" 2>&1 || fail "$folder: exit $?"$'\n'"$(<"$folder.txt")"
}

# Everything but what names the machine and the day.
cat >compare.py <<'END'
import sys
import h5py
import numpy as np

def contents(path):
    found = {}
    def visit(name, item):
        # The job in a series is that of the run's beginning.
        if name.split("/")[0] == "code" or path.endswith("series.h5") and name == "job/yaml":
            return
        for key, value in item.attrs.items():
            found[name + "@" + key] = np.asarray(value).tobytes()
        if isinstance(item, h5py.Dataset):
            found[name] = (str(item.dtype), item.shape, np.asarray(item[()]).tobytes())
    with h5py.File(path) as file:
        visit("", file)
        file.visititems(visit)
    return found

names = sys.argv[1].split(",")
bad = []
for file in ("state-last.h5", "series.h5"):
    first = contents(f"{names[0]}/{file}")
    for name in names[1:]:
        other = contents(f"{name}/{file}")
        bad += [f"{name}/{file}: {key}" for key in sorted(first.keys() ^ other.keys())]
        bad += [f"{name}/{file}: {key}" for key in sorted(first.keys() & other.keys())
                if first[key] != other[key]]
print("\n".join(bad))
sys.exit(bool(bad))
END

# alike WHAT FOLDER...: fingerprints, states and series.
alike() {
  local what=$1 prints differ folders
  shift
  checks=$((checks + 1))
  prints=$(sed -n 's/^state_fingerprint: //p' "${@/%//summary.yml}" | sort -u)
  [[ "$prints" =~ ^0x[0-9a-f]{16}$ ]] || fail "$what: fingerprints"$'\n'"$prints"
  folders=$(printf ',%s' "$@")
  differ=$(/usr/bin/python3 compare.py "${folders:1}") || fail "$what: these differ:"$'\n'"$differ"
}

# everywhere WHAT "RANKS" OPTIONS...: one job on each number of ranks.
everywhere() {
  local what=$1 counts=$2 folders=() ranks
  shift 2
  for ranks in $counts; do
    on "$ranks" "$what-$ranks" run small.yml --out "$what-$ranks" "$@"
    folders+=("$what-$ranks")
  done
  alike "$what" "${folders[@]}"
}

# halves WHAT OPTIONS...: half on 2 ranks and the rest on 3 is the whole on 1.
halves() {
  local what=$1
  shift
  on 1 "$what-whole" run small.yml --out "$what-whole" "$@"
  on 2 "$what-halves" run small.yml --out "$what-halves" "$@" \
    --set present.samples=12
  on 3 "$what-resumed" resume "$what-halves" --set present.samples=24
  # The first half ends with a record of its own, which the whole run has too, and with a test,
  # which it has not: evaluate.every is 12.
  alike "$what in halves" "$what-whole" "$what-halves"
}

all="1 2 3 5 8"
rms=(--set kp.rms_norm=1)
odd=(--set kp.noise=0.05 --set "present.label_delay=7 ms")
single=(--set network.weights=single)
direct=(--set kp.routing=direct)

everywhere cascade "$all"
everywhere cascade-all "2 1 3 8" --set solver.name=cascade "${single[@]}" "${direct[@]}" "${rms[@]}" \
  "${odd[@]}"
everywhere lockstep "$all" --set solver.name=lockstep
everywhere lockstep-single "1 3 8" --set solver.name=lockstep "${single[@]}" "${odd[@]}"
everywhere lockstep-direct "1 2 5" --set solver.name=lockstep "${direct[@]}" "${rms[@]}" "${odd[@]}"
everywhere early "1 5" --set "present.label_delay=-7 ms" --set kp.rule=sgd \
  --set network.hidden=clipped_relu
everywhere cvode "1 2 3" --set solver.name=cvode --set present.samples=6 --set network.hidden=tanh
everywhere erk "1 2 3" --set solver.name=erk --set present.samples=6 "${single[@]}"
everywhere wide "1 2 3" --set "network.widths=[64, 300, 300, 10]" --set present.samples=4 \
  --set solver.name=lockstep
gated=(--set "network.widths=[64, 70, 90, 10]" --set network.hidden=clipped_relu)
everywhere gated "1 2 5" "${gated[@]}" "${odd[@]}"
everywhere gated-lockstep "1 3 5" "${gated[@]}" "${single[@]}" --set solver.name=lockstep
for what in gated gated-lockstep; do
  checks=$((checks + 1))
  shares=$(sed -n 's/^weights_multiplied: //p' "$what"-[0-9]/summary.yml | sort -u)
  awk -v s="$shares" 'BEGIN { exit !(s + 0 == s && s > 0.5 && s < 0.95) }' ||
    fail "$what: shares of the weights that were multiplied"$'\n'"$shares"
done
everywhere tiny "1 9" --set "network.widths=[64, 1, 10]" --set solver.name=lockstep
everywhere discrete "1 3" --set solver.name=discrete --set present.label_dither=0.3
everywhere adam "1 2 5" --set solver.name=discrete --set discrete.optimizer=adam
everywhere adam-single "1 3" --set solver.name=discrete --set discrete.optimizer=adam "${single[@]}" \
  "${direct[@]}" "${rms[@]}"

halves half-cascade --set evaluate.every=12
halves half-noise --set evaluate.every=12 --set solver.name=lockstep "${single[@]}" "${odd[@]}"
halves half-drive --set evaluate.every=12 --set kp.feedback_drive=s
halves half-drive-lockstep --set evaluate.every=12 --set kp.feedback_drive=s --set kp.gate=false \
  --set solver.name=lockstep "${direct[@]}"
halves half-direct --set evaluate.every=12 "${direct[@]}" "${rms[@]}" --set kp.noise=0.1
halves half-adam --set evaluate.every=12 --set solver.name=discrete --set discrete.optimizer=adam \
  --set present.label_dither=0.3
halves half-adam-single --set evaluate.every=12 --set solver.name=discrete \
  --set discrete.optimizer=adam --set kp.rule=sgd "${single[@]}"
halves half-dither --set evaluate.every=12 --set present.label_dither=0.4
# erk alone remembers its steps; a dynamic test must not disturb what it remembers.
halves half-erk --set evaluate.every=12 --set solver.name=erk --set solver.pcoeff=0.3 \
  --set solver.icoeff=0.4 --set evaluate.readout=dynamic "${single[@]}"

finish
