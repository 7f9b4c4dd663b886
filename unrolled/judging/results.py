"""What became of a hand-in, and how that is kept: as JSON, without the rubric in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

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
    by_the_clock: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "reasons", told(self.reasons))


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
        """The points so far, without what a human has still to grade."""
        return sum(verdict.points or 0 for verdict in self.verdicts)

    @property
    def max_points(self) -> float:
        return sum(verdict.max_points for verdict in self.verdicts)

    @property
    def remark(self) -> str:
        """The hand-in in a few words."""
        statuses = [v.status for v in self.verdicts]
        if len(set(statuses)) == 1 and statuses[0] != "correct":
            return statuses[0]
        counted = {s: statuses.count(s) for s in statuses if s not in ("correct", "not graded")}
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
            }
            for v in self.verdicts
        ]
        return {
            "student": self.student,
            "points": self.points,
            "max_points": self.max_points,
            "remark": self.remark,
            "verdicts": verdicts,
            "notes": self.notes,
            "stamp": self.stamp,
            "seconds": round(self.seconds, 3),
        }


def from_json(data: dict[str, Any], questions: Sequence[Question]) -> Result:
    """The result that ``to_json`` wrote.

    Raises
    ------
    KeyError, TypeError, ValueError
        If it did not write this, or not for these ``questions``.
    """
    asked = {question.cell: question for question in questions}
    verdicts = [
        Verdict(
            asked[v["question"]],
            v["status"],
            v["points"],
            v["max_points"],
            list(v["reasons"]),
            *(v[name] for name in ("idea", "hint", "figure", "given")),
        )
        for v in data["verdicts"]
    ]
    if len(verdicts) != len(asked) or any(v.status not in STATUSES for v in verdicts):
        raise ValueError("a result of another assignment")
    return Result(
        data["student"], verdicts, list(data["notes"]), data["stamp"], float(data["seconds"])
    )
