"""Networks made of networks: layers one above another, and two that read in opposite directions.

They run in the order of their layers, each over the whole sequence before the next one begins, and
so each in its own fast way. ``unroll`` and ``bptt`` take them as they take a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.backpropagation import backpropagated
from rnnlib.cells import Dense, check_network
from rnnlib.checks import Array, said
from rnnlib.lengths import hold, hold_back, turn
from rnnlib.trace import Trace, unrolled


@dataclass(frozen=True, eq=False)
class Stack:
    """x → cells[0] → cells[1] → …: each layer reads, step by step, the output of the one below.

    What a layer passes on is the quantity that its ``output`` names: y of a ``Layer``, ``Elman``,
    ``Jordan`` or ``Dense``, h of an ``LSTM``.

    Parameters
    ----------
    cells : tuple
        The layers from the input upwards: cells, or networks of this module.

    Raises
    ------
    ValueError
        If there is no layer, or one has not as many inputs as the layer below has outputs.
    TypeError
        If something else stands among the cells.

    Notes
    -----
    ``unroll`` returns a ``StackTrace``. Its ``initial`` is a tuple with the record of each layer,
    or None for a layer that starts from zero. ``bptt`` takes seeds for the top layer.

    Examples
    --------
    Two layers, and the change of the last output with each input:

    >>> from rnnlib import Layer, bptt, unroll
    >>> sums = Layer(W_x=[[1]], W_y=[[1]], b=[0], phi="identity")
    >>> trace = unroll(Stack((sums, Dense(W=[[10]], b=[1]))), [[1], [2], [3]])
    >>> trace.layers[0].y.ravel(), trace.y.ravel()
    (array([1., 3., 6.]), array([11., 31., 61.]))
    >>> bptt(trace, y=[[0], [0], [1]]).xs.ravel()
    array([10., 10., 10.])
    """

    cells: tuple[Any, ...]

    def __post_init__(self) -> None:
        if isinstance(self.cells, list):
            object.__setattr__(self, "cells", tuple(self.cells))
        if not isinstance(self.cells, tuple) or not self.cells:
            raise ValueError(
                f"cells is {said(self.cells)}; a tuple of at least one cell was expected"
            )
        for j, cell in enumerate(self.cells):
            check_network(f"cells[{j}]", cell)
        for j, (below, above) in enumerate(pairwise(self.cells)):
            if above.n_inputs != below.n_outputs:
                raise ValueError(
                    f"cells[{j + 1}] has {above.n_inputs} inputs, expected {below.n_outputs}: "
                    f"so many outputs has cells[{j}]"
                )

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads: those of the lowest layer."""
        return int(self.cells[0].n_inputs)

    @property
    def n_outputs(self) -> int:
        """How many numbers the highest layer puts out."""
        return int(self.cells[-1].n_outputs)

    @property
    def output(self) -> str:
        """The name of the highest layer's output."""
        return str(self.cells[-1].output)

    @property
    def pre_activation(self) -> str | None:
        """The name of its pre-activation, if it has one."""
        name: str | None = getattr(self.cells[-1], "pre_activation", None)
        return name

    @property
    def seeds(self) -> tuple[str, ...]:
        """The quantities that a loss may read: those of the highest layer."""
        top = self.cells[-1]
        return (*getattr(top, "seeds", ()), *getattr(top, "state", ()), top.output)

    @property
    def depth(self) -> int:
        """How many layers with memory stand one above another."""
        return sum(map(recurrent_depth, self.cells))

    def step(self, x: ArrayLike, before: tuple[Any, ...]) -> tuple[Any, ...]:
        """One time step of all layers: ``x`` of shape (..., k), and each layer's record before.

        Raises
        ------
        TypeError, ValueError
            If ``before`` is no tuple of one record for each layer; and as the layers' ``step``.
        """
        records: list[Any] = []
        for cell, record, _ in _starts(self, self.cells, before, "before"):
            records.append(cell.step(x, record))
            x = passed_on(cell, records[-1])
        return tuple(records)

    def unrolled(self, xs: Array, initial: Any, lengths: Array | None, name: str) -> StackTrace:
        """Each layer unrolled over the output of the one below; arguments have been checked."""
        layers: list[Trace] = []
        for cell, start, inner in _starts(self, self.cells, initial, name):
            layers.append(unrolled(cell, xs, start, lengths, inner))
            xs = getattr(layers[-1], cell.output)
        return StackTrace.of(self, tuple(layers))

    def backpropagated(
        self, trace: StackTrace, truncate: int | None, seeds: dict[str, Array]
    ) -> StackTrace:
        """The way back from the highest layer to the lowest; arguments have been checked."""
        if truncate is not None and self.depth > 1:
            # A loss of step t that has reached layer 1 by way of layer 2 is older there than one
            # that came straight down; the sum that layer 2 hands on no longer tells them apart.
            raise ValueError(
                f"truncate is {truncate}, and the trace is of a stack with {self.depth} recurrent "
                f"layers; None was expected: only over one such layer can the way back be cut"
            )
        layers: list[Trace] = []
        for layer in reversed(trace.layers):
            if layers:
                seeds = {layer.cell.output: layers[0].xs}
            layers.insert(0, backpropagated(layer, truncate, seeds))
        return StackTrace.of(Stack(tuple(layer.cell for layer in layers)), tuple(layers))


