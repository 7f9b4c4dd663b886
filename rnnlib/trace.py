"""Unrolling a network through time, and the record that this leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.cells import as_inputs, as_state, check_network, map_record, rows, zero_state
from rnnlib.checks import Array, as_array, read, read_only, said
from rnnlib.lengths import as_lengths, blank, hold
from rnnlib.parameters import dtype_of


@dataclass(frozen=True, eq=False)
class Trace:
    """Every quantity of every time step of one unrolling, under the name the notes give it.

    ``trace[t]`` is the record of the notes' step t, for t = 1 … T; ``trace[0]`` holds the initial
    state, and ``trace[-1]`` is the last step. ``trace.h`` is h(1) … h(T) in one array of shape
    (T, ..., n), so that ``trace.h[t-1]`` is h(t), as ``xs[t-1]`` is x(t). ``len(trace)`` is T; a
    loop over a trace yields the steps 1 … T, and one over ``reversed(trace)`` T … 1.

    Of sequences of different lengths T is the longest. One that has ended stands still: its later
    records repeat its last, so that ``trace[-1]`` holds the last record of each.

    The gradient of a trace is a trace too; see ``bptt``. The arrays of both are read-only.

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
    lengths : (...) integers, or None
        How many steps each sequence has; None if all have T.
    """

    cell: Any
    xs: Array
    initial: Any
    steps: Any
    lengths: Array | None = None

    def __post_init__(self) -> None:
        self.__setstate__(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({name: read_only(value) for name, value in state.items()})

    def __len__(self) -> int:
        return len(self.xs)

    def __getitem__(self, t: int) -> Any:
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
        return at(self.steps, t - 1 if t > 0 else t)

    def __iter__(self) -> Iterator[Any]:
        return (self[t] for t in range(1, len(self) + 1))

    def __reversed__(self) -> Iterator[Any]:
        return (self[t] for t in range(len(self), 0, -1))

    def __getattr__(self, name: str) -> Array:
        # Only called for what is not an attribute already: the quantities of the record.
        if "steps" not in self.__dict__:  # copy and pickle ask before there is anything
            raise AttributeError(name)
        kept = self._kept()
        if name in kept:
            return kept[name]
        known = ", ".join(kept)
        raise AttributeError(f"a trace of {type(self.cell).__name__} holds {known}; got {name!r}")

    def _kept(self) -> dict[str, Array]:
        return {name: q for name, q in self.steps._asdict().items() if q is not None}

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._kept()]

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {q.shape}" for name, q in self._kept().items())
        return f"<Trace of {type(self.cell).__name__}, T = {len(self)}: {shapes}>"


def unroll(
    cell: Any,
    xs: ArrayLike,
    initial: Any = None,
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
        Any cell, or a network that is made of cells.
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
    _check_order(cell, xs)
    xs, lengths = _sequences(cell, xs, lengths)
    return unrolled(cell, xs, initial, lengths, "initial")


def unrolled(cell: Any, xs: Array, initial: Any, lengths: Array | None, name: str) -> Trace:
    """``unroll`` for sequences that have been checked; errors call the initial state ``name``.

    A network made of networks has a way of its own to do it: see ``rnnlib.stack``.
    """
    if hasattr(cell, "unrolled"):
        trace: Trace = cell.unrolled(xs, initial, lengths, name)
        return trace
    start = zero_state(cell) if initial is None else initial
    initial = as_state(name, cell, start, xs.shape[1:-1])
    steps = _forward(cell, xs, map_record(rows, initial))
    steps = map_record(lambda q: hold(q.reshape(*xs.shape[:-1], -1), lengths), steps)
    return Trace(cell, xs, initial, steps, lengths)


def _forward(cell: Any, xs: Array, before: Any) -> Any:
    """The loop that unrolls: a step takes its share of the inputs, and the record before.

    Returns the records of all steps, each quantity (T, m, n).
    """
    # a class that does not inherit from Cell may have no more than a step
    forward, steps = getattr(cell, "forward", cell.step), None
    for t, share in enumerate(_shares(cell, xs)):
        before = forward(share, before)
        steps = put(steps, before, t, len(xs))
    return steps


def _shares(cell: Any, xs: Array) -> Array:
    """The inputs' share in each step, (T, m, ...), which is had in one product for all."""
    inputs = getattr(cell, "inputs", lambda xs: xs)
    shares: Array = inputs(rows(xs))
    return shares.reshape(len(xs), -1, *shares.shape[1:])


