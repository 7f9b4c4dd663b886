"""What an instructor wants to know of a class, out of its results; and grades for other systems.

Everything here is a function of results; ``pages`` shows it, and ``cli`` writes it.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import correlation, mean, median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.grade import Result
    from autograder.judge import Verdict

WORTH_A_LOOK = ("timeout", "memory", "killed", "altered", "unreadable")
"""Statuses that may be an accident, an attack, or our own mistake: a human decides."""
ENOUGH = 3
"""The fewest hand-ins of which a correlation says anything at all."""


@dataclass(frozen=True)
class QuestionNumbers:
    """How one question went.

    Attributes
    ----------
    share : float or None
        The mean share of its points that was earned, from 0 (nobody) to 1 (all); lower is harder.
        None while a human has still to grade an answer to it.
    discrimination : float or None
        The correlation of its points with those of all other questions, from −1 to 1. Near zero
        or below, the question does not tell who knows the rest; look at it again.
    statuses : dict
        How many hand-ins had each status.
    """

    cell: str
    title: str
    max_points: float
    share: float | None
    discrimination: float | None
    statuses: dict[str, int]


def questions(results: Sequence[Result]) -> list[QuestionNumbers]:
    """How each question went, hand-ins left out that could not be read or graded at all."""
    read = [r for r in results if not _nothing_to_learn_from(r)]
    asked = results[0].verdicts if results else []
    return [_numbers(n, verdict, read) for n, verdict in enumerate(asked)]


def _nothing_to_learn_from(result: Result) -> bool:
    statuses = {v.status for v in result.verdicts}
    return statuses == {"unreadable"} or all(v.points is None for v in result.verdicts)


def _numbers(n: int, verdict: Verdict, results: Sequence[Result]) -> QuestionNumbers:
    waits = any(r.verdicts[n].points is None for r in results)
    # of a text that some did not write, only those would count: zeros, which says nothing
    graded = [] if waits else results
    own = [r.verdicts[n].points / (r.verdicts[n].max_points or 1) for r in graded]
    rest = [r.points - r.verdicts[n].points for r in graded]
    varied = len(graded) >= ENOUGH and len(set(own)) > 1 and len(set(rest)) > 1
    return QuestionNumbers(
        verdict.question.cell,
        verdict.question.title,
        verdict.max_points,
        mean(own) if own else None,
        correlation(own, rest) if varied else None,
        dict(Counter(r.verdicts[n].status for r in results)),
    )


def distribution(results: Sequence[Result], bins: int = 10) -> list[tuple[float, float, int]]:
    """How many hand-ins earned from so many points to so many, in ``bins`` steps of equal width.

    The points are those of the machine; what waits for a human is in neither points nor maximum.
    """
    most = max((_reachable(r) for r in results), default=0.0)
    width = most / bins or 1.0
    counts = Counter(min(int(r.points / width), bins - 1) for r in results)
    return [(n * width, (n + 1) * width, counts[n]) for n in range(bins)]


def _reachable(result: Result) -> float:
    return sum(v.max_points for v in result.verdicts if v.points is not None)


@dataclass(frozen=True)
class Mistake:
    """One mistake, and who made it."""

    title: str
    words: str
    students: list[str]


def mistakes(results: Iterable[Result], most: int = 15) -> list[Mistake]:
    """The commonest mistakes first, by the wrong idea behind them where one is known.

    Otherwise the same words about the same question are the same mistake.

    What a single student did is told only where no mistake was made twice.
    """
    who: dict[tuple[str, str], list[str]] = defaultdict(list)
    for result in results:
        for verdict in result.verdicts:
            if verdict.status not in ("correct", "not attempted", "not graded", "unreadable"):
                words = verdict.idea or _gist(verdict.reasons)
                who[verdict.question.title, words].append(result.student)
    common = {key: made for key, made in who.items() if len(made) > 1} or who
    ordered = sorted(common.items(), key=lambda item: (-len(item[1]), item[0]))
    return [Mistake(title, words, sorted(who)) for (title, words), who in ordered[:most]]


def _gist(reasons: Sequence[str]) -> str:
    """The first reason without what differs from one student to the next who err alike."""
    first = reasons[0] if reasons else ""
    return re.sub(r" in line \d+| Until there all agrees: .*", "", first)


@dataclass(frozen=True)
class ForAHuman:
    """One hand-in that somebody should look at, and why."""

    student: str
    why: list[str]


def for_a_human(
    results: Iterable[Result], known: Mapping[str, Sequence[str]] | None = None
) -> list[ForAHuman]:
    """Hand-ins that need a human eye, except for texts that wait to be graded in any case.

    What else is ``known`` of a student is told too.
    """
    found = []
    for result in results:
        statuses = Counter(v.status for v in result.verdicts if v.status in WORTH_A_LOOK)
        why = [f"{status} ({n})" if n > 1 else status for status, n in statuses.items()]
        why += [note for note in result.notes if note not in why]
        why += (known or {}).get(result.student, ())
        if why:
            found.append(ForAHuman(result.student, why))
    return found


def waiting(results: Iterable[Result]) -> int:
    """How many answers wait for a human to grade them."""
    return sum(v.points is None for result in results for v in result.verdicts)


@dataclass(frozen=True)
class Cost:
    """What grading the class took.

    Attributes
    ----------
    wall : float or None
        Seconds from start to end, if the caller measured them.
    work : float
        Seconds of judging, added up over all workers.
    median, slowest : float
        Seconds of one hand-in.
    slowest_student : str
    """

    hand_ins: int
    wall: float | None
    work: float
    median: float
    slowest: float
    slowest_student: str


def cost(results: Sequence[Result], wall: float | None = None) -> Cost | None:
    """Time spent, from the results' own seconds; None where they have none."""
    seconds = {r.student: getattr(r, "seconds", 0.0) for r in results}
    if not any(seconds.values()):
        return None
    slowest = max(seconds, key=seconds.get)
    each = list(seconds.values())
    return Cost(len(each), wall, sum(each), median(each), seconds[slowest], slowest)


