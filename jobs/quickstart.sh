#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# From a fresh Debian 12 or Ubuntu 24.04 to a trained network and a figure of it, in one command.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# shellcheck source=jobs/setup.sh disable=SC1091
. jobs/setup.sh

mkdir -p build
cmake -S . -B build >build/cmake.log 2>&1 || { cat build/cmake.log >&2; exit 1; }
cmake --build build --parallel 2 --target tauflow

out=output/quickstart
build/tauflow run jobs/quickstart.yml --out "$out" --overwrite
echo
build/tauflow evaluate "$out/state-last.h5" --confusion
echo
/usr/bin/python3 jobs/plot.py "$out" --out "$out/quickstart.png"
