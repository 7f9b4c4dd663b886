"""Requests to look again: the machine judges anew, and a human decides what was asked for."""

import csv

import courses
import pytest
from courses import ASSIGNMENT, submit

from unrolled.cli import exit_codes
from unrolled.cli.main import main
from unrolled.course.store import Store


@pytest.fixture
def course(tmp_path, bubblewrap):
    """Ann and Bob are graded; by an accident Ann's result lost points."""
    course = courses.make(tmp_path / "course")
    for student in ("ann", "bob"):
        submit(course, student)
    grade(course)
    path = Store(course.root, ASSIGNMENT)._path("ann")
    path.write_text(path.read_text().replace('"points": 4.0', '"points": 0.0'))
    grade(course)
    return course


def grade(course):
    assert main(["grade", ASSIGNMENT, "--course", str(course.root), "--jobs", "1"]) == 0


def regrade(course, *options):
    return main(["regrade", ASSIGNMENT, "--course", str(course.root), *options])


def page(course, student):
    return (course.folder("feedback", student, ASSIGNMENT) / f"{ASSIGNMENT}.html").read_text()


def requests(course, *lines):
    path = course.root / "requests.csv"
    path.write_text("\n".join(["id,question,reason", *lines]) + "\n")
    return str(path)


def row(out, student):
    return next(line.split() for line in out.splitlines() if line.startswith(student))


def test_a_named_hand_in_is_judged_again_and_nobody_else(course, capsys):
    others = page(course, "bob")
    assert regrade(course, "ann", "--dry-run") == 0
    out = capsys.readouterr().out
    assert row(out, "ann")[2:4] == ["11", "27"] and "Nothing was written." in out
    assert "<strong>11</strong> of 30" in page(course, "ann")
    assert regrade(course, "ann") == 0
    assert row(capsys.readouterr().out, "ann")[2:4] == ["11", "27"]
    assert "<strong>27</strong> of 30" in page(course, "ann")
    assert page(course, "bob") == others


def test_an_answer_that_is_asked_for_waits_for_a_human(course, capsys):
    table = requests(course, "bob,ex1-by-hand,My third step is right.", "ann,,")
    before = page(course, "bob")
    assert regrade(course, "--requests", table, "--dry-run") == 0
    out = capsys.readouterr().out
    assert "1 answer would wait for a human" in out and page(course, "bob") == before
    assert row(out, "bob")[1:] == ["ex1-by-hand", "4", "4", "My", "third", "step", "is", "right."]
    assert regrade(course, "--requests", table) == 0
    assert "<strong>23</strong> of 30" in page(course, "bob")
    # it is in the table that a human fills in, and a later run does not forget it
    grade(course)
    assert main(["marks", ASSIGNMENT, "--course", str(course.root)]) == 0
    marks = course.root / f"marks-{ASSIGNMENT}.csv"
    waiting = {(r["id"], r["question"]) for r in csv.DictReader(marks.open(newline=""))}
    assert ("bob", "ex1-by-hand") in waiting and ("ann", "ex1-by-hand") not in waiting
    marks.write_text("id,question,points\nbob,ex1-by-hand,3.5\n")
    assert main(["marks", ASSIGNMENT, str(marks), "--course", str(course.root)]) == 0
    assert "<strong>26.5</strong> of 30" in page(course, "bob")


@pytest.mark.parametrize(
    "options, lines, why",
    [
        ([], None, "nobody is named"),
        (["cleo"], None, "nothing was handed in by cleo"),
        ([], ["ann,ex9,"], "line 2: no question 'ex9'; there are: ex1-by-hand"),
        ([], ["cleo,,"], "nothing was handed in by cleo"),
    ],
)
def test_requests_that_cannot_be_used_are_named(course, capsys, options, lines, why):
    if lines is not None:
        options = [*options, "--requests", requests(course, *lines)]
    assert regrade(course, *options) == exit_codes.FAILED
    assert why in capsys.readouterr().err.splitlines()[-1]
