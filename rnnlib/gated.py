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

from rnnlib.cells import PlainCell, outer, outer_before, take_in, total
from rnnlib.checks import check_shape
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
class _Gated(PlainCell):
    """What cells with gates have in common: their weights, gates first, and h as output."""

    W_x: NDArray
    W_h: NDArray
    b: NDArray

    output: ClassVar = "h"
    n_gates: ClassVar[int]

    def __post_init__(self) -> None:
        take_in(self, "W_x", "W_h", "b")
        gates = self.n_gates
        check_shape("W_x", self.W_x, (gates, "k", "n"))
        n = self.W_x.shape[-1]
        check_shape("W_h", self.W_h, (gates, n, n))
        check_shape("b", self.b, (gates, n))

    @property
    def n_inputs(self) -> int:
        """How many numbers a step reads."""
        return self.W_x.shape[1]

    @property
    def state_sizes(self) -> tuple[int, ...]:
        """How many numbers each quantity of ``state`` holds: n."""
        return (self.W_x.shape[-1],) * len(self.state)

    def input_share(self, xs: NDArray) -> NDArray:
        """x(t) W_x + b for every gate, (g, T, m, n)."""
        return gate_shares(xs, self.W_x, self.b)

    def input_back(self, d: NamedTuple) -> NDArray:
        return sum_over_gates(d.gates, self.W_x)


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

    Step: ClassVar = LSTMStep
    Blocks: ClassVar = LSTMBlocks
    state: ClassVar = ("h", "c")
    n_gates: ClassVar = 4

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
        return with_parameters(self, self._gathered(xs, initial, blocks, d))

    def _gathered(
        self, xs: NDArray, initial: LSTMBlocks, blocks: LSTMBlocks, d: LSTMBlocks
    ) -> dict[str, NDArray]:
        return {
            "W_x": np.stack([outer(xs, da) for da in d.gates]),
            "W_h": np.stack([outer_before(initial.h, blocks.h, da) for da in d.gates]),
            "b": np.stack([total(da) for da in d.gates]),
        }


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

    Raises
    ------
    ValueError
        If shapes do not fit together, or a number is not finite.

    Notes
    -----
    Gers and Schmidhuber, *Recurrent nets that time and count* (2000).

    Examples
    --------
    One neuron that counts in c, and whose output gate opens as soon as it has counted to 3:

    >>> W_x, W_h = np.zeros((4, 1, 1)), np.zeros((4, 1, 1))
    >>> W_x[3] = 0.1
    >>> cell = PeepholeLSTM(W_x, W_h, b=[[40], [40], [-50], [0]], P=[[0], [0], [200]])
    >>> before = LSTMStep(c=[0], h=[0])
    >>> for _ in range(4):
    ...     before = cell.step([1], before)
    ...     print(before.c.round(2), before.o.round(2))
    [0.1] [0.]
    [0.2] [0.]
    [0.3] [1.]
    [0.4] [1.]
    """

    P: NDArray

    def __post_init__(self) -> None:
        super().__post_init__()
        take_in(self, "P")
        check_shape("P", self.P, (3, self.W_x.shape[-1]))

    def advance(self, now: LSTMBlocks, before: LSTMBlocks) -> None:
        gates, c, h = now
        gates += before.h @ self.W_h
        gates[:2] += before.c * self.P[:2, None]
        f, i, o, c_tilde = gates
        sigmoid_in_place(gates[:2])
        np.tanh(c_tilde, out=c_tilde)
        np.multiply(f, before.c, out=c)
        c += i * c_tilde
        o += c * self.P[2]
        sigmoid_in_place(o)
        np.tanh(c, out=h)
        h *= o

    def retreat(
        self,
        now: LSTMBlocks,
        before: LSTMBlocks,
        d: LSTMBlocks,
        flow: tuple[NDArray, NDArray],
    ) -> tuple[NDArray, NDArray]:
        """What flows back along c passes f and the peepholes."""
        gates, c, _ = now
        da, dc, dh = d
        f, i, o, c_tilde = gates
        tanh_c = np.tanh(c)
        dh += flow[0]
        slopes(gates, da)
        da_f, da_i, da_o, da_c = da
        da_o *= dh * tanh_c
        dc += flow[1] + dh * o * (1 - tanh_c**2) + da_o * self.P[2]
        da_f *= dc * before.c
        da_i *= dc * c_tilde
        da_c *= dc * i
        through_c = dc * f + da_f * self.P[0] + da_i * self.P[1]
        return sum_over_gates(da, self.W_h), through_c

    def gather(
        self, xs: NDArray, initial: LSTMBlocks, blocks: LSTMBlocks, d: LSTMBlocks
    ) -> PeepholeLSTM:
        """∂L/∂P = Σ c(t−1) ∂L/∂a(t) for f and i, Σ c(t) ∂L/∂a(t) for o."""
        da_f, da_i, da_o, _ = d.gates
        before = np.concatenate([initial.c[None], blocks.c[:-1]])
        P = np.stack([total(before * da_f), total(before * da_i), total(blocks.c * da_o)])
        return with_parameters(self, self._gathered(xs, initial, blocks, d) | {"P": P})


class GRUStep(NamedTuple):
    """Gates z and r, candidate h̃ and hidden state h, each (..., n).

    As of an LSTM, a gradient has the pre-activations a in place of the gates.
    """

    z: NDArray | None = None
    r: NDArray | None = None
    h_tilde: NDArray | None = None
    h: NDArray | None = None
    a_z: NDArray | None = None
    a_r: NDArray | None = None
    a_h: NDArray | None = None


class GRUBlocks(NamedTuple):
    """All gates in one array, (3, T, m, n); ``past`` is h(t−1) W_h + b_h of h̃, not yet reset."""

    gates: NDArray | None = None
    past: NDArray | None = None
    h: NDArray | None = None


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

    Raises
    ------
    ValueError
        If shapes do not fit together, or a number is not finite.

    Notes
    -----
    Of the two variants that Cho et al. published (arXiv 1406.1078) this is the one of version 1,
    which PyTorch and Keras compute: the reset comes after the product with W_h. In version 3 it
    comes before, h̃ = tanh(x W_x + (r h(t−1)) W_h + b), and there is no b_h.

    Examples
    --------
    One neuron that keeps what it has (z = 1) until a large input opens it (z = 0):

    >>> cell = GRU(
    ...     W_x=[[[-40]], [[0]], [[1]]], W_h=np.zeros((3, 1, 1)), b=[[20], [0], [0]], b_h=[0]
    ... )
    >>> before = GRUStep(h=[0.5])
    >>> for x in (0, 0, 2, 0):
    ...     before = cell.step([x], before)
    ...     print(before.h.round(3))
    [0.5]
    [0.5]
    [0.964]
    [0.964]
    """

    b_h: NDArray

    Step: ClassVar = GRUStep
    Blocks: ClassVar = GRUBlocks
    state: ClassVar = ("h",)
    n_gates: ClassVar = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        take_in(self, "b_h")
        check_shape("b_h", self.b_h, (self.W_x.shape[-1],))

    def lay_out(self, shares: NDArray) -> GRUBlocks:
        past, h = np.empty((2, *shares.shape[1:]), shares.dtype)
        return GRUBlocks(gates=shares, past=past, h=h)

    def advance(self, now: GRUBlocks, before: GRUBlocks) -> None:
        gates, past, h = now
        fed_back = before.h @ self.W_h
        gates[:2] += fed_back[:2]
        sigmoid_in_place(gates[:2])
        np.add(fed_back[2], self.b_h, out=past)
        z, r, h_tilde = gates
        h_tilde += r * past
        np.tanh(h_tilde, out=h_tilde)
        np.subtract(before.h, h_tilde, out=h)
        h *= z
        h += h_tilde

    def records(self, blocks: GRUBlocks) -> GRUStep:
        return GRUStep(*blocks.gates, blocks.h)

    def gradient_records(self, d: GRUBlocks) -> GRUStep:
        a_z, a_r, a_h = d.gates
        return GRUStep(h=d.h, a_z=a_z, a_r=a_r, a_h=a_h)

    def retreat(
        self, now: GRUBlocks, before: GRUBlocks, d: GRUBlocks, flow: tuple[NDArray]
    ) -> tuple[NDArray]:
        """What flows back along h passes z, both gates, and what r lets through to h̃."""
        gates, past, _ = now
        da, d_past, dh = d
        z, r, h_tilde = gates
        dh += flow[0]
        slopes(gates, da)
        da_z, da_r, da_h = da
        da_z *= dh * (before.h - h_tilde)
        da_h *= dh * (1 - z)
        da_r *= da_h * past
        np.multiply(da_h, r, out=d_past)
        through_gates = sum_over_gates(da[:2], self.W_h[:2])
        return (dh * z + through_gates + d_past @ self.W_h[2].T,)

    def gather(self, xs: NDArray, initial: GRUBlocks, blocks: GRUBlocks, d: GRUBlocks) -> GRU:
        """As of an LSTM; only h̃ gets h(t−1) through r, and so ∂L/∂W_h of h̃ has r ∂L/∂a(t)."""
        fed = (*d.gates[:2], d.past)
        return with_parameters(
            self,
            {
                "W_x": np.stack([outer(xs, da) for da in d.gates]),
                "W_h": np.stack([outer_before(initial.h, blocks.h, da) for da in fed]),
                "b": np.stack([total(da) for da in d.gates]),
                "b_h": total(d.past),
            },
        )


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


def sigmoid_in_place(a: NDArray) -> None:
    """The same σ of all gates in ``a``."""
    a *= 0.5
    np.tanh(a, out=a)
    a *= 0.5
    a += 0.5


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

    The first axis is the gate, in the order of ``GATES``. Peepholes add their share.

    Raises
    ------
    TypeError
        If the trace is not one of an LSTM.
    """
    cell, T = trace.cell, len(trace)
    if not isinstance(cell, LSTM):
        raise TypeError(f"trace is of a {type(cell).__name__}, that of an LSTM was expected")
    before = np.concatenate([trace[0].h[None], trace.h[:-1]])
    shares = gate_shares(trace.xs.reshape(T, -1, trace.xs.shape[-1]), cell.W_x, cell.b)
    fed_back = gate_shares(before.reshape(T, -1, before.shape[-1]), cell.W_h, np.zeros_like(cell.b))
    a = (shares + fed_back).reshape(len(cell.b), *trace.h.shape)
    if isinstance(cell, PeepholeLSTM):
        c_before = np.concatenate([trace[0].c[None], trace.c[:-1]])
        for gate, c, peepholes in zip(a, (c_before, c_before, trace.c), cell.P, strict=False):
            gate += c * peepholes
    return a
