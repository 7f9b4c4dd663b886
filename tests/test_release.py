"""The students' notebooks are made from the instructors' by nbgrader, and stay in step."""

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import demo
from autograder.course import CONFIG, Course, environment

ROOT = Path(__file__).parent.parent
ASSIGNMENTS = [path.parent.name for path in sorted(ROOT.glob("solutions/*/*.ipynb"))]


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """A course in which nbgrader has just released every assignment."""
    root = tmp_path_factory.mktemp("course")
    shutil.copy(ROOT / CONFIG, root)
    shutil.copytree(ROOT / "solutions", root / "solutions")
    course = Course(root)
    for name in ASSIGNMENTS:
        course.release(name)
    return course


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_is_what_nbgrader_makes_of_the_source(released, name):
    made = released.root / "assignments" / name
    ours = ROOT / "assignments" / name
    assert {p.name for p in made.iterdir()} == {p.name for p in ours.iterdir()} == {f"{name}.ipynb"}
    assert cells(made / f"{name}.ipynb") == cells(ours / f"{name}.ipynb"), (
        f"out of step; release it again: autograder release {name}"
    )


def cells(path):
    notebook = nbformat.read(path, as_version=4)
    return [(c.cell_type, c.source, c.metadata, c.get("outputs")) for c in notebook.cells]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_release_holds_no_solution(name):
    solved = {c.metadata.nbgrader.grade_id: c for c in answers(f"solutions/{name}/{name}.ipynb")}
    for cell in answers(f"assignments/{name}/{name}.ipynb"):
        assert "our answer here" in cell.source
        solution = solved[cell.metadata.nbgrader.grade_id].source
        inside = solution.split("### BEGIN SOLUTION\n")[1].split("### END SOLUTION")[0]
        for line in filter(None, map(str.strip, inside.splitlines())):
            assert line not in cell.source.splitlines()


def answers(path):
    notebook = nbformat.read(ROOT / path, as_version=4)
    return [c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")]


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_a_released_notebook_runs_and_its_checks_say_what_is_missing(name):
    """Nothing was handed in yet, so this is our own code, and may run here."""
    namespace, told = {}, []
    for cell in nbformat.read(ROOT / f"assignments/{name}/{name}.ipynb", as_version=4).cells:
        if cell.cell_type != "code":
            continue
        try:
            exec(compile(cell.source, cell.metadata.nbgrader.grade_id, "exec"), namespace)
        except AssertionError as message:
            assert cell.metadata.nbgrader.grade
            told.append(str(message))
    assert told == [
        "h is of shape (0,); it needs 4 rows of 3 numbers each, "
        "one row for each time step t = 1 to 4.",
        "h is of shape (0,); it needs 4 rows of 2 numbers each, "
        "one row for each time step t = 1 to 4.",
        "h is of shape (0,); it needs 3 rows of 3 numbers each, "
        "one row for each time step t = 1 to 3.",
        "elman_step returns nothing: does it end with a return statement?",
        "elman_forward returns nothing: does it end with a return statement?",
        "jordan_forward returns nothing: does it end with a return statement?",
    ]


def test_nbgraders_own_autograde_works_with_the_public_checks(released):
    """The hand-in is our own right sample: nbgrader runs it without our sandbox."""
    name = demo.ASSIGNMENT
    folder = released.folder("submitted", "ann", name)
    folder.mkdir(parents=True)
    sample = demo.SAMPLE_CLASS / "right.txt"
    (folder / f"{name}.ipynb").write_text(demo.notebook(sample, released.assignment(name)))
    done = subprocess.run(
        [Path(sys.executable).with_name("nbgrader"), "autograde", name],
        cwd=released.root,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with Gradebook(released.db_url, released.id) as book:
        submission = book.find_submission(name, "ann")
        assert submission.score == 27
        assert submission.needs_manual_grade
