"""Unrolling a network through time, and the record that this leaves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.cells import Cell, as_inputs, as_state, record_at, run, zero_state
from rnnlib.checks import as_array, check_shape


@dataclass(frozen=True, eq=False)
class Trace:
    """Every quantity of every time step of one unrolling, under the name the notes give it.

    ``trace[t]`` is the record of the notes' step t, for t = 1 … T; ``trace[0]`` holds the initial
    state, and ``trace[-1]`` is the last step. ``trace.h`` is h(1) … h(T) in one array of shape
    (T, ..., n), so that ``trace.h[t-1]`` is h(t), as ``xs[t-1]`` is x(t). ``len(trace)`` is T; a
    loop over a trace yields the steps 1 … T, and one over ``reversed(trace)`` T … 1.

    Of sequences of different lengths T is the longest. One that has ended stands still: its later
    records repeat its last, so that ``trace[-1]`` holds the last record of each.

    The gradient of a trace is a trace too; see ``bptt``.

    Attributes
    ----------
    cell : Cell
        The network that was unrolled.
    xs : (T, ..., k)
        Its input.
    initial : NamedTuple
        The record of step 0.
    steps : NamedTuple
        The records of all steps, each quantity stacked along a first axis of length T.
    blocks : NamedTuple
        The same numbers, in the arrays in which the cell computes, with one axis for the batch.
    lengths : (...) integers, or None
        How many steps each sequence has; None if all have T.
    """

    cell: Cell
    xs: NDArray
    initial: NamedTuple
    steps: NamedTuple
    blocks: NamedTuple
    lengths: NDArray | None = None

    def __len__(self) -> int:
        return len(self.xs)

    def __getitem__(self, t: int) -> NamedTuple:
        T = len(self)
        if not isinstance(t, int | np.integer):
            raise TypeError(
                f"a trace is indexed by one time step, 0 to {T}; got {t!r} "
                f"(slice a quantity: trace.y[0:2] holds y(1) and y(2))"
            )
        if not -T <= t <= T:
            raise IndexError(f"the trace holds steps 0 to {T}; got t = {t}")
        if t == 0:
            return self.initial
        return record_at(self.steps, t - 1 if t > 0 else T + t)

    def __iter__(self) -> Iterator[NamedTuple]:
        return (self[t] for t in range(1, len(self) + 1))

    def __reversed__(self) -> Iterator[NamedTuple]:
        return (self[t] for t in range(len(self), 0, -1))

    def __getattr__(self, name: str) -> NDArray:
        # Only called for what is not an attribute already: the quantities of the record.
        if "steps" not in self.__dict__:  # copy and pickle ask before there is anything
            raise AttributeError(name)
        kept = self._kept()
        if name in kept:
            return kept[name]
        known = ", ".join(kept)
        raise AttributeError(f"a trace of {type(self.cell).__name__} holds {known}; got {name!r}")

    def _kept(self) -> dict[str, NDArray]:
        return {name: q for name, q in self.steps._asdict().items() if q is not None}

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._kept()]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {q.shape}" for name, q in self._kept().items())
        return f"<Trace of {type(self.cell).__name__}, T = {len(self)}: {shapes}>"


def unroll(
    cell: Cell,
    xs: ArrayLike,
    initial: NamedTuple | None = None,
    lengths: ArrayLike | None = None,
) -> Trace:
    """Run ``cell`` over a sequence: step t takes x(t) and the record of step t−1.

    Equivalent to the following, with the records stacked and the inputs' share in all steps
    computed at once::

        before = initial
        for x in xs:
            before = cell.step(x, before)

    Parameters
    ----------
    cell
        Any cell: an object with what ``Cell`` lists.
    xs : (T, ..., k)
        One sequence, (T, k), or a batch of m sequences of equal length, (T, m, k).
    initial : NamedTuple, optional
        The record of step 0, of which only what is fed back is used: for instance
        ``ElmanStep(h=[0, 1, 0])``, or the end ``trace[-1]`` of an earlier trace, which continues
        it. A state of shape (n,) serves every sequence of a batch. Zero if left out.
    lengths : (...) integers, optional
        How many steps each sequence of a batch has, 1 to T, of the shape of the axes between the
        first and the last of ``xs``. What ``xs`` holds after a sequence's end is ignored, and may
        be anything; ``pad`` makes such a batch out of a list of sequences.

    Raises
    ------
    ValueError
        If the sequence is empty or ragged, a shape does not fit, what is fed back is missing from
        ``initial``, or a number is not finite.
    TypeError
        If entries are not numbers, or ``initial`` is not a record of this kind of cell.

    Notes
    -----
    A network whose values grow beyond what a float can hold goes on with infinities, of which
    NumPy warns; the trace shows where it began.

    Examples
    --------
    The worked example of the lecture notes:

    >>> from rnnlib.examples import notes_elman, notes_inputs
    >>> trace = unroll(notes_elman(), notes_inputs())
    >>> trace.h
    array([[0., 2., 1.],
           [3., 3., 0.],
           [9., 0., 0.]])
    >>> trace.y
    array([[0., 6.],
           [5., 4.],
           [8., 0.]])
    >>> trace[2].h
    array([3., 3., 0.])
    """
    lengths = None if lengths is None else _as_lengths(lengths, np.shape(xs))
    xs = _sequence(cell, xs if lengths is None else _blank(xs, lengths))
    return way_there(cell, xs, initial, lengths, "initial")


@singledispatch
def way_there(
    cell: Cell, xs: NDArray, initial: NamedTuple | None, lengths: NDArray | None, name: str
) -> Trace:
    """``unroll`` for a sequence that has been checked; errors call the initial state ``name``.

    Networks made of networks register a way of their own: see ``rnnlib.stack``.
    """
    leading = xs.shape[1:-1]
    if initial is None:
        initial = zero_state(cell, leading, xs.dtype)
    else:
        initial = as_state(name, cell, initial, leading)
    steps, blocks = run(cell, xs, initial, None if lengths is None else alive(lengths, len(xs)))
    return Trace(cell, xs, initial, steps, blocks, lengths)


def pad(sequences: Iterable[ArrayLike]) -> tuple[NDArray, NDArray]:
    """Sequences of different lengths as one batch: ``xs``, (T, m, k), and ``lengths``, (m,).

    T is the longest length; zeros fill the rest, and ``unroll(cell, *...)`` ignores them.

    >>> xs, lengths = pad([[[1], [2], [3]], [[4]]])
    >>> xs[:, 1, 0], lengths
    (array([4., 0., 0.]), array([3, 1]))

    Raises
    ------
    ValueError
        If there is no sequence, one is empty or not of shape (T, k), or k differs.
    """
    arrays = [as_array(f"sequences[{i}]", each) for i, each in enumerate(sequences)]
    if not arrays:
        raise ValueError("sequences is empty; at least one was expected")
    for i, each in enumerate(arrays):
        check_shape(f"sequences[{i}]", each, ("T", arrays[0].shape[-1] if each.ndim else "k"))
    lengths = np.array([len(each) for each in arrays])
    shape = (lengths.max(), len(arrays), arrays[0].shape[-1])
    xs = np.zeros(shape, np.result_type(*arrays))
    for i, each in enumerate(arrays):
        xs[: len(each), i] = each
    return xs, lengths


def alive(lengths: NDArray, T: int) -> NDArray:
    """Which steps 1 … T each sequence has: booleans of shape (T, m), the batch as one axis."""
    return np.arange(1, T + 1)[:, None] <= lengths.reshape(-1)


def _as_lengths(lengths: ArrayLike, shape: tuple[int, ...]) -> NDArray:
    lengths = np.asarray(lengths)
    T, leading = shape[0], shape[1:-1]
    if lengths.dtype.kind not in "iu":
        raise TypeError(f"lengths holds entries of type {lengths.dtype}; integers were expected")
    if lengths.shape != leading:
        raise ValueError(
            f"lengths has shape {lengths.shape}, expected {leading}: one for each sequence of xs"
        )
    if lengths.size and not (lengths.min() >= 1 and lengths.max() <= T):
        wrong = lengths[(lengths < 1) | (lengths > T)][0]
        raise ValueError(f"lengths holds {wrong}; xs has {T} steps, so 1 to {T} were expected")
    return lengths.copy()


def _blank(xs: ArrayLike, lengths: NDArray) -> NDArray:
    """A copy of ``xs`` with zeros after each sequence's end."""
    xs = np.array(xs)
    ended = ~alive(lengths, len(xs)).reshape(xs.shape[:-1])
    xs[ended] = 0
    return xs


def _sequence(cell: Cell, xs: ArrayLike) -> NDArray:
    """A copy of ``xs``, (T, ..., k), so that a trace stays what it is."""
    xs = as_array("xs", xs)
    if xs.ndim < 2:
        raise ValueError(
            f"xs has shape {xs.shape}, expected (T, ..., {cell.n_inputs}): time comes first"
        )
    if len(xs) == 0:
        raise ValueError(f"xs has shape {xs.shape}, that is no step; at least one was expected")
    return as_inputs("xs", cell, xs).copy()
