"""Students' requests to look at an answer again, as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from unrolled.errors import UnrolledError
from unrolled.judging.results import Result
from unrolled.judging.rubric import Question


class RequestError(UnrolledError):
    """Requests that cannot be used; the message says which, and why."""


@dataclass(frozen=True)
class Request:
    """One request.

    Attributes
    ----------
    question : str
        The id of the answer's cell; empty where the student asks for all to be judged again.
    """

    student: str
    question: str = ""
    reason: str = ""


def read(path: Path, questions: Sequence[Question]) -> list[Request]:
    """The requests in a table with the columns ``id``, ``question`` and ``reason``.

    A question is named by its cell or by its title; with none, all of the hand-in is meant.

    Raises
    ------
    RequestError
        If the table cannot be read, or names a question that there is not.
    """
    names = {name: q.cell for q in questions for name in (q.cell, q.title, q.points)}
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise RequestError(f"{path} cannot be read as a table of requests: {error}") from None
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    if "id" not in (rows.fieldnames or ()):
        raise RequestError(f"{path} has no column “id”; it may have question and reason, too")
    found = []
    for row in rows:
        student, asked, reason = (
            (row.get(column) or "").strip() for column in ("id", "question", "reason")
        )
        if not student:
            continue
        if asked and asked not in names:
            known = ", ".join(q.cell for q in questions)
            raise RequestError(
                f"{path} line {rows.line_num}: no question {asked!r}; there are: {known}"
            )
        found.append(Request(student, names.get(asked, ""), reason))
    return found


def check(requests: Sequence[Request], handed_in: Sequence[str]) -> None:
    """Raise RequestError unless all of them are of somebody who handed in."""
    if not requests:
        raise RequestError("nobody is named: name students, or a table with --requests")
    unknown = sorted({request.student for request in requests} - set(handed_in))
    if unknown:
        raise RequestError(f"nothing was handed in by {', '.join(unknown)}")


def in_rows(
    requests: Sequence[Request], before: Sequence[Result], after: Sequence[Result]
) -> list[list[str]]:
    """For each request what the machine gave, and what it gives now."""
    old, new = ({result.student: result for result in results} for results in (before, after))
    return [
        [r.student, r.question or "all", _points(old, r), _points(new, r), r.reason]
        for r in requests
    ]


def _points(results: dict[str, Result], request: Request) -> str:
    if (result := results.get(request.student)) is None:
        return "–"
    if not request.question:
        return f"{result.points:g}"
    [verdict] = [v for v in result.verdicts if v.question.cell == request.question]
    return "–" if verdict.points is None else f"{verdict.points:g}"
