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


class _Networks:
    """What networks made of networks have in common."""

    _parts: tuple[Any, ...]

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return int(self._parts[0].n_inputs)

    @property
    def output(self) -> str:
        """The name of the output: that of the highest layer, or of both directions."""
        return str(self._parts[-1].output)

    def _with_starts(self, initial: Any, name: str) -> Iterator[tuple[Any, Any, str]]:
        """Each network with its initial state and what errors call that."""
        parts, kind = self._parts, type(self).__name__
        if initial is None:
            initial = (None,) * len(parts)
        if type(initial) not in (tuple, list):  # a single record is a named tuple
            raise TypeError(
                f"{name} is of type {type(initial).__name__}, {kind} expected a tuple of "
                f"{len(parts)} records"
            )
        if len(initial) != len(parts):
            raise ValueError(f"{name} holds {len(initial)} records, {kind} expected {len(parts)}")
        names = (f"{name}[{j}]" for j in range(len(parts)))
        return zip(parts, initial, names, strict=True)


@dataclass(frozen=True, eq=False)
class Stack(_Networks):
    """x → cells[0] → cells[1] → …: each layer reads, step by step, the output of the one below.

    What a layer passes on is the quantity that its ``output`` names: y of a ``Layer``, ``Elman``,
    ``Jordan`` or ``Dense``, h of an ``LSTM``.

    ``cells`` are the layers from the input upwards: cells, or networks of this module. ``unroll``
    returns a ``StackTrace``; its ``initial`` is a tuple with the record of each layer, or None for
    a layer that starts from zero. ``bptt`` takes seeds for the top layer.

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
    def _parts(self) -> tuple[Any, ...]:  # type: ignore[override]
        return self.cells

    @property
    def n_outputs(self) -> int:
        """How many numbers the highest layer puts out."""
        return int(self.cells[-1].n_outputs)

    @property
    def pre_activation(self) -> str | None:
        """The name of its pre-activation, if it has one."""
        return getattr(self.cells[-1], "pre_activation", None)

    @property
    def seeds(self) -> tuple[str, ...]:
        """The quantities that a loss may read: those of the highest layer."""
        top = self.cells[-1]
        return (*getattr(top, "seeds", ()), *getattr(top, "state", ()), top.output)

    def step(self, x: ArrayLike, before: tuple[Any, ...]) -> tuple[Any, ...]:
        """One time step of all layers: ``x`` of shape (..., k), and each layer's record before."""
        records: list[Any] = []
        for cell, record, _ in self._with_starts(before, "before"):
            records.append(cell.step(x, record))
            x = passed_on(cell, records[-1])
        return tuple(records)

    def unrolled(self, xs: Array, initial: Any, lengths: Array | None, name: str) -> StackTrace:
        """Each layer unrolled over the output of the one below; arguments have been checked."""
        layers: list[Trace] = []
        for cell, start, inner in self._with_starts(initial, name):
            layers.append(unrolled(cell, xs, start, lengths, inner))
            xs = getattr(layers[-1], cell.output)
        return StackTrace.of(self, layers[0].xs, layers[-1].steps, *layers)

    def backpropagated(
        self, trace: StackTrace, truncate: int | None, seeds: dict[str, Array]
    ) -> StackTrace:
        """The way back from the highest layer to the lowest; arguments have been checked."""
        depth = _depth(self)
        if truncate is not None and depth > 1:
            # A loss of step t that has reached layer 1 by way of layer 2 is older there than one
            # that came straight down; the sum that layer 2 hands on no longer tells them apart.
            raise ValueError(
                f"truncate is {truncate}, and the trace is of a stack with {depth} recurrent "
                f"layers; None was expected: only over one such layer can the way back be cut"
            )
        layers: list[Trace] = []
        for layer in reversed(trace.layers):
            if layers:
                seeds = {layer.cell.output: layers[0].xs}
            layers.insert(0, backpropagated(layer, truncate, seeds))
        gradient = Stack(tuple(layer.cell for layer in layers))
        return StackTrace.of(gradient, layers[0].xs, layers[-1].steps, *layers)


