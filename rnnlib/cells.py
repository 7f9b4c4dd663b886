"""The networks: what one time step computes, and how its gradient goes back.

A cell is a frozen dataclass whose fields are its weights, under the names of the lecture notes.
It owns no state. Its ``step`` takes the input of one time step and the record of the step before,
and returns the record of this one: every quantity that the step computes, by name.

A step falls into three parts. What does not depend on the past (``input_share``), and what no
later step reads (``read_out``), can be had for a whole sequence in one product; between them
``advance`` adds the past, step by step. The gradient goes the same way backwards: ``read_back``
for all steps at once, ``retreat`` step by step, and ``gather`` sums up over all steps what reaches
the weights.

Vectors are rows. Callers may have any axes in front of the last one, so that one function serves a
single instance, of shape (k,), and a batch, of shape (m, k); a single neuron is a layer with one
neuron. The parts of a step, which nobody calls but ``unroll``, ``step`` and ``bptt``, see exactly
one such axis, the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib.activations import activation
from rnnlib.checks import as_array, check_last_axis, check_shape
from rnnlib.parameters import parameters, with_parameters

# The C library of Linux hands a large array's memory back as soon as it is freed, and a new array
# then pays for every page of it again: a third of the time of a small network. Once it has seen a
# block of nearly 32 MB freed, it keeps that much. Nothing is written to the block: that is free.
np.empty(2**25 - 2**16, np.uint8)


class Cell(Protocol):
    """What ``unroll`` asks of a cell, and below what ``bptt`` asks; T steps, batch of m.

    ``Blocks`` is the kind of record in which a cell computes; its arrays have time on the last
    axis but two. Of most cells it is ``Step`` itself, but an LSTM keeps its gates in one block.
    """

    Step: ClassVar[type[NamedTuple]]
    """The record of one time step, a named tuple of all its quantities."""
    Blocks: ClassVar[type[NamedTuple]]
    state: ClassVar[tuple[str, ...]]
    """Those quantities of the step before that a step needs."""
    output: ClassVar[str]
    """That quantity which the next layer of a stack reads."""
    n_inputs: int
    state_sizes: tuple[int, ...]

    def input_share(self, xs: NDArray) -> NDArray:
        """The inputs' share in the pre-activations, bias included, for xs of shape (T, m, k)."""

    def lay_out(self, shares: NDArray) -> NamedTuple:
        """The blocks of a whole trace, yet to be filled; pre-activations begin as the shares."""

    def advance(self, now: NamedTuple, before: NamedTuple) -> None:
        """Fill the blocks of one time step, from the state of the step before."""

    def read_out(self, blocks: NamedTuple) -> None:
        """Fill, for all steps at once, what no later step reads."""

    def records(self, blocks: NamedTuple) -> NamedTuple:
        """The blocks' numbers as a ``Step``, each quantity of shape (T, m, ·)."""

    def gradient_records(self, d: NamedTuple) -> NamedTuple:
        """Blocks of gradients as a ``Step``."""

    def read_back(self, blocks: NamedTuple, d: NamedTuple) -> None:
        """Take the gradient, for all steps at once, from what ``read_out`` filled to what it read.

        ``d`` holds blocks of gradients; they begin as the loss's own.
        """

    def retreat(self, now: NamedTuple, before: NamedTuple, d: NamedTuple, flow: tuple) -> tuple:
        """Fill the gradients of one time step, given what flows back into its state.

        Returns what flows back into the state of the step before.
        """

    def gather(self, xs: NDArray, initial: NamedTuple, blocks: NamedTuple, d: NamedTuple) -> Self:
        """The gradient of the cell: what all steps contribute to each weight, summed.

        ``initial`` holds the state before the first of these steps, (m, ·).
        """

    def input_back(self, d: NamedTuple) -> NDArray:
        """The gradient of the inputs, (T, m, k)."""


class PlainCell:
    """What cells have in common that compute in the arrays of their ``Step``."""

    def step(self: Cell, x: ArrayLike, before: NamedTuple) -> NamedTuple:
        """One time step: ``x`` of shape (..., k), and the record of the step before.

        Raises
        ------
        ValueError
            If a shape does not fit, what is fed back is missing, or a number is not finite.
        TypeError
            If ``before`` is not a record of this kind of cell.
        """
        x = as_inputs("x", self, x)
        steps, _ = run(self, x[None], as_state("before", self, before, x.shape[:-1]))
        return record_at(steps, 0)

    def read_out(self, blocks: NamedTuple) -> None:
        pass

    def records(self, blocks: NamedTuple) -> NamedTuple:
        return blocks

    def gradient_records(self, d: NamedTuple) -> NamedTuple:
        return self.records(d)

    def read_back(self, blocks: NamedTuple, d: NamedTuple) -> None:
        pass


