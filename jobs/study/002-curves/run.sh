#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 002's learning curves and sweeps of the rate: figures 2E-H, 3B, 3C, 4B, 4C, 7, 8, 10.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=1:00:00 --wrap "jobs/study/002-curves/run.sh full"
#                           10 seeds; 100 rates with one hidden layer, 30 with eight
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
seeds=()
if [ -n "$full" ]; then
  out=$out-full
  seeds=(--set sweep.seeds=0..9)
fi

# rates LOWEST HIGHEST COUNT: powers of ten to set in the full form, evenly spaced in the exponent.
rates() {
  [ -z "$full" ] || python -c "print('--set=sweep.pc.rate=[' + ', '.join(
    '%.4g' % 10 ** ($1 + k * ($2 - $1) / ($3 - 1)) for k in range($3)) + ']')"
}
mapfile -t shallow < <(rates -3.5 0.8 100)
mapfile -t deep < <(rates -4.5 1.25 30)
square=(--set "sweep.network.widths=[[20, 20, 20]]")
kaiming=(--set network.init=kaiming_uniform)
for of in batch online; do
  sweep "$of-1" "$of-1" "${seeds[@]}" "${shallow[@]}"
  sweep "$of-1" "$of-1-kaiming" "${seeds[@]}" "${shallow[@]}" "${kaiming[@]}" "${square[@]}"
  sweep "$of-8" "$of-8" "${seeds[@]}" "${deep[@]}"
  sweep "$of-8" "$of-8-kaiming" "${seeds[@]}" "${deep[@]}" "${kaiming[@]}"
done
sweep safeguard safeguard "${seeds[@]}" "${deep[@]}"
sweep safeguard safeguard-kaiming "${seeds[@]}" "${deep[@]}" "${kaiming[@]}"
sweep factors factors
python "$study/factors.py" "$out/factors"
python "$study/plot.py" "$out" docs/figures/study-002
