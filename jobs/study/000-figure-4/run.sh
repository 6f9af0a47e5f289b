#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 4: run both chains and draw. There is no larger form.
set -euo pipefail
cd "$(dirname "$0")/../../.."
out=output/study/000-figure-4
/usr/bin/python3 jobs/study/000-figure-4/prepare.py "$out"
for depth in 5 10; do
  build/tauflow run "jobs/study/000-figure-4/chain-$depth.yml" --out "$out/$depth" --overwrite
done
/usr/bin/python3 jobs/study/000-figure-4/plot.py "$out"
