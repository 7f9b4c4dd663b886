"""Writing verdicts into nbgrader's gradebook, so that everything after grading stays nbgrader's."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from nbgrader.api import Gradebook
from nbgrader.preprocessors import SaveCells
from sqlalchemy.exc import SAWarning

from autograder.course import Assignment, Course, environment
from autograder.judge import Verdict


@contextmanager
def opened(course: Course) -> Iterator[Gradebook]:
    """The course's gradebook, created if there is none."""
    # nbgrader calls alembic by name to create it, also where the environment is not activated
    os.environ["PATH"] = environment()["PATH"]
    with warnings.catch_warnings(), Gradebook(course.db_url, course.id) as gradebook:
        # nbgrader adds a submission's parts in an order that SQLAlchemy remarks upon; no harm done
        warnings.simplefilter("ignore", SAWarning)
        yield gradebook


def register(course: Course, assignment: Assignment) -> None:
    """Make the assignment known to the gradebook, as releasing it does."""
    with opened(course) as gradebook:
        gradebook.update_or_create_assignment(assignment.name)
    resources = {
        "notebook": assignment.notebook,
        "assignment": assignment.name,
        "db_url": course.db_url,
    }
    SaveCells().preprocess(assignment.released, {"nbgrader": resources})


def record(
    gradebook: Gradebook,
    assignment: Assignment,
    student: str,
    verdicts: Sequence[Verdict],
    stamp: str,
) -> None:
    """Write one hand-in's verdicts, in one transaction.

    Only automatic scores and comments are written: a human's stay, and are marked for another look.
    """
    gradebook.update_or_create_student(student)
    gradebook.update_or_create_submission(assignment.name, student)
    where = (assignment.notebook, assignment.name, student)
    for verdict in verdicts:
        grade = gradebook.find_grade(verdict.question.points, *where)
        grade.auto_score = verdict.points
        grade.needs_manual_grade = verdict.points is None or grade.manual_score is not None
        comment = gradebook.find_comment(verdict.question.cell, *where)
        comment.auto_comment = "\n".join([*([stamp] if stamp else []), *verdict.reasons])
    gradebook.db.commit()
