"""Hand-ins whose code is much the same, whatever its names and comments are.

``copydetect`` compares them, by winnowing: it takes the code apart into tokens, leaves out what the
released notebook had in it, and looks for the stretches that two hand-ins have in common. That two
are alike proves nothing: short functions are written in few ways. A human looks at them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from unrolled.course.course import Course
from unrolled.errors import UnrolledError
from unrolled.judging.assignment import Assignment
from unrolled.judging.notebook import is_answer
from unrolled.judging.rubric import Code
from unrolled.judging.submission import Unreadable
from unrolled.running.grading import jobs_of
from unrolled.running.work import submission_of

NOISE, GUARANTEE = 25, 30
"""The fewest tokens in common that can count, and that certainly count."""
MOST_LETTERS = 50_000
"""Of one hand-in: more is nobody's answer, and would take long."""


class SimilarityError(UnrolledError):
    """Hand-ins cannot be compared; the message says why."""


@dataclass(frozen=True)
class Pair:
    """Two hand-ins, and what they have in common.

    Attributes
    ----------
    shares : (float, float)
        The part of each that the other has too, from 0 to 1.
    parts : (list, list)
        The text of each in pieces, with whether the other has it too.
    """

    students: tuple[str, str]
    shares: tuple[float, float]
    parts: tuple[list[tuple[str, bool]], list[tuple[str, bool]]]

    @property
    def share(self) -> float:
        """The larger of both: who copies a part of something has the whole of it."""
        return max(self.shares)


def texts(course: Course, assignment: Assignment) -> dict[str, str]:
    """By student, the code that they wrote: answers in code, and cells of their own."""
    asked = {question.cell for question in assignment.questions if isinstance(question, Code)}
    found = {}
    for job in jobs_of(course, assignment):
        try:
            program = submission_of(assignment.with_variant(job.variant), job).program
        except Unreadable:
            continue
        parts = [s.source for s in program.steps if s.answer in asked or s.own or s.ours]
        if text := "\n\n".join(parts)[:MOST_LETTERS].strip():
            found[job.student] = text
    return found


def alike(
    texts: Mapping[str, str],
    given: str,
    above: float,
    together: Sequence[tuple[str, ...]] = (),
) -> Iterator[Pair]:
    """The pairs of hand-ins of which at least the share ``above`` is the same.

    Parameters
    ----------
    given
        What all were given, and does not count.
    together
        Students who hand in together, and are not compared with each other.

    Raises
    ------
    SimilarityError
        If copydetect is not installed.
    """
    try:
        from copydetect import CodeFingerprint, compare_files
    except ImportError:
        raise SimilarityError(
            "this takes the program copydetect: pip install 'unrolled[similarity]'"
        ) from None

    def fingerprint(text: str, window: int, boilerplate: Any) -> Any:
        file = io.StringIO(text)
        return CodeFingerprint("code.py", NOISE, window, boilerplate, fp=file)

    known = np.unique(np.array(list(fingerprint(given, 1, []).hashes)))
    prints = {s: fingerprint(t, GUARANTEE - NOISE + 1, known) for s, t in texts.items()}
    # of some there is nothing left but what was given
    told = sorted(student for student, one in prints.items() if one.token_coverage)
    groups = {student: group for group in together for student in group}
    for pair in combinations(told, 2):
        if pair[1] in groups.get(pair[0], ()):
            continue
        _, shares, places = compare_files(prints[pair[0]], prints[pair[1]])
        if max(shares) >= above:
            parts = [_in_parts(texts[s], p) for s, p in zip(pair, places, strict=True)]
            yield Pair(pair, (float(shares[0]), float(shares[1])), (parts[0], parts[1]))


def given_text(assignment: Assignment) -> str:
    """The code that everybody was given."""
    cells = assignment.released.cells
    return "\n\n".join(c.source for c in cells if c.cell_type == "code" and is_answer(c))


def _in_parts(text: str, places: Any) -> list[tuple[str, bool]]:
    """A text cut where what is the same begins and ends."""
    parts, at = [], 0
    for start, end in sorted(zip(*np.asarray(places, int), strict=True)):
        parts += [(text[at:start], False), (text[max(at, start) : end], True)]
        at = max(at, end)
    return [part for part in [*parts, (text[at:], False)] if part[0]]
