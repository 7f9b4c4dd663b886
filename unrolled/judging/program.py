"""What of a hand-in runs, and in which order: the cells of a notebook as *Restart & Run All* does.

The cells of the released notebook stand in their own order. A student's own cells follow the cell
below which they stand; where one of ours was changed, ours runs, and then what is new in theirs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from unrolled.judging.notebook import INSTALLATION, cell_id, is_answer, is_task

OWN_SECONDS = 0.2
"""The part of a question's time that all of a student's own cells together may take."""
AT_MOST = 0.7
"""The part of a question's time that one statement of an answer may take: what stands before a loop
that never ends is judged."""
MOST_OWN_CELLS = 200
NAMES = re.compile(
    r"^(?:(?:async[ ]+)?def|class)[ ]+(\w+)|^(\w+(?:[ ]*,[ ]*\w+)*)[ ]*(?::[^=\n]*)?=(?!=)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Step:
    """A cell of code that runs.

    Attributes
    ----------
    name : str
        How it is called where something is said of it: the id of an answer, or in words.
    answer : str
        The id of the answer that it belongs to.
    own : bool
        Whether it is a student's own: the time of these together is limited.
    ours : str
        For what a student made of a cell of ours: our text, of which nothing runs a second time.
    """

    name: str
    source: str
    answer: str = ""
    own: bool = False
    ours: str = ""

    def message(
        self, seconds: float, without: Collection[int] = (), draws: bool = False
    ) -> dict[str, Any]:
        """The cell as it is sent to where it runs.

        Parameters
        ----------
        seconds
            The time of the question.
        without
            The numbers of statements that took too long before.
        draws
            Whether the figures that it draws are asked for.
        """
        limit = {"own_seconds": OWN_SECONDS * seconds} if self.own or self.ours else {}
        if self.answer:
            limit = {"at_most": AT_MOST * seconds}
        said = {"name": self.name, "source": self.source, "ours": self.ours}
        return {**said, **limit, "without": sorted(without), "draws": draws}


@dataclass(frozen=True)
class Program:
    """All that runs of a hand-in.

    Attributes
    ----------
    steps : list of Step
        In order.
    since, until : dict
        For each answer and task how many of them stand before it, and before its check.
    """

    steps: list[Step] = field(default_factory=list)
    until: dict[str, int] = field(default_factory=dict)
    since: dict[str, int] = field(default_factory=dict)

    @property
    def draws(self) -> bool:
        """Whether Matplotlib is named in it."""
        return any("matplotlib" in step.source for step in self.steps)

    def is_of(self, number: int, answer: str) -> bool:
        """Whether a step is of an answer or task, or stands beside it."""
        return self.since.get(answer, 0) <= number < self.until.get(answer, 0)


@dataclass(frozen=True)
class Cell:
    """A cell that was handed in.

    Attributes
    ----------
    number : int
        Its place in the notebook.
    id : str
        The id of the released cell that it is; empty for a student's own.
    """

    number: int
    kind: str
    source: str
    id: str = ""


def defined(source: str) -> set[str]:
    """The names that a cell defines at its top, as far as can be seen without running it."""
    return {
        name.strip()
        for one, several in NAMES.findall(source)
        for name in (one, *several.split(","))
        if name.strip()
    }


def plain(source: str) -> str:
    """A text without what differs between editors: the ends of its lines, blank lines around it."""
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def build(
    released: NotebookNode, following: Mapping[str, Sequence[Cell]], answers: Mapping[str, str]
) -> Program:
    """The program of a hand-in.

    Parameters
    ----------
    following
        What was handed in, by the id of the released cell at which it stands: the cells that are
        it, and after them the student's own. Under "" what stands above them all.
    answers
        The texts of answers that are in no cell of ``following``.
    """
    steps = [_own(cell) for cell in following.get("", ()) if _runs(cell)]
    until: dict[str, int] = {}
    since: dict[str, int] = {}
    for place in released.cells:
        name = cell_id(place)
        since[name] = len(steps)
        if place.cell_type == "code" and not is_answer(place) and not _is_left_out(place):
            steps.append(Step(name or "setup", place.source))
        if name in answers and place.cell_type == "code":
            steps.append(Step(name, answers[name], answer=name))
        for cell in following.get(name, ()) if name else ():
            if not cell.id:
                steps += [_own(cell)] if _runs(cell) else []
            elif plain(cell.source) == plain(place.source) or place.cell_type != "code":
                continue
            elif not is_answer(place):
                if _runs(cell):
                    steps.append(Step(f"the cell “{name}”", cell.source, ours=place.source))
            elif _goes_on(cell.source) and steps and steps[-1].answer == name:
                steps[-1] = Step(name, f"{steps[-1].source}\n{cell.source}", answer=name)
            else:
                steps.append(Step(name, cell.source, answer=name))
        if is_answer(place) or is_task(place):
            until[name] = len(steps)
    return Program(steps, until, since)


def _is_left_out(place: NotebookNode) -> bool:
    """Whether a cell of ours does not run: a check, or what installs packages."""
    graded = bool(place.metadata.get("nbgrader", {}).get("grade"))
    return graded or cell_id(place) == INSTALLATION


def _runs(cell: Cell) -> bool:
    return cell.kind == "code" and bool(cell.source.strip())


def _own(cell: Cell) -> Step:
    first = cell.source.strip().partition("\n")[0]
    return Step(
        f"your own cell “{first[:40]}{'…' if len(first) > 40 else ''}”", cell.source, own=True
    )


def _goes_on(source: str) -> bool:
    """Whether it is the second half of a function that was split."""
    return source.strip("\n")[:1] in (" ", "\t")