# grades for other systems


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
    from nbgrader.api import Gradebook

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
    writer = csv.writer(out, lineterminator="\r\n")
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


# pictures


def histogram(bars: Sequence[tuple[float, float, int]], what: str) -> str:
    """The distribution as an SVG whose colours are those of the page."""
    high = max((count for *_, count in bars), default=0) or 1
    wide, tall, left, base = 560, 190, 36, 160
    step = (wide - left) / max(len(bars), 1)
    parts = [_opening(wide, tall, what)]
    for tick in sorted({0, high // 2, high}):
        y = base - 140 * tick / high
        parts.append(f'<line class="grid" x1="{left}" x2="{wide}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{tick}</text>')
    for n, (low, _, count) in enumerate(bars):
        x, height = left + n * step, 140 * count / high
        parts.append(
            f'<rect class="bar" x="{x + 2:.1f}" y="{base - height:.1f}" '
            f'width="{step - 4:.1f}" height="{height:.1f}"/>'
        )
        parts.append(f'<text x="{x:.1f}" y="{base + 16}" text-anchor="middle">{low:g}</text>')
    if bars:
        parts.append(f'<text x="{wide}" y="{base + 16}" text-anchor="end">{bars[-1][1]:g}</text>')
    return "".join([*parts, "</svg>"])


def bar(share: float, what: str) -> str:
    """One share from 0 to 1 as a bar."""
    return (
        _opening(120, 12, what)
        + '<rect class="rail" width="120" height="12" rx="3"/>'
        + f'<rect class="bar" width="{120 * min(max(share, 0), 1):.1f}" height="12" rx="3"/></svg>'
    )


def _opening(wide: int, tall: int, what: str) -> str:
    label = what.translate({ord(c): f"&#{ord(c)};" for c in "<>&\"'"})
    return f'<svg viewBox="0 0 {wide} {tall}" role="img" aria-label="{label}">'


def told(bars: Sequence[tuple[float, float, int]]) -> str:
    """The distribution in words, for those who do not see the picture."""
    parts = [f"{count} from {low:g} to {high:g}" for low, high, count in bars if count]
    return "Hand-ins by points: " + ("; ".join(parts) or "none")


def by_status(numbers: QuestionNumbers, statuses: Mapping[str, str]) -> str:
    """The statuses of a question in words, the most frequent first."""
    ordered = sorted(numbers.statuses.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {statuses[status]}" for status, count in ordered)