def put(steps: Any, record: Any, t: int, T: int) -> Any:
    """The records of all T steps, (T, m, n), with that of one among them; ``t`` counts from 0.

    Where there are none yet, room is made for them.
    """
    if steps is None:
        _keep_freed_memory()
        # one type for all: where one quantity is complex, the others will be in the next step
        kind = np.result_type(*(quantity for quantity in record if quantity is not None))
        steps = map_record(lambda quantity: np.empty((T, *quantity.shape), kind), record)
    for kept, quantity in zip(steps, record, strict=True):
        if quantity is not None:
            kept[t] = quantity
    return steps


@cache
def _keep_freed_memory() -> None:
    """Have the C library of Linux keep for the next trace what this one has freed.

    Else it hands a large array's memory back at once, and the next one pays for every page of it
    again: half of the time of a small network. Once it has seen a block of nearly 32 MB freed, it
    keeps that much. Nothing is ever written to this block, and so it is free.
    """
    np.empty(2**25 - 2**16, np.uint8)


def at(steps: Any, t: int | slice) -> Any:
    """The record of one step out of those of all, or of some."""
    return map_record(lambda quantity: quantity[t], steps)


def as_batch(quantity: Array) -> Array:
    """One axis for the batch, whatever there was between the first and the last: (T, m, n)."""
    return quantity.reshape(len(quantity), -1, quantity.shape[-1])


def by_rows(steps: Any) -> Any:
    """The records of all steps, each quantity with one axis for the batch: (T, m, n)."""
    return map_record(as_batch, steps)


def states_before(trace: Trace) -> Any:
    """For each step the state of the step before, and nothing else: (T, m, n)."""
    states = {
        name: np.concatenate([getattr(trace[0], name)[None], getattr(trace, name)[:-1]])
        for name in trace.cell.state
    }
    return by_rows(trace.cell.Step(**states))


def each_step(steps: Any, T: int) -> list[Any]:
    """The record of step 1, of step 2, … out of those of all T."""
    kept = ([None] * T if quantity is None else quantity for quantity in steps)
    return [type(steps)._make(quantities) for quantities in zip(*kept, strict=True)]


def _check_order(cell: Any, xs: Any) -> None:
    """Raise TypeError unless the first argument is a network and the second is none."""
    if hasattr(xs, "n_inputs") and not hasattr(cell, "n_inputs"):
        raise TypeError(
            f"cell is {said(cell)} and xs is of type {type(xs).__name__}: "
            f"they have changed places, expected unroll(cell, xs)"
        )
    check_network("cell", cell)


def _sequences(cell: Any, xs: ArrayLike, lengths: ArrayLike | None) -> tuple[Array, Array | None]:
    """A copy of ``xs``, (T, ..., k), so that a trace stays what it is; and ``lengths``."""
    try:
        given = as_array("xs", xs, like=dtype_of(cell)) if lengths is None else read("xs", xs)
    except ValueError as error:
        if "ragged" not in str(error):
            raise
        raise ValueError(f"{error} (of several sequences pad makes a batch: *pad(xs))") from None
    if given.ndim < 2:
        raise ValueError(
            f"xs has shape {given.shape}, expected (T, ..., {cell.n_inputs}): time comes first"
        )
    if len(given) == 0:
        raise ValueError(f"xs has shape {given.shape}, that is no step; at least one was expected")
    if lengths is not None:
        lengths = as_lengths(lengths, given)
        given = blank(given, lengths)
    return as_inputs("xs", cell, given).copy(), lengths
