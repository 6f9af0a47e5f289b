#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Work and precision: what an error in the weights costs each solver, on three networks.

    jobs/bench/precision.py [NETWORK...] [--work FOLDER] [--figure FILE.png] [--redo] [--quick]

NETWORK: digits-2, mnist-5, mnist-10 (jobs/bench), or all three. After 100 presentations each solver
runs on from the same state at several tolerances. Error: of all elements of W and V, root mean square,
relative to that of what these presentations change, against cascade at relative 1e-8 in double
precision. Time and steps (rejected ones included) are those of a presentation; where presentations
are fast, a second, longer run is timed. Prints a table and draws work-precision.png. Needs
TAUFLOW_DATA and about ten minutes, half of it cvode on mnist-10. Runs that are there are not repeated.
"""
import argparse
import os
import shutil
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import runs  # noqa: E402

BEFORE = 100
TIMED = 0.5  # s, of runs that are timed
STEPS = ["3e-2", "1e-2", "2e-3", "5e-4", "1e-4", "1e-5"]
ERK = ["2e-2", "2e-3", "2e-4", "2e-5"]  # document 001's 2e-3 among them; absolute is 1/200 of it
# What solvers are shown, and at which values of solver.relative: as many as there is time for.
NETWORKS = {
    "digits-2": {"cascade": (12, STEPS), "lockstep": (12, STEPS), "erk": (12, ERK),
                 "cvode": (12, ["1e-2", "2e-3", "1e-4", "1e-6"])},
    "mnist-5": {"cascade": (12, STEPS), "lockstep": (12, STEPS), "erk": (12, ERK[:3]),
                "cvode": (1, ["1e-2", "1e-3", "1e-4"])},
    "mnist-10": {"cascade": (4, STEPS), "lockstep": (4, STEPS), "erk": (4, ERK[:3]),
                 "cvode": (1, ["1e-2", "1e-3"])},
}
STYLE = {"cascade": ("C0", "o", "-"), "lockstep": ("C1", "s", "--"), "erk": ("C2", "^", "-."),
         "cvode": ("C3", "D", ":")}


def study(work, network, quick):
    """Rows (solver, relative, shown, error, steps, evaluations, seconds)."""
    job, base = f"{HERE}/{network}.yml", os.path.join(work, network)
    common = ["evaluate.samples=10", "evaluate.every=0", "record.every=0"]
    runs.run(job, f"{base}-start", common + [f"present.samples={BEFORE}"])
    start = f"{base}-start/state-last.h5"
    before, rows = runs.weights(f"{base}-start"), []

    def after(name, shown, *settings):
        found = runs.run(job, f"{base}-{name}", common + [f"present.samples={shown}", *settings], start)
        return found, runs.weights(f"{base}-{name}")

    def exact(shown, relative):
        return after(f"exact-{shown}-{relative}", shown, "network.weights=double",
                     f"solver.relative={relative}")[1]

    for solver, (shown, tolerances) in NETWORKS[network].items():
        truth, check = exact(shown, "1e-8"), exact(shown, "1e-7")
        change = np.linalg.norm(truth - before)
        if solver in ("cascade", "cvode"):
            print(f"# {network}, {shown} presentations: cascade at 1e-7 and 1e-8 differ by "
                  f"{np.linalg.norm(check - truth) / change:.1e}", flush=True)
        for relative in tolerances[1:2] if quick else tolerances:
            settings = [f"solver.name={solver}", f"solver.relative={relative}"]
            if solver == "erk":
                settings.append(f"solver.absolute={float(relative) / 200:g}")
            found, end = after(f"{solver}-{relative}", shown, *settings)
            seconds = 1 / float(found["samples_per_s"])
            if shown * seconds < TIMED and not quick:
                longer = int(np.ceil(TIMED / seconds))
                seconds = 1 / float(after(f"{solver}-{relative}-timed", longer, *settings)[0]["samples_per_s"])
            rows.append((solver, relative, shown, np.linalg.norm(end - truth) / change,
                         (float(found["steps"]) + float(found["rejected"])) / shown,
                         float(found["evaluations"]) / shown, seconds))
    return rows


def print_table(found):
    print("\n| network | solver | relative | shown | error | steps | evaluations | ms |\n" + "| - " * 8 + "|")
    for network, rows in found.items():
        for solver, relative, shown, error, steps, evaluations, seconds in rows:
            print(f"| {network} | {solver} | {relative} | {shown} | {error:.1e} | {steps:.1f} | "
                  f"{evaluations:.1f} | {1e3 * seconds:.3g} |")


def draw(found, target):
    figure, panels = plt.subplots(2, len(found), figsize=(4.2 * len(found), 7.4), sharex=True, squeeze=False,
                                  sharey="row", layout="constrained")
    for column, (network, rows) in enumerate(found.items()):
        for panel, cost, scale in ((panels[0, column], 6, 1e3), (panels[1, column], 4, 1)):
            for solver, (colour, marker, line) in STYLE.items():
                points = np.array([(r[3], scale * r[cost]) for r in rows if r[0] == solver])
                panel.loglog(points[:, 0], points[:, 1], color=colour, marker=marker, linestyle=line,
                             markerfacecolor="white" if solver in ("lockstep", "cvode") else colour,
                             label=solver)
            panel.grid(alpha=0.3)
        panels[0, column].set_title(network)
        panels[1, column].set_xlabel("error in W and V (relative to their change)")
    panels[0, 0].set_ylabel("wall time of a presentation [ms]")
    panels[1, 0].set_ylabel("steps of a presentation, rejected ones too")
    panels[0, 0].invert_xaxis()
    panels[0, 0].legend(fontsize="small")
    figure.savefig(target, dpi=110)
    print(f"\nfigure: {target}")


def main():
    parser = argparse.ArgumentParser(description="Work-precision diagram of the solvers.")
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="of " + ", ".join(NETWORKS))
    parser.add_argument("--work", default=os.path.join(runs.ROOT, "output/precision"),
                        help="folder of the runs")
    parser.add_argument("--figure", metavar="FILE.png", help="the figure (work-precision.png in the folder)")
    parser.add_argument("--redo", action="store_true", help="run anew what is there")
    parser.add_argument("--quick", action="store_true", help="one tolerance of each solver")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.networks if name not in NETWORKS]
    if unknown:
        parser.error(f"{unknown[0]}: no such network; there are {', '.join(NETWORKS)}")
    if arguments.redo:
        shutil.rmtree(arguments.work, ignore_errors=True)
    os.makedirs(arguments.work, exist_ok=True)
    found = {name: study(arguments.work, name, arguments.quick) for name in arguments.networks or NETWORKS}
    print_table(found)
    draw(found, arguments.figure or os.path.join(arguments.work, "work-precision.png"))


if __name__ == "__main__":
    main()
