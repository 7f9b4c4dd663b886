"""The networks and inputs of the lecture notes (COMS 4030A, chapter 7), number by number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rnnlib.cells import Elman, Jordan


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


def notes_inputs() -> NDArray:
    """The worked example's input x(1), x(2), x(3), of shape (3, 2)."""
    return np.array([[-1.0, 1.0], [1.0, -2.0], [3.0, -4.0]])


def exercise_1_inputs() -> NDArray:
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


def exercise_2_inputs() -> NDArray:
    """Exercise (2): its input, of shape (4, 3)."""
    return np.array([[1.0, -1.0, 1.0], [0.0, -2.0, 2.0], [3.0, 3.0, -1.0], [4.0, -1.0, 0.0]])


def exercise_3_jordan() -> Jordan:
    """Exercise (3): the worked example as a Jordan network; its input is ``notes_inputs()``."""
    elman = notes_elman()
    return Jordan(
        W_x=elman.W_x,
        W_h=[[1, -2, 0], [0, 1, -1]],
        W_o=elman.W_o,
        b_h=elman.b_h,
        b_o=elman.b_o,
        g_h="relu",
        g_o="relu",
    )
