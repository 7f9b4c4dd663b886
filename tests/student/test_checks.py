"""What a student reads at once: the message of each public check, for each kind of mistake."""

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from rnnlib import unroll
from rnnlib.examples import exercise_1_inputs, exercise_3_jordan, notes_elman, notes_inputs
from unrolled.student.checks import CheckFailed, check_by_hand, check_call, check_numbers

H = [[0, 0, 1], [3, 1, 0], [0, 1, 6], [0, 5, 0]]
Y = [[0, 2], [3, 0], [0, 9], [4, 11]]


def told(check, *arguments, **named):
    with pytest.raises(CheckFailed) as message:
        check(*arguments, **named)
    return str(message.value)


def by_hand(h, y):
    return told(check_by_hand, notes_elman(), exercise_1_inputs(), h=h, y=y)


def test_right_numbers_by_hand_are_confirmed(capsys):
    check_by_hand(notes_elman(), exercise_1_inputs(), h=H, y=Y)
    assert capsys.readouterr().out == "Right: h and y at all 4 time steps.\n"


def test_a_slip_is_named_with_its_step_but_not_with_the_right_number():
    words = by_hand([H[0], [3, 2, 0], *H[2:]], Y)
    assert words.startswith(
        "h(2) = (3, 2, 0) does not follow from x(2) and your h(1). Step 1 is fine."
    )
    assert "(3, 1, 0)" not in words
    words = by_hand(H, [*Y[:3], [4, 12]])
    assert words.startswith("y(4) = (4, 12) does not follow from your h(4). Steps 1 to 3 are fine.")


def test_in_a_jordan_network_the_message_names_the_output_that_is_fed_back():
    trace = unroll(exercise_3_jordan(), notes_inputs())
    h = trace.h.copy()
    h[1, 0] += 1
    words = told(check_by_hand, exercise_3_jordan(), notes_inputs(), h=h, y=trace.y)
    assert "does not follow from x(2) and your y(1)." in words


@pytest.mark.parametrize(
    ("h", "words"),
    [
        ([], "h is of shape (0,); it needs 4 rows of 3 numbers each"),
        (H[:3], "h is of shape (3, 3); it needs 4 rows of 3 numbers each"),
        ([[0, 0], *H[1:]], "h is ragged (its rows have different lengths); it needs"),
        ("(0, 0, 1)", "h is of type str, not a number; it needs"),
        ([[np.nan] * 3, *H[1:]], "h(1) = (nan, nan, nan) does not follow"),
    ],
)
def test_numbers_in_another_form_are_told_which_form_is_needed(h, words):
    assert words in by_hand(h, Y)


def identity(x):
    return x


def test_a_right_function_is_confirmed(capsys):
    check_call(identity, {"x": [1, 2]}, {"y": [1, 2]})
    assert capsys.readouterr().out.startswith("identity agrees with the example.")


def test_a_number_of_steps_remains_an_integer():
    check_call(lambda x, steps: [x * 2 for _ in range(steps)], {"x": 1, "steps": 2}, {"y": [2, 2]})


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: None, "returns nothing"),
        (lambda xs: xs, "has no argument x; keep the arguments as given"),
        (lambda x: x + 1, "y is (2, 3), expected (1, 2)."),
        (lambda x: x[:1], "y is of shape (1,), expected an array of shape (2,)."),
        (lambda x: "text", "y is of type str, not a number"),
        (lambda x: x / 0, "y is (inf, inf), expected (1, 2)."),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_wrong_function_is_told_what_it_returned_and_what_was_expected(function, words):
    assert words in told(check_call, function, {"x": [1, 2]}, {"y": [1, 2]})


def test_a_wrong_function_is_told_what_it_was_called_with():
    words = told(check_call, lambda x: x + 1, {"x": [1, 2]}, {"y": [1, 2]})
    assert words.endswith("Called with x = (1, 2).")


def test_over_time_it_is_told_the_input_of_the_step_that_differs():
    def forward(xs, h_0):
        return [[1, 1], [0, 0], [0, 0]]

    arguments = {"xs": [[5, 6], [7, 8], [9, 10]], "h_0": [0, 0]}
    expected = {"h": [[1, 1], [2, 2], [3, 3]]}
    words = told(check_call, forward, arguments, expected, over_time=True)
    assert words == (
        "forward: h(2) is (0, 0), expected (2, 2). Until there all agrees: h(1). "
        "Called with x(2) = (7, 8), h_0 = (0, 0)."
    )


def test_a_missing_second_value_is_told():
    words = told(check_call, identity, {"x": [1, 2]}, {"h": [1, 2], "y": [3]})
    assert words == "identity does not return h and y."
    words = told(check_call, lambda x: (x, x, x), {"x": [1, 2]}, {"h": [1, 2], "y": [3]})
    assert words == "<lambda> does not return h and y."


