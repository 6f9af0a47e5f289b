#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Document 001's figure 2: run, then draw. The small form is the whole of it.
# shellcheck source=jobs/study/study.sh
source "$(dirname "${BASH_SOURCE[0]}")/../study.sh" "$@"
build/tauflow run "$study/001-figure-2.yml" --overwrite --out "$out/run"
python "$study/plot.py" "$out/run" docs/figures/study-001-figure-2.png
