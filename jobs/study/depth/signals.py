# SPDX-License-Identifier: BSD-3-Clause
"""What passes through a network: measured on the weights of a state file, at rest, on test images."""
import gzip
import os

import h5py
import numpy as np

SHOWN = 200  # test images, the first


def _idx(name, header):
    path = os.path.join(os.environ["TAUFLOW_DATA"], "mnist", name)
    opened = open(path, "rb") if os.path.exists(path) else gzip.open(path + ".gz", "rb")
    with opened as file:
        return np.frombuffer(file.read(header + SHOWN * 784), np.uint8, offset=header)


def images():
    """Pixels 0..1 of the first test images, one a column, and their labels as one-hot columns."""
    x = _idx("t10k-images-idx3-ubyte", 16)[:SHOWN * 784].reshape(SHOWN, 784).T / 255.0
    return x, np.eye(10)[_idx("t10k-labels-idx1-ubyte", 8)[:SHOWN]].T


def cosine(a, b):
    size = np.linalg.norm(a) * np.linalg.norm(b)
    return np.sum(a * b) / size if size > 0 else 0.0


def measure(folder, x, target):
    """Of the newest state of a run, or of a state file: name -> value. Errors travel layer by layer."""
    path = os.path.join(folder, "state-last.h5") if os.path.isdir(folder) else folder
    with h5py.File(path) as file:
        layers = sorted(name for name in file if name.startswith("layer"))
        W = [file[name]["W"][()].astype(float) for name in layers]
        V = [file[name]["V"][()].astype(float) for name in layers[:-1]]
    y, gates = x, []
    for matrix in W[:-1]:
        s = matrix @ y
        gates.append((s > 0) & (s < 1))
        y = np.clip(s, 0, 1)
    s = W[-1] @ y
    p = np.exp(s - s.max(axis=0))
    top = target - p / p.sum(axis=0)
    z = right = top
    for matrix, above, gate in zip(V[::-1], W[:0:-1], gates[::-1]):
        z, right = gate * (matrix @ z), gate * (above.T @ right)
    varying = s - s.mean(axis=1, keepdims=True)
    power = np.linalg.svd(varying, compute_uv=False) ** 2
    return {"spread": np.sqrt(np.mean(varying ** 2)),
            "dimensions": power.sum() ** 2 / max(np.sum(power ** 2), 1e-300),
            "error": np.sqrt(np.mean(z ** 2) / np.mean(top ** 2)),
            "direction": cosine(z, right),
            "alignment": np.mean([cosine(v.T, w) for v, w in zip(V, W[1:])])}
