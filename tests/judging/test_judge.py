"""What the kinds of question earn, and what is said of them; each answer runs in the sandbox."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from courses import marked
from nbformat.v4 import new_code_cell, new_notebook

from unrolled.judging.judge import judge
from unrolled.judging.rubric import Case, Code, Reach, Typed, Wrong
from unrolled.judging.submission import Submission
from unrolled.sandbox.containers import Limits

pytestmark = pytest.mark.usefixtures("bubblewrap")

MOST = 6.0
W = np.array([[1.0, -2.0], [0.5, 3.0]])
X = np.array([2.0, -1.0])


def verdict(question, text):
    """What the answer ``text`` is worth, of six points."""
    cells = [
        marked(new_code_cell("import numpy as np"), "setup"),
        marked(new_code_cell("# your answer here"), question.cell, solution=True),
    ]
    submission = Submission({question.cell: text}, {question.cell})
    [found] = judge(
        submission,
        new_notebook(cells=cells),
        [question],
        {question.points: MOST},
        Limits(seconds=3),
    )
    return found


# --- gradients ------------------------------------------------------------------------------------


def loss(x, W):
    return float(np.sum((x @ W) ** 2))


def gradients(**options):
    """L = Σ (x W)², with the gradients by x and by W."""

    def case(title, x, hidden):
        y = 2 * (x @ W)
        return Case(title, {"x": x, "W": W}, {"dx": y @ W.T, "dW": np.outer(x, y)}, hidden)

    return Code(
        "back",
        "The way back",
        "back",
        [case("The example", X, False), case("Another", X[::-1], True)],
        gradients={"dx": "x", "dW": "W"},
        loss=loss,
        **options,
    )


RIGHT = "def back(x, W):\n    y = 2 * (x @ W)\n    return y @ W.T, np.outer(x, y)"


def test_right_gradients_earn_all():
    found = verdict(gradients(), RIGHT)
    assert (found.status, found.points) == ("correct", MOST)


def test_of_a_wrong_gradient_the_worst_entry_is_told_with_its_finite_difference():
    found = verdict(gradients(), RIGHT.replace("np.outer(x, y)", "np.outer(x, y) / 2"))
    assert (found.status, found.points) == ("wrong", 0)
    # y = 2 x W = (3, −14), and x_0 y_1 = −28 is the largest entry
    assert found.reasons[0].startswith(
        "The example: the gradient of W[0, 1] is −14, expected −28. "
        "The finite difference there is −28."
    )


def test_nothing_of_a_hidden_case_but_the_kind_is_told():
    found = verdict(gradients(), RIGHT.replace("np.outer(x, y)", "np.outer(x, y) / 2"))
    assert "Another: the gradient of W has another value than expected." in found.reasons


def test_each_right_quantity_earns_its_part_where_the_rubric_says_so():
    text = RIGHT.replace("np.outer(x, y)", "np.outer(y, x)")
    found = verdict(gradients(by_quantity=True), text)
    assert (found.status, found.points) == ("partly", MOST / 2)


# --- a result to be reached -----------------------------------------------------------------------


def distance(w):
    return float(np.abs(w - 1).max())


REACH = Code(
    "fit",
    "A fit",
    "fit",
    [Reach("From zero", {"n": 3}, {"w": (3,)}, distance, "the distance", 0.1, 0.5)],
    seconds=2,
)


@pytest.mark.parametrize(
    ("returned", "status", "points", "words"),
    [
        ("np.ones(n) + 0.05", "correct", MOST, "1 of 1 hidden cases are right."),
        (
            "np.ones(n) + 0.3",
            "partly",
            MOST / 2,
            "the distance is above 0.1. Up to 0.5 counts half.",
        ),
        ("np.zeros(n)", "wrong", 0, "the distance is far above 0.1."),
        ("np.full(n, np.nan)", "wrong", 0, "the distance is far above 0.1."),
        ("np.ones(n + 1)", "wrong", 0, "w has another shape than expected."),
        ("'much'", "wrong", 0, "w is not made of numbers."),
        ("None", "wrong", 0, "fit returns nothing."),
    ],
)
def test_a_result_is_measured(returned, status, points, words):
    found = verdict(REACH, f"def fit(n):\n    return {returned}")
    assert (found.status, found.points) == (status, points)
    assert words in " ".join(found.reasons)


def test_a_question_may_have_a_time_of_its_own():
    found = verdict(REACH, "import time\ndef fit(n):\n    time.sleep(7)\n    return np.ones(n)")
    assert found.status == "timeout"


TRAINED = replace(
    REACH,
    cases=[
        Reach(
            f"Data {n}", {"n": 3, "seed": n}, {"w": (3,)}, distance, "it", 0.1, 0.5, from_data=True
        )
        for n in range(3)
    ],
    seconds=0,
)


@pytest.mark.parametrize(
    ("returned", "status", "points"),
    [
        ("np.ones(n)", "wrong", 0),
        ("np.ones(n) + 0.3", "wrong", 0),
        ("np.ones(n) + 0.01 * (seed > 1)", "wrong", 0),
        ("np.ones(n) + 0.01 * seed", "correct", MOST),
        ("np.ones(n) + 0.3 + 0.01 * seed", "partly", MOST / 2),
    ],
)
def test_what_is_to_be_learnt_is_not_the_same_for_other_data(returned, status, points):
    found = verdict(TRAINED, f"def fit(n, seed):\n    return {returned}")
    assert (found.status, found.points) == (status, points)
    assert ("same as for other data" in " ".join(found.reasons)) == (status == "wrong")


CLIP = Code(
    "clip",
    "Clipping",
    "clip",
    [
        Case("Short", {"a": np.ones(2), "most": 5.0}, {"a": np.ones(2)}),
        Case("Zeros", {"a": np.zeros(2), "most": 5.0}, {"a": np.zeros(2)}),
        Case("Long", {"a": 8 * np.ones(2), "most": 5.0}, {"a": 5 * np.ones(2)}),
    ],
)


@pytest.mark.parametrize(
    ("returned", "points"),
    [
        ("a", 0),
        ("a * 1.0", 0),
        ("np.zeros(2)", 0),
        ("np.minimum(a, most)", MOST),
        ("a if a.any() and a[0] < 5 else a * 5 / 8", MOST),
        ("np.full(2, most)", MOST / 3),
    ],
)
def test_giving_back_what_came_in_earns_nothing_by_itself(returned, points):
    found = verdict(CLIP, f"def clip(a, most):\n    return {returned}")
    assert found.points == points
    if not points:
        assert "that alone earns nothing" in " ".join(found.reasons)


# --- typed numbers --------------------------------------------------------------------------------

TYPED = Typed(
    "count",
    "Counting",
    {"n": 28, "row": [0.4621, 1.0]},
    tolerance=0.005,
    wrong=[Wrong("time is counted", lambda: {"n": 280}, "Are there more weights for more steps?")],
)


@pytest.mark.parametrize(
    ("text", "points", "reason"),
    [
        ("n, row = 28, [0.46, 1]", MOST, "All 2 numbers are right."),
        ("n, row = 28, [0.45, 1]", MOST / 2, "row is (0.45, 1), expected (0.4621, 1)."),
        ("n, row = 280, (0.462, 1)", MOST / 2, "n is 280, expected 28."),
        ("n = 28", MOST / 2, "row is missing, expected (0.4621, 1)."),
        ("n, row = '28', None", 0, "n is of type str, not a number, expected 28."),
        ("n, row = [28], [[1], [1, 2]]", 0, "n is (28), expected 28."),
    ],
)
def test_each_typed_number_earns_its_part(text, points, reason):
    found = verdict(TYPED, text)
    assert found.points == points
    assert reason in found.reasons


def test_a_known_mistake_is_named_with_its_hint():
    found = verdict(TYPED, "n, row = 280, [0.46, 1]")
    assert (found.idea, found.hint) == (
        "time is counted",
        "Are there more weights for more steps?",
    )
    assert verdict(TYPED, "n, row = 29, [0.46, 1]").hint == ""
