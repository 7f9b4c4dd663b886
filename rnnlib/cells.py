"""The networks: what one time step computes, and how its gradient goes back.

A cell is a frozen dataclass whose fields are its weights, under the names of the lecture notes.
It owns no state. Its ``step`` takes the input of one time step and the record of the step before,
and returns the record of this one: every quantity that the step computes, by name.

Vectors are rows. Callers may have any axes in front of the last one, so that one function serves a
single instance, of shape (k,), and a batch, of shape (m, k); a single neuron is a layer with one
neuron. The methods with the equations see exactly one such axis: one row for each instance.

- ``inputs`` is what the inputs contribute, which depends on no other step: one product for all.
- ``forward`` is a step: the equations of the notes.
- ``backward`` is a step back, by the chain rule.
- ``gradient`` is what reaches weights and inputs, one product for all steps; it follows from what
  each ``weight`` reads, and is the same in all cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.activations import activation
from rnnlib.checks import Array, as_array, check_shape, read_only, said
from rnnlib.parameters import dtype_of, parameters

Record = TypeVar("Record")

Back: TypeAlias = tuple[Record, Record]
"""The gradients of all quantities of a step, and those of the state of the step before."""


def weight(shape: str, between: str = "", reads: str = "", to: str = "") -> Any:
    """A field of a cell that holds weights, and where they stand in its equations.

    Parameters
    ----------
    shape : str
        One symbol for each axis, such as "k n". A symbol stands for one size, the same in all
        weights of a cell: they are checked, copied and made read-only when the cell is made.
    between : str
        What the weights lie between, in words, for ``count``.
    reads : str
        What they are multiplied by: "x", a quantity of the same step such as "h", or one of the
        step before, "before.h"; nothing if they are a bias. Several gates, on the first axis, may
        read one thing each.
    to : str
        The pre-activation that the product is added to, or one for each gate.
    """
    place = {"shape": shape.split(), "between": between, "reads": reads.split(), "to": to.split()}
    return field(metadata=place)


def function(default: str) -> Any:
    """A field of a cell that names an activation, checked when the cell is made."""
    return field(default=default, metadata={"function": True})


class Cell:
    """What all cells have, and what a cell of one's own inherits.

    A frozen dataclass with a method ``step`` is a cell: ``unroll``, ``generate``, ``Stack``,
    ``count`` and ``save`` take it. With ``backward`` it is trained, too. If the inputs' share can
    be had apart, it has ``inputs`` and ``forward`` in place of ``step``.

    Attributes
    ----------
    Step
        The record of one time step, a named tuple of all its quantities, each with default None.
    state
        The names of those quantities of the step before that a step needs.
    output
        The name of that quantity which the next layer of a stack reads.
    pre_activation
        The name of the output's pre-activation, which cross-entropies read; None if there is none.
    seeds
        The quantities, beside the state and the output, that a loss may read as well.

    ``rnnlib.examples.MinimalGatedUnit`` is one, written as one would write one's own.

    Examples
    --------
    A cell that adds up what it reads:

    >>> class SumStep(NamedTuple):
    ...     sum: Any = None
    >>> @dataclass(frozen=True, eq=False)
    ... class Sum(Cell):
    ...     W: Array = weight("k n", "input to sum", "x", "sum")
    ...     Step, state, output = SumStep, ("sum",), "sum"
    ...
    ...     def step(self, x, before):
    ...         return SumStep(before.sum + x @ self.W)
    >>> from rnnlib import unroll
    >>> unroll(Sum(W=[[10]]), [[1], [2], [3]]).sum.ravel()
    array([10., 30., 60.])
    """

    Step: ClassVar[Any]
    state: ClassVar[tuple[str, ...]]
    output: ClassVar[str]
    pre_activation: ClassVar[str | None] = None
    seeds: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        _take_weights(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        # a deep copy and what pickle brings back are as read-only as what they were made of
        self.__dict__.update({name: read_only(value) for name, value in state.items()})

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads, as many as the first weight has rows."""
        return int(next(iter(parameters(self).values())).shape[-2])

    @property
    def n_neurons(self) -> int:
        """How many neurons there are, as many as the first weight has columns."""
        return int(next(iter(parameters(self).values())).shape[-1])

    @property
    def n_outputs(self) -> int:
        """How many numbers ``output`` holds, which a layer above reads."""
        return self.n_neurons

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """How many numbers each quantity of ``state`` holds."""
        return tuple(
            self.n_outputs if name == self.output else self.n_neurons for name in self.state
        )

    def step(self, x: ArrayLike, before: Any) -> Any:
        """One time step: ``x`` of shape (..., k), and the record of the step before."""
        x = as_inputs("x", self, x)
        before = as_state("before", self, before, x.shape[:-1])
        now = self.forward(self.inputs(rows(x)), map_record(rows, before))
        return map_record(lambda quantity: quantity.reshape(*x.shape[:-1], -1), now)

    def inputs(self, xs: Array) -> Array:
        """The inputs' share in any number of steps, (N, k) to (N, ...): here they themselves."""
        return xs

    def forward(self, share: Array, before: Any) -> Any:
        """One step of m sequences, from their share of ``inputs``: here ``step``."""
        now = self.step(share, before)
        if not isinstance(now, self.Step):
            raise TypeError(
                f"the step of {type(self).__name__} returned {said(now)}, expected a record: "
                f"{self.Step.__name__}({', '.join(f'{each}=...' for each in self.Step._fields)})"
            )
        return now

    def backward(self, d: Any, now: Any, before: Any) -> tuple[Any, Any]:
        """One step back, from the gradients ``d`` that arrive at the quantities of ``now``.

        Arriving gradients are the loss's own and, of the state, what flows back from the step
        after, each (m, ·) and zero where nothing arrives. Returns the gradients of all quantities,
        and a record with those of the state of the step ``before``.
        """
        raise TypeError(
            f"{type(self).__name__} has no method backward: it can be unrolled, and not go back"
        )

    def gradient(self, d: Any, now: Any, before: Any, xs: Array) -> dict[str, Array]:
        """∂L/∂W = Σ inᵀ ∂L/∂a for each weight W, and, as ``xs``, ∂L/∂x(t) = Σ ∂L/∂a W_xᵀ.

        A weight is multiplied by what it reads and added to a pre-activation a; a bias is added
        alone. Of all quantities the N rows are as many steps, over which a weight's gradient is the
        sum; inputs get a row each.
        """
        gradients, d_xs = {}, np.zeros_like(xs)
        for name, reads, to in _connections(self):
            gates = getattr(self, name) if len(to) > 1 else [getattr(self, name)]
            parts = []
            for W, read, a in zip(gates, reads, to, strict=True):
                da = getattr(d, a)
                if not read:
                    parts.append(da.sum(axis=0))
                elif W.ndim == 1:  # entry by entry, as a peephole is
                    parts.append((_quantity(read, now, before, xs) * da).sum(axis=0))
                else:
                    parts.append(_quantity(read, now, before, xs).T @ da)
                if read == "x":
                    d_xs = d_xs + da @ W.T
            gradients[name] = np.stack(parts) if len(to) > 1 else parts[0]
        return gradients | {"xs": d_xs}


