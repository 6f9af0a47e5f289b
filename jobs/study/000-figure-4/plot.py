#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Signals and cumulative drive along a chain, from trace.h5, beside the closed form.

    plot.py FOLDER      with the runs FOLDER/5 and FOLDER/10; draws docs/figures/study-000-figure-4.png
"""
import os
import sys

import h5py
import matplotlib
import numpy as np
from scipy.integrate import quad
from scipy.special import gammainc

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import runs  # noqa: E402

TAU, T, TAU_POT = 1e-3, 50e-3, 1e6
DOCUMENT = {(5, 1): 41.0, (5, 5): 47.5, (10, 1): 31.0, (10, 10): 46.5}
STYLES = ["-", "--", "-.", ":"]


def read(folder, depth):
    """t [s]; y[l] for l = 0..L and z[l] for l = 1..L, z with the sign of figure 4; drive of the weights [ms]."""
    with h5py.File(f"{folder}/{depth}/trace.h5") as file:
        t = file["t"][()]
        y = [file["x"][:, 0]] + [file[f"layer{l:02d}/y"][:, 0] for l in range(1, depth + 1)]
        z = [None] + [-file[f"layer{l:02d}/z"][:, 0] for l in range(1, depth + 1)]
    with h5py.File(f"{folder}/{depth}/state-last.h5") as file:
        gained = [1 - file[f"layer{l:02d}/W"][0, 0] for l in range(1, depth + 1)]
    # The last point of the pulse is stored with the value after the jump.
    y[0] = np.where(t <= T * (1 + 1e-12), 1.0, 0.0)
    return t, y, z, [1e3 * TAU_POT * g for g in gained]


def behind(filters, t):
    """The pulse behind so many filters."""
    if filters == 0:
        return 1.0 * (t <= T)
    return gammainc(filters, np.maximum(t, 0) / TAU) - gammainc(filters, np.maximum(t - T, 0) / TAU)


def closed_form(depth, l, until=0.2):
    """Integral of y_{l-1} z_l over all t >= 0 [ms]: z_l is behind 2L - l filters."""
    return 1e3 * quad(lambda t: behind(l - 1, t) * behind(2 * depth - l, t), 0, until,
                      points=[T], limit=400)[0]


def integral(t, f):
    return np.concatenate([[0], np.cumsum(np.diff(t) * (f[1:] + f[:-1]) / 2)])


def main():
    folder = sys.argv[1]
    figure, panels = plt.subplots(2, 2, figsize=(11, 6.4), sharex=True, sharey="row",
                                  layout="constrained", height_ratios=[1.1, 1])
    print("   L   l    weights     trace    closed  document   [ms]")
    for column, depth in enumerate((5, 10)):
        t, y, z, gained = read(folder, depth)
        shown = (1, 3, 5) if depth == 5 else (1, 4, 7, 10)
        shades = plt.get_cmap("viridis")(np.linspace(0, 0.8, len(shown)))
        for l, colour, style in zip(shown, shades, STYLES):
            panels[0, column].plot(1e3 * t, y[l - 1], style, color=colour, linewidth=2.2,
                                   label=f"$y_{{{l - 1}}}$")
            panels[0, column].plot(1e3 * t, z[l], style, color=colour, linewidth=1.0,
                                   label=f"$z_{{{l}}}$")
            panels[1, column].plot(1e3 * t, 1e3 * integral(t, y[l - 1] * z[l]), style, color=colour,
                                   linewidth=1.6, label=f"$D_{{{l}}}$ = {gained[l - 1]:.2f} ms")
        for l in range(1, depth + 1):
            trace = 1e3 * integral(t, y[l - 1] * z[l])[-1]
            said = f"{DOCUMENT[depth, l]:9.1f}" if (depth, l) in DOCUMENT else " " * 9
            print(f"{depth:4d}{l:4d}{gained[l - 1]:11.3f}{trace:10.3f}{closed_form(depth, l):10.3f} {said}")
        signals = max(np.max(np.abs(z[l] - behind(2 * depth - l, t))) for l in range(1, depth + 1))
        print(f"L = {depth}: largest difference of a z from the closed form: {signals:.1e}")
        panels[0, column].set_title(f"L = {depth}")
        panels[1, column].set_xlabel("t [ms]")
    panels[0, 0].set_ylabel("signal (thick: $y$, thin: $z$)")
    panels[1, 0].set_ylabel("drive until $t$ [ms]")
    panels[1, 0].text(0.97, 0.06, r"$D_l(t) = \int_0^t\, y_{l-1}\,z_l\;dt$", transform=panels[1, 0].transAxes,
                      ha="right", fontsize="large")
    for axes in panels.flat:
        axes.axvline(1e3 * T, color="0.7", linewidth=0.8)
        axes.grid(True, color="0.93")
        axes.legend(fontsize="small",
                    loc="center right" if axes in panels[0] else "upper left")
    runs.save_figure(figure, "000-figure-4", dpi=92)


if __name__ == "__main__":
    main()
