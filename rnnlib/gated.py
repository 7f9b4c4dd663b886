"""Networks with gates: LSTM, with and without peepholes, and GRU, with its reset in either place.

The weights of all gates stand in one array, whose first axis is the gate, in the order of
``GATES`` or ``GRU_GATES``; so one product serves all gates of a step.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rnnlib.activations import sigmoid
from rnnlib.cells import Back, Cell, weight
from rnnlib.checks import Array

GATES = ("f", "i", "o", "c_tilde")
"""The order of an LSTM's gates on the first axis of its weights."""

GRU_GATES = ("z", "r", "h_tilde")
"""The order of a GRU's gates."""


class LSTMStep(NamedTuple):
    """Gates f, i, o, c̃, cell state c and hidden state h, and the gates' pre-activations a.

    Each is of shape (..., n).
    """

    f: Any = None
    i: Any = None
    o: Any = None
    c_tilde: Any = None
    c: Any = None
    h: Any = None
    a_f: Any = None
    a_i: Any = None
    a_o: Any = None
    a_c: Any = None


class GRUStep(NamedTuple):
    """Gates z and r, candidate h̃ and hidden state h, and the pre-activations a; each (..., n).

    ``past`` is h(t−1) W_h + b_h of h̃, yet to be reset, and in a ``ResetFirstGRU`` r(t) h(t−1).
    """

    z: Any = None
    r: Any = None
    h_tilde: Any = None
    h: Any = None
    a_z: Any = None
    a_r: Any = None
    a_h: Any = None
    past: Any = None


class _Gated(Cell):
    """What cells with gates have in common: how their weights lie, and h as output."""

    W_x: Array
    W_h: Array
    b: Array

    output: ClassVar = "h"

    def inputs(self, xs: Array) -> Array:
        """x(t) W_x + b for every gate, of shape (N, g, n)."""
        return (xs @ self.W_x + self.b[:, None]).swapaxes(0, 1)


def _through(W: Array, *gates: Array) -> Array:
    """Σ_g ∂L/∂a_g W[g]ᵀ, of shape (N, k): what flows back through the weights of all gates."""
    return reduce(np.add, (da @ W_g.T for da, W_g in zip(gates, W, strict=True)))


@dataclass(frozen=True, eq=False)
class LSTM(_Gated):
    """c(t) = f(t) c(t−1) + i(t) c̃(t),  h(t) = o(t) tanh c(t).

    The gates are f, i, o = σ(x(t) W_x + h(t−1) W_h + b), each with weights of its own, and
    c̃ = tanh(x(t) W_x + h(t−1) W_h + b) likewise; products of vectors go entry by entry.

    Parameters
    ----------
    W_x : (4, k, n)
        ``W_x[g]`` leads from the input to gate g, in the order f, i, o, c̃ of ``GATES``.
    W_h : (4, n, n)
    b : (4, n)

    Notes
    -----
    Hochreiter and Schmidhuber, *Long short-term memory* (1997), with the forget gate of Gers,
    Schmidhuber and Cummins, *Learning to forget* (2000).

    Examples
    --------
    One neuron that remembers: it never forgets, and writes when its input is large.

    >>> cell = LSTM(
    ...     W_x=[[[0]], [[20]], [[0]], [[20]]], W_h=np.zeros((4, 1, 1)), b=[[20], [-10], [20], [0]]
    ... )
    >>> from rnnlib import unroll
    >>> unroll(cell, [[1], [0], [0]]).c.round(3).ravel()
    array([1., 1., 1.])
    """

    W_x: Array = weight("4 k n", "input to gates", "x", "a_f a_i a_o a_c")
    W_h: Array = weight("4 n n", "h to gates", "before.h", "a_f a_i a_o a_c")
    b: Array = weight("4 n", "bias of gates", "", "a_f a_i a_o a_c")

    Step, state = LSTMStep, ("h", "c")

    def forward(self, share: Array, before: LSTMStep) -> LSTMStep:
        """a(t) = x(t) W_x + h(t−1) W_h + b of each gate, then the gates, c(t) and h(t)."""
        a = share.swapaxes(0, 1) + before.h @ self.W_h
        f, i, o = sigmoid(a[:3])
        c_tilde = np.tanh(a[3])
        c = f * before.c + i * c_tilde
        h = o * np.tanh(c)
        return LSTMStep(f, i, o, c_tilde, c, h, *a)

    def backward(self, d: LSTMStep, now: LSTMStep, before: LSTMStep) -> Back[LSTMStep]:
        """What flows back along h passes all gates; what flows back along c passes f alone."""
        f, i, o, c_tilde, tanh_c = now.f, now.i, now.o, now.c_tilde, np.tanh(now.c)
        do = d.h * tanh_c
        dc = d.c + d.h * o * (1 - tanh_c * tanh_c)
        df, di, dc_tilde = dc * before.c, dc * c_tilde, dc * i
        da_f, da_i, da_o = df * f * (1 - f), di * i * (1 - i), do * o * (1 - o)
        da = da_f, da_i, da_o, dc_tilde * (1 - c_tilde * c_tilde)
        flow = LSTMStep(h=_through(self.W_h, *da), c=dc * f)
        return LSTMStep(df, di, do, dc_tilde, dc, d.h, *da), flow


