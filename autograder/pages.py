"""The pages that come out of grading: one for each student, one for the class.

They are static and hold no script. Everything that a student wrote is escaped, by Jinja's
autoescaping; the pages' policy also forbids scripts and any request.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from autograder.judge import STATUSES

if TYPE_CHECKING:
    from autograder.course import Assignment, Course
    from autograder.grade import Result

_templates = Environment(
    loader=PackageLoader("autograder"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
_templates.filters["number"] = lambda value: f"{value:g}"


def feedback(assignment: Assignment, result: Result, answers: dict[str, str]) -> str:
    """The page that one student gets: points, reasons, and the answers they belong to."""
    return _templates.get_template("feedback.html").render(
        assignment=assignment, result=result, answers=answers, statuses=STATUSES
    )


def report(course: Course, assignment: Assignment, results: Sequence[Result], path: Path) -> str:
    """The class in one table, for the instructor, with links from ``path`` to the feedback."""

    def link(result: Result) -> str:
        page = course.folder("feedback", result.student, assignment.name)
        return quote(os.path.relpath(page / f"{assignment.notebook}.html", path.parent))

    return _templates.get_template("report.html").render(
        assignment=assignment, results=results, link=link, statuses=STATUSES
    )