@dataclass(frozen=True, eq=False)
class BothDirections(_Networks):
    """y(t) = [forwards, backwards]: one network reads x(1) … x(t), the other x(T) … x(t).

    Both have as many inputs, and outputs of the same name. ``unroll`` returns a
    ``DirectionsTrace``; its ``initial`` is a pair of records, or of None. Of sequences of different
    lengths each is read from its own end. Truncated to k steps, a loss reaches over k steps in
    either direction.

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
    def _parts(self) -> tuple[Any, ...]:  # type: ignore[override]
        return self.forwards, self.backwards

    @property
    def n_outputs(self) -> int:
        """How many numbers both put out together."""
        return int(self.forwards.n_outputs + self.backwards.n_outputs)

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
        reads = iter((xs, turn(xs, lengths)))
        forwards, backwards = (
            unrolled(cell, next(reads), start, lengths, inner)
            for cell, start, inner in self._with_starts(initial, name)
        )
        ours, theirs = getattr(forwards, self.output), getattr(backwards, self.output)
        joined = np.concatenate([ours, hold(turn(theirs, lengths), lengths)], axis=-1)
        steps = type(forwards.steps)(**{self.output: joined})
        return DirectionsTrace.of(self, xs, steps, forwards, backwards)

    def backpropagated(
        self, trace: DirectionsTrace, truncate: int | None, seeds: dict[str, Array]
    ) -> DirectionsTrace:
        """Both networks' way back; arguments have been checked."""
        lengths, output = trace.lengths, self.output
        own = hold_back(seeds[output], lengths)
        ours, theirs = np.split(own, [self.forwards.n_outputs], axis=-1)
        forwards = backpropagated(trace.forwards, truncate, {output: ours})
        backwards = backpropagated(trace.backwards, truncate, {output: turn(theirs, lengths)})
        gradient = BothDirections(forwards.cell, backwards.cell)
        d_xs = forwards.xs + turn(backwards.xs, lengths)
        ours, theirs = getattr(forwards, output), turn(getattr(backwards, output), lengths)
        steps = type(forwards.steps)(**{output: np.concatenate([ours, theirs], axis=-1)})
        return DirectionsTrace.of(gradient, d_xs, steps, forwards, backwards)


@dataclass(frozen=True, eq=False, repr=False)
class StackTrace(Trace):
    """The trace of a ``Stack``: ``trace.layers[j]`` is that of layer j, the lowest first.

    ``trace[t]`` is the tuple of the layers' records of step t; ``trace[-1]``, given to ``unroll``
    as ``initial``, continues it. ``trace.y`` and all else that a trace has is the top layer's, but
    ``trace.xs``, which is the stack's input.
    """

    layers: tuple[Trace, ...] = ()

    @classmethod
    def of(cls, network: _Networks, xs: Array, steps: Any, *layers: Trace) -> Any:
        """The trace of networks, out of that of each; ``steps`` hold what all put out."""
        initial = tuple(layer[0] for layer in layers)
        return cls(network, xs, initial, steps, layers[0].lengths, layers)

    def __getitem__(self, t: int) -> tuple[Any, ...]:
        return tuple(layer[t] for layer in self.layers)


class DirectionsStep(NamedTuple):
    """The t-th steps of both networks; they belong to one x(t) in the middle alone."""

    forwards: Any
    backwards: Any


class DirectionsTrace(StackTrace):
    """The trace of ``BothDirections``: the traces ``forwards`` and ``backwards``, and the output.

    ``trace.h[t-1]``, or whatever the output is called, holds what both made of x(t) and all that
    each had read before it. But ``trace.backwards`` keeps the order in which that network read:
    its step 1 has x(T). Likewise ``trace[t]`` is the pair of the t-th steps of both, so that
    ``trace[-1]`` is the pair of records that have seen the whole sequence.
    """

    @property
    def forwards(self) -> Trace:
        """The trace of the network that reads from the beginning."""
        return self.layers[0]

    @property
    def backwards(self) -> Trace:
        """The trace of the network that reads from the end."""
        return self.layers[1]

    def __getitem__(self, t: int) -> tuple[Any, ...]:
        records = super().__getitem__(t)
        return DirectionsStep(*records) if t else records


def feed_forward(
    weights: Sequence[ArrayLike],
    biases: Sequence[ArrayLike],
    sigma: str = "tanh",
    F: str = "identity",
) -> Stack:
    """a^i = φ^{i−1} W^i + b^i,  φ^i = σ(a^i),  φ^0 = x,  y = F(a^U): layers without memory.

    ``weights`` are W^1 … W^U, of shapes (p(i−1), p(i)), and ``biases`` of shapes (p(i),); ``sigma``
    and ``F`` the names of the activation of all layers but the last, and of the last.

    Definitions 1 and 2 of Galvan's *On recurrent neural networks*, equations (1.3) to (1.6), there
    in columns. A sequence serves as a batch here, since no step knows of another:
    ``unroll(network, X)`` with one instance in each row of X. In ``d = bptt(trace, a=...)``, seeded
    with one output unit u, ``d.layers[i-1].a`` is the row of Δ^i of (1.23) that belongs to u; with
    ``y=...`` it is ∂g/∂a^i.

    >>> from rnnlib import unroll
    >>> network = feed_forward([[[1, -1]], [[2], [1]]], [[0, 0], [0.5]], sigma="relu")
    >>> unroll(network, [[3], [-3]]).y
    array([[6.5],
           [3.5]])
    """
    for name, arrays in (("weights", weights), ("biases", biases)):
        if not isinstance(arrays, Sequence | np.ndarray):
            raise TypeError(f"{name} is {said(arrays)}, expected a list of arrays")
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
    return getattr(record, cell.output)


def _depth(network: Any) -> int:
    """How many layers with memory stand one above another."""
    if isinstance(network, BothDirections):
        return max(map(_depth, network._parts))
    if isinstance(network, Stack):
        return sum(map(_depth, network.cells))
    return int(bool(getattr(network, "state", ())))
