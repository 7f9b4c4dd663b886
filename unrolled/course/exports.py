"""Grades for learning platforms, out of nbgrader's gradebook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nbgrader.api import Gradebook


@dataclass(frozen=True)
class Grade:
    """One student's grade as the gradebook has it, a human's points and late penalties included.

    Attributes
    ----------
    student : str
        The name of the folder that was handed in, which is the login or number of the student.
    score : float or None
        None while an answer waits for a human: what is not final is not exported.
    lms_id : str
        The number in the learning system, if the gradebook knows it.
    """

    student: str
    score: float | None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    lms_id: str = ""
    comment: str = ""


def grades(db_url: str, course_id: str, assignment: str) -> tuple[list[Grade], float]:
    """All grades of an assignment in nbgrader's gradebook, and the most points there are."""
    with Gradebook(db_url, course_id) as book:
        found = [
            Grade(
                submission.student.id,
                None if submission.needs_manual_grade else submission.score,
                submission.student.first_name or "",
                submission.student.last_name or "",
                submission.student.email or "",
                submission.student.lms_user_id or "",
            )
            for submission in book.assignment_submissions(assignment)
        ]
        return sorted(found, key=lambda grade: grade.student), book.find_assignment(
            assignment
        ).max_score


def canvas_csv(grades: Sequence[Grade], assignment: str, most: float) -> str:
    """The table that Canvas imports into its gradebook.

    Canvas finds a student by ``ID`` or by ``SIS Login ID``; an empty cell leaves its grade alone.
    """
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment]
    rows = [["    Points Possible", "", "", "", "", most]]
    for grade in grades:
        name = ", ".join(part for part in (grade.last_name, grade.first_name) if part)
        rows.append([name or grade.student, grade.lms_id, "", grade.student, "", grade.score])
    return _csv(head, rows)


def moodle_csv(grades: Sequence[Grade], assignment: str, most: float) -> str:
    """The table for Moodle's *Grades, Import, CSV file*: map ``Username`` to the student."""
    head = ["Username", "ID number", "First name", "Last name", "Email address", assignment]
    rows = [
        [g.student, g.lms_id, g.first_name, g.last_name, g.email, g.score, g.comment]
        for g in grades
    ]
    return _csv([*head, "Feedback comments"], rows)


def _csv(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    # all in quotes: where the list separator is “;”, a cell would end at one in the midst of it
    writer = csv.writer(out, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    for row in (head, *rows):
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    """A cell that a spreadsheet shows and never computes.

    What begins with one of these characters is a formula to a spreadsheet, which may send the
    table's other cells to anyone; an apostrophe before it makes it a text.
    """
    if value is None:
        return ""
    if isinstance(value, int | float):
        return f"{value:g}"
    text = str(value).replace("\0", "")
    return f"'{text}" if text.lstrip()[:1] in {*"=+-@＝＋－＠", "|", "%"} - {""} else text
