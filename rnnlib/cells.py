"""The networks: what one time step computes.

A cell is a frozen dataclass whose fields are its weights, under the names of the lecture notes.
It owns no state. Its ``step`` takes the input of one time step and the record of the step before,
and returns the record of this one: every quantity that the step computes, by name. A step has two
halves: ``input_share`` is what does not depend on the past, and can be had for a whole sequence in
one product; ``advance`` adds the past.

Vectors are rows. The axes in front of the last one are free, so that one function serves a single
instance, of shape (k,), and a batch, of shape (m, k); a single neuron is a layer with one neuron.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib._checks import as_array, check_last_axis, check_shape
from rnnlib.activations import activation


class Cell(Protocol):
    """What ``unroll`` asks of a cell."""

    Step: ClassVar[type[NamedTuple]]
    """The record of one time step: a named tuple of all its quantities."""
    state: ClassVar[tuple[str, ...]]
    """Those quantities of the step before that a step needs."""
    n_inputs: int
    state_sizes: tuple[int, ...]

    def input_share(self, x: NDArray) -> NDArray:
        """The inputs' share in the pre-activations, bias included."""

    def advance(self, share: NDArray, before: NamedTuple) -> NamedTuple:
        """The record of one time step, from the input's share and the record of the step before.

        Both were checked by whoever calls; what a cell computes itself is not checked again.
        """


class _Stepping:
    """A step that checks what comes in, for cells made of the two halves of one."""

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
        return self.advance(self.input_share(x), as_state("before", self, before, x.shape[:-1]))


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
class Layer(_Stepping):
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
    state: ClassVar = ("y",)

    def __post_init__(self) -> None:
        _take_in(self, "W_x", "W_y", "b")
        check_shape("W_x", self.W_x, ("k", "l"))
        l = self.W_x.shape[1]  # noqa: E741 - the notes' symbol
        check_shape("W_y", self.W_y, (l, l))
        check_shape("b", self.b, (l,))
        _check_activations(self, "phi")

    @property
    def n_inputs(self) -> int:
        return self.W_x.shape[0]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (self.W_y.shape[0],)

    def input_share(self, x: NDArray) -> NDArray:
        """x(t) W_x + b, of shape (..., l)."""
        return x @ self.W_x + self.b

    def advance(self, share: NDArray, before: LayerStep) -> LayerStep:
        """The step whose input has this share; ``before.y`` has shape (..., l)."""
        a = share + before.y @ self.W_y
        return LayerStep(a=a, y=activation(self.phi).function(a))


@dataclass(frozen=True, eq=False)
class _TwoLayers(_Stepping):
    """What Elman and Jordan networks share: a hidden layer, and an output layer that reads it."""

    W_x: NDArray
    W_h: NDArray
    W_o: NDArray
    b_h: NDArray
    b_o: NDArray
    g_h: str = "tanh"
    g_o: str = "identity"

    def __post_init__(self) -> None:
        _take_in(self, "W_x", "W_h", "W_o", "b_h", "b_o")
        check_shape("W_x", self.W_x, ("k", "n"))
        n = self.W_x.shape[1]
        check_shape("W_o", self.W_o, (n, "o"))
        check_shape("W_h", self.W_h, (*self.state_sizes, n))
        check_shape("b_h", self.b_h, (n,))
        check_shape("b_o", self.b_o, (self.n_outputs,))
        _check_activations(self, "g_h", "g_o")

    @property
    def n_inputs(self) -> int:
        return self.W_x.shape[0]

    @property
    def n_outputs(self) -> int:
        return self.W_o.shape[1]

    def input_share(self, x: NDArray) -> NDArray:
        """x(t) W_x + b_h, of shape (..., n)."""
        return x @ self.W_x + self.b_h

    def advance(self, share: NDArray, before: NamedTuple) -> NamedTuple:
        """The step whose input has this share; it reads what is fed back out of ``before``."""
        a_h = share + getattr(before, self.state[0]) @ self.W_h
        h = activation(self.g_h).function(a_h)
        a_o = h @ self.W_o + self.b_o
        y = activation(self.g_o).function(a_o)
        return self.Step(a_h=a_h, h=h, a_o=a_o, y=y)


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
    state: ClassVar = ("h",)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (self.W_x.shape[1],)


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
    state: ClassVar = ("y",)

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (self.n_outputs,)


def _take_in(cell: object, *names: str) -> None:
    """Turn what a cell was given into arrays of its own; frozen dataclasses need this detour."""
    for name in names:
        object.__setattr__(cell, name, as_array(name, getattr(cell, name)).copy())


def _check_activations(cell: object, *names: str) -> None:
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
    check_last_axis(name, x, cell.n_inputs, "W_x has as many rows")
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


def zero_state(cell: Cell, leading: tuple[int, ...], dtype: np.dtype) -> NamedTuple:
    """The record of step 0 in which all that is fed back is zero, the notes' usual choice."""
    zeros = (np.zeros((*leading, size), dtype) for size in cell.state_sizes)
    return cell.Step(**dict(zip(cell.state, zeros, strict=True)))
