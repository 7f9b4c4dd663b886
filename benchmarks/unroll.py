"""What `rnnlib.unroll` costs, beside a textbook loop in NumPy that computes the same numbers.

    python benchmarks/unroll.py

Both run an Elman network with tanh. The contenders take turns within each round, so that a machine
that slows down slows both, and CPU time is measured, with one thread for the linear algebra.
"""

# ruff: noqa: E402 - the number of threads must be set before NumPy loads its linear algebra
from __future__ import annotations

import os

for _library in ("OPENBLAS", "MKL", "OMP", "BLIS", "VECLIB_MAXIMUM"):
    os.environ[f"{_library}_NUM_THREADS"] = "1"

import platform
import statistics
import time

import numpy as np

from rnnlib import Elman, unroll

I, H, O = 32, 64, 16  # noqa: E741 - the notes' names of the layers
SETTINGS = [(1, 100), (32, 100), (32, 1000), (256, 100)]  # batch, T
ROUNDS = 41


def textbook(cell, xs):
    """Equations (1) and (2) of the notes, step by step, with nothing checked."""
    h = np.zeros((xs.shape[1], H))
    hs, ys = [], []
    for x in xs:
        h = np.tanh(x @ cell.W_x + h @ cell.W_h + cell.b_h)
        hs.append(h)
        ys.append(h @ cell.W_o + cell.b_o)
    return np.stack(hs), np.stack(ys)


def with_rnnlib(cell, xs):
    trace = unroll(cell, xs)
    return trace.h, trace.y


def seconds(contender, cell, xs):
    start = time.process_time()
    contender(cell, xs)
    return time.process_time() - start


def main():
    rng = np.random.default_rng(0)
    shapes = (I, H), (H, H), (H, O), (H,), (O,)
    cell = Elman(*(rng.normal(scale=0.1, size=shape) for shape in shapes))
    contenders = [textbook, with_rnnlib]

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}")
    print(f"Elman network, I = {I}, H = {H}, O = {O}, float64")
    print(f"CPU time, medians of {ROUNDS} rounds; ratio = rnnlib / textbook within a round")
    print()
    print(f"{'batch':>5} {'T':>5} {'textbook':>12} {'rnnlib':>12} {'ratio':>7}  {'(quartiles)'}")
    for batch, T in SETTINGS:
        xs = rng.normal(size=(T, batch, I))
        for mine, theirs in zip(textbook(cell, xs), with_rnnlib(cell, xs), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
        times = {contender: [] for contender in contenders}
        for round_number in range(ROUNDS):
            turn = contenders if round_number % 2 else contenders[::-1]
            for contender in turn:
                times[contender].append(seconds(contender, cell, xs))
        pairs = zip(times[textbook], times[with_rnnlib], strict=True)
        low, ratio, high = statistics.quantiles((ours / theirs for theirs, ours in pairs), n=4)
        print(
            f"{batch:5} {T:5} {1e3 * statistics.median(times[textbook]):9.2f} ms "
            f"{1e3 * statistics.median(times[with_rnnlib]):9.2f} ms {ratio:7.2f}  "
            f"({low:.2f} to {high:.2f})"
        )


if __name__ == "__main__":
    main()