@dataclass(frozen=True, eq=False)
class BothDirections:
    """y(t) = [forwards, backwards]: one network reads x(1) … x(t), the other x(T) … x(t).

    Parameters
    ----------
    forwards, backwards
        Two networks with as many inputs, whose outputs have the same name.

    Raises
    ------
    ValueError
        If they have not.

    Notes
    -----
    ``unroll`` returns a ``DirectionsTrace``. Its ``initial`` is a pair of records, or of None. Of
    sequences of different lengths each is read from its own end. Truncated to k steps, a loss
    reaches over k steps in either direction.

    Examples
    --------
    >>> from rnnlib import Layer, unroll
    >>> sums = Layer(W_x=[[1]], W_y=[[1]], b=[0], phi="identity")
    >>> unroll(BothDirections(sums, sums), [[1], [2], [4]]).y
    array([[1., 7.],
           [3., 6.],
           [7., 4.]])
    """

    forwards: Any
    backwards: Any

    def __post_init__(self) -> None:
        check_network("forwards", self.forwards)
        check_network("backwards", self.backwards)
        for what, have, want in (
            ("n_inputs", self.backwards.n_inputs, self.forwards.n_inputs),
            ("output", self.backwards.output, self.forwards.output),
        ):
            if have != want:
                raise ValueError(f"backwards.{what} is {have}, expected {want}, as forwards has it")

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return int(self.forwards.n_inputs)

    @property
    def n_outputs(self) -> int:
        """How many numbers both put out together."""
        return int(self.forwards.n_outputs + self.backwards.n_outputs)

    @property
    def output(self) -> str:
        """The name of the output, the same in both."""
        return str(self.forwards.output)

    @property
    def depth(self) -> int:
        """How many layers with memory stand one above another."""
        return max(recurrent_depth(self.forwards), recurrent_depth(self.backwards))

    def step(self, x: ArrayLike, before: tuple[Any, ...]) -> tuple[Any, ...]:
        """There is none: raises TypeError."""
        raise TypeError("BothDirections has no single step: backwards begins at the sequence's end")

    def unrolled(
        self, xs: Array, initial: Any, lengths: Array | None, name: str
    ) -> DirectionsTrace:
        """Both networks unrolled, one over the sequences turned around."""
        if isinstance(initial, DirectionsStep):
            raise TypeError(
                f"{name} is the end of a trace, which BothDirections cannot continue: backwards "
                f"begins at the end of the sequence. A pair was expected, such as "
                f"(trace[-1].forwards, None)"
            )
        networks = (self.forwards, self.backwards)
        forwards, backwards = (
            unrolled(cell, read, start, lengths, inner)
            for (cell, start, inner), read in zip(
                _starts(self, networks, initial, name), (xs, turn(xs, lengths)), strict=True
            )
        )
        ours, theirs = getattr(forwards, self.output), getattr(backwards, self.output)
        joined = np.concatenate([ours, hold(turn(theirs, lengths), lengths)], axis=-1)
        return DirectionsTrace.of(self, xs, forwards, backwards, joined)

    def backpropagated(
        self, trace: DirectionsTrace, truncate: int | None, seeds: dict[str, Array]
    ) -> DirectionsTrace:
        """Both networks' way back; arguments have been checked."""
        lengths, output = trace.lengths, self.output
        own = hold_back(seeds[output], lengths)
        ours, theirs = np.split(own, [self.forwards.n_outputs], axis=-1)
        forwards = backpropagated(trace.forwards, truncate, {output: ours})
        backwards = backpropagated(trace.backwards, truncate, {output: turn(theirs, lengths)})
        joined = [getattr(forwards, output), turn(getattr(backwards, output), lengths)]
        return DirectionsTrace.of(
            BothDirections(forwards.cell, backwards.cell),
            forwards.xs + turn(backwards.xs, lengths),
            forwards,
            backwards,
            np.concatenate(joined, axis=-1),
        )


