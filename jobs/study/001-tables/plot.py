#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Test accuracy against presentations, continuous time and Adam, with document 001's Tables 2 and 3.

    plot.py FOLDER      of the sweeps; prints the tables, draws docs/figures/study-001-tables.png
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

# Test accuracy by hidden layers: continuous, discrete.
TABLE = {"mnist7": {1: (0.9209, 0.8634), 2: (0.8919, 0.8673)},
         "circles": {1: (0.9470, 0.8272), 2: (0.9683, 0.9485), 3: (0.9568, 0.9312)}}
SWEEPS = {"mnist7": ("mnist7", "mnist7-entropy", "mnist7-adam"),
          "circles": ("circles", "circles-entropy", "circles-adam")}
# What is drawn; the rest is told.
STYLE = {"squared, 3 s": ("tab:blue", "-", "o"), "squared, 5 s": ("black", "-", "^"),
         "cross entropy, 3 s": ("tab:orange", "--", "s"), "Adam": ("0.5", ":", "x")}


def hidden_of(keys):
    return keys["network.widths"].count(",") - 1


def name_of(sweep, keys):
    if sweep.endswith("adam"):
        inner = float(keys.get("data.inner", 0.8))
        return "Adam" if inner == 0.8 else f"Adam, inner radius {inner:g}"
    return f"{'cross entropy' if sweep.endswith('entropy') else 'squared'}, {float(keys['kp.tau_pot']):g} s"


def spread(values):
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return "-"
    return f"{values.mean():.3f}" + (f" +- {values.std(ddof=1):.3f}" if len(values) > 1 else "")


def tell(sweep, keys, some):
    """Means over seeds at some presentations, test and train."""
    at = some.row("test/presentation")
    for presentations in (6000, 8000, 10000, 20000, 30000, 60000, 70000, 80000, 120000):
        for k in np.flatnonzero(at == presentations):
            found = some.array("test/accuracy")[:, k]
            print(f"{sweep:14s} {hidden_of(keys)} hidden  {name_of(sweep, keys):30s} at {presentations:6d}: "
                  f"test {spread(found)} of {np.isfinite(found).sum()}")
    print(f"{'':14s}   at the end: test {spread(some.array('summary/test_accuracy'))}, "
          f"train {spread(some.array('summary/train_accuracy'))}")


def draw(axes, sweep, keys, some):
    name = name_of(sweep, keys)
    if name not in STYLE:
        return
    colour, line, marker = STYLE[name]
    x, low = some.row("test/presentation"), np.nanmin(some.array("test/accuracy"), axis=0)
    high, mean = np.nanmax(some.array("test/accuracy"), axis=0), np.nanmean(some.array("test/accuracy"), axis=0)
    if name.startswith("squared"):  # four bands on each other would hide the curves
        axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, mean, color=colour, linestyle=line, marker=marker, markersize=3, markevery=max(1, len(x) // 10),
              label=name)


def main():
    folder = sys.argv[1]
    figure, panels = plt.subplots(2, 3, figsize=(11, 6.6), layout="constrained")
    for row, data in enumerate(TABLE):
        for hidden, (continuous, discrete) in TABLE[data].items():
            axes = panels[row, hidden - 1]
            axes.axhline(continuous, color="black", linewidth=0.9, label="document, continuous")
            axes.axhline(discrete, color="black", linewidth=0.9, linestyle=(0, (1, 3)), label="document, Adam")
            axes.set_title(f"{data}, {hidden} hidden layer" + "s" * (hidden > 1), fontsize="medium")
            axes.set_xlabel("presentations")
        panels[row, 0].set_ylabel("test accuracy")
        for sweep in SWEEPS[data]:
            for keys, some in sweeps.load(f"{folder}/{sweep}").combinations():
                tell(sweep, keys, some)
                draw(panels[row, hidden_of(keys) - 1], sweep, keys, some)
    for axes in panels[0, :2]:
        axes.set_xscale("log")
        ticks = (2000, 5000, 10000, 20000, 50000, 120000)
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks], fontsize="small")
        axes.minorticks_off()
    panels[0, 0].set_ylim(0.75, 0.97)
    panels[0, 1].set_ylim(0.1, 1)
    for axes in panels[1]:
        axes.set_ylim(0.7, 1.005)
        axes.set_xticks(range(0, 30001, 10000), [f"{tick:,}" for tick in range(0, 30001, 10000)])
    panels[0, 2].axis("off")
    panels[0, 2].legend(*panels[1, 0].get_legend_handles_labels(), loc="center")
    runs.save_figure(figure, "001-tables", dpi=95)


if __name__ == "__main__":
    main()