@dataclass(frozen=True, eq=False)
class PeepholeLSTM(LSTM):
    """An LSTM whose gates see the cell state: f, i = σ(… + c(t−1) P),  o = σ(… + c(t) P).

    The rest is as in an ``LSTM``; the candidate c̃ sees no cell state.

    Parameters
    ----------
    W_x : (4, k, n)
        In the order f, i, o, c̃.
    W_h : (4, n, n)
    b : (4, n)
    P : (3, n)
        Peepholes of f, i and o: each neuron's gates see its own cell state alone, so that the
        products go entry by entry.

    Notes
    -----
    Gers and Schmidhuber, *Recurrent nets that time and count* (2000).

    Examples
    --------
    One neuron that counts in c, and whose output gate opens as soon as it has counted to 3:

    >>> from rnnlib import unroll
    >>> W_x, W_h = np.zeros((4, 1, 1)), np.zeros((4, 1, 1))
    >>> W_x[3] = 0.1
    >>> cell = PeepholeLSTM(W_x, W_h, b=[[40], [40], [-50], [0]], P=[[0], [0], [200]])
    >>> unroll(cell, np.ones((4, 1))).o.round(2).ravel()
    array([0., 0., 1., 1.])
    """

    P: Array = weight("3 n", "c to gates", "before.c before.c c", "a_f a_i a_o")

    def forward(self, share: Array, before: LSTMStep) -> LSTMStep:
        """As in an LSTM; f and i see c(t−1), and o sees c(t)."""
        a_f, a_i, a_o, a_c = share.swapaxes(0, 1) + before.h @ self.W_h
        P_f, P_i, P_o = self.P
        a_f, a_i = a_f + before.c * P_f, a_i + before.c * P_i
        f, i, c_tilde = sigmoid(a_f), sigmoid(a_i), np.tanh(a_c)
        c = f * before.c + i * c_tilde
        a_o = a_o + c * P_o
        o = sigmoid(a_o)
        h = o * np.tanh(c)
        return LSTMStep(f, i, o, c_tilde, c, h, a_f, a_i, a_o, a_c)

    def backward(self, d: LSTMStep, now: LSTMStep, before: LSTMStep) -> Back[LSTMStep]:
        """What flows back along c passes f and the peepholes."""
        f, i, o, c_tilde, tanh_c = now.f, now.i, now.o, now.c_tilde, np.tanh(now.c)
        P_f, P_i, P_o = self.P
        do = d.h * tanh_c
        da_o = do * o * (1 - o)
        dc = d.c + d.h * o * (1 - tanh_c * tanh_c) + da_o * P_o
        df, di, dc_tilde = dc * before.c, dc * c_tilde, dc * i
        da_f, da_i = df * f * (1 - f), di * i * (1 - i)
        da = da_f, da_i, da_o, dc_tilde * (1 - c_tilde * c_tilde)
        flow_c = dc * f + da_f * P_f + da_i * P_i
        flow = LSTMStep(h=_through(self.W_h, *da), c=flow_c)
        return LSTMStep(df, di, do, dc_tilde, dc, d.h, *da), flow


