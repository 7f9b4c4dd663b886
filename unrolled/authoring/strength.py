"""How strong an assignment's questions are: what they let through, and what they turn away.

Four things are tried on an assignment, with its own rubric and in the sandbox:

- **mutants** of the model solution: each must lose points, or be listed in the rubric as
  ``equivalent`` with the reason why it changes nothing;
- **right solutions** in other styles, from the folder ``styles/``: each must get full marks;
- **wrong ideas**: each must be told from what is right by a hidden case, and known for what it is,
  from values with noise in their last digits;
- **nothing** at all, and the public case learnt by heart: neither may earn anything.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import nbformat
import numpy as np
from tabulate import tabulate

from unrolled.authoring import samples
from unrolled.authoring.mutants import Mutant, mutants
from unrolled.course.course import Course
from unrolled.judging import ideas, variants
from unrolled.judging.assignment import Assignment
from unrolled.judging.compare import agrees, first_difference
from unrolled.judging.judge import judge
from unrolled.judging.notebook import cell_id, is_answer
from unrolled.judging.results import Verdict
from unrolled.judging.rubric import (
    Autograded,
    ByHand,
    Case,
    Code,
    Question,
    Typed,
    Written,
    Wrong,
)
from unrolled.judging.submission import Submission
from unrolled.judging.variants import Variant
from unrolled.sandbox import containers

SEEDS = 10
"""How many students' numbers each wrong idea is tried on."""
NOISE = 1e-9
LIMITS = containers.Limits(seconds=12, cpu_seconds=3)
"""A mutant may run for ever; how busy the machine is with others shall not matter."""


@dataclass
class Strength:
    """What was found for one assignment.

    Attributes
    ----------
    killed, equivalent : int
        Mutants that lost points, and those that the rubric says change nothing.
    survivors : list of str
        Mutants that got full marks, and are not known to be equivalent.
    styles : dict
        For each right solution, the questions in which it lost points: none.
    told_apart, known, ideas : int
        Wrong ideas that a hidden case tells from what is right, those that were known for what
        they are, and all; each counted once for every seed.
    mixed_up : list of str
        The ideas that were not told apart, or taken for another.
    free : list of str
        Questions that give points for nothing, or for the public case alone.
    """

    assignment: str
    killed: int = 0
    equivalent: int = 0
    survivors: list[str] = field(default_factory=list)
    styles: dict[str, list[str]] = field(default_factory=dict)
    told_apart: int = 0
    known: int = 0
    ideas: int = 0
    mixed_up: list[str] = field(default_factory=list)
    free: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether nothing is left to be mended."""
        accepted = len(self.styles) >= 4 and not any(self.styles.values())
        known = self.ideas == 0 or self.known >= 0.95 * self.ideas
        return (
            accepted
            and known
            and self.told_apart == self.ideas
            and not (self.survivors or self.free)
        )


def model_answers(course: Course, name: str) -> dict[str, str]:
    """The answers of the instructor's notebook, by cell."""
    path = course.folder("source", ".", name) / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    return {cell_id(cell): cell.source for cell in notebook.cells if is_answer(cell)}


def verdicts(
    assignment: Assignment, answers: Mapping[str, str], only: Sequence[str] = ()
) -> list[Verdict]:
    """What ``answers`` are worth, in the sandbox; to all questions, or to those of ``only``."""
    submission = Submission(dict(answers), set(answers))
    asked = [q for q in assignment.questions if not only or q.cell in only]
    return judge(
        submission,
        assignment.released,
        asked,
        assignment.points,
        LIMITS,
        contents=assignment.contents,
    )


def cells_that_lost_points(found: Sequence[Verdict]) -> list[str]:
    """The cells of the questions that did not get full marks, those for a human left out."""
    return [v.question.cell for v in found if v.points is not None and v.points < v.max_points]


def _survives(packed: bytes, answers: dict[str, str], cell: str) -> bool:
    assignment = _unpack(packed)
    if cells_that_lost_points(verdicts(assignment, answers, [cell])):
        return False
    # what its own question does not notice another may, which builds on this cell
    cells = [q.cell for q in assignment.questions if isinstance(q, Code)]
    later = cells[cells.index(cell) + 1 :]
    return not (later and cells_that_lost_points(verdicts(assignment, answers, later)))


@lru_cache(maxsize=2)
def _unpack(packed: bytes) -> Assignment:
    return pickle.loads(packed)  # our own


def measure(course: Course, name: str, pool: Executor) -> Strength:
    """Try everything on one assignment, the mutants side by side in ``pool``."""
    assignment, model = course.assignment(name), model_answers(course, name)
    found = Strength(name)
    _try_mutants(found, assignment, model, pool)
    folder = course.folder("source", ".", name) / "styles"
    for path in sorted(folder.glob("*.txt")):
        answers = model | samples.texts(path)
        found.styles[path.stem] = cells_that_lost_points(verdicts(assignment, answers))
    for question in assignment.questions:
        _try_for_free(found, assignment, model, question)
    for seed in range(SEEDS):
        variant = Variant(seed.to_bytes(1, "big"), own_numbers=seed > 0)
        for question in assignment.rubric.questions(variant):
            _try_ideas(found, question, np.random.default_rng(seed))
    found.mixed_up = sorted(set(found.mixed_up))
    return found


