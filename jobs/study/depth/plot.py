#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draw and print what the sweeps of the study of depth found; sweeps that are not there are left out.

    plot.py FOLDER      draws docs/figures/study-depth-{grid,signal,seeds,more}.png; needs TAUFLOW_DATA
"""
import os
import sys

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import heatmap  # noqa: E402
import runs  # noqa: E402
import signals  # noqa: E402
import sweeps  # noqa: E402

QUANTILES = [0, 10, 25, 50, 75, 90, 100]
# Document 000, Table 1, L = 10 at 20,000 presentations, at the same percentiles.
DOCUMENT = [0.164, 0.207, 0.253, 0.323, 0.457, 0.577, 0.639]
GRIDS = {"grid": "layerwise kp", "grid-direct": "direct kp", "grid-sgd": "sgd (V = W' throughout)"}
LINES = ["-", "--", ":"]


def there(folder, name):
    """The sweep of that name, or None."""
    path = os.path.join(folder, name)
    return sweeps.load(path) if os.path.exists(os.path.join(path, "sweep.h5")) else None


def tell(name, some):
    """One line: the seeds of one setting. Returns the accuracies of those that did not diverge."""
    found = heatmap.accuracy(some)
    good = found[np.isfinite(found)]
    median = f"median {np.median(good):.3f}" if len(good) else "no number"
    print(f"{name:44s} {len(found):2d} seeds, {np.sum(some.summary['status'] == 'diverged')} diverged, "
          f"{median}: " + " ".join(f"{a:.3f}" for a in found))
    return good


def tell_percentiles(name, some):
    """As tell, and the percentiles that document 000 gives."""
    found = tell(name, some)
    print("   percentiles 0 10 25 50 75 90 100: " + " ".join(f"{v:.3f}" for v in np.percentile(found, QUANTILES)))
    return found


def draw_grid(folder):
    """Accuracy without lag, over gain and decay."""
    found = {name: there(folder, name) for name in GRIDS}
    if None in found.values():
        return
    figure, panels = plt.subplots(1, len(GRIDS), figsize=(11, 3.6), sharey=True, layout="constrained")
    for axes, (name, some) in zip(panels, found.items()):
        for keys, chosen in some.combinations():
            tell(f"{name} {keys}", chosen)
        image = heatmap.panel(axes, *heatmap.mean_grid(some.keys["network.gain"], some.keys["kp.tau_dec"],
                                                       heatmap.accuracy(some)), chance=0.1)
        axes.set_xlabel("gain on Xavier weights [1]")
        axes.set_title(GRIDS[name], fontsize="medium")
    panels[0].set_ylabel("$\\tau_{dec}$ [s]")
    figure.colorbar(image, label="test accuracy [1]")
    runs.save_figure(figure, "depth-grid")


def draw_traces(folder):
    """How the signal fades or lives in runs without lag."""
    some = there(folder, "traces")
    if some is None:
        return
    x, target = signals.images()
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    gains = sorted(set(some.keys["network.gain"]))
    for member, gain, decay in zip(some.member, some.keys["network.gain"], some.keys["kp.tau_dec"]):
        place = os.path.join(folder, "traces", f"member-{member:05d}")
        at = np.array(sorted(int(f[6:-3]) for f in os.listdir(place) if f[6:-3].isdigit()))
        rows = [signals.measure(os.path.join(place, f"state-{a}.h5"), x, target) for a in at]
        name = f"gain {gain:g}, $\\tau_{{dec}}$ = {decay:g} s"
        for axes, what in zip(panels, ("spread", "error", "alignment")):
            axes.plot(at / 1000, [row[what] for row in rows], LINES[gains.index(gain) % len(LINES)],
                      color="black" if decay < 2000 else "C1", label=name)
        print(f"traces {name}: " + "; ".join(f"{a}: {r['spread']:.2e} {r['error']:.2e} {r['alignment']:.2f}"
                                             for a, r in zip(at, rows)))
        if gain == 1 and decay == 1000:
            panels[0].plot(at / 1000, rows[0]["spread"] * np.exp(-10 * 0.05 * (at - at[0]) / decay), color="0.6",
                           linewidth=4, zorder=0, label="$e^{-10t/\\tau_{dec}}$, 1000 s")
    titles = ["spread of $s_L$ over images [1]", "size of $z_1$ / size of $z_L$ [1]",
              "cos($V_l^T$, $W_{l+1}$), mean over l [1]"]
    for axes, title in zip(panels, titles):
        axes.set_title(title, fontsize="medium")
        axes.set_xlabel("presentations [1000]")
        axes.grid(True, color="0.92")
    for axes in panels[:2]:
        axes.set_yscale("log")
        axes.set_ylim(bottom=1e-7)
    panels[2].legend(*panels[0].get_legend_handles_labels(), fontsize="x-small", loc="upper left")
    runs.save_figure(figure, "depth-signal")


def name_of(keys):
    """What differs from document 000's setting."""
    changes = {"gain": float(keys["network.gain"]) != 1, "decay": float(keys["kp.tau_dec"]) != 1000,
               "delay": float(keys["present.label_delay"]) != 0, "direct": keys["kp.routing"] == "direct"}
    changed = [name for name, there_is in changes.items() if there_is]
    return {0: "000's own", 4: "all four = best.yml"}.get(len(changed), ", ".join(changed))


