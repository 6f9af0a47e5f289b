#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Accuracy, loss and weight scale against depth, relu and clipped, as document 000's figure 1.

A cross below marks where a run diverged.

    plot.py FOLDER FIGURE.png      folder of the sweep
"""
import os
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

STYLE = {"relu": ("tab:red", "--"), "clipped_relu": ("tab:blue", "-")}


def scale(some):
    """|A_l| of A_l = (V_l^T + W_{l+1}) / 2, the largest over layers: [members][rows]."""
    V, W = some.array("curves/V_norm"), some.array("curves/W_norm")[:, :, 1:]
    dot = some.array("curves/alignment") * V * W
    return np.fmax.reduce(np.sqrt(V**2 + W**2 + 2 * dot) / 2, axis=2)


def draw(row, some, hidden):
    colour, line = STYLE[hidden]
    tests, x = some.row("test/presentation"), some.row("curves/presentation")
    for k, (accuracy, loss, size) in enumerate(zip(some.array("test/accuracy"), some.array("test/loss"), scale(some))):
        style = {"color": colour, "linestyle": line, "linewidth": 1.8 if k == 0 else 0.8}
        row[0].plot(tests, accuracy, **style, label=hidden if k == 0 else None)
        row[1].plot(tests, loss, **style)
        row[2].plot(x, size, **style)
        if some.array("summary/status")[k] == "diverged":
            row[0].plot(some.array("summary/samples")[k], 0.03, "x", color=colour, markersize=8)


def main():
    sweep = sweeps.load(sys.argv[1])
    figure, panels = plt.subplots(3, 3, figsize=(11.5, 8), sharex=True, layout="constrained")
    print("   L hidden         accuracy: best, last   loss, last   scale: first, last   by seed")
    for keys, some in sweep.combinations():
        depth, hidden = keys["network.widths"].count(","), keys["network.hidden"]
        draw(panels[(2, 5, 8).index(depth)], some, hidden)
        for k in range(len(some)):
            accuracy, size = some.array("test/accuracy")[k], scale(some)[k]
            size = size[np.isfinite(size)]
            print(f"{depth:4d} {hidden:14s}{np.nanmax(accuracy):10.3f}{accuracy[np.isfinite(accuracy)][-1]:10.3f}"
                  f"{some.array('test/loss')[k][np.isfinite(accuracy)][-1]:14.3g}{size[0]:14.2f}{size[-1]:10.1f}"
                  f"   {some.array('keys/seed')[k]} {some.array('summary/status')[k]}")
    for row, depth in zip(panels, (2, 5, 8)):
        for axes in row[1:]:
            low, high = axes.get_ylim()
            if high > 20 * max(axes.dataLim.y0, 1e-9):
                axes.set_yscale("log")
        row[0].set_ylim(0, 1)
        row[0].set_ylabel(f"L = {depth}")
    for axes, title in zip(panels[0], ("test accuracy", "test loss",
                                       r"largest $|\frac{1}{2}(V_l^T + W_{l+1})|$ of a layer")):
        axes.set_title(title, fontsize="medium")
    for axes in panels[2]:
        axes.set_xlabel("presentations")
    for axes in panels.flat:
        axes.grid(True, color="0.94")
    panels[0, 0].legend(fontsize="small", loc="lower right")
    figure.savefig(sys.argv[2], dpi=82)
    print(f"figure: {sys.argv[2]}")


if __name__ == "__main__":
    main()
