"""The students' notebooks are made from the instructors' by nbgrader, and stay in step."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import courses
import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.validator import Validator

from unrolled.authoring.made_up_class import notebook
from unrolled.authoring.strength import model_answers
from unrolled.course.course import CONFIG, Course, environment
from unrolled.judging import filling, rubric
from unrolled.judging.variants import Variant
from unrolled.student.checks import CheckFailed

ROOT = Path(__file__).parents[2]
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
        f"out of step; release it again: unrolled release {name}"
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
    namespace, told, checks = {}, [], 0
    for cell in nbformat.read(ROOT / f"assignments/{name}/{name}.ipynb", as_version=4).cells:
        if cell.cell_type != "code":
            continue
        checks += cell.metadata.nbgrader.grade and not cell.metadata.nbgrader.solution
        try:
            exec(compile(cell.source, cell.metadata.nbgrader.grade_id, "exec"), namespace)
        except CheckFailed as message:
            assert cell.metadata.nbgrader.grade
            told.append(str(message))
    assert len(told) == checks
    words = ("needs", "returns nothing", "not filled in yet")
    assert all(any(word in message for word in words) for message in told), told


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_the_source_has_what_its_rubric_says(name):
    folder = ROOT / "solutions" / name
    filled = nbformat.reads(filling.filled_text(folder), as_version=4)
    stored = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    assert [c.source for c in filled.cells] == [c.source for c in stored.cells], (
        f"python -m unrolled.judging.filling solutions/{name}"
    )


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_every_student_can_have_numbers_of_their_own(name):
    folder = ROOT / "solutions" / name
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    written = rubric.load(folder)
    filling.check_places(notebook, written.questions())
    given = {
        "".join(cell.source for cell in filling.fill(notebook, written.questions(variant)).cells)
        for variant in (Variant(bytes([seed]), own_numbers=True) for seed in range(5))
    }
    assert len(given) == 5


def test_nbgraders_own_way_is_open(released):
    """The hand-ins are our own answers: nbgrader runs them without our sandbox."""
    for name in ASSIGNMENTS:
        folder = released.folder("submitted", "ann", name)
        folder.mkdir(parents=True)
        answers = model_answers(released, name)
        (folder / f"{name}.ipynb").write_text(notebook(released.assignment(name), answers))
    nbgrader = NbGraderAPI(released.directory, config=released.config)
    for name in ASSIGNMENTS:
        handed_in = released.folder("submitted", "ann", name) / f"{name}.ipynb"
        assert Validator().validate(str(handed_in)) == {}, name
        for step in (nbgrader.autograde, nbgrader.generate_feedback):
            done = step(name, "ann")
            assert done["success"], done["error"]
    done = subprocess.run(
        [Path(sys.executable).with_name("nbgrader"), "export", "--to", "grades.csv"],
        cwd=released.root,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with Gradebook(released.db_url, released.id) as book:
        for name in ASSIGNMENTS:
            submission = book.find_submission(name, "ann")
            by_hand = sum(
                q.max_score
                for nb in submission.notebooks
                for q in nb.grades
                if q.needs_manual_grade
            )
            assert submission.score == submission.max_score - by_hand
            assert submission.needs_manual_grade
    assert (released.root / "grades.csv").read_text().count("ann") >= len(ASSIGNMENTS)


def installation(path):
    [cell] = [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if cell.metadata.nbgrader.grade_id == "installation"
    ]
    return cell.source


def test_all_notebooks_get_what_they_need_in_the_same_way():
    assert len({installation(path) for path in ROOT.glob("assignments/*/*.ipynb")}) == 1


def test_where_it_cannot_be_installed_the_notebook_says_so_and_goes_on(tmp_path):
    """A Python with nothing in it, not even pip."""
    venv.create(tmp_path, with_pip=False)
    cell = installation(ROOT / "assignments" / "elman" / "elman.ipynb")
    for text, why in (
        (cell, "because the course gave no address. You can still work and hand in."),
        (cell.replace('SOURCE = ""', 'SOURCE = "file:///nowhere"'), "from file:///nowhere."),
    ):
        done = subprocess.run(
            [tmp_path / "bin" / "python", "-I", "-c", text], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        assert why in done.stdout


def test_a_course_says_where_students_get_the_package(tmp_path):
    course = courses.make(tmp_path / "course")
    shutil.copytree(ROOT / "solutions" / "jordan", course.root / "solutions" / "jordan")
    with (course.root / CONFIG).open("a") as config:
        config.write('\nc.Unrolled.package = "git+https://example.org/unrolled"\n')
    Course(course.root).release("jordan")
    made = installation(course.root / "assignments" / "jordan" / "jordan.ipynb")
    assert 'SOURCE = "git+https://example.org/unrolled"' in made
    ours = installation(ROOT / "assignments" / "jordan" / "jordan.ipynb")
    assert made.replace("git+https://example.org/unrolled", "") == ours