class LayerStep(NamedTuple):
    """Pre-activation a and output y of a recurrent layer, each of shape (..., l)."""

    a: Any = None
    y: Any = None


class ElmanStep(NamedTuple):
    """Pre-activation and activation of the hidden layer, (..., n), and of the output, (..., o)."""

    a_h: Any = None
    h: Any = None
    a_o: Any = None
    y: Any = None


class JordanStep(NamedTuple):
    """The same quantities as in an Elman network; here y is what flows on."""

    a_h: Any = None
    h: Any = None
    a_o: Any = None
    y: Any = None


class DenseStep(NamedTuple):
    """Pre-activation a and output y of a layer without memory, each of shape (..., o)."""

    a: Any = None
    y: Any = None


@dataclass(frozen=True, eq=False)
class Layer(Cell):
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

    W_x: Array = weight("k l", "input to layer", "x", "a")
    W_y: Array = weight("l l", "layer to layer", "before.y", "a")
    b: Array = weight("l", "bias of layer", "", "a")
    phi: str = function("tanh")

    Step, state, output, pre_activation, seeds = LayerStep, ("y",), "y", "a", LayerStep._fields

    def inputs(self, xs: Array) -> Array:
        """x(t) W_x + b, of shape (N, l)."""
        return xs @ self.W_x + self.b

    def forward(self, share: Array, before: LayerStep) -> LayerStep:
        """a(t) = x(t) W_x + y(t−1) W_y + b,  y(t) = φ(a(t))."""
        a = share + before.y @ self.W_y
        y = activation(self.phi).function(a)
        return LayerStep(a, y)

    def backward(self, d: LayerStep, now: LayerStep, before: LayerStep) -> Back[LayerStep]:
        """∂L/∂a(t) = ∂L/∂y(t) φ′(a(t)), and on goes ∂L/∂a(t) W_yᵀ."""
        da = d.a + activation(self.phi).pull_back(d.y, now.a, now.y)
        return LayerStep(da, d.y), LayerStep(y=da @ self.W_y.T)


