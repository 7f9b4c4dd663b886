"""Courses for tests: the sample assignment, released, with hand-ins made on the spot."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from autograder import demo
from autograder.course import CONFIG, Course

ROOT = Path(__file__).parent.parent
ASSIGNMENT = demo.ASSIGNMENT
AUTOGRADER = str(Path(sys.executable).with_name("autograder"))


def make(root: Path) -> Course:
    """A course in the folder ``root``, with nobody in it."""
    root.mkdir(exist_ok=True)
    shutil.copy(ROOT / CONFIG, root)
    for folder in ("solutions", "assignments"):
        shutil.copytree(ROOT / folder / ASSIGNMENT, root / folder / ASSIGNMENT)
    return Course(root)


def notebook(course: Course, sample: str = "right", **answers: str) -> str:
    """A sample's notebook, some answers replaced (``_`` for ``-`` in their ids)."""
    text = demo.notebook(demo.SAMPLE_CLASS / f"{sample}.txt", course.assignment(ASSIGNMENT))
    made = nbformat.reads(text, as_version=4)
    for cell in made.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        cell.source = answers.get(name.replace("-", "_"), cell.source)
    return nbformat.writes(made)


def submit(course: Course, student: str, sample: str = "right", **answers: str) -> Path:
    """Hand in a sample as ``student``, in the place of what was handed in; returns the file."""
    folder = course.folder("submitted", student, ASSIGNMENT)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{ASSIGNMENT}.ipynb"
    path.write_text(notebook(course, sample, **answers))
    return path


def command(course: Course, *options: str) -> list[str]:
    """The command that grades a course."""
    return [AUTOGRADER, "grade", ASSIGNMENT, "--course", str(course.root), *options]


def run(course: Course, *options: str, **how: object) -> subprocess.CompletedProcess:
    """Grade a course by the command, as an instructor does."""
    return subprocess.run(command(course, *options), capture_output=True, text=True, **how)
