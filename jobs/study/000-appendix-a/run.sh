#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's appendix A: sweep T, tau_pot and alignment, and draw. There is no larger form.
#
#   run.sh [RANKS]
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
python "$study/prepare.py" "$out"
sweep limit sweep
python "$study/plot.py" "$out"
