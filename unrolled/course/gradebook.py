"""Writing verdicts into nbgrader's gradebook, so that everything after grading stays nbgrader's.

nbgrader makes the gradebook and its tables. A hand-in's rows are written here, all in one
transaction: nbgrader's own functions take a dozen transactions for each. SQLite and PostgreSQL
serve alike.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nbgrader import api
from nbgrader.preprocessors import SaveCells
from sqlalchemy import Connection, create_engine, inspect, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DataError, IntegrityError, SAWarning, SQLAlchemyError
from tornado.log import app_log

from unrolled.course.course import Course, find_alembic
from unrolled.errors import UnrolledError
from unrolled.judging.assignment import Assignment
from unrolled.judging.results import Result, Verdict

_Student, _Submission = api.Student.__table__, api.SubmittedAssignment.__table__
_Notebook, _Grade = api.SubmittedNotebook.__table__, api.Grade.__table__
_Comment = api.Comment.__table__


class GradebookError(UnrolledError):
    """The gradebook cannot be used; the message says why, and what to do."""


def _is_silent(_: logging.LogRecord) -> bool:
    return False


@contextmanager
def errors_named(url: str) -> Iterator[None]:
    """Turn the database's errors into one line that says what to do."""
    app_log.addFilter(_is_silent)  # nbgrader would log each, with its traceback
    try:
        yield
    except (SQLAlchemyError, api.InvalidEntry) as error:
        reason = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        cure = "look at it, and run the same command again"
        if "locked" in reason:
            cure = "another program holds it, such as formgrader: close that, and run again"
        raise GradebookError(
            f"gradebook {_without_password(url)}: {reason}; {cure}. "
            "What was graded until here is kept"
        ) from None
    finally:
        app_log.removeFilter(_is_silent)


def _without_password(url: str) -> str:
    # a URL that SQLAlchemy cannot read has its password masked too
    try:
        return make_url(url).render_as_string()
    except ArgumentError:
        return re.sub(r"//[^/]*@", "//***@", url)


def is_of_the_database(error: Exception) -> bool:
    """Whether an error is one of the whole gradebook, and not of what was to be written into it."""
    ours = (DataError, IntegrityError)
    return isinstance(error, SQLAlchemyError | GradebookError) and not isinstance(error, ours)


def register(course: Course, assignment: Assignment) -> None:
    """Make the assignment known to the gradebook, as releasing it does.

    Raises
    ------
    GradebookError
        If it cannot be opened, belongs to another course, or has hand-ins of another notebook.
    """
    find_alembic()
    with errors_named(course.db_url), warnings.catch_warnings():
        warnings.simplefilter("ignore", SAWarning)
        _check_owner(course)
        with api.Gradebook(course.db_url, course.id) as gradebook:
            gradebook.update_or_create_assignment(assignment.name)
        resources = {
            "notebook": assignment.name,
            "assignment": assignment.name,
            "db_url": course.db_url,
        }
        try:
            SaveCells().preprocess(assignment.released, {"nbgrader": resources})
        except RuntimeError as error:
            raise GradebookError(
                f"gradebook {course.db_url}: {error}; release the notebook under another name, or "
                "remove the assignment with: nbgrader db assignment remove"
            ) from None


def _check_owner(course: Course) -> None:
    engine = create_engine(course.db_url)
    with engine.connect() as connection:
        if not inspect(engine).has_table("course"):
            return
        owners = set(connection.scalars(select(api.Course.__table__.c.id)))
    engine.dispose()
    owners.discard("default_course")  # nbgrader adds this one by itself
    if owners and course.id not in owners:
        raise GradebookError(
            f"gradebook {course.db_url} is of another course ({', '.join(sorted(owners))}, not "
            f"{course.id}); name the right one in nbgrader_config.py: "
            "c.CourseDirectory.db_url or course_id"
        )


@dataclass
class _Row:
    """What the gradebook holds of one cell of a hand-in."""

    id: str
    automatic: Any
    manual: Any = None