def _try_mutants(
    found: Strength, assignment: Assignment, model: dict[str, str], pool: Executor
) -> None:
    packed, known = pickle.dumps(assignment), assignment.rubric.equivalent()
    tried: list[tuple[str, Mutant]] = [
        (question.cell, mutant)
        for question in assignment.questions
        if isinstance(question, Code)
        for mutant in mutants(model[question.cell])
    ]
    under_way = [
        pool.submit(_survives, packed, model | {cell: mutant.text}, cell) for cell, mutant in tried
    ]
    for (cell, mutant), future in zip(tried, under_way, strict=True):
        what = f"{cell}, {mutant.what}"
        if not future.result():
            found.killed += 1
        elif what in known:
            found.equivalent += 1
        else:
            found.survivors.append(what)


def _try_for_free(
    found: Strength, assignment: Assignment, model: dict[str, str], question: Question
) -> None:
    """An answer that does nothing, and one that knows the public case by heart."""
    if isinstance(question, Written):
        return
    released = {cell_id(c): c.source for c in assignment.released.cells if is_answer(c)}
    tries = {"nothing": released[question.cell]}
    if isinstance(question, Code) and question.public:
        values = (
            f"np.array({variants.literal(v)}, float)" for v in question.public.expected.values()
        )
        tries["the public case"] = (
            f"def {question.function}(*args, **kwargs):\n    return {', '.join(values)}"
        )
    for what, text in tries.items():
        [verdict] = verdicts(assignment, model | {question.cell: text}, [question.cell])
        if verdict.points:
            found.free.append(f"{question.cell}: {verdict.points:g} points for {what}")


def _try_ideas(found: Strength, question: Question, rng: np.random.Generator) -> None:
    if isinstance(question, Written):
        return
    for wrong in question.wrong:
        found.ideas += 1
        evidence = list(_evidence(question, wrong, rng))
        hidden = [asked for asked, _ in evidence if not isinstance(asked, Case) or asked.hidden]
        taken_for = ideas.explanation(question, evidence)
        found.told_apart += bool(hidden)
        found.known += taken_for is wrong
        if not hidden:
            found.mixed_up.append(f"{question.cell}: {wrong.name}, taken for right")
        elif taken_for is not wrong:
            other = taken_for.name if taken_for else "nothing known"
            found.mixed_up.append(f"{question.cell}: {wrong.name}, taken for {other}")


def _evidence(
    question: Autograded, wrong: Wrong, rng: np.random.Generator
) -> Iterator[tuple[ideas.Asked, dict[str, Any]]]:
    """What somebody with this idea answers wrongly, and what they get there."""
    over_time = isinstance(question, Code) and question.over_time
    for asked in ideas.what_is_asked(question):
        values = ideas.values_of(wrong, asked)
        if values is None:
            continue
        right = ideas.right_values(asked, over_time)
        match asked:
            case Typed():
                got = {name: want.values for name, want in right.items()} | values
                different = any(
                    not agrees(got[name], want.values, asked.tolerance)
                    for name, want in right.items()
                )
            case Case() | ByHand():
                got = {name: _noisy(value, rng) for name, value in values.items()}
                different = first_difference(right, got) is not None
        if different:
            yield asked, got


def _noisy(value: Any, rng: np.random.Generator) -> Any:
    array = np.asarray(value, float)
    return array * (1 + NOISE * rng.normal(size=array.shape))


HEADS = (
    "assignment",
    "mutants killed",
    "equivalent",
    "right ones accepted",
    "wrong ideas told apart",
    "and known",
)


def _row(one: Strength) -> list[str]:
    accepted = sum(not cells for cells in one.styles.values())
    return [
        one.assignment,
        f"{one.killed} of {one.killed + len(one.survivors)}",
        f"{one.equivalent}",
        f"{accepted} of {len(one.styles)}",
        f"{one.told_apart} of {one.ideas}",
        f"{one.known / one.ideas:.1%}" if one.ideas else "–",
    ]


def table(found: Sequence[Strength]) -> str:
    """What was found, a line for each assignment, and what is to be mended below."""
    lines = [tabulate(map(_row, found), HEADS, disable_numparse=True)]
    for one in found:
        lines += [f"{one.assignment}: survived: {what}" for what in one.survivors]
        lines += [f"{one.assignment}: {style}: loses {x}" for style, x in one.styles.items() if x]
        lines += [f"{one.assignment}: {what}" for what in [*one.mixed_up, *one.free]]
    return "\n".join(lines)


def as_markdown(found: Sequence[Strength]) -> str:
    """The table alone, for a page."""
    return tabulate(map(_row, found), HEADS, tablefmt="github", disable_numparse=True)
