#!/bin/sh
# The study of one command: run, then draw. `full` is the same: the small form is the whole of it.
set -e
cd "$(dirname "$0")/../../.."
out=output/study/001-figure-2
mkdir -p $out docs/figures
build/tauflow run jobs/study/001-figure-2/001-figure-2.yml --overwrite --out $out/run
/usr/bin/python3 jobs/study/001-figure-2/plot.py $out/run docs/figures/study-001-figure-2.png
