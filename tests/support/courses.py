"""Courses for tests: a small assignment of their own, released, with hand-ins made on the spot.

It stands in ``course/``, with a class of samples: text files that hold the answers of one made-up
student each, cell by cell, and say what the student got wrong. They are never imported, and only
ever run in the sandbox. The assignments of ``solutions/`` may change; this one stays.
"""

from __future__ import annotations

import copy
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbgrader.api import Gradebook

from unrolled.authoring import samples
from unrolled.course.course import CONFIG, Course, find_alembic
from unrolled.judging.assignment import Assignment
from unrolled.judging.notebook import cell_id
from unrolled.sandbox.containers import Limits

ROOT = Path(__file__).parents[2]
COURSE = Path(__file__).parent / "course"
SAMPLE_CLASS = COURSE / "class"
ASSIGNMENT = "elman-jordan"
QUICK = Limits(seconds=60, cpu_seconds=1)
"""An endless loop ends after a second of its own time; how busy the machine is does not matter."""
UNROLLED = str(Path(sys.executable).with_name("unrolled"))


@cache
def empty_gradebook() -> bytes:
    """nbgrader's gradebook with nothing in it, which takes a second to be made."""
    with TemporaryDirectory() as folder:
        find_alembic()
        with Gradebook(f"sqlite:///{folder}/gradebook.db"):
            pass
        return Path(folder, "gradebook.db").read_bytes()


def make(root: Path) -> Course:
    """A course in the folder ``root``, with nobody in it."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "gradebook.db").write_bytes(empty_gradebook())
    shutil.copy(ROOT / CONFIG, root)
    for folder in ("solutions", "assignments"):
        shutil.copytree(COURSE / folder, root / folder)
    return Course(root)


def sample(name: str, assignment: Assignment) -> str:
    """What the student of a sample handed in, as the text of a notebook file."""
    cells = samples.texts(SAMPLE_CLASS / f"{name}.txt")
    if "the whole file" in cells:
        return cells["the whole file"]
    made = copy.deepcopy(assignment.released)
    for cell in made.cells:
        cell.source = cells.get(cell_id(cell), cell.source)
    return nbformat.writes(made)


def notebook(course: Course, sample_name: str = "right", **answers: str) -> str:
    """A sample's notebook, some answers replaced (``_`` for ``-`` in their ids)."""
    made = nbformat.reads(sample(sample_name, course.assignment(ASSIGNMENT)), as_version=4)
    for cell in made.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = answers.get(name.replace("-", "_"), cell.source)
    return nbformat.writes(made)


def submit(course: Course, student: str, sample_name: str = "right", **answers: str) -> Path:
    """Hand in a sample as ``student``, in the place of what was handed in; returns the file."""
    return submit_text(course, student, notebook(course, sample_name, **answers))


def submit_text(course: Course, student: str, text: str) -> Path:
    """Hand in a file with this ``text`` as ``student``; returns it."""
    folder = course.folder("submitted", student, ASSIGNMENT)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ASSIGNMENT}.ipynb"
    path.write_text(text)
    return path


def submit_class(course: Course) -> None:
    """Hand in every sample, under its own name."""
    assignment = course.assignment(ASSIGNMENT)
    for path in sorted(SAMPLE_CLASS.glob("*.txt")):
        submit_text(course, path.stem, sample(path.stem, assignment))


def marked(
    cell: nbformat.NotebookNode,
    name: str,
    *,
    solution: bool = False,
    points: float | None = None,
) -> nbformat.NotebookNode:
    """A cell with nbgrader's marks."""
    cell.metadata["nbgrader"] = {
        "grade": points is not None,
        "grade_id": name,
        "locked": not solution,
        "schema_version": 3,
        "solution": solution,
        "task": False,
        **({} if points is None else {"points": points}),
    }
    return cell


def command(course: Course, *options: str) -> list[str]:
    """The command that grades a course."""
    return [UNROLLED, "grade", ASSIGNMENT, "--course", str(course.root), *options]


def run(course: Course, *options: str, **how: object) -> subprocess.CompletedProcess:
    """Grade a course by the command, as an instructor does."""
    return subprocess.run(command(course, *options), capture_output=True, text=True, **how)
