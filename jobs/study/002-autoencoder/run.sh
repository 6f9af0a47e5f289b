#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 002's nonlinear autoencoder of MNIST: figures 3D, 4D and 9. Needs the MNIST files.
#
#   run.sh [RANKS]          the small form
#   sbatch --ntasks=64 --time=4:00:00 --wrap "jobs/study/002-autoencoder/run.sh full"
#                           200 updates, 3 seeds, 13 rates from 1e-4 to 100, Newton's method
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
scaled=(--set pc.scale=regularize)
more=()
if [ -n "$full" ]; then
  out=$out-full
  more=(--set sweep.seeds=0..2 --set pc.updates=200 --set pc.minimizer=newton
    --set "sweep.pc.rate=[1e-4, 3.2e-4, 1e-3, 3.2e-3, 0.01, 0.032, 0.1, 0.32, 1, 3.2, 10, 32, 100]")
else
  scaled+=(--set "sweep.pc.rate=[0.056, 0.1, 0.18, 0.56, 1, 1.8]")
fi
sweep online online "${more[@]}"
sweep batch batch "${more[@]}"
sweep batch batch-scaled "${scaled[@]}" "${more[@]}"
python "$study/plot.py" "$out" docs/figures/study-002-autoencoder.png
