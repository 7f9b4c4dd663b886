"""What became of a hand-in, and how that is kept: as JSON, without the rubric in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from unrolled.judging.compare import Rows
from unrolled.judging.rubric import Question

UNSAFE = "Graded without a sandbox (--unsafe)."
STATUSES = {
    "correct": "right",
    "partly": "partly right",
    "wrong": "wrong",
    "error": "stopped with an error",
    "timeout": "took too long",
    "memory": "took too much memory",
    "killed": "ended its process",
    "not attempted": "not attempted",
    "altered": "its cell was taken out",
    "unreadable": "could not be read",
    "not graded": "waits for a human",
    "graded": "graded by a human",
}
"""What can become of a question, and how a person says it."""
MOST_TEXT, MOST_TEXTS = 2000, 50
"""The longest text that is told of a hand-in, and the most of them: it may quote what is longer."""


def told(texts: Sequence[str]) -> list[str]:
    """``texts`` in a form that every file and database can hold, and no longer than is read."""
    cut = [text if len(text) <= MOST_TEXT else f"{text[:MOST_TEXT]} …" for text in texts]
    left = len(cut) - MOST_TEXTS
    kept = cut if left <= 0 else [*cut[:MOST_TEXTS], f"(and {left} more)"]
    # file names may hold bytes that are no text, and JSON half of a surrogate pair or a null
    return [t.encode("utf-8", "backslashreplace").decode().replace("\0", "␀") for t in kept]


@dataclass(frozen=True)
class Mark:
    """What a human gave one answer, in formgrader or by a table.

    Attributes
    ----------
    points : float or None
        In the place of the machine's; None if there are none.
    extra : float
        Extra credit, on top of either.
    again : bool
        Whether a human has to look once more, such as at a text that was handed in again.
    """

    points: float | None = None
    extra: float = 0.0
    comment: str = ""
    again: bool = False


@dataclass(frozen=True)
class Verdict:
    """What one question is worth, and why.

    Attributes
    ----------
    points : float or None
        None where a human is to decide.
    reasons : list of str
        For the student. Plain text that may quote the hand-in: escape it wherever it is shown.
    idea, hint, figure : str
        The wrong idea that explains the answer, its hint, and where in the book it is settled.
    given : str
        The marks of typed numbers that are wrong: they may be right for somebody else.
    withheld : list of str
        The reasons again, without the numbers that were expected.
    hidden : list of str
        Those of the reasons that tell of hidden cases; the last says how many are right.
    steps : list of str
        Of a run over time, what became of each step: "right", "follows" (from a slip before it),
        "wrong", or "after" the first that is wrong. Only of what the student may see.
    rows : list of Rows
        What differs first.
    drawn : list of str
        The figures that the answer drew when it was judged: PNG made anew, in base64.
    mark : Mark or None
        What a human gave. It is the gradebook's, and not kept with the result.
    by_the_clock : bool
        The time ran out, and not the processor's: alone on the machine it may have been enough.
    """

    question: Question
    status: str
    points: float | None
    max_points: float
    reasons: list[str] = field(default_factory=list)
    idea: str = ""
    hint: str = ""
    figure: str = ""
    given: str = ""
    withheld: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    mark: Mark | None = None
    by_the_clock: bool = False

    @property
    def score(self) -> float | None:
        """The points with those of a human; None where they wait for one."""
        if self.mark is None:
            return self.points
        points = self.points if self.mark.points is None else self.mark.points
        return None if points is None or self.mark.again else points + self.mark.extra

    @property
    def standing(self) -> str:
        """The status, with a human's part in it."""
        if self.mark is None:
            return self.status
        if self.score is None:
            return "not graded"
        return self.status if self.mark.points is None else "graded"

    def __post_init__(self) -> None:
        for name in ("reasons", "withheld", "hidden"):
            object.__setattr__(self, name, told(getattr(self, name)))


@dataclass(frozen=True)
class Result:
    """What became of one hand-in.

    Attributes
    ----------
    notes : list of str
        What was found out of place in it, for student and instructor.
    stamp : str
        What every page and comment begins with, such as that there was no sandbox.
    seconds : float
        How long judging it took.
    """

    student: str
    verdicts: list[Verdict]
    notes: list[str]
    stamp: str = ""
    seconds: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "notes", told(self.notes))

    @property
    def points(self) -> float:
        """The machine's points, without what a human has to grade."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def score(self) -> float:
        """The points so far, a human's included, without what still waits for one."""
        return sum(verdict.score or 0 for verdict in self.verdicts)

    def with_marks(self, marks: Mapping[str, Mark]) -> Result:
        """The result with what a human gave, by the cells of the answers."""
        verdicts = [replace(v, mark=marks.get(v.question.cell)) for v in self.verdicts]
        return replace(self, verdicts=verdicts)

    @property
    def max_points(self) -> float:
        return sum(verdict.max_points for verdict in self.verdicts)

    @property
    def remark(self) -> str:
        """The hand-in in a few words."""
        statuses = [v.standing for v in self.verdicts]
        fine = ("correct", "not graded", "graded")
        if len(set(statuses)) == 1 and statuses[0] not in ("correct", "graded"):
            return statuses[0]
        counted = {s: statuses.count(s) for s in statuses if s not in fine}
        told = [f"{s} ({n})" if n > 1 else s for s, n in counted.items()]
        noted = ["altered"] if self.notes and "altered" not in counted else []
        return ", ".join(told + noted) or "all right"

    def to_json(self) -> dict[str, Any]:
        """The result in plain values."""
        verdicts = [
            {
                "question": v.question.cell,
                "status": v.status,
                "points": v.points,
                "max_points": v.max_points,
                "reasons": v.reasons,
                "idea": v.idea,
                "hint": v.hint,
                "figure": v.figure,
                "given": v.given,
                "withheld": v.withheld,
                "hidden": v.hidden,
                "steps": v.steps,
                "rows": [asdict(rows) for rows in v.rows],
                "drawn": v.drawn,
                "mark": v.mark and asdict(v.mark),
                "score": v.score,
            }
            for v in self.verdicts
        ]
        return {
            "student": self.student,
            "points": self.points,
            "score": self.score,
            "max_points": self.max_points,
            "remark": self.remark,
            "verdicts": verdicts,
            "notes": self.notes,
            "stamp": self.stamp,
            "seconds": round(self.seconds, 3),
        }


def from_json(data: dict[str, Any], questions: Sequence[Question]) -> Result:
    """The result that ``to_json`` wrote, without a human's marks: the gradebook has those.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it did not write this, or not for these ``questions``.
    """
    asked = {question.cell: question for question in questions}
    verdicts = [
        Verdict(
            asked[v["question"]],
            **{name: v[name] for name in ("status", "points", "max_points", "reasons")},
            **{name: v[name] for name in ("idea", "hint", "figure", "given")},
            **{name: v[name] for name in ("withheld", "hidden", "steps", "drawn")},
            rows=[Rows(**rows) for rows in v["rows"]],
        )
        for v in data["verdicts"]
    ]
    if len(verdicts) != len(asked) or any(v.status not in STATUSES for v in verdicts):
        raise ValueError("a result of another assignment")
    return Result(
        data["student"], verdicts, list(data["notes"]), data["stamp"], float(data["seconds"])
    )
