"""Do the tests bite? Deliberate faults in rnnlib, each of which some test has to notice.

    python tests/mutations.py                 all of them, some minutes on two processes
    python tests/mutations.py "bias" "h(t)"   those whose name contains one of these words
    python tests/mutations.py --list          their names
    python tests/mutations.py --trust ...     without a run of the tests before there is any fault

Each fault is put into a copy of rnnlib in a temporary folder, where the tests run that should catch
it. The exit code is 0 if all were caught, 1 if one survived, 2 if one no longer fits the code.
"""

# ruff: noqa: E501 - the text of a fault is one of the code, however long its line
from __future__ import annotations

import contextlib
import importlib
import io
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).resolve().parent.parent
PROCESSES = 2
LONGEST = 120
"""Seconds after which a fault counts as caught: it made a loop endless."""

# what all tests import, loaded once and before each fault: rnnlib must not be among it
COMMON = ["numpy", "pytest", "hypothesis", "hypothesis.strategies", "hypothesis.extra.numpy"]


class Fault(NamedTuple):
    """``old``, which stands exactly once in ``file``, becomes ``new``; ``tests`` notice."""

    name: str
    file: str
    old: str
    new: str
    tests: str


class Verdict(NamedTuple):
    """``caught``, ``survived``, or ``broken``: then the fault no longer fits the code."""

    fault: Fault
    what: str
    by: str
    seconds: float


