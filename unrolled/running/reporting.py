"""The instructor's page of a class, written beside the course."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from markupsafe import escape

from unrolled.course import lateness, store, withdrawn
from unrolled.course.copied import copied_answers
from unrolled.course.course import Course
from unrolled.course.files import in_a_name, write
from unrolled.course.gradebook import Gradebook, errors_named, open_gradebook
from unrolled.course.lateness import Lateness
from unrolled.judging.assignment import Assignment
from unrolled.judging.results import Result
from unrolled.pages.report import report_page
from unrolled.pages.statistics import alike

LATE = '<p class="late">'
"""With this a page begins a line, empty, for what is known only after all are graded."""


def settle(course: Course, assignment: str) -> dict[str, Lateness]:
    """Bring the gradebook up to date with deadlines and with what is handed in; and the pages.

    What was withdrawn leaves the gradebook, or is named where a human has graded it. Returns who
    was late.

    Raises
    ------
    CourseError, GradebookError, StoreError
        If the late plugin fails, or something cannot be written.
    """
    with store.locked(course.root, lambda _: None):
        for student in withdrawn.take_out(course, assignment):
            print(
                f"unrolled: {student} is not in {course.directory.submitted_directory}/ any more, "
                "but a human graded that hand-in: it stays in the gradebook, and leaves our tables",
                file=sys.stderr,
            )
        with errors_named(course.db_url):
            course.tell_gradebook()
        late = lateness.settle(course, assignment)
        root = course.root / course.directory.feedback_directory
        for student in sorted(path.name for path in root.glob("*") if path.is_dir()):
            page = course.folder("feedback", student, assignment) / f"{assignment}.html"
            if page.is_file():
                words = late[student].words if student in late else ""
                _say_on_page(page, str(escape(words)))
    return late


def _say_on_page(page: Path, words: str) -> None:
    text = page.read_text(encoding="utf-8")
    before, here, rest = text.partition(LATE)
    said, end, after = rest.partition("</p>")
    if here and said != words:
        write(page, before + here + words + end + after)


def write_report(
    course: Course, assignment: Assignment, results: Sequence[Result], wall: float | None = None
) -> Path:
    """Write the page of a class that was graded in ``wall`` seconds; returns where it is.

    Beside it comes one for each section, where the roster has several. From it a link leads to
    each student's feedback.

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
    late = settle(course, assignment.name)
    told = {student: one.words for student, one in late.items()}
    gone = course.missing(assignment.name)
    sections = course.class_roster().sections
    for section, students in sections.items() if len(sections) > 1 else ():
        page = report_page(
            assignment,
            [result for result in results if result.student in students],
            link,
            known,
            formgrader=formgrader,
            late={student: words for student, words in told.items() if student in students},
            missing=[student for student in gone if student in students],
        )
        write(path.with_stem(f"{path.stem}-{in_a_name(section)}"), page)
    write(path, report_page(assignment, results, link, known, wall, formgrader, told, gone))
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
