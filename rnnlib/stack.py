"""Networks made of networks: layers one above another, and two that read in opposite directions.

They run in the order of their layers, each over the whole sequence before the next one begins, and
so each in its own fast way. ``unroll`` and ``bptt`` take them as they take a cell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.activations import activation
from rnnlib.bptt import way_back
from rnnlib.cells import (
    Cell,
    PlainCell,
    affine,
    check_activations,
    flat_product,
    outer,
    take_in,
    total,
)
from rnnlib.checks import check_shape
from rnnlib.parameters import with_parameters
from rnnlib.trace import Trace, way_there


class DenseStep(NamedTuple):
    """Pre-activation a and output y of a layer without memory, each of shape (..., o)."""

    a: NDArray | None = None
    y: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Dense(PlainCell):
    """y(t) = φ(x(t) W + b): a layer without memory, the same at every step.

    Parameters
    ----------
    W : (k, o)
        Column j holds the weights of neuron j.
    b : (o,)
    phi : str
        The name of the activation φ.

    Raises
    ------
    ValueError
        If shapes do not fit together, a number is not finite, or the activation is unknown.

    Examples
    --------
    >>> Dense(W=[[1, 0], [2, -1]], b=[0, 10]).step([3, 4], DenseStep()).y
    array([11.,  6.])
    """

    W: NDArray
    b: NDArray
    phi: str = "identity"

    Step: ClassVar = DenseStep
    Blocks: ClassVar = DenseStep
    state: ClassVar = ()
    state_sizes: ClassVar = ()
    output: ClassVar = "y"

    def __post_init__(self) -> None:
        take_in(self, "W", "b")
        check_shape("W", self.W, ("k", "o"))
        check_shape("b", self.b, (self.n_outputs,))
        check_activations(self, "phi")

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return self.W.shape[0]

    @property
    def n_outputs(self) -> int:
        """How many neurons there are."""
        return self.W.shape[1]

    def input_share(self, xs: NDArray) -> NDArray:
        """x(t) W + b, of shape (T, m, o): all that there is."""
        return affine(xs, self.W, self.b)

    def lay_out(self, shares: NDArray) -> DenseStep:
        return DenseStep(a=shares, y=np.empty_like(shares))

    def advance(self, now: DenseStep, before: DenseStep) -> None:
        pass

    def read_out(self, blocks: DenseStep) -> None:
        activation(self.phi).function(blocks.a, blocks.y)

    def read_back(self, blocks: DenseStep, d: DenseStep) -> None:
        da, dy = d
        da += activation(self.phi).pull_back(dy, *blocks)

    def retreat(self, now: DenseStep, before: DenseStep, d: DenseStep, flow: tuple) -> tuple:
        return ()

    def gather(self, xs: NDArray, initial: DenseStep, blocks: DenseStep, d: DenseStep) -> Dense:
        """∂L/∂W = Σ x(t)ᵀ ∂L/∂a(t),  ∂L/∂b = Σ ∂L/∂a(t)."""
        return with_parameters(self, {"W": outer(xs, d.a), "b": total(d.a)})

    def input_back(self, d: DenseStep) -> NDArray:
        return flat_product(d.a, self.W.T)


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

    cells: tuple[Cell | Stack | BothDirections, ...]

    def __post_init__(self) -> None:
        if isinstance(self.cells, list):
            object.__setattr__(self, "cells", tuple(self.cells))
        if not isinstance(self.cells, tuple) or not self.cells:
            raise ValueError(f"cells is {self.cells!r}; a tuple of at least one cell was expected")
        for j, cell in enumerate(self.cells):
            _check_network(f"cells[{j}]", cell)
        for j, (below, above) in enumerate(pairwise(self.cells)):
            if above.n_inputs != n_outputs(below):
                raise ValueError(
                    f"cells[{j + 1}] has {above.n_inputs} inputs, expected {n_outputs(below)}: "
                    f"so many outputs has cells[{j}]"
                )

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads: those of the lowest layer."""
        return self.cells[0].n_inputs

    @property
    def n_outputs(self) -> int:
        """How many numbers the highest layer puts out."""
        return n_outputs(self.cells[-1])

    @property
    def output(self) -> str:
        """The name of the highest layer's output."""
        return self.cells[-1].output

    def step(self, x: ArrayLike, before: tuple) -> tuple:
        """One time step of all layers: ``x`` of shape (..., k), and each layer's record before."""
        records = []
        for cell, record in zip(self.cells, before, strict=True):
            records.append(cell.step(x, record))
            x = passed_on(cell, records[-1])
        return tuple(records)


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

    forwards: Cell | Stack
    backwards: Cell | Stack

    def __post_init__(self) -> None:
        _check_network("forwards", self.forwards)
        _check_network("backwards", self.backwards)
        for what, have, want in (
            ("n_inputs", self.backwards.n_inputs, self.forwards.n_inputs),
            ("output", self.backwards.output, self.forwards.output),
        ):
            if have != want:
                raise ValueError(f"backwards.{what} is {have}, expected {want}, as forwards has it")

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return self.forwards.n_inputs

    @property
    def n_outputs(self) -> int:
        """How many numbers both put out together."""
        return n_outputs(self.forwards) + n_outputs(self.backwards)

    @property
    def output(self) -> str:
        """The name of the output, the same in both."""
        return self.forwards.output

    def step(self, x: ArrayLike, before: tuple) -> tuple:
        """There is none: raises TypeError."""
        raise TypeError("BothDirections has no single step: backwards begins at the sequence's end")


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
        return cls(stack, layers[0].xs, initial, top.steps, top.blocks, top.lengths, layers)

    def __getitem__(self, t: int) -> tuple:
        return tuple(layer[t] for layer in self.layers)


