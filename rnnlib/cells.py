"""The networks: what one time step computes.

A cell is a frozen dataclass whose fields are its weights, under the names of the lecture notes.
It owns no state. Its ``step`` takes the input of one time step and the record of the step before,
and returns the record of this one: every quantity that the step computes, by name.

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

    def step(self, x: ArrayLike, before: NamedTuple) -> NamedTuple:
        """The record of one time step, from its input and the record of the step before."""


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
class Layer:
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
        activation(self.phi)

    @property
    def n_inputs(self) -> int:
        return self.W_x.shape[0]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (self.W_y.shape[0],)

    def step(self, x: ArrayLike, before: NamedTuple) -> LayerStep:
        """One time step: ``x`` of shape (..., k), ``before.y`` of shape (..., l)."""
        x, y_before = _inputs_of_step(self, x, before)
        a = x @ self.W_x + y_before @ self.W_y + self.b
        return LayerStep(a=a, y=activation(self.phi)(a))


@dataclass(frozen=True, eq=False)
class _TwoLayers:
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
        activation(self.g_h)
        activation(self.g_o)

    @property
    def n_inputs(self) -> int:
        return self.W_x.shape[0]

    @property
    def n_outputs(self) -> int:
        return self.W_o.shape[1]

    def step(self, x: ArrayLike, before: NamedTuple) -> NamedTuple:
        """One time step: ``x`` of shape (..., k), and the record of the step before."""
        x, fed_back = _inputs_of_step(self, x, before)
        a_h = x @ self.W_x + fed_back @ self.W_h + self.b_h
        h = activation(self.g_h)(a_h)
        a_o = h @ self.W_o + self.b_o
        y = activation(self.g_o)(a_o)
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
    >>> notes_elman().step([1, -2], ElmanStep(h=[0, 2, 1]))
    ElmanStep(a_h=array([ 3.,  3., -3.]), h=array([3., 3., 0.]), a_o=array([5., 4.]), y=array([5., 4.]))
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
    """Turn what a cell was given into arrays; frozen dataclasses need this detour."""
    for name in names:
        object.__setattr__(cell, name, as_array(name, getattr(cell, name)))


def _inputs_of_step(cell: Cell, x: ArrayLike, before: NamedTuple) -> list[NDArray]:
    """The input and the state of one step, checked against the cell's weights."""
    x = as_array("x", x)
    check_last_axis("x", x, cell.n_inputs, "W_x has as many rows")
    return [x, *state_of(cell, before, x.shape[:-1])]


def state_of(cell: Cell, before: NamedTuple, leading: tuple[int, ...]) -> list[NDArray]:
    """The state that ``cell`` needs out of the record ``before``, each array checked.

    Raises
    ------
    ValueError
        If a quantity is missing, or its shape does not go with inputs of leading axes ``leading``.
    """
    arrays = []
    for name, size in zip(cell.state, cell.state_sizes, strict=True):
        value = getattr(before, name, None)
        if value is None:
            kind = type(cell).__name__
            raise ValueError(
                f"the record before the step has no {name}, and {kind} feeds back {name}: "
                f"give {cell.Step.__name__}({name}=...) of shape (..., {size})"
            )
        array = as_array(name, value)
        check_last_axis(name, array, size, f"{name} is fed back, and the weights fix its size")
        if array.shape[:-1] not in ((), leading):
            raise ValueError(
                f"{name} has shape {array.shape}, expected {(*leading, size)} to go with the input"
            )
        arrays.append(array)
    return arrays


def zero_state(cell: Cell, leading: tuple[int, ...], dtype: np.dtype) -> NamedTuple:
    """The record of step 0 in which all that is fed back is zero, the notes' usual choice."""
    zeros = (np.zeros((*leading, size), dtype) for size in cell.state_sizes)
    return cell.Step(**dict(zip(cell.state, zeros, strict=True)))
