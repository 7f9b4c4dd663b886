"""The page on writing a question: its example made into a course, released, handed in, graded."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from courses import ROOT, marked
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from unrolled.cli import exit_codes
from unrolled.cli.main import main
from unrolled.course.course import CONFIG, Course, CourseError
from unrolled.judging import filling, ideas, rubric, variants
from unrolled.running.grading import grade

PAGE = (ROOT / "book" / "rubric.md").read_text(encoding="utf-8")
MODEL, CHECK = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
NAME = "leaky"
STATEMENT = "## What is left\n\n<!-- from the rubric -->\n<!-- until here -->\n\nWith a = 0.5."
LEFT = "### BEGIN SOLUTION\nleft_1, left_3 = 4, 1\n### END SOLUTION"
LEFT_CHECK = """\
from unrolled.student.checks import check_numbers

# from the rubric
# until here
right = dict(left_1=first * 0.5, left_3=first * 0.5**3)
check_numbers(dict(left_1=left_1, left_3=left_3), right, tolerance=0.005, hints=hints)"""


def source():
    return new_notebook(
        cells=[
            marked(new_markdown_cell("# A leaky neuron"), "introduction"),
            marked(new_code_cell("import numpy as np"), "setup"),
            marked(new_markdown_cell(STATEMENT), "left-task"),
            marked(new_code_cell(LEFT), "left", solution=True),
            marked(new_code_cell(LEFT_CHECK), "left-check", points=2),
            marked(new_code_cell(MODEL), "leaky", solution=True),
            marked(new_code_cell(CHECK), "leaky-check", points=3),
            marked(new_markdown_cell("Because."), "why", solution=True, points=1),
        ]
    )


@pytest.fixture
def course(tmp_path):
    """A course with the page's assignment in it, filled in as the page says."""
    shutil.copy(ROOT / CONFIG, tmp_path)
    folder = tmp_path / "solutions" / NAME
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "book" / "rubric_example.py", folder / "rubric.py")
    nbformat.write(source(), folder / f"{NAME}.ipynb")
    filling.main([str(folder)])
    return Course(tmp_path)