@dataclass(frozen=True, eq=False)
class GRU(_Gated):
    """h(t) = (1 − z(t)) h̃(t) + z(t) h(t−1),  h̃ = tanh(x(t) W_x + b + r(t) (h(t−1) W_h + b_h)).

    The gates are z, r = σ(x(t) W_x + h(t−1) W_h + b), each with weights of its own; products of
    vectors go entry by entry.

    Parameters
    ----------
    W_x : (3, k, n)
        ``W_x[g]`` leads from the input to gate g, in the order z, r, h̃ of ``GRU_GATES``.
    W_h : (3, n, n)
    b : (3, n)
    b_h : (n,)
        The bias of h̃ that the reset gate r takes away with the past.

    Notes
    -----
    Of the two variants that Cho et al. published (arXiv 1406.1078) this is the one of version 1,
    which PyTorch and Keras compute: the reset comes after the product with W_h. In version 3 it
    comes before: see ``ResetFirstGRU``.

    Examples
    --------
    One neuron that keeps what it has (z = 1) until a large input opens it (z = 0):

    >>> cell = GRU(
    ...     W_x=[[[-40]], [[0]], [[1]]], W_h=np.zeros((3, 1, 1)), b=[[20], [0], [0]], b_h=[0]
    ... )
    >>> from rnnlib import unroll
    >>> unroll(cell, [[0], [0], [2], [0]], GRUStep(h=[0.5])).h.round(3).ravel()
    array([0.5  , 0.5  , 0.964, 0.964])
    """

    W_x: Array = weight("3 k n", "input to gates", "x", "a_z a_r a_h")
    W_h: Array = weight("3 n n", "h to gates", "before.h", "a_z a_r past")
    b: Array = weight("3 n", "bias of gates", "", "a_z a_r a_h")
    b_h: Array = weight("n", "bias of past", "", "past")

    Step, state = GRUStep, ("h",)

    def forward(self, share: Array, before: GRUStep) -> GRUStep:
        """z and r as in an LSTM; r takes away of the past before h̃ adds it to the input."""
        x_z, x_r, x_h = share.swapaxes(0, 1)
        h_z, h_r, h_h = before.h @ self.W_h
        a_z, a_r, past = x_z + h_z, x_r + h_r, h_h + self.b_h
        z, r = sigmoid(a_z), sigmoid(a_r)
        a_h = x_h + r * past
        h_tilde = np.tanh(a_h)
        h = (1 - z) * h_tilde + z * before.h
        return GRUStep(z, r, h_tilde, h, a_z, a_r, a_h, past)

    def backward(self, d: GRUStep, now: GRUStep, before: GRUStep) -> Back[GRUStep]:
        """What flows back along h passes z, both gates, and what r lets through to h̃."""
        z, r, h_tilde = now.z, now.r, now.h_tilde
        dz, dh_tilde = d.h * (before.h - h_tilde), d.h * (1 - z)
        da_h = dh_tilde * (1 - h_tilde * h_tilde)
        dr, d_past = da_h * now.past, da_h * r
        da_z, da_r = dz * z * (1 - z), dr * r * (1 - r)
        flow = d.h * z + _through(self.W_h, da_z, da_r, d_past)
        return GRUStep(dz, dr, dh_tilde, d.h, da_z, da_r, da_h, d_past), GRUStep(h=flow)


@dataclass(frozen=True, eq=False)
class ResetFirstGRU(_Gated):
    """h(t) = (1 − z(t)) h̃(t) + z(t) h(t−1),  h̃ = tanh(x(t) W_x + (r(t) h(t−1)) W_h + b).

    A GRU that resets the past before the product with W_h; the gates are those of a ``GRU``, and
    there is no b_h.

    Parameters
    ----------
    W_x : (3, k, n)
        In the order z, r, h̃ of ``GRU_GATES``.
    W_h : (3, n, n)
    b : (3, n)

    Notes
    -----
    Version 3 of Cho et al. (arXiv 1406.1078); what Keras computes with ``reset_after=False``, and
    ONNX with ``linear_before_reset=0``. With one neuron and without b_h it is a ``GRU``.

    Examples
    --------
    >>> cell = ResetFirstGRU(np.ones((3, 1, 1)), np.ones((3, 1, 1)), b=np.zeros((3, 1)))
    >>> gru = GRU(cell.W_x, cell.W_h, cell.b, b_h=[0])
    >>> [each.step([1], GRUStep(h=[0.5])).h.round(3).item() for each in (cell, gru)]
    [0.571, 0.571]
    """

    W_x: Array = weight("3 k n", "input to gates", "x", "a_z a_r a_h")
    W_h: Array = weight("3 n n", "h to gates", "before.h before.h past", "a_z a_r a_h")
    b: Array = weight("3 n", "bias of gates", "", "a_z a_r a_h")

    Step, state = GRUStep, ("h",)

    def forward(self, share: Array, before: GRUStep) -> GRUStep:
        """z and r as in a GRU; h̃ reads r h(t−1)."""
        x_z, x_r, x_h = share.swapaxes(0, 1)
        W_z, W_r, W_h = self.W_h
        a_z, a_r = x_z + before.h @ W_z, x_r + before.h @ W_r
        z, r = sigmoid(a_z), sigmoid(a_r)
        past = r * before.h
        a_h = x_h + past @ W_h
        h_tilde = np.tanh(a_h)
        h = (1 - z) * h_tilde + z * before.h
        return GRUStep(z, r, h_tilde, h, a_z, a_r, a_h, past)

    def backward(self, d: GRUStep, now: GRUStep, before: GRUStep) -> Back[GRUStep]:
        """What flows back along h passes z, both gates, and r on its way from h̃."""
        z, r, h_tilde = now.z, now.r, now.h_tilde
        W_z, W_r, W_h = self.W_h
        dz, dh_tilde = d.h * (before.h - h_tilde), d.h * (1 - z)
        da_h = dh_tilde * (1 - h_tilde * h_tilde)
        d_past = da_h @ W_h.T
        dr = d_past * before.h
        da_z, da_r = dz * z * (1 - z), dr * r * (1 - r)
        flow = d.h * z + da_z @ W_z.T + da_r @ W_r.T + d_past * r
        return GRUStep(dz, dr, dh_tilde, d.h, da_z, da_r, da_h, d_past), GRUStep(h=flow)
