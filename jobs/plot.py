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

NEEDED = ["presentation", "t", "train_accuracy", "train_loss", "W_norm"]
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
            lacking = [name for name in NEEDED if name not in file]
            if lacking:
                sys.exit(f"plot: {path}: no column {lacking[0]}; not a tauflow series?")
            series = {name: data[()] for name, data in file.items() if isinstance(data, h5py.Dataset)}
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
        accuracy = float(summary["test_accuracy"])
        if np.isfinite(accuracy):
            text += f", test accuracy {accuracy:.3f}"
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


def holds(series, *names):
    """Whether any of these columns is there and has a finite number."""
    return any(np.isfinite(series[name]).any() for name in names if len(series.get(name, [])))


def draw_learning(axes, series, name):
    x, x_test = series["presentation"], series["test/presentation"]
    marker = "o" if len(x_test) <= 40 else ""
    values = np.ma.masked_invalid(series["train_" + name])
    axes.plot(x, values, color="0.55", linewidth=1.2, label="training (moving average)")
    if len(x_test):
        axes.plot(x_test, series["test/" + name], color="tab:red", marker=marker,
                  markersize=4, linewidth=1.4, label="test")
    axes.legend(fontsize="small", framealpha=0.85)
    axes.set_title(name)


def draw_accuracy(axes, series, colours):
    draw_learning(axes, series, "accuracy")
    axes.set_ylim(0.0, 1.02)


def draw_loss(axes, series, colours):
    draw_learning(axes, series, "loss")
    values = np.ma.masked_invalid(np.concatenate([series["train_loss"], series["test/loss"]]))
    if values.count() and values.min() > 0 and values.max() > 50 * values.min():
        axes.set_yscale("log")
    elif values.count():
        axes.set_ylim(0.0, 1.05 * values.max())


def draw_norms(axes, series, colours):
    x = series["presentation"]
    norms = np.ma.masked_invalid(series["W_norm"])
    if norms.count() and norms.max() > 100 * max(norms.min(), 1e-300):
        axes.set_yscale("log")
    draw_layers(axes, x, series["W_norm"], colours)
    axes.set_title(r"weight norms $|W_l|_F$")
    if "V_norm" in series:
        has_feedback = draw_layers(axes, x, series["V_norm"], colours, "--")
        axes.set_title(r"weight norms $|W_l|_F$, $|V_l|_F$")
        key_styles(axes, [("$W$, forward", "0.3", "-")] + [("$V$, feedback", "0.3", "--")] * has_feedback)


def draw_alignment(axes, series, colours):
    axes.set_title(r"alignment $\cos(V_l^{\rm T}, W_{l+1})$")
    if draw_layers(axes, series["presentation"], series["alignment"], colours):
        axes.axhline(1.0, color="0.45", linestyle=":", linewidth=1.2)
        axes.set_ylim(top=1.05)
    else:
        say_nothing_here(axes, r"no $V$ of that shape")


def draw_balance(axes, series, colours):
    axes.set_yscale("log")
    axes.set_title(r"balance $\tau_{\rm dec}\,|z_l|\,|y_{l-1}|\;/\;(\tau_{\rm pot}\,|W_l|)$")
    if draw_layers(axes, series["presentation"], series["balance"], colours):
        axes.axhline(1.0, color="0.45", linestyle=":", linewidth=1.2)
        label_short_log_axis(axes)
    else:
        say_nothing_here(axes, "nothing recorded yet")


def draw_figures(axes, series, styles):
    """One line for each (column, colour, style, label) that has a number."""
    for name, colour, style, label in styles:
        if holds(series, name):
            axes.plot(series["presentation"], series[name], color=colour, linestyle=style,
                      linewidth=1.4, label=label)
    axes.legend(fontsize="small", framealpha=0.85)


def draw_target_alignment(axes, series, colours):
    axes.set_title(r"target alignment $\cos(y - \hat y,\, \Delta\hat y)$")
    draw_figures(axes, series, [("target_alignment_limit", "0.6", "-", "rate to 0"),
                                ("target_alignment", "black", "--", "of the update")])
    axes.set_ylim(min(axes.get_ylim()[0], 0.5), 1.05)