# Each line of code that a fault changes is chosen so that what remains runs: a fault that stops
# Python from importing rnnlib proves nothing about the tests.
FAULTS = [
    # activations
    Fault(
        "tanh's slope without the square",
        "rnnlib/activations.py",
        "return 1 - y * y",
        "return 1 - y",
        "test_activations.py",
    ),
    Fault(
        "sigmoid's slope on the way back without one factor",
        "rnnlib/activations.py",
        "return y * sigmoid(-a)",
        "return sigmoid(-a)",
        "test_activations.py test_bptt.py test_flow.py",
    ),
    Fault(
        "sigmoid overflows for large negative numbers",
        "rnnlib/activations.py",
        "np.exp(np.where(positive, -a, a))",
        "np.exp(np.where(positive, -a, -a))",
        "test_activations.py",
    ),
    Fault(
        "ReLU with slope 1 at 0",
        "rnnlib/activations.py",
        "return (a.real > 0).astype(a.dtype)",
        "return (a.real >= 0).astype(a.dtype)",
        "test_activations.py",
    ),
    Fault(
        "ReLU lets the gradient of negative numbers through",
        "rnnlib/activations.py",
        "return (a.real > 0).astype(a.dtype)",
        "return (a.real < np.inf).astype(a.dtype)",
        "test_activations.py test_bptt.py test_flow.py",
    ),
    Fault(
        "softmax's way back as if it worked entry by entry",
        "rnnlib/activations.py",
        "return y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
        "return y * (dy - dy * y)",
        "test_activations.py test_bptt.py test_flow.py",
    ),
    Fault(
        "softmax over the wrong axis",
        "rnnlib/activations.py",
        "return exponentials / exponentials.sum(axis=-1, keepdims=True)",
        "return exponentials / exponentials.sum(axis=0, keepdims=True)",
        "test_activations.py",
    ),
    Fault(
        "softmax overflows for large numbers",
        "rnnlib/activations.py",
        "exponentials = np.exp(below_the_largest(a))",
        "exponentials = np.exp(a)",
        "test_activations.py",
    ),
    # what comes in
    Fault(
        "NaN is let in",
        "rnnlib/checks.py",
        "if not np.isfinite(array).all():",
        "if np.isinf(array).any():",
        "test_checks.py test_cells.py",
    ),
    Fault(
        "empty axes are let in",
        "rnnlib/checks.py",
        "fits, want = fits and have > 0,",
        "fits, want = fits and have >= 0,",
        "test_checks.py test_unroll.py",
    ),
    Fault(
        "integers stay integers",
        "rnnlib/checks.py",
        'if array.dtype.kind in "biu" or',
        'if array.dtype.kind in "b" or',
        "test_checks.py test_cells.py",
    ),
    # parameters
    Fault(
        "parameters of any shape are taken",
        "rnnlib/parameters.py",
        "check_shape(name, np.asarray(arrays[name]), array.shape)",
        'check_shape(name, np.asarray(arrays[name]), [*"abcdef"[: array.ndim]])',
        "test_parameters.py",
    ),
    Fault(
        "parameters are put back in the order given",
        "rnnlib/parameters.py",
        "iter([arrays[name] for name in own])",
        "iter(list(arrays.values()))",
        "test_parameters.py",
    ),
    # cells, forwards
    Fault(
        "a layer's weights transposed",
        "rnnlib/cells.py",
        "a = share + before.y @ self.W_y\n",
        "a = share + before.y @ self.W_y.T\n",
        "test_cells.py",
    ),
    Fault(
        "the inputs' share without the bias",
        "rnnlib/cells.py",
        "return xs @ self.W_x + self.b\n",
        "return xs @ self.W_x\n",
        "test_cells.py",
    ),
    Fault(
        "no bias of the output",
        "rnnlib/cells.py",
        "a_h = share + before.h @ self.W_h\n        h = activation(self.g_h).function(a_h)\n        a_o = h @ self.W_o + self.b_o\n",
        "a_h = share + before.h @ self.W_h\n        h = activation(self.g_h).function(a_h)\n        a_o = h @ self.W_o\n",
        "test_cells.py",
    ),
    Fault(
        "the output reads the pre-activation, as source 004 prints",
        "rnnlib/cells.py",
        "a_h = share + before.h @ self.W_h\n        h = activation(self.g_h).function(a_h)\n        a_o = h @ self.W_o + self.b_o\n",
        "a_h = share + before.h @ self.W_h\n        h = activation(self.g_h).function(a_h)\n        a_o = a_h @ self.W_o + self.b_o\n",
        "test_cells.py",
    ),
    Fault(
        "the hidden layer has the output's activation",
        "rnnlib/cells.py",
        "a_h = share + before.h @ self.W_h\n        h = activation(self.g_h).function(a_h)\n        a_o = h @ self.W_o + self.b_o\n",
        "a_h = share + before.h @ self.W_h\n        h = activation(self.g_o).function(a_h)\n        a_o = h @ self.W_o + self.b_o\n",
        "test_cells.py",
    ),
    Fault(
        "the initial state is one",
        "rnnlib/cells.py",
        "{name: np.zeros(size, dtype_of(cell)) for",
        "{name: np.ones(size, dtype_of(cell)) for",
        "test_unroll.py",
    ),
    Fault(
        "every step starts from the initial state",
        "rnnlib/trace.py",
        "        before = forward(share, before)\n        steps = put(steps, before, t, len(xs))",
        "        now = forward(share, before)\n        steps = put(steps, now, t, len(xs))",
        "test_unroll.py",
    ),
    Fault(
        "a record is not frozen at its sequence's end",
        "rnnlib/trace.py",
        "lambda q: hold(q.reshape(*xs.shape[:-1], -1), lengths)",
        "lambda q: q.reshape(*xs.shape[:-1], -1)",
        "test_bptt.py test_unroll.py",
    ),
    Fault(
        "a record is frozen while its sequence goes on",
        "rnnlib/lengths.py",
        "np.minimum(_steps(len(quantity), lengths), lengths - 1)",
        "np.maximum(_steps(len(quantity), lengths), lengths - 1)",
        "test_bptt.py test_unroll.py",
    ),
    Fault(
        "a cell keeps the caller's arrays",
        "rnnlib/cells.py",
        "as_array(name, getattr(cell, name)).copy()",
        "as_array(name, getattr(cell, name))",
        "test_cells.py",
    ),
    Fault(
        "a state of any batch is taken",
        "rnnlib/cells.py",
        "if array.shape not in ((size,), (*leading, size)):",
        "if array.shape[-1] != size:",
        "test_cells.py test_unroll.py",
    ),
    # cells, backwards
    Fault(
        "a layer's flow meets the weights, not their transpose",
        "rnnlib/cells.py",
        "LayerStep(y=da @ self.W_y.T)",
        "LayerStep(y=da @ self.W_y)",
        "test_bptt.py",
    ),
    Fault(
        "a layer forgets the flow from the step after",
        "rnnlib/backpropagation.py",
        "getattr(own, name) + getattr(flow, name) for name",
        "getattr(own, name) for name",
        "test_bptt.py",
    ),
    Fault(
        "h(t) for h(t−1) in the weights' gradient",
        "rnnlib/cells.py",
        "getattr(before if of_before else now,",
        "getattr(now,",
        "test_bptt.py",
    ),
    Fault(
        "the initial state's part is missing from the weights' gradient",
        "rnnlib/trace.py",
        "np.concatenate([getattr(trace[0], name)[None], getattr(trace, name)[:-1]])",
        "np.concatenate([0 * getattr(trace[0], name)[None], getattr(trace, name)[:-1]])",
        "test_bptt.py",
    ),
    Fault(
        "a bias's gradient is a mean",
        "rnnlib/cells.py",
        "parts.append(da.sum(axis=0))",
        "parts.append(da.mean(axis=0))",
        "test_bptt.py",
    ),
    Fault(
        "the hidden layer's derivative left out",
        "rnnlib/cells.py",
        'def backward(self, d: ElmanStep, now: ElmanStep, before: ElmanStep) -> Back[ElmanStep]:\n        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ."""\n        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)\n        dh = d.h + da_o @ self.W_o.T\n        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)\n',
        'def backward(self, d: ElmanStep, now: ElmanStep, before: ElmanStep) -> Back[ElmanStep]:\n        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ."""\n        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)\n        dh = d.h + da_o @ self.W_o.T\n        da_h = d.a_h + dh\n',
        "test_bptt.py",
    ),
    Fault(
        "the output's derivative left out",
        "rnnlib/cells.py",
        'def backward(self, d: JordanStep, now: JordanStep, before: JordanStep) -> Back[JordanStep]:\n        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ, to y(t−1)."""\n        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)\n        dh = d.h + da_o @ self.W_o.T\n        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)\n',
        'def backward(self, d: JordanStep, now: JordanStep, before: JordanStep) -> Back[JordanStep]:\n        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ, to y(t−1)."""\n        da_o = d.a_o + d.y\n        dh = d.h + da_o @ self.W_o.T\n        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)\n',
        "test_bptt.py test_flow.py",
    ),
    Fault(
        "the loss's own gradient of h is lost",
        "rnnlib/cells.py",
        'def backward(self, d: ElmanStep, now: ElmanStep, before: ElmanStep) -> Back[ElmanStep]:\n        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ."""\n        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)\n        dh = d.h + da_o @ self.W_o.T\n        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)\n',
        'def backward(self, d: ElmanStep, now: ElmanStep, before: ElmanStep) -> Back[ElmanStep]:\n        """∂L/∂h(t) gets ∂L/∂a_o(t) W_oᵀ; and on goes ∂L/∂a_h(t) W_hᵀ."""\n        da_o = d.a_o + activation(self.g_o).pull_back(d.y, now.a_o, now.y)\n        dh = da_o @ self.W_o.T\n        da_h = d.a_h + activation(self.g_h).pull_back(dh, now.a_h, now.h)\n',
        "test_bptt.py",
    ),
    Fault(
        "an Elman network forgets the flow",
        "rnnlib/cells.py",
        "ElmanStep(h=da_h @ self.W_h.T)",
        "ElmanStep(h=0 * da_h @ self.W_h.T)",
        "test_bptt.py",
    ),
    Fault(
        "a Jordan network forgets the flow",
        "rnnlib/cells.py",
        "JordanStep(y=da_h @ self.W_h.T)",
        "JordanStep(y=0 * da_h @ self.W_h.T)",
        "test_bptt.py",
    ),
    Fault(
        "the output's weights get the pre-activation's gradient",
        "rnnlib/cells.py",
        '    W_h: Array = weight("n n", "hidden to hidden", "before.h", "a_h")\n    W_o: Array = weight("n o", "hidden to output", "h", "a_o")',
        '    W_h: Array = weight("n n", "hidden to hidden", "before.h", "a_h")\n    W_o: Array = weight("n o", "hidden to output", "a_h", "a_o")',
        "test_bptt.py",
    ),
    Fault(
        "the hidden bias gets the state's gradient",
        "rnnlib/cells.py",
        '"hidden to hidden", "before.h", "a_h")\n    W_o: Array = weight("n o", "hidden to output", "h", "a_o")\n    b_h: Array = weight("n", "bias of hidden", "", "a_h")',
        '"hidden to hidden", "before.h", "a_h")\n    W_o: Array = weight("n o", "hidden to output", "h", "a_o")\n    b_h: Array = weight("n", "bias of hidden", "", "h")',
        "test_bptt.py",
    ),
    Fault(
        "the inputs get the state's gradient",
        "rnnlib/cells.py",
        "d_xs = d_xs + da @ W.T",
        "d_xs = da @ W.T",
        "test_bptt.py",
    ),
    # gated cells
    Fault(
        "an LSTM's gates in another order",
        "rnnlib/gated.py",
        'GATES = ("f", "i", "o", "c_tilde")',
        'GATES = ("i", "f", "o", "c_tilde")',
        "test_gated.py test_convert.py",
    ),
    Fault(
        "an LSTM's weights transposed",
        "rnnlib/gated.py",
        "a = share.swapaxes(0, 1) + before.h @ self.W_h\n        f, i",
        "a = share.swapaxes(0, 1) + before.h @ self.W_h.swapaxes(1, 2)\n        f, i",
        "test_gated.py",
    ),
    Fault(
        "gates without bias",
        "rnnlib/gated.py",
        "return (xs @ self.W_x + self.b[:, None]).swapaxes(0, 1)",
        "return (xs @ self.W_x).swapaxes(0, 1)",
        "test_gated.py",
    ),
    Fault(
        "an LSTM's forget and input gates swapped",
        "rnnlib/gated.py",
        "f, i, o = sigmoid(a[:3])",
        "i, f, o = sigmoid(a[:3])",
        "test_gated.py",
    ),
    Fault(
        "an LSTM's input gate left out",
        "rnnlib/gated.py",
        "c_tilde = np.tanh(a[3])\n        c = f * before.c + i * c_tilde",
        "c_tilde = np.tanh(a[3])\n        c = f * before.c + c_tilde",
        "test_gated.py",
    ),
    Fault(
        "sigmoid of twice its argument",
        "rnnlib/activations.py",
        "return 1 / (1 + np.exp(-a))",
        "return 1 / (1 + np.exp(-2 * a))",
        "test_activations.py",
    ),
    Fault(
        "the candidate has a sigmoid's slope",
        "rnnlib/gated.py",
        "da_f, da_i, da_o = df * f * (1 - f), di * i * (1 - i), do * o * (1 - o)\n        da = da_f, da_i, da_o, dc_tilde * (1 - c_tilde * c_tilde)",
        "da_f, da_i, da_o = df * f * (1 - f), di * i * (1 - i), do * o * (1 - o)\n        da = da_f, da_i, da_o, dc_tilde * (c_tilde - c_tilde * c_tilde)",
        "test_bptt.py",
    ),
    Fault(
        "an LSTM forgets the flow along h",
        "rnnlib/gated.py",
        "flow = LSTMStep(h=_through(self.W_h, *da), c=dc * f)",
        "flow = LSTMStep(h=0 * _through(self.W_h, *da), c=dc * f)",
        "test_bptt.py",
    ),
    Fault(
        "an LSTM forgets the flow along c",
        "rnnlib/gated.py",
        "flow = LSTMStep(h=_through(self.W_h, *da), c=dc * f)",
        "flow = LSTMStep(h=_through(self.W_h, *da), c=0 * dc)",
        "test_bptt.py",
    ),
    Fault(
        "an LSTM's h sends nothing into c",
        "rnnlib/gated.py",
        "dc = d.c + d.h * o * (1 - tanh_c * tanh_c)\n",
        "dc = d.c + 0 * d.h\n",
        "test_bptt.py",
    ),
    Fault(
        "the slope of tanh c left out",
        "rnnlib/gated.py",
        "dc = d.c + d.h * o * (1 - tanh_c * tanh_c)\n",
        "dc = d.c + d.h * o\n",
        "test_bptt.py",
    ),
    Fault(
        "c(t) for c(t−1) in the forget gate's gradient",
        "rnnlib/gated.py",
        "df, di, dc_tilde = dc * before.c, dc * c_tilde, dc * i\n        da_f, da_i, da_o",
        "df, di, dc_tilde = dc * now.c, dc * c_tilde, dc * i\n        da_f, da_i, da_o",
        "test_bptt.py",
    ),
    Fault(
        "the flow along c passes the input gate",
        "rnnlib/gated.py",
        "flow = LSTMStep(h=_through(self.W_h, *da), c=dc * f)",
        "flow = LSTMStep(h=_through(self.W_h, *da), c=dc * i)",
        "test_bptt.py",
    ),
    Fault(
        "gates' flow meets the weights, not their transpose",
        "rnnlib/gated.py",
        "(da @ W_g.T for da, W_g",
        "(da @ (W_g if W_g.shape[0] == W_g.shape[1] else W_g.T) for da, W_g",
        "test_bptt.py",
    ),
    Fault(
        "the weights of x read the state before",
        "rnnlib/cells.py",
        '    if name == "x":\n        return xs\n',
        '    if name == "x":\n        return xs[::-1]\n',
        "test_bptt.py",
    ),
    Fault(
        "the output gate peeps at the cell state before",
        "rnnlib/gated.py",
        "a_o = a_o + c * P_o",
        "a_o = a_o + before.c * P_o",
        "test_gated.py",
    ),
    Fault(
        "nothing flows back through the peepholes of f and i",
        "rnnlib/gated.py",
        "flow_c = dc * f + da_f * P_f + da_i * P_i",
        "flow_c = dc * f",
        "test_bptt.py",
    ),
    Fault(
        "c(t) for c(t−1) in the peepholes' gradient",
        "rnnlib/gated.py",
        '"before.c before.c c", "a_f a_i a_o"',
        '"c c c", "a_f a_i a_o"',
        "test_bptt.py",
    ),
    Fault(
        "a GRU's update gate the other way round",
        "rnnlib/gated.py",
        'h = (1 - z) * h_tilde + z * before.h\n        return GRUStep(z, r, h_tilde, h, a_z, a_r, a_h, past)\n\n    def backward(self, d: GRUStep, now: GRUStep, before: GRUStep) -> Back[GRUStep]:\n        """What flows back along h passes z, both gates, and what r lets',
        'h = z * h_tilde + (1 - z) * before.h\n        return GRUStep(z, r, h_tilde, h, a_z, a_r, a_h, past)\n\n    def backward(self, d: GRUStep, now: GRUStep, before: GRUStep) -> Back[GRUStep]:\n        """What flows back along h passes z, both gates, and what r lets',
        "test_gated.py",
    ),
    Fault(
        "a GRU's reset gate left out",
        "rnnlib/gated.py",
        "a_h = x_h + r * past",
        "a_h = x_h + past",
        "test_gated.py",
    ),
    Fault(
        "a GRU's flow past z left out",
        "rnnlib/gated.py",
        "flow = d.h * z + _through(self.W_h, da_z, da_r, d_past)",
        "flow = _through(self.W_h, da_z, da_r, d_past)",
        "test_bptt.py",
    ),
    Fault(
        "a GRU's W_h of the candidate gets the gradient before the reset",
        "rnnlib/gated.py",
        '"before.h", "a_z a_r past")',
        '"before.h", "a_z a_r a_h")',
        "test_bptt.py",
    ),
    # unrolling
    Fault(
        "trace[t] is one step off",
        "rnnlib/trace.py",
        "t - 1 if t > 0 else t)",
        "t - 1 if t > 0 else t - 1)",
        "test_unroll.py",
    ),
    Fault(
        "reversed(trace) leaves out step 1",
        "rnnlib/trace.py",
        "range(len(self), 0, -1)",
        "range(len(self), 1, -1)",
        "test_unroll.py",
    ),
    Fault(
        "a trace keeps the caller's inputs",
        "rnnlib/trace.py",
        'return as_inputs("xs", cell, given).copy(), lengths',
        'return as_inputs("xs", cell, given), lengths',
        "test_unroll.py",
    ),
    Fault(
        "a sequence ends one step early",
        "rnnlib/lengths.py",
        "return _steps(T, lengths) < lengths",
        "return _steps(T, lengths) < lengths - 1",
        "test_bptt.py test_unroll.py",
    ),
    Fault(
        "padding is read",
        "rnnlib/lengths.py",
        "    xs[~alive(lengths, len(xs))] = 0\n",
        "",
        "test_bptt.py test_unroll.py",
    ),
    Fault(
        "lengths are ignored",
        "rnnlib/trace.py",
        "return Trace(cell, xs, initial, steps, lengths)",
        "return Trace(cell, xs, initial, steps)",
        "test_bptt.py test_unroll.py",
    ),
    Fault(
        "the initial state is ignored",
        "rnnlib/trace.py",
        "start = zero_state(cell) if initial is None else initial",
        "start = zero_state(cell)",
        "test_unroll.py",
    ),
    # backpropagation through time
    Fault(
        "truncated one step late",
        "rnnlib/backpropagation.py",
        "min(truncate, len(trace))",
        "min(truncate + 1, len(trace))",
        "test_bptt.py",
    ),
    Fault(
        "truncated one step early",
        "rnnlib/backpropagation.py",
        "min(truncate, len(trace))",
        "min(truncate, len(trace) - 1)",
        "test_bptt.py",
    ),
    Fault(
        "truncation to no step is let in",
        "rnnlib/checks.py",
        "or value < least:",
        "or value < least - 1:",
        "test_bptt.py",
    ),
    Fault(
        "backpropagation stops one step early",
        "rnnlib/backpropagation.py",
        "for t in reversed(range(T)):",
        "for t in reversed(range(1, T)):",
        "test_bptt.py",
    ),
    Fault(
        "the state after for the state before on the way back",
        "rnnlib/trace.py",
        "getattr(trace, name)[:-1]])",
        "getattr(trace, name)[1:]])",
        "test_bptt.py",
    ),
    Fault(
        "the state before is not shifted",
        "rnnlib/trace.py",
        "np.concatenate([getattr(trace[0], name)[None], getattr(trace, name)[:-1]])",
        "getattr(trace, name)",
        "test_bptt.py",
    ),
    Fault(
        "gradients after a sequence's end are lost",
        "rnnlib/lengths.py",
        "late = np.where(ended[..., None], own, 0).sum(axis=0)",
        "late = 0 * own[0]",
        "test_bptt.py test_stack.py",
    ),
    Fault(
        "gradients after a sequence's end stay there",
        "rnnlib/lengths.py",
        "return np.where(ended[..., None], 0, own) + last",
        "return own + last",
        "test_bptt.py test_stack.py",
    ),
    Fault(
        "the table of contributions transposed",
        "rnnlib/truncation.py",
        "table[name][step + age, step] = gradient",
        "table[name][step, step + age] = gradient",
        "test_bptt.py",
    ),
    Fault(
        "what reaches the initial state is not summed over the losses",
        "rnnlib/truncation.py",
        "            _add(map_record(lambda state: state[None], reached), at(flow, slice(1)))\n",
        "",
        "test_bptt.py",
    ),
    Fault(
        "what a truncated loss sends back is not summed over the ages",
        "rnnlib/truncation.py",
        "            _add(total, d)\n",
        "",
        "test_bptt.py",
    ),
    # generating
    Fault(
        "generation goes on from the first output",
        "rnnlib/generation.py",
        "getattr(trace, cell.output)[-1]",
        "getattr(trace, cell.output)[0]",
        "test_generate.py",
    ),
    Fault(
        "a generated term is fed back again and again",
        "rnnlib/generation.py",
        "record = cell.step(terms[-1], record)",
        "record = cell.step(terms[0], record)",
        "test_generate.py",
    ),
    Fault(
        "the trace of what was generated starts from zero",
        "rnnlib/generation.py",
        "np.concatenate([trace.xs, made[:-1]]), initial)",
        "np.concatenate([trace.xs, made[:-1]]))",
        "test_generate.py",
    ),
    # losses
    Fault(
        "the batch's mean became a sum",
        "rnnlib/losses.py",
        "sequences = dtype.type(np.prod(outputs.shape[1:-1]))",
        "sequences = dtype.type(1)",
        "test_losses.py",
    ),
    Fault(
        "the sum over the steps became a mean",
        "rnnlib/losses.py",
        "result = Loss(values.sum() / sequences, gradient)",
        "result = Loss(values.mean(), gradient)",
        "test_losses.py",
    ),
    Fault(
        "the gradient is not divided by the batch",
        "rnnlib/losses.py",
        "gradient[looked_at] = gradients / sequences",
        "gradient[looked_at] = gradients",
        "test_losses.py",
    ),
    Fault(
        "squared error's gradient without the 2",
        "rnnlib/losses.py",
        "(error * error).sum(axis=-1), 2 * error",
        "(error * error).sum(axis=-1), error",
        "test_losses.py",
    ),
    Fault(
        "the mask is ignored in the value",
        "rnnlib/losses.py",
        "values * weights, gradients * weights[..., None]",
        "values, gradients * weights[..., None]",
        "test_losses.py",
    ),
    Fault(
        "the mask is ignored in the gradient",
        "rnnlib/losses.py",
        "values * weights, gradients * weights[..., None]",
        "values * weights, gradients",
        "test_losses.py",
    ),
    Fault(
        "a mask that leaves nothing is let in",
        "rnnlib/losses.py",
        "if not weights.any():",
        "if not weights.size:",
        "test_losses.py",
    ),
    Fault(
        "the first step for the last",
        "rnnlib/losses.py",
        'looked_at = -1 if steps == "last"',
        'looked_at = 0 if steps == "last"',
        "test_losses.py",
    ),
    Fault(
        "cross-entropy's gradient for probabilities that sum to 1 alone",
        "rnnlib/losses.py",
        "return value, weight * exponentials / sums - target",
        "return value, exponentials / sums - target",
        "test_losses.py",
    ),
    Fault(
        "cross-entropy overflows",
        "rnnlib/losses.py",
        "shifted = below_the_largest(a)",
        "shifted = a - 0",
        "test_losses.py",
    ),
    Fault(
        "the binary cross-entropy's gradient the other way round",
        "rnnlib/losses.py",
        "return value.sum(axis=-1), sigmoid(a) - target",
        "return value.sum(axis=-1), target - sigmoid(a)",
        "test_losses.py",
    ),
    # training
    Fault(
        "uphill",
        "rnnlib/training.py",
        "lambda w, v: w - self.rate * v",
        "lambda w, v: w + self.rate * v",
        "test_training.py",
    ),
    Fault(
        "momentum as a mean",
        "rnnlib/training.py",
        "self.momentum * v + g",
        "self.momentum * v + (1 - self.momentum) * g",
        "test_training.py",
    ),
    Fault(
        "Adam's first bias correction left out",
        "rnnlib/training.py",
        "rate, scale = self.rate / (1 - beta_1**t),",
        "rate, scale = self.rate,",
        "test_training.py",
    ),
    Fault(
        "Adam's second bias correction left out",
        "rnnlib/training.py",
        "(1 - beta_1**t), 1 - beta_2**t",
        "(1 - beta_1**t), 1",
        "test_training.py",
    ),
    Fault(
        "Adam counts its steps from 0",
        "rnnlib/training.py",
        "map_parameters(moved, cell, m, v), AdamState(t, m, v)",
        "map_parameters(moved, cell, m, v), AdamState(1, m, v)",
        "test_found_by_mutation.py test_training.py",
    ),
    Fault(
        "Adam's epsilon under the root",
        "rnnlib/training.py",
        "np.sqrt(v / scale) + self.epsilon",
        "np.sqrt(v / scale + self.epsilon)",
        "test_training.py",
    ),
    Fault(
        "each array is clipped by itself",
        "rnnlib/training.py",
        "lambda g: (g / length * limit)",
        "lambda g: (g / max(np.linalg.norm(g), 1e-300) * limit)",
        "test_training.py",
    ),
    Fault(
        "short gradients are made longer",
        "rnnlib/training.py",
        "if length <= limit:",
        "if length == limit:",
        "test_training.py",
    ),
    Fault(
        "fit ignores its truncation",
        "rnnlib/training.py",
        "bptt(trace, loss, truncate)",
        "bptt(trace, loss)",
        "test_training.py",
    ),
    Fault(
        "fit ignores its clipping",
        "rnnlib/training.py",
        "gradient if clip_at is None else clip(gradient, clip_at)",
        "gradient",
        "test_training.py",
    ),
    Fault(
        "fit ignores the sequences' lengths",
        "rnnlib/training.py",
        "unroll(cell, np.asarray(batch.xs, dtype), lengths=batch.lengths)",
        "unroll(cell, np.asarray(batch.xs, dtype))",
        "test_training.py",
    ),
    Fault(
        "fit returns the last network for the best",
        "rnnlib/training.py",
        "    return Fitted(best, history)",
        "    return Fitted(last, history)",
        "test_found_by_mutation.py test_training.py",
    ),
    Fault(
        "fit waits one trial too long",
        "rnnlib/training.py",
        "iteration - history.best >= patience * validate_every",
        "iteration - history.best > patience * validate_every",
        "test_training.py",
    ),
    # initialisers
    Fault(
        "orthogonal matrices are not equally likely",
        "rnnlib/initial.py",
        "np.where(np.diag(r) < 0, -1, 1)",
        "np.where(np.diag(r) < 0, 1, 1)",
        "test_initial.py",
    ),
    Fault(
        "Glorot's bound from the rows alone",
        "rnnlib/initial.py",
        "np.sqrt(6 / (rows + columns))",
        "np.sqrt(6 / (rows + rows))",
        "test_initial.py",
    ),
    Fault(
        "the forget bias in the input gate",
        "rnnlib/initial.py",
        'b[GATES.index("f")] = f',
        'b[GATES.index("i")] = f',
        "test_initial.py",
    ),
    # tasks
    Fault(
        "what is fed back begins as what comes in",
        "rnnlib/initial.py",
        "                initialiser = recurrent\n",
        "                initialiser = inputs\n",
        "test_initial.py",
    ),
    Fault(
        "only what reads the step before itself is drawn as fed back",
        "rnnlib/initial.py",
        "elif symbols[-1] == symbols[-2] or any(",
        "elif any(",
        "test_initial.py",
    ),
    Fault(
        "a matrix that is given is drawn all the same",
        "rnnlib/initial.py",
        'if "shape" in each.metadata and each.name not in parts:',
        'if "shape" in each.metadata and (each.name not in parts or each.name[0] != "b"):',
        "test_initial.py",
    ),
    Fault(
        "both numbers to add in the first half",
        "rnnlib/tasks.py",
        "rng.integers(0, half), rng.integers(half, lengths)",
        "rng.integers(0, half), rng.integers(0, half)",
        "test_tasks.py",
    ),
    Fault(
        "the difference for the sum",
        "rnnlib/tasks.py",
        "xs[first, each, 0] + xs[second, each, 0]",
        "xs[first, each, 0] - xs[second, each, 0]",
        "test_tasks.py",
    ),
    Fault(
        "XY and YX swapped",
        "rnnlib/tasks.py",
        "2 * early + late",
        "early + 2 * late",
        "test_tasks.py",
    ),
    Fault(
        "the echo comes one step late",
        "rnnlib/tasks.py",
        "target[self.delay :] = xs[: self.T - self.delay]",
        "target[self.delay + 1 :] = xs[: self.T - self.delay - 1]",
        "test_tasks.py",
    ),
    Fault(
        "the echo's first steps count",
        "rnnlib/tasks.py",
        "np.arange(self.T)[:, None] >= self.delay",
        "np.arange(self.T)[:, None] >= 0",
        "test_tasks.py",
    ),
    Fault(
        "the sine's present for its next term",
        "rnnlib/tasks.py",
        "Batch(terms[:-1], terms[1:].copy())",
        "Batch(terms[:-1], terms[:-1].copy())",
        "test_tasks.py",
    ),
    Fault(
        "the character itself for the next one",
        "rnnlib/tasks.py",
        "Batch(np.eye(self.n_inputs)[pieces[:-1]], pieces[1:])",
        "Batch(np.eye(self.n_inputs)[pieces[:-1]], pieces[:-1])",
        "test_tasks.py",
    ),
    # stacks and directions
    Fault(
        "the backward network's output is not turned round",
        "rnnlib/stack.py",
        "hold(turn(theirs, lengths), lengths)",
        "hold(theirs, lengths)",
        "test_stack.py",
    ),
    Fault(
        "the gradients of the two directions' inputs one reversed to the other",
        "rnnlib/stack.py",
        "forwards.xs + turn(backwards.xs, lengths)",
        "forwards.xs + backwards.xs",
        "test_stack.py",
    ),
    Fault(
        "a sequence is read backwards from the longest's end",
        "rnnlib/lengths.py",
        "return _reorder(quantity, np.where(t < lengths, lengths - 1 - t, t))",
        "return _reorder(quantity, len(quantity) - 1 - t + 0 * lengths)",
        "test_stack.py",
    ),
    Fault(
        "what stood after a sequence's end is lost on the way back",
        "rnnlib/stack.py",
        "own = hold_back(seeds[output], lengths)",
        "own = seeds[output]",
        "test_stack.py",
    ),
    Fault(
        "a feed-forward network's last layer has the others' activation",
        "rnnlib/stack.py",
        "names = [sigma] * (len(weights) - 1) + [F]",
        "names = [sigma] * len(weights)",
        "test_stack.py",
    ),
    Fault(
        "all layers of a stack start from the first one's state",
        "rnnlib/stack.py",
        "return zip(parts, initial, names, strict=True)",
        "return zip(parts, (initial[0], *[None] * (len(parts) - 1)), names, strict=True)",
        "test_stack.py",
    ),
    # other layouts, files, counting
    Fault(
        "PyTorch's gates in our order",
        "rnnlib/convert.py",
        'TORCH_GATES: Order = {\n    Layer: ("y",),\n    LSTM: ("i", "f", "c_tilde", "o"),',
        'TORCH_GATES: Order = {\n    Layer: ("y",),\n    LSTM: ("f", "i", "o", "c_tilde"),',
        "test_convert.py",
    ),
    Fault(
        "what is fed back stands above the input",
        "rnnlib/convert.py",
        "np.concatenate([cell.W_x, fed_back], axis=-2)",
        "np.concatenate([fed_back, cell.W_x], axis=-2)",
        "test_convert.py",
    ),
    Fault(
        "PyTorch's second bias is dropped",
        "rnnlib/convert.py",
        "    b = b_x + b_h\n",
        "    b = b_x.copy()\n",
        "test_found_by_mutation.py test_convert.py",
    ),
    Fault(
        "a GRU's bias that is reset is also one that is not",
        "rnnlib/convert.py",
        "        b[-1] = b_x[-1]\n",
        "",
        "test_convert.py",
    ),
    Fault(
        "Keras' gates in PyTorch's order",
        "rnnlib/convert.py",
        '    GRU: ("z", "r", "h_tilde"),\n    ResetFirstGRU',
        '    GRU: ("r", "z", "h_tilde"),\n    ResetFirstGRU',
        "test_convert.py",
    ),
    Fault(
        "files may hold code",
        "rnnlib/files.py",
        "np.load(io.BytesIO(content), allow_pickle=False)",
        "np.load(io.BytesIO(content), allow_pickle=True)",
        "test_files.py",
    ),
    Fault(
        "a file is written over in place",
        "rnnlib/files.py",
        'unfinished = path.with_name(f"{path.name}.{secrets.token_hex(4)}.unfinished")',
        "unfinished = path; path.unlink(missing_ok=True)",
        "test_files.py",
    ),
    Fault(
        "biases count as weights",
        "rnnlib/counting.py",
        "return self.total - self.biases",
        "return self.total",
        "test_counting.py",
    ),
    Fault(
        "a Jordan network's feedback counted as an Elman network's",
        "rnnlib/cells.py",
        'W_h: Array = weight("o n", "output to hidden", "before.y", "a_h")',
        'W_h: Array = weight("n n", "output to hidden", "before.y", "a_h")',
        "test_cells.py test_counting.py",
    ),
    # gradient flow
    Fault(
        "Jacobians transposed",
        "rnnlib/flow.py",
        "np.stack(columns, axis=-1).reshape",
        "np.stack(columns, axis=-2).reshape",
        "test_flow.py",
    ),
    Fault(
        "the product in the order against time",
        "rnnlib/flow.py",
        "reduce(np.matmul, J[k:t], ",
        "reduce(np.matmul, J[k:t][::-1], ",
        "test_flow.py",
    ),
    Fault(
        "norms of the product from the beginning, not to the end",
        "rnnlib/flow.py",
        "for J_t in J[::-1]:",
        "for J_t in J:",
        "test_flow.py",
    ),
    Fault(
        "a sequence that has ended still has Jacobians",
        "rnnlib/flow.py",
        "return _until_the_end(trace, J, np.eye(ends[-1]))",
        "return J",
        "test_flow.py",
    ),
    Fault(
        "a path's slopes are those of the neurons that it leaves",
        "rnnlib/flow.py",
        "slopes[np.arange(k, t), q[:, 1:]]",
        "slopes[np.arange(k, t), q[:, :-1]]",
        "test_flow.py",
    ),
    Fault(
        "a path goes against the weights",
        "rnnlib/flow.py",
        "along = W[q[:, :-1], q[:, 1:]]",
        "along = W[q[:, 1:], q[:, :-1]]",
        "test_flow.py",
    ),
    Fault(
        "the way through c passes one forget gate too many",
        "rnnlib/flow.py",
        "_until_the_end(trace, trace.f, 1)[k:t]",
        "_until_the_end(trace, trace.f, 1)[max(k - 1, 0):t]",
        "test_flow.py",
    ),
    Fault(
        "the bound takes the spectral radius",
        "rnnlib/flow.py",
        "np.linalg.norm(W, 2) * slope",
        "spectral_radius(W) * slope",
        "test_flow.py",
    ),
    # pictures
    Fault(
        "a picture's steps are counted from 0",
        "unrolled/figures/plots.py",
        "np.arange(1, len(values) + 1)",
        "np.arange(len(values))",
        "test_plots.py",
    ),
    Fault(
        "zero is not in the middle of the colours",
        "unrolled/figures/plots.py",
        "vmin=-reach",
        "vmin=values.min()",
        "test_plots.py",
    ),
    Fault(
        "a cross-entropy reads what softmax has made",
        "rnnlib/losses.py",
        'name: str | None = getattr(cell, "pre_activation", None)',
        "name: str | None = cell.output",
        "test_traps.py",
    ),
    Fault(
        "a loss forgets the lengths of its trace",
        "rnnlib/losses.py",
        'if mask is not None or (lengths is not None and steps == "all"):',
        "if mask is not None:",
        "test_traps.py",
    ),
    Fault(
        "fit forgets the lengths of its batch",
        "rnnlib/training.py",
        'if batch.lengths is not None and task.steps == "all":',
        'if batch.lengths is not None and task.steps == "none":',
        "test_training.py",
    ),
    Fault(
        "cells and traces can be written into",
        "rnnlib/checks.py",
        "view.flags.writeable = False",
        "view.flags.writeable = True",
        "test_traps.py",
    ),
    Fault(
        "the reset comes after the product after all",
        "rnnlib/gated.py",
        "a_h = x_h + past @ W_h",
        "a_h = x_h + r * (before.h @ W_h)",
        "test_gated.py",
    ),
    Fault(
        "what flows back through the reset is not reset",
        "rnnlib/gated.py",
        "da_r @ W_r.T + d_past * r",
        "da_r @ W_r.T + d_past",
        "test_bptt.py",
    ),
    Fault(
        "the candidate of a GRU that resets first reads the past unreset",
        "rnnlib/gated.py",
        '"before.h before.h past", "a_z a_r a_h"',
        '"before.h", "a_z a_r a_h"',
        "test_bptt.py",
    ),
    Fault(
        "each gate's flow passes the first gate's weights",
        "rnnlib/cells.py",
        "gates = getattr(self, name) if len(to) > 1 else",
        "gates = [getattr(self, name)[0]] * len(to) if len(to) > 1 else",
        "test_bptt.py",
    ),
    Fault(
        "Adam's means lie in float16",
        "rnnlib/training.py",
        "np.promote_types(w.dtype, np.float32)",
        "w.dtype",
        "test_traps.py",
    ),
    Fault(
        "PyTorch gets a recurrent layer with a sigmoid",
        "rnnlib/convert.py",
        'or not activations <= {"tanh", "relu"}:',
        'or not activations <= {"tanh", "relu", "sigmoid"}:',
        "test_traps.py",
    ),
    Fault(
        "nobody who answers the adding problem sees a mark",
        "rnnlib/tasks.py",
        "return float(1 / 6 - last_is_marked / 12)",
        "return float(1 / 6)",
        "test_tasks.py",
    ),
    Fault(
        "the end of both directions is taken as a beginning",
        "rnnlib/stack.py",
        "if isinstance(initial, DirectionsStep):",
        "if initial is self:",
        "test_traps.py",
    ),
    Fault(
        "a symbol may stand for two sizes",
        "rnnlib/cells.py",
        "sizes |= check_shape(",
        "check_shape(",
        "test_cells.py",
    ),
]