@dataclass(frozen=True, eq=False, repr=False)
class DirectionsTrace(Trace):
    """The trace of ``BothDirections``: the traces ``forwards`` and ``backwards``, and the output.

    ``trace.h[t-1]``, or whatever the output is called, holds what both made of x(t) and all that
    each had read before it. But ``trace.backwards`` keeps the order in which that network read:
    its step 1 has x(T). Likewise ``trace[t]`` is the pair of the t-th steps of both, so that
    ``trace[-1]`` is the pair of records that have seen the whole sequence.
    """

    forwards: Trace | None = None
    backwards: Trace | None = None

    @classmethod
    def of(
        cls, cell: BothDirections, xs: NDArray, forwards: Trace, backwards: Trace, joined: NDArray
    ) -> DirectionsTrace:
        """The trace of both directions, out of both and their joined output."""
        steps, initial = type(forwards.steps)(**{cell.output: joined}), (forwards[0], backwards[0])
        return cls(cell, xs, initial, steps, steps, forwards.lengths, forwards, backwards)

    def __getitem__(self, t: int) -> tuple:
        return self.forwards[t], self.backwards[t]


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
    if len(weights) != len(biases):
        raise ValueError(f"biases has {len(biases)} arrays, expected {len(weights)}, as weights")
    names = [sigma] * (len(weights) - 1) + [F]
    return Stack(tuple(Dense(*layer) for layer in zip(weights, biases, names, strict=True)))


def n_outputs(cell: Cell | Stack | BothDirections) -> int:
    """How many numbers a network passes on to a layer above it."""
    if hasattr(cell, "n_outputs"):
        return cell.n_outputs
    return cell.state_sizes[cell.state.index(cell.output)]


def passed_on(cell: Cell | Stack, record: NamedTuple | tuple) -> NDArray:
    """A record's output; a stack's record is a tuple, of which the last is the top's."""
    while isinstance(cell, Stack):
        cell, record = cell.cells[-1], record[-1]
    return getattr(record, cell.output)


def recurrent_depth(cell: Cell | Stack | BothDirections) -> int:
    """How many layers with memory stand one above another."""
    if isinstance(cell, Stack):
        return sum(map(recurrent_depth, cell.cells))
    if isinstance(cell, BothDirections):
        return max(recurrent_depth(cell.forwards), recurrent_depth(cell.backwards))
    return int(bool(cell.state))


@way_there.register(Stack)
def _unroll_stack(
    stack: Stack, xs: NDArray, initial: tuple | None, lengths: NDArray | None, name: str
) -> StackTrace:
    layers = []
    for cell, start, inner in _starts(stack, stack.cells, initial, name):
        layers.append(way_there(cell, xs, start, lengths, inner))
        xs = getattr(layers[-1], cell.output)
    return StackTrace.of(stack, tuple(layers))


