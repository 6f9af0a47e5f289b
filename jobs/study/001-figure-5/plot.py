#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Accuracy over label delay and sample time, a panel a network (001, figures 5 and 6):

    plot.py SWEEP_FOLDER FIGURE.png CHANCE
"""
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import heatmap  # noqa: E402
import sweeps  # noqa: E402


def outline_overlap(axes, delays, durations):
    """A line between cells where the label overlaps its sample, |delay| < T, and those where not."""
    for i, duration in enumerate(durations):
        inside = [j for j, delay in enumerate(delays) if abs(delay) < duration]
        left, right = min(inside) - 0.5, max(inside) + 0.5
        axes.plot([left, left], [i - 0.5, i + 0.5], "--", color="tab:red", linewidth=1.8)
        axes.plot([right, right], [i - 0.5, i + 0.5], "--", color="tab:red", linewidth=1.8)


def print_bands(name, delays, durations, grid, half):
    overlap = 1 - np.abs(delays)[None, :] / durations[:, None]
    bands = {"no overlap": overlap <= 0, "some overlap": (overlap > 0) & (overlap < 1), "no delay": overlap == 1}
    for text, cells in bands.items():
        values = grid[cells & np.isfinite(grid)]
        print(f"{name}, {text}: {values.min():.3f} to {values.max():.3f}, {cells.sum()} cells, "
              f"largest half range over seeds {np.nanmax(half[cells]):.3f}, median {np.nanmedian(half[cells]):.3f}")
    for duration, row, around in zip(durations, grid, half):
        print(f"  T {duration:g} ms: " + " ".join(f"{d:g}:{a:.3f}+-{h:.3f}" for d, a, h in zip(delays, row, around)))


def main(folder, target, chance):
    sweep = sweeps.load(folder)
    networks = list(dict.fromkeys(sweep.keys["network.widths"]))
    seeds = len(np.unique(sweep.keys["seed"]))
    figure, panels = heatmap.panels_of(networks, *(len(np.unique(sweep.keys[f"present.{key}"]))
                                                   for key in ("label_delay", "duration")))
    for axes, network in zip(panels, networks):
        chosen = sweep.select({"network.widths": network})
        delays, durations, grid, half, lost = heatmap.seeds_grids(
            chosen.keys["present.label_delay"] * 1e3, chosen.keys["present.duration"] * 1e3, heatmap.accuracy(chosen))
        image = heatmap.panel(axes, delays, durations, grid, chance, half if seeds > 1 else None, lost)
        outline_overlap(axes, delays, durations)
        axes.set_title(network.strip("[]").replace(", ", "-"), fontsize="medium")
        axes.set_xlabel("label delay [ms]  (negative: early)")
        print_bands(network, delays, durations, grid, half)
    panels[0].set_ylabel("sample time T [ms]")
    figure.colorbar(image, ax=panels, label=f"test accuracy\n{heatmap.of_seeds(seeds)}", shrink=0.9)
    figure.savefig(target, dpi=100)
    print(f"figure: {target}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
