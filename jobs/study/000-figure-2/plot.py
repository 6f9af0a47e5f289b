#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Clipped against normalised activities: accuracy, loss, alignment and norms, as document 000's figure 2.

    plot.py CLIPPED RMS      folder of the sweeps L5 and L10, folder of the sweep with kp.rms_norm

The seeds and presentations are those of the sweep with kp.rms_norm.
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

STYLE = {"clipped at 1": ("tab:blue", "-", "o"), "rms_norm 0.5": ("tab:red", "--", "s")}


def band(axes, some, what, name):
    """The median over seeds, and a band from the least to the largest; their last values in words."""
    colour, line, marker = STYLE[name]
    x, (low, median, high) = some.row("test/presentation"), some.envelope(what, (0, 50, 100))
    axes.fill_between(x, low, high, color=colour, alpha=0.25, linewidth=0)
    axes.plot(x, median, line, color=colour, marker=marker, markersize=4, linewidth=1.2, label=name)
    return f"{low[-1]:.4f}, {median[-1]:.4f}, {high[-1]:.4f}"


def draw(row, name, some, depth):
    colour, line, marker = STYLE[name]
    x = some.row("curves/presentation")
    accuracy, loss = band(row[0], some, "test/accuracy", name), band(row[1], some, "test/loss", name)
    alignment = np.nanmean(some.array("curves/alignment")[:, :, :depth - 1], axis=0)
    row[2].plot(x, np.mean(alignment[:, :-1], axis=1), line, color=colour, linewidth=1.8)
    row[2].plot(x, alignment[:, -1], line, color=colour, linewidth=0.8)
    # The hidden layers between: W_l and V_{l-1} of l = 2 .. L-1 have the same shape.
    W = np.nanmean(some.array("curves/W_norm")[:, :, 1:depth - 1], axis=(0, 2))
    V = np.nanmean(some.array("curves/V_norm")[:, :, :depth - 2], axis=(0, 2))
    row[3].semilogy(x, W, line, color=colour, linewidth=1.8)
    shown = slice(None, None, max(1, len(x) // 8))
    row[3].semilogy(x[shown], V[shown], linestyle="none", marker=marker, markerfacecolor="none",
                    color=colour, markersize=6)
    last = alignment[-1]
    print(f"L = {depth}, {name}: {len(some)} seeds; least, median, largest accuracy {accuracy}, loss {loss}\n"
          f"  alignment by layer {last.round(3)},"
          f" |W| {W[0]:.1f} -> {W[-1]:.1f}, |V| {V[0]:.1f} -> {V[-1]:.1f}")


def main():
    clipped, rms = sys.argv[1], sweeps.load(sys.argv[2])
    figure, panels = plt.subplots(2, 4, figsize=(14, 6.2), sharex=True, layout="constrained")
    by_depth = {widths["network.widths"].count(","): some for widths, some in rms.combinations()}
    for row, depth in zip(panels, (5, 10)):
        some = sweeps.load(os.path.join(clipped, f"L{depth}"))
        wanted = {"seed": by_depth[depth].keys["seed"]}
        if "network.init" in some.keys:
            wanted["network.init"] = "xavier"
        draw(row, "clipped at 1", some.select(wanted), depth)
        draw(row, "rms_norm 0.5", by_depth[depth], depth)
        row[0].set_ylabel(f"L = {depth}")
        row[0].set_ylim(0, 1)
        row[2].set_ylim(-0.1, 1.05)
    titles = ("test accuracy\nline: median of the seeds, band: all", "test loss",
              r"$\cos(V_l^T, W_{l+1})$" + "\nthick: mean of the lower, thin: top",
              r"$|W|$ (line), $|V|$ (marks)" + "\nmean of hidden layers")
    for axes, title in zip(panels[0], titles):
        axes.set_title(title, fontsize="medium")
    ticks = np.linspace(0, rms.row("test/presentation")[-1], 3).astype(int)
    for axes in panels.flat:
        axes.grid(True, color="0.94")
        axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    for axes in panels[1]:
        axes.set_xlabel("presentations")
    panels[0, 0].legend(fontsize="small", loc="center right")
    runs.save_figure(figure, "000-figure-2")


if __name__ == "__main__":
    main()
