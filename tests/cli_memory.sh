#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The peak of memory comes within 10 % of what check foretells: weights once, a few vectors, and no
# second copy of the weights while state files are written.
#
#   cli_memory.sh PROGRAM SCRATCH
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME

cat >small.yml <<'END'
network:
  widths: [256, 512, 512, 512, 10]
data:
  set: glyphs
  train: 20
  test: 2
present:
  samples: 2
checkpoint:
  every: 1
END

job=small.yml

# foretold WHAT RANKS OPTIONS...: the peak of the rank that takes most, within 10 %.
foretold() {
  local what=$1 ranks=$2 plan peak
  shift 2
  checks=$((checks + 1))
  "$program" check "$job" --ranks "$ranks" "$@" >plan.txt 2>&1 || fail "$what: check failed"
  timeout 120 mpiexec -n "$ranks" --oversubscribe --bind-to none "$program" run "$job" \
    --out run --overwrite "$@" >run.txt 2>&1 || fail "$what: run failed"$'\n'"$(<run.txt)"
  plan=$(number plan.txt peak_memory_MiB)
  peak=$(number run/summary.yml peak_memory_MiB)
  echo "$what: foretold $plan MiB, came to $peak MiB"
  awk -v plan="$plan" -v peak="$peak" \
    'BEGIN { exit !(peak > 0 && plan > 0.9 * peak && plan < 1.1 * peak) }' ||
    fail "$what: foretold $plan MiB, came to $peak MiB"
}

wide=(--set "network.widths=[256, 1024, 1024, 1024, 1024, 10]")
foretold "512" 1
foretold "512 on 3" 3
foretold "1024" 1 "${wide[@]}"
foretold "1024, single" 1 "${wide[@]}" --set network.weights=single
foretold "1024, lockstep on 2" 2 "${wide[@]}" --set solver.name=lockstep
foretold "1024, lockstep on 3" 3 "${wide[@]}" --set solver.name=lockstep
foretold "2048, single, on 2" 2 --set "network.widths=[256, 2048, 2048, 2048, 10]" \
  --set network.weights=single
foretold "orthogonal" 1 --set "network.widths=[256, 2048, 512, 512, 10]" --set network.init=orthogonal
foretold "direct, with noise, read by integration" 1 "${wide[@]}" --set kp.routing=direct \
  --set kp.noise=0.01 --set evaluate.readout=dynamic
brief=(--set "present.duration=0.2 ms" --set present.ramp=0 --set network.hidden=tanh)
foretold "cvode" 1 --set solver.name=cvode "${brief[@]}"
foretold "erk" 1 --set solver.name=erk "${brief[@]}"
foretold "cvode, Adams, on 2" 2 --set solver.name=cvode --set solver.method=adams "${brief[@]}"
foretold "discrete" 1 "${wide[@]}" --set solver.name=discrete
foretold "Adam" 1 "${wide[@]}" --set solver.name=discrete --set discrete.optimizer=adam
foretold "Adam, single, fixed V, on 2" 2 --set "network.widths=[256, 2048, 2048, 2048, 10]" \
  --set solver.name=discrete --set discrete.optimizer=adam --set network.weights=single --set kp.rule=fa

job=pc.yml
cat >"$job" <<'END'
network: {widths: [700, 700, 700], init: norm_preserving}
model: pc
pc: {batch: 1, rule: bp}
data: {set: gaussian, test: 1, target: independent}
END
foretold "pc" 1
foretold "pc, singular values set" 1 --set pc.condition=10
foretold "pc, a pseudoinverse" 1 --set pc.scale=decorrelate --set pc.batch=800

finish
