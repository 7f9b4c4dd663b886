"""Gradient flow: how far a change of the state at one time step reaches into later ones.

Vectors are rows, and so a small change of the state goes on as dh(t) = dh(t−1) J(t), where
J(t)[i, j] = ∂h_j(t)/∂h_i(t−1): the row is where the change comes from, the column where it goes to.
The gradient of a loss goes the other way and meets the transposes, ∂L/∂h(t−1) = ∂L/∂h(t) J(t)ᵀ.

A *state* is all that a step takes from the step before, side by side in the order of
``cell.state``: h of an Elman network, y of a Jordan network, [h, c] of an LSTM. Jacobians are those
of the state with respect to the state, each of its numbers free to change by itself.
"""

from __future__ import annotations

import itertools
from functools import reduce
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from rnnlib.activations import activation
from rnnlib.cells import Elman, Layer, check_network, map_record, rows
from rnnlib.checks import Array, as_array, as_count, check_shape, said
from rnnlib.lengths import alive
from rnnlib.trace import Trace, by_rows, states_before

MOST_PATHS = 100_000
"""As many paths as ``paths`` lists at once."""

LARGEST_SLOPES = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "identity": 1.0}
"""The largest slope of each activation that works entry by entry, ``max |φ′|``."""


def jacobians(trace: Trace) -> Array:
    """J(t)[i, j] = ∂s_j(t)/∂s_i(t−1) of the state s, for t = 1 … T, of shape (T, ..., s, s).

    J(t) is ``jacobians(trace)[t-1]``; s is the size of the whole state, 2n for an LSTM. A sequence
    that has ended stands still, so that its J is the identity from there on. ``trace`` may be of
    any cell with a state; of a stack, take one of ``trace.layers``.

    No formula of any network stands here: column j is what one step of backpropagation makes of
    the unit vector j. It costs s times as much as ``bptt``.

    A single neuron y(t) = 2 y(t−1) + x(t):

    >>> from rnnlib import Layer, unroll
    >>> double = Layer(W_x=[[1]], W_y=[[2]], b=[0], phi="identity")
    >>> jacobians(unroll(double, [[1], [0], [0]])).ravel()
    array([2., 2., 2.])
    """
    _check_trace("trace", trace)
    cell = trace.cell
    now, before = (map_record(rows, each) for each in (by_rows(trace.steps), states_before(trace)))
    nothing, ends = map_record(np.zeros_like, now), np.cumsum(cell.state_sizes)
    columns = []
    for unit in np.eye(ends[-1], dtype=trace.xs.dtype):
        everywhere = np.broadcast_to(unit, (len(rows(trace.xs)), len(unit)))
        arriving = dict(zip(cell.state, np.split(everywhere, ends[:-1], axis=-1), strict=True))
        _, flow = cell.backward(nothing._replace(**arriving), now, before)
        columns.append(np.concatenate([getattr(flow, name) for name in cell.state], axis=-1))
    J = np.stack(columns, axis=-1).reshape(*trace.xs.shape[:-1], ends[-1], ends[-1])
    return _until_the_end(trace, J, np.eye(ends[-1]))


def product(trace: Trace, k: int, t: int) -> Array:
    """∂s(t)/∂s(k) = J(k+1) J(k+2) … J(t), of shape (..., s, s); the identity if t = k.

    Entry [i, j] is ∂s_j(t)/∂s_i(k). Of an LSTM with n neurons, whose state is [h, c],
    ``product(trace, k, t)[..., n:, n:]`` is ∂c(t)/∂c(k), with h(k) held fast.

    >>> from rnnlib import Layer, unroll
    >>> double = Layer(W_x=[[1]], W_y=[[2]], b=[0], phi="identity")
    >>> product(unroll(double, [[1], [0], [0]]), 0, 3)
    array([[8.]])
    """
    J = jacobians(trace)
    _check_steps(trace, k, t)
    return reduce(np.matmul, J[k:t], _identities(J))


