#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Accuracy over tau_pot and tau_prop, a panel a network (001, figure 7):

    plot.py FOLDER FIGURE.png        FOLDER holds a sweep tau-<ms> for each tau_prop
"""
import glob
import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import heatmap  # noqa: E402
import sweeps  # noqa: E402


def main(folder, target):
    found = {float(path.rsplit("-", 1)[1]): sweeps.load(path) for path in glob.glob(os.path.join(folder, "tau-*"))}
    networks = list(dict.fromkeys(next(iter(found.values())).keys["network.widths"]))
    tau_pots, seeds = (len(np.unique(next(iter(found.values())).keys[key])) for key in ("kp.tau_pot", "seed"))
    figure, panels = heatmap.panels_of(networks, tau_pots, len(found))
    for axes, network in zip(panels, networks):
        chosen = {tau: sweep.select({"network.widths": network}) for tau, sweep in found.items()}
        tau_pot = np.concatenate([some.keys["kp.tau_pot"] for some in chosen.values()])
        tau_prop = np.concatenate([np.full(len(some), tau) for tau, some in chosen.items()])
        values = np.concatenate([heatmap.accuracy(some) for some in chosen.values()])
        xs, ys, grid, half, lost = heatmap.seeds_grids(tau_pot, tau_prop, values)
        image = heatmap.panel(axes, xs, ys, grid, 0.1, half if seeds > 1 else None, lost)
        axes.set_title(network.strip("[]").replace(", ", "-"), fontsize="medium")
        axes.set_xlabel(r"$\tau_{\rm pot}$ [s]   ($\times$: diverged)")
        for tau, row, around, gone in zip(ys, grid, half, lost):
            cells = (f"{x:g}:{a:.3f}+-{h:.3f}" + (f" ({g:.0%} diverged)" if g else "")
                     for x, a, h, g in zip(xs, row, around, gone))
            print(network, f"tau_prop {tau:g} ms:", *cells)
    panels[0].set_ylabel(r"$\tau_{\rm prop}$ [ms]")
    figure.colorbar(image, ax=panels, label=f"test accuracy\n{heatmap.of_seeds(seeds)}", shrink=0.9)
    figure.savefig(target, dpi=100)
    print(f"figure: {target}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
