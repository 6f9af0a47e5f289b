#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""What one update of model pc must be, computed from document 002's formulas with numpy alone.

  pc_truth.py make FOLDER            data and start files that cli_pc.sh runs from
  pc_truth.py check FOLDER RUN...    runs of one update each against the formulas

Nothing is taken from the program but the keys of a run (used.yml). The equilibrium is solved here
as the linear system dE/dx = 0 in the hidden activities, which none of the program's three ways does
with a dense matrix; pseudoinverses and regularised inverses are numpy's. Prints each quantity that
is off by more than 1e-10 of its size; exit status 1 if there is one.
"""
import sys

import h5py
import numpy as np
import yaml

NETS = {"rectangle": [6, 5, 3, 4], "square": [4, 4, 4, 4], "line": [1, 1, 1], "flat": [5, 3]}
SAMPLES = 11
NEAR = 1e-10


def make(folder):
    rng = np.random.default_rng(7)
    for name, widths in NETS.items():
        with h5py.File(f"{folder}/{name}.h5", "w") as file:
            file["network/widths"] = widths
            for l in range(1, len(widths)):
                shape = widths[l], widths[l - 1]
                file[f"layer{l:02d}/W"] = rng.normal(0, 1 / np.sqrt(widths[l - 1]), shape)
        with h5py.File(f"{folder}/{name}-data.h5", "w") as file:
            for split in "train", "test":
                file[split + "/x"] = rng.normal(size=(SAMPLES, widths[0]))
                file[split + "/y"] = rng.normal(size=(SAMPLES, widths[-1]))


def forward(M, x):
    answers = [x]
    for m in M:
        answers.append(m @ answers[-1])
    return answers


def settle(M, x, y):
    """Activities x_0 .. x_L where 1/2 sum |x_l - M_l x_{l-1}|^2 is least, x_0 = x and x_L = y."""
    sizes = [m.shape[0] for m in M[:-1]]
    at = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
    # Errors are A z + c for hidden activities z: least squares, solved by QR.
    A = np.zeros((sum(m.shape[0] for m in M), at[-1]))
    c = np.zeros((A.shape[0], x.shape[1]))
    row = 0
    for l, m in enumerate(M):
        rows = slice(row, row + m.shape[0])
        if l < len(M) - 1:
            A[rows, at[l]:at[l + 1]] = np.eye(m.shape[0])
        else:
            c[rows] += y
        if l > 0:
            A[rows, at[l - 1]:at[l]] = -m
        else:
            c[rows] -= m @ x
        row += m.shape[0]
    z = np.linalg.lstsq(A, -c, rcond=None)[0] if at[-1] else np.zeros((0, x.shape[1]))
    return [x] + [z[at[l]:at[l + 1]] for l in range(len(sizes))] + [y]


def inverse(scale, alpha, xhat, x):
    """A of D = (1/B) E x' A."""
    B = x.shape[1]
    sigma = xhat @ x.T / B
    if scale == "batch":
        return np.eye(len(x)) * B / np.sum(x * xhat)
    if scale == "decorrelate":
        return np.linalg.pinv(sigma, rcond=1e-11)
    if scale == "regularize":
        values = np.linalg.eigvalsh((sigma + sigma.T) / 2)
        eps = max(0, alpha * values[-1] - values[0])
        return np.linalg.inv(sigma + eps * np.eye(len(x)))
    return np.eye(len(x))


def directions(pc, E, xhat, x):
    """D_l of each layer, [L]."""
    B = E[0].shape[1]
    found = []
    for l, e in enumerate(E):
        if pc["scale"] == "sample":
            e = e / np.sum(x[l] * xhat[l], axis=0)
        found.append(e @ x[l].T @ inverse(pc["scale"], pc["alpha"], xhat[l], x[l]) / B)
    return found


def mean_cosine(r, t):
    lengths = np.linalg.norm(r, axis=0) * np.linalg.norm(t, axis=0)
    return np.mean(np.sum(r * t, axis=0) / lengths)