@dataclass(frozen=True, eq=False)
class Elman(Cell):
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

    W_x: Array = weight("k n", "input to hidden", "x", "a_h")
    W_h: Array = weight("n n", "hidden to hidden", "before.h", "a_h")
    W_o: Array = weight("n o", "hidden to output", "h", "a_o")
    b_h: Array = weight("n", "bias of hidden", "", "a_h")
    b_o: Array = weight("o", "bias of output", "", "a_o")
    g_h: str = function("tanh")
    g_o: str = function("identity")

    Step, state, output, pre_activation, seeds = ElmanStep, ("h",), "y", "a_o", ElmanStep._fields

    @property
    def n_outputs(self) -> int:
        """o, the number of output neurons."""
        return int(self.W_o.shape[1])

    def inputs(self, xs: Array) -> Array:
        """x(t) W_x + b_h, of shape (N, n)."""
        return xs @ self.W_x + self.b_h

    def forward(self, share: Array, before: ElmanStep) -> ElmanStep:
        """a_h(t) = x(t) W_x + h(t−1) W_h + b_h, and y(t) of h(t)."""
        a_h = share + before.h @ self.W_h
        h = activation(self.g_h).function(a_h)
        a_o = h @ self.W_o + self.b_o
        y = activation(self.g_o).function(a_o)
        return ElmanStep(a_h, h, a_o, y)

    def backward(self, d: ElmanStep, now: ElmanStep, before: ElmanStep) -> Back[ElmanStep]:
        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ."""
        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)
        dh = d.h + da_o @ self.W_o.T
        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)
        return ElmanStep(da_h, dh, da_o, d.y), ElmanStep(h=da_h @ self.W_h.T)


@dataclass(frozen=True, eq=False)
class Jordan(Cell):
    """h(t) = g_h(x(t) W_x + y(t−1) W_h + b_h),  y(t) = g_o(h(t) W_o + b_o).

    Parameters
    ----------
    W_x : (k, n)
    W_h : (o, n)
        The output, not the hidden layer, is fed back.
    W_o : (n, o)
    b_h : (n,)
    b_o : (o,)
    g_h, g_o : str
        The names of the activations of the hidden and of the output layer.

    Notes
    -----
    Equations (3) and (4) of chapter 7 of the COMS 4030A lecture notes. (The notes say that W_h
    leads from H to H; it leads from the output layer to H, as their exercise 3 has it.)
    """

    W_x: Array = weight("k n", "input to hidden", "x", "a_h")
    W_h: Array = weight("o n", "output to hidden", "before.y", "a_h")
    W_o: Array = weight("n o", "hidden to output", "h", "a_o")
    b_h: Array = weight("n", "bias of hidden", "", "a_h")
    b_o: Array = weight("o", "bias of output", "", "a_o")
    g_h: str = function("tanh")
    g_o: str = function("identity")

    Step, state, output, pre_activation, seeds = JordanStep, ("y",), "y", "a_o", JordanStep._fields

    @property
    def n_outputs(self) -> int:
        """o, the number of output neurons."""
        return int(self.W_o.shape[1])

    def inputs(self, xs: Array) -> Array:
        """x(t) W_x + b_h, of shape (N, n)."""
        return xs @ self.W_x + self.b_h

    def forward(self, share: Array, before: JordanStep) -> JordanStep:
        """a_h(t) = x(t) W_x + y(t−1) W_h + b_h, and y(t) of h(t)."""
        a_h = share + before.y @ self.W_h
        h = activation(self.g_h).function(a_h)
        a_o = h @ self.W_o + self.b_o
        y = activation(self.g_o).function(a_o)
        return JordanStep(a_h, h, a_o, y)

    def backward(self, d: JordanStep, now: JordanStep, before: JordanStep) -> Back[JordanStep]:
        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ, to y(t−1)."""
        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)
        dh = d.h + da_o @ self.W_o.T
        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)
        return JordanStep(da_h, dh, da_o, d.y), JordanStep(y=da_h @ self.W_h.T)


