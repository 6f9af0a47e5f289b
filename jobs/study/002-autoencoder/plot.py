#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Test loss of the autoencoder through training at each method's best rate, at the end against the
rate, and the energies of batches on the way; means over seeds.

    plot.py FOLDER FIGURE.png

The best rate has the lowest mean test loss at the end. Prints what the tables hold.
"""
import os
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

STYLES = {("bp", False): ("0.6", "-"), ("pc", False): ("black", "-"),
          ("bp", True): ("0.6", "--"), ("pc", True): ("black", "--")}
LEARNED = 35.0


def methods(folder, names):
    """{(rule, scaled): [(rate, members)]}, ascending."""
    found = {}
    for name in names:
        for keys, some in sweeps.load(os.path.join(folder, name)).combinations():
            scaled = keys.get("pc.scale", "none") != "none" or name.endswith("scaled")
            found.setdefault((keys["pc.rule"], scaled), []).append((float(keys["pc.rate"]), some))
    return {key: sorted(points, key=lambda p: p[0]) for key, points in found.items()}


def end(some):
    """Mean test loss at the end; nan where a seed diverged."""
    return some.summary["test_loss"].mean() if np.all(some.summary["status"] == "done") else np.nan


def tell(title, rates, ends, k, some):
    def last(name):
        return some.curves[name][:, -1].mean()
    below = some.test["loss"].mean(axis=0) < LEARNED
    first = some.row("test/presentation")[np.argmax(below)] if below.any() else np.inf
    edge = ", ON THE EDGE" if k in (0, len(rates) - 1) else ""
    print(f"{title}: rate {rates[k]:g}{edge}: test loss {ends[k]:.2f} ({some.summary['test_loss'].min():.2f} to "
          f"{some.summary['test_loss'].max():.2f}), below {LEARNED:g} after {first:g}; energy {last('energy_feedforward'):.2f} "
          f"and {last('energy_equilibrium'):.2f}, settled {last('settled'):.2f}, kinks {last('kinks'):.1f}, "
          f"passes {last('iterations'):.0f}, alignment {last('target_alignment_limit'):.3f}")


def draw(axes, folder, names, title):
    curves, rates, energies = axes
    for (rule, scaled), points in methods(folder, names).items():
        colour, dash = STYLES[rule, scaled]
        label = rule + (", scaled" if scaled else "")
        ends = np.array([end(some) for _, some in points])
        at = [rate for rate, _ in points]
        k = int(np.nanargmin(ends))
        some = points[k][1]
        tell(f"{title}, {label}", at, ends, k, some)
        curves.plot(some.row("test/presentation"), some.test["loss"].mean(axis=0), color=colour, linestyle=dash, label=label)
        rates.plot(at, ends, color=colour, linestyle=dash, marker="o", markersize=3, label=label)
        if rule == "pc":
            x = some.row("curves/presentation")
            energies.plot(x, some.curves["energy_feedforward"].mean(axis=0), color="0.6", linestyle=dash,
                          label=f"{label}: forward pass")
            energies.plot(x, some.curves["energy_equilibrium"].mean(axis=0), color="black", linestyle=dash,
                          label=f"{label}: equilibrium")
    curves.set_xlabel("updates")
    curves.set_ylabel(r"test loss, $\frac{1}{2}|y - \hat y|^2$ an image")
    rates.set_xlabel("rate")
    rates.set_ylabel("test loss at the end")
    rates.set_xscale("log")
    energies.set_xlabel("updates")
    energies.set_ylabel("energy an image of the batch")
    energies.set_ylim(bottom=0)
    for panel in axes:
        panel.set_title(title, fontsize=9)
        panel.legend(fontsize=7)


def main(folder, figure):
    _, axes = plt.subplots(2, 3, figsize=(11, 6.4))
    draw(axes[0], folder, ["online"], "batch 1")
    draw(axes[1], folder, ["batch", "batch-scaled"], "batch 64")
    plt.tight_layout()
    plt.savefig(figure, dpi=110)


if __name__ == "__main__":
    main(*sys.argv[1:])