def mutated(fault: Fault, source: str) -> str:
    """The source with the fault in it.

    Raises
    ------
    ValueError
        If the text is not there exactly once, or what results is no Python.
    """
    found = source.count(fault.old)
    if found != 1:
        raise ValueError(f"its text stands {found} times in {fault.file}")
    faulty = source.replace(fault.old, fault.new)
    try:
        compile(faulty, fault.file, "exec")
    except SyntaxError as error:
        raise ValueError(f"it leaves no Python behind: {error}") from None
    return faulty


def source_of(fault: Fault) -> str:
    return (REPOSITORY / fault.file).read_text(encoding="utf-8")


def chosen(words: Iterable[str]) -> list[Fault]:
    """The faults whose name contains one of the words; all if there is none."""
    words = list(words)
    return [f for f in FAULTS if not words or any(word in f.name for word in words)]


def copy_of_the_repository(folder: Path) -> None:
    """The packages and the tests of them, without what Python left beside them."""
    ignore = shutil.ignore_patterns("__pycache__")
    for part in ("rnnlib", "unrolled", "tests/rnnlib", "tests/figures", "tests/support"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=ignore)


def files_named(tests: str, repository: Path = REPOSITORY) -> list[Path]:
    """The files of these names, whatever folder of the tests they are in."""
    found = [[*(repository / "tests").glob(f"*/{name}")] for name in tests.split()]
    return [path for paths in found for path in paths]


