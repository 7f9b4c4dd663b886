"""Networks with gates: LSTM, with and without peepholes, and GRU.

The gates of a step are computed together: their weights stand in one array, whose first axis is
the gate. The order is that of ``GATES``, for an LSTM forget, input, output, candidate: the three
with a sigmoid stand side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnlib._checks import check_shape
from rnnlib.cells import _Plain, _take_in, outer, outer_before, total
from rnnlib.parameters import with_parameters
from rnnlib.trace import Trace

GATES = ("f", "i", "o", "c_tilde")
"""The order of an LSTM's gates on the first axis of its weights."""

GRU_GATES = ("z", "r", "h_tilde")
"""The order of a GRU's gates."""


class LSTMStep(NamedTuple):
    """Gates f, i, o, c̃, cell state c and hidden state h, each (..., n).

    The pre-activations a are not kept (``pre_activations`` computes them); a gradient has theirs in
    place of the gates'.
    """

    f: NDArray | None = None
    i: NDArray | None = None
    o: NDArray | None = None
    c_tilde: NDArray | None = None
    c: NDArray | None = None
    h: NDArray | None = None
    a_f: NDArray | None = None
    a_i: NDArray | None = None
    a_o: NDArray | None = None
    a_c: NDArray | None = None


class LSTMBlocks(NamedTuple):
    """The same with all gates in one array, (4, T, m, n); in a gradient their pre-activations."""

    gates: NDArray | None = None
    c: NDArray | None = None
    h: NDArray | None = None


@dataclass(frozen=True, eq=False)
class LSTM(_Plain):
    """c(t) = f(t) c(t−1) + i(t) c̃(t),  h(t) = o(t) tanh c(t).

    The gates are f, i, o = σ(x(t) W_x + h(t−1) W_h + b), each with weights of its own, and
    c̃ = tanh(x(t) W_x + h(t−1) W_h + b) likewise; products of vectors go entry by entry.

    Parameters
    ----------
    W_x : (4, k, n)
        ``W_x[g]`` leads from the input to gate g, in the order f, i, o, c̃ of ``GATES``.
    W_h : (4, n, n)
    b : (4, n)

    Raises
    ------
    ValueError
        If shapes do not fit together, or a number is not finite.

    Examples
    --------
    One neuron that remembers: it never forgets, and writes when its input is large.

    >>> cell = LSTM(
    ...     W_x=[[[0]], [[20]], [[0]], [[20]]], W_h=np.zeros((4, 1, 1)), b=[[20], [-10], [20], [0]]
    ... )
    >>> before = LSTMStep(c=[0], h=[0])
    >>> for x in (1, 0, 0):
    ...     before = cell.step([x], before)
    >>> before.c.round(3)
    array([1.])
    """

    W_x: NDArray
    W_h: NDArray
    b: NDArray

    Step: ClassVar = LSTMStep
    Blocks: ClassVar = LSTMBlocks
    state: ClassVar = ("h", "c")
    output: ClassVar = "h"
    n_gates: ClassVar = 4

    def __post_init__(self) -> None:
        _take_in(self, "W_x", "W_h", "b")
        gates = self.n_gates
        check_shape("W_x", self.W_x, (gates, "k", "n"))
        n = self.W_x.shape[-1]
        check_shape("W_h", self.W_h, (gates, n, n))
        check_shape("b", self.b, (gates, n))

    @property
    def n_inputs(self) -> int:
        return self.W_x.shape[1]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        return (self.W_x.shape[-1],) * len(self.state)

    def input_share(self, xs: NDArray) -> NDArray:
        """x(t) W_x + b for every gate, (4, T, m, n)."""
        return gate_shares(xs, self.W_x, self.b)

    def lay_out(self, shares: NDArray) -> LSTMBlocks:
        c, h = np.empty((2, *shares.shape[1:]), shares.dtype)
        return LSTMBlocks(gates=shares, c=c, h=h)

    def advance(self, now: LSTMBlocks, before: LSTMBlocks) -> None:
        gates, c, h = now
        gates += before.h @ self.W_h
        squash(gates)
        f, i, o, c_tilde = gates
        np.multiply(f, before.c, out=c)
        c += i * c_tilde
        np.tanh(c, out=h)
        h *= o

    def records(self, blocks: LSTMBlocks) -> LSTMStep:
        return LSTMStep(*blocks.gates, blocks.c, blocks.h)

    def gradient_records(self, d: LSTMBlocks) -> LSTMStep:
        a_f, a_i, a_o, a_c = d.gates
        return LSTMStep(c=d.c, h=d.h, a_f=a_f, a_i=a_i, a_o=a_o, a_c=a_c)

    def retreat(
        self,
        now: LSTMBlocks,
        before: LSTMBlocks,
        d: LSTMBlocks,
        flow: tuple[NDArray, NDArray],
    ) -> tuple[NDArray, NDArray]:
        """What flows back along h passes all gates; what flows back along c passes f alone."""
        gates, c, h = now
        da, dc, dh = d
        f, i, o, c_tilde = gates
        tanh_c = np.tanh(c)
        dh += flow[0]
        dc += flow[1]
        through_h = h * tanh_c  # o tanh² c, so that o − this is o tanh′ c
        np.subtract(o, through_h, out=through_h)
        through_h *= dh
        dc += through_h
        slopes(gates, da)
        da_f, da_i, da_o, da_c = da
        da_f *= before.c
        da_i *= c_tilde
        da_c *= i
        da[:2] *= dc
        da_c *= dc
        tanh_c *= dh
        da_o *= tanh_c
        return sum_over_gates(da, self.W_h), dc * f

    def gather(self, xs: NDArray, initial: LSTMBlocks, blocks: LSTMBlocks, d: LSTMBlocks) -> LSTM:
        """∂L/∂W_x = Σ x(t)ᵀ ∂L/∂a(t),  ∂L/∂W_h = Σ h(t−1)ᵀ ∂L/∂a(t),  for each gate."""
        return with_parameters(
            self,
            {
                "W_x": np.stack([outer(xs, da) for da in d.gates]),
                "W_h": np.stack([outer_before(initial.h, blocks.h, da) for da in d.gates]),
                "b": np.stack([total(da) for da in d.gates]),
            },
        )

    def input_back(self, d: LSTMBlocks) -> NDArray:
        return sum_over_gates(d.gates, self.W_x)


