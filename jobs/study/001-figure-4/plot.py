#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""One synapse with an early, a timely and a late label: plot.py SWEEP_FOLDER FIGURE.png"""
import os
import sys

import h5py
import matplotlib
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

T, TAU_POT, TAU_DEC = 50e-3, 10.0, 1000.0
OUTPUT, INPUT, BEGAN = 1, 0, 0.5  # the synapse W[1][0] of class "inner ring", and its value in start.py


def synapse(folder, member):
    """Time, input, error, sum of the update, and what the program
    added to the weight, decay aside."""
    path = os.path.join(folder, f"member-{member:05d}")
    with h5py.File(os.path.join(path, "trace.h5")) as file:
        t, x, z = file["t"][()], file["x"][:, INPUT], file["layer01/z"][:, OUTPUT]
    with h5py.File(os.path.join(path, "state-last.h5")) as file:
        weight = float(file["layer01/W"][OUTPUT, INPUT]) - BEGAN
    rate = x * z / TAU_POT
    total = np.concatenate([[0], np.cumsum(np.diff(t) * (rate[1:] + rate[:-1]) / 2)])
    return t, x, z, total, weight + BEGAN * t[-1] / TAU_DEC


def main(folder, target):
    sweep = sweeps.load(folder)
    runs = {round(delay * 1e3): synapse(folder, member)
            for delay, member in zip(sweep.keys["present.label_delay"], sweep.member)}
    figure, panels = plt.subplots(3, 2, figsize=(9.0, 6.0), sharex=True, sharey="row", layout="constrained")
    for column, delay in enumerate((-15, 15)):
        t, x, z, total, _ = runs[delay]
        signals, product, summed = panels[:, column]
        signals.plot(t * 1e3, x, "-", color="black", linewidth=1.3, label="input $x$")
        signals.plot(t * 1e3, z, "--", color="tab:red", linewidth=1.5, label="error $z$")
        product.plot(t * 1e3, x * z, "-", color="black", linewidth=1.2)
        summed.plot(runs[0][0] * 1e3, runs[0][3] * 1e3, ":", color="tab:blue", linewidth=2.0, label="no delay")
        summed.plot(t * 1e3, total * 1e3, "-", color="black", linewidth=1.3, label=f"{abs(delay)} ms "
                    + ("early" if delay < 0 else "late"))
        signals.set_title(f"error {abs(delay)} ms " + ("early" if delay < 0 else "late"), fontsize="medium")
        for axes in panels[:, column]:
            for p in range(8):
                wrong = (p * T, p * T + delay * 1e-3) if delay > 0 else ((p + 1) * T + delay * 1e-3, (p + 1) * T)
                axes.axvspan(wrong[0] * 1e3, wrong[1] * 1e3, color="0.88", linewidth=0)
            axes.set_xlim(0, 8 * T * 1e3)
        summed.set_xlabel("time [ms]  (grey: input and error of different samples)")
        signals.set_ylim(-1.2, 2.1)
        signals.legend(fontsize="small", loc="upper left", ncols=2)
        summed.legend(fontsize="small", loc="lower left")
    for axes, text in zip(panels[:, 0], ("signals [1]", "update $x z$ [1]", "weight change [10$^{-3}$]")):
        axes.set_ylabel(text)
    figure.savefig(target, dpi=100)
    for delay, (_, _, _, total, weight) in sorted(runs.items()):
        print(f"delay {delay:+d} ms: sum of the trace {total[-1] * 1e3:.4f}e-3, change of the weight {weight * 1e3:.4f}e-3")
    print(f"figure: {target}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
