#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draw and print what depth.py found; parts that have not been run are left out.

    jobs/study/depth/plot.py [--work FOLDER] [--figures FOLDER] [--full]
"""
import argparse
import gzip
import os

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

import depth  # noqa: E402

SHOWN = 200  # test images that signals are measured on
QUANTILES = [0, 10, 25, 50, 75, 90, 100]
# Document 000, Table 1, L = 10 at 20,000 presentations, at the same percentiles.
DOCUMENT = [0.164, 0.207, 0.253, 0.323, 0.457, 0.577, 0.639]
LINES = ["-", "--", "-.", ":"]


def collect(work, full):
    """part -> {name: test accuracies of the seeds that are there}; also prints them."""
    found = {}
    for part, list_of in depth.members(full).items():
        found[part] = {}
        for name, _, _, seeds in list_of:
            all_of = [depth.runs.summary(depth.folder(work, part, name, seed)) for seed in range(seeds)]
            there = [s for s in all_of if s]
            if not there:
                continue
            found[part][name] = [float(s["test_accuracy"]) for s in there]
            wall = sum(float(s["wall_s"]) for s in there)
            diverged = sum(s["status"] != "done" for s in there)
            print(f"{part:10} {name:28} {len(there):2} seeds, median {np.median(found[part][name]):.3f}: "
                  + " ".join(f"{a:.3f}" for a in found[part][name])
                  + f"  ({wall:.0f} s{f', {diverged} diverged' if diverged else ''})")
    return found


def draw_grid(found, target):
    """Accuracy without lag, over gain and decay."""
    grid = found["grid"]
    figure, panels = plt.subplots(1, len(depth.RULES), figsize=(11, 3.6), sharey=True, layout="constrained")
    titles = {"kp": "layerwise kp", "direct": "direct kp", "sgd": "sgd (V = W' throughout)"}
    for axes, rule in zip(panels, depth.RULES):
        values = np.array([[np.median(grid.get(f"{rule}, {g}, {d}", [np.nan])) for g in depth.GAINS]
                           for d in depth.DECAYS])
        image = axes.imshow(values, vmin=0.1, vmax=0.95, cmap="gray", origin="lower", aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            axes.text(column, row, f"{value:.2f}", ha="center", va="center",
                      color="black" if value > 0.55 else "white")
        axes.set_xticks(range(len(depth.GAINS)), depth.GAINS)
        axes.set_yticks(range(len(depth.DECAYS)), depth.DECAYS)
        axes.set_xlabel("gain on Xavier weights [1]")
        axes.set_title(titles[rule], fontsize="medium")
    panels[0].set_ylabel("$\\tau_{dec}$ [s]")
    figure.colorbar(image, label="test accuracy [1]")
    figure.savefig(target, dpi=110)


def images(path):
    """The first SHOWN test images, one a column, pixels 0..1."""
    name = os.path.join(path, "t10k-images-idx3-ubyte")
    opened = open(name, "rb") if os.path.exists(name) else gzip.open(name + ".gz", "rb")
    with opened as file:
        raw = file.read(16 + SHOWN * 784)
    return np.frombuffer(raw, np.uint8, offset=16).reshape(SHOWN, 784).T / 255.0


def signals(state, x):
    """Spread of the outputs over images, size of z_1 against z_L, and mean cosine of V' and W."""
    with h5py.File(state) as file:
        layers = sorted(name for name in file if name.startswith("layer"))
        W = [file[name]["W"][()].astype(float) for name in layers]
        V = [file[name]["V"][()].astype(float) for name in layers[:-1]]
    y, gates = x, []
    for matrix in W[:-1]:
        s = matrix @ y
        gates.append((s > 0) & (s < 1))
        y = np.clip(s, 0, 1)
    s = W[-1] @ y
    spread = np.sqrt(np.mean((s - s.mean(axis=1, keepdims=True)) ** 2))
    p = np.exp(s - s.max(axis=0))
    z = top = np.eye(len(s))[np.arange(x.shape[1]) % len(s)].T - p / p.sum(axis=0)
    for matrix, gate in zip(V[::-1], gates[::-1]):
        z = gate * (matrix @ z)
    cosine = [np.sum(v.T * w) / np.linalg.norm(v) / np.linalg.norm(w) for v, w in zip(V, W[1:])]
    return spread, np.sqrt(np.mean(z ** 2) / np.mean(top ** 2)), np.mean(cosine)


