#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""How the time of a presentation grows with width and with depth, on one rank.

    jobs/bench/growth.py        (from the top folder)

cascade, single precision: 784-n-n-n-10 for n from 256 to 4096, and 784-256-...-256-10 of 2 to 16
layers (He's initial weights keep signals alive so far up). Of three runs the fastest counts. The
exponents are those of n, and of the number of weights that a step multiplies, from one line to the
next. Takes three minutes.
"""
import math
import tempfile

from predicted import GLYPHS, measured, widths


def line_of(numbers, count, folder):
    settings = [word for setting in [widths(*numbers), "network.init=he", f"present.samples={count}",
                                     "record.every=0", "evaluate.samples=1"] + GLYPHS
                for word in ("--set", setting)]
    took, steps = measured("jobs/bench/wide-8.yml", settings, 1, f"{folder}/run")
    # All matrices but the held input's: W_2 to W_L and V_1 to V_{L-1}.
    weights = 2 * sum(a * b for a, b in zip(numbers[1:], numbers[2:]))
    return took, steps, weights


def exponent(line, before, what):
    x, y = {"n": (line[0], before[0]), "weights": (line[3], before[3])}[what]
    return [f"{math.log(line[1] / before[1]) / math.log(x / y):.2f}",
            f"{math.log(line[1] / line[2] / (before[1] / before[2])) / math.log(x / y):.2f}"]


def table(name, cases, what, folder):
    print(f"| {name} | steps | ms | ms a step | ns a weight and step | exponent of {what}: ms | "
          "ms a step |\n|" + " --- |" * 7)
    before = None
    for label, numbers, count in cases:
        took, steps, weights = line_of(numbers, count, folder)
        line = (label, took, steps, weights)
        cells = exponent(line, before, what) if before else ["", ""]
        print(f"| {label} | {steps:.1f} | {took:.4g} | {took / steps:.4g} | "
              f"{1e6 * took / steps / weights:.3f} | {cells[0]} | {cells[1]} |", flush=True)
        before = line
    print()


def main():
    folder = tempfile.mkdtemp()
    table("n", [(n, [784] + 3 * [n] + [10], max(3, 2 ** 23 // n ** 2))
                for n in (256, 512, 1024, 2048, 4096)], "n", folder)
    table("layers", [(L, [784] + (L - 1) * [256] + [10], 600 // L) for L in (2, 4, 8, 12, 16)],
          "weights", folder)


if __name__ == "__main__":
    main()
