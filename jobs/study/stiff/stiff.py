#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A stiff study: cascade and cvode where presentations last up to 5000 time constants.

    jobs/study/stiff/stiff.py [--work FOLDER] [--figure FILE.png] [--redo]

For each T, tau_err and activation: 20 presentations make a start; from it, 6 more are run by each
solver at each tolerance (the better of 2 wall times counts) and by cvode at 1e-10 with order 5, the
truth (if it comes to an end). Error: of all elements of W and V, root mean square, relative to that of what the 6
presentations change. Prints one table and draws the figure; needs TAUFLOW_DATA. Runs that are there
are not repeated.
"""
import argparse
import os
import shutil
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../.."))
import runs  # noqa: E402

START, SHOWN, TIMES = 20, 6, 2
DURATIONS = [0.05, 0.2, 1.0, 5.0]
TAU_ERR = [1e-3, 100e-3]
HIDDEN = ["tanh", "clipped_relu"]
SOLVERS = {
    "cascade": (["solver.name=cascade"], ["1e-2", "1e-3", "1e-4", "1e-6", "1e-8", "1e-10"]),
    "cvode, order 3": (["solver.name=cvode", "solver.max_order=3"],
                       ["1e-2", "1e-3", "1e-4", "1e-6", "1e-8"]),
    "cvode, order 5": (["solver.name=cvode", "solver.max_order=5"],
                       ["1e-2", "1e-3", "1e-4", "1e-6", "1e-8"]),
}
TRUTH = ["solver.name=cvode", "solver.max_order=5", "solver.relative=1e-10"]
CHECK = ["solver.name=cascade", "solver.relative=1e-9"]
LIMIT = 100  # s; a run that takes longer is left out, and tighter ones with it
STYLE = {"cascade": ("C0", "o"), "cvode, order 3": ("C1", "s"), "cvode, order 5": ("C3", "^")}


def run(folder, settings, start=None):
    return runs.run(f"{HERE}/stiff.yml", folder, settings, start, LIMIT)


def study(work, hidden, tau_err, duration):
    """Rows (solver, tolerance, error, steps, evaluations, seconds) a presentation."""
    base = os.path.join(work, f"{hidden}-{tau_err * 1e3:g}ms-{duration:g}s")
    common = [f"network.hidden={hidden}", f"kp.tau_err={tau_err}", f"present.duration={duration}",
              f"kp.tau_pot={60 * duration}"]
    more = common + [f"present.samples={SHOWN}"]
    run(f"{base}-start", common + [f"present.samples={START}"])
    start = f"{base}-start/state-last.h5"
    run(f"{base}-check", more + CHECK, start)
    known = run(f"{base}-truth", more + TRUTH, start)
    before, check = runs.weights(f"{base}-start"), runs.weights(f"{base}-check")
    truth = runs.weights(f"{base}-truth") if known else check
    change = np.linalg.norm(truth - before)
    say = (f"cascade at 1e-9 and cvode at 1e-10 differ by {np.linalg.norm(check - truth) / change:.1e}"
           if known else f"cvode at 1e-10 takes more than {LIMIT} s: the truth is cascade at 1e-9")
    print(f"# {os.path.basename(base)}: {say}", flush=True)
    rows = []
    for solver, (settings, tolerances) in SOLVERS.items():
        for relative in tolerances:
            name = f"{base}-{solver.replace(', ', '-').replace(' ', '-')}-{relative}"
            found = []
            for k in range(TIMES):
                found.append(run(f"{name}-{k}", more + settings + [f"solver.relative={relative}"], start))
                if not found[-1]:
                    break
            if not found[-1]:
                break
            error = np.linalg.norm(runs.weights(f"{name}-0") - truth) / change
            rows.append((solver, relative, error, float(found[0]["steps"]) / SHOWN,
                         float(found[0]["evaluations"]) / SHOWN,
                         min(1 / float(f["samples_per_s"]) for f in found)))
    return rows


def at_error(rows, solver, error, column):
    """The value of a column at an error, interpolated in logarithms; not a number outside."""
    points = sorted((r[2], r[column]) for r in rows if r[0] == solver)
    if not points or not points[0][0] <= error <= points[-1][0]:
        return np.nan
    errors, values = np.log(np.array(points)).T
    return float(np.exp(np.interp(np.log(error), errors, values)))


def print_tables(found):
    for error in (1e-4, 1e-7):
        print(f"\nAt an error of {error:g}, a presentation:\n")
        print("| hidden | tau_err | T | steps: cascade | order 3 | order 5 "
              "| ms: cascade | order 3 | order 5 |")
        print("| - | - | - | - | - | - | - | - | - |")
        for (hidden, tau_err, duration), rows in found.items():
            steps = [f"{at_error(rows, s, error, 3):.0f}" for s in SOLVERS]
            ms = [f"{1e3 * at_error(rows, s, error, 5):.2g}" for s in SOLVERS]
            print(f"| {hidden} | {tau_err * 1e3:g} ms | {duration:g} s | "
                  + " | ".join(steps + ms) + " |")
    print("\nAll runs: hidden, tau_err, T, solver, relative, error, steps, evaluations, ms")
    for (hidden, tau_err, duration), rows in found.items():
        for solver, relative, error, steps, evaluations, seconds in rows:
            print(f"{hidden:13} {tau_err * 1e3:4g} ms {duration:5g} s  {solver:15} {relative:6} {error:8.1e} "
                  f"{steps:8.1f} {evaluations:8.1f} {1e3 * seconds:9.3g}")


def draw(found, target):
    kinds = [(hidden, tau_err) for hidden in HIDDEN for tau_err in TAU_ERR]
    figure, panels = plt.subplots(len(kinds), len(DURATIONS), figsize=(13, 12), sharex=True,
                                  sharey=True, layout="constrained")
    for row, (hidden, tau_err) in zip(panels, kinds):
        for axes, duration in zip(row, DURATIONS):
            for solver, (colour, marker) in STYLE.items():
                points = [(r[2], 1e3 * r[5]) for r in found[hidden, tau_err, duration] if r[0] == solver]
                if points:
                    axes.loglog(*zip(*points), color=colour, marker=marker, markersize=5, label=solver)
            axes.grid(True, color="0.92")
            axes.set_title(f"{hidden}, $\\tau_{{err}}$ = {tau_err * 1e3:g} ms, T = {duration:g} s",
                           fontsize="medium")
        row[0].set_ylabel("wall time a presentation [ms]")
    for axes in panels[-1]:
        axes.set_xlabel("error in W, V (relative to their change)")
    panels[0, 0].invert_xaxis()
    panels[0, 0].legend(fontsize="small", loc="lower right")
    figure.suptitle("64-32-10 on digits, $\\tau_{inf}$ = 1 ms: error against cost")
    figure.savefig(target, dpi=100)
    print(f"\nfigure: {target}")


def main():
    parser = argparse.ArgumentParser(description="Cascade and CVODE on stiff jobs.")
    parser.add_argument("--work", default=os.path.join(runs.ROOT, "output/stiff"), help="folder of the runs")
    parser.add_argument("--figure", metavar="FILE.png", help="the figure (stiff.png in the folder)")
    parser.add_argument("--redo", action="store_true", help="run anew what is there")
    arguments = parser.parse_args()
    if arguments.redo:
        shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work, exist_ok=True)
    found = {(hidden, tau_err, duration): study(arguments.work, hidden, tau_err, duration)
             for hidden in HIDDEN for tau_err in TAU_ERR for duration in DURATIONS}
    print_tables(found)
    draw(found, arguments.figure or os.path.join(arguments.work, "stiff.png"))


if __name__ == "__main__":
    main()
