#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 002's alignments after one update: figures 2A-D, 3A, 4A, 5, 6, Theorem 2, the rate.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=1:00:00 --wrap "jobs/study/002-alignment/run.sh full"
#                           the document's grids and 10 seeds
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
seeds=() depths=() kappas=() batches=()
if [ -n "$full" ]; then
  out=$out-full
  list=
  chain="512, 512"
  for _ in 1 2 3 4 5 6 7 8; do
    chain="$chain, 512"
    list="$list${list:+, }[$chain]"
  done
  seeds=(--set sweep.seeds=0..9)
  depths=(--set "sweep.network.widths=[$list]")
  kappas=(--set "sweep.pc.condition=[1, 2, 10, 50, 1e3, 1e4, 1e5, 1e7, 1e9, 1e12]")
  batches=(--set "sweep.pc.batch=[1, 32, 64, 128, 256, 480, 550, 1000, 2048]")
fi
sweep width width "${seeds[@]}"
sweep depth depth "${seeds[@]}" "${depths[@]}"
sweep residual residual "${seeds[@]}" "${depths[@]}"
sweep condition condition "${seeds[@]}" "${kappas[@]}"
sweep batch batch "${seeds[@]}" "${batches[@]}"
sweep printed printed "${seeds[@]}"
sweep alpha alpha "${seeds[@]}"
sweep rate rate "${seeds[@]}"
python "$study/table.py" "$out"
python "$study/plot.py" "$out" docs/figures/study-002-alignment.png \
  docs/figures/study-002-alignment-more.png
