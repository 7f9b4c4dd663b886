"""Writing verdicts into nbgrader's gradebook, so that everything after grading stays nbgrader's.

nbgrader makes the gradebook and its tables. A hand-in's rows are written here, all in one
transaction: nbgrader's own functions take a dozen transactions for each. SQLite and PostgreSQL
serve alike.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Collection, Iterator, Mapping
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
from unrolled.judging.results import Mark, Result, Verdict
from unrolled.judging.rubric import Question

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
    extra: float | None = None
    again: bool = True

    @property
    def by_human(self) -> bool:
        """Whether a human gave points here."""
        return self.manual is not None or bool(self.extra)


class Gradebook:
    """An open gradebook, for the hand-ins of one assignment.

    Attributes
    ----------
    flagged : set of str
        The students whose hand-ins somebody flagged in formgrader.
    """

    def __init__(self, connection: Connection, assignment: Assignment) -> None:
        self._connection = connection
        self._questions = assignment.questions
        with connection.begin():
            self._find_assignment(assignment)
            self._students = set(connection.scalars(select(_Student.c.id)))
            submissions = connection.execute(
                select(
                    _Submission.c.student_id,
                    _Submission.c.timestamp,
                    _Notebook.c.id,
                    _Notebook.c.flagged,
                )
                .join(_Notebook, _Notebook.c.assignment_id == _Submission.c.id)
                .where(_Notebook.c.notebook_id == self._notebook)
            ).all()
            self._submissions = {student: (id_, stamp) for student, stamp, id_, _ in submissions}
            self.flagged = {student for student, _, _, flagged in submissions if flagged}
            columns = (_Grade.c.manual_score, _Grade.c.extra_credit, _Grade.c.needs_manual_grade)
            self._grades = self._rows(_Grade, _Grade.c.auto_score, *columns)
            comments = (_Comment.c.auto_comment, _Comment.c.manual_comment)
            self._comments = self._rows(_Comment, *comments)

    def _find_assignment(self, assignment: Assignment) -> None:
        notebook, cell = api.Notebook.__table__, api.BaseCell.__table__
        task = api.Assignment.__table__
        found = self._connection.execute(
            select(notebook.c.id, task.c.id)
            .join(task, notebook.c.assignment_id == task.c.id)
            .where(task.c.name == assignment.name, notebook.c.name == assignment.name)
        ).one_or_none()
        if found is None:
            raise GradebookError(
                f"the gradebook has no hand-ins of {assignment.name}; "
                f"grade them first: unrolled grade {assignment.name}"
            )
        self._notebook, self._assignment = found
        cells = self._connection.execute(
            select(cell.c.type, cell.c.name, cell.c.id).where(cell.c.notebook_id == self._notebook)
        ).all()
        # a cell that is both graded and an answer has a row of each kind; a task is both in one
        graded, answered = ("GradeCell", "TaskCell"), ("SolutionCell", "TaskCell")
        self._grade_cells = {name: id_ for kind, name, id_ in cells if kind in graded}
        self._answer_cells = {name: id_ for kind, name, id_ in cells if kind in answered}

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
            self._has(notebook, verdict.question)
            and self._grade(notebook, verdict.question).automatic == verdict.points
            and self._comment(notebook, verdict.question).automatic == comment(result, verdict)
            for verdict in result.verdicts
        )

    def _grade(self, notebook: str, question: Question) -> _Row:
        return self._grades[notebook, self._grade_cells[question.points]]

    def _comment(self, notebook: str, question: Question) -> _Row:
        return self._comments[notebook, self._answer_cells[question.cell]]

    def _has(self, notebook: str, question: Question) -> bool:
        return (notebook, self._grade_cells[question.points]) in self._grades and (
            notebook,
            self._answer_cells[question.cell],
        ) in self._comments

    @property
    def notebooks(self) -> dict[str, str]:
        """By student, nbgrader's id of the hand-in's notebook."""
        return {student: id_ for student, (id_, _) in self._submissions.items()}

    def marks(self, student: str) -> dict[str, Mark]:
        """What a human gave this student's answers, by their cells, where there is anything."""
        notebook, _ = self._submissions.get(student, ("", None))
        found = {}
        for question in self._questions if notebook else ():
            if not self._has(notebook, question):
                continue
            grade, said = self._grade(notebook, question), self._comment(notebook, question).manual
            again = grade.again and (grade.by_human or grade.automatic is not None)
            if grade.by_human or said or again:
                mark = Mark(grade.manual, grade.extra or 0.0, said or "", again)
                found[question.cell] = mark
        return found

    def give(self, given: Mapping[tuple[str, str], Mark]) -> None:
        """Write marks by students and cells of answers, all or none of them.

        What has points, or had some of the machine, waits for nobody any more.
        """
        questions = {question.cell: question for question in self._questions}
        with self._connection.begin():
            for (student, cell), mark in given.items():
                notebook, _ = self._submissions[student]
                question = questions[cell]
                grade, said = self._grade(notebook, question), self._comment(notebook, question)
                grade.manual, grade.extra = mark.points, mark.extra or None
                grade.again = mark.again or (grade.manual is None and grade.automatic is None)
                said.manual = mark.comment or None
                values = {
                    "manual_score": grade.manual,
                    "extra_credit": grade.extra,
                    "needs_manual_grade": grade.again,
                }
                row = _Grade.update().where(_Grade.c.id == grade.id).values(values)
                self._connection.execute(row)
                text = _Comment.update().where(_Comment.c.id == said.id)
                self._connection.execute(text.values(manual_comment=said.manual))

    def record(self, result: Result, stamp: datetime | None, changed: Collection[str] = ()) -> None:
        """Write one hand-in's verdicts, in one transaction.

        Only automatic scores and comments are written: a human's stay. Where a human gave points
        and the answer has ``changed`` since, or the machine's verdict on it, the question is marked
        for another look.
        """
        with self._forgotten_if_it_fails(result.student), self._connection.begin():
            if result.student not in self._submissions:
                self._add(result.student)
            notebook, before = self._submissions[result.student]
            if not all(self._has(notebook, verdict.question) for verdict in result.verdicts):
                self._make_rows(notebook)
            if before != stamp:
                self._connection.execute(
                    _Submission.update()
                    .where(_Submission.c.student_id == result.student)
                    .where(_Submission.c.assignment_id == self._assignment)
                    .values(timestamp=stamp)
                )
            for verdict in result.verdicts:
                new = verdict.question.cell in changed
                self._write(notebook, verdict, comment(result, verdict), new)
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
        self._make_rows(notebook)
        self._submissions[student] = (notebook, None)

    def _make_rows(self, notebook: str) -> None:
        """A row for each cell of a hand-in that has none."""
        for table, cells, rows in (
            (_Grade, self._grade_cells, self._grades),
            (_Comment, self._answer_cells, self._comments),
        ):
            made = [
                {"id": api.new_uuid(), "notebook_id": notebook, "cell_id": cell}
                for cell in cells.values()
                if (notebook, cell) not in rows
            ]
            if made:
                self._connection.execute(table.insert(), made)
            rows |= {(notebook, row["cell_id"]): _Row(row["id"], None) for row in made}

    def _write(self, notebook: str, verdict: Verdict, text: str, changed: bool) -> None:
        grade = self._grade(notebook, verdict.question)
        said = self._comment(notebook, verdict.question)
        same = (grade.automatic, said.automatic) == (verdict.points, text)
        look = verdict.points is None
        if grade.by_human:
            look = grade.again or changed or not same
        if same and look == grade.again:
            return
        self._connection.execute(
            _Grade.update()
            .where(_Grade.c.id == grade.id)
            .values(auto_score=verdict.points, needs_manual_grade=look)
        )
        self._connection.execute(
            _Comment.update().where(_Comment.c.id == said.id).values(auto_comment=text)
        )
        grade.automatic, grade.again, said.automatic = verdict.points, look, text


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
