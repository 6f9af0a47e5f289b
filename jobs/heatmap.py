# SPDX-License-Identifier: BSD-3-Clause
"""Heat maps of test accuracy over two keys of a sweep, one panel a network, numbers in the cells."""
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402


def accuracy(sweep):
    """Test accuracy of each member; not-a-number for those that diverged or failed."""
    return np.where(sweep.summary["status"] == "done", sweep.summary["test_accuracy"], np.nan)


def grid_of(x, y, values, of):
    """Distinct x and y, and of(values of the members there) [y][x]; not-a-number where there are none."""
    xs, ys = np.unique(x), np.unique(y)
    grid = np.full((len(ys), len(xs)), np.nan)
    for i, one_y in enumerate(ys):
        for j, one_x in enumerate(xs):
            here = (x == one_x) & (y == one_y)
            if here.any():
                grid[i, j] = of(values[here])
    return xs, ys, grid


def mean_grid(x, y, values):
    """The mean over members; not-a-number where any has none."""
    return grid_of(x, y, values, np.mean)


def seeds_grids(x, y, values):
    """Distinct x and y; mean over seeds, half of what is between the least and the largest, and the
    share of seeds that have none, as grids."""
    xs, ys, mean = mean_grid(x, y, values)
    return (xs, ys, mean, grid_of(x, y, values, lambda v: np.ptp(v) / 2)[2],
            grid_of(x, y, values, lambda v: np.isnan(v).mean())[2])


def of_seeds(seeds):
    """What the numbers of cells are, in words."""
    return "one seed" if seeds == 1 else f"mean of {seeds} seeds"


def text_of(value, half, lost):
    """What a cell says: the value, with half its range if there is one; a cross, with the share of
    seeds lost if it is not all of them."""
    if not np.isfinite(value):
        return "\u00d7" if lost is None or lost == 1 else f"\u00d7\n{100 * lost:.0f} %"
    return f"{value:.2f}" if half is None else f"{value:.2f}\n\u00b1{half:.2f}"


def panel(axes, xs, ys, grid, chance, half=None, lost=None):
    """One map, rows ys from the bottom. Returns the image. Hatching and a cross stand for divergence.

    half and lost: grids of seeds_grids.
    """
    colours = plt.get_cmap("Greys_r").copy()
    colours.set_bad(alpha=0)
    axes.set_facecolor("white")
    axes.patch.set(hatch="////", edgecolor="0.75")
    image = axes.imshow(np.ma.masked_invalid(grid), origin="lower", aspect="auto", cmap=colours, vmin=chance, vmax=1)
    for i in range(len(ys)):
        for j in range(len(xs)):
            value = grid[i, j]
            text = text_of(value, None if half is None else half[i, j], None if lost is None else lost[i, j])
            dark = np.isfinite(value) and value < (chance + 1) / 2
            axes.text(j, i, text, ha="center", va="center", fontsize=12 if len(text) == 1 else 7,
                      color="white" if dark else "black")
    axes.set_xticks(range(len(xs)), [f"{value:g}" for value in xs], fontsize="small")
    axes.set_yticks(range(len(ys)), [f"{value:g}" for value in ys], fontsize="small")
    return image


def panels_of(networks, columns, rows):
    """A figure with one panel a network, cells large enough for their numbers; wide maps are stacked."""
    stacked = columns > 10
    width, height = 0.44 * columns, 0.34 * rows + 0.9
    shape = (len(networks), 1) if stacked else (1, len(networks))
    return plt.subplots(*shape, figsize=(1.5 + width * shape[1], 0.6 + height * shape[0]), sharey=True, sharex=stacked,
                        layout="constrained")
