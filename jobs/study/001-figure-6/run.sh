#!/bin/sh
# run.sh: the small form and its figure. run.sh full: a finer grid, five seeds, longer runs; on a cluster
# sbatch --ntasks=64 --time=4:00:00 --wrap "RUN='srun --mpi=pmix' sh jobs/study/001-figure-6/run.sh full"
set -e
cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/../../..}"
job=jobs/study/001-figure-6/001-figure-6.yml
out=output/study/001-figure-6
mkdir -p output/study docs/figures
if [ "$1" = full ]; then
  out=$out-full
  $RUN build/tauflow sweep $job --out $out --set present.samples=20000 --set evaluate.samples=0 \
    --set sweep.seeds=0..4 --set 'sweep.present.duration=[10 ms, 20 ms, 30 ms, 50 ms, 75 ms, 100 ms, 150 ms, 200 ms, 250 ms]' \
    --set 'sweep.present.label_delay=[-250 ms, -200 ms, -150 ms, -100 ms, -75 ms, -50 ms, -25 ms, -10 ms, 0 ms, 10 ms, 25 ms, 50 ms, 75 ms, 100 ms, 150 ms, 200 ms, 250 ms]'
else
  build/tauflow sweep $job --out $out
fi
/usr/bin/python3 jobs/study/001-figure-5/plot.py $out docs/figures/study-001-figure-6.png 0.75