@dataclass(frozen=True, eq=False)
class Dense(Cell):
    """y(t) = φ(x(t) W + b): a layer without memory, the same at every step.

    Parameters
    ----------
    W : (k, o)
        Column j holds the weights of neuron j.
    b : (o,)
    phi : str
        The name of the activation φ.

    Examples
    --------
    >>> Dense(W=[[1, 0], [2, -1]], b=[0, 10]).step([3, 4], DenseStep()).y
    array([11.,  6.])
    """

    W: Array = weight("k o", "input to output", "x", "a")
    b: Array = weight("o", "bias of output", "", "a")
    phi: str = function("identity")

    Step, state, output, pre_activation, seeds = DenseStep, (), "y", "a", DenseStep._fields

    def inputs(self, xs: Array) -> Array:
        """x(t) W + b, of shape (N, o): all that there is, but the activation."""
        return xs @ self.W + self.b

    def forward(self, share: Array, before: DenseStep) -> DenseStep:
        """a(t) = x(t) W + b,  y(t) = φ(a(t))."""
        y = activation(self.phi).function(share)
        return DenseStep(share, y)

    def backward(self, d: DenseStep, now: DenseStep, before: DenseStep) -> Back[DenseStep]:
        """∂L/∂a(t) = ∂L/∂y(t) φ′(a(t)); nothing goes on to the step before."""
        da = d.a + activation(self.phi).pull_back(d.y, now.a, now.y)
        return DenseStep(da, d.y), DenseStep()


def shapes_of(cell: object) -> Iterator[tuple[str, list[str], str]]:
    """Of each weight of a cell its name, its shape in symbols, and what it lies between."""
    for each in fields(cell):  # type: ignore[arg-type]
        if "shape" in each.metadata:
            yield each.name, each.metadata["shape"], each.metadata["between"]


def _connections(cell: object) -> Iterator[tuple[str, list[str], list[str]]]:
    """Of each weight its name, and for each of its gates what it reads and what it adds to."""
    for each in fields(cell):  # type: ignore[arg-type]
        if "shape" in each.metadata:
            reads, to = each.metadata["reads"], each.metadata["to"]
            if not to:
                raise TypeError(
                    f"{each.name} of {type(cell).__name__} does not say where it stands, and so "
                    f"has no gradient: give weight(shape, between, reads, to)"
                )
            yield each.name, reads if len(reads) > 1 else (reads or [""]) * len(to), to


def _quantity(name: str, now: Any, before: Any, xs: Array) -> Array:
    """What a weight reads: the input, or a quantity of this step or of the step before."""
    if name == "x":
        return xs
    of_before = name.startswith("before.")
    quantity: Array = getattr(before if of_before else now, name.removeprefix("before."))
    return quantity


def _take_weights(cell: Any) -> None:
    """Turn what a cell was given into read-only arrays of its own, whose shapes go together."""
    shapes = {name: shape for name, shape, _ in shapes_of(cell)}
    for name in shapes:
        # a frozen dataclass needs this detour
        array = read_only(as_array(name, getattr(cell, name)).copy())
        object.__setattr__(cell, name, array)
    # the number of neurons in a layer is that of the columns of the first weight that leads to it
    leading = {shape[-1]: name for name, shape in reversed(shapes.items())}.values()
    sizes: dict[str, int] = {}
    for name in sorted(shapes, key=lambda name: name not in leading):
        known = [int(each) if each.isdigit() else sizes.get(each, each) for each in shapes[name]]
        sizes |= check_shape(name, getattr(cell, name), known)
    for each in fields(cell):
        if each.metadata.get("function"):
            try:
                activation(getattr(cell, each.name))
            except ValueError as error:
                raise ValueError(f"{each.name}: {error}") from None