class _FirstFailure:
    """Remembers which test failed first."""

    name = ""

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed and not self.name:
            self.name = report.nodeid.partition("::")[2]


def _no_surprises() -> None:
    """Hypothesis draws the same examples each time, and does not look for the smallest."""
    from hypothesis import Phase, settings

    settings.register_profile(
        "faults",
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        report_multiple_bugs=False,
    )
    settings.load_profile("faults")


def run_tests(folder: Path, tests: str) -> tuple[int, str]:
    """pytest's exit code in ``folder``, and the first test that failed."""
    import pytest

    _no_surprises()
    sys.modules["torch"] = None  # who does without PyTorch has to notice as well
    os.chdir(folder)
    sys.path[:0] = [str(folder), str(folder / "tests" / "support")]
    first, output = _FirstFailure(), io.StringIO()
    options = ["-x", "-q", "--noconftest", "-p", "no:cacheprovider", f"--rootdir={folder}"]
    files = [str(path) for path in files_named(tests, folder)] or [tests]
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = int(pytest.main([*options, *files], plugins=[first]))
    for name in {"rnnlib", "unrolled"} & sys.modules.keys():
        where = Path(sys.modules[name].__file__)
        if not where.is_relative_to(folder):
            return -1, f"{name} was taken from {where}"
    return code, first.name or output.getvalue()[-2000:]


