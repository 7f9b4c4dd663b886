"""The judge: runs each question in its sandbox, and decides outside of it what it is worth."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from autograder import sandbox, wire
from autograder.checks import named
from autograder.compare import Expected, first_difference, hand_computation
from autograder.handin import HandIn, cell_id, is_answer
from autograder.rubric import ByHand, Case, Code, Question, Written

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


@dataclass(frozen=True)
class Verdict:
    """What one question is worth, and why.

    Attributes
    ----------
    points : float or None
        None where a human is to decide.
    reasons : list of str
        For the student. Plain text that may quote the hand-in: escape it wherever it is shown.
    """

    question: Question
    status: str
    points: float | None
    max_points: float
    reasons: list[str] = field(default_factory=list)


def judge(
    handin: HandIn,
    released: NotebookNode,
    questions: Sequence[Question],
    points: dict[str, float],
    limits: sandbox.Limits | None = None,
    unsafe: bool = False,
) -> list[Verdict]:
    """A verdict on each question, in order.

    Parameters
    ----------
    handin
        The student's answers.
    released
        The notebook they were asked in: its unlocked setup cells run before the answers.
    questions
        The rubric.
    points
        The points of each question, by the id of the cell that carries them.
    unsafe
        Run the student's code without a sandbox.
    """
    deadly: set[str] = set()
    with sandbox.room(limits or sandbox.Limits(), unsafe) as room:
        return [
            _Judgement(handin, released, question, points, room, deadly).verdict()
            for question in questions
        ]


@dataclass(frozen=True)
class _Judgement:
    """One question of one hand-in."""

    handin: HandIn
    released: NotebookNode
    question: Question
    points: dict[str, float]
    room: sandbox.Room | sandbox.UnsafeRoom
    deadly: set[str]

    def verdict(self) -> Verdict:
        if self.question.cell not in self.handin.attempted:
            if self.question.cell in self.handin.missing:
                reason = "The cell of this answer was taken out of the notebook."
                return self._say("altered", 0.0, reason)
            return self._say("not attempted", 0.0, "There is no answer here.")
        if isinstance(self.question, Written):
            return self._say("not graded", None, "A human reads this answer.")
        try:
            with self.room.question() as box:
                error = _told(self._start(box).get("error"), hidden=False)
                if error is not None:
                    if error.startswith("MemoryError"):
                        return self._say("memory", 0.0, f"Your cell stops with {error}")
                    return self._say("error", 0.0, f"Your cell stops with {error}")
                match self.question:
                    case ByHand():
                        return self._by_hand(box)
                    case Code():
                        return self._code(box)
        except sandbox.Stopped as stopped:
            return self._say(stopped.kind, 0.0, f"Your code gave {stopped}.")
        except wire.WireError as error:
            return self._say("killed", 0.0, f"Your code sent {error}.")

    def _start(self, box: sandbox.Box) -> dict[str, Any]:
        try:
            return box.start(self._cells())
        except sandbox.Stopped:
            # later questions run without this cell, which would end them too
            self.deadly.add(self.question.cell)
            raise

    def _say(self, status: str, share: float | None, *reasons: str) -> Verdict:
        most = self.points[self.question.points]
        points = None if share is None else round(float(share) * most, 2)
        return Verdict(self.question, status, points, most, list(reasons))

    def _cells(self) -> list[dict[str, str]]:
        """The code to run: our setup, then the answers up to this one."""
        cells = []
        for cell in self.released.cells:
            name = cell_id(cell)
            if cell.cell_type != "code" or cell.metadata.get("nbgrader", {}).get("grade"):
                continue
            if not is_answer(cell):
                cells.append({"name": name or "setup", "source": cell.source})
            elif name in self.handin.attempted and name not in self.deadly:
                cells.append({"name": name, "source": self.handin.answers[name]})
            if name == self.question.cell:
                break
        return cells

    def _by_hand(self, box: sandbox.Box) -> Verdict:
        names = self.question.names
        values = box.ask({"read": list(names.values())}).get("values")
        if not isinstance(values, dict):
            return self._say("error", 0.0, "The numbers could not be read.")
        got = {name: wire.decode(values.get(variable)) for name, variable in names.items()}
        result = hand_computation(self.question.true, got)
        right, T = sum(result.follows), len(result.follows)
        if result.first is None:
            return self._say("correct", 1.0, f"All {T} time steps are right.")
        reasons = [result.first.in_words()]
        after = result.first.t or T
        if carried := [t for t in range(after + 1, T + 1) if result.follows[t - 1]]:
            steps = ", ".join(f"{name}({t})" for t in carried for name in names)
            reasons.append(f"These follow from your own numbers before them, and count: {steps}.")
        reasons.append(f"{right} of {T} time steps count.")
        return self._say("partly" if right else "wrong", right / T, *reasons)

    def _code(self, box: sandbox.Box) -> Verdict:
        statuses, right = [], 0
        titles: dict[str, list[str]] = {}  # of the cases, by what went wrong in them
        # public cases first: what is told of them cannot hold what a hidden one brought in
        for case in sorted(self.question.cases, key=lambda case: case.hidden):
            try:
                status, reason = self._case(box, case)
            except (sandbox.Stopped, wire.WireError) as stopped:
                status = getattr(stopped, "kind", "killed")
                reason = f"your code gave {stopped}. The cases after this one were not run."
            statuses.append(status)
            right += status == "correct" and case.hidden
            if reason:
                titles.setdefault(reason, []).append(case.title)
            if status in ("timeout", "memory", "killed"):
                break
        hidden = sum(case.hidden for case in self.question.cases)
        reasons = [f"{'; '.join(same)}: {reason}" for reason, same in titles.items()]
        reasons.append(f"{right} of {hidden} hidden cases are right.")
        status = next((s for s in statuses if s != "correct"), "correct")
        if right and status in ("wrong", "error"):
            status = "partly"
        return self._say(status, right / hidden, *reasons)

    def _case(self, box: sandbox.Box, case: Case) -> tuple[str, str]:
        arguments = {name: wire.encode(value) for name, value in case.arguments.items()}
        said = box.ask({"call": self.question.function, "arguments": arguments})
        if (error := _told(said.get("error"), case.hidden)) is not None:
            return "error", f"{self.question.function} stops with {error}"
        returned = wire.decode(said.get("returned"))
        if returned is None:
            return "wrong", f"{self.question.function} returns nothing."
        got = named(returned, list(case.expected))
        if got is None:
            names = " and ".join(case.expected)
            return "wrong", f"{self.question.function} does not return {names}."
        expected = {
            name: Expected(value, self.question.over_time) for name, value in case.expected.items()
        }
        difference = first_difference(expected, got)
        if difference is None:
            return "correct", ""
        return "wrong", difference.without_numbers() if case.hidden else difference.in_words()


def _told(error: Any, hidden: bool) -> str | None:
    """What may be told of an error: in a hidden case only a built-in name, which holds no value."""
    if error is None:
        return None
    kind, message, line = (
        (error.get(key) for key in ("type", "message", "line"))
        if isinstance(error, dict)
        else ("an error", "", None)
    )
    if kind == "ModuleNotFoundError" and "rnnlib" in str(message):
        return (
            "ModuleNotFoundError: rnnlib is not there when your answer is graded, "
            "because the question asks for your own code."
        )
    known = isinstance(getattr(builtins, str(kind), None), type)
    if hidden:
        return f"{kind if known else 'an error'}."
    where = f" in line {line}" if isinstance(line, int) else ""
    return f"{str(kind)[:100]}{where}: {str(message)[:300]}"
