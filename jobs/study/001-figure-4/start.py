#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Weights for the study to begin from, so that its plot knows them: start.py FILE.h5"""
import sys

import h5py

with h5py.File(sys.argv[1], "w") as file:
    file["network/widths"] = [3, 2]
    file["layer01/W"] = [[0.0, 0.5, 0.5], [0.5, -0.5, 0.3]]
