"""The pages that come out of grading: one for each student, one for the class.

They are static and hold no script. Everything that a student wrote is escaped, by Jinja's
autoescaping; the pages' policy also forbids scripts and any request.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from autograder import report as numbers
from autograder.borrowed import borrowed
from autograder.judge import STATUSES

if TYPE_CHECKING:
    from autograder.course import Assignment, Course
    from autograder.grade import Result


TURNS = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
"""Characters that turn the direction of the text after them."""


def visible(text: str) -> str:
    """A text whose control characters, and marks that turn its direction round, are shown.

    Unseen, they would let an answer pretend on the page to be another than it is.

    >>> visible("a\\x1b[2J\\u202eb")
    'a␛[2J⟨U+202E⟩b'
    """
    return "".join(map(_visible, str(text).replace("\r\n", "\n")))


def _visible(letter: str) -> str:
    number = ord(letter)
    if number < 0x20 and letter not in "\n\t":
        return chr(0x2400 + number)
    odd = number in TURNS or 0x7F <= number < 0xA0 or 0xD800 <= number < 0xE000
    return f"⟨U+{number:04X}⟩" if odd else letter


_templates = Environment(
    loader=PackageLoader("autograder"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["number"] = lambda value: f"{value:g}"
_templates.filters["visible"] = visible


def feedback(assignment: Assignment, result: Result, answers: dict[str, str]) -> str:
    """The page that one student gets: points, reasons, and the answers they belong to."""
    return _templates.get_template("feedback.html").render(
        assignment=assignment,
        result=result,
        answers=answers,
        statuses=STATUSES,
        look_up=partial(look_up, book=assignment.book),
    )


def look_up(figure: str, book: str) -> Markup:
    """Where in the book a question is settled, ``page#heading``; a link if the book has a place."""
    page, _, heading = figure.partition("#")
    where = f"{page}, “{heading.replace('-', ' ')}”" if heading else page
    if not book.startswith(("https://", "http://", "file://")):
        return Markup("The book shows it: {}.").format(where)
    link = Markup('The book shows it: <a href="{}/{}.html{}">{}</a>.')
    return link.format(book.rstrip("/"), page, f"#{heading}" if heading else "", where)


def report(
    course: Course,
    assignment: Assignment,
    results: Sequence[Result],
    path: Path,
    wall: float | None = None,
) -> str:
    """The class, for the instructor, with links from ``path`` to each student's feedback.

    Parameters
    ----------
    wall
        How many seconds the run took, if somebody measured them.
    """

    def link(result: Result) -> str:
        page = course.folder("feedback", result.student, assignment.name)
        return quote(os.path.relpath(page / f"{assignment.notebook}.html", path.parent))

    bars = numbers.distribution(results)
    lent = borrowed(course, assignment, results)
    return _templates.get_template("report.html").render(
        assignment=assignment,
        results=results,
        link=link,
        statuses=STATUSES,
        # our own drawings, of numbers alone
        histogram=Markup(numbers.histogram(bars, numbers.told(bars))),
        bar=lambda share, what: Markup(numbers.bar(share, what)),
        questions=numbers.questions(results),
        by_status=numbers.by_status,
        mistakes=numbers.mistakes(results),
        for_a_human=numbers.for_a_human(results, lent),
        waiting=numbers.waiting(results),
        cost=numbers.cost(results, wall),
    )
