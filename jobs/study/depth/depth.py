#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Run the study of depth: what decides whether ten weight layers learn.

    jobs/study/depth/depth.py [--work FOLDER] [--part NAME]... [--full] [--jobs N]

Runs that are there are not repeated. Needs TAUFLOW_DATA. plot.py draws and prints what is found.
"""
import argparse
import concurrent.futures
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../.."))
import runs  # noqa: E402

WORK = os.path.join(runs.ROOT, "output/study/depth")
DIRECT = ["kp.routing=direct"]
GAIN = ["network.gain=1.41"]
DECAY = ["kp.tau_dec=2000"]
DELAY = ["present.label_delay=0.009"]
LONG = ["present.duration=0.2", "kp.tau_pot=40", "kp.tau_dec=4000"]

# From the document's setting to the winning one, and each change by itself: name -> settings.
STEPS = {
    "000": [],
    "gain": GAIN,
    "gain, decay": GAIN + DECAY,
    "gain, decay, delay": GAIN + DECAY + DELAY,
    "gain, decay, delay, direct": GAIN + DECAY + DELAY + DIRECT,
    "delay": DELAY,
    "long": LONG,
    "decay 10000": ["kp.tau_dec=10000"],
    "sgd": ["kp.rule=sgd"],
    "direct": DIRECT,
    "gain, decay, long": GAIN + LONG[:2] + ["kp.tau_dec=8000"],
}
GAINS = ["1", "1.2", "1.41", "1.7", "2.4"]
DECAYS = ["500", "1000", "2000", "10000", "100000"]
RULES = {"kp": [], "direct": DIRECT, "sgd": ["kp.rule=sgd"]}
# Without lag, at gain 1.41 and tau_dec = 2000 s unless said: name -> settings.
SUSPECTS = {
    "as it is": [],
    "V 0 at the start": ["kp.feedback_init=constant", "kp.feedback_value=0"],
    "V 0.01 at the start": ["kp.feedback_init=constant", "kp.feedback_value=0.01"],
    "V learns twice as fast": ["kp.tau_pot_feedback=5"],
    "V forgets twice as fast": ["kp.tau_dec_feedback=1000"],
    "orthogonal": ["network.init=orthogonal"],
    "width 64": ["network.widths=[784" + ",64" * 9 + ",10]"],
    "width 256": ["network.widths=[784" + ",256" * 9 + ",10]"],
    "tanh, gain 1": ["network.hidden=tanh", "network.gain=1"],
    "cap 2": ["network.cap=2"],
}
TRACES = {"gain 1, 1000 s": ("1", "1000"), "gain 1, 10000 s": ("1", "10000"),
          "gain 1.41, 1000 s": ("1.41", "1000"), "gain 2.4, 10000 s": ("2.4", "10000")}
DISCRETE = ["solver.name=discrete"]


def folder(work, part, name, seed):
    return os.path.join(work, part, name.replace(", ", "-").replace(" ", "_"), f"seed-{seed:02}")


def members(full):
    """part -> list of (name, job, settings, number of seeds), the shortest answer to each question."""
    grid = [(f"{rule}, {gain}, {decay}", "document.yml",
             DISCRETE + extra + [f"network.gain={gain}", f"kp.tau_dec={decay}"],
             10 if full else 3 if rule == "kp" else 1)
            for rule, extra in RULES.items() for gain in GAINS for decay in DECAYS]
    return {
        "best": [("10", "best.yml", [], 100 if full else 20)],
        "best-20": [("20", "best-20.yml", [], 20 if full else 5)],
        "steps": [(n, "document.yml", s, 20 if full else 3) for n, s in STEPS.items()],
        "traces": [(n, "document.yml", DISCRETE + [f"network.gain={g}", f"kp.tau_dec={d}",
                    "checkpoint.every=1000", "checkpoint.keep=0"], 1) for n, (g, d) in TRACES.items()],
        "grid": grid,
        "suspects": [(n, "document.yml", DISCRETE + GAIN + DECAY + s, 10 if full else 3)
                     for n, s in SUSPECTS.items()],
        "longer": [("slow", "best.yml", ["kp.tau_pot=20", "kp.tau_dec=4000", "present.samples=60000",
                                         "evaluate.every=20000"], 20 if full else 5)],
        "layerwise": [("60000", "layerwise.yml", [], 20 if full else 4)],
    }


def main():
    parser = argparse.ArgumentParser(description="Run the study of depth.")
    parser.add_argument("--work", default=WORK, help="folder of the runs")
    parser.add_argument("--part", action="append", help="only this part (again for more)")
    parser.add_argument("--full", action="store_true", help="more seeds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at the same time")
    arguments = parser.parse_args()
    parts = members(arguments.full)
    todo = [(part, *member) for part in arguments.part or parts for member in parts[part]]

    def one(part, name, job, settings, seed):
        summary = runs.run(os.path.join(HERE, job), folder(arguments.work, part, name, seed),
                           settings + [f"seed={seed}"])
        print(f"{part:10} {name:28} seed {seed:2}: {summary['status']}, test accuracy "
              f"{summary['test_accuracy']}", flush=True)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        tasks = [pool.submit(one, part, name, job, settings, seed)
                 for part, name, job, settings, seeds in todo for seed in range(seeds)]
        for task in tasks:
            task.result()


if __name__ == "__main__":
    main()
