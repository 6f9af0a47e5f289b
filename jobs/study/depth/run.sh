#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The study of depth: what makes ten weight layers learn, and which seeds do.
#
#   run.sh [RANKS]          the small form: fewer presentations, seeds and settings
#   sbatch --ntasks=64 --time=2:00:00 --wrap "jobs/study/depth/run.sh full"
#                           20,000 presentations, as docs/studies/depth.md shows
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
less=(--set present.samples=3000)
coarse=("${less[@]}" --set "sweep.network.gain=[1, 1.41, 2.4]" --set "sweep.kp.tau_dec=[1000 s, 10000 s]")
few=("${less[@]}" --set sweep.seeds=0..1)
fast=("${less[@]}" --set "sweep.kp.tau_dec=[1000 s]")
if [ -n "$full" ]; then
  out=$out-full
  less=() coarse=() few=() fast=()
fi

# Without lag: gain and decay, and the weights of some of these runs as they go.
sweep grid grid "${coarse[@]}"
sweep grid grid-direct "${coarse[@]}" --set kp.routing=direct
sweep grid grid-sgd "${coarse[@]}" --set kp.rule=sgd
sweep grid traces "${less[@]}" --set "sweep.network.gain=[1, 1.41, 2.4]" --set "sweep.kp.tau_dec=[1000 s, 10000 s]" \
  --set checkpoint.every=1000 --set checkpoint.keep=0

# In continuous time: from document 000's setting to that of best.yml.
sweep steps steps "${less[@]}" ${less:+--set "sweep.seeds=[0]"}
sweep best best "${few[@]}"
python "$study/plot.py" "$out"

# Which seeds learn; the beginnings of the same runs.
tell_seeds() {
  sweep which "$1" "${fast[@]}" "${@:2}"
  for samples in 1 1000; do
    sweep which "$1-$samples" "${fast[@]}" "${@:2}" --set present.samples=$samples --set evaluate.every=0
  done
  python "$study/which.py" "$out" "$1"
}
tell_seeds which
[ -n "$full" ] || exit 0

# Only in the full form: the same where seeds differ most, on fresh seeds; there, the initial weights
# of some seeds with the order of samples of others, and V = W' at the start.
most=(--set "sweep.kp.tau_dec=[1000 s]" --set "sweep.network.gain=[1.1]")
tell_seeds fresh "${most[@]}" --set sweep.seeds=10..29
states=
for member in 11 13 16 17; do states+=${states:+, }$PWD/$out/which-1/member-000$member/state-last.h5; done
sweep which order "${most[@]}" --set sweep.seeds=20..23 --set "sweep.start=[$states]"
sweep which transposed "${most[@]}" --set kp.feedback_init=transpose

# More layers, a smaller share of lag, and the lesser suspects.
sweep best-20 best-20
sweep layerwise layerwise
sweep steps lag --set present.duration=200ms --set kp.tau_pot=40s --set "sweep.kp.tau_dec=[4000 s, 8000 s]" \
  --set "sweep.kp.routing=[layerwise]" --set sweep.seeds=0..2
suspect() {
  sweep grid "suspects/$1" --set "sweep.network.gain=[1.41]" --set "sweep.kp.tau_dec=[2000 s]" \
    --set sweep.seeds=0..9 "${@:2}"
}
suspect as-it-is
suspect V-0 --set kp.feedback_init=constant --set kp.feedback_value=0
suspect V-0.01 --set kp.feedback_init=constant --set kp.feedback_value=0.01
suspect V-learns-twice-as-fast --set kp.tau_pot_feedback=5
suspect V-forgets-twice-as-fast --set kp.tau_dec_feedback=1000
suspect orthogonal --set network.init=orthogonal
suspect width-64 --set "network.widths=[784, 64, 64, 64, 64, 64, 64, 64, 64, 64, 10]"
suspect width-256 --set "network.widths=[784, 256, 256, 256, 256, 256, 256, 256, 256, 256, 10]"
suspect tanh --set network.hidden=tanh --set "sweep.network.gain=[1]"
suspect cap-2 --set network.cap=2
python "$study/plot.py" "$out"
