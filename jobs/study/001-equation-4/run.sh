#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's equation 4: sweep, then draw. The small form is the whole of it.
#
#   run.sh [RANKS]
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
mkdir -p "$out"
python "$study/units.py" "$out/units.h5"
sweep 001-equation-4 sweep
python "$study/plot.py" "$out/sweep" docs/figures/study-001-equation-4.png