def as_inputs(name: str, cell: Any, value: ArrayLike) -> Array:
    """``value`` as inputs of ``cell``, of shape (..., k), for one step or for many."""
    x = as_array(name, value, like=dtype_of(cell))
    if x.ndim == 0 or x.shape[-1] != cell.n_inputs:
        raise ValueError(
            f"{name} has shape {x.shape}, expected (..., {cell.n_inputs}): "
            f"the network has as many inputs"
        )
    return x


def as_state(name: str, cell: Any, record: Any, leading: tuple[int, ...]) -> Any:
    """What ``cell`` feeds back, out of ``record``: a record of the same kind, of nothing else.

    A state without leading axes serves every instance of a batch, and is repeated for each.
    """
    kind, give = type(cell).__name__, cell.Step.__name__
    if not isinstance(record, cell.Step):
        end = " (the end of a trace is trace[-1])" if hasattr(record, "steps") else ""
        raise TypeError(
            f"{name} is of type {type(record).__name__}, {kind} expected its own record: "
            f"give {give}({', '.join(f'{each}=...' for each in cell.state)}){end}"
        )
    state = {}
    for quantity, size in zip(cell.state, cell.state_sizes, strict=True):
        value = getattr(record, quantity)
        if value is None:
            others = [each for each in record._fields if getattr(record, each) is not None]
            by_name = f", by name (what it holds is {', '.join(others)})" if others else ""
            raise ValueError(
                f"{name} has no {quantity}, and {kind} feeds back {quantity}: "
                f"give {give}({quantity}=...) of shape (..., {size}){by_name}"
            )
        array = as_array(f"{name}.{quantity}", value, like=dtype_of(cell))
        if array.shape not in ((size,), (*leading, size)):
            raise ValueError(
                f"{name}.{quantity} has shape {array.shape}, expected {(*leading, size)}: "
                f"the input fixes the leading axes, the weights the last"
            )
        state[quantity] = read_only(np.broadcast_to(array, (*leading, size)).copy())
    return cell.Step(**state)


def zero_state(cell: Any) -> Any:
    """The record in which all that is fed back is zero, the notes' usual choice for step 0."""
    sizes = zip(cell.state, cell.state_sizes, strict=True)
    return cell.Step(**{name: np.zeros(size, dtype_of(cell)) for name, size in sizes})


def map_record(change: Callable[[Array], Array], record: Record) -> Record:
    """A record of the same kind, ``change`` made to every quantity that there is."""
    kept = (None if quantity is None else change(quantity) for quantity in record)  # type: ignore[attr-defined]
    return type(record)._make(kept)  # type: ignore[attr-defined]


def rows(quantity: Array) -> Array:
    """All leading axes as one: a row for each instance, (N, ·)."""
    return quantity.reshape(-1, quantity.shape[-1])


def check_network(name: str, network: object) -> None:
    """Raise TypeError, and say what to do, unless ``network`` is one that can be unrolled."""
    parts = ("n_inputs", "output", "step")
    missing = [part for part in parts if not hasattr(network, part)]
    if not missing and not isinstance(network, type):
        return
    what = f"{name} is of type {type(network).__name__}; a network was expected"
    if isinstance(network, type):
        what = f"{name} is the class {network.__name__}; a network was expected"
        if not missing:
            what += f", made of its weights: {network.__name__}(...)"
    elif isinstance(network, tuple | list) and not hasattr(network, "_fields"):
        what += ": layers one above another are a Stack, rnnlib.Stack((...))"
    elif len(missing) < len(parts):
        what += f", and it has no {' and no '.join(missing)}: a cell inherits from rnnlib.Cell"
    raise TypeError(what)
