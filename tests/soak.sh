#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# A run of half an hour that writes a state file every 3 seconds, records and tests: neither its
# memory nor its open files may grow. By hand, not part of the suite.
#
#   tests/soak.sh PROGRAM SCRATCH [SECONDS [RANKS]]     1800 s on 2 ranks by default
#
# Each rank's VmRSS and open descriptors are sampled every second into SCRATCH/samples.txt (seconds,
# rank, KiB, descriptors). The first quarter of the time may fill buffers; of each rank the median
# of the last quarter may be at most 512 KiB above that of the second, and the second half must not
# have more descriptors open than the second quarter had.
# shellcheck source=tests/script.sh
source "$(dirname "${BASH_SOURCE[0]}")/script.sh" "$@"
unset TAUFLOW_DATA SLURM_JOB_END_TIME SLURM_JOB_ID
seconds=${3:-1800}
ranks=${4:-2}

cat >small.yml <<'END'
network: {widths: [784, 128, 64, 10], hidden: clipped_relu, weights: single}
data: {set: glyphs, side: 28, train: 5000, test: 100}
present: {samples: 1000000000}
solver: {name: lockstep}
record: {every: 200}
evaluate: {every: 1000}
checkpoint: {wall_every: 3 s, keep: 2}
END

"${on[@]}" "$ranks" "$program" run small.yml --out run --max-wall "$seconds" >run.txt 2>&1 &
run=$!
until_there run/log.txt
began=$(date +%s)
mapfile -t processes < <(pgrep -f -- "^$program run small.yml --out run ")
same "ranks that run" "${#processes[@]}" "$ranks"

# One line for each rank; the run may end meanwhile.
sample() {
  local k here memory files at
  at=$(($(date +%s) - began))
  for k in "${!processes[@]}"; do
    here=/proc/${processes[$k]}
    memory=$(sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\).*/\1/p' "$here/status" 2>/dev/null || true)
    files=$(find "$here/fd" -mindepth 1 2>/dev/null | wc -l || true)
    if [ -n "$memory" ] && [ "$files" -gt 0 ]; then echo "$at $k $memory $files"; fi
  done
}

states=0
newest=
while kill -0 "$run" 2>/dev/null; do
  sample >>samples.txt
  last=$(readlink run/state-last.h5 || true)
  [ "$last" = "$newest" ] || states=$((states + 1))
  newest=$last
  sleep 1
done
status=0
wait "$run" || status=$?
same "exit status" "$status" 3
ok "its last state can be read" "$program" evaluate run/state-last.h5
/usr/bin/python3 - "$seconds" <<'END' || fail "it grows"
import statistics, sys
seconds, bad = float(sys.argv[1]), False
rows = [tuple(map(int, line.split())) for line in open("samples.txt")]
for rank in sorted({row[1] for row in rows}):
    def part(lo, hi):
        return [r for r in rows if r[1] == rank and lo * seconds <= r[0] < hi * seconds]
    second, last, half = part(0.25, 0.5), part(0.75, 1), part(0.5, 1)
    before, after = (statistics.median(r[2] for r in p) for p in (second, last))
    files, later = (max(r[3] for r in p) for p in (second, half))
    print(f"rank {rank}: {len(part(0, 1))} samples; {before:.0f} KiB in the second quarter, "
          f"{after:.0f} in the last ({after - before:+.0f}); at most {files} and {later} open files")
    bad = bad or after - before > 512 or later > files
sys.exit(bad)
END
echo "$(value run samples) presentations, $states different newest state files seen"
finish