def dots(axes, rows):
    """One row of seeds and its median for each name, the first on top."""
    for at, (name, values) in enumerate(rows):
        # Next to each other in accuracy, above and below each other in the row.
        shift = np.arange(len(values)) % 5 * 0.12 - 0.24 if len(values) > 7 else np.zeros(len(values))
        axes.plot(np.sort(values), at + shift, "o", color="black", markerfacecolor="none", markersize=5)
        if len(values):
            axes.plot([np.median(values)] * 2, [at - 0.3, at + 0.3], color="C1", linewidth=2.5)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.grid(True, axis="x", color="0.9")
    axes.set_xlabel("test accuracy, all 10,000 images [1]")


def draw_seeds(folder):
    """All combinations of the four changes, and the distribution over seeds."""
    steps = there(folder, "steps")
    if steps is None:
        return
    rows = sorted([(name_of(keys), tell("steps " + name_of(keys), some)) for keys, some in steps.combinations()],
                  key=lambda row: (0 if "000" in row[0] else 9 if "all" in row[0] else row[0].count(",") + 1))
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    dots(left, rows)
    left.set_title("changes from document 000's setting", fontsize="medium")
    rows = [("L = 10, document 000\n(percentiles of 100 seeds)", DOCUMENT)]
    best = there(folder, "best")
    if best is not None:
        rows.append(("L = 10, best.yml", tell_percentiles("best", best)))
    dots(right, rows)
    right.set_title("seeds (circles) and their median (bar)", fontsize="medium")
    runs.save_figure(figure, "depth-seeds")


def draw_more(folder):
    """Layerwise feedback for longer, and twenty layers."""
    layerwise, twenty = there(folder, "layerwise"), there(folder, "best-20")
    if layerwise is None or twenty is None:
        return
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 3.4), layout="constrained", width_ratios=[1, 1.2])
    tests = layerwise.row("test/presentation")
    for k, (seed, accuracy) in enumerate(zip(layerwise.keys["seed"], layerwise.array("test/accuracy"))):
        line = ("-", "--", "-.", ":")[k % 4]
        left.plot(tests / 1000, accuracy, line, marker="o", color="black", markersize=4, label=f"seed {seed}")
        print(f"layerwise, seed {seed}: " + ", ".join(f"{t:g}: {a:.4f}" for t, a in zip(tests, accuracy)))
    left.set_xticks(tests / 1000)
    left.set_xlim(0, 1.4 * tests[-1] / 1000)
    left.set_xlabel("presentations [1000]")
    left.set_ylabel("test accuracy [1]")
    left.set_title("L = 10, layerwise.yml", fontsize="medium")
    left.grid(True, color="0.92")
    left.legend(fontsize="small", loc="lower right")
    dots(right, [("L = 10, document 000\n(percentiles of 100 seeds)", DOCUMENT),
                 ("L = 20, best-20.yml", tell_percentiles("best-20", twenty))])
    right.set_title("20,000 presentations: seeds (circles), median (bar)", fontsize="medium")
    runs.save_figure(figure, "depth-more")


def main():
    folder = sys.argv[1]
    draw_grid(folder)
    draw_traces(folder)
    draw_seeds(folder)
    draw_more(folder)
    for part in ("lag", "layerwise", "suspects"):
        place = os.path.join(folder, part)
        for name in sorted(os.listdir(place)) if os.path.isdir(place) and part == "suspects" else [""]:
            some = there(place, name)
            for keys, chosen in some.combinations() if some else []:
                tell(f"{part} {name} {keys}", chosen)


if __name__ == "__main__":
    main()
