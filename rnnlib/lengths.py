"""Sequences of different lengths in one batch: what has ended stands still.

Every row of a batch computes by itself. So a batch is unrolled as if all sequences were as long as
the longest, and whatever comes after a sequence's end is replaced by its last; on the way back, the
last gets the gradients of all that was replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.checks import Array, as_array, check_shape, read, said


def pad(sequences: Iterable[ArrayLike]) -> tuple[Array, Array]:
    """Sequences of different lengths as one batch: ``xs``, (T, m, k), and ``lengths``, (m,).

    T is the longest length; zeros fill the rest, and ``unroll(cell, *...)`` ignores them. So do
    losses that are given the trace; those that are given an array of it need a ``mask``.

    >>> xs, lengths = pad([[[1], [2], [3]], [[4]]])
    >>> xs[:, 1, 0], lengths
    (array([4., 0., 0.]), array([3, 1]))
    """
    if not isinstance(sequences, Iterable):
        raise TypeError(
            f"sequences is {said(sequences)}, expected a list of sequences, (T, k) each"
        )
    arrays = [as_array(f"sequences[{i}]", each) for i, each in enumerate(sequences)]
    if not arrays:
        raise ValueError("sequences is empty; at least one was expected")
    for i, each in enumerate(arrays):
        if each.ndim == 1:
            raise ValueError(
                f"sequences[{i}] has shape {each.shape}, expected (T, k): with one number a step "
                f"write each as a row, np.reshape(sequence, (-1, 1))"
            )
        check_shape(f"sequences[{i}]", each, ("T", arrays[0].shape[-1] if each.ndim else "k"))
    lengths = np.array([len(each) for each in arrays])
    shape = (lengths.max(), len(arrays), arrays[0].shape[-1])
    xs = np.zeros(shape, np.result_type(*arrays))
    for i, each in enumerate(arrays):
        xs[: len(each), i] = each
    return xs, lengths


def as_lengths(lengths: ArrayLike, xs: Array) -> Array:
    """``lengths`` as integers, one for each sequence of ``xs``."""
    lengths = read("lengths", lengths)
    T, leading = xs.shape[0], xs.shape[1:-1]
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths holds entries of type {lengths.dtype}; integers were expected")
    if lengths.shape != leading:
        why = "one for each sequence of xs"
        if not leading:
            why = f"xs is one sequence; give it alone, or cut it, as xs[:{lengths.min(initial=T)}]"
        raise ValueError(f"lengths has shape {lengths.shape}, expected {leading}: {why}")
    if lengths.size and not (lengths.min() >= 1 and lengths.max() <= T):
        wrong = lengths[(lengths < 1) | (lengths > T)][0]
        raise ValueError(f"lengths holds {wrong}; xs has {T} steps, so 1 to {T} were expected")
    return lengths.copy()


def alive(lengths: Array, T: int) -> Array:
    """Which steps 1 … T each sequence has: booleans of shape (T, ...).

    >>> alive(np.array([3, 1]), 3).astype(int)
    array([[1, 1],
           [1, 0],
           [1, 0]])
    """
    return _steps(T, lengths) < lengths


def blank(xs: Array, lengths: Array) -> Array:
    """A copy of ``xs``, (T, ..., k), with zeros after each sequence's end."""
    xs = np.array(xs)
    xs[~alive(lengths, len(xs))] = 0
    return xs


def hold(quantity: Array, lengths: Array | None) -> Array:
    """A quantity, (T, ..., n), that after its sequence's end repeats its last."""
    if lengths is None:
        return quantity
    return _reorder(quantity, np.minimum(_steps(len(quantity), lengths), lengths - 1))


def hold_back(own: Array, lengths: Array | None) -> Array:
    """The gradient's way back over ``hold``: the last gets what stood after it."""
    if lengths is None:
        return own
    ended, last = ~alive(lengths, len(own)), _steps(len(own), lengths) == lengths - 1
    late = np.where(ended[..., None], own, 0).sum(axis=0)
    return np.where(ended[..., None], 0, own) + last[..., None] * late


def turn(quantity: Array, lengths: Array | None) -> Array:
    """Each sequence of (T, ..., n) from its end to its beginning; what follows its end stays."""
    if lengths is None:
        return quantity[::-1]
    t = _steps(len(quantity), lengths)
    return _reorder(quantity, np.where(t < lengths, lengths - 1 - t, t))


def _reorder(quantity: Array, steps: Array) -> Array:
    """At each step of each sequence the quantity of another."""
    taken: Array = np.take_along_axis(quantity, steps[..., None], axis=0)
    return taken


def _steps(T: int, lengths: Array) -> Array:
    """0 … T−1 along a first axis, to be compared with ``lengths``."""
    steps: np.ndarray[Any, Any] = np.arange(T)
    return steps.reshape(-1, *[1] * lengths.ndim)