class LayerStep(NamedTuple):
    """Pre-activation a and output y of a recurrent layer, each of shape (..., l)."""

    a: NDArray | None = None
    y: NDArray | None = None


class ElmanStep(NamedTuple):
    """Pre-activation and activation of the hidden layer, (..., n), and of the output, (..., o)."""

    a_h: NDArray | None = None
    h: NDArray | None = None
    a_o: NDArray | None = None
    y: NDArray | None = None


class JordanStep(NamedTuple):
    """The same quantities as in an Elman network; here y is what flows on."""

    a_h: NDArray | None = None
    h: NDArray | None = None
    a_o: NDArray | None = None
    y: NDArray | None = None


@dataclass(frozen=True, eq=False)
class Layer(PlainCell):
    """y(t) = φ(x(t) W_x + y(t−1) W_y + b): recurrent neurons that feed back their output.

    Parameters
    ----------
    W_x : (k, l)
        Column j holds the input weights of neuron j.
    W_y : (l, l)
        Column j holds the weights of neuron j for all outputs of the step before.
    b : (l,)
    phi : str
        The name of the activation φ.

    Raises
    ------
    ValueError
        If shapes do not fit together, a number is not finite, or the activation is unknown.

    Notes
    -----
    The equation is (1) of *Recurrent neurons (p. 381)* for l = 1, the layer of its section 2
    (there in columns) and the batch of its section 3.

    Examples
    --------
    A single neuron with two inputs is a layer with l = 1:

    >>> neuron = Layer(W_x=[[1], [2]], W_y=[[-1]], b=[0.5], phi="identity")
    >>> neuron.step([3, 1], LayerStep(y=[2])).y
    array([3.5])

    Three instances at once, without a change:

    >>> neuron.step([[3, 1], [0, 0], [1, 1]], LayerStep(y=[[2], [2], [0]])).y
    array([[ 3.5],
           [-1.5],
           [ 3.5]])
    """

    W_x: NDArray
    W_y: NDArray
    b: NDArray
    phi: str = "tanh"

    Step: ClassVar = LayerStep
    Blocks: ClassVar = LayerStep
    state: ClassVar = ("y",)
    output: ClassVar = "y"

    def __post_init__(self) -> None:
        take_in(self, "W_x", "W_y", "b")
        check_shape("W_x", self.W_x, ("k", "l"))
        l = self.W_x.shape[1]  # noqa: E741 - the notes' symbol
        check_shape("W_y", self.W_y, (l, l))
        check_shape("b", self.b, (l,))
        check_activations(self, "phi")

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return self.W_x.shape[0]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(l,): the output is fed back."""
        return (self.W_y.shape[0],)

    def input_share(self, xs: NDArray) -> NDArray:
        """x(t) W_x + b, of shape (T, m, l)."""
        return affine(xs, self.W_x, self.b)

    def lay_out(self, shares: NDArray) -> LayerStep:
        return LayerStep(a=shares, y=np.empty_like(shares))

    def advance(self, now: LayerStep, before: LayerStep) -> None:
        a, y = now
        a += before.y @ self.W_y
        activation(self.phi).function(a, y)

    def retreat(
        self, now: LayerStep, before: LayerStep, d: LayerStep, flow: tuple[NDArray]
    ) -> tuple[NDArray]:
        """∂L/∂y(t) gets what flows back; then ∂L/∂a = ∂L/∂y φ′(a), and on goes ∂L/∂a W_yᵀ."""
        da, dy = d
        dy += flow[0]
        da += activation(self.phi).pull_back(dy, *now)
        return (da @ self.W_y.T,)

    def gather(self, xs: NDArray, initial: LayerStep, blocks: LayerStep, d: LayerStep) -> Layer:
        """∂L/∂W_x = Σ x(t)ᵀ ∂L/∂a(t),  ∂L/∂W_y = Σ y(t−1)ᵀ ∂L/∂a(t),  ∂L/∂b = Σ ∂L/∂a(t)."""
        return with_parameters(
            self,
            {
                "W_x": outer(xs, d.a),
                "W_y": outer_before(initial.y, blocks.y, d.a),
                "b": total(d.a),
            },
        )

    def input_back(self, d: LayerStep) -> NDArray:
        return flat_product(d.a, self.W_x.T)


@dataclass(frozen=True, eq=False)
class _TwoLayers(PlainCell):
    """What Elman and Jordan networks share: a hidden layer, and an output layer that reads it."""

    W_x: NDArray
    W_h: NDArray
    W_o: NDArray
    b_h: NDArray
    b_o: NDArray
    g_h: str = "tanh"
    g_o: str = "identity"

    def __post_init__(self) -> None:
        take_in(self, "W_x", "W_h", "W_o", "b_h", "b_o")
        check_shape("W_x", self.W_x, ("k", "n"))
        n = self.W_x.shape[1]
        check_shape("W_o", self.W_o, (n, "o"))
        check_shape("W_h", self.W_h, (*self.state_sizes, n))
        check_shape("b_h", self.b_h, (n,))
        check_shape("b_o", self.b_o, (self.n_outputs,))
        check_activations(self, "g_h", "g_o")

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return self.W_x.shape[0]

    @property
    def n_outputs(self) -> int:
        """o, the number of output neurons."""
        return self.W_o.shape[1]

    def input_share(self, xs: NDArray) -> NDArray:
        """x(t) W_x + b_h, of shape (T, m, n)."""
        return affine(xs, self.W_x, self.b_h)

    def lay_out(self, shares: NDArray) -> NamedTuple:
        readout = (*shares.shape[:-1], self.n_outputs)
        return self.Step(
            a_h=shares,
            h=np.empty_like(shares),
            a_o=np.empty(readout, shares.dtype),
            y=np.empty(readout, shares.dtype),
        )

    def _hide(self, now: NamedTuple, fed_back: NDArray) -> None:
        """Fill a_h and h."""
        a_h, h, _, _ = now
        a_h += fed_back @ self.W_h
        activation(self.g_h).function(a_h, h)

    def _hide_back(self, now: NamedTuple, d: NamedTuple) -> NDArray:
        """∂L/∂a_h = ∂L/∂h g_h′(a_h); and on goes ∂L/∂a_h W_hᵀ."""
        da_h, dh, _, _ = d
        da_h += activation(self.g_h).pull_back(dh, now.a_h, now.h)
        return da_h @ self.W_h.T

    def _read_out(self, now: NamedTuple) -> None:
        """Fill a_o and y, of one step or of all."""
        _, h, a_o, y = now
        np.add(flat_product(h, self.W_o), self.b_o, out=a_o)
        activation(self.g_o).function(a_o, y)

    def _read_back(self, now: NamedTuple, d: NamedTuple) -> None:
        """∂L/∂a_o = ∂L/∂y g_o′(a_o), and ∂L/∂h gets ∂L/∂a_o W_oᵀ."""
        _, dh, da_o, dy = d
        da_o += activation(self.g_o).pull_back(dy, now.a_o, now.y)
        dh += flat_product(da_o, self.W_o.T)

    def gather(
        self, xs: NDArray, initial: NamedTuple, blocks: NamedTuple, d: NamedTuple
    ) -> _TwoLayers:
        """∂L/∂W_x = Σ x(t)ᵀ ∂L/∂a_h(t), and so on: what goes in, times what comes back."""
        [fed_back] = self.state
        return with_parameters(
            self,
            {
                "W_x": outer(xs, d.a_h),
                "W_h": outer_before(getattr(initial, fed_back), getattr(blocks, fed_back), d.a_h),
                "W_o": outer(blocks.h, d.a_o),
                "b_h": total(d.a_h),
                "b_o": total(d.a_o),
            },
        )

    def input_back(self, d: NamedTuple) -> NDArray:
        return flat_product(d.a_h, self.W_x.T)


class Elman(_TwoLayers):
    """h(t) = g_h(x(t) W_x + h(t−1) W_h + b_h),  y(t) = g_o(h(t) W_o + b_o).

    Parameters
    ----------
    W_x : (k, n)
    W_h : (n, n)
        The hidden layer feeds back itself.
    W_o : (n, o)
    b_h : (n,)
    b_o : (o,)
    g_h, g_o : str
        The names of the activations of the hidden and of the output layer.

    Raises
    ------
    ValueError
        If shapes do not fit together, a number is not finite, or an activation is unknown.

    Notes
    -----
    Equations (1) and (2) of chapter 7 of the COMS 4030A lecture notes.

    Examples
    --------
    The second step of the notes' worked example:

    >>> from rnnlib.examples import notes_elman
    >>> second = notes_elman().step([1, -2], ElmanStep(h=[0, 2, 1]))
    >>> second.a_h, second.h
    (array([ 3.,  3., -3.]), array([3., 3., 0.]))
    >>> second.y
    array([5., 4.])
    """

    Step: ClassVar = ElmanStep
    Blocks: ClassVar = ElmanStep
    state: ClassVar = ("h",)
    output: ClassVar = "y"

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(n,): the hidden layer is fed back."""
        return (self.W_x.shape[1],)

    def advance(self, now: ElmanStep, before: ElmanStep) -> None:
        self._hide(now, before.h)

    def read_out(self, blocks: ElmanStep) -> None:
        self._read_out(blocks)

    def read_back(self, blocks: ElmanStep, d: ElmanStep) -> None:
        self._read_back(blocks, d)

    def retreat(
        self, now: ElmanStep, before: ElmanStep, d: ElmanStep, flow: tuple[NDArray]
    ) -> tuple[NDArray]:
        dh = d.h
        dh += flow[0]
        return (self._hide_back(now, d),)


