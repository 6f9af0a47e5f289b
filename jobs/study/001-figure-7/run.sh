#!/bin/sh
# run.sh: the small form and its figure. run.sh full: a finer grid, five seeds, longer runs; on a cluster
# sbatch --ntasks=64 --time=4:00:00 --wrap "RUN='srun --mpi=pmix' sh jobs/study/001-figure-7/run.sh full"
set -e
cd "${SLURM_SUBMIT_DIR:-$(dirname "$0")/../../..}"
job=jobs/study/001-figure-7/001-figure-7.yml
out=output/study/001-figure-7
taus="1 5 10 20"
if [ "$1" = full ]; then
  out=$out-full
  taus="1 2 5 10 15 20 30"
fi
mkdir -p $out docs/figures
for tau in $taus; do
  set -- "$1" --set kp.tau_inf=${tau}ms --set kp.tau_err=${tau}ms --out $out/tau-$tau
  if [ "$1" = full ]; then
    set -- "$@" --set present.samples=40000 --set evaluate.samples=0 --set sweep.seeds=0..4 \
      --set 'sweep.kp.tau_pot=[50 ms, 100 ms, 200 ms, 500 ms, 1 s, 1.5 s, 2 s, 3 s, 5 s, 10 s, 20 s]'
  fi
  form=$1
  shift
  $RUN build/tauflow sweep $job "$@"
  set -- "$form"
done
/usr/bin/python3 jobs/study/001-figure-7/plot.py $out docs/figures/study-001-figure-7.png
