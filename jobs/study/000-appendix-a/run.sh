#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's appendix A: sweep T, tau_pot and alignment, and draw. There is no larger form.
#
#   run.sh [RANKS]
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/000-appendix-a study=jobs/study/000-appendix-a
/usr/bin/python3 "$study/prepare.py" "$out"
mpirun -n "${1:-1}" build/tauflow sweep "$study/limit.yml" --out "$out/sweep"
/usr/bin/python3 "$study/plot.py" "$out"
