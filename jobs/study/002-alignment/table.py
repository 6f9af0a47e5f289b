#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Target alignment of each combination of keys, least and largest over seeds, and in the limit
rate -> 0; then Theorem 2's and appendix I's factors as document 002 prints them:

    table.py FOLDER
"""
import os
import sys

import h5py
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
import sweeps  # noqa: E402

SWEEPS = ("width", "depth", "residual", "condition", "batch", "printed", "alpha", "rate")


def start(folder, residual):
    """M [L+1] from 1, and the activities at equilibrium x [L+1], columns are samples. The rate of
    these runs is too small to change a weight."""
    with h5py.File(os.path.join(folder, "state-last.h5")) as file:
        L = len(file["network/widths"]) - 1
        M = [None] + [file[f"layer{l:02d}/W"][()].astype(float) for l in range(1, L + 1)]
        x = [file[f"layer{l:02d}/x"][()].T for l in range(L + 1)]
    return [m if m is None or not residual else m + np.eye(len(m)) for m in M], x


def alignment(M, x, factor):
    """Mean cosine of r and dyhat for rate -> 0, where `factor`(x, xhat) is X*' A Xhat of a layer:
    dyhat = sum_l P_l e_l (X*' A Xhat), e_l = x_l - M_l x_{l-1}."""
    L = len(M) - 1
    hat, P, change = [x[0]], np.eye(len(x[L])), 0
    for l in range(1, L + 1):
        hat.append(M[l] @ hat[l - 1])
    r = x[L] - hat[L]
    for l in range(L, 0, -1):
        change = change + P @ ((x[l] - M[l] @ x[l - 1]) @ factor(x[l - 1], hat[l - 1]))
        P = P @ M[l]
    return np.mean((r * change).sum(0) / np.linalg.norm(r, axis=0) / np.linalg.norm(change, axis=0))


NONE = 1e-12  # singular values below this share of the largest are 0 but for rounding

FACTORS = {  # of Theorem 2, B samples; of Theorem 1 and appendix I, one sample
    "printed": {"A = E[x* xhat']^+, as printed": lambda x, h: x.T @ np.linalg.pinv(x @ h.T, NONE) @ h,
                "A = E[xhat x*']^+, as proved": lambda x, h: x.T @ np.linalg.pinv(h @ x.T, NONE) @ h},
    "alpha": {"alpha = 1/x*.x*, appendix I": lambda x, h: (x.T @ h) / (x * x).sum(),
              "alpha = 1/x*.xhat, as proved": lambda x, h: (x.T @ h) / (x * h).sum()},
}


def main(folder):
    for name in SWEEPS:
        for keys, some in sweeps.load(os.path.join(folder, name)).combinations():
            real, limit = some.summary["target_alignment"], some.summary["target_alignment_limit"]
            text = ", ".join(f"{k}: {v}" for k, v in keys.items())
            print(f"{name}: {real.min():.4f} to {real.max():.4f}, limit {limit.mean():.6f}  {text}")
            residual = keys.get("pc.residual", "false") == "true"
            for label, factor in FACTORS.get(name, {}).items():
                values = [alignment(*start(os.path.join(folder, name, f"member-{m:05d}"), residual), factor)
                          for m in some.member]
                print(f"    {label}: {min(values):.4f} to {max(values):.4f}")


if __name__ == "__main__":
    main(sys.argv[1])