def gate_shares(xs: NDArray, W: NDArray, b: NDArray) -> NDArray:
    """x(t) W[g] + b[g] for each gate g: (T, m, k) to (g, T, m, n)."""
    shares = xs.reshape(-1, xs.shape[-1]) @ W
    shares += b[:, None]
    return shares.reshape(len(W), *xs.shape[:-1], W.shape[-1])


def squash(a: NDArray) -> None:
    """In place, σ of all gates but the last, and tanh of the last.

    σ(a) = (1 + tanh(a/2))/2 is the quickest of its forms, and exact but in the far tail.
    """
    sigmoids = a[:-1]
    sigmoids *= 0.5
    np.tanh(a, out=a)
    sigmoids *= 0.5
    sigmoids += 0.5


def slopes(gates: NDArray, out: NDArray) -> None:
    """Each gate's derivative out of its value: g(1 − g) of a sigmoid; of the last, 1 − g²."""
    np.multiply(gates, gates, out=out)
    np.subtract(gates[:-1], out[:-1], out=out[:-1])
    np.subtract(1, out[-1], out=out[-1])


def sum_over_gates(da: NDArray, W: NDArray) -> NDArray:
    """Σ_g ∂L/∂a_g W[g]ᵀ, for any axes between: (g, ..., n) to (..., k)."""
    flat = da.reshape(len(W), -1, da.shape[-1])
    return (flat @ W.swapaxes(1, 2)).sum(axis=0).reshape(*da.shape[1:-1], W.shape[1])


def pre_activations(trace: Trace) -> NDArray:
    """a(t) = x(t) W_x + h(t−1) W_h + b of an LSTM's gates, (4, T, ..., n), which traces don't keep.

    The first axis is the gate, in the order of ``GATES``.
    """
    cell, T = trace.cell, len(trace)
    before = np.concatenate([trace[0].h[None], trace.h[:-1]])
    shares = gate_shares(trace.xs.reshape(T, -1, trace.xs.shape[-1]), cell.W_x, cell.b)
    fed_back = gate_shares(before.reshape(T, -1, before.shape[-1]), cell.W_h, np.zeros_like(cell.b))
    return (shares + fed_back).reshape(len(cell.b), *trace.h.shape)
