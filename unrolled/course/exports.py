"""Grades for learning platforms, out of nbgrader's gradebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nbgrader import api
from nbgrader.api import Gradebook, MissingEntry

from unrolled.course.course import Course
from unrolled.course.files import harmless
from unrolled.course.gradebook import GradebookError, errors_named
from unrolled.course.roster import Student
from unrolled.course.withdrawn import is_there


@dataclass(frozen=True)
class Grade:
    """One student's grade as the gradebook has it, a human's points and late penalties included.

    Attributes
    ----------
    student : Student
        With the ids that the platforms ask for, as far as the roster or the gradebook has them.
    score : float or None
        None while an answer waits for a human: what is not final is not exported.
    comment : str
        What a human said of the answers, and how late they came.
    """

    student: Student
    score: float | None
    comment: str = ""


def grades(
    course: Course,
    assignment: str,
    titles: Mapping[str, str] | None = None,
    late: Mapping[str, str] | None = None,
    zeros: bool = False,
) -> tuple[list[Grade], float]:
    """The grades of all who have handed in, in order of their ids, and the most points there are.

    Parameters
    ----------
    titles
        Those of the questions, by the cells of the answers: they stand before a human's comments.
    late
        What to say of those who were late.
    zeros
        Also 0 points for everybody in the roster who has not handed in.

    Raises
    ------
    GradebookError
        If the gradebook has no such assignment, or cannot be used.
    """
    roster = {student.id: student for student in course.class_roster().students}
    hand_in, task = api.SubmittedAssignment, api.Assignment
    with errors_named(course.db_url), Gradebook(course.db_url, course.id) as book:
        try:
            most = book.find_assignment(assignment).max_score
        except MissingEntry:
            raise GradebookError(
                f"{course.db_url} has no grades of {assignment}; "
                f"grade it first: unrolled grade {assignment}"
            ) from None
        known = {student.id: _known(student) for student in book.students}
        said = _comments(book, assignment, titles or {})
        # one question to the database for all: nbgrader's objects ask several for each hand-in
        rows = (
            book.db.query(
                hand_in.student_id,
                hand_in.needs_manual_grade,
                hand_in.score,
                hand_in.late_submission_penalty,
            )
            .join(task, hand_in.assignment_id == task.id)
            .filter(task.name == assignment)
            .all()
        )
    found = []
    for student, waits, score, penalty in rows:
        if is_there(course, student, assignment):
            lines = [*filter(None, [(late or {}).get(student)]), *said.get(student, ())]
            final = None if waits else max(0.0, score - penalty)
            found.append(Grade(roster.get(student) or known[student], final, "\n".join(lines)))
    if zeros:
        gone = set(course.missing(assignment)) - {grade.student.id for grade in found}
        found += [
            Grade(student, 0.0, "Nothing was handed in.")
            for student in roster.values()
            if student.id in gone
        ]
    return sorted(found, key=lambda grade: grade.student.id), most


def _known(student: api.Student) -> Student:
    """A student as the gradebook has it."""
    names = ("id", "first_name", "last_name", "email", "lms_user_id")
    return Student(*(getattr(student, name) or "" for name in names))


def _comments(book: Gradebook, assignment: str, titles: Mapping[str, str]) -> dict[str, list[str]]:
    """What a human said of each hand-in, a line for each question, in the order of these."""
    comment, notebook, hand_in = api.Comment, api.SubmittedNotebook, api.SubmittedAssignment
    rows = (
        book.db.query(hand_in.student_id, api.BaseCell.name, comment.manual_comment)
        .select_from(comment)
        .join(api.BaseCell, comment.cell_id == api.BaseCell.id)
        .join(notebook, comment.notebook_id == notebook.id)
        .join(hand_in, notebook.assignment_id == hand_in.id)
        .join(api.Assignment, hand_in.assignment_id == api.Assignment.id)
        .filter(api.Assignment.name == assignment, comment.manual_comment.isnot(None))
    )
    order = {cell: n for n, cell in enumerate(titles)}
    found: dict[str, list[str]] = {}
    for student, cell, text in sorted(rows, key=lambda row: order.get(row[1], len(order))):
        if text:
            found.setdefault(student, []).append(f"{titles.get(cell, cell)}: {text}")
    return found


def canvas_csv(
    grades: Sequence[Grade], assignment: str, most: float, numbers: Mapping[str, str] | None = None
) -> str:
    """The table that Canvas imports into its gradebook.

    Canvas finds a student by ``ID`` or by ``SIS Login ID``; an empty cell leaves its grade alone.
    Where the roster has no ``ID``, it is the one among ``numbers``, which its archive had.
    """
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]
    rows = [["    Points Possible", "", "", "", "", most]]
    for grade in grades:
        one = grade.student
        name = ", ".join(part for part in (one.last_name, one.first_name) if part) or one.id
        number = one.lms_user_id or (numbers or {}).get(one.id, "")
        login = one.username or one.id
        rows.append([name, number, one.sis_user_id, login, one.section, grade.score])
    return csv_table(head, rows)


def moodle_csv(
    grades: Sequence[Grade], assignment: str, most: float, numbers: Mapping[str, str] | None = None
) -> str:
    """The table for Moodle's *Grades, Import, CSV file*: map ``Username`` to the student.

    ``numbers`` are those of its archive, by which its grading worksheet knows the participants.
    """
    head = ["Username", "ID number", "First name", "Last name", "Email address", "Identifier"]
    rows = []
    for grade in grades:
        one = grade.student
        number = (numbers or {}).get(one.id) or one.participant.partition(" ")[0]
        participant = f"Participant {number}" if number else ""
        who = [one.username or one.id, one.lms_user_id, one.first_name, one.last_name, one.email]
        rows.append([*who, participant, grade.score, grade.comment])
    return csv_table([*head, assignment, "Feedback comments"], rows)


def csv_table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in (head, *rows):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else harmless(str(value))
