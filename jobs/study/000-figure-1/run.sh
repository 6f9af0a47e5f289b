#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 1: sweep depth with and without the clip, and draw. There is no larger form.
#
#   run.sh [RANKS]
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
for gain in 1.414 1; do
  sweep digits "gain-$gain" --set network.gain=$gain
  python "$study/plot.py" "$out/gain-$gain" "docs/figures/study-000-figure-1-gain-$gain.png"
done
