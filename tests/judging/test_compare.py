"""Where two records part: the first time step, and at that step the first quantity."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnlib import unroll
from rnnlib.examples import (
    exercise_1_inputs,
    exercise_2_elman,
    exercise_2_inputs,
    exercise_3_jordan,
    notes_elman,
    notes_inputs,
)
from unrolled.judging.compare import (
    Expected,
    first_difference,
    gradient_difference,
    hand_computation,
    spell,
)
from unrolled.sandbox.wire import Opaque


@pytest.fixture
def true():
    return unroll(notes_elman(), notes_inputs())


@pytest.fixture
def expected(true):
    return {"h": Expected(true.h, True), "y": Expected(true.y, True)}


def test_a_record_agrees_with_itself(true, expected):
    assert first_difference(expected, {"h": true.h, "y": true.y}) is None
    assert first_difference(expected, {"h": true.h.tolist(), "y": true.y.astype("f4")}) is None


@given(h_wrong=st.sets(st.integers(1, 3)), y_wrong=st.sets(st.integers(1, 3)))
def test_the_first_step_and_at_it_the_first_quantity_is_named(h_wrong, y_wrong):
    true = unroll(notes_elman(), notes_inputs())
    got = {"h": true.h.copy(), "y": true.y.copy()}
    for name, steps in (("h", h_wrong), ("y", y_wrong)):
        for t in steps:
            got[name][t - 1, -1] += 1
    difference = first_difference({n: Expected(getattr(true, n), True) for n in ("h", "y")}, got)
    first = min([(t, "h") for t in h_wrong] + [(t, "y") for t in y_wrong], default=None)
    assert (difference and (difference.t, difference.quantity)) == first


def test_the_words_hold_both_numbers_and_what_agreed(true, expected):
    y = true.y.copy()
    y[1] = [5, 3]
    words = first_difference(expected, {"h": true.h, "y": y}).in_words()
    assert words == "y(2) is (5, 3), expected (5, 4). Until there all agrees: h(1), y(1), h(2)."


def test_for_a_hidden_case_the_words_hold_no_number_but_the_step(true, expected):
    words = first_difference(expected, {"h": true.h + 7, "y": true.y}).without_numbers()
    assert words == "h(1) has another value than expected."
    h = true.h.copy()
    h[2] = 8
    words = first_difference(expected, {"h": h, "y": true.y}).without_numbers()
    assert (
        words == "h(3) has another value than expected, after agreeing at the steps before t = 3."
    )


@pytest.mark.parametrize(
    ("h", "kind", "words"),
    [
        (None, "missing", "h is missing, expected an array of shape (3, 3)."),
        ([["0", "2", "1"]] * 3, "type", "h is made of entries that are not all numbers"),
        ([[None] * 3] * 3, "type", "h is made of entries that are not all numbers"),
        ([[10**400] * 3] * 3, "type", "h is made of entries that are not all numbers"),
        (np.array([1j]), "type", "h is made of complex numbers"),
        (Opaque("function"), "type", "h is of type function, not a number"),
        ("text", "type", "h is of type str, not a number, expected an array of shape (3, 3)."),
        ([[1, 2], [3]], "type", "h is ragged (its rows have different lengths), expected"),
        (np.zeros((3, 2)), "shape", "h is of shape (3, 2), expected an array of shape (3, 3)."),
        (np.full((3, 3), np.nan), "nan", "h(1) is (nan, nan, nan), expected (0, 2, 1)."),
        (np.full((3, 3), np.inf), "nan", "h(1) is (inf, inf, inf), expected (0, 2, 1)."),
        ([[0, 2.001, 1], [3, 3, 0], [9, 0, 0]], "tolerance", "It is off by 0.001: is a number"),
        ([[0, 2.1, 1], [3, 3, 0], [9, 0, 0]], "value", "h(1) is (0, 2.1, 1), expected (0, 2, 1)."),
        (np.full((3, 3), 1e9), "value", "h(1) is (1e+09, 1e+09, 1e+09), expected (0, 2, 1)."),
    ],
)
def test_each_kind_of_mistake_is_told_apart(true, expected, h, kind, words):
    difference = first_difference(expected, {"h": h, "y": true.y})
    assert difference.kind == kind
    assert words in difference.in_words()


def test_a_transposed_record_is_told_that_it_looks_transposed():
    expected = {"h": Expected(np.zeros((4, 2)), True)}
    words = first_difference(expected, {"h": np.zeros((2, 4))}).in_words()
    assert words.endswith("It looks transposed: time comes first, vectors are rows.")


@given(T=st.integers(1, 4), t=st.integers(1, 4), place=st.integers(0, 19))
def test_of_a_long_row_the_entry_that_differs_is_shown(T, t, place):
    T = max(T, t)
    true = np.arange(T * 20.0).reshape(T, 20)
    got = true.copy()
    got[t - 1, place] = -5
    words = first_difference({"h": Expected(true, True)}, {"h": got}).in_words()
    assert words.startswith(f"h({t})[{place}] is −5, expected {true[t - 1, place]:g}.")


def test_of_a_hidden_case_no_kind_of_difference_tells_a_number(true, expected):
    for h in (true.h + 7, true.h * 1.0002, true.h * np.nan, true.h[:2], "text", None):
        difference = first_difference(expected, {"h": h, "y": true.y})
        told = difference.without_numbers().replace("h(1)", "")
        assert not any(letter.isdigit() for letter in told)


def test_of_a_long_hidden_row_no_entry_is_told():
    true = np.arange(40.0).reshape(2, 20)
    difference = first_difference({"h": Expected(true, True)}, {"h": true + (true == 27)})
    assert difference.entry == (7,)
    assert difference.without_numbers().startswith("h(2) has another value than expected, after")


# gradients: the worst entry, and the finite difference there


def quadratic(W):
    return float((W**2).sum())


W = np.array([[1.0, -2.0], [0.5, 3.0]])


def test_a_right_gradient_has_no_difference():
    assert gradient_difference("W_h", 2 * W, 2 * W, quadratic, W) is None
    assert gradient_difference("W_h", (2 * W).tolist(), 2 * W, quadratic, W) is None


def test_of_a_wrong_gradient_the_worst_entry_is_told_with_its_finite_difference():
    got = 2 * W
    got[0, 1] += 0.1
    got[1, 0] += 5
    words = gradient_difference("W_h", got, 2 * W, quadratic, W).in_words()
    assert words == (
        "the gradient of W_h[1, 0] is 6, expected 1. The finite difference there is 1."
    )


def test_of_a_hidden_gradient_no_entry_is_told():
    words = gradient_difference("W_h", W, 2 * W, quadratic, W).without_numbers()
    assert words == "the gradient of W_h has another value than expected."


@pytest.mark.parametrize(
    ("got", "kind"),
    [(None, "missing"), ("x", "type"), (W[0], "shape"), (W * np.nan, "nan"), (W, "gradient")],
)
def test_each_kind_of_wrong_gradient_is_told_apart(got, kind):
    assert gradient_difference("W_h", got, 2 * W, quadratic, W).kind == kind


def test_the_witness_is_computed_and_not_believed():
    # the expected gradient is wrong here: the finite difference says so
    words = gradient_difference("W_h", W, 3 * W, quadratic, W).in_words()
    assert "expected 9. The finite difference there is 6." in words


def test_a_parameter_is_not_changed_by_looking_at_its_gradient():
    before = W.copy()
    gradient_difference("W_h", W, 2 * W, quadratic, W)
    np.testing.assert_array_equal(W, before)


def test_numbers_are_spelt_as_a_person_writes_them():
    assert spell([[1, -2.5], [0, 1 / 3]]) == "((1, −2.5), (0, 0.333333))"
    assert spell(range(10)) == "(0, 1, 2, 3, 4, 5, …)"


# by hand: a step counts if it is right, or follows from the student's own step before


def ex1():
    return unroll(notes_elman(), exercise_1_inputs())


def test_a_right_computation_by_hand_counts_whole():
    true = ex1()
    result = hand_computation(true, {"h": true.h, "y": true.y})
    assert result.follows == [True] * 4
    assert result.first is None


def test_one_slip_costs_one_step_and_not_what_follows_from_it():
    true = ex1()
    slipped = unroll(true.cell, true.xs[2:], true.cell.Step(h=[3, 2, 0]))
    h = [true.h[0], [3, 2, 0], *slipped.h]
    y = [true.y[0], [4, 2], *slipped.y]
    result = hand_computation(true, {"h": h, "y": y})
    assert result.follows == [True, False, True, True]
    assert result.first.place == "h(2)"
    assert [slip.place for slip in result.slips.values()] == ["h(2)"]


def test_in_a_jordan_network_the_next_step_follows_from_y():
    true = unroll(exercise_3_jordan(), notes_inputs())
    slipped = unroll(true.cell, true.xs[1:], true.cell.Step(y=[1, 6]))
    y = [[1, 6], *slipped.y]
    result = hand_computation(true, {"h": [true.h[0], *slipped.h], "y": y})
    assert result.follows == [False, True, True]
    assert result.slips[1].place == "y(1)"


@pytest.mark.parametrize(
    "true",
    [
        ex1(),
        unroll(exercise_2_elman(), exercise_2_inputs()),
        unroll(exercise_3_jordan(), notes_inputs()),
    ],
    ids=["exercise 1", "exercise 2", "exercise 3"],
)
def test_zeros_everywhere_earn_nothing(true):
    result = hand_computation(true, {"h": np.zeros_like(true.h), "y": np.zeros_like(true.y)})
    assert result.follows == [False] * len(true)


@pytest.mark.parametrize(
    "bad", [None, "text", [[1]], [[np.nan] * 3] * 4, [[np.inf] * 3] * 4, [[1e308] * 3] * 4]
)
def test_what_is_no_record_earns_nothing_and_is_described(bad):
    true = ex1()
    result = hand_computation(true, {"h": bad, "y": true.y})
    assert result.follows == [False] * 4
    assert result.first.quantity == "h"


HUGE = [1e4, 1e9, 1e15, 1e16, 1e30, 1e300, -1e30]


@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize("place", [0, 1, "all"])
def test_numbers_beside_which_input_and_bias_vanish_earn_nothing(size, place):
    """What follows from them follows without work: in floats, x and b are nothing beside them."""
    for network, inputs in (
        (notes_elman(), notes_inputs()),
        (exercise_3_jordan(), exercise_1_inputs()),
    ):
        true = unroll(network, inputs)
        h, y = np.zeros_like(true.h), np.zeros_like(true.y)
        first = slice(None) if place == "all" else place
        h[0, first] = y[0, 0] = abs(size)
        h[0] *= np.sign(size)
        for t in range(1, len(true)):
            fed_back = h[t - 1] if network.state == ("h",) else y[t - 1]
            h[t] = np.maximum(fed_back @ network.W_h, 0)  # neither input nor bias
            y[t] = np.maximum(h[t] @ network.W_o, 0)
        assert sum(hand_computation(true, {"h": h, "y": y}).follows) == 0


@pytest.mark.parametrize(
    ("network", "inputs"),
    [(notes_elman(), notes_inputs()), (exercise_2_elman(), exercise_2_inputs())],
)
@pytest.mark.parametrize("off", [1, -2, 10, 30])
def test_what_follows_from_a_slip_of_a_usual_size_still_counts(network, inputs, off):
    true = unroll(network, inputs)
    h, y = true.h.copy(), true.y.copy()
    h[0, 0] += off
    y[0] = np.maximum(h[0] @ network.W_o + network.b_o, 0)
    after = unroll(network, inputs[1:], network.Step(h=h[0], y=y[0]))
    h[1:], y[1:] = after.h, after.y
    assert hand_computation(true, {"h": h, "y": y}).follows[1:] == [
        bool(row.any()) or bool((row == right).all())
        for row, right in zip(h[1:], true.h[1:], strict=True)
    ]


def test_beyond_what_tanh_can_give_nothing_follows():
    network = replace(notes_elman(), g_h="tanh")
    true = unroll(network, notes_inputs())
    h, y = true.h.copy(), true.y.copy()
    h[0] = [9, -9, 9]
    for t in range(1, len(true)):
        h[t] = np.tanh(h[t - 1] @ network.W_h)
        y[t] = np.maximum(h[t] @ network.W_o + network.b_o, 0)
    assert not hand_computation(true, {"h": h, "y": y}).follows[1]


def test_what_float32_loses_where_large_numbers_cancel_is_no_mistake():
    rng = np.random.default_rng(0)
    x, W = 100 * rng.normal(size=(50, 20)), rng.normal(size=(20, 5))
    single = x.astype(np.float32) @ W.astype(np.float32)
    expected = {"y": Expected(x @ W, True)}
    assert first_difference(expected, {"y": single}) is None
    assert first_difference(expected, {"y": single + 0.01}) is not None
