#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The way of both answers through training, from the weights in the state files.

    plot.py FOLDER FIGURE.png
"""
import glob
import os
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

STYLES = {("bp", "none"): ("0.6", "-"), ("bp", "sample"): ("0.6", "--"),
          ("pc", "none"): ("black", "-"), ("pc", "sample"): ("black", "--")}


def answers(folder):
    """[(updates, y_1, y_2)], the start first."""
    way = [(0, 1.0, 1.0)]
    for path in glob.glob(os.path.join(folder, "state-[0-9]*.h5")):
        with h5py.File(path) as file:
            y = file["layer02/W"][()] @ file["layer01/W"][()]
        way.append((int(path.rsplit("-", 1)[1][:-3]), *y[:, 0]))
    return np.array(sorted(way))


def main(folder, figure):
    plt.figure(figsize=(6, 3.6))
    for keys, member in sweeps.load(folder).combinations():
        rule, scale = keys["pc.rule"], keys["pc.scale"]
        way = answers(os.path.join(folder, f"member-{member.member[0]:05d}"))
        colour, dash = STYLES[rule, scale]
        label = rule + (", scaled" if scale == "sample" else "")
        plt.plot(way[:, 1], way[:, 2], color=colour, linestyle=dash, label=label)
        near = way[np.hypot(way[:, 1] + 1, way[:, 2] - 1) < 0.02]
        first = member.curves["target_alignment_limit"][0]
        print(f"{label}: alignment at the start {first[np.isfinite(first)][0]:.6f}, strays by "
              f"{np.abs(way[:, 2] - 1).max():.4f}, after {near[0][0] if len(near) else np.inf:.0f} "
              f"updates within 0.02 of the target")
    plt.plot([1, -1], [1, 1], "k.", markersize=9)
    plt.annotate("start", (1, 1), (-4, 7), textcoords="offset points", ha="right")
    plt.annotate("target", (-1, 1), (6, -15), textcoords="offset points")
    plt.xlabel("first answer (target -1)")
    plt.ylabel("second answer (target 1)")
    plt.margins(0.06, 0.12)
    plt.legend(loc="lower left")
    plt.tight_layout()
    plt.savefig(figure, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