def try_out(fault: Fault, base: Path) -> tuple[str, str, float]:
    """A ``Verdict`` but for the fault, reached in a copy of ``base``, in a process of its own.

    A plain tuple, since the tests may have replaced what pickle needs to send anything else.
    """
    began = time.perf_counter()
    signal.signal(signal.SIGALRM, _too_long)
    with tempfile.TemporaryDirectory(prefix="fault-") as name:
        # with its compiled files, so that only what is faulty has to be compiled again
        folder = Path(name).resolve() / "copy"
        shutil.copytree(base, folder)
        place = folder / fault.file
        try:
            place.write_text(mutated(fault, place.read_text("utf-8")), encoding="utf-8")
        except (ValueError, OSError) as error:
            return "broken", str(error), 0.0
        signal.alarm(LONGEST)
        try:
            code, by = run_tests(folder, fault.tests)
        except TimeoutError as error:
            code, by = 1, str(error)
        signal.alarm(0)
        os.chdir(base)
    what = {0: "survived", 1: "caught"}.get(code, "broken")
    return what, by if what != "survived" else "", time.perf_counter() - began


def _too_long(*_: object) -> None:
    raise TimeoutError(f"more than {LONGEST} s")


def try_all(faults: list[Fault], trust: bool = False) -> Iterable[Verdict]:
    """A verdict on each fault as it is reached.

    Raises
    ------
    RuntimeError
        If the tests fail without any fault; with ``trust`` this is not tried.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    for module in COMMON:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    fork = multiprocessing.get_context("fork")
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        base = Path(name).resolve() / "base"
        copy_of_the_repository(base)
        tests = [] if trust else sorted({t for fault in faults for t in fault.tests.split()})
        with fork.Pool(PROCESSES, maxtasksperchild=1) as pool:
            sound = pool.starmap(run_tests, [(base, each) for each in tests], chunksize=1)
            for each, (code, by) in zip(tests, sound, strict=True):
                if code:
                    raise RuntimeError(f"{each} fails without any fault: {by}")
            tasks = [(fault, pool.apply_async(try_out, (fault, base))) for fault in faults]
            for fault, task in tasks:
                yield Verdict(fault, *task.get())


def report(verdict: Verdict) -> str:
    fault, what, by, seconds = verdict
    last = by.strip().splitlines()[-1] if what == "broken" and by.strip() else by
    return f"{what:8}  {seconds:5.1f} s  {fault.file:24}  {fault.name:64}  {last[:80]}".rstrip()


def main(arguments: list[str]) -> int:
    faults = chosen(each for each in arguments if not each.startswith("--"))
    if not faults:
        print("no fault has such a name; --list shows all")
        return 2
    if "--list" in arguments:
        print("\n".join(fault.name for fault in faults))
        return 0
    verdicts = []
    try:
        for verdict in try_all(faults, trust="--trust" in arguments):
            verdicts.append(verdict)
            print(report(verdict), flush=True)
    except RuntimeError as error:
        print(error)
        return 2
    count = {
        what: sum(v.what == what for v in verdicts) for what in ("caught", "survived", "broken")
    }
    print(", ".join(f"{number} {what}" for what, number in count.items()))
    return 2 if count["broken"] else 1 if count["survived"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
