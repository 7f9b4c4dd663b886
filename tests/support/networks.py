"""Networks of random, all different weights, and the formulas of the sources in plain Python.

The plain versions share nothing with rnnlib, NumPy included: two ways to the same numbers.
"""

from __future__ import annotations

import math

import numpy as np

from rnnlib import LSTM, Elman, Jordan, Layer
from rnnlib.gated import GRU, PeepholeLSTM, ResetFirstGRU


def draw(rng, *shape):
    """Numbers of a size that neither saturates tanh nor leaves it linear."""
    return rng.uniform(-0.9, 0.9, shape)


def random_elman(rng, k=2, n=4, o=3, g_h="tanh", g_o="identity"):
    weights = (draw(rng, k, n), draw(rng, n, n), draw(rng, n, o), draw(rng, n), draw(rng, o))
    return Elman(*weights, g_h, g_o)


def random_jordan(rng, k=2, n=4, o=3, g_h="tanh", g_o="identity"):
    weights = (draw(rng, k, n), draw(rng, o, n), draw(rng, n, o), draw(rng, n), draw(rng, o))
    return Jordan(*weights, g_h, g_o)


def random_layer(rng, k=2, l=4, phi="tanh"):  # noqa: E741 - the notes' symbol
    return Layer(draw(rng, k, l), draw(rng, l, l), draw(rng, l), phi)


def row_times(row, matrix):
    return [sum(r * m[j] for r, m in zip(row, matrix, strict=True)) for j in range(len(matrix[0]))]


def plus(*rows):
    return [sum(entries) for entries in zip(*rows, strict=True)]


def _softmax(row):
    exponentials = [math.exp(a) for a in row]
    return [e / sum(exponentials) for e in exponentials]


PLAIN = {
    "sigmoid": lambda row: [1 / (1 + math.exp(-a)) for a in row],
    "tanh": lambda row: [math.tanh(a) for a in row],
    "relu": lambda row: [max(a, 0) for a in row],
    "identity": lambda row: list(row),
    "softmax": _softmax,
}


def plain_network(kind, xs, W_x, W_h, W_o, b_h, b_o, g_h, g_o, initial=None):
    """Equations (1) and (2) of the notes, or (3) and (4), one number at a time.

    ``kind`` is "Elman" or "Jordan"; all else are nested lists. Returns lists of T rows by name.
    """
    record = {"a_h": [], "h": [], "a_o": [], "y": []}
    fed_back = initial or [0] * len(W_h)
    for x in xs:
        a_h = plus(row_times(x, W_x), row_times(fed_back, W_h), b_h)
        h = PLAIN[g_h](a_h)
        a_o = plus(row_times(h, W_o), b_o)
        y = PLAIN[g_o](a_o)
        for name, row in zip(record, (a_h, h, a_o, y), strict=True):
            record[name].append(row)
        fed_back = h if kind == "Elman" else y
    return record


def plainly(cell, xs, initial=None):
    """``plain_network`` with the weights of an Elman or Jordan ``cell``."""
    arrays = (cell.W_x, cell.W_h, cell.W_o, cell.b_h, cell.b_o)
    return plain_network(
        type(cell).__name__,
        np.asarray(xs).tolist(),
        *(array.tolist() for array in arrays),
        cell.g_h,
        cell.g_o,
        None if initial is None else list(initial),
    )


def random_lstm(rng, k=2, n=3):
    return LSTM(draw(rng, 4, k, n), draw(rng, 4, n, n), draw(rng, 4, n))


def random_peephole_lstm(rng, k=2, n=3):
    return PeepholeLSTM(draw(rng, 4, k, n), draw(rng, 4, n, n), draw(rng, 4, n), draw(rng, 3, n))


def random_gru(rng, k=2, n=3):
    return GRU(draw(rng, 3, k, n), draw(rng, 3, n, n), draw(rng, 3, n), draw(rng, n))


def random_reset(rng, k=2, n=3):
    return ResetFirstGRU(draw(rng, 3, k, n), draw(rng, 3, n, n), draw(rng, 3, n))


def random_state(rng, cell, leading=()):
    """A state of ``cell`` for step 0."""
    sizes = zip(cell.state, cell.state_sizes, strict=True)
    return cell.Step(**{name: draw(rng, *leading, size) for name, size in sizes})


# one of each kind of network
RANDOM = [
    random_layer,
    random_elman,
    random_jordan,
    random_lstm,
    random_peephole_lstm,
    random_gru,
    random_reset,
]
