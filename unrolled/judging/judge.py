"""The judge: runs each question in its sandbox, and decides outside of it what it is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from nbformat import NotebookNode
from numpy.typing import NDArray

from unrolled.judging import ideas
from unrolled.judging.compare import (
    Difference,
    Expected,
    agrees,
    as_numbers,
    by_name,
    first_difference,
    gradient_difference,
    hand_computation,
    inputs_in_words,
    spell,
    spell_typed,
)
from unrolled.judging.fingerprint import fingerprint, right_numbers
from unrolled.judging.program import Program, build
from unrolled.judging.results import Verdict
from unrolled.judging.rubric import ByHand, Case, Code, Question, Reach, Typed, Written, Wrong
from unrolled.judging.running import Run, Running, not_there, told
from unrolled.judging.submission import Submission
from unrolled.sandbox import containers, wire
from unrolled.sandbox.containers import NOTHING_ELSE, Contents, Limits, Session, Stopped


def judge(
    submission: Submission,
    released: NotebookNode,
    questions: Sequence[Question],
    points: dict[str, float],
    limits: Limits | None = None,
    unsafe: bool = False,
    contents: Contents = NOTHING_ELSE,
) -> list[Verdict]:
    """A verdict on each question, in order.

    Parameters
    ----------
    submission
        The student's answers. What of the student's own cells was left out, and why, is added to
        its notes.
    released
        The notebook they were asked in.
    questions
        The rubric.
    points
        The points of each question, by the id of the cell that carries them.
    unsafe
        Run the student's code without a sandbox.
    contents
        What the sandbox holds beside Python and NumPy.
    """
    program = submission.program
    if not program.until:
        texts = {name: submission.answers[name] for name in submission.attempted}
        program = build(released, {}, texts)
    limits = limits or Limits()
    with containers.container(limits, unsafe, needed(contents, program)) as container:
        running = Running(program, container, limits)
        found = [_Judgement(submission, running, one, points).verdict() for one in questions]
    submission.notes.extend(running.left_out())
    return found


def needed(contents: Contents, program: Program) -> Contents:
    """Of ``contents`` what a hand-in may use: the packages only where it names one of them."""
    if any(package in step.source for step in program.steps for package in contents.packages):
        return contents
    return replace(contents, packages=())


def names_asked(question: Question) -> list[str]:
    """What an answer is to define; nothing where it is a text."""
    match question:
        case Code():
            return [question.function]
        case ByHand():
            return list(question.names.values())
        case Typed():
            return list(question.right)
    return []


@dataclass(frozen=True)
class _Judgement:
    """One question of one hand-in."""

    submission: Submission
    running: Running
    question: Question
    points: dict[str, float]

    def verdict(self) -> Verdict:
        question = self.question
        if question.cell not in self.submission.attempted:
            if question.cell in self.submission.missing:
                reason = "The cell of this answer was taken out of the notebook."
                return self._say("altered", 0.0, reason)
            return self._say("not attempted", 0.0, "There is no answer here.")
        if isinstance(question, Written):
            return self._say("not graded", None, "A human reads this answer.")
        seconds = question.seconds if isinstance(question, Code) else 0
        try:
            return self.running.question(question.cell, seconds, self._answered)
        except Stopped as stopped:
            return self._say(stopped.kind, 0.0, f"Your code gave {stopped}.")
        except wire.WireError as error:
            return self._say("killed", 0.0, f"Your code sent {error}.")

    def _answered(self, run: Run) -> Verdict:
        """The verdict, once the cells have run."""
        question = self.question
        run.to_check()
        names = names_asked(question)
        run.further_down(set(names) - run.defined(names))
        match question:
            case _ if not run.defined(names) and (isinstance(question, Code) or run.first_error()):
                return self._undefined(run, names)
            case ByHand():
                found = self._by_hand(run.session, question)
            case Typed():
                found = self._numbers(run.session, question)
            case Code():
                found = self._code(run, question)
        own = run.errors_of_own() if found.status != "correct" else []
        return replace(found, reasons=[*found.reasons, *run.errors(), *own])

    def _say(
        self, status: str, share: float | None, *reasons: str, idea: Wrong | None = None
    ) -> Verdict:
        most = self.points[self.question.points]
        points = None if share is None else round(float(share) * most, 2)
        explained = (idea.name, idea.hint, idea.figure) if idea else ()
        return Verdict(self.question, status, points, most, list(reasons), *explained)

    def _say_wrong(
        self, question: ByHand | Typed, share: float, got: Mapping[str, Any], *reasons: str
    ) -> Verdict:
        """Of typed numbers that are not all right."""
        idea = ideas.explanation(question, [(question, got)])
        said = self._say("partly" if share else "wrong", share, *reasons, idea=idea)
        return replace(said, given=fingerprint(got, right_numbers(question)))

    def _by_hand(self, session: Session, question: ByHand) -> Verdict:
        got = self._typed(session, question.names)
        if got is None:
            return self._say("error", 0.0, "The numbers could not be read.")
        result = hand_computation(question.true, got)
        right, T = sum(result.follows), len(result.follows)
        if result.first is None:
            return self._say("correct", 1.0, f"All {T} time steps are right.")
        reasons = [result.first.in_words()]
        after = result.first.t or T
        if carried := [t for t in range(after + 1, T + 1) if result.follows[t - 1]]:
            steps = ", ".join(f"{name}({t})" for t in carried for name in question.names)
            reasons.append(f"These follow from your own numbers before them, and count: {steps}.")
        reasons.append(f"{right} of {T} time steps count.")
        if right == T:
            return self._say("correct", 1.0, *reasons)
        return self._say_wrong(question, right / T, got, *reasons)

    def _typed(self, session: Session, names: Mapping[str, str]) -> dict[str, Any] | None:
        """What the student typed, by the names of the quantities."""
        values = session.ask({"read": list(names.values())}).get("values")
        if not isinstance(values, dict):
            return None
        return {name: wire.decode(values.get(variable)) for name, variable in names.items()}

    def _numbers(self, session: Session, question: Typed) -> Verdict:
        got = self._typed(session, {name: name for name in question.right})
        if got is None:
            return self._say("error", 0.0, "The numbers could not be read.")
        wrong = {
            name: value
            for name, value in got.items()
            if not agrees(value, question.right[name], question.tolerance)
        }
        asked, right = len(got), len(got) - len(wrong)
        if not wrong:
            said = "The number is right." if asked == 1 else f"All {asked} numbers are right."
            return self._say("correct", 1.0, said)
        reasons = [
            f"{name} is {spell_typed(value)}, expected {spell(question.right[name])}."
            for name, value in wrong.items()
        ]
        reasons.append(f"{right} of {asked} are right.")
        return self._say_wrong(question, right / asked, got, *reasons)

    def _code(self, run: Run, question: Code) -> Verdict:
        session = run.session
        judged: list[CaseResult] = []
        # public cases first: what is told of them cannot hold what a hidden one brought in
        for case in sorted(question.cases, key=lambda case: case.hidden):
            try:
                judged.append(_run_case(session, question, case))
                if not case.hidden and run.further_down(not_there(judged[-1].reason)):
                    judged[-1] = _run_case(session, question, case)
            except (Stopped, wire.WireError) as stopped:
                status = getattr(stopped, "kind", "killed")
                reason = f"your code gave {stopped}. The cases after this one were not run."
                judged.append(CaseResult(case, status, reason))
            if judged[-1].status in ("timeout", "memory", "killed"):
                break
        hidden = sum(case.hidden for case in question.cases)
        earned = sum(one.share for one in judged if one.case.hidden)
        right = sum(one.status == "correct" for one in judged if one.case.hidden)
        status = next((one.status for one in judged if one.status != "correct"), "correct")
        if earned and status in ("wrong", "error"):
            status = "partly"
        reasons = [*_by_reason(judged), f"{right} of {hidden} hidden cases are right."]
        wrong = [one for one in judged if one.status == "wrong"]
        evidence = [(w.case, w.got) for w in wrong if w.got and isinstance(w.case, Case)]
        # an idea has to explain all that is wrong
        explained = ideas.explanation(question, evidence) if len(evidence) == len(wrong) else None
        return self._say(status, earned / hidden, *reasons, idea=explained)

    def _undefined(self, run: Run, names: Sequence[str]) -> Verdict:
        """Where nothing of what is asked for is there."""
        first = run.first_error()
        said = f"Your cell does not define {' and '.join(names)}."
        if first is not None:
            said = f"Your cell stops with {first}"
        status = "memory" if (first or "").startswith("MemoryError") else "error"
        return self._say(status, 0.0, said, *run.errors_of_own())


def _run_case(session: Session, question: Code, case: Case | Reach) -> CaseResult:
    arguments = {name: wire.encode(value) for name, value in case.arguments.items()}
    said = session.ask({"call": question.function, "arguments": arguments})
    if (error := told(said.get("error"), case.hidden)) is not None:
        return CaseResult(case, "error", f"{question.function} stops with {error}")
    returned = wire.decode(said.get("returned"))
    if returned is None:
        return CaseResult(case, "wrong", f"{question.function} returns nothing.")
    names = list(case.expected if isinstance(case, Case) else case.returns)
    got = by_name(returned, names)
    if got is None:
        listed = " and ".join(names)
        return CaseResult(case, "wrong", f"{question.function} does not return {listed}.")
    if isinstance(case, Reach):
        return measure_case(case, got)
    return compare_case(question, case, got)


def _by_reason(judged: Sequence[CaseResult]) -> list[str]:
    """What is to be said, once for all cases of which it is true."""
    titles: dict[str, list[str]] = {}
    for one in judged:
        if one.reason:
            titles.setdefault(one.reason, []).append(one.case.title)
    return [f"{'; '.join(same)}: {reason}" for reason, same in titles.items()]


@dataclass(frozen=True)
class CaseResult:
    """One case: its status, what is told of it, the share of it that is earned, and the values."""

    case: Case | Reach
    status: str
    reason: str = ""
    share: float = 0.0
    got: Mapping[str, Any] = field(default_factory=dict)


def compare_case(question: Code, case: Case, got: Mapping[str, Any]) -> CaseResult:
    """A case whose right values are known."""
    expected = ideas.right_values(case, question.over_time)
    differences = {
        name: _difference(question, case, name, want, got) for name, want in expected.items()
    }
    wrong = [difference for difference in differences.values() if difference is not None]
    if not wrong:
        return CaseResult(case, "correct", share=1.0, got=got)
    # what comes first in time explains what comes after it
    first = wrong[0] if question.gradients else first_difference(expected, got) or wrong[0]
    share = 1 - len(wrong) / len(expected) if question.by_quantity else 0.0
    if case.hidden:
        return CaseResult(case, "wrong", first.without_numbers(), share, got)
    told = f"{first.in_words()} {inputs_in_words(case.arguments, first.t)}".strip()
    return CaseResult(case, "wrong", told, share, got)


def _difference(
    question: Code, case: Case, name: str, want: Expected, got: Mapping[str, Any]
) -> Difference | None:
    parameter, loss = question.gradients.get(name), question.loss
    if parameter is None or loss is None:
        return first_difference({name: want}, got)

    def along(value: NDArray) -> float:
        return loss(**{**case.arguments, parameter: value})

    return gradient_difference(
        parameter, got.get(name), want.values, along, case.arguments[parameter]
    )


def measure_case(case: Reach, got: Mapping[str, Any]) -> CaseResult:
    """A case that is judged by what can be done with the result."""
    zeros = {name: Expected(np.zeros(shape), False) for name, shape in case.returns.items()}
    for name, want in zeros.items():
        array = as_numbers(name, want.values.shape, got.get(name))
        if isinstance(array, Difference):
            told = array.without_numbers() if case.hidden else array.in_words()
            return CaseResult(case, "wrong", told)
    with np.errstate(all="ignore"):  # a student's numbers may be huge
        arrays = {name: np.asarray(got[name], float) for name in case.returns}
        try:
            found = float(case.measure(**arrays))
        except (ArithmeticError, ValueError) as error:
            return CaseResult(case, "wrong", f"what it returns cannot be used: {error}"[:300] + ".")
    told = f"{case.what} is {found:.3g}; at most {case.at_most:g} was to be reached."
    if found <= case.at_most:
        return CaseResult(case, "correct", share=1.0)
    if found <= case.partly:
        return CaseResult(case, "wrong", f"{told} Up to {case.partly:g} counts half.", 0.5)
    return CaseResult(case, "wrong", told)
