#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Equation 4 of document 001 beside the program: plot.py SWEEP_FOLDER FIGURE.png"""
import os
import sys

import h5py
import matplotlib
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

T, SHOWN, END, TAU_POT = 50e-3, 2, 5 * 50e-3, 1e6


def law(delay, tau):
    """Equation 4: what is left at END of the coincidence of sample SHOWN and its label [s]."""
    start = SHOWN * T + np.maximum(delay, 0)
    stop = np.maximum((SHOWN + 1) * T + np.minimum(delay, 0), start)
    return tau * (np.exp((stop - END) / tau) - np.exp((start - END) / tau))


def learned(folder, member):
    with h5py.File(os.path.join(folder, f"member-{member:05d}", "state-last.h5")) as file:
        return TAU_POT * float(file["layer01/W"][SHOWN, SHOWN])


def main(folder, target):
    sweep = sweeps.load(folder)
    delay, tau_dec = sweep.keys["present.label_delay"], sweep.keys["kp.tau_dec"]
    got = np.array([learned(folder, member) for member in sweep.member])
    figure, axes = plt.subplots(figsize=(6.6, 4.0), layout="constrained")
    fine = np.linspace(-70e-3, 70e-3, 701)
    for tau, style, marker in zip(np.unique(tau_dec), ("-", "--", "-.", ":"), "osD^"):
        here = tau_dec == tau
        top = law(np.array(0.0), tau)
        colour = plt.get_cmap("viridis")(0.28 * "osD^".index(marker))
        text = f"{tau * 1e3:g} ms" if tau < 10 else "very long"
        axes.plot(fine * 1e3, law(fine, tau) / top, style, color=colour, linewidth=1.3)
        axes.plot(delay[here] * 1e3, got[here] / top, marker, color=colour, markersize=6, fillstyle="none",
                  linestyle="none", label=r"$\tau_{\rm dec}$ = " + text)
        exact = law(delay[here], tau)
        off = np.abs(got[here] - exact).max() / top
        late, early = got[here][np.isclose(delay[here], 20e-3)], got[here][np.isclose(delay[here], -20e-3)]
        print(f"tau_dec = {text}: largest |program - law| / law(0) = {off:.4f}; "
              f"20 ms late / 20 ms early = {late[0] / early[0]:.3f}, law {np.exp(20e-3 / tau):.3f}")
    axes.set_xlabel("label delay $\\Delta$ [ms]  (negative: early)")
    axes.set_ylabel("update of the synapse, 1 = no delay")
    axes.set_title("T = 50 ms: lines equation 4, symbols the program", fontsize="medium")
    axes.grid(True, color="0.92")
    axes.legend(fontsize="small", loc="upper left")
    figure.savefig(target, dpi=110)
    print(f"figure: {target}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