def draw_traces(work, target):
    """How the signal fades or lives in four runs without lag."""
    x = images(os.path.join(os.environ["TAUFLOW_DATA"], "mnist"))
    figure, panels = plt.subplots(1, 3, figsize=(11, 3.6), layout="constrained")
    for line, (name, (gain, decay)) in zip(LINES, depth.TRACES.items()):
        folder = depth.folder(work, "traces", name, 0)
        states = sorted((f for f in os.listdir(folder) if f.startswith("state-") and "last" not in f),
                        key=lambda f: int(f[6:-3]))
        at = np.array([int(f[6:-3]) for f in states])
        rows = np.array([signals(os.path.join(folder, f), x) for f in states])
        for axes, values in zip(panels, rows.T):
            axes.plot(at / 1000, values, line, color="black" if gain == "1" else "C1",
                      label=f"gain {gain}, $\\tau_{{dec}}$ = {decay} s")
        print(f"traces     {name}: " + "; ".join(f"{a}: {r[0]:.2e} {r[1]:.2e} {r[2]:.2f}"
                                                 for a, r in zip(at, rows) if a in (1000, 2000, 4000, 10000, 20000)))
        if (gain, decay) == ("1", "1000"):
            panels[0].plot(at / 1000, rows[0, 0] * np.exp(-10 * 0.05 * (at - at[0]) / 1000), color="0.6",
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
    panels[0].legend(fontsize="x-small", loc="lower left")
    figure.savefig(target, dpi=110)


def dots(axes, rows):
    """One row of seeds and its median for each name, the first on top."""
    for at, (name, values) in enumerate(rows):
        axes.plot(values, [at] * len(values), "o", color="black", markerfacecolor="none", markersize=5)
        axes.plot([np.median(values)] * 2, [at - 0.3, at + 0.3], color="C1", linewidth=2.5)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    axes.grid(True, axis="x", color="0.9")
    axes.set_xlabel("test accuracy, all 10,000 images [1]")


def draw_seeds(found, target):
    """The ladder of single changes, and the distribution over seeds."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    dots(left, list(found["steps"].items()))
    left.set_title("from document 000's setting, 20,000 presentations", fontsize="medium")
    rows = [(label, found[part][name]) for label, part, name in
            [("L = 10, best.yml", "best", "10"), ("L = 10, best, slower, 60,000", "longer", "slow"),
             ("L = 10, layerwise.yml, 60,000", "layerwise", "60000"), ("L = 20, best-20.yml", "best-20", "20")]
            if name in found[part]]
    dots(right, [("L = 10, document 000\n(percentiles of 100 seeds)", DOCUMENT)] + rows)
    right.set_title("seeds (circles) and their median (bar)", fontsize="medium")
    figure.savefig(target, dpi=110)


def main():
    parser = argparse.ArgumentParser(description="Draw the study of depth.")
    parser.add_argument("--work", default=depth.WORK, help="folder of the runs")
    parser.add_argument("--figures", help="folder of the figures (that of the runs)")
    parser.add_argument("--full", action="store_true", help="of depth.py --full")
    arguments = parser.parse_args()
    found = collect(arguments.work, arguments.full)
    if found["best"]:
        values = np.percentile(found["best"]["10"], QUANTILES)
        print("percentiles 0 10 25 50 75 90 100 of best.yml: " + " ".join(f"{v:.3f}" for v in values))
    place = os.path.join(arguments.figures or arguments.work, "study-depth-")
    if found["grid"]:
        draw_grid(found, place + "grid.png")
    if found["traces"]:
        draw_traces(arguments.work, place + "signal.png")
    if found["steps"]:
        draw_seeds(found, place + "seeds.png")


if __name__ == "__main__":
    main()
