#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Networks of eight layers on 1 to 4,096 ranks, as `tauflow check` foretells them.

    jobs/study/scaling/foretell.py [MACHINE.yml] [--out FIGURE.png]    (from the top folder)

784-n-n-n-n-n-n-n-10 in single precision, n from 1,024 to 65,536, with the constants of an assumed
cluster (cluster.yml) unless a file is given. Steps are those that wide-8 takes: 43 a presentation
with cascade, 63 with lockstep. Prints a table and draws the time of a presentation; a minute.
"""
import argparse
import concurrent.futures
import os
import re
import subprocess

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

PROGRAM = os.environ.get("TAUFLOW", "build/tauflow")
WIDTHS = [1024, 4096, 16384, 65536]
RANKS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096]
SHOWN = [1, 8, 64, 512, 4096]
STEPS = {"cascade": 43, "lockstep": 63}
PARTS = ["products_ms", "pending_ms", "elements_ms", "input_ms", "waiting_ms", "reducing_ms"]


def check(machine, solver, width, ranks):
    text = subprocess.run(
        [PROGRAM, "check", "jobs/bench/wide-8.yml", "--ranks", str(ranks), "--machine", machine,
         "--steps", str(STEPS[solver]), "--set", f"solver.name={solver}",
         "--set", f"network.widths={[784] + 7 * [width] + [10]}"],
        capture_output=True, text=True, check=True).stdout
    lines = dict(re.findall(r"^(\w+): ([-+.\w]+)", text, re.M))
    return {key: float(lines[key]) for key in PARTS + [
        "time_per_presentation_ms", "messages_per_step", "bytes_per_step", "peak_memory_MiB"]}


def percent(x, whole):
    return f"{100 * x / whole:.0f}"


def print_table(plan):
    print("| n | ranks | messages a step | lockstep [ms] | efficiency | products % | pending, elements, "
          "input % | waiting for messages % | reduction % | cascade [ms] |\n|" + " --- |" * 10)
    for n in WIDTHS:
        for p in SHOWN:
            own, all_ = plan["lockstep", n, p], plan["lockstep", n, p]["time_per_presentation_ms"]
            one = plan["lockstep", n, 1]["time_per_presentation_ms"]
            rest = own["pending_ms"] + own["elements_ms"] + own["input_ms"]
            print(f"| {n} | {p} | {own['messages_per_step']:,.0f} | {all_:.3g} | {one / p / all_:.2f} | "
                  f"{percent(own['products_ms'], all_)} | {percent(rest, all_)} | "
                  f"{percent(own['waiting_ms'], all_)} | {percent(own['reducing_ms'], all_)} | "
                  f"{plan['cascade', n, p]['time_per_presentation_ms']:.3g} |")


def draw(path, plan):
    figure, panels = plt.subplots(1, 2, figsize=(12.5, 4.9))
    for n, colour in zip(WIDTHS, plt.get_cmap("viridis")([0.05, 0.35, 0.6, 0.85])):
        for solver, style in (("lockstep", "-o"), ("cascade", "--")):
            times = [plan[solver, n, p]["time_per_presentation_ms"] for p in RANKS]
            panels[0].plot(RANKS, times, style, color=colour, markersize=3.5, linewidth=1.4)
        own = [plan["lockstep", n, p] for p in RANKS]
        panels[0].plot(RANKS, [own[0]["time_per_presentation_ms"] / p for p in RANKS], ":",
                       color=colour, linewidth=1)
        for part, style in (("waiting_ms", "-"), ("reducing_ms", "--")):
            panels[1].plot(RANKS, [100 * x[part] / x["time_per_presentation_ms"] for x in own],
                           style, color=colour, linewidth=1.4)
    panels[0].set_yscale("log")
    panels[0].set_title("time of a presentation [ms]")
    panels[1].set_title("lockstep: share of the time [%]")
    panels[1].set_ylim(0, 100)
    for axes in panels:
        axes.set_xscale("log", base=2)
        axes.set_xticks(RANKS[::2], [f"{p:,}" for p in RANKS[::2]])
        axes.minorticks_off()
        axes.set_xlabel("ranks")
        axes.grid(True, color="0.92")
        axes.set_axisbelow(True)
    line = plt.Line2D
    colours = [line([], [], color=c, label=f"n = {n:,}")
               for n, c in zip(WIDTHS, plt.get_cmap("viridis")([0.05, 0.35, 0.6, 0.85]))]
    panels[0].legend(handles=colours + [
        line([], [], color="0.3", marker="o", markersize=3.5, label="lockstep"),
        line([], [], color="0.3", linestyle="--", label="cascade"),
        line([], [], color="0.3", linestyle=":", label="lockstep, ideal")],
        fontsize="small", loc="lower left", ncol=2, framealpha=0.9)
    panels[1].legend(handles=[
        line([], [], color="0.3", label="waiting for messages"),
        line([], [], color="0.3", linestyle="--", label="reducing verdicts")],
        fontsize="small", loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("machine", nargs="?", default=f"{here}/cluster.yml")
    parser.add_argument("--out", default="output/foretold.png", metavar="FIGURE.png")
    arguments = parser.parse_args()
    cases = [(solver, n, p) for solver in STEPS for n in WIDTHS for p in RANKS]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda case: check(arguments.machine, *case), cases)
    plan = dict(zip(cases, results))
    print_table(plan)
    draw(arguments.out, plan)


if __name__ == "__main__":
    main()