def norms(trace: Trace) -> Array:
    """‖∂s(T)/∂s(t)‖ for t = 0 … T: how much a change at step t can still move the last state.

    The norm is the largest singular value: the most by which the product J(t+1) … J(T) stretches
    any change; infinity if that is too large for a float. Of shape (T+1, ...).

    >>> from rnnlib import Layer, unroll
    >>> half = Layer(W_x=[[1]], W_y=[[0.5]], b=[0], phi="identity")
    >>> norms(unroll(half, [[1], [0], [0]]))
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    J = jacobians(trace)
    products = [_identities(J)]  # of steps t + 1 … T
    with np.errstate(over="ignore", invalid="ignore"):
        for J_t in J[::-1]:
            products.insert(0, J_t @ products[0])
    finite = np.asarray(np.isfinite(products).all(axis=(-2, -1), keepdims=True))
    stretched = np.linalg.norm(np.where(finite, products, 0), 2, axis=(-2, -1))
    return np.where(finite[..., 0, 0], stretched, np.inf)


def gradient_norms(d: Trace, name: str | None = None) -> Array:
    """‖∂L/∂h(t)‖ for t = 0 … T, out of a gradient ``d`` that ``bptt`` returned.

    Of shape (T+1, ...). ``name`` is one of the quantities in ``d.cell.state``, by default the
    first; an LSTM has h and c. The norm is the length of the vector.

    >>> from rnnlib import Layer, bptt, unroll
    >>> half = Layer(W_x=[[1]], W_y=[[0.5]], b=[0], phi="identity")
    >>> gradient_norms(bptt(unroll(half, [[1], [0], [0]]), y=[[0], [0], [1]]))
    array([0.125, 0.25 , 0.5  , 1.   ])
    """
    _check_trace("d", d)
    name = d.cell.state[0] if name is None else name
    if name not in d.cell.state:
        raise ValueError(f"name is {said(name)}, expected one of: {', '.join(d.cell.state)}")
    gradients = np.concatenate([getattr(d[0], name)[None], getattr(d, name)])
    return np.linalg.norm(gradients, axis=-1)


class Split(NamedTuple):
    """J(t) = W diag φ′(a(t)): the weights' part, the same at each step, and the activations' part.

    ``weights`` is W, (n, n); ``slopes`` holds φ′(a(1)) … φ′(a(T)), (T, ..., n). They are the
    factors of (1.45) of Galvan's *On recurrent neural networks*, in rows, and of the states h
    instead of the pre-activations.
    """

    weights: Array
    slopes: Array


def split(trace: Trace) -> Split:
    """J(t) = W_h diag φ′(a(t)): what comes from the weights apart from what comes from the inputs.

    So it is in networks whose state is one layer that feeds back itself, ``Layer`` and ``Elman``,
    unless φ is softmax, whose Jacobian is not diagonal, or a sequence ends before the others, and
    has J = 1 after its end.

    >>> from rnnlib import unroll
    >>> from rnnlib.examples import notes_elman, notes_inputs
    >>> split(unroll(notes_elman(), notes_inputs())).slopes
    array([[0., 1., 1.],
           [1., 1., 0.],
           [1., 0., 0.]])
    """
    _check_trace("trace", trace)
    W, a, phi = _loop("trace", trace.cell, diagonal=True)
    if trace.lengths is not None and (trace.lengths != len(trace)).any():
        raise ValueError(
            f"trace has sequences of {trace.lengths.min()} to {len(trace)} steps, expected all of "
            f"the same length: after its end a sequence has neither weights nor slopes"
        )
    return Split(W, activation(phi).derivative(getattr(trace, a)))


def spectral_radius(W: ArrayLike) -> float:
    """The largest absolute value of an eigenvalue of W, (n, n).

    In the long run powers of W grow or shrink by it; for a few steps they can grow by as much as
    the largest singular value, ``np.linalg.norm(W, 2)``, which is never smaller.

    >>> spectral_radius([[0.5, 100], [0, 0.25]])
    0.5
    """
    W = as_array("W", W)
    check_shape("W", W, ("n", "n"))
    return float(np.abs(np.linalg.eigvals(W)).max())


def bound(cell: Any, slope: float | None = None) -> float:
    """``σ_max(W_h) max |φ′|``: ‖∂h(t)/∂h(k)‖ is at most its power t − k, whatever the input.

    Below 1 it suffices for the gradient to vanish. Above 1 it proves nothing: that is necessary
    for the gradient to explode, and far from enough (Pascanu, Mikolov and Bengio, "On the
    difficulty of training recurrent neural networks", 2013).

    ``cell`` is a ``Layer`` or an ``Elman``, and ``slope`` the largest slope of φ: by default 1 for
    tanh, ReLU and identity, 1/4 for sigmoid. Give a smaller one where it is known that the neurons
    are saturated.

    >>> from rnnlib import Layer
    >>> bound(Layer(W_x=[[1, 0]], W_y=[[0, 2], [1, 0]], b=[0, 0], phi="sigmoid"))
    0.5
    """
    check_network("cell", cell)
    W, _, phi = _loop("cell", cell, diagonal=slope is None)
    slope = LARGEST_SLOPES[phi] if slope is None else slope
    if not (isinstance(slope, Real) and 0 <= slope < np.inf):
        raise ValueError(f"slope is {said(slope)}, expected a number from 0 on")
    return float(np.linalg.norm(W, 2) * slope)


class Paths(NamedTuple):
    """Every way through the unrolled network from one neuron to another, some steps later.

    ``neurons`` (P, t−k+1): which neuron each path is at, at step k, k+1, …, t. ``weights`` (P,):
    the product of the weights along it. ``slopes`` (P,): the product of φ′ at the neurons that it
    enters, those of steps k+1 … t.
    """

    neurons: Array
    weights: Array
    slopes: Array

    @property
    def terms(self) -> Array:
        """What each path is worth, (P,); their sum is ∂h_j(t)/∂h_i(k)."""
        return self.weights * self.slopes


def paths(trace: Trace, i: int, j: int, k: int, t: int) -> Paths:
    """∂h_j(t)/∂h_i(k) = Σ over paths of Π W_h[q(s−1), q(s)] Π φ′(a_q(s)(s)), both for s = k+1 … t.

    A path q(k) = i, q(k+1), …, q(t) = j is at one neuron at each step; with n neurons there are
    n^(t−k−1), and at most 100,000 are listed. It is the entry [i, j] of ``product(trace, k, t)``,
    multiplied out, for a ``Layer`` or an ``Elman`` network over one sequence: equation (1.46) of
    Galvan's *On recurrent neural networks*, put right as the book's errata say.

    Two neurons, two steps: the way from neuron 0 to itself leads over 0 or over 1.

    >>> from rnnlib import Layer, unroll
    >>> pair = Layer(W_x=[[1, 1]], W_y=[[0.5, 2], [3, 0]], b=[0, 0], phi="identity")
    >>> found = paths(unroll(pair, [[1], [0]]), i=0, j=0, k=0, t=2)
    >>> found.neurons.tolist(), found.terms.tolist()
    ([[0, 0, 0], [0, 1, 0]], [0.25, 6.0])
    """
    W, slopes = split(trace)
    if slopes.ndim != 2:
        raise ValueError(
            f"trace is of a batch of shape {slopes.shape[1:-1]}, expected one sequence: "
            f"unroll(cell, xs[:, 0])"
        )
    n = len(W)
    for name, neuron in (("i", i), ("j", j)):
        if as_count(name, neuron, 0, "a neuron") >= n:
            raise ValueError(f"{name} is {neuron}, expected a neuron, 0 to {n - 1}")
    _check_steps(trace, k, t, "<")
    inner = int(t - k - 1)
    if n**inner > MOST_PATHS:
        raise ValueError(
            f"from step {k} to {t} there are {n}^{inner} paths, at most {MOST_PATHS:,} were "
            f"expected; product(trace, k, t) has their sum"
        )
    ways = itertools.product(range(n), repeat=inner)
    q = np.array([(i, *between, j) for between in ways])
    along = W[q[:, :-1], q[:, 1:]].prod(axis=1)
    across = slopes[np.arange(k, t), q[:, 1:]].prod(axis=1)
    return Paths(q, along, across)


def through_c(trace: Trace, k: int, t: int) -> Array:
    """f(k+1) f(k+2) … f(t), entry by entry: the part of ∂c(t)/∂c(k) that never leaves c; (..., n).

    No weight stands in this product: a gate at 1 lets the gradient pass undiminished for as long as
    it stays open. The rest of ∂c(t)/∂c(k) leaves by h, or by a peephole, and comes back through the
    gates; with both, it is ``product(trace, k, t)[..., n:, n:]``.

    >>> from rnnlib import LSTM, unroll
    >>> cell = LSTM(np.zeros((4, 1, 1)), np.zeros((4, 1, 1)), np.zeros((4, 1)))
    >>> through_c(unroll(cell, [[1], [2], [3]]), 0, 3)
    array([0.125])
    """
    _check_trace("trace", trace)
    if not ("c" in trace.cell.state and "f" in trace.cell.Step._fields):
        kind = type(trace.cell).__name__
        raise TypeError(f"trace is of a {kind}, expected an LSTM: there is no forget gate")
    _check_steps(trace, k, t)
    return _until_the_end(trace, trace.f, 1)[k:t].prod(axis=0)


def _identities(J: Array) -> Array:
    """The identity for each sequence, (..., s, s)."""
    return np.broadcast_to(np.eye(J.shape[-1], dtype=J.dtype), J.shape[1:]).copy()


def _until_the_end(trace: Trace, quantity: Array, afterwards: ArrayLike) -> Array:
    """A quantity of each step, (T, ..., ·), with another value after each sequence's end."""
    quantity = np.array(quantity)
    if trace.lengths is not None:
        quantity[~alive(trace.lengths, len(trace))] = afterwards
    return quantity


def _check_trace(name: str, trace: Trace) -> None:
    if type(trace) is not Trace:  # a stack's is one too, but of several cells
        raise TypeError(
            f"{name} is of type {type(trace).__name__}, expected a Trace, of one cell: of a stack "
            f"take one of its layers"
        )
    if not trace.cell.state:
        raise ValueError(f"{name} is of a {type(trace.cell).__name__}, which has no state")


def _check_steps(trace: Trace, k: int, t: int, order: str = "≤") -> None:
    first, last = (as_count(name, step, 0, "a time step") for name, step in (("k", k), ("t", t)))
    if not first + (order == "<") <= last <= len(trace):
        raise ValueError(f"k is {k} and t is {t}, expected 0 ≤ k {order} t ≤ {len(trace)}")


def _loop(name: str, cell: Any, diagonal: bool) -> tuple[Array, str, str]:
    """The weights that feed back, the name of the pre-activation, and the activation's."""
    if type(cell) not in (Layer, Elman):
        raise TypeError(
            f"{name} is of a {type(cell).__name__}, expected Layer or Elman: only where one layer "
            f"feeds back itself is J(t) = W diag φ′(a(t))"
        )
    W, a, phi = (cell.W_y, "a", cell.phi) if type(cell) is Layer else (cell.W_h, "a_h", cell.g_h)
    if diagonal and phi not in LARGEST_SLOPES:
        raise ValueError(
            f"the activation is {phi}, expected one of: {', '.join(LARGEST_SLOPES)}; "
            f"they work entry by entry, so that diag φ′(a) exists"
        )
    return W, a, phi
