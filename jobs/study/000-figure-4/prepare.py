#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write what the chains of document 000's figure 4 begin with: the pulse, and weights of 1."""
import os
import sys

import h5py
import numpy as np

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
with h5py.File(os.path.join(folder, "pulse.h5"), "w") as file:
    for split in ("train", "test"):
        file[split + "/x"] = np.array([[1.0], [0.0]])
        file[split + "/label"] = np.array([0, 0])
for depth in (5, 10):
    with h5py.File(os.path.join(folder, f"chain-{depth}.h5"), "w") as file:
        file["network/widths"] = np.ones(depth + 1, dtype=int)
        for l in range(1, depth + 1):
            file[f"layer{l:02d}/W"] = np.ones((1, 1))
            if l < depth:
                file[f"layer{l:02d}/V"] = np.ones((1, 1))
