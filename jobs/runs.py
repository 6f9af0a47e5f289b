# SPDX-License-Identifier: BSD-3-Clause
"""What scripts that compare runs share: start one, read what it left behind."""
import os
import subprocess
import sys

import h5py
import numpy as np

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))


def summary(folder):
    """summary.yml of the run in a folder as a dictionary; None if there is none."""
    path = os.path.join(folder, "summary.yml")
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as lines:
        return dict(line.rstrip("\n").split(": ", 1) for line in lines)


def save_figure(figure, study, dpi=110):
    """Write the figure of a study to where docs/studies shows it."""
    target = os.path.join(ROOT, f"docs/figures/study-{study}.png")
    figure.savefig(target, dpi=dpi)
    print(f"figure: {target}")


def run(job, folder, settings, start=None, limit=None):
    """summary.yml of the run as a dictionary; None if it took more than `limit` seconds.

    A run that is there, or that took too long before, is not repeated.
    """
    gave_up = folder + ".gave-up"
    if os.path.exists(gave_up):
        return None
    if summary(folder) is None:
        command = [f"{ROOT}/build/tauflow", "run", job, "--out", folder, "--overwrite"]
        for setting in settings:
            command += ["--set", setting]
        if start:
            command += ["--start", start]
        one_thread = dict(os.environ, OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")
        try:
            subprocess.run(command, env=one_thread, timeout=limit, stdout=subprocess.DEVNULL, check=True)
        except subprocess.TimeoutExpired:
            open(gave_up, "w", encoding="utf-8").close()
            return None
        except subprocess.CalledProcessError as failure:
            sys.exit(f"{folder}: exit status {failure.returncode}")
    return summary(folder)


def weights(folder):
    """All of W and V at the end of a run, one after the other."""
    with h5py.File(os.path.join(folder, "state-last.h5")) as file:
        return np.concatenate([file[layer][name][()].ravel().astype(float) for layer in sorted(file)
                               if layer.startswith("layer") for name in "WV" if name in file[layer]])
