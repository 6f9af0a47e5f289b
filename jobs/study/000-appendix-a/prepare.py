#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write the weights that the study of document 000's appendix A begins with: prepare.py FOLDER"""
import os
import sys

import h5py
import numpy as np

WIDTHS = [64, 32, 32, 10]


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    rng = np.random.default_rng(1)
    L = len(WIDTHS) - 1
    W = [None] + [rng.normal(0, np.sqrt(2 / WIDTHS[l - 1]), (WIDTHS[l], WIDTHS[l - 1])) for l in range(1, L + 1)]
    other = [None] + [rng.normal(0, np.sqrt(2 / WIDTHS[l]), (WIDTHS[l], WIDTHS[l + 1])) for l in range(1, L)]
    for name, share in (("aligned", 1.0), ("half", 0.5), ("random", 0.0)):
        with h5py.File(os.path.join(folder, name + ".h5"), "w") as file:
            file["network/widths"] = WIDTHS
            for l in range(1, L + 1):
                file[f"layer{l:02d}/W"] = W[l]
                if l < L:
                    file[f"layer{l:02d}/V"] = share * W[l + 1].T + (1 - share) * other[l]


if __name__ == "__main__":
    main()
