#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Run the study of depth and draw it: jobs/study/depth/run.sh [full]
# small: more than an hour on one core (never timed in one go). full: 10 to 100 seeds. A run that is there
# is not repeated, so on a cluster start `depth.py --full --part NAME` once a part:
#   sbatch --cpus-per-task=16 --wrap "jobs/study/depth/depth.py --full --part best --jobs 16"
set -e
cd "$(dirname "$0")"
./depth.py ${1:+--full}
./plot.py ${1:+--full}