def text_of(notebook, name):
    [cell] = [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return cell.source


def submit(course, student, notebook, **answers):
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = answers.get(name, cell.source)
    folder = course.folder("submitted", student, NAME)
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{NAME}.ipynb")


def released(course):
    return nbformat.read(course.folder("release", ".", NAME) / f"{NAME}.ipynb", as_version=4)


def verdicts(course):
    results = grade(course, course.assignment(NAME), jobs=1)
    return {r.student: {v.question.cell: v for v in r.verdicts} for r in results}


def test_the_rubric_writes_its_numbers_into_the_notebook(course):
    course.release(NAME)
    notebook = released(course)
    assert "The neuron reads 8 at step 0" in text_of(notebook, "left-task")
    assert "first = 8\nhints = {" in text_of(notebook, "left-check")
    check = text_of(notebook, "leaky-check")
    assert "arguments = dict(\n    xs=[8, 0, 0, 1],\n    a=0.5,\n)" in check
    assert "expected = dict(\n    ys=[8, 4, 2, 2],\n)" in check
    assert '"ys(2) = 0":\n        "What becomes of y(t−1)?",' in check


def test_filling_in_twice_changes_nothing(course):
    path = course.folder("source", ".", NAME) / f"{NAME}.ipynb"
    before = path.read_bytes()
    filling.main([str(path.parent)])
    assert path.read_bytes() == before


def test_answers_are_judged_as_the_page_says(course, bubblewrap):
    course.release(NAME)
    right = {"left": "left_1, left_3 = 4, 1", "leaky": MODEL}
    submit(course, "right", released(course), **right)
    forgets = "def leaky(xs, a):\n    return xs"
    submit(course, "wrong", released(course), left="left_1, left_3 = 2, 0.5", leaky=forgets)
    found = verdicts(course)
    assert [v.points for v in found["right"].values()] == [2, 3, 0]
    # of a single step there is nothing to be forgotten, and to give back what came in earns nothing
    assert [v.points for v in found["wrong"].values()] == [0, 0, 0]
    assert found["wrong"]["leaky"].idea == "the memory is forgotten"
    assert found["wrong"]["left"].hint.startswith("How often has it been multiplied")
    page = course.folder("feedback", "wrong", NAME) / f"{NAME}.html"
    assert "What becomes of y(t−1)?" in page.read_text(encoding="utf-8")


def test_each_student_has_numbers_of_their_own_and_somebody_elses_are_noticed(
    course, tmp_path, bubblewrap, capsys
):
    names = ["ada", "bob", "eve", "joe"]
    with (tmp_path / "roster.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "email"], *([name, "-"] for name in names)])
    options = ["--per-student", str(tmp_path / "roster.csv"), "--course", str(tmp_path)]
    assert main(["release", NAME, *options]) == 0
    folder = Path(capsys.readouterr().out.strip())
    given = {
        name: nbformat.read(folder / name / NAME / f"{NAME}.ipynb", as_version=4) for name in names
    }
    first = {
        name: int(re.search(r"reads (\d+) at step 0", text_of(notebook, "left-task"))[1])
        for name, notebook in given.items()
    }
    assert len(set(first.values())) > 1
    other = next(name for name in names if first[name] != first["ada"])
    for name in names:
        whose = other if name == "ada" else name
        answer = f"left_1, left_3 = {first[whose] * 0.5}, {first[whose] * 0.125}"
        submit(course, name, given[whose if name == "ada" else name], left=answer, leaky=MODEL)
    assert main(["grade", NAME, "--course", str(tmp_path), "--json"]) == 0
    results = {r["student"]: r for r in json.loads(capsys.readouterr().out)["results"]}
    assert {name: results[name]["points"] for name in names if name != "ada"} == {
        name: 5 for name in names if name != "ada"
    }
    assert results["ada"]["points"] == 3
    assert any("given out to somebody else" in note for note in results["ada"]["notes"])
    report = (tmp_path / f"report-{NAME}.html").read_text(encoding="utf-8")
    assert f"is right for {other}" in report


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name\nada\n", "has no column “id”; it has: name"),
        ("id\n", "names nobody"),
        ("id\nada\nada\n", "names a student twice"),
        ("id\n../ada\n", "'../ada' cannot be the name of a student's folder"),
        ('id\n\n x\n""\n', "1 to 128 are good"),
    ],
)
def test_a_roster_with_a_mistake_is_told(course, tmp_path, capsys, text, words):
    path = tmp_path / "roster.csv"
    path.write_text(text)
    code = main(["release", NAME, "--per-student", str(path), "--course", str(tmp_path)])
    assert code == exit_codes.FAILED
    assert words in capsys.readouterr().err
    assert not (tmp_path / "per-student").exists()


def test_a_notebook_without_a_place_for_the_numbers_is_told(course, tmp_path, capsys):
    path = course.folder("source", ".", NAME) / f"{NAME}.ipynb"
    path.write_text(path.read_text().replace("<!-- from the rubric -->", ""))
    (tmp_path / "roster.csv").write_text("id\nada\n")
    options = ["--per-student", str(tmp_path / "roster.csv"), "--course", str(tmp_path)]
    assert main(["release", NAME, *options]) == exit_codes.FAILED
    assert "'left-task' has no lines “from the rubric”" in capsys.readouterr().err


def test_the_secret_is_made_once_and_for_nobody_else_to_read(course):
    made = course.secret()
    path = course.root / "course-secret"
    assert (course.secret(), len(made), path.stat().st_mode & 0o777) == (made, 32, 0o600)
    path.write_text("no number")
    with pytest.raises(CourseError, match="restore it from a backup"):
        course.secret()


def test_every_wrong_idea_of_the_page_is_told_from_what_is_right():
    questions = rubric.Rubric((ROOT / "book/rubric_example.py").read_text(), "rubric.py").questions(
        variants.Variant(b"a seed", own_numbers=True)
    )
    for question in questions[:2]:
        for wrong in question.wrong:
            hidden = [a for a in ideas.what_is_asked(question) if getattr(a, "hidden", True)]
            evidence = [(asked, ideas.values_of(wrong, asked)) for asked in hidden]
            right = [ideas.right_values(asked) for asked in hidden]
            differs = [
                (asked, got)
                for (asked, got), want in zip(evidence, right, strict=True)
                if any(not np.allclose(got[name], want[name].values) for name in got)
            ]
            assert ideas.explanation(question, differs) is wrong
