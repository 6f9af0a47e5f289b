#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Percentiles over seeds, as a table and as document 000's figure 3.

    plot.py FOLDER      with the sweeps L5, L10 and, in the small form, L5-width-256; draws
                        docs/figures/study-000-table-1.png
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

RANKS = (0, 10, 25, 50, 75, 90, 100)
NAMES = ("min", "p10", "p25", "median", "p75", "p90", "max")
DOCUMENT = {20000: {"L = 5": (0.900, 0.912, 0.915, 0.923, 0.928, 0.935, 0.943),
                    "L = 10": (0.164, 0.207, 0.253, 0.323, 0.457, 0.577, 0.639)},
            120000: {"L = 5": (0.921, 0.930, 0.933, 0.936, 0.943, 0.949, 0.959),
                     "L = 10": (0.180, 0.209, 0.276, 0.369, 0.470, 0.584, 0.730)}}


def tell(name, values):
    """One row of the table."""
    print(f"{name:34s}" + "".join(f"{v:8.4f}" for v in values))


def envelope(axes, chosen, title, document):
    """Test accuracy over presentations: bands of all, 10-90 and 25-75 per cent, median, best."""
    x = chosen.row("test/presentation")
    low, p10, p25, median, p75, p90, high = chosen.envelope("test/accuracy", RANKS)
    for a, b, grey, label in ((low, high, "0.9", "min-max"), (p10, p90, "0.8", "10-90 %"),
                              (p25, p75, "0.68", "25-75 %")):
        axes.fill_between(x, a, b, color=grey, label=label)
    axes.plot(x, median, "-o", color="tab:blue", markersize=4, label="median")
    axes.plot(x, high, "--", color="tab:red", linewidth=1.2, label="maximum")
    axes.errorbar(x[-1] * 1.06, document[3], [[document[3] - document[0]], [document[6] - document[3]]],
                  fmt="s", color="black", capsize=4, markersize=4, label="document: min, median, max")
    axes.set_title(f"{title}, {len(chosen)} seeds")
    ticks = np.linspace(0, x[-1], 5)[1:].astype(int)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xlabel("presentations")
    axes.grid(True, color="0.94")
    axes.set_axisbelow(True)


def main():
    folder = sys.argv[1]
    L5, L10 = (sweeps.load(os.path.join(folder, name)) for name in ("L5", "L10"))
    shown = [("L = 5", keys["network.init"], chosen) for keys, chosen in L5.combinations()]
    wide = os.path.join(folder, "L5-width-256")
    if os.path.exists(wide):
        shown.append(("L = 5", "xavier, width 256", sweeps.load(wide)))
    shown.append(("L = 10", "xavier", L10))

    rows, last = L5.row("test/presentation"), DOCUMENT[20000]
    for presentations, document in DOCUMENT.items():
        if presentations not in rows:
            continue
        last = document
        at = np.flatnonzero(rows == presentations)[0]
        print(f"{f'test accuracy at {presentations:,}':34s}" + "".join(f"{name:>8s}" for name in NAMES))
        for name, values in document.items():
            tell(f"document, {name}", values)
        for depth, name, chosen in shown:
            tell(f"{depth}, {name}, {len(chosen)} seeds", chosen.envelope("test/accuracy", RANKS)[:, at])

    figure, panels = plt.subplots(1, len(shown), figsize=(1 + 4 * len(shown), 4.2), layout="constrained")
    for axes, (depth, name, chosen) in zip(panels, shown):
        envelope(axes, chosen, f"{depth}, {name}", last[depth])
        axes.set_ylim(*((0.7, 0.97) if depth == "L = 5" else (0, 0.75)))
    panels[0].set_ylabel("test accuracy")
    panels[0].legend(fontsize="small", loc="lower right")
    runs.save_figure(figure, "000-table-1")


if __name__ == "__main__":
    main()
