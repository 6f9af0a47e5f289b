#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Cosines of x* and xhat in the layers that weights learn from, over the samples of factors.yml: how
often some layer's is negative, and the least |cosine| of a sample's layers.

    factors.py FOLDER
"""
import os
import sys

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402


def cosines(folder):
    """[L][samples] of x*_l and xhat_l, l = 0 .. L-1."""
    with h5py.File(os.path.join(folder, "state-last.h5")) as file:
        L = len(file["network/widths"]) - 1
        hat = file["layer00/x"][()]
        found = []
        for l in range(L):
            x = file[f"layer{l:02d}/x"][()]
            found.append((x * hat).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(hat, axis=1))
            hat = hat @ file[f"layer{l + 1:02d}/W"][()].T
    return np.array(found)


def main(folder):
    for keys, some in sweeps.load(folder).combinations():
        c = np.hstack([cosines(os.path.join(folder, f"member-{m:05d}")) for m in some.member])
        least = np.abs(c).min(axis=0)
        print(f"{keys['network.init']}, {len(c) - 1} hidden: negative in some layer {np.mean((c < 0).any(0)):.3f} of "
              f"{c.shape[1]} samples; least |cosine| below 0.1 in {np.mean(least < 0.1):.3f}, below 0.01 in "
              f"{np.mean(least < 0.01):.3f}; median cosine by layer " + " ".join(f"{v:.2f}" for v in np.median(c, axis=1)))


if __name__ == "__main__":
    main(*sys.argv[1:])
