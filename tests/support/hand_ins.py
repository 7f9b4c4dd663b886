"""Hand-ins as people make them: the solved notebook of an assignment, and what they did to it."""

from __future__ import annotations

import copy
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat

from unrolled.authoring.strength import model_answers
from unrolled.course.course import Course
from unrolled.judging.assignment import Assignment
from unrolled.judging.judge import judge, names_asked
from unrolled.judging.results import Result
from unrolled.judging.rubric import ByHand, Code, Typed, Written
from unrolled.judging.submission import parse
from unrolled.sandbox.containers import Limits

ROOT = Path(__file__).parents[2]
NAMES = ("bptt", "elman", "gradient-flow", "jordan", "lstm", "neuron", "training")


@cache
def assignment(name: str) -> Assignment:
    return Course(ROOT).assignment(name)


@cache
def _answers(name: str) -> dict[str, str]:
    return model_answers(Course(ROOT), name)


class HandIn:
    """A notebook, solved as the instructor's is, that is going to be changed.

    Attributes
    ----------
    cells : list of dict
        As they stand in the file.
    code : str
        The id of the first answer that is a function; ``function`` is its name.
    """

    def __init__(self, name: str) -> None:
        self.name, self.assignment = name, assignment(name)
        released = json.loads(nbformat.writes(self.assignment.released))
        self.notebook, self.untouched = released, copy.deepcopy(released)
        for cell in self.cells:
            cell["source"] = _answers(name).get(self._id(cell), "".join(cell["source"]))
        coded = [q for q in self.assignment.questions if isinstance(q, Code)]
        self.code, self.function = coded[0].cell, coded[0].function

    @staticmethod
    def _id(cell: dict) -> str:
        return cell["metadata"].get("nbgrader", {}).get("grade_id", "")

    @property
    def cells(self) -> list[dict]:
        return self.notebook["cells"]

    def ids(self, kind: type) -> list[str]:
        """The answers that are of a ``kind`` of question."""
        return [q.cell for q in self.assignment.questions if isinstance(q, kind)]

    @property
    def by_hand(self) -> list[str]:
        return self.ids(ByHand)

    @property
    def typed(self) -> list[str]:
        return self.ids(Typed)

    @property
    def written(self) -> list[str]:
        return self.ids(Written)

    def place(self, id_: str) -> int:
        return next(n for n, cell in enumerate(self.cells) if self._id(cell) == id_)

    def cell(self, id_: str) -> dict:
        return self.cells[self.place(id_)]

    def text(self, id_: str, new: str | None = None) -> str:
        """The text of a cell, which becomes ``new`` if that is given."""
        if new is not None:
            self.cell(id_)["source"] = new
        return self.cell(id_)["source"]

    def released_text(self, id_: str) -> str:
        [cell] = [cell for cell in self.untouched["cells"] if self._id(cell) == id_]
        return "".join(cell["source"])

    def own(self, source: str, at: int, kind: str = "code") -> None:
        """A cell of the student's own, at a place in the notebook."""
        new = {"cell_type": kind, "id": f"own{len(self.cells)}", "metadata": {}, "source": source}
        if kind == "code":
            new |= {"outputs": [], "execution_count": None}
        self.cells.insert(at, new)

    def above(self, source: str, kind: str = "code") -> None:
        """A cell of the student's own above the first function."""
        self.own(source, self.place(self.code), kind)

    def below(self, source: str, kind: str = "code") -> None:
        """A cell of the student's own between the first function and its check."""
        self.own(source, self.place(self.code) + 1, kind)

    def needs(self, condition: str) -> None:
        """Let the first function fail unless a ``condition`` holds when it is called."""
        renamed = re.sub(rf"\b{self.function}\b", "right_", self.text(self.code))
        self.text(
            self.code,
            f"{renamed}\n\ndef {self.function}(*values, **named):\n"
            f"    assert {condition}\n    return right_(*values, **named)",
        )

    def bytes(self) -> bytes:
        return json.dumps(self.notebook).encode()


def graded(
    hand_in: HandIn | bytes, name: str = "", only: str = "", limits: Limits | None = None, **changes
) -> Result:
    """What becomes of a hand-in; with ``only``, of one of its answers.

    ``changes`` are made to the assignment.
    """
    content = hand_in if isinstance(hand_in, bytes) else hand_in.bytes()
    asked = assignment(name or hand_in.name)
    if changes:
        asked = replace(asked, **changes)
    questions = [q for q in asked.questions if only in ("", q.cell)]
    names = {question.cell: names_asked(question) for question in asked.questions}
    read = parse(content, f"{asked.name}.ipynb", asked.released, names)
    limits = limits or Limits(seconds=60, cpu_seconds=20)
    verdicts = judge(read, asked.released, questions, asked.points, limits, contents=asked.contents)
    return Result("somebody", verdicts, read.notes)


def lost(result: Result) -> dict[str, list[str]]:
    """The answers that did not earn all that a machine can give, and why."""
    return {
        v.question.cell: v.reasons
        for v in result.verdicts
        if not isinstance(v.question, Written) and v.points != v.max_points
    }
