#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Write what document 002's figure 1A begins with: weights of 1, and its one sample."""
import os
import sys

import h5py
import numpy as np

folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
with h5py.File(os.path.join(folder, "start.h5"), "w") as file:
    file["network/widths"] = np.array([1, 1, 2])
    file["layer01/W"] = np.ones((1, 1))
    file["layer02/W"] = np.ones((2, 1))
with h5py.File(os.path.join(folder, "sample.h5"), "w") as file:
    for split in ("train", "test"):
        file[split + "/x"] = np.array([[1.0]])
        file[split + "/y"] = np.array([[-1.0, 1.0]])
