#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Draw the series of a run as one figure.

    jobs/plot.py OUT [--out FILE.png]

OUT is the folder of a run, finished or not. The figure goes to OUT/series.png if no other place is
given. Layers are coloured by depth, dark on the input side.
"""
import argparse
import os
import sys

# A run that is still going may have the file open; we only read.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

try:
    import h5py
    import matplotlib
    import numpy as np
except ImportError as missing:
    sys.exit(f"plot: {missing}: install python3-h5py python3-matplotlib (jobs/setup.sh does)")

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.lines import Line2D  # noqa: E402
from matplotlib.ticker import FuncFormatter  # noqa: E402

PER_LAYER = ["W_norm", "V_norm", "alignment", "mismatch", "mismatch_law", "balance"]
MOST_IN_LEGEND = 8


def read_series(folder):
    """All columns by name; those of the test table as test/<name>."""
    path = os.path.join(folder, "series.h5")
    if not os.path.isdir(folder):
        sys.exit(f"plot: {folder}: no such folder")
    if not os.path.exists(path):
        sys.exit(f"plot: {path}: no such file; is {folder} the folder of a tauflow run?")
    try:
        with h5py.File(path, "r") as file:
            names = ["presentation", "t", "train_accuracy", "train_loss"] + PER_LAYER
            lacking = [name for name in names if name not in file]
            if lacking:
                sys.exit(f"plot: {path}: no column {lacking[0]}; not a tauflow series?")
            series = {name: file[name][()] for name in names}
            for name in ("presentation", "accuracy", "loss"):
                series["test/" + name] = file["test/" + name][()] if "test" in file else []
    except OSError as error:
        sys.exit(f"plot: {path}: {error}")
    if len(series["t"]) == 0:
        sys.exit(f"plot: {path}: no rows yet")
    return series


def read_summary(folder):
    """The flat `key: value` lines of summary.yml; empty while the run goes on."""
    path = os.path.join(folder, "summary.yml")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        pairs = [line.split(":", 1) for line in file if ":" in line and line[0] not in " #"]
    return {key.strip(): value.strip().strip("\"'") for key, value in pairs}


def title(folder, summary):
    name = summary.get("name") or os.path.basename(os.path.abspath(folder))
    if not summary:
        return f"{name}: not finished"
    text = f"{name}: {summary.get('status', 'status unknown')}"
    try:
        text += f", test accuracy {float(summary['test_accuracy']):.3f}"
    except (KeyError, ValueError):
        pass
    return text


def draw_layers(axes, x, columns, colours, style="-", width=1.4):
    """One line a layer. Returns whether there was a finite number to draw."""
    columns = np.ma.masked_invalid(np.asarray(columns, dtype=float))
    if axes.get_yscale() == "log":
        columns = np.ma.masked_less_equal(columns, 0.0)
    for layer in range(columns.shape[1] if columns.ndim == 2 else 0):
        if columns[:, layer].count() > 0:
            axes.plot(x, columns[:, layer], style, color=colours[layer], linewidth=width)
    return bool(columns.count())


def say_nothing_here(axes, text):
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4")
    axes.set_yticks([])
    axes.yaxis.set_minor_locator(matplotlib.ticker.NullLocator())


def key_styles(axes, styles, **where):
    handles = [Line2D([], [], color=c, linestyle=s, label=text) for text, c, s in styles]
    axes.legend(handles=handles, fontsize="small", framealpha=0.85, **where)


def draw_learning(accuracy, loss, series):
    x, x_test = series["presentation"], series["test/presentation"]
    marker = "o" if len(x_test) <= 40 else ""
    for axes, name in ((accuracy, "accuracy"), (loss, "loss")):
        values = np.ma.masked_invalid(series["train_" + name])
        axes.plot(x, values, color="0.55", linewidth=1.2, label="training (moving average)")
        if len(x_test):
            axes.plot(x_test, series["test/" + name], color="tab:red", marker=marker,
                      markersize=4, linewidth=1.4, label="test")
        axes.legend(fontsize="small", framealpha=0.85)
    accuracy.set_ylim(0.0, 1.02)
    accuracy.set_title("accuracy")
    loss.set_title("loss")
    values = np.ma.masked_invalid(np.concatenate([series["train_loss"], series["test/loss"]]))
    if values.count() and values.min() > 0 and values.max() > 50 * values.min():
        loss.set_yscale("log")
    else:
        loss.set_ylim(bottom=0.0)


def draw_norms(axes, series, colours):
    x = series["presentation"]
    norms = np.ma.masked_invalid(series["W_norm"])
    if norms.count() and norms.max() > 100 * max(norms.min(), 1e-300):
        axes.set_yscale("log")
    draw_layers(axes, x, series["W_norm"], colours)
    has_feedback = draw_layers(axes, x, series["V_norm"], colours, "--")
    axes.set_title(r"weight norms $|W_l|_F$, $|V_l|_F$")
    styles = [("$W$, forward", "0.3", "-")] + [("$V$, feedback", "0.3", "--")] * has_feedback
    key_styles(axes, styles)


def draw_mismatch(axes, series, colours):
    axes.set_yscale("log")
    x = series["presentation"]
    axes.set_title(r"mismatch $|V_l^{\rm T} - W_{l+1}|_F$")
    # The law is wide and pale, below the measured line, so that agreement shows as one in the other.
    has_law = draw_layers(axes, x, series["mismatch_law"], ["0.8"] * len(colours), "-", 5.0)
    if not draw_layers(axes, x, series["mismatch"], colours):
        say_nothing_here(axes, r"zero, or no $V$ of that shape")
        return
    handles = [Line2D([], [], color="0.3", label="measured")]
    if has_law:
        law = r"law $\exp(-t/\tau_{\rm dec})$"
        handles.append(Line2D([], [], color="0.8", linewidth=5.0, label=law))
    axes.legend(handles=handles, fontsize="small", framealpha=0.85)
    label_short_log_axis(axes)


def label_short_log_axis(axes):
    """A log axis over about a decade has few labelled ticks; give it more, as plain numbers."""
    low, high = axes.get_ylim()
    if high / low < 60.0:
        plain = FuncFormatter(lambda value, _: f"{value:.3g}")
        axes.yaxis.set_major_locator(matplotlib.ticker.LogLocator(subs=(1.0, 2.0, 5.0)))
        if high / low < 3.0:
            axes.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5))
        axes.yaxis.set_major_formatter(plain)
        axes.yaxis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def draw(folder, target):
    series, summary = read_series(folder), read_summary(folder)
    x = series["presentation"]
    layers = series["W_norm"].shape[1]
    colour_map = matplotlib.colors.LinearSegmentedColormap.from_list(
        "depth", plt.get_cmap("viridis")(np.linspace(0.0, 0.92, 256)))
    colours = [colour_map(l / max(layers - 1, 1)) for l in range(layers)]

    figure, panels = plt.subplots(2, 3, figsize=(13.5, 7.4), sharex=True, layout="constrained")
    (accuracy, norms, alignment), (loss, balance, mismatch) = panels
    draw_learning(accuracy, loss, series)
    draw_norms(norms, series, colours)

    alignment.set_title(r"alignment $\cos(V_l^{\rm T}, W_{l+1})$")
    if draw_layers(alignment, x, series["alignment"], colours):
        alignment.axhline(1.0, color="0.45", linestyle=":", linewidth=1.2)
        alignment.set_ylim(top=1.05)
    else:
        say_nothing_here(alignment, r"no $V$ of that shape")
    draw_mismatch(mismatch, series, colours)

    balance.set_yscale("log")
    balance.set_title(r"balance $\tau_{\rm dec}\,|z_l|\,|y_{l-1}|\;/\;(\tau_{\rm pot}\,|W_l|)$")
    if draw_layers(balance, x, series["balance"], colours):
        balance.axhline(1.0, color="0.45", linestyle=":", linewidth=1.2)
        label_short_log_axis(balance)
    else:
        say_nothing_here(balance, "nothing recorded yet")

    for axes in panels.flat:
        axes.grid(True, color="0.93", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.margins(x=0.02)
    for axes in panels[1]:
        axes.set_xlabel("presentations")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))
    if layers <= MOST_IN_LEGEND:
        handles = [Line2D([], [], color=c, linewidth=2.5, label=str(l + 1))
                   for l, c in enumerate(colours)]
        panels[0, 2].legend(handles=handles, title="layer $l$", loc="upper left",
                            bbox_to_anchor=(1.02, 1.0), frameon=False)
    else:
        scale = plt.cm.ScalarMappable(plt.Normalize(1, layers), colour_map)
        bar = figure.colorbar(scale, ax=panels, shrink=0.6, pad=0.015, aspect=30)
        bar.set_label("layer $l$, from the input up")
        bar.ax.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    seconds = f"{series['t'][-1]:,.4g} s simulated"
    figure.suptitle(f"{title(folder, summary)}   ({seconds})", fontsize="x-large")
    figure.savefig(target, dpi=110)


def main():
    parser = argparse.ArgumentParser(description="Draw the series of a tauflow run as one figure.")
    parser.add_argument("folder", metavar="OUT", help="the folder of the run")
    parser.add_argument("--out", metavar="FILE.png", help="the figure (OUT/series.png)")
    arguments = parser.parse_args()
    target = arguments.out or os.path.join(arguments.folder, "series.png")
    try:
        draw(arguments.folder, target)
    except OSError as error:
        sys.exit(f"plot: {target}: {error.strerror or error}")
    print(f"figure: {target}")


if __name__ == "__main__":
    main()
