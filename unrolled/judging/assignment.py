"""An assignment as the instructor has it; all that judging a hand-in needs, and no more."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from nbformat import NotebookNode

from unrolled.judging import filling
from unrolled.judging.notebook import cell_id, heading, is_task, only_for_a_human
from unrolled.judging.results import Verdict
from unrolled.judging.rubric import Question, Rubric, Written
from unrolled.judging.variants import Variant
from unrolled.sandbox.containers import Contents


@dataclass(frozen=True)
class Assignment:
    """One assignment: the released notebook, its points, its rubric.

    Attributes
    ----------
    name : str
        Its notebook's name, too.
    variant : Variant
        Whose numbers its questions have.
    book : str
        The address of the folder that holds the book's pages, if it has one.
    digest : str
        Changes when anything does that the points depend on: rubric, source or released notebook.
    data : tuple of (str, bytes)
        The files that are given out with the notebook, by their paths beside it.
    """

    name: str
    released: NotebookNode
    points: dict[str, float]
    rubric: Rubric
    digest: str = ""
    variant: Variant = field(default_factory=Variant)
    book: str = ""
    data: tuple[tuple[str, bytes], ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        # a rubric's functions cannot be sent to another process; its text can
        return {name: value for name, value in self.__dict__.items() if name != "questions"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    @cached_property
    def questions(self) -> list[Question]:
        """What is asked, with the numbers of the variant; in the end what has points in the
        notebook and only a human can grade, where the rubric does not name it."""
        asked = self.rubric.questions(self.variant)
        named = {question.points for question in asked}
        left = [
            Written(cell_id(cell), (is_task(cell) and heading(cell)[:80]) or cell_id(cell))
            for cell in self.released.cells
            if only_for_a_human(cell) and cell_id(cell) not in named
        ]
        return asked + left

    @property
    def contents(self) -> Contents:
        """What the sandbox of a hand-in holds."""
        return Contents(self.rubric.packages, self.data)

    def with_variant(self, variant: Variant) -> Assignment:
        """The same assignment with the numbers of one student, in its notebook too."""
        if variant == self.variant:
            return self
        own = replace(self, variant=variant)
        if variant.own_numbers:
            own = replace(own, released=filling.fill(own.released, own.questions))
        return own

    @property
    def title(self) -> str:
        """The heading of the notebook's first cell."""
        return self.released.cells[0].source.lstrip("# ").partition("\n")[0] or self.name


def same_verdict_for_all(
    assignment: Assignment, status: str, points: float | None, reason: str
) -> list[Verdict]:
    """One verdict for every question, such as on a file that cannot be read."""
    return [
        Verdict(question, status, points, assignment.points[question.points], [reason])
        for question in assignment.questions
    ]
