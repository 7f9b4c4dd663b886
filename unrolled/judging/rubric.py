"""What an instructor writes beside an assignment's notebook: what is asked, and what is right.

A rubric is a Python file ``rubric.py`` in the assignment's source folder. It defines a function
``questions(variant)`` that returns a list of questions, or just a list ``questions`` where nothing
is drawn. A list ``packages`` may name what students' code may import. Points are not in it: they
stand in the notebook, where nbgrader keeps them. What is right is never typed in: ``rnnlib``
computes it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rnnlib import Trace, unroll
from unrolled.errors import UnrolledError
from unrolled.judging.compare import NUMBERS, Choice, Words, as_right, typed_values
from unrolled.judging.variants import Variant
from unrolled.sandbox.wire import MAX_TEXT

PACKAGES = ("matplotlib", "tqdm")
"""What students may import where a rubric has no list ``packages``."""


@dataclass(frozen=True)
class Wrong:
    """A wrong idea that people have, as code: what one computes who has it.

    The student whose values agree with it gets its hint; and the hidden cases must tell it from
    what is right.

    Attributes
    ----------
    name : str
        Such as "the bias is forgotten"; for the instructor's report.
    values : callable
        Of a Code: the student's function, with this mistake. Of a Typed: called with nothing, the
        values of some of its variables, by name. Of a ByHand: called with the right trace, a trace.
    hint : str
        What helps, without giving the answer.
    figure : str
        Where in the book it is settled, as ``page#heading``: ``elman#step-through-it``.
    """

    name: str
    values: Callable[..., Any]
    hint: str
    figure: str = ""


@dataclass(frozen=True)
class ByHand:
    """Numbers that the student types: h and y of every time step.

    Attributes
    ----------
    cell, points : str
        nbgrader's ids of the answer's cell and of the cell that carries its points: ``CELL-check``
        if nothing else is said.
    title : str
    true : Trace
        The right record; its network and input also serve to follow the student's own numbers.
    names : mapping
        The student's variable for each quantity: ``{"h": "ex1_h", "y": "ex1_y"}``.
    statement : str
        The id of the text cell that tells the numbers, if the rubric is to write them there.
    """

    cell: str
    title: str
    true: Trace
    names: Mapping[str, str]
    statement: str = ""
    wrong: Sequence[Wrong] = ()
    points: str = ""

    def __post_init__(self) -> None:
        _default_points(self)


@dataclass(frozen=True)
class Typed:
    """Numbers, short lists or texts that the student types; each earns an equal part of the points.

    Attributes
    ----------
    right : mapping
        The student's variables, and the right value of each: a number, NaN and complex ones too, a
        list of numbers, a text or ``Words``, or a ``Choice``.
    tolerance : float
        How far off is still right: 0 for integers, 0.005 where two decimals are asked for.
    texts : mapping
        What the rubric writes into cells of the notebook, by id, such as the numbers to compute
        with; only for numbers that differ between students.
    """

    cell: str
    title: str
    right: Mapping[str, ArrayLike | Words | Choice]
    tolerance: float = 0.0
    wrong: Sequence[Wrong] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    points: str = ""

    def __post_init__(self) -> None:
        _default_points(self)


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

    def __post_init__(self) -> None:
        arrays = {name: np.asarray(value) for name, value in self.expected.items()}
        object.__setattr__(self, "expected", arrays)


@dataclass(frozen=True)
class Reach:
    """One call of a student's function that is judged by what can be done with the result.

    Attributes
    ----------
    returns : mapping
        The name and shape of each array that the function returns.
    measure : callable
        What it is worth, such as a loss on hidden data; it gets the arrays by name.
    what : str
        The measure in words: "the loss on new sequences".
    at_most : float
        Reaching it earns the whole; a measure of up to ``partly`` earns half.
    from_data : bool
        Whether the result must come from the arguments. Then one that is the same in two such cases
        earns nothing.
    """

    title: str
    arguments: Mapping[str, Any]
    returns: Mapping[str, tuple[int, ...]]
    measure: Callable[..., float]
    what: str
    at_most: float
    partly: float = 0.0
    hidden: bool = True
    from_data: bool = False


@dataclass(frozen=True)
class Code:
    """A function that the student writes, judged by calling it.

    Attributes
    ----------
    function : str
        Its name.
    cases : sequence of Case or Reach
        The hidden ones earn an equal part of the points each.
    over_time : bool
        Whether the first axis of what it returns is time.
    by_quantity : bool
        Whether each returned quantity that is right earns its part of a case.
    gradients : mapping
        For each returned gradient, the argument that it is the gradient of; with ``loss`` the
        worst entry is told with its finite difference.
    loss : callable
        The loss as a function of the arguments, by name.
    seconds : float
        The time for each call, if it is to be another than the sandbox gives.
    """

    cell: str
    title: str
    function: str
    cases: Sequence[Case | Reach]
    over_time: bool = False
    by_quantity: bool = False
    gradients: Mapping[str, str] = field(default_factory=dict)
    loss: Callable[..., float] | None = None
    seconds: float = 0.0
    wrong: Sequence[Wrong] = ()
    points: str = ""

    def __post_init__(self) -> None:
        _default_points(self)

    @property
    def public(self) -> Case | None:
        """The case that the notebook shows."""
        public = (case for case in self.cases if isinstance(case, Case) and not case.hidden)
        return next(public, None)


@dataclass(frozen=True)
class Written:
    """What a human grades: a text, code, pictures, or one of nbgrader's tasks.

    The rubric need not name one whose points stand in the notebook; it does so for a better title.
    """

    cell: str
    title: str
    points: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", self.cell)


Autograded = ByHand | Typed | Code
Question = Autograded | Written


def _default_points(question: Autograded) -> None:
    if not question.points:
        object.__setattr__(question, "points", f"{question.cell}-check")


class RubricError(UnrolledError):
    """A rubric that cannot be used; the message names the file and what is wrong."""


@dataclass(frozen=True)
class Rubric:
    """A rubric as text, which is how it gets to the workers.

    Attributes
    ----------
    text, path : str
        The file's content, and its name for error messages.
    """

    text: str
    path: str

    def questions(self, variant: Variant | None = None) -> list[Question]:
        """The questions with the numbers of one ``variant``.

        Raises
        ------
        RubricError
            If it does not run, or its questions cannot be used.
        """
        try:
            questions = self._names.get("questions")
            if callable(questions):
                questions = questions(variant or Variant())
        except Exception as error:
            raise RubricError(
                f"{self.path}{_line(error, self.path)} does not run: {type(error).__name__}: "
                f"{error}"
            ) from error
        if questions is None:
            raise RubricError(f"{self.path} defines no questions: neither a function nor a list")
        wrong = [q for q in questions if not isinstance(q, Question)]
        if wrong or not questions:
            raise RubricError(
                f"{self.path}: questions must be ByHand, Typed, Code or Written, got "
                f"{wrong or 'none'}"
            )
        for mistake in _mistakes(questions):
            raise RubricError(f"{self.path}: {mistake}")
        return list(questions)

    def equivalent(self) -> dict[str, str]:
        """The mutants of the model solution that change nothing, and why."""
        return dict(self._names.get("equivalent", {}))

    @property
    def packages(self) -> tuple[str, ...]:
        """What students' code may import beside NumPy: the list ``packages``.

        Raises
        ------
        RubricError
            If it is no list of names.
        """
        listed = self._names.get("packages", PACKAGES)
        if not isinstance(listed, list | tuple) or not all(isinstance(p, str) for p in listed):
            raise RubricError(f"{self.path}: packages must be a list of names, got {listed!r}")
        return tuple(listed)

    @cached_property
    def _names(self) -> dict[str, Any]:
        names: dict[str, Any] = {"__name__": "rubric", "__file__": self.path}
        exec(compile(self.text, self.path, "exec"), names)
        return names

    def __getstate__(self) -> dict[str, str]:
        # what it defines cannot be sent to another process; its text can
        return {"text": self.text, "path": self.path}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.__dict__.update(state)


def load(folder: Path) -> Rubric:
    """The rubric in an assignment's source folder.

    Raises
    ------
    RubricError
        If there is none, it does not run, or it cannot be used.
    """
    path = folder / "rubric.py"
    if not path.is_file():
        raise RubricError(f"{path} is missing: grading needs a rubric beside the source notebook")
    rubric = Rubric(path.read_text(encoding="utf-8"), str(path))
    rubric.questions()
    rubric.packages  # noqa: B018 - it says what is wrong with them
    return rubric


def _line(error: Exception, path: str) -> str:
    """The last line of the rubric that an error came through."""
    if isinstance(error, SyntaxError):
        return f" line {error.lineno}"
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return f" line {lines[-1]}" if lines else ""


def _mistakes(questions: Sequence[Question]) -> Iterator[str]:
    """What would make some answer impossible to judge."""
    cells = [question.cell for question in questions]
    for cell in sorted({cell for cell in cells if cells.count(cell) > 1}):
        yield f"the cell {cell!r} is asked for twice"
    for question in questions:
        match question:
            case Code():
                yield from _mistakes_in_code(question)
            case ByHand() if set(question.names) != {"h", "y"}:
                yield f"{question.cell!r} must name the student's variables for h and for y"
            case Typed() if not question.right:
                yield f"{question.cell!r} asks for no number"
            case Typed():
                yield from _mistakes_in_typed(question)


def _mistakes_in_typed(question: Typed) -> Iterator[str]:
    for name, want in question.right.items():
        try:
            right = as_right(want)
        except (TypeError, ValueError):
            yield f"{question.cell!r}: {name} = {want!r} is no number, list of numbers or text"
            continue
        if isinstance(right, Choice) and right.among:
            for text in set(right.right) - set(right.among):
                yield f"{question.cell!r}: {name} = {text!r} is not among {', '.join(right.among)}"
        if isinstance(right, Words | Choice) and not typed_values(right).size:
            yield f"{question.cell!r}: {name} has no right text"


def _mistakes_in_code(question: Code) -> Iterator[str]:
    if not any(case.hidden for case in question.cases):
        yield f"{question.cell!r} has no hidden case, so that nothing earns its points"
    for case in question.cases:
        if not (case.expected if isinstance(case, Case) else case.returns):
            yield f"{question.cell!r}, case {case.title!r}, expects nothing"
        for name, value in case.expected.items() if isinstance(case, Case) else ():
            if value.dtype.kind not in f"{NUMBERS}U":
                yield (
                    f"{question.cell!r}, case {case.title!r}: {name} is made of neither numbers "
                    "nor texts"
                )
            elif value.dtype.kind == "U" and max(map(len, value.flat), default=0) > MAX_TEXT:
                yield (
                    f"{question.cell!r}, case {case.title!r}: {name} is longer than {MAX_TEXT} "
                    "letters"
                )
    if bool(question.gradients) != (question.loss is not None):
        yield f"{question.cell!r} must give both a loss and what its gradients are of, or neither"


def from_trace(trace: Trace, **returned: str) -> dict[str, NDArray]:
    """What a function should return, out of a trace: ``from_trace(trace, hs="h", ys="y")``."""
    return {name: np.asarray(getattr(trace, quantity)) for name, quantity in returned.items()}


def changed(right: Callable[..., Any], **changes: Callable[[Any], Any]) -> Callable[..., Any]:
    """A wrong idea of a Code: ``right``, with some of its arguments changed on the way.

    >>> import numpy as np
    >>> changed(lambda x, b: x + b, b=np.zeros_like)(x=np.ones(2), b=np.ones(2))
    array([1., 1.])
    """

    def wrong(**arguments: Any) -> Any:
        return right(
            **{name: changes.get(name, np.asarray)(value) for name, value in arguments.items()}
        )

    return wrong


def rerun(true: Trace, **changes: Callable[[Any], Any]) -> Trace:
    """A wrong idea of a ByHand: the trace that comes of it when the network is changed."""
    network = true.cell
    arrays = {name: change(getattr(network, name)) for name, change in changes.items()}
    return unroll(replace(network, **arrays), true.xs)
