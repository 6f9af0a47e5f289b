#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 002's figure 1B: run the toy and draw. There is no larger form.
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
python "$study/prepare.py" "$out"
sweep toy toy
python "$study/plot.py" "$out/toy" docs/figures/study-002-figure-1.png