@dataclass(frozen=True, eq=False, repr=False)
class StackTrace(Trace):
    """The trace of a ``Stack``: ``trace.layers[j]`` is that of layer j, the lowest first.

    ``trace[t]`` is the tuple of the layers' records of step t; ``trace[-1]``, given to ``unroll``
    as ``initial``, continues it. ``trace.y`` and all else that a trace has is the top layer's, but
    ``trace.xs``, which is the stack's input.
    """

    layers: tuple[Trace, ...] = ()

    @classmethod
    def of(cls, stack: Stack, layers: tuple[Trace, ...]) -> StackTrace:
        """The trace of a stack, out of those of its layers."""
        initial, top = tuple(layer[0] for layer in layers), layers[-1]
        return cls(stack, layers[0].xs, initial, top.steps, top.lengths, layers)

    def __getitem__(self, t: int) -> tuple[Any, ...]:
        return tuple(layer[t] for layer in self.layers)


class DirectionsStep(NamedTuple):
    """The t-th steps of both networks; they belong to one x(t) in the middle alone."""

    forwards: Any
    backwards: Any


@dataclass(frozen=True, eq=False, repr=False)
class DirectionsTrace(Trace):
    """The trace of ``BothDirections``: the traces ``forwards`` and ``backwards``, and the output.

    ``trace.h[t-1]``, or whatever the output is called, holds what both made of x(t) and all that
    each had read before it. But ``trace.backwards`` keeps the order in which that network read:
    its step 1 has x(T). Likewise ``trace[t]`` is the pair of the t-th steps of both, so that
    ``trace[-1]`` is the pair of records that have seen the whole sequence.
    """

    forwards: Any = None
    backwards: Any = None

    @classmethod
    def of(
        cls, cell: BothDirections, xs: Array, forwards: Trace, backwards: Trace, joined: Array
    ) -> DirectionsTrace:
        """The trace of both directions, out of that of each and the output of both."""
        steps, initial = type(forwards.steps)(**{cell.output: joined}), (forwards[0], backwards[0])
        return cls(cell, xs, initial, steps, forwards.lengths, forwards, backwards)

    def __getitem__(self, t: int) -> tuple[Any, ...]:
        if t == 0:
            return (self.forwards[0], self.backwards[0])
        return DirectionsStep(self.forwards[t], self.backwards[t])


def feed_forward(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    sigma: str = "tanh",
    F: str = "identity",
) -> Stack:
    """a^i = φ^{i−1} W^i + b^i,  φ^i = σ(a^i),  φ^0 = x,  y = F(a^U): layers without memory.

    Parameters
    ----------
    weights : U arrays, of shapes (p(i−1), p(i))
        W^1 … W^U. The source writes vectors as columns, and so has them transposed.
    biases : U arrays, of shapes (p(i),)
    sigma, F : str
        The names of the activation of all layers but the last, and of the last.

    Raises
    ------
    ValueError
        If there are not as many biases as weights, or shapes do not fit together.

    Notes
    -----
    Definitions 1 and 2 of Galvan's *On recurrent neural networks*, equations (1.3) to (1.6). A
    sequence serves as a batch here, since no step knows of another: ``unroll(network, X)`` with one
    instance in each row of X. In ``d = bptt(trace, a=...)``, seeded with one output unit u,
    ``d.layers[i-1].a`` is the row of Δ^i of (1.23) that belongs to u; with ``y=...`` it is ∂g/∂a^i.

    Examples
    --------
    >>> from rnnlib import unroll
    >>> network = feed_forward([[[1, -1]], [[2], [1]]], [[0, 0], [0.5]], sigma="relu")
    >>> unroll(network, [[3], [-3]]).y
    array([[6.5],
           [3.5]])
    """
    if len(weights) != len(biases) or not len(weights):
        raise ValueError(
            f"biases has {len(biases)} arrays, expected {len(weights) or 'at least one'}, as "
            f"weights"
        )
    names = [sigma] * (len(weights) - 1) + [F]
    layers: Any = zip(weights, biases, names, strict=True)
    return Stack(tuple(Dense(*layer) for layer in layers))


def passed_on(cell: Any, record: Any) -> Array:
    """A record's output; a stack's record is a tuple, of which the last is the top's."""
    while isinstance(cell, Stack):
        cell, record = cell.cells[-1], record[-1]
    output: Array = getattr(record, cell.output)
    return output


def recurrent_depth(cell: Any) -> int:
    """How many layers with memory stand one above another."""
    return int(getattr(cell, "depth", bool(getattr(cell, "state", ()))))


def _starts(
    network: Stack | BothDirections, cells: tuple[Any, ...], initial: Any, name: str
) -> Iterator[tuple[Any, Any, str]]:
    """Each cell with its initial state and what errors call that."""
    if initial is None:
        initial = (None,) * len(cells)
    kind, have = type(network).__name__, type(initial).__name__
    if type(initial) not in (tuple, list):  # a single record is a named tuple
        raise TypeError(
            f"{name} is of type {have}, {kind} expected a tuple of {len(cells)} records"
        )
    if len(initial) != len(cells):
        raise ValueError(f"{name} holds {len(initial)} records, {kind} expected {len(cells)}")
    names = (f"{name}[{j}]" for j in range(len(cells)))
    return zip(cells, initial, names, strict=True)
