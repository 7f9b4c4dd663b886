"""The instructor's page of a class, written beside the course."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from unrolled.course.copied import copied_answers
from unrolled.course.course import Course
from unrolled.course.files import write
from unrolled.judging.assignment import Assignment
from unrolled.judging.results import Result
from unrolled.pages.report import report_page


def write_report(
    course: Course, assignment: Assignment, results: Sequence[Result], wall: float | None = None
) -> Path:
    """Write the page of a class that was graded in ``wall`` seconds; returns where it is.

    From it a link leads to each student's feedback.

    Raises
    ------
    StoreError
        If it cannot be written.
    """
    path = course.root / f"report-{assignment.name}.html"

    def link(student: str) -> str:
        page = course.folder("feedback", student, assignment.name) / f"{assignment.name}.html"
        return quote(os.path.relpath(page, path.parent))

    known = copied_answers(course, assignment, results)
    write(path, report_page(assignment, results, link, known, wall))
    return path