class Jordan(_TwoLayers):
    """h(t) = g_h(x(t) W_x + y(t−1) W_h + b_h),  y(t) = g_o(h(t) W_o + b_o).

    The parameters are those of an ``Elman`` network, but for

    W_h : (o, n)
        The output, not the hidden layer, is fed back.

    Raises
    ------
    ValueError
        If shapes do not fit together, a number is not finite, or an activation is unknown.

    Notes
    -----
    Equations (3) and (4) of chapter 7 of the COMS 4030A lecture notes. (The notes say that W_h
    leads from H to H; it leads from the output layer to H, as their exercise 3 has it.)
    """

    Step: ClassVar = JordanStep
    Blocks: ClassVar = JordanStep
    state: ClassVar = ("y",)
    output: ClassVar = "y"

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """(o,): the output is fed back."""
        return (self.n_outputs,)

    def advance(self, now: JordanStep, before: JordanStep) -> None:
        # the next step reads y: the output layer stands inside the loop
        self._hide(now, before.y)
        self._read_out(now)

    def retreat(
        self, now: JordanStep, before: JordanStep, d: JordanStep, flow: tuple[NDArray]
    ) -> tuple[NDArray]:
        dy = d.y
        dy += flow[0]
        self._read_back(now, d)
        return (self._hide_back(now, d),)


