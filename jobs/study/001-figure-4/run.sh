#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 4: sweep, then draw. The small form is the whole of it.
#
#   run.sh [RANKS]
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
mkdir -p "$out"
python "$study/start.py" "$out/start.h5"
sweep 001-figure-4 sweep
python "$study/plot.py" "$out/sweep" docs/figures/study-001-figure-4.png
