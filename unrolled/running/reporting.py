"""The instructor's page of a class, written beside the course."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from unrolled.course.copied import copied_answers
from unrolled.course.course import Course
from unrolled.course.files import write
from unrolled.course.gradebook import Gradebook, open_gradebook
from unrolled.judging.assignment import Assignment
from unrolled.judging.results import Result
from unrolled.pages.report import report_page
from unrolled.pages.statistics import alike


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

    with open_gradebook(course, assignment) as book:
        flagged, formgrader = book.flagged, formgrader_address(course, assignment, book)

    def link(student: str) -> str:
        page = course.folder("feedback", student, assignment.name) / f"{assignment.name}.html"
        return quote(os.path.relpath(page, path.parent))

    known: dict[str, list[str]] = defaultdict(list)
    for found in (
        {student: ["flagged in formgrader"] for student in flagged},
        copied_answers(course, assignment, results),
        alike(result.student for result in results),
    ):
        for student, why in found.items():
            known[student] += why
    write(path, report_page(assignment, results, link, known, wall, formgrader))
    return path


def formgrader_address(
    course: Course, assignment: Assignment, book: Gradebook
) -> Callable[[str], str]:
    """Where formgrader shows a hand-in, and with an empty name all; empty where nobody knows.

    The course says where formgrader is: ``c.Unrolled.formgrader``.
    """
    base = str(course.config.get("Unrolled", {}).get("formgrader", "")).rstrip("/")
    ids = book.notebooks

    def address(student: str) -> str:
        if not base.startswith(("https://", "http://")) or (student and student not in ids):
            return ""
        name = quote(assignment.name)
        return (
            f"{base}/submissions/{ids[student]}" if student else f"{base}/gradebook/{name}/{name}"
        )

    return address
