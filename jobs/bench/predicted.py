#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Time of a presentation as `tauflow check` predicts it, beside what runs take.

    jobs/bench/predicted.py MACHINE.yml [WORD ...]    (from the top folder; needs TAUFLOW_DATA)

MACHINE.yml is what `mpirun -n 2 tauflow bench --out MACHINE.yml` wrote here. Each line is one network,
precision, solver and rank count; words choose the networks whose names contain one of them. Of
three runs the fastest counts, because other programs can only slow a run down. Steps are those of
the run, so that the table tests what a step is said to cost. Takes about ten minutes.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROGRAM = os.environ.get("TAUFLOW", "build/tauflow")
RUNS = 3
GLYPHS = ["data.set=glyphs", "data.side=28", "data.train=1000", "data.test=10"]


def widths(*numbers):
    return f"network.widths={list(numbers)}"


# name, job, presentations, settings
NETWORKS = [
    ("digits-2", "jobs/bench/digits-2.yml", 4000, []),
    ("mnist-5", "jobs/bench/mnist-5.yml", 600, []),
    ("mnist-10", "jobs/bench/mnist-10.yml", 200, []),
    ("784-512x4-10", "jobs/bench/wide-8.yml", 60, [widths(784, *[512] * 4, 10)] + GLYPHS),
    ("784-1024x8-10", "jobs/bench/wide-8.yml", 6, [widths(784, *[1024] * 8, 10)] + GLYPHS),
    ("wide-8", "jobs/bench/wide-8.yml", 4, []),
    ("784-4096x2-10", "jobs/bench/wide-8.yml", 4, [widths(784, *[4096] * 2, 10)] + GLYPHS),
    ("784-4096x3-10", "jobs/bench/wide-8.yml", 4, [widths(784, *[4096] * 3, 10)] + GLYPHS),
]


def values(text):
    """The flat `key: value` lines."""
    return {k: v.split("#")[0].strip() for k, v in re.findall(r"^(\w+): (.*)$", text, re.M)}


def tauflow(ranks, *arguments):
    launch = ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    done = subprocess.run(launch + [PROGRAM, *arguments], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"tauflow {' '.join(arguments)}:\n{done.stderr}")
    return done.stdout


def measured(job, settings, ranks, folder):
    """Milliseconds and steps of a presentation."""
    best = None
    for _ in range(RUNS):
        tauflow(ranks, "run", job, "--out", folder, "--overwrite", *settings)
        with open(f"{folder}/summary.yml", encoding="utf-8") as file:
            summary = values(file.read())
        shutil.rmtree(folder)
        rate = float(summary["samples_per_s"])
        if best is None or rate > best[0]:
            steps = (int(summary["steps"]) + int(summary["rejected"])) / int(summary["samples"])
            best = rate, steps
    return 1e3 / best[0], best[1]


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    machine, words = sys.argv[1], sys.argv[2:] or [""]
    folder = tempfile.mkdtemp(dir=os.environ.get("TMPDIR", "/tmp"))
    print("| network | weights | solver | ranks | steps | measured [ms] | predicted [ms] | ratio | "
          "products | pending | elements | input | waiting | reducing |\n|" + " --- |" * 14)
    for name, job, count, own in NETWORKS:
        if not any(word in name for word in words):
            continue
        for weights in "single", "double":
            for solver in "cascade", "lockstep":
                for ranks in 1, 2:
                    settings = [word for setting in own + [
                        f"network.weights={weights}", f"solver.name={solver}",
                        f"present.samples={count}", "record.every=0", "evaluate.samples=1"]
                        for word in ("--set", setting)]
                    took, steps = measured(job, settings, ranks, f"{folder}/run")
                    plan = values(tauflow(1, "check", job, *settings, "--ranks", str(ranks),
                                          "--machine", machine, "--steps", f"{steps:.6g}"))
                    said = float(plan["time_per_presentation_ms"])
                    parts = " | ".join(f"{float(plan[part + '_ms']):.3g}" for part in (
                        "products", "pending", "elements", "input", "waiting", "reducing"))
                    print(f"| {name} | {weights} | {solver} | {ranks} | {steps:.1f} | {took:.4g} | "
                          f"{said:.4g} | {said / took:.2f} | {parts} |", flush=True)
    os.rmdir(folder)


if __name__ == "__main__":
    main()
