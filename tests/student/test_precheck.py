"""``unrolled check`` says what the judge will: it goes the same way, with the public checks.

It never calls a notebook ready that loses points for a reason which it could have known, and never
finds fault with one that does not.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hand_ins import NAMES, HandIn

from unrolled.judging.submission import Unreadable
from unrolled.student.precheck import check_notebook

pytestmark = pytest.mark.usefixtures("bubblewrap")


@pytest.fixture
def look(tmp_path):
    """A function that looks at a hand-in, under a name."""

    def look(hand_in, name="it.ipynb", unsafe=False):
        path = tmp_path / name
        path.write_bytes(hand_in.bytes())
        return check_notebook(path, unsafe)

    return look


@pytest.mark.parametrize("name", NAMES)
def test_a_solved_notebook_is_ready(look, name):
    found = look(HandIn(name))
    assert found.well, found.in_words()
    assert found.notes == []
    assert len(found.checks) >= 2
    assert found.in_words().endswith("Ready to be handed in.")


def own(text):
    return lambda hand_in: hand_in.above(text)


def after(text):
    return lambda hand_in: hand_in.text(hand_in.code, f"{hand_in.text(hand_in.code)}\n{text}")


def before(text):
    return lambda hand_in: hand_in.text(hand_in.code, f"{text}\n{hand_in.text(hand_in.code)}")


def needs(condition, *changes):
    def change(hand_in):
        hand_in.needs(condition)
        for each in changes:
            each(hand_in)

    return change


def copied(hand_in):
    place = hand_in.place(hand_in.code)
    old = json.loads(json.dumps(hand_in.cells[place])) | {"source": f"def {hand_in.function}(): 1"}
    hand_in.cells.insert(place, old)


def moved_below(hand_in):
    text = hand_in.text(hand_in.code)
    hand_in.text(hand_in.code, hand_in.released_text(hand_in.code))
    hand_in.cell(hand_in.code)["metadata"] = next(
        cell["metadata"]
        for cell in hand_in.untouched["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == hand_in.code
    )
    hand_in.below(text)


FINE = {
    "a helper in a cell of one's own": needs("helper == 7", own("helper = 7")),
    "an import in a cell of one's own": needs("math.pi", own("import math")),
    "a plot": own("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"),
    "a debug line": after("print(undefined)"),
    "display": after("display(1)"),
    "a cell magic": before("%%time"),
    "input": after("input()"),
    "one's own assert": after("assert False"),
    "an old attempt": copied,
    "another cell": moved_below,
    "a slow cell of one's own": own("import time\ntime.sleep(600)"),
}

BAD = {
    "the reference in a cell of one's own": needs("rnnlib.Elman", own("import rnnlib")),
    "the reference in the answer": needs("rnnlib.Elman", before("import rnnlib")),
    "the reference in the function": needs("__import__('rnnlib')"),
    "a package that is not there": needs("pandas.DataFrame", own("import pandas")),
    "the checks' own package": needs("unrolled.check_call", own("import unrolled")),
    "a helper that was deleted": needs("helper == 7"),
    "a file of one's own": needs("open('mine.txt').read()"),
    "the network": needs("socket.create_connection(('127.0.0.1', 9))", own("import socket")),
    "a function of another name": lambda hand_in: hand_in.text(
        hand_in.code, hand_in.text(hand_in.code).replace(hand_in.function, "mine")
    ),
    "an untouched copy in its place": lambda hand_in: hand_in.text(
        hand_in.code, f"# my answer\n{hand_in.released_text(hand_in.code)}"
    ),
    "an end of the process": needs("os._exit(1)", own("import os")),
    "no end": needs("[1 for _ in iter(int, 1)]"),
}


@pytest.mark.parametrize("change", FINE.values(), ids=FINE)
@pytest.mark.parametrize("name", ["elman", "lstm"])
def test_what_costs_no_point_is_ready(look, change, name):
    hand_in = HandIn(name)
    change(hand_in)
    found = look(hand_in)
    assert found.well, found.in_words()


@pytest.mark.parametrize("change", BAD.values(), ids=BAD)
@pytest.mark.parametrize("name", ["elman", "bptt"])
def test_what_costs_points_is_not_ready(look, tmp_path, change, name):
    (tmp_path / "mine.txt").write_text("is not handed in")
    hand_in = HandIn(name)
    change(hand_in)
    found = look(hand_in)
    assert not found.well
    assert found.checks[f"{hand_in.code}-check"]


@pytest.mark.parametrize("kind", ["own cell", "answer"])
def test_without_a_sandbox_the_reference_is_as_absent(look, kind):
    hand_in = HandIn("elman")
    needs("rnnlib.Elman", (own if kind == "own cell" else before)("import rnnlib"))(hand_in)
    found = look(hand_in, unsafe=True)
    assert "rnnlib" in str(found.checks["elman-step-check"])
    assert found.checks["elman-forward-check"] == "" or "rnnlib" in str(found.checks)


def test_steps_that_are_missing_by_hand_are_told_with_those_that_are_fine(look):
    hand_in = HandIn("elman")
    [question] = [q for q in hand_in.assignment.questions if q.cell == "ex1-by-hand"]
    h, y = question.true.h.tolist(), question.true.y.tolist()
    hand_in.text("ex1-by-hand", f"ex1_h = {h[:2]}\nex1_y = {y[:2]}")
    said = look(hand_in).checks["ex1-by-hand-check"]
    assert said == (
        "h is of shape (2, 3); it needs 4 rows of 3 numbers each, one row for each time step t = 1 "
        "to 4. Steps 1 to 2 are fine."
    )


def test_a_written_answer_in_the_cell_below_is_one(look):
    hand_in = HandIn("elman")
    place = hand_in.place("in-words")
    hand_in.cells[place] = next(
        cell
        for cell in hand_in.untouched["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "in-words"
    )
    assert look(hand_in).missing == ["in-words"]
    hand_in.own("The columns share the same weights.", place + 1, "markdown")
    assert look(hand_in).missing == []


def test_what_an_assignment_lists_is_there_in_the_look_too(look, tmp_path):
    hand_in = HandIn("training")
    needs("open('data.csv').read() and yaml.safe_load('1')", own("import yaml"))(hand_in)
    assert not look(hand_in).well
    hand_in.notebook["metadata"]["unrolled"] = {"packages": ["yaml"], "files": ["data.csv"]}
    assert not look(hand_in).well
    (tmp_path / "data.csv").write_text("1,2")
    found = look(hand_in)
    assert found.well, found.in_words()


def test_outputs_have_no_size_and_format_3_is_read(look):
    hand_in = HandIn("elman")
    hand_in.cell("elman-step")["outputs"] = [{"data": {"image/png": "A" * 11_000_000}}]
    assert look(hand_in).well
    hand_in.cell("elman-step")["source"] += "#" * 11_000_000
    with pytest.raises(Unreadable, match="larger than 10 MB without its outputs"):
        look(hand_in)


def test_a_notebook_without_marks_is_never_ready(look):
    hand_in = HandIn("elman")
    for cell in hand_in.cells:
        cell["metadata"] = {}
    with pytest.raises(Unreadable, match="none of its cells carries nbgrader's marks"):
        look(hand_in)


def test_packages_of_the_rubric_and_files_beside_are_written_into_what_is_given_out(tmp_path):
    import courses

    course = courses.make(tmp_path / "course")
    source = course.folder("source", ".", courses.ASSIGNMENT)
    rubric = source / "rubric.py"
    rubric.write_text(f'{rubric.read_text()}\n\npackages = ["matplotlib", "yaml"]\n')
    (source / "data.csv").write_text("1,2")
    course.release(courses.ASSIGNMENT)
    assignment = course.assignment(courses.ASSIGNMENT)
    assert assignment.released.metadata["unrolled"] == {
        "packages": ["matplotlib", "yaml"],
        "files": ["data.csv"],
    }
    assert assignment.contents.packages == ("matplotlib", "yaml")
    assert assignment.contents.data == (("data.csv", b"1,2"),)
    other = replace(assignment, data=())
    assert other.contents.data == ()
