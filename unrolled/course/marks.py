"""A human's points and comments as a table: to be filled in, and to be taken into the gradebook."""

from __future__ import annotations

import csv
import difflib
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unrolled.course.exports import csv_table
from unrolled.errors import UnrolledError
from unrolled.judging.results import Mark, Result, Verdict

COLUMNS = ("id", "question", "points", "extra", "comment")
NONE = "-"
"""What takes away what was given."""
TOLD = 10
"""The most mistakes of a table that are told at once."""
Given = dict[tuple[str, str], Mark]


class MarksError(UnrolledError):
    """A table of marks that cannot be used; the message says which lines are wrong, and how."""


def to_fill_in(results: Sequence[Result]) -> str:
    """A table with a row for each answer that waits for a human or has a mark.

    What waits once more has its points empty, so that nobody gives them again unread: they stand
    under ``given``.
    """
    rows = [
        [
            result.student,
            verdict.question.cell,
            verdict.question.title,
            verdict.max_points,
            mark.points if verdict.score is None else None,
            mark.points if verdict.score is not None else None,
            mark.extra or None,
            mark.comment,
        ]
        for result in results
        for verdict in result.verdicts
        if verdict.score is None or verdict.mark
        for mark in [verdict.mark or Mark()]
    ]
    return csv_table(["id", "question", "title", "of", "given", "points", "extra", "comment"], rows)


def read(path: Path, results: Sequence[Result]) -> Given:
    """What is to be written into the gradebook: the marks of a table where they say something new.

    Parameters
    ----------
    results
        The class as it was graded, with the marks that there are.

    Raises
    ------
    MarksError
        If the table cannot be read, or any of its lines cannot be used.
    """
    known = {r.student: {v.question.cell: v for v in r.verdicts} for r in results}
    given: Given = {}
    seen: dict[tuple[str, str], int] = {}
    mistakes = []
    for line, row in _rows(path):
        try:
            student = _student(row["id"], known)
            verdict = _verdict(row["question"], known[student])
            place = student, verdict.question.cell
            if place in seen:
                raise ValueError(f"the same answer stands in line {seen[place]}")
            seen[place] = line
            mark = _mark(row, verdict)
        except ValueError as error:
            mistakes.append(f"line {line}: {error}")
            continue
        if mark != (verdict.mark or Mark(again=verdict.score is None)):
            given[place] = mark
    if mistakes:
        more = len(mistakes) - TOLD
        told = mistakes[:TOLD] + ([f"and {more} more"] if more > 0 else [])
        raise MarksError(f"{path}: nothing was written; " + "; ".join(told))
    return given


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a table with the numbers of their lines; a spreadsheet's semicolons will do."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise MarksError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeError:
        raise MarksError(
            f"{path} is not in UTF-8; save it again as “CSV UTF-8” in the spreadsheet"
        ) from None
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        columns = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        missing = [name for name in ("id", "question") if name not in columns]
        if missing or not set(columns) & set(COLUMNS[2:]):
            raise MarksError(
                f"{path} has the columns {', '.join(columns) or '(none)'}; needed are id, question "
                "and at least one of points, extra and comment"
            )
        reader.fieldnames = columns
        for row in reader:
            cells = {name: _uncovered(row.get(name) or "") for name in COLUMNS}
            if any(cells.values()):
                yield reader.line_num, cells
    except csv.Error as error:
        where = f"after line {reader.line_num}"
        raise MarksError(f"{path} cannot be read as a table: {where}: {error}") from None


def _uncovered(cell: str) -> str:
    """A cell without the apostrophe that kept a spreadsheet from computing it."""
    text = cell.strip()
    return text[1:] if re.match(r"'\s*[=+\-@＝＋－＠|%]", text) else text


def _student(name: str, known: Mapping[str, object]) -> str:
    if name in known:
        return name
    # a spreadsheet makes 7 of 007
    near = [k for k in known if k.casefold() == name.casefold() or k.lstrip("0") == name != ""]
    near = near or difflib.get_close_matches(name, known, n=1)
    raise ValueError(
        f"no hand-in of {name!r} has been graded" + (f"; is {near[0]!r} meant?" if near else "")
    )


def _verdict(name: str, verdicts: Mapping[str, Verdict]) -> Verdict:
    if name in verdicts:
        return verdicts[name]
    found = [v for v in verdicts.values() if name in (v.question.title, v.question.points)]
    if len(found) != 1:
        raise ValueError(f"there is no question {name!r}; there are: {', '.join(verdicts)}")
    return found[0]


def _mark(row: Mapping[str, str], verdict: Verdict) -> Mark:
    """The mark that there is, with what a row says."""
    waits = verdict.score is None
    mark = verdict.mark or Mark(again=waits)
    if points := row["points"]:
        given = None if points == NONE else _number(points, "points", verdict.max_points)
        mark = replace(mark, points=given, again=False)
    if extra := row["extra"]:
        mark = replace(mark, extra=0.0 if extra == NONE else _number(extra, "extra"))
    if comment := row["comment"]:
        mark = replace(mark, comment="" if comment == NONE else comment.replace("\0", ""))
    return mark


def _number(text: str, what: str, most: float = math.inf) -> float:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{what} is {text!r}, not a number of points")
    if number > most:
        raise ValueError(f"{what} is {number:g} of {most:g}; what is beyond goes into extra")
    return number


@dataclass(frozen=True)
class Change:
    """What a table changes at one answer, in words."""

    student: str
    title: str
    before: str
    after: str


def changes(given: Given, results: Sequence[Result]) -> list[Change]:
    """What would be different, answer by answer."""
    verdicts = {(r.student, v.question.cell): v for r in results for v in r.verdicts}
    return [
        Change(
            student,
            verdicts[student, cell].question.title,
            _in_words(verdicts[student, cell]),
            _in_words(replace(verdicts[student, cell], mark=mark)),
        )
        for (student, cell), mark in given.items()
    ]


def _in_words(verdict: Verdict) -> str:
    points = "waits" if verdict.score is None else f"{verdict.score:g}"
    comment = verdict.mark.comment if verdict.mark else ""
    short = comment if len(comment) <= 30 else f"{comment[:29]}…"
    return f"{points} “{' '.join(short.split())}”" if short else points
