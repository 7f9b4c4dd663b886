"""The networks and inputs of the lecture notes (COMS 4030A, chapter 7), and a cell of one's own."""

# a cell takes lists of numbers where its fields are arrays
# mypy: disable-error-code="arg-type"

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from rnnlib.activations import sigmoid
from rnnlib.cells import Back, Cell, Elman, Jordan, weight
from rnnlib.checks import Array


def notes_elman() -> Elman:
    """The worked example: 2 inputs, 3 hidden neurons, 2 outputs, ReLU everywhere."""
    return Elman(
        W_x=[[-1, -3, 0], [-2, -1, 2]],
        W_h=[[1, -1, 0], [0, 1, 1], [-1, 2, 0]],
        W_o=[[1, -1], [1, 2], [-2, 1]],
        b_h=[1, 0, -1],
        b_o=[-1, 1],
        g_h="relu",
        g_o="relu",
    )


def notes_inputs() -> Array:
    """The worked example's input x(1), x(2), x(3), of shape (3, 2)."""
    return np.array([[-1.0, 1.0], [1.0, -2.0], [3.0, -4.0]])


def exercise_1_inputs() -> Array:
    """Exercise (1): another input for the worked example's network, of shape (4, 2)."""
    return np.array([[0.0, 1.0], [1.0, -2.0], [-2.0, 3.0], [3.0, -1.0]])


def exercise_2_elman() -> Elman:
    """Exercise (2): 3 inputs, 2 hidden neurons, 1 output, ReLU everywhere."""
    return Elman(
        W_x=[[2, -1], [-3, -2], [2, 0]],
        W_h=[[3, -2], [-1, 1]],
        W_o=[[5], [-4]],
        b_h=[-2, 1],
        b_o=[-1],
        g_h="relu",
        g_o="relu",
    )


def exercise_2_inputs() -> Array:
    """Exercise (2): its input, of shape (4, 3)."""
    return np.array([[1.0, -1.0, 1.0], [0.0, -2.0, 2.0], [3.0, 3.0, -1.0], [4.0, -1.0, 0.0]])


def exercise_3_jordan() -> Jordan:
    """Exercise (3): the worked example as a Jordan network; its input is ``notes_inputs()``."""
    return Jordan(**vars(notes_elman()) | {"W_h": [[1, -2, 0], [0, 1, -1]]})


class MinimalStep(NamedTuple):
    """Gate f, what it lets through of the past, candidate and state, and the pre-activations."""

    f: Any = None
    past: Any = None
    h_tilde: Any = None
    h: Any = None
    a_f: Any = None
    a_h: Any = None


@dataclass(frozen=True, eq=False)
class MinimalGatedUnit(Cell):
    """h(t) = (1 − f) h(t−1) + f h̃,  f = σ(x W_f + h(t−1) U_f + b_f),
    h̃ = tanh(x W_h + (f h(t−1)) U_h + b_h).

    What a cell of one's own looks like: its weights, its record, a ``step``, and, to be trained,
    its ``backward`` (Zhou and others, *Minimal gated unit for recurrent neural networks*, 2016).

    >>> from rnnlib import bptt, squared_error, unroll
    >>> unit = MinimalGatedUnit([[-9]], [[0]], [5], W_h=[[1]], U_h=[[0]], b_h=[0])
    >>> trace = unroll(unit, [[0.5], [2], [2]])
    >>> trace.h.round(3).ravel()
    array([0.288, 0.288, 0.288])
    >>> bptt(trace, squared_error(trace, [[0], [0], [1]])).cell.W_h.round(3)
    array([[-0.067]])
    """

    W_f: Array = weight("k n", "input to gate", "x", "a_f")
    U_f: Array = weight("n n", "h to gate", "before.h", "a_f")
    b_f: Array = weight("n", "bias of gate", "", "a_f")
    W_h: Array = weight("k n", "input to candidate", "x", "a_h")
    U_h: Array = weight("n n", "h to candidate", "past", "a_h")
    b_h: Array = weight("n", "bias of candidate", "", "a_h")

    Step: ClassVar = MinimalStep
    state: ClassVar = ("h",)
    output: ClassVar = "h"

    def step(self, x: Array, before: MinimalStep) -> MinimalStep:  # type: ignore[override]
        """The equations, from top to bottom."""
        a_f = x @ self.W_f + before.h @ self.U_f + self.b_f
        f = sigmoid(a_f)
        past = f * before.h
        a_h = x @ self.W_h + past @ self.U_h + self.b_h
        h_tilde = np.tanh(a_h)
        h = (1 - f) * before.h + f * h_tilde
        return MinimalStep(f, past, h_tilde, h, a_f, a_h)

    def backward(self, d: MinimalStep, now: MinimalStep, before: MinimalStep) -> Back[MinimalStep]:
        """The chain rule, from bottom to top."""
        da_h = d.h * now.f * (1 - now.h_tilde**2)
        d_past = da_h @ self.U_h.T
        df = d.h * (now.h_tilde - before.h) + d_past * before.h
        da_f = df * now.f * (1 - now.f)
        flow = d.h * (1 - now.f) + d_past * now.f + da_f @ self.U_f.T
        return MinimalStep(h=d.h, a_f=da_f, a_h=da_h), MinimalStep(h=flow)