def truth(pc, W, x0, y):
    identity = [np.eye(*w.shape) if pc["residual"] else np.zeros(w.shape) for w in W]
    M = [w + i for w, i in zip(W, identity)]
    xhat = forward(M, x0)
    r = y - xhat[-1]
    want = {"energy_feedforward": np.mean(np.sum(r * r, axis=0)) / 2}
    if pc["rule"] == "pc":
        x = settle(M, x0, y)
        E = [x[l + 1] - m @ x[l] for l, m in enumerate(M)]
        want["energy_equilibrium"] = sum(np.mean(np.sum(e * e, axis=0)) for e in E) / 2
    else:
        x, E = xhat, [r]
        for m in reversed(M[1:]):
            E.insert(0, m.T @ E[0])
    D = directions(pc, E, xhat, x)
    changes = [pc["rate"] * np.linalg.norm(d) / np.linalg.norm(m) for d, m in zip(D, M)]
    trusted = min(1, pc["trust"] / max(changes)) if pc["trust"] else 1
    new = [w + trusted * pc["rate"] * d for w, d in zip(W, D)]
    after = forward([w + i for w, i in zip(new, identity)], x0)[-1]
    limit = np.zeros_like(r)
    for l, d in enumerate(D):
        step = d @ xhat[l]
        for m in M[l + 1:]:
            step = m @ step
        limit += step
    want["target_alignment"] = mean_cosine(r, after - xhat[-1])
    want["target_alignment_limit"] = mean_cosine(r, limit)
    return want, new, x[:-1] + [y]


def off(found, want):
    found, want = np.asarray(found), np.asarray(want)
    if found.shape != want.shape:
        return np.inf
    difference = np.max(np.abs(found - want), initial=0)
    return difference / max(np.max(np.abs(want), initial=0), 1e-300)


def check(folder, run):
    with open(f"{run}/used.yml") as file:
        used = yaml.safe_load(file)
    with open(f"{run}/summary.yml") as file:
        summary = yaml.safe_load(file)
    widths = used["network"]["widths"]
    name = next(name for name, n in NETS.items() if n == widths)
    keys = used["pc"]
    pc = {"rule": keys["rule"], "scale": keys["scale"], "residual": keys["residual"],
          "rate": float(keys["rate"]), "alpha": float(keys["regularize_alpha"]),
          "trust": float(keys["trust"])}
    B = int(keys["batch"])
    with h5py.File(f"{folder}/{name}.h5") as file:
        W = [file[f"layer{l:02d}/W"][:] for l in range(1, len(widths))]
    with h5py.File(f"{folder}/{name}-data.h5") as file:
        index = np.arange(B) % SAMPLES
        x0, y = file["train/x"][:][index].T, file["train/y"][:][index].T
    want, new, x = truth(pc, W, x0, y)
    wrong = {key: off(float(summary[key]), value) for key, value in want.items()}
    with h5py.File(f"{run}/state-last.h5") as file:
        for l in range(len(widths)):
            wrong[f"x{l}"] = off(file[f"layer{l:02d}/x"][:], x[l].T)
            if l > 0:
                # The change, as far as the sum with W has kept it.
                change = file[f"layer{l:02d}/W"][:] - W[l - 1]
                lost = np.max(np.abs(W[l - 1])) * 1e-15
                wrong[f"W{l}"] = max(0, off(change, new[l - 1] - W[l - 1]) -
                                     lost / np.max(np.abs(new[l - 1] - W[l - 1])))
    wrong = {key: value for key, value in wrong.items() if not value < NEAR}
    for key, value in wrong.items():
        print(f"{run}: {keys['rule']} {keys['scale']} {keys['inference']} batch {B} {name} "
              f"residual {keys['residual']}: {key} is off by {value:.1e}")
    return not wrong


def main():
    command, folder, runs = sys.argv[1], sys.argv[2], sys.argv[3:]
    if command == "make":
        make(folder)
        return 0
    right = [check(folder, run) for run in runs]
    print(f"{sum(right)} of {len(right)} runs agree")
    return 0 if right and all(right) else 1


if __name__ == "__main__":
    sys.exit(main())
