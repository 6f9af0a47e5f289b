# SPDX-License-Identifier: BSD-3-Clause
"""Heat maps of test accuracy over two keys of a sweep, one panel a network, numbers in the cells."""
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def accuracy(sweep):
    """Test accuracy of each member; not-a-number for those that diverged or failed."""
    return np.where(sweep.summary["status"] == "done", sweep.summary["test_accuracy"], np.nan)


def mean_grid(x, y, values):
    """Distinct x and y, and the mean over members [y][x]; not-a-number where any has none."""
    xs, ys = np.unique(x), np.unique(y)
    grid = np.full((len(ys), len(xs)), np.nan)
    for i, one_y in enumerate(ys):
        for j, one_x in enumerate(xs):
            here = (x == one_x) & (y == one_y)
            if here.any():
                grid[i, j] = values[here].mean()
    return xs, ys, grid


def panel(axes, xs, ys, grid, chance):
    """One map, rows ys from the bottom. Returns the image. Hatching and a cross stand for divergence."""
    colours = plt.get_cmap("Greys_r").copy()
    colours.set_bad(alpha=0)
    axes.set_facecolor("white")
    axes.patch.set(hatch="////", edgecolor="0.75")
    image = axes.imshow(np.ma.masked_invalid(grid), origin="lower", aspect="auto", cmap=colours, vmin=chance, vmax=1)
    for i in range(len(ys)):
        for j in range(len(xs)):
            value = grid[i, j]
            dark = np.isfinite(value) and value < (chance + 1) / 2
            axes.text(j, i, f"{value:.2f}" if np.isfinite(value) else "\u00d7", ha="center", va="center",
                      fontsize=7 if np.isfinite(value) else 12, color="white" if dark else "black")
    axes.set_xticks(range(len(xs)), [f"{value:g}" for value in xs], fontsize="small")
    axes.set_yticks(range(len(ys)), [f"{value:g}" for value in ys], fontsize="small")
    return image