class Gradebook:
    """An open gradebook, for the hand-ins of one assignment."""

    def __init__(self, connection: Connection, assignment: Assignment) -> None:
        self._connection = connection
        with connection.begin():
            self._find_assignment(assignment)
            self._students = set(connection.scalars(select(_Student.c.id)))
            submissions = connection.execute(
                select(_Submission.c.student_id, _Submission.c.timestamp, _Notebook.c.id)
                .join(_Notebook, _Notebook.c.assignment_id == _Submission.c.id)
                .where(_Notebook.c.notebook_id == self._notebook)
            ).all()
            self._submissions = {student: (id_, stamp) for student, stamp, id_ in submissions}
            self._grades = self._rows(_Grade, _Grade.c.auto_score, _Grade.c.manual_score)
            self._comments = self._rows(_Comment, _Comment.c.auto_comment)

    def _find_assignment(self, assignment: Assignment) -> None:
        notebook, cell = api.Notebook.__table__, api.BaseCell.__table__
        task = api.Assignment.__table__
        self._notebook, self._assignment = self._connection.execute(
            select(notebook.c.id, task.c.id)
            .join(task, notebook.c.assignment_id == task.c.id)
            .where(task.c.name == assignment.name, notebook.c.name == assignment.name)
        ).one()
        cells = self._connection.execute(
            select(cell.c.type, cell.c.name, cell.c.id).where(cell.c.notebook_id == self._notebook)
        ).all()
        # a cell that is both graded and an answer has a row of each kind
        self._grade_cells = {name: id_ for kind, name, id_ in cells if kind == "GradeCell"}
        self._answer_cells = {name: id_ for kind, name, id_ in cells if kind == "SolutionCell"}

    def _rows(self, table: Any, *columns: Any) -> dict[tuple[str, str], _Row]:
        found = self._connection.execute(
            select(table.c.notebook_id, table.c.cell_id, table.c.id, *columns)
            .join(_Notebook, table.c.notebook_id == _Notebook.c.id)
            .where(_Notebook.c.notebook_id == self._notebook)
        )
        return {(notebook, cell): _Row(*rest) for notebook, cell, *rest in found}

    def holds(self, result: Result, stamp: datetime | None) -> bool:
        """Whether all of a result is in the gradebook already."""
        if result.student not in self._submissions:
            return False
        notebook, before = self._submissions[result.student]
        return before == stamp and all(
            self._grade(notebook, verdict).automatic == verdict.points
            and self._comment(notebook, verdict).automatic == comment(result, verdict)
            for verdict in result.verdicts
        )

    def _grade(self, notebook: str, verdict: Verdict) -> _Row:
        return self._grades[notebook, self._grade_cells[verdict.question.points]]

    def _comment(self, notebook: str, verdict: Verdict) -> _Row:
        return self._comments[notebook, self._answer_cells[verdict.question.cell]]

    def record(self, result: Result, stamp: datetime | None) -> None:
        """Write one hand-in's verdicts, in one transaction.

        Only automatic scores and comments are written: a human's stay. Where a machine's verdict on
        such a question has changed, the question is marked for another look.
        """
        with self._forgotten_if_it_fails(result.student), self._connection.begin():
            if result.student not in self._submissions:
                self._add(result.student)
            notebook, before = self._submissions[result.student]
            if before != stamp:
                self._connection.execute(
                    _Submission.update()
                    .where(_Submission.c.student_id == result.student)
                    .where(_Submission.c.assignment_id == self._assignment)
                    .values(timestamp=stamp)
                )
            for verdict in result.verdicts:
                self._write(notebook, verdict, comment(result, verdict))
        self._submissions[result.student] = (notebook, stamp)

    @contextmanager
    def _forgotten_if_it_fails(self, student: str) -> Iterator[None]:
        """Know no more of a student than the gradebook does, should a transaction fail."""
        known, handed_in = student in self._students, student in self._submissions
        try:
            yield
        except BaseException:
            if not known:
                self._students.discard(student)
            if not handed_in:
                self._submissions.pop(student, None)
            raise

    def _add(self, student: str) -> None:
        if student not in self._students:
            self._connection.execute(_Student.insert().values(id=student, lms_user_id=None))
            self._students.add(student)
        submission, notebook = api.new_uuid(), api.new_uuid()
        self._connection.execute(
            _Submission.insert().values(
                id=submission, assignment_id=self._assignment, student_id=student
            )
        )
        self._connection.execute(
            _Notebook.insert().values(
                id=notebook, assignment_id=submission, notebook_id=self._notebook
            )
        )
        for table, cells, rows in (
            (_Grade, self._grade_cells, self._grades),
            (_Comment, self._answer_cells, self._comments),
        ):
            made = [
                {"id": api.new_uuid(), "notebook_id": notebook, "cell_id": cell}
                for cell in cells.values()
            ]
            self._connection.execute(table.insert(), made)
            rows |= {(notebook, row["cell_id"]): _Row(row["id"], None) for row in made}
        self._submissions[student] = (notebook, None)

    def _write(self, notebook: str, verdict: Verdict, text: str) -> None:
        grade, said = self._grade(notebook, verdict), self._comment(notebook, verdict)
        by_human = verdict.points is None
        if (grade.automatic, said.automatic) == (verdict.points, text) and not by_human:
            return
        look = by_human if grade.manual is None else (said.automatic != text)
        self._connection.execute(
            _Grade.update()
            .where(_Grade.c.id == grade.id)
            .values(auto_score=verdict.points, needs_manual_grade=look)
        )
        self._connection.execute(
            _Comment.update().where(_Comment.c.id == said.id).values(auto_comment=text)
        )
        grade.automatic, said.automatic = verdict.points, text


def comment(result: Result, verdict: Verdict) -> str:
    """What the gradebook says on one question."""
    said = "\n".join([*([result.stamp] if result.stamp else []), *verdict.reasons])
    return said.replace("\0", "␀")  # which PostgreSQL cannot hold


@contextmanager
def open_gradebook(course: Course, assignment: Assignment) -> Iterator[Gradebook]:
    """The course's gradebook, in which ``register`` has made the assignment known."""
    engine = create_engine(course.db_url)
    try:
        with errors_named(course.db_url), engine.connect() as connection:
            yield Gradebook(connection, assignment)
    finally:
        engine.dispose()
