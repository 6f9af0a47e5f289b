#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Learning curves at each method's best rate and final errors against the rate, means over seeds.

    plot.py FOLDER FIGURES

Figures are FIGURES-curves.png (square networks), FIGURES-rates.png (the same against the rate),
FIGURES-widths.png (one hidden layer of 15, 20 and 40 units) and FIGURES-safeguard.png. The best
rate is the one with the lowest mean error at the end, errors below 1e-20 being alike: of those, the
one that gets there first. A rate at which a seed diverged is out. Prints what the tables hold.
"""
import os
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

FLOOR = 1e-20
BLOWN = 100.0  # a mapping error; at the start it is 20 to 45
LEARNED = 0.1
STYLES = {("bp", False): ("0.6", "-"), ("pc", False): ("black", "-"),
          ("bp", True): ("0.6", "--"), ("pc", True): ("black", "--")}


class Line:
    """A method over its rates: rates [R], curves [R][rows] and ends [R], means over seeds, nan where
    a seed diverged; ranges [R] (least, most); best, an index, or None where all diverged."""

    def __init__(self, members):
        points = sorted(((float(keys["pc.rate"]), some) for keys, some in members), key=lambda p: p[0])
        self.rates = np.array([rate for rate, _ in points])
        self.updates = np.nanmax([some.curves["presentation"] for _, some in points], axis=(0, 1))
        self.curves = np.full((len(points), len(self.updates)), np.nan)
        self.ends = np.full(len(points), np.nan)
        self.ranges = [(np.nan, np.nan)] * len(points)
        for k, (_, some) in enumerate(points):
            if np.all(some.summary["status"] == "done"):
                self.curves[k] = some.curves["mapping_error"].mean(axis=0)
                end = some.summary["mapping_error"]
                self.ends[k], self.ranges[k] = end.mean(), (end.min(), end.max())
        order = [(max(end, FLOOR), self.reaches(k, FLOOR), k) for k, end in enumerate(self.ends)
                 if np.isfinite(end)]
        self.best = min(order)[2] if order else None

    def reaches(self, k, error):
        """The first update at which the mean error is below `error`."""
        below = self.curves[k] < error
        return self.updates[np.argmax(below)] if below.any() else np.inf

    def says(self):
        if self.best is None:
            return "diverged at all rates"
        k = self.best
        edge = ", ON THE EDGE" if k in (0, len(self.rates) - 1) else ""
        return (f"rate {self.rates[k]:g}{edge}: {self.ends[k]:.3g} ({self.ranges[k][0]:.3g} to "
                f"{self.ranges[k][1]:.3g}), below {LEARNED:g} after {self.reaches(k, LEARNED):g}")


def load(folder, keep=lambda keys: True, method=lambda keys: (keys["pc.rule"], keys["pc.scale"] != "none")):
    groups = {}
    for keys, some in sweeps.load(folder).combinations():
        if keep(keys):
            groups.setdefault(method(keys), []).append((keys, some))
    return {key: Line(members) for key, members in groups.items()}


def name_of(method):
    return method[0] + (", scaled" if method[1] else "")


def draw_curves(axes, lines, fast):
    for method, line in lines.items():
        if line.best is not None:
            colour, dash = STYLES[method]
            axes.plot(line.updates, line.curves[line.best], color=colour, linestyle=dash, label=name_of(method))
    axes.set_xscale("log" if fast else "linear")
    axes.set_yscale("log")
    axes.set_xlabel("updates")


def draw_rates(axes, lines, _):
    for method, line in lines.items():
        colour, dash = STYLES[method]
        axes.plot(line.rates, line.ends, color=colour, linestyle=dash, marker="o", markersize=2.5,
                  label=name_of(method))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rate")


def tell(title, lines):
    for method, line in lines.items():
        print(f"{title}: {name_of(method)}: {line.says()}")


def tell_blown(folder, title):
    """Where scaled pc leaves its bounds: seeds and the first update, rate by rate."""
    scaled = sweeps.load(folder).select({"pc.rule": "pc", "pc.scale": "sample"})
    for keys, some in scaled.combinations():
        beyond = some.curves["mapping_error"] > BLOWN
        if beyond.any():
            first = some.row("curves/presentation")[np.argmax(beyond.any(axis=0))]
            print(f"{title}, pc scaled, rate {keys['pc.rate']:g}: {beyond.any(axis=1).sum()} of {len(some)} seeds beyond "
                  f"{BLOWN:g}, the first after {first:g} updates")


def square(keys):
    return keys.get("network.widths", "[20, 20, 20]") == "[20, 20, 20]"


def draw_square(folder, target):
    """Square networks: batches above, single samples below; one and eight layers, both starts."""
    columns = [("1", "1 hidden layer, norm preserving"), ("1-kaiming", "1 hidden layer, Kaiming"),
               ("8", "8 hidden layers, norm preserving"), ("8-kaiming", "8 hidden layers, Kaiming")]
    found = {}
    for kind in ("batch", "online"):
        for suffix, title in columns:
            found[kind, suffix] = load(os.path.join(folder, f"{kind}-{suffix}"), square)
            tell(f"{kind}, {title}", found[kind, suffix])
            if kind == "online" and suffix[0] == "8":
                tell_blown(os.path.join(folder, f"{kind}-{suffix}"), title)
    for name, draw in (("curves", draw_curves), ("rates", draw_rates)):
        _, axes = plt.subplots(2, 4, figsize=(11.5, 5.6), sharey="row")
        for row, kind in zip(axes, ("batch", "online")):
            for panel, (suffix, title) in zip(row, columns):
                draw(panel, found[kind, suffix], kind == "batch")
                panel.set_title(f"{title}\nbatch {'64' if kind == 'batch' else '1'}", fontsize=9)
            row[0].set_ylim(1e-32 if kind == "batch" else 1e-6, 3e2)
        finish(axes, f"{target}-{name}.png", axes[0][3], "lower left")


def least_possible(folder, width):
    """The mean over seeds of the least error that so few hidden units allow: what is beyond the
    first `width` singular values of W_data, which square networks have learned."""
    learned = sweeps.load(folder).select({"network.widths": "[20, 20, 20]", "pc.rule": "pc", "pc.scale": "regularize"})
    rest = {}
    for k, member in enumerate(learned.member):
        if learned.summary["status"][k] == "done" and learned.summary["mapping_error"][k] < FLOOR:
            with h5py.File(os.path.join(folder, f"member-{member:05d}", "state-last.h5")) as file:
                values = np.linalg.svd(file["layer02/W"][()] @ file["layer01/W"][()], compute_uv=False)
            rest[learned.keys["seed"][k]] = np.sum(values[width:] ** 2)
    return np.mean(list(rest.values()))


def draw_widths(folder, target):
    """Figure 8: widths of the hidden layer, curves and rates, batches and single samples."""
    print(f"15 hidden units: least possible error {least_possible(os.path.join(folder, 'batch-1'), 15):.4f}")
    _, axes = plt.subplots(4, 3, figsize=(9, 10.5), sharey="row")
    for k, kind in enumerate(("batch", "online")):
        for column, width in enumerate((15, 20, 40)):
            lines = load(os.path.join(folder, f"{kind}-1"),
                         lambda keys: keys["network.widths"] == f"[20, {width}, 20]")  # noqa: B023
            tell(f"{kind}, width {width}", lines)
            for panel, draw in ((axes[2 * k][column], draw_curves), (axes[2 * k + 1][column], draw_rates)):
                draw(panel, lines, kind == "batch")
                panel.set_title(f"{width} hidden units, batch {'64' if k == 0 else '1'}", fontsize=9)
                panel.set_ylim(1e-32 if k == 0 else 1e-11, 3e2)
    finish(axes, f"{target}-widths.png", axes[0][0], "lower left")


def draw_safeguard(folder, target):
    scales, trusts = ("none", "sample", "regularize"), {0.0: ("0.6", "-"), 0.1: ("black", "--"), 0.03: ("black", ":")}
    _, axes = plt.subplots(2, 3, figsize=(9, 5.6), sharey=True)
    for row, (name, title) in zip(axes, (("safeguard", "norm preserving"), ("safeguard-kaiming", "Kaiming"))):
        found = load(os.path.join(folder, name), method=lambda keys: (keys["pc.scale"], float(keys["pc.trust"])))
        for panel, scale in zip(row, scales):
            for trust, (colour, dash) in trusts.items():
                line = found[scale, trust]
                print(f"safeguard, {title}: {scale}, trust {trust:g}: {line.says()}")
                panel.plot(line.rates, line.ends, color=colour, linestyle=dash, marker="o", markersize=2.5,
                           label=f"trust {trust:g}" if trust else "no trust")
            panel.set_title(f"scale {scale}\n{title}", fontsize=9)
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_ylim(0.3, 1e5)
            panel.set_xlabel("rate")
    finish(axes, f"{target}-safeguard.png", axes[1][0], "upper left")


def finish(axes, path, keyed, place):
    for row in axes:
        row[0].set_ylabel(r"$|W_{\rm data} - W_L \cdots W_1|^2$")
    keyed.legend(fontsize=8, loc=place)
    plt.tight_layout()
    plt.savefig(path, dpi=110)
    plt.close()


if __name__ == "__main__":
    draw_square(*sys.argv[1:])
    draw_widths(*sys.argv[1:])
    draw_safeguard(*sys.argv[1:])
