#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Make the seeds that are not texts, as small as HDF5 makes them:

    tests/fuzz/seeds.py build/tauflow

The state is the program's own, and once more as a file of version 1, without a seal and in HDF5's
older format, which has no checksums; series, sweeps and data are the same objects in smaller
chunks, but where those matter."""
import os
import subprocess
import sys
import tempfile

import h5py
import numpy as np

here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "seeds")
random = np.random.default_rng(1)
JOB = """network: {widths: [2, 3, 2]}
data: {set: circles, train: 20, test: 10}
kp: {noise: 0.1}
record: {every: 0}
present: {samples: 2}
"""


def new(harness, name, libver="latest"):
    os.makedirs(f"{here}/{harness}", exist_ok=True)
    return h5py.File(f"{here}/{harness}/{name}", "w", libver=libver)


def data(name, libver, kind, **layout):
    with new("data", name, libver) as file:
        for split in "train", "test":
            x = random.integers(0, 9, (4, 3)).astype(kind)
            file.create_dataset(f"{split}/x", data=x, **layout)
            file.create_dataset(f"{split}/label", data=np.arange(4, dtype="u1") % 2)


def text(group, name, value):
    group.create_dataset(name, data=np.bytes_(value))


def series(harness, name, libver, group="/", few=(4, 4)):
    """few: rows of a chunk, in a column of one number and in one of two."""
    with new(harness, name, libver) as file:
        file.attrs["format"] = np.bytes_("tauflow-series")
        file.attrs["version"] = 1
        text(file, "job/yaml", "seed: 1\n")
        file.create_group("code").attrs["version"] = np.bytes_("1")
        for column, width in ("presentation", 0), ("W_norm", 2):
            shape = (3, width) if width else (3,)
            values = random.random(shape) if width else np.array([0.0, 2, 4])
            chunk = (few[1], 2) if width else (few[0],)
            at = file.create_dataset(f"{group}/{column}", data=values, dtype="<f8", chunks=chunk,
                                     maxshape=(None, 2)[: len(shape)])
            at.attrs["unit"], at.attrs["about"] = np.bytes_("s"), np.bytes_("what it is")


def sweep():
    with new("info", "sweep", "earliest") as file:
        file.attrs["format"] = np.bytes_("tauflow-sweep")
        file.attrs["version"], file.attrs["members"] = 1, 3
        text(file, "job/yaml", "seed: 1\n")
        file.create_group("keys").attrs["order"] = np.bytes_("kp.rule, seed")
        file["keys/seed"] = np.arange(3)
        file["keys/kp.rule"] = np.array([b"kp", b"fa", b"kp"])
        file["summary/status"] = np.array([b"done", b"done", b"stopped"])
        file["summary/test_accuracy"] = np.array([0.5, 0.75, np.nan])
        file["curves/t"] = random.random((3, 2))


def start(harness):
    with new(harness, "start", "earliest") as file:
        file["network/widths"] = [2, 3, 2]
        for layer, rows, columns in (1, 3, 2), (2, 2, 3):
            file[f"layer{layer:02d}/W"] = random.random((rows, columns)).astype("f4")


def state(program):
    with tempfile.TemporaryDirectory() as scratch:
        with open(f"{scratch}/job.yml", "w", encoding="ascii") as job:
            job.write(JOB)
        subprocess.run([program, "run", f"{scratch}/job.yml", "--out", f"{scratch}/out"],
                       check=True, stdout=subprocess.DEVNULL)
        with open(f"{scratch}/out/state-2.h5", "rb") as file:
            whole = file.read()
        for harness in "state", "info":
            with open(f"{here}/{harness}/state", "wb") as file:
                file.write(whole)
            with h5py.File(f"{scratch}/out/state-2.h5") as sealed, \
                 new(harness, "unsealed", "earliest") as file:
                for name in sealed:
                    sealed.copy(name, file)
                for name, value in sealed.attrs.items():
                    file.attrs[name] = 1 if name == "version" else value
                del file["code"]


data("old", "earliest", "u1")
data("new", "latest", "f8")
data("packed", "latest", "f4", chunks=(2, 3), compression="gzip", shuffle=True, fletcher32=True)
series("info", "series", "earliest", "/test")
series("series", "series", "earliest", few=(1024, 128))
sweep()
start("state")
start("info")
state(os.path.abspath(sys.argv[1]))
