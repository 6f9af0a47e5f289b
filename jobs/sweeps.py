# SPDX-License-Identifier: BSD-3-Clause
"""Reads sweep.h5 for plots: select members by their keys, envelopes over seeds.

    sweep = sweeps.load("output/mine/sweep.h5")
    chosen = sweep.select({"kp.rule": "kp", "present.duration": 0.05})
    low, median, high = chosen.envelope("test/accuracy")       # over the members chosen, [rows]
    plt.fill_between(chosen.row("test/presentation"), low, high)

Alone it prints one line for each combination of keys but the seed: sweeps.py output/mine/sweep.h5
"""
import os
import sys
import warnings

# A sweep that goes on replaces its file whole, so there is nothing to lock.
os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

import h5py
import numpy as np


def _values(dataset):
    values = dataset[()]
    return np.char.decode(values, "utf-8") if values.dtype.kind == "S" else values


class Sweep:
    """Members of a sweep, all or some. `keys`, `summary`, `cost`, `curves` and `test` are
    dictionaries of arrays whose first axis is the member; `member` has their numbers."""

    def __init__(self, keys, summary, cost, curves, test, member, order):
        self.keys, self.summary, self.cost = keys, summary, cost
        self.curves, self.test, self.member, self.order = curves, test, member, order

    def __len__(self):
        return len(self.member)

    def mask(self, wanted):
        """Which members have these values: {"kp.rule": "kp", "seed": [0, 1, 2]}. Numbers match to
        1e-9 of their size, and a list matches any of its values."""
        mask = np.ones(len(self), bool)
        for name, value in wanted.items():
            have = self.keys[name]
            values = np.atleast_1d(value)
            if have.dtype.kind == "U":
                mask &= np.isin(have, values.astype(str))
            else:
                mask &= np.isclose(have[:, None], values[None, :].astype(float), rtol=1e-9, atol=0).any(1)
        return mask

    def select(self, wanted):
        """The members with these values of keys; an error if there are none."""
        mask = self.mask(wanted)
        if not mask.any():
            raise KeyError(f"no member has {wanted}")
        parts = [{name: values[mask] for name, values in part.items()}
                 for part in (self.keys, self.summary, self.cost, self.curves, self.test)]
        return Sweep(*parts, self.member[mask], self.order)

    def combinations(self, without=("seed",)):
        """[({key: value}, members with them)] in the order of the sweep, over all keys but some."""
        names = [name for name in self.order if name not in without]
        seen, found = set(), []
        for i in range(len(self)):
            one = tuple(self.keys[name][i] for name in names)
            if one not in seen:
                seen.add(one)
                wanted = dict(zip(names, one))
                found.append((wanted, self.select(wanted)))
        return found

    def array(self, name):
        """By name: "curves/alignment", "test/accuracy", "summary/test_accuracy", "keys/seed"."""
        part, _, rest = name.partition("/")
        return getattr(self, part)[rest]

    def envelope(self, name, percentiles=(25, 50, 75)):
        """Percentiles over the members, one array for each, without members that have no number."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # rows that no member has stay nan
            return np.nanpercentile(self.array(name), percentiles, axis=0)

    def row(self, name):
        """A curve that is the same for all members, like test/presentation: of the longest."""
        values = self.array(name)
        return values[np.argmax(np.isfinite(values).sum(axis=1))]


def load(path):
    """All members of a sweep.h5, or of the folder it is in."""
    if os.path.isdir(path):
        path = os.path.join(path, "sweep.h5")
    with h5py.File(path, "r") as file:
        if file.attrs.get("format") not in (b"tauflow-sweep", "tauflow-sweep"):
            raise ValueError(f"{path}: is not a tauflow sweep file")
        parts = [{name: _values(data) for name, data in file[group].items()} if group in file else {}
                 for group in ("keys", "summary", "cost", "curves", "test")]
        order = file["keys"].attrs["order"]
        order = (order.decode() if isinstance(order, bytes) else order).split(", ")
        return Sweep(*parts, np.arange(int(file.attrs["members"])), order)


if __name__ == "__main__":
    for keys, some in load(sys.argv[1]).combinations():
        accuracy = some.summary.get("test_accuracy", np.array([np.nan]))
        accuracy = accuracy[np.isfinite(accuracy)]
        quartiles = np.percentile(accuracy, (25, 50, 75)) if len(accuracy) else [np.nan] * 3
        print("%d of %d members, test accuracy %.4f %.4f %.4f  %s" % (
            len(accuracy), len(some), *quartiles, ", ".join(f"{k}: {v}" for k, v in keys.items())))