@way_there.register(BothDirections)
def _unroll_both(
    both: BothDirections, xs: NDArray, initial: tuple | None, lengths: NDArray | None, name: str
) -> DirectionsTrace:
    forwards, backwards = (
        way_there(cell, read, start, lengths, inner)
        for (cell, start, inner), read in zip(
            _starts(both, (both.forwards, both.backwards), initial, name),
            (xs, _turn(xs, lengths)),
            strict=True,
        )
    )
    ours, theirs = getattr(forwards, both.output), getattr(backwards, both.output)
    joined = np.concatenate([ours, _hold(_turn(theirs, lengths), lengths)], axis=-1)
    return DirectionsTrace.of(both, xs, forwards, backwards, joined)


@way_back.register(StackTrace)
def _bptt_stack(trace: StackTrace, truncate: int | None, seeds: dict[str, NDArray]) -> StackTrace:
    depth = recurrent_depth(trace.cell)
    if truncate is not None and depth > 1:
        # A loss of step t that has reached layer 1 by way of layer 2 is older there than one that
        # came straight down; the sum that layer 2 hands on no longer tells them apart.
        raise ValueError(
            f"truncate is {truncate}, and the trace is of a stack with {depth} recurrent layers; "
            f"None was expected: only over one such layer can the way back be cut"
        )
    layers = []
    for layer in reversed(trace.layers):
        if layers:
            seeds = {layer.cell.output: layers[0].xs}
        layers.insert(0, way_back(layer, truncate, seeds))
    return StackTrace.of(Stack(tuple(layer.cell for layer in layers)), tuple(layers))


@way_back.register(DirectionsTrace)
def _bptt_both(
    trace: DirectionsTrace, truncate: int | None, seeds: dict[str, NDArray]
) -> DirectionsTrace:
    both, lengths = trace.cell, trace.lengths
    own = _hold_back(seeds[both.output], lengths)
    ours, theirs = np.split(own, [n_outputs(both.forwards)], axis=-1)
    forwards = way_back(trace.forwards, truncate, {both.output: ours})
    backwards = way_back(trace.backwards, truncate, {both.output: _turn(theirs, lengths)})
    ours, theirs = getattr(forwards, both.output), getattr(backwards, both.output)
    return DirectionsTrace.of(
        BothDirections(forwards.cell, backwards.cell),
        forwards.xs + _turn(backwards.xs, lengths),
        forwards,
        backwards,
        np.concatenate([ours, _turn(theirs, lengths)], axis=-1),
    )


def _turn(quantity: NDArray, lengths: NDArray | None) -> NDArray:
    """Each sequence of (T, ..., n) from its end to its beginning; what follows its end stays."""
    if lengths is None:
        return quantity[::-1]
    t = _steps(quantity)
    order = np.where(t < lengths, lengths - 1 - t, t)
    return np.take_along_axis(quantity, order[..., None], axis=0)


def _hold(quantity: NDArray, lengths: NDArray | None) -> NDArray:
    """A sequence that has ended stands still, as in every trace."""
    if lengths is None:
        return quantity
    order = np.minimum(_steps(quantity), lengths - 1)
    return np.take_along_axis(quantity, order[..., None], axis=0)


def _hold_back(own: NDArray, lengths: NDArray | None) -> NDArray:
    """The gradient's way back over ``_hold``: the last step gets what stood after it."""
    if lengths is None:
        return own
    ended = (_steps(own) >= lengths)[..., None]
    late = np.where(ended, own, 0).sum(axis=0)
    last = (_steps(own) == lengths - 1)[..., None]
    return np.where(ended, 0, own) + last * late


def _steps(quantity: NDArray) -> NDArray:
    """0 … T−1 along the first axis, to be compared with ``lengths``."""
    return np.arange(len(quantity)).reshape(-1, *[1] * (quantity.ndim - 2))


def _starts(
    network: object, cells: tuple[Cell, ...], initial: tuple | None, name: str
) -> Iterator[tuple[Cell, NamedTuple | None, str]]:
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


def _check_network(name: str, cell: object) -> None:
    if not hasattr(cell, "output") or isinstance(cell, type):
        raise TypeError(f"{name} is of type {type(cell).__name__}; a network was expected")
