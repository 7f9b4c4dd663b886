"""What an instructor writes beside an assignment's notebook: what is asked, and what is right.

A rubric is a Python file ``rubric.py`` in the assignment's source folder that defines
``questions``. Points are not in it: they stand in the notebook, where nbgrader keeps them. What is
right is never typed in: ``rnnlib`` computes it.
"""

from __future__ import annotations

import runpy
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnlib import Trace


@dataclass(frozen=True)
class ByHand:
    """Numbers that the student types: h and y of every time step.

    Attributes
    ----------
    cell, points : str
        nbgrader's ids of the answer's cell and of the cell that carries its points.
    title : str
    true : Trace
        The right record; its network and input also serve to follow the student's own numbers.
    names : mapping
        The student's variable for each quantity: ``{"h": "ex1_h", "y": "ex1_y"}``.
    """

    cell: str
    points: str
    title: str
    true: Trace
    names: Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """One call of a student's function: arguments, and the right value of all that it returns.

    Hidden cases earn the points, and nothing of one but its ``title`` is ever shown to the student.
    A public case, whose numbers the notebook shows, earns none: it is there to explain a mistake.
    """

    title: str
    arguments: Mapping[str, Any]
    expected: Mapping[str, NDArray]
    hidden: bool = True


@dataclass(frozen=True)
class Code:
    """A function that the student writes, judged by calling it.

    Attributes
    ----------
    function : str
        Its name.
    cases : sequence of Case
        The hidden ones earn an equal part of the points each.
    over_time : bool
        Whether the first axis of what it returns is time.
    """

    cell: str
    points: str
    title: str
    function: str
    cases: Sequence[Case]
    over_time: bool = False


@dataclass(frozen=True)
class Written:
    """A text that a human grades."""

    cell: str
    title: str
    points: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", self.cell)


Question = ByHand | Code | Written


class RubricError(ValueError):
    """A rubric that cannot be used; the message names the file and what is wrong."""


def load(folder: Path) -> list[Question]:
    """The questions of the rubric in an assignment's source folder.

    Raises
    ------
    RubricError
        If there is no rubric, it does not run, or it defines no questions.
    """
    path = folder / "rubric.py"
    if not path.is_file():
        raise RubricError(f"{path} is missing: grading needs a rubric beside the source notebook")
    try:
        questions = runpy.run_path(str(path))["questions"]
    except KeyError:
        raise RubricError(f"{path} defines no list called questions") from None
    except Exception as error:
        raise RubricError(
            f"{path}{_line(error, path)} does not run: {type(error).__name__}: {error}"
        ) from error
    wrong = [q for q in questions if not isinstance(q, Question)]
    if wrong or not questions:
        raise RubricError(
            f"{path}: questions must be ByHand, Code or Written, got {wrong or 'none'}"
        )
    for mistake in _mistakes(questions):
        raise RubricError(f"{path}: {mistake}")
    return list(questions)


def _line(error: Exception, path: Path) -> str:
    """The last line of the rubric that an error came through."""
    if isinstance(error, SyntaxError):
        return f" line {error.lineno}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
    return f" line {lines[-1]}" if lines else ""


def _mistakes(questions: Sequence[Question]) -> Iterator[str]:
    """What would make some answer impossible to judge."""
    cells = [question.cell for question in questions]
    for cell in sorted({cell for cell in cells if cells.count(cell) > 1}):
        yield f"the cell {cell!r} is asked for twice"
    for question in questions:
        if isinstance(question, Code):
            if not any(case.hidden for case in question.cases):
                yield f"{question.cell!r} has no hidden case, so that nothing earns its points"
            for case in question.cases:
                if not case.expected:
                    yield f"{question.cell!r}, case {case.title!r}, expects nothing"
        if isinstance(question, ByHand) and set(question.names) != {"h", "y"}:
            yield f"{question.cell!r} must name the student's variables for h and for y"


def from_trace(trace: Trace, **returned: str) -> dict[str, NDArray]:
    """What a function should return, out of a trace: ``from_trace(trace, hs="h", ys="y")``."""
    return {name: np.asarray(getattr(trace, quantity)) for name, quantity in returned.items()}
