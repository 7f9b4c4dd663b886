"""Before students get a notebook: it is filled in, and its own solution has to earn everything."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from unrolled.authoring.made_up_class import notebook
from unrolled.course.course import Course
from unrolled.course.files import write
from unrolled.errors import UnrolledError
from unrolled.judging import filling
from unrolled.judging.assignment import Assignment
from unrolled.judging.judge import judge
from unrolled.judging.notebook import cell_id, is_answer, load_released
from unrolled.judging.submission import Submission
from unrolled.sandbox import containers
from unrolled.sandbox.bubblewrap import SandboxMissing
from unrolled.student.precheck import check_notebook


class ReleaseError(UnrolledError):
    """An assignment that students must not get as it is; the message says what is wrong."""


def prepare(course: Course, name: str) -> bool:
    """Fill in what the rubric writes, and try the model solution.

    Returns whether the source notebook was changed. One without a rubric is left as it is.

    Raises
    ------
    ReleaseError
        If the solution does not earn everything, or a public check turns it away. Nothing was
        written then.
    CourseError
        If rubric and notebook do not fit each other.
    """
    course.check_known(name)
    source = course.folder("source", ".", name)
    if not (source / "rubric.py").is_file():
        return False
    with as_it_would_be_released(course, name) as (assignment, filled):
        mistakes = [*_lost_points(assignment, filled), *_refused(assignment, filled)]
        if mistakes:
            raise ReleaseError(
                f"{name} is not released, since its own solution does not earn everything:\n  "
                + "\n  ".join(mistakes)
            )
        text, path = filled.read_text(encoding="utf-8"), source / f"{name}.ipynb"
        changed = text != path.read_text(encoding="utf-8")
        if changed:
            write(path, text)
    return changed


@contextmanager
def as_it_would_be_released(course: Course, name: str) -> Iterator[tuple[Assignment, Path]]:
    """The assignment as the source has it now, and its source filled in; the course stays as it is.

    Raises
    ------
    CourseError
        If nbgrader cannot release it, or rubric and notebook do not fit each other.
    """
    with TemporaryDirectory() as folder:
        elsewhere = course.elsewhere(Path(folder))
        source = elsewhere.folder("source", ".", name)
        shutil.copytree(course.folder("source", ".", name), source)
        filled = source / f"{name}.ipynb"
        text = filling.filled_text(source)
        # however the file is indented, what counts are its cells
        if nbformat.reads(text, as_version=4) != nbformat.read(filled, as_version=4):
            filled.write_text(text, encoding="utf-8")
        elsewhere.release(name, gradebook=False)
        yield elsewhere.assignment(name), filled


def _lost_points(assignment: Assignment, source: Path) -> list[str]:
    answers = _answers(source)
    submission = Submission(answers, set(answers))
    verdicts = judge(
        submission,
        assignment.released,
        assignment.questions,
        assignment.points,
        unsafe=_no_sandbox(),
    )
    return [
        f"{v.question.cell}: {v.points:g} of {v.max_points:g} points. {' '.join(v.reasons)}"
        for v in verdicts
        if v.points is not None and v.points < v.max_points
    ]


def _refused(assignment: Assignment, source: Path) -> list[str]:
    """What the public checks have against a student who hands in the solution."""
    handed_in = source.parents[1] / f"{assignment.name}.ipynb"
    handed_in.write_text(notebook(assignment, _answers(source)), encoding="utf-8")
    found = check_notebook(handed_in, unsafe=_no_sandbox())
    return [f"{cell}: {said}" for cell, said in found.checks.items() if said]


def _answers(source: Path) -> dict[str, str]:
    cells = load_released(source).cells
    return {cell_id(cell): cell.source for cell in cells if is_answer(cell)}


def _no_sandbox() -> bool:
    """Whether the solution, which is ours, has to run without one."""
    try:
        containers.check()
    except SandboxMissing:
        return True
    return False
