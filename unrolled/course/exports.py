"""Grades for learning platforms, out of nbgrader's gradebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nbgrader import api
from nbgrader.api import Gradebook, MissingEntry, SubmittedAssignment

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
    roster = course.class_roster()
    with errors_named(course.db_url), Gradebook(course.db_url, course.id) as book:
        try:
            most = book.find_assignment(assignment).max_score
            submissions = book.assignment_submissions(assignment)
        except MissingEntry:
            raise GradebookError(
                f"{course.db_url} has no grades of {assignment}; "
                f"grade it first: unrolled grade {assignment}"
            ) from None
        found = [
            Grade(
                roster.find(submission.student_id) or _known(submission.student),
                None
                if submission.needs_manual_grade
                else max(0.0, submission.score - submission.late_submission_penalty),
                _said(submission, titles or {}, (late or {}).get(submission.student_id, "")),
            )
            for submission in submissions
            if is_there(course, submission.student_id, assignment)
        ]
    if zeros:
        gone = set(course.missing(assignment)) - {grade.student.id for grade in found}
        found += [
            Grade(student, 0.0, "Nothing was handed in.")
            for student in roster.students
            if student.id in gone
        ]
    return sorted(found, key=lambda grade: grade.student.id), most


def _known(student: api.Student) -> Student:
    """A student as the gradebook has it."""
    names = ("id", "first_name", "last_name", "email", "lms_user_id")
    return Student(*(getattr(student, name) or "" for name in names))


def _said(submission: SubmittedAssignment, titles: Mapping[str, str], late: str) -> str:
    """How late a hand-in came, and what a human said of it, question by question."""
    said = {
        comment.name: comment.manual_comment
        for notebook in submission.notebooks
        for comment in notebook.comments
        if comment.manual_comment
    }
    order = [cell for cell in titles if cell in said]
    order += [cell for cell in said if cell not in titles]
    lines = [f"{titles.get(cell, cell)}: {said[cell]}" for cell in order]
    return "\n".join(([late] if late else []) + lines)


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
