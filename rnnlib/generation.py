"""Sequences that a network makes by itself: what it puts out is its next input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.checks import Array, as_array, as_count, check_shape, said
from rnnlib.stack import passed_on
from rnnlib.trace import Trace, unroll


class Generated(NamedTuple):
    """The ``terms`` that follow the start, (steps, ..., k), and the ``trace`` of T0 + steps − 1."""

    terms: Array
    trace: Trace


def generate(
    cell: Any,
    start: ArrayLike,
    steps: int,
    feed: Callable[[Array], ArrayLike] | None = None,
    initial: Any = None,
) -> Generated:
    """x(t+1) = feed(y(t)) from the end of ``start`` on: the network reads its own output.

    ``cell`` is a cell or a stack; y(t) stands for its output, whatever the name. ``start``,
    (T0, ..., k), are the terms that are given, of one sequence or of a batch; ``steps`` are to
    follow, and the last is read by nobody. ``initial`` is as for ``unroll``.

    ``feed`` makes the next term, (..., k), of an output, (..., o); if left out, the output is it.
    For letters it draws one, with a random generator of the caller's, and returns it as one-hot.

    A network has three kinds of output, and its trace holds all three: the last, ``trace[-1].y``;
    every one, ``trace.y``; and the next term, for which it is trained on the true terms, whatever
    it put out itself ("teacher forcing"): ``squared_error(unroll(cell, terms[:-1]), terms[1:])``.
    Here, where there are no true terms, its own take their place.

    A network that adds the last two terms, and so goes on with Fibonacci's numbers:

    >>> from rnnlib import Dense, Layer, Stack
    >>> remembers = Layer([[1, 0]], [[0, 1], [0, 0]], [0, 0], "identity")
    >>> adds = Dense([[1], [1]], [0])
    >>> generate(Stack((remembers, adds)), start=[[1], [1]], steps=6).terms.ravel()
    array([ 2.,  3.,  5.,  8., 13., 21.])
    """
    steps = as_count("steps", steps, what="a number of terms")
    if feed is not None and not callable(feed):
        raise TypeError(f"feed is {said(feed)}, expected a function of an output")
    trace = unroll(cell, start, initial)

    def next_term(y: Array) -> Array:
        x = as_array("feed(y)", y if feed is None else feed(y), like=trace.xs.dtype)
        check_shape("feed(y)", x, trace.xs.shape[1:])
        return x

    record, terms = trace[-1], [next_term(getattr(trace, cell.output)[-1])]
    while len(terms) < steps:
        record = cell.step(terms[-1], record)
        terms.append(next_term(passed_on(cell, record)))
    made = np.stack(terms)
    return Generated(made, unroll(cell, np.concatenate([trace.xs, made[:-1]]), initial))