def take_in(cell: object, *names: str) -> None:
    """Turn what a cell was given into arrays of its own; frozen dataclasses need this detour."""
    for name in names:
        object.__setattr__(cell, name, as_array(name, getattr(cell, name)).copy())


def check_activations(cell: object, *names: str) -> None:
    """See that each of a cell's fields ``names`` holds the name of an activation."""
    for name in names:
        try:
            activation(getattr(cell, name))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


def as_inputs(name: str, cell: Cell, value: ArrayLike) -> NDArray:
    """``value`` as inputs of ``cell``, of shape (..., k), for one step or for many.

    Raises
    ------
    ValueError
        If the last axis does not fit, or a number is not finite.
    """
    x = as_array(name, value)
    check_last_axis(name, x, cell.n_inputs, "the network has as many inputs")
    return x


def as_state(name: str, cell: Cell, record: NamedTuple, leading: tuple[int, ...]) -> NamedTuple:
    """What ``cell`` feeds back, out of ``record``: a record of the same kind, of nothing else.

    A state without leading axes serves every instance of a batch, and is repeated for each.

    Raises
    ------
    ValueError
        If a quantity is missing, or its shape does not go with inputs of leading axes ``leading``.
    TypeError
        If ``record`` is not one of this kind of cell.
    """
    kind, give = type(cell).__name__, cell.Step.__name__
    if not isinstance(record, cell.Step):
        raise TypeError(
            f"{name} is of type {type(record).__name__}, {kind} expected its own record: "
            f"give {give}({', '.join(f'{each}=...' for each in cell.state)})"
        )
    state = {}
    for each, size in zip(cell.state, cell.state_sizes, strict=True):
        value = getattr(record, each)
        if value is None:
            raise ValueError(
                f"{name} has no {each}, and {kind} feeds back {each}: "
                f"give {give}({each}=...) of shape (..., {size})"
            )
        array = as_array(f"{name}.{each}", value)
        if array.shape not in ((size,), (*leading, size)):
            raise ValueError(
                f"{name}.{each} has shape {array.shape}, expected {(*leading, size)}: "
                f"the input fixes the leading axes, the weights the last"
            )
        state[each] = np.broadcast_to(array, (*leading, size)).copy()
    return cell.Step(**state)


