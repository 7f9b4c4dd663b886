"""What an instructor wants to know of a class, out of its results."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import correlation, mean, median

from unrolled.judging.results import STATUSES, Result, Verdict

WORTH_A_LOOK = ("timeout", "memory", "killed", "altered", "unreadable")
"""Statuses that may be an accident, an attack, or our own mistake: a human decides."""
NO_MISTAKE = ("correct", "graded", "not attempted", "not graded", "unreadable")
ENOUGH = 3
"""The fewest hand-ins of which a correlation says anything at all."""


@dataclass(frozen=True)
class QuestionStatistics:
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


def questions(results: Sequence[Result]) -> list[QuestionStatistics]:
    """How each question went, hand-ins left out that could not be read or graded at all."""
    read = [r for r in results if not _nothing_to_learn_from(r)]
    asked = results[0].verdicts if results else []
    return [_numbers(n, verdict, read) for n, verdict in enumerate(asked)]


def _nothing_to_learn_from(result: Result) -> bool:
    statuses = {v.standing for v in result.verdicts}
    return statuses == {"unreadable"} or all(v.score is None for v in result.verdicts)


def _numbers(n: int, verdict: Verdict, results: Sequence[Result]) -> QuestionStatistics:
    graded = [(r, points) for r in results if (points := r.verdicts[n].score) is not None]
    if len(graded) < len(results):
        # of a text that some did not write, only those would count: zeros, which says nothing
        graded = []
    own = [points / (verdict.max_points or 1) for _, points in graded]
    rest = [r.score - points for r, points in graded]
    varied = len(graded) >= ENOUGH and len(set(own)) > 1 and len(set(rest)) > 1
    return QuestionStatistics(
        verdict.question.cell,
        verdict.question.title,
        verdict.max_points,
        mean(own) if own else None,
        correlation(own, rest) if varied else None,
        dict(Counter(r.verdicts[n].standing for r in results)),
    )


def distribution(results: Sequence[Result], bins: int = 10) -> list[tuple[float, float, int]]:
    """How many hand-ins earned from so many points to so many, in ``bins`` steps of equal width.

    What waits for a human is in neither points nor maximum.
    """
    most = max((_reachable(r) for r in results), default=0.0)
    width = most / bins or 1.0
    counts = Counter(min(max(int(r.score / width), 0), bins - 1) for r in results)
    return [(n * width, (n + 1) * width, counts[n]) for n in range(bins)]


def _reachable(result: Result) -> float:
    return sum(v.max_points for v in result.verdicts if v.score is not None)


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
            if verdict.standing not in NO_MISTAKE:
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
        why = _why(result)
        why += [note for note in result.notes if note not in why]
        why += (known or {}).get(result.student, ())
        if why:
            found.append(ForAHuman(result.student, why))
    return found


def _why(result: Result) -> list[str]:
    """Why somebody should look at a hand-in, by what became of its questions."""
    if {v.standing for v in result.verdicts} == {"unreadable"}:
        return [f"{STATUSES['unreadable']}: {result.verdicts[0].reasons[0]}"]
    titles: dict[str, list[str]] = defaultdict(list)
    for verdict in result.verdicts:
        if verdict.standing in WORTH_A_LOOK:
            titles[STATUSES[verdict.standing]].append(verdict.question.title)
        if verdict.mark and verdict.mark.again:
            titles["changed after a human had graded it"].append(verdict.question.title)
    return [f"{words}: {_some(which)}" for words, which in titles.items()]


def _some(titles: Sequence[str], most: int = 3) -> str:
    more = f" and {len(titles) - most} more" if len(titles) > most else ""
    return ", ".join(f"“{title}”" for title in titles[:most]) + more


def waiting(results: Iterable[Result]) -> dict[str, int]:
    """How many answers to each question wait for a human, by the question's title."""
    return dict(Counter(v.question.title for r in results for v in r.verdicts if v.score is None))


def alike(students: Iterable[str]) -> dict[str, list[str]]:
    """For each student, others of (nearly) the same name, such as Ann of ann, in words."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for student in students:
        plain = unicodedata.normalize("NFKC", student).casefold()
        by_name["".join(letter for letter in plain if letter.isalnum())].append(student)
    return {
        one: [f"not the same as {', '.join(other for other in same if other != one)}"]
        for same in by_name.values()
        if len(same) > 1
        for one in same
    }


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

    submissions: int
    wall: float | None
    work: float
    median: float
    slowest: float
    slowest_student: str


def cost(results: Sequence[Result], wall: float | None = None) -> Cost | None:
    """Time spent, from the results' own seconds; None where they have none."""
    each = [r.seconds for r in results]
    if not any(each):
        return None
    slowest = max(results, key=lambda r: r.seconds)
    return Cost(len(each), wall, sum(each), median(each), slowest.seconds, slowest.student)


def distribution_in_words(bars: Sequence[tuple[float, float, int]]) -> str:
    """The distribution in words, for those who do not see the picture."""
    parts = [f"{count} from {low:g} to {high:g}" for low, high, count in bars if count]
    return "Hand-ins by points: " + ("; ".join(parts) or "none")


def statuses_in_words(numbers: QuestionStatistics) -> str:
    """The statuses of a question in words, the most frequent first."""
    ordered = sorted(numbers.statuses.items(), key=lambda item: -item[1])
    return ", ".join(f"{count} {STATUSES[status]}" for status, count in ordered)
