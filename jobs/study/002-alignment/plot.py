#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Target alignment in the limit rate -> 0, mean and range over seeds: width, depth, condition, batch;
width and depth in batches of 128, residual layers beside plain ones.

    plot.py FOLDER FIGURE.png OTHER.png
"""
import os
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

RULES = {"pc": ("black", "o"), "bp": ("gray", "s")}
DASH = {"none": "-", "sample": ":", "decorrelate": "--", "norm_preserving": "-", "kaiming_uniform": "--",
        "plain": "--", "residual": "-"}


def lines(folder, name, x_of, style_of, keep=lambda keys: True):
    """{(rule, style): [(x, least, mean, most)]}"""
    found = {}
    for keys, some in sweeps.load(os.path.join(folder, name)).combinations():
        if keep(keys):
            y = some.summary["target_alignment_limit"]
            point = (x_of(keys), y.min(), y.mean(), y.max())
            found.setdefault((keys["pc.rule"], style_of(keys)), []).append(point)
    return {key: sorted(points) for key, points in found.items()}


def widths(keys):
    return [int(n) for n in str(keys["network.widths"]).strip("[]").split(",")]


def draw(axis, found, label, place="lower left"):
    for (rule, style), points in sorted(found.items()):
        colour, marker = RULES[rule]
        x, low, mean, high = zip(*points)
        axis.plot(x, mean, color=colour, marker=marker, markersize=4, linestyle=DASH[style],
                  label=f"{rule}, {style.replace('_', ' ')}")
        axis.vlines(x, low, high, color=colour, linewidth=1)
    axis.set_xlabel(label)
    axis.legend(fontsize=7, loc=place, handlelength=3.5)


def init(keys):
    return keys["network.init"]


def scale(keys):
    return keys["pc.scale"]


def one(keys):
    return int(keys["pc.batch"]) == 1


def hidden(keys):
    return len(widths(keys)) - 2


def finish(axes, figure):
    for axis in axes[:, 0]:
        axis.set_ylabel("target alignment, rate to 0")
    plt.tight_layout()
    plt.savefig(figure, dpi=110)


def draw_others(folder, figure):
    _, axes = plt.subplots(2, 2, figsize=(9, 7))
    draw(axes[0][0], lines(folder, "width", lambda k: widths(k)[1], init, lambda k: not one(k)),
         "width of the hidden layer [units]", "lower right")
    axes[0][0].set_title("batch 128", fontsize=9)
    draw(axes[0][1], lines(folder, "depth", hidden, init, lambda k: not one(k)), "hidden layers")
    axes[0][1].set_title("batch 128, width 512", fontsize=9)
    for axis, kind in zip(axes[1], ("none", "sample")):
        draw(axis, lines(folder, "residual", hidden, lambda k: "residual" if k["pc.residual"] == "true" else "plain",
                         lambda k: scale(k) == kind), "hidden layers")
        axis.set_title(f"batch 1, width 512, kaiming uniform, scale {kind}", fontsize=9)
    finish(axes, figure)


def main(folder, figure, other):
    draw_others(folder, other)
    _, axes = plt.subplots(2, 2, figsize=(9, 7), sharey=False)
    draw(axes[0][0], lines(folder, "width", lambda k: widths(k)[1], init, one), "width of the hidden layer [units]",
         "lower right")
    axes[0][0].set_title("batch 1", fontsize=9)
    draw(axes[0][1], lines(folder, "depth", hidden, init, one), "hidden layers")
    axes[0][1].set_title("batch 1, width 512", fontsize=9)
    draw(axes[1][0], lines(folder, "condition", lambda k: float(k["pc.condition"]), scale), "condition of all weights",
         (0.6, 0.2))
    axes[1][0].set_xscale("log")
    axes[1][0].set_title("batch 1, width 512, kaiming uniform", fontsize=9)
    draw(axes[1][1], lines(folder, "batch", lambda k: int(k["pc.batch"]), scale), "samples of a batch")
    axes[1][1].set_xscale("log")
    axes[1][1].set_title("width 512, kaiming uniform", fontsize=9)
    finish(axes, figure)


if __name__ == "__main__":
    main(*sys.argv[1:])
