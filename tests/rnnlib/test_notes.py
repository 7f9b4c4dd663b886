"""The numbers of the lecture notes (COMS 4030A, chapter 7), exactly as they print them."""

import numpy as np
import pytest
from networks import plain_network

from rnnlib import Elman, ElmanStep, Jordan, JordanStep, unroll
from rnnlib.examples import (
    exercise_1_inputs,
    exercise_2_elman,
    exercise_2_inputs,
    exercise_3_jordan,
    notes_elman,
    notes_inputs,
)

# What the notes print, written out once more: rnnlib.examples is under test too.
W_X = [[-1, -3, 0], [-2, -1, 2]]
W_H = [[1, -1, 0], [0, 1, 1], [-1, 2, 0]]
W_O = [[1, -1], [1, 2], [-2, 1]]
B_H = [1, 0, -1]
B_O = [-1, 1]
XS = [[-1, 1], [1, -2], [3, -4]]

EXERCISE_1 = [[0, 1], [1, -2], [-2, 3], [3, -1]]
EXERCISE_2 = [[1, -1, 1], [0, -2, 2], [3, 3, -1], [4, -1, 0]]
EXERCISE_2_NETWORK = {
    "W_x": [[2, -1], [-3, -2], [2, 0]],
    "W_h": [[3, -2], [-1, 1]],
    "W_o": [[5], [-4]],
    "b_h": [-2, 1],
    "b_o": [-1],
}
EXERCISE_3_W_H = [[1, -2, 0], [0, 1, -1]]


def same(array, printed):
    """Equal to the last bit, shape included."""
    np.testing.assert_array_equal(array, np.array(printed, dtype=float), strict=True)


def test_the_examples_hold_what_the_notes_print():
    cell = notes_elman()
    for name, printed in [("W_x", W_X), ("W_h", W_H), ("W_o", W_O), ("b_h", B_H), ("b_o", B_O)]:
        same(getattr(cell, name), printed)
    assert (cell.g_h, cell.g_o) == ("relu", "relu")
    same(notes_inputs(), XS)


def test_the_worked_example():
    trace = unroll(notes_elman(), notes_inputs())
    same(trace.h, [[0, 2, 1], [3, 3, 0], [9, 0, 0]])
    same(trace.y, [[0, 6], [5, 4], [8, 0]])


def test_the_worked_example_before_the_activations():
    trace = unroll(notes_elman(), notes_inputs())
    same(trace.a_h, [[0, 2, 1], [3, 3, -3], [9, -5, -6]])
    same(trace.a_o, [[-1, 6], [5, 4], [8, -8]])


@pytest.mark.parametrize(
    ("t", "x_W_x", "h_W_h", "h_W_o"),
    [
        (1, [-1, 2, 2], [0, 0, 0], [0, 5]),
        (2, [3, -1, -4], [-1, 4, 2], [6, 3]),
        (3, [5, -5, -8], [3, 0, 3], [9, -9]),
    ],
)
def test_the_products_that_the_notes_print(t, x_W_x, h_W_h, h_W_o):
    cell, trace = notes_elman(), unroll(notes_elman(), notes_inputs())
    same(trace.xs[t - 1] @ cell.W_x, x_W_x)
    same(trace[t - 1].h @ cell.W_h, h_W_h)
    same(trace[t].h @ cell.W_o, h_W_o)


def test_the_sum_of_step_2_and_its_concatenated_form():
    cell = notes_elman()
    same(cell.step([1, -2], ElmanStep(h=[0, 2, 1])).a_h - cell.b_h, [2, 3, -2])
    stacked = np.vstack([cell.W_x, cell.W_h])  # [x, h]: the input first
    same(stacked, [[-1, -3, 0], [-2, -1, 2], [1, -1, 0], [0, 1, 1], [-1, 2, 0]])
    same(np.array([1.0, -2, 0, 2, 1]) @ stacked, [2, 3, -2])


def test_the_plain_loop_gives_the_worked_example():
    """The plain loop, which knows the exercises' answers below, gets the printed ones right."""
    record = plain_network("Elman", XS, W_X, W_H, W_O, B_H, B_O, "relu", "relu")
    assert record["h"] == [[0, 2, 1], [3, 3, 0], [9, 0, 0]]
    assert record["y"] == [[0, 6], [5, 4], [8, 0]]


def check_exercise(cell, xs, record, h, y):
    """rnnlib, the plain loop and the numbers worked out by hand agree."""
    trace = unroll(cell, xs)
    for name, rows in record.items():
        same(getattr(trace, name), rows)
    same(trace.h, h)
    same(trace.y, y)


def test_exercise_1():
    same(exercise_1_inputs(), EXERCISE_1)
    record = plain_network("Elman", EXERCISE_1, W_X, W_H, W_O, B_H, B_O, "relu", "relu")
    check_exercise(
        notes_elman(),
        exercise_1_inputs(),
        record,
        h=[[0, 0, 1], [3, 1, 0], [0, 1, 6], [0, 5, 0]],
        y=[[0, 2], [3, 0], [0, 9], [4, 11]],
    )


def test_exercise_2():
    same(exercise_2_inputs(), EXERCISE_2)
    cell = exercise_2_elman()
    for name, printed in EXERCISE_2_NETWORK.items():
        same(getattr(cell, name), printed)
    assert (cell.g_h, cell.g_o) == ("relu", "relu")
    record = plain_network("Elman", EXERCISE_2, *EXERCISE_2_NETWORK.values(), "relu", "relu")
    check_exercise(
        cell,
        exercise_2_inputs(),
        record,
        h=[[5, 2], [21, 0], [56, 0], [177, 0]],
        y=[[16], [104], [279], [884]],
    )


def test_exercise_3():
    cell = exercise_3_jordan()
    assert isinstance(cell, Jordan)
    for name, printed in [
        ("W_x", W_X),
        ("W_h", EXERCISE_3_W_H),
        ("W_o", W_O),
        ("b_h", B_H),
        ("b_o", B_O),
    ]:
        same(getattr(cell, name), printed)
    assert (cell.g_h, cell.g_o) == ("relu", "relu")
    record = plain_network("Jordan", XS, W_X, EXERCISE_3_W_H, W_O, B_H, B_O, "relu", "relu")
    check_exercise(
        cell,
        notes_inputs(),
        record,
        h=[[0, 2, 1], [4, 5, 0], [14, 0, 0]],
        y=[[0, 6], [8, 7], [13, 0]],
    )


def test_step_1_of_the_jordan_network_needs_no_past():
    """With y(0) = 0, step 1 is that of the Elman network."""
    first = exercise_3_jordan().step([-1, 1], JordanStep(y=[0, 0]))
    same(first.h, [0, 2, 1])
    same(first.y, [0, 6])


def test_a_network_can_be_made_from_nested_lists_in_the_notes_order():
    cell = Elman(W_X, W_H, W_O, B_H, B_O, "relu", "relu")
    same(unroll(cell, XS).y, [[0, 6], [5, 4], [8, 0]])