def affine(xs: NDArray, W: NDArray, b: NDArray) -> NDArray:
    """x(t) W + b for all steps in one product, (T, m, k) to (T, m, n)."""
    shares = flat_product(xs, W)
    shares += b
    return shares


def flat_product(xs: NDArray, W: NDArray) -> NDArray:
    """xs W, of shape (..., n), as one product of matrices: NumPy else makes one for each step."""
    return (xs.reshape(-1, xs.shape[-1]) @ W).reshape(*xs.shape[:-1], W.shape[-1])


def outer(xs: NDArray, ds: NDArray) -> NDArray:
    """Σ x(t)ᵀ d(t) over all steps and the batch: (T, m, k) and (T, m, n) to (k, n)."""
    return xs.reshape(-1, xs.shape[-1]).T @ ds.reshape(-1, ds.shape[-1])


def outer_before(initial: NDArray, states: NDArray, ds: NDArray) -> NDArray:
    """Σ h(t−1)ᵀ d(t), where h(0), (m, n), is the initial state and h(t), (T, m, n), the others."""
    return outer(initial, ds[0]) + outer(states[:-1], ds[1:])


def total(ds: NDArray) -> NDArray:
    """Σ d(t) over all steps and the batch, (n,)."""
    return ds.reshape(-1, ds.shape[-1]).sum(axis=0)


def at(blocks: NamedTuple, t: int | slice) -> NamedTuple:
    """The blocks of one time step, or of some, as views."""
    return type(blocks)(*(None if block is None else block[..., t, :, :] for block in blocks))


def each_step(blocks: NamedTuple) -> list[NamedTuple]:
    """The blocks of step 1, of step 2, …, as views."""
    return [
        type(blocks)(*step)
        for step in zip(*(np.moveaxis(block, -3, 0) for block in blocks), strict=True)
    ]


def run(
    cell: Cell, xs: NDArray, initial: NamedTuple, alive: NDArray | None = None
) -> tuple[NamedTuple, NamedTuple]:
    """The records of all steps, each quantity of shape (T, ..., ·), and the blocks, (T, m, ·).

    Where ``alive``, (T, m), says that a sequence has ended, its record stands still.
    """
    T, leading = len(xs), xs.shape[1:-1]
    before = batched(cell, initial)
    state = (getattr(before, each) for each in cell.state)
    kind = np.result_type(xs, *state, *parameters(cell).values())
    flat_xs = xs.reshape(T, -1, xs.shape[-1]).astype(kind, copy=False)
    blocks = cell.lay_out(cell.input_share(flat_xs))
    for t, now in enumerate(each_step(blocks)):
        cell.advance(now, before)
        if alive is not None and not alive[t].all():
            for block, last in zip(now, before, strict=True):
                np.copyto(block, last, where=~alive[t][:, None])
        before = now
    cell.read_out(blocks)
    return unbatched(cell.records(blocks), leading), blocks


def unbatched(steps: NamedTuple, leading: tuple[int, ...]) -> NamedTuple:
    """Records of all steps with the axes that the caller's sequences have: (T, ..., ·)."""
    return type(steps)(
        *(q if q is None else q.reshape(len(q), *leading, q.shape[-1]) for q in steps)
    )


def record_at(steps: NamedTuple, index: int) -> NamedTuple:
    """One step's record out of those of all steps."""
    return type(steps)(*(q if q is None else q[index] for q in steps))


def batched(cell: Cell, record: NamedTuple) -> NamedTuple:
    """The state in ``record`` as blocks of one step, (m, ·)."""
    state = ((each, getattr(record, each)) for each in cell.state)
    return cell.Blocks(**{each: value.reshape(-1, value.shape[-1]) for each, value in state})


def zero_state(cell: Cell, leading: tuple[int, ...], dtype: np.dtype) -> NamedTuple:
    """The record of step 0 in which all that is fed back is zero, the notes' usual choice."""
    zeros = (np.zeros((*leading, size), dtype) for size in cell.state_sizes)
    return cell.Step(**dict(zip(cell.state, zeros, strict=True)))
