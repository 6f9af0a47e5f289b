#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Where the time of a presentation goes: the products with W and V alone, and all else.

    jobs/bench/ratio.py [JOB.yml]      jobs/bench/mnist-5.yml; needs TAUFLOW_DATA, perf, half a minute

Prints what `tauflow bench JOB.yml` says of cascade and erk, then the shares of a run with cascade by what
functions are for (perf record, the start of the program left out).
"""
import collections
import os
import subprocess
import sys
import tempfile

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
PROGRAM = f"{ROOT}/build/tauflow"
# By the function a sample is in and, where that has several uses, the one that called it; the first
# line that fits counts. pending_meet and vectors_dot leave by a jump, so their caller is seen instead.
PURPOSES = [
    ("inner products with pending nodes", ("rows_",), ("pending_meet", "vectors_dot", "cascade_try")),
    ("products with W and V", ("rows_", "rows2_"), ()),
    ("sums over pending nodes", ("combine_",), ()),
    ("folds into W and V", ("fold_", "scale_"), ()),
    ("units that switch", ("relax_crossings", "switching_", "while_on", "step_crossing", "follow_cross",
                           "find_cross", "__memchr"), ()),
    ("nodes: averages, copies, drifts", ("relax_gap", "blend_", "round_", "__memmove", "set_growth", "join_",
                                         "pending_", "vectors_", "take_value", "add_present"), ()),
    ("activities, gates, exponential update", ("relax_", "kinked_step", "gated_step", "kp_", "force_", "leak_"), ()),
]


def bench(job):
    said = subprocess.run([PROGRAM, "bench", job, "--max-wall", "20"], check=True, capture_output=True, text=True)
    keep = False
    for line in said.stdout.splitlines():
        word = line.split()[0]
        if not line.startswith("      "):
            keep = word in ("cascade", "erk", "solver") or word.startswith(job[:3]) or word == "error"
        if keep:
            print(line)


def purpose_of(stack):
    for name, leaves, callers in PURPOSES:
        if stack[0].startswith(leaves) and (
                not callers or stack[1:] and stack[1].startswith(callers)):
            return name
    if any(frame.startswith(("kp_", "leak_")) for frame in stack[1:4]):
        return "activities, gates, exponential update"
    return "rest"


def shares(job, folder):
    data = f"{folder}/perf.data"
    subprocess.run(["perf", "record", "-q", "-F", "4000", "-D", "1000", "--call-graph", "dwarf,1024", "-o", data,
                    PROGRAM, "run", job, "--out", f"{folder}/run", "--set", "present.samples=6000", "--set",
                    "evaluate.samples=10", "--set", "evaluate.every=0", "--set", "record.every=0"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    text = subprocess.run(["perf", "script", "-i", data, "-F", "ip,sym"], check=True, capture_output=True,
                          text=True).stdout
    count = collections.Counter()
    for block in text.split("\n\n"):
        stack = [line.split()[1] for line in block.splitlines() if len(line.split()) > 1]
        if stack:
            count[purpose_of(stack)] += 1
    print(f"\nshares of {count.total()} samples:")
    for name, samples in count.most_common():
        print(f"  {100 * samples / count.total():5.1f} %  {name}")


def main():
    job = sys.argv[1] if len(sys.argv) > 1 else f"{ROOT}/jobs/bench/mnist-5.yml"
    os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
    bench(job)
    with tempfile.TemporaryDirectory() as folder:
        shares(job, folder)


if __name__ == "__main__":
    main()
