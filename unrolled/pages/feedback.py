"""The page that one student gets."""

from __future__ import annotations

from functools import partial

from markupsafe import Markup

from unrolled.judging.assignment import Assignment
from unrolled.judging.results import STATUSES, Result
from unrolled.pages.rendering import render


def feedback_page(assignment: Assignment, result: Result, answers: dict[str, str]) -> str:
    """The page that one student gets: points, reasons, and the answers they belong to."""
    return render(
        "feedback.html",
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