def test_a_function_cannot_change_the_numbers_of_the_check():
    weights = {"x": [1.0, 2.0]}

    def spoil(x):
        x += 5
        return x - 5

    check_call(spoil, weights, {"y": [1, 2]})
    assert weights == {"x": [1.0, 2.0]}


def test_in_a_notebook_the_message_stands_alone():
    shell = InteractiveShell.instance()
    with capture_output() as captured:
        shell.run_cell(
            "from unrolled.student.checks import CheckFailed\nraise CheckFailed('h(2) is off')"
        )
    InteractiveShell.clear_instance()
    assert captured.stdout.strip() == "h(2) is off"


# hints, and typed numbers


def one_step(x, W):
    return x @ W


def test_a_hint_comes_where_its_mistake_shows():
    arguments, expected = {"x": [1, 2], "W": [[1, 0], [0, 1]]}, {"y": [2, 2]}
    with pytest.raises(CheckFailed, match=r"y is \(1, 2\), expected \(2, 2\).* Is there a bias\?$"):
        check_call(one_step, arguments, expected, hints={"y = (1, 2)": "Is there a bias?"})


def test_a_function_that_stops_as_a_common_mistake_does_gets_its_hint():
    arguments, expected = {"x": [1, 2, 3], "W": [[1, 0], [0, 1]]}, {"y": [2, 2]}
    with pytest.raises(CheckFailed, match=r"one_step stops with ValueError: .* Which layer\?$"):
        check_call(one_step, arguments, expected, hints={"ValueError": "Which layer?"})
    with pytest.raises(ValueError, match="matmul"):
        check_call(one_step, arguments, expected)


def numbers(**got):
    with pytest.raises(CheckFailed) as failed:
        check_numbers(
            got, {"n": 28, "row": [0.46, 1]}, tolerance=0.005, hints={"n = 127": "No time axis."}
        )
    return str(failed.value).splitlines()


def test_typed_numbers_are_told_apart_without_the_right_ones():
    assert numbers(n=127, row=[0.4621, 1]) == [
        "n = 127 is not right. No time axis.",
        "1 of 2 are right.",
    ]
    assert numbers(n=..., row=None)[:2] == [
        "n is not filled in yet.",
        "row is not filled in yet.",
    ]


@pytest.mark.parametrize("value", [3, [1, 2, 3], [[0.46, 1]], [[1], [1, 2]]])
def test_a_row_of_another_shape_is_told(value):
    assert numbers(n=28, row=value)[0].endswith("It must be a row of 2 numbers.")


def test_a_row_in_the_place_of_a_number_is_told():
    assert numbers(n=[28], row=[0.46, 1])[0].endswith("It must be a single number.")


def test_all_right_is_said(capsys):
    check_numbers({"n": 28, "row": [0.4649, 1]}, {"n": 28, "row": [0.46, 1]}, tolerance=0.005)
    assert capsys.readouterr().out == "Right: all 2.\n"


@pytest.mark.parametrize("h", [..., [..., ..., ...], [[0, 2, 1], ..., ...]])
def test_what_is_not_filled_in_yet_is_said_so(h):
    with pytest.raises(CheckFailed, match=r"^h: nothing is filled in yet\.$"):
        check_by_hand(notes_elman(), notes_inputs(), h, ...)
    with pytest.raises(CheckFailed, match=r"^a is not filled in yet\."):
        check_numbers({"a": h}, {"a": [1, 2, 3]})


@pytest.mark.parametrize(
    ("typed", "words"),
    [("ReLU", "a = “ReLU” is not right."), ({"b"}, "a = “b” is not right."), (3, "a = 3 is not")],
)
def test_a_typed_text_is_looked_at_too(typed, words, capsys):
    with pytest.raises(CheckFailed, match=words):
        check_numbers({"a": typed}, {"a": "tanh"})
    check_numbers({"a": " TANH", "b": {"x", "y"}, "z": 1j}, {"a": "tanh", "b": {"x", "y"}, "z": 1j})
    assert "Right: all 3." in capsys.readouterr().out


def test_a_function_may_return_texts_complex_numbers_and_nan(capsys):
    given = {"s": "ab", "z": [1j, 2.0], "n": float("nan")}
    check_call(lambda x: ("ab", np.array([1j, 2]), np.nan), {"x": "text"}, given)
    assert "agrees with the example" in capsys.readouterr().out
    with pytest.raises(CheckFailed, match="s is “ba”, expected “ab”"):
        check_call(lambda x: ("ba", np.array([1j, 2]), np.nan), {"x": "text"}, given)
