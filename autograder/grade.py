"""Grading a class: every hand-in judged, recorded in the gradebook, and answered with a page."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat.v4 import new_output

from autograder import gradebook, handin, pages, sandbox
from autograder.course import Assignment, Course
from autograder.judge import Verdict, judge

UNSAFE = "Graded without a sandbox (--unsafe)."


@dataclass(frozen=True)
class Result:
    """What became of one hand-in."""

    student: str
    verdicts: list[Verdict]
    notes: list[str]
    stamp: str = ""

    @property
    def points(self) -> float:
        """The points so far, without what a human has still to grade."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def max_points(self) -> float:
        return sum(verdict.max_points for verdict in self.verdicts)

    @property
    def remark(self) -> str:
        """The hand-in in a few words."""
        statuses = [v.status for v in self.verdicts]
        if len(set(statuses)) == 1 and statuses[0] != "correct":
            return statuses[0]
        counted = {s: statuses.count(s) for s in statuses if s not in ("correct", "not graded")}
        told = [f"{s} ({n})" if n > 1 else s for s, n in counted.items()]
        return ", ".join(told + (["altered"] if self.notes else [])) or "all right"


def grade(
    course: Course,
    assignment: Assignment,
    unsafe: bool = False,
    jobs: int | None = None,
    limits: sandbox.Limits | None = None,
) -> Iterator[Result]:
    """Grade every hand-in of ``assignment``; yields each result as soon as it is recorded.

    Raises
    ------
    SandboxMissing
        If there is no working sandbox and ``unsafe`` was not asked for. Nothing was run then.
    CourseError
        If there is nothing to grade.
    """
    if not unsafe:
        sandbox.check()
    students = course.students(assignment.name)
    gradebook.register(course, assignment)
    # Threads suffice: each only waits for its sandboxes. The gradebook has one writer, this one.
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool, gradebook.opened(course) as book:
        waiting = {
            pool.submit(grade_one, course, assignment, s, unsafe, limits): s for s in students
        }
        for done in as_completed(waiting):
            try:
                result = done.result()
            except Exception:
                # a fault of ours in one hand-in must not end the class: a human looks at it
                traceback.print_exc()
                result = _failed(assignment, waiting[done])
            gradebook.record(book, assignment, result.student, result.verdicts, result.stamp)
            yield result


def grade_one(
    course: Course,
    assignment: Assignment,
    student: str,
    unsafe: bool = False,
    limits: sandbox.Limits | None = None,
) -> Result:
    """Judge one hand-in and write its notebook and its page; the gradebook is the caller's."""
    stamp = UNSAFE if unsafe else ""
    file = f"{assignment.notebook}.ipynb"
    folder = course.folder("submitted", student, assignment.name)
    try:
        if folder.is_symlink() or folder.parent.is_symlink():
            raise handin.Unreadable("The hand-in is a symbolic link, not a folder.")
        answered = handin.read(folder / file, assignment.released)
    except handin.Unreadable as reason:
        verdicts = _same_for_all(assignment, "unreadable", 0.0, str(reason))
        result = Result(student, verdicts, [], stamp)
        answers = {}
    else:
        verdicts = judge(
            answered, assignment.released, assignment.questions, assignment.points, limits, unsafe
        )
        result, answers = Result(student, verdicts, answered.notes, stamp), answered.answers
    notebook = _graded_notebook(assignment, answers, result)
    graded = course.folder("autograded", student, assignment.name) / file
    write(graded, nbformat.writes(notebook))
    page = course.folder("feedback", student, assignment.name) / f"{assignment.notebook}.html"
    write(page, pages.feedback(assignment, result, answers))
    return result


def _failed(assignment: Assignment, student: str) -> Result:
    reason = "The grader failed on this hand-in; a human looks at it."
    return Result(student, _same_for_all(assignment, "not graded", None, reason), [reason])


def _same_for_all(
    assignment: Assignment, status: str, points: float | None, reason: str
) -> list[Verdict]:
    return [
        Verdict(question, status, points, assignment.points[question.points], [reason])
        for question in assignment.questions
    ]


def _graded_notebook(
    assignment: Assignment, answers: dict[str, str], result: Result
) -> nbformat.NotebookNode:
    """The notebook that formgrader shows: ours, with the student's texts and the judge's words."""
    notebook = handin.rebuild(assignment.released, answers)
    said = {v.question.points: v for v in result.verdicts}
    for cell in notebook.cells:
        verdict = said.get(handin.cell_id(cell))
        if cell.cell_type == "code" and verdict is not None:
            text = "\n".join([result.stamp, *verdict.reasons]).strip() + "\n"
            cell.outputs = [new_output("stream", text=text)]
    return notebook


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)


def in_order(results: Sequence[Result]) -> list[Result]:
    """Results by the students' names, whatever the order in which they were done."""
    return sorted(results, key=lambda result: result.student)
