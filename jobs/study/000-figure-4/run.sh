#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 000's figure 4: run both chains and draw. There is no larger form.
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
python "$study/prepare.py" "$out"
for depth in 5 10; do
  build/tauflow run "$study/chain-$depth.yml" --out "$out/$depth" --overwrite
done
python "$study/plot.py" "$out"
