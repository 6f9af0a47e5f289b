#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Outputs within presentations: plot.py RUN_FOLDER FIGURE.png"""
import os
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

FIRST, COUNT, T, SETTLED = (500, 2000), 5, 50e-3, 12e-3


def read(folder):
    with h5py.File(os.path.join(folder, "trace.h5")) as file:
        return {name: file[name][()] for name in ("presentation", "t", "u", "target", "layer02/y", "layer02/z")}


def moves(trace, first):
    """How far the output of the label moves: between presentations, and within one once settled."""
    within, between = [], []
    for p in range(first, first + COUNT):
        here = trace["presentation"] == p
        label = np.argmax(trace["target"][here][-1])
        u, y = trace["u"][here], trace["layer02/y"][here][:, label]
        within.append(y[-1] - np.interp(SETTLED, u, y))
        between.append(np.interp(SETTLED, u, y) - y[0])
    return np.mean(np.abs(within)), np.mean(within), np.mean(np.abs(between))


def main(folder, target):
    trace = read(folder)
    figure, panels = plt.subplots(2, 2, figsize=(9.4, 5.4), sharex="col", sharey="row", layout="constrained")
    for column, first in enumerate(FIRST):
        chosen = (trace["presentation"] >= first) & (trace["presentation"] < first + COUNT)
        t = (trace["t"][chosen] - first * T) * 1e3
        for row, name in enumerate(("layer02/y", "layer02/z")):
            axes = panels[row, column]
            axes.plot(t, trace[name][chosen], "-", color="0.62", linewidth=0.9)
            for p in range(first, first + COUNT):
                here = trace["presentation"][chosen] == p
                label = np.argmax(trace["target"][chosen][here][-1])
                axes.plot(t[here], trace[name][chosen][here][:, label], "-", color="black", linewidth=2.2)
                axes.axvspan((p - first) * T * 1e3, (p - first) * T * 1e3 + 2, color="0.85", linewidth=0)
            axes.set_xlim(0, COUNT * T * 1e3)
        panels[0, column].set_title(f"from presentation {first}", fontsize="medium")
        panels[1, column].set_xlabel("time [ms]  (grey bands: the ramps)")
        print("from %d: the label's output moves %.4f within (towards the target %.4f), %.4f between presentations"
              % (first, *moves(trace, first)))
    panels[0, 0].set_ylabel("outputs $y_2$ [1]\n(thick: of the label)")
    panels[1, 0].set_ylabel("errors $z_2$ [1]\n(thick: of the label)")
    figure.savefig(target, dpi=100)
    print(f"figure: {target}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