def draw_energy(axes, series, colours):
    axes.set_title("energy, mean of a batch")
    axes.set_yscale("log")
    draw_figures(axes, series, [("energy_feedforward", "0.6", "-", "forward pass"),
                                ("energy_equilibrium", "black", "--", "equilibrium")])


def draw_mapping(axes, series, colours):
    axes.set_title(r"$|W_{\rm data} - W_L \cdots W_1|_F^2$")
    axes.set_yscale("log")
    axes.plot(series["presentation"], series["mapping_error"], color="black", linewidth=1.4)


def draw_certificate(axes, series, colours):
    axes.set_title("certificate of the equilibrium")
    axes.set_yscale("log")
    axes.plot(series["presentation"], series["certificate"], color="black", linewidth=1.4)


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


# What a series may hold, in the order of panels: its columns, and how to draw them. A panel needs
# one of its columns with a number in it; those marked say themselves that there is none.
PANELS = [
    (("train_accuracy", "test/accuracy"), False, draw_accuracy),
    (("mapping_error",), False, draw_mapping),
    (("W_norm",), True, draw_norms),
    (("alignment",), True, draw_alignment),
    (("target_alignment", "target_alignment_limit"), False, draw_target_alignment),
    (("train_loss", "test/loss"), False, draw_loss),
    (("balance",), True, draw_balance),
    (("energy_feedforward", "energy_equilibrium"), False, draw_energy),
    (("mismatch",), True, draw_mismatch),
    (("certificate",), False, draw_certificate),
]


def colour_map():
    return matplotlib.colors.LinearSegmentedColormap.from_list(
        "depth", plt.get_cmap("viridis")(np.linspace(0.0, 0.92, 256)))


def key_layers(figure, panels, colours):
    layers = len(colours)
    if layers <= MOST_IN_LEGEND:
        handles = [Line2D([], [], color=c, linewidth=2.5, label=str(l + 1))
                   for l, c in enumerate(colours)]
        corner = panels[0, -1]
        own = corner.get_legend()
        corner.legend(handles=handles, title="layer $l$", loc="upper left",
                      bbox_to_anchor=(1.02, 1.0), frameon=False)
        if own:
            corner.add_artist(own)
    else:
        scale = plt.cm.ScalarMappable(plt.Normalize(1, layers), colour_map())
        bar = figure.colorbar(scale, ax=panels, shrink=0.6, pad=0.015, aspect=30)
        bar.set_label("layer $l$, from the input up")
        bar.ax.yaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))


def draw(folder, target):
    series, summary = read_series(folder), read_summary(folder)
    layers = series["W_norm"].shape[1]
    colours = [colour_map()(l / max(layers - 1, 1)) for l in range(layers)]
    chosen = [painter for columns, empty, painter in PANELS
              if holds(series, *columns) or (empty and columns[0] in series)]

    columns = 2 if len(chosen) in (2, 4) else 3
    rows = -(-len(chosen) // columns)
    figure, panels = plt.subplots(rows, columns, figsize=(4.5 * columns, 3.7 * rows), sharex=True,
                                  layout="constrained", squeeze=False)
    for axes, painter in zip(panels.flat, chosen):
        painter(axes, series, colours)
        axes.grid(True, color="0.93", linewidth=0.8)
        axes.set_axisbelow(True)
        axes.margins(x=0.02)
    key_layers(figure, panels, colours)
    for place, axes in enumerate(panels.flat):
        if place >= len(chosen):
            axes.set_visible(False)
        elif place + columns >= len(chosen):
            axes.xaxis.set_tick_params(labelbottom=True)
            axes.set_xlabel("updates" if "energy_feedforward" in series else "presentations")
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(5, integer=True))
    seconds = f"   ({series['t'][-1]:,.4g} s simulated)" if series["t"][-1] > 0 else ""
    figure.suptitle(title(folder, summary) + seconds, fontsize="x-large")
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
