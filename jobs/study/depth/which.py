#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Does anything early tell which seeds will learn? Rank correlations within each setting.

    which.py FOLDER NAME      with the sweeps NAME (the whole runs), NAME-1 and NAME-1000 (their beginnings);
                              draws docs/figures/study-depth-which.png if there is more than one setting

Needs TAUFLOW_DATA. Settings in which no seed learns have no say in the correlations.
"""
import os
import sys

import matplotlib
import numpy as np
from scipy import stats

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import heatmap  # noqa: E402
import runs  # noqa: E402
import signals  # noqa: E402
import sweeps  # noqa: E402

MOMENTS = {"1": "start", "1000": "1,000"}
QUANTITIES = {"spread": "spread of $s_L$", "dimensions": "dimensions of $s_L$", "error": "size of $z_1$",
              "direction": "$z_1$ by V against by W'", "alignment": "cos(V', W)"}
LEARNS = 0.2   # test accuracy of the best seed, at least
TRIALS = 2000  # permutations for a p value


def early(whole, x, target):
    """{"start: spread of s_L": value of each member, ...} of the sweeps of the beginnings."""
    found = {}
    for ending, moment in MOMENTS.items():
        folder = f"{whole}-{ending}"
        rows = [signals.measure(os.path.join(folder, f"member-{m:05d}"), x, target)
                for m in sweeps.load(folder).member]
        for key, words in QUANTITIES.items():
            found[f"{moment}: {words}"] = np.array([row[key] for row in rows])
    return found


def pooled(values, accuracy, cells):
    """Mean over the cells of Spearman's rho, and how often shuffled seeds give one as far from 0.

    The cells have the same seeds in the same order, and are shuffled together: they are not independent.
    """
    ranks = [(stats.rankdata(values[c]), stats.rankdata(accuracy[c])) for c in cells]

    def mean(order):
        return np.mean([np.corrcoef(a, b[order])[0, 1] if a.std() * b.std() > 0 else 0 for a, b in ranks])

    random, seeds = np.random.default_rng(0), len(cells[0])
    rho = mean(np.arange(seeds))
    chance = [mean(random.permutation(seeds)) for _ in range(TRIALS)]
    return rho, np.mean(np.abs(chance) >= abs(rho))


def dots(axes, rows):
    """One row of circles and a bar for each (name, values, where the bar is), the first on top."""
    for at, (_, values, bar) in enumerate(rows):
        axes.plot(values, [at] * len(values), "o", color="black", markerfacecolor="none", markersize=5)
        axes.plot([bar] * 2, [at - 0.3, at + 0.3], color="C1", linewidth=2.5)
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.grid(True, axis="x", color="0.9")


def draw(settings, accuracy, rows):
    """Seeds by setting, and the correlations."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.8), layout="constrained")
    dots(left, [(name, accuracy[c], np.median(accuracy[c])) for name, c in settings.items()])
    left.set_ylabel("gain, $\\tau_{dec}$")
    left.set_xlabel("test accuracy at the end [1]")
    left.set_title("circle: a seed; bar: their median", fontsize="medium")
    dots(right, rows)
    right.axvline(0, color="0.6", linewidth=0.8)
    right.set_xlim(-1, 1)
    right.set_xlabel("rank correlation with the accuracy at the end [1]")
    right.set_title("circle: a setting; bar: their mean", fontsize="medium")
    runs.save_figure(figure, "depth-which")


def main():
    folder = os.path.join(sys.argv[1], sys.argv[2])
    whole = sweeps.load(folder)
    accuracy = np.nan_to_num(heatmap.accuracy(whole))  # 0 if it diverged
    settings = {f"{float(k['network.gain']):g}, {float(k['kp.tau_dec']):g} s": some.member
                for k, some in whole.combinations()}
    live = [c for c in settings.values() if np.max(accuracy[c]) > LEARNS]
    found = early(folder, *signals.images())
    tests = whole.row("test/presentation")
    for at in (1000, 2000):
        found[f"{at:,}: test accuracy"] = whole.array("test/accuracy")[:, np.flatnonzero(tests == at)[0]]

    for name, c in settings.items():
        print(f"gain, tau_dec {name}: " + " ".join(f"{a:.3f}" for a in accuracy[c]))
    if not live:
        print("no setting learns")
        return
    rows = []
    for name, values in found.items():
        each = [stats.spearmanr(values[c], accuracy[c]).statistic if np.ptp(values[c]) > 0 else 0 for c in live]
        rho, p = pooled(values, accuracy, live)
        print(f"{name:36s} rho {rho:+.2f}, p {p:.3f}; by setting " + " ".join(f"{r:+.2f}" for r in each))
        rows.append((name, each, rho))
    same = [stats.spearmanr(accuracy[a], accuracy[b]).statistic for i, a in enumerate(live) for b in live[:i]]
    print(f"the same seeds in two settings: rho {np.round(same, 2)}")
    if len(settings) > 1:
        draw(settings, accuracy, rows)


if __name__ == "__main__":
    main()
