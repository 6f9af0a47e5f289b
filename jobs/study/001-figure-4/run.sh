#!/bin/sh
# The study of one command: sweep, then draw. `full` is the same: the small form is the whole of it.
set -e
cd "$(dirname "$0")/../../.."
out=output/study/001-figure-4
mkdir -p $out docs/figures
/usr/bin/python3 jobs/study/001-figure-4/start.py $out/start.h5
build/tauflow sweep jobs/study/001-figure-4/001-figure-4.yml --out $out/sweep
/usr/bin/python3 jobs/study/001-figure-4/plot.py $out/sweep docs/figures/study-001-figure-4.png
