"""An assignment as the instructor has it; all that judging a hand-in needs, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from nbformat import NotebookNode

from autograder import rubric


@dataclass(frozen=True)
class Assignment:
    """One assignment: the released notebook, its points, its questions.

    Attributes
    ----------
    digest : str
        Changes when anything does that the points depend on: rubric, source or released notebook.
    """

    name: str
    released: NotebookNode
    points: dict[str, float]
    questions: list[rubric.Question]
    digest: str = ""

    @property
    def notebook(self) -> str:
        """The notebook's name, which is the assignment's."""
        return self.name

    @property
    def title(self) -> str:
        """The heading of the notebook's first cell."""
        return self.released.cells[0].source.lstrip("# ").partition("\n")[0] or self.name
