#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Test accuracy against the delay over T, and against the share of dithered labels: figure 8 of document 001.

    plot.py FOLDER      of the sweeps; prints the numbers, draws docs/figures/study-001-figure-8.png
"""
import os
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import runs  # noqa: E402
import sweeps  # noqa: E402

T = 0.05  # s
STYLE = {"continuous time": ("tab:blue", "-", "o"), "dithered labels, Adam": ("0.35", "--", "x"),
         "dithered labels, plain": ("tab:red", ":", "s")}


def curves(folder):
    """{(name, hidden layers): [(ratio, test accuracy of each seed)]}"""
    found = {}
    for sweep in ("delay", "dither"):
        for keys, some in sweeps.load(f"{folder}/{sweep}").combinations():
            accuracy = some.array("summary/test_accuracy")
            accuracy = accuracy[np.isfinite(accuracy)]
            if len(accuracy) == 0:
                continue
            name = ("continuous time" if sweep == "delay" else f"dithered labels, {keys['discrete.optimizer']}")
            name = name.replace("adam", "Adam")
            ratio = float(keys["present.label_delay"]) / T if sweep == "delay" else float(keys["present.label_dither"])
            found.setdefault((name, keys["network.widths"].count(",") - 1), []).append((ratio, accuracy))
    return found


def main():
    found = curves(sys.argv[1])
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.9), sharey=True, layout="constrained")
    for (name, hidden), points in found.items():
        colour, line, marker = STYLE[name]
        points.sort(key=lambda point: point[0])
        ratio, mean = [r for r, _ in points], [a.mean() for _, a in points]
        axes = panels[hidden - 1]
        axes.fill_between(ratio, [a.min() for _, a in points], [a.max() for _, a in points], color=colour, alpha=0.15,
                          linewidth=0)
        axes.plot(ratio, mean, color=colour, linestyle=line, marker=marker, markersize=5, label=name)
        print(f"{hidden} hidden, {name} (seeds: {'/'.join(str(len(a)) for _, a in points)}): "
              + " ".join(f"{r:g}: {a.mean():.3f}" for r, a in points))
    for hidden, axes in enumerate(panels, 1):
        axes.axhline(0.75, color="black", linewidth=0.8, label='always "outer"')
        axes.set_title(f"{hidden} hidden layer" + "s" * (hidden > 1), fontsize="medium")
        axes.set_xlabel("delay / T, or share of dithered labels")
        axes.set_ylim(0.7, 1.01)
    panels[0].set_ylabel("test accuracy")
    panels[0].legend(fontsize="small", loc="upper right")
    runs.save_figure(figure, "001-figure-8")


if __name__ == "__main__":
    main()
