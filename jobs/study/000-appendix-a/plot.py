#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Distance of continuous-time KP to its slow manifold and to backpropagation (document 000, appendix A).

    plot.py FOLDER      with the sweep and the starts; draws docs/figures/study-000-appendix-a.png

Forward and backward passes are NumPy's, on the digits as read from the published file.
"""
import os
import sys

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import runs  # noqa: E402
import sweeps  # noqa: E402

L, SAMPLES = 3, 20
STYLE = {1: ("#440154", "-", "o"), 10: ("#31688e", "--", "s"), 100: ("#35b779", "-.", "^"), 1000: ("#b8a000", ":", "D")}
STARTS = ("aligned", "half", "random")


def digits():
    """The first training samples as the program shows them: x in 0..1, labels."""
    rows = np.loadtxt(os.path.join(os.environ["TAUFLOW_DATA"], "digits/optdigits.tra"), delimiter=",")
    return rows[:SAMPLES, :64] / 16, rows[:SAMPLES, 64].astype(int)


def read(path):
    """Lists by layer, index 0 unused: W, V, and y, z where the file has them."""
    with h5py.File(path) as file:
        found = {name: [None] + [file[f"layer{l:02d}/{name}"][()] if f"layer{l:02d}/{name}" in file else None
                                 for l in range(1, L + 1)] for name in ("W", "V", "y", "z")}
    return found


def settled(W, V, x, label):
    """Eq. 8: y_l* and z_l* for held input and weights."""
    y, s, z = [x], [None], [None] * (L + 1)
    for l in range(1, L + 1):
        s.append(W[l] @ y[-1])
        y.append(np.maximum(s[l], 0) if l < L else s[l])
    p = np.exp(s[L] - s[L].max())
    z[L] = np.eye(len(p))[label] - p / p.sum()
    for l in range(L - 1, 0, -1):
        z[l] = (s[l] > 0) * (V[l] @ z[l + 1])
    return y, z


def gap(found, wanted):
    return (max(np.abs(a - b).max() for a, b in zip(found[1:], wanted[1:])) /
            max(np.abs(b).max() for b in wanted[1:]))


def measure(folder, start, member, duration, tau_pot, x, label):
    """Gaps of y and z at the end, and relative distance and cosine of all W's update to backpropagation's."""
    end = read(f"{folder}/sweep/member-{member:05d}/state-last.h5")
    y, z = settled(end["W"], end["V"], x[-1], label[-1])
    begin = read(f"{folder}/{start}.h5")
    W = begin["W"]
    backward = [None] + [W[l + 1].T for l in range(1, L)]
    wanted = [0] * (L + 1)
    for k in range(SAMPLES):
        y_k, z_k = settled(W, backward, x[k], label[k])
        for l in range(1, L + 1):
            wanted[l] = wanted[l] + duration / tau_pot * np.outer(z_k[l], y_k[l - 1])
    a = np.concatenate([(end["W"][l] - W[l]).ravel() for l in range(1, L + 1)])
    b = np.concatenate([wanted[l].ravel() for l in range(1, L + 1)])
    return (gap(end["y"], y), gap(end["z"], z), np.linalg.norm(a - b) / np.linalg.norm(b),
            a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def main():
    folder = sys.argv[1]
    sweep, (x, label) = sweeps.load(os.path.join(folder, "sweep")), digits()
    figure, panels = plt.subplots(1, 4, figsize=(15, 4.2), layout="constrained")
    print(f"{'start':8s}{'tau_pot [s]':>12s}{'T [ms]':>8s}{'y':>10s}{'z':>10s}{'update':>10s}{'cosine':>9s}")
    for keys, some in sweep.combinations(without=("seed", "present.duration")):
        start, tau_pot = os.path.basename(str(keys["start"]))[:-3], keys["kp.tau_pot"]
        T = some.array("keys/present.duration")
        found = np.array([measure(folder, start, m, t, tau_pot, x, label) for m, t in zip(some.member, T)])
        for t, row in zip(T, found):
            print(f"{start:8s}{tau_pot:12g}{1e3 * t:8g}{row[0]:10.1e}{row[1]:10.1e}{row[2]:10.3f}{row[3]:9.4f}")
        colour, line, marker = STYLE[int(tau_pot)]
        style = {"color": colour, "linestyle": line, "marker": marker, "markersize": 4}
        if start == "aligned":
            panels[0].loglog(1e3 * T, found[:, 1], **style, label=rf"$\tau_{{pot}}$ = {tau_pot:g} s")
        panels[1 + STARTS.index(start)].loglog(1e3 * T, found[:, 2], **style)
    t = np.linspace(5, 200, 200)
    panels[0].set_title("state: gap of $z$ to the slow manifold\n(V = W$^T$ at the start)", fontsize="medium")
    panels[0].loglog(t, np.maximum(np.exp(-t), 1e-9), color="0.7", linewidth=3, zorder=0)
    panels[0].set_ylim(5e-6, 1)
    for axes, name in zip(panels[1:], ("V = W$^T$", "V half W$^T$, half random", "V random")):
        axes.loglog(t, 2 / t, color="0.7", linewidth=3, zorder=0)
        axes.set_title(f"update: distance to backpropagation\n({name})", fontsize="medium")
        axes.set_ylim(0.01, 2)
    panels[0].text(6, 2e-5, r"$e^{-T/\tau}$", color="0.4")
    panels[1].text(5.5, 0.1, "2 ms / T", color="0.4")
    panels[3].legend(*panels[0].get_legend_handles_labels(), fontsize="small", loc="lower left")
    for axes in panels:
        axes.grid(True, color="0.94")
        axes.set_xlabel("T [ms]")
        axes.set_xticks([5, 10, 20, 50, 100, 200], ["5", "10", "20", "50", "100", "200"])
        axes.minorticks_off()
    panels[0].set_ylabel("relative distance")
    runs.save_figure(figure, "000-appendix-a")


if __name__ == "__main__":
    main()
