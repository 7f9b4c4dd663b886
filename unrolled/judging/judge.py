"""The judge: runs each question in its sandbox, and decides outside of it what it is worth."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from nbformat import NotebookNode
from numpy.typing import NDArray

from unrolled.errors import UnrolledError
from unrolled.judging import ideas
from unrolled.judging.compare import (
    UNFILLED,
    Choice,
    Difference,
    Expected,
    Told,
    Words,
    agrees,
    as_array,
    as_right,
    by_name,
    first_difference,
    gradient_difference,
    hand_computation,
    inputs_in_words,
    spell_answer,
    spell_right,
    typed_rows,
)
from unrolled.judging.fingerprint import fingerprint, right_numbers
from unrolled.judging.notebook import cell_id, is_task
from unrolled.judging.program import Program, build
from unrolled.judging.results import Verdict
from unrolled.judging.rubric import ByHand, Case, Code, Question, Reach, Typed, Written, Wrong
from unrolled.judging.running import Run, Running, ToBeContinued, not_there, told
from unrolled.judging.submission import Submission
from unrolled.sandbox import containers, wire
from unrolled.sandbox.containers import NOTHING_ELSE, Contents, Limits, Session, Stopped

FAILED = "The grader failed on this answer; a human looks at it."

T = TypeVar("T")


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
        tasks = {cell_id(cell) for cell in released.cells if is_task(cell)}
        with running.held:
            asked = [_Judgement(submission, running, one, points, tasks) for one in questions]
            # All that is told in words or drawn is known before the first hidden case is sent, so
            # that none of it can hold a number of one, whatever way a student finds from process to
            # process.
            begun = [_guarded(one, one.first) for one in asked]
            found = [
                _guarded(one, one.hidden, said) if isinstance(said, _ToCome) else said
                for one, said in zip(asked, begun, strict=True)
            ]
    submission.notes.extend(running.left_out())
    return found


def _guarded(one: _Judgement, step: Callable[..., T], *arguments: Any) -> T | Verdict:
    """``step``; where it fails, a human looks at this one question, and the others are judged."""
    try:
        return step(*arguments)
    except UnrolledError:
        raise  # such as that there is no sandbox any more
    except Exception:
        traceback.print_exc()
        return one.failed()


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
    tasks: set[str]

    def first(self) -> Verdict | _ToCome:
        """The verdict, or what is known until the hidden cases."""
        question = self.question
        if question.cell in self.tasks:
            said = self._say("not graded", None, "A human looks at what you did here.")
            return replace(said, drawn=self._drawn())
        if question.cell not in self.submission.attempted:
            if question.cell in self.submission.missing:
                reason = "The cell of this answer was taken out of the notebook."
                return self._say("altered", 0.0, reason)
            return self._say("not attempted", 0.0, "There is no answer here.")
        if isinstance(question, Written):
            said = self._say("not graded", None, "A human reads this answer.")
            return replace(said, drawn=self._drawn())
        seconds = question.seconds if isinstance(question, Code) else 0
        try:
            return self.running.question(question.cell, seconds, self._answered)
        except Stopped as stopped:
            said = self._say(stopped.kind, 0.0, f"Your code gave {stopped}.")
            return replace(said, by_the_clock=stopped.by_the_clock)
        except wire.WireError as error:
            return self._say("killed", 0.0, f"Your code sent {error}.")

    def failed(self) -> Verdict:
        return self._say("not graded", None, FAILED)

    def _drawn(self) -> list[str]:
        """The figures of an answer that only a human grades."""
        program = self.running.program
        steps = range(len(program.steps))
        if not program.draws or not any(program.is_of(n, self.question.cell) for n in steps):
            return []

        def drawn(run: Run) -> list[str]:
            run.to_check()
            return run.drawn

        try:
            return self.running.question(self.question.cell, 0, drawn)
        except (Stopped, wire.WireError):
            return []

    def _answered(self, run: Run) -> Verdict | _ToCome:
        """The verdict, once the cells have run; of a function, what its public cases say."""
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
                return self._public(run, question)
        return _with_errors(found, run)

    def _say(
        self, status: str, share: float | None, *reasons: str | Told, idea: Wrong | None = None
    ) -> Verdict:
        most = self.points[self.question.points]
        points = None if share is None else round(float(share) * most, 2)
        explained = (idea.name, idea.hint, idea.figure) if idea else ()
        texts = [reason.text if isinstance(reason, Told) else reason for reason in reasons]
        withheld = [reason.withheld if isinstance(reason, Told) else reason for reason in reasons]
        verdict = Verdict(self.question, status, points, most, texts, *explained)
        return replace(verdict, withheld=withheld)

    def _say_wrong(
        self, question: ByHand | Typed, share: float, got: Mapping[str, Any], *reasons: str | Told
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
            said = self._say("correct", 1.0, f"All {T} time steps are right.")
            return replace(said, steps=result.steps)
        reasons: list[str | Told] = [result.first.told()]
        after = result.first.t or T
        if carried := [t for t in range(after + 1, T + 1) if result.follows[t - 1]]:
            steps = ", ".join(f"{name}({t})" for t in carried for name in question.names)
            reasons.append(f"These follow from your own numbers before them, and count: {steps}.")
        reasons.append(f"{right} of {T} time steps count.")
        if right == T:
            said = self._say("correct", 1.0, *reasons)
        else:
            said = self._say_wrong(question, right / T, got, *reasons)
        return replace(said, **_drawn(result.first, result.steps))

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
            texts = any(isinstance(as_right(w), Words | Choice) for w in question.right.values())
            what = "answer" if texts else "number"
            said = f"The {what} is right." if asked == 1 else f"All {asked} {what}s are right."
            return self._say("correct", 1.0, said)
        reasons: list[str | Told] = [
            _told_typed(name, value, question.right[name]) for name, value in wrong.items()
        ]
        reasons.append(f"{right} of {asked} are right.")
        drawn = [
            typed_rows(name, value, question.right[name], question.tolerance)
            for name, value in wrong.items()
        ]
        said_wrong = self._say_wrong(question, right / asked, got, *reasons)
        return replace(said_wrong, rows=[rows for rows in drawn if rows is not None])

    def _public(self, run: Run, question: Code) -> Verdict | _ToCome:
        """What the public cases say: all that is told of a function in words."""
        judged: list[CaseResult] = []
        for case in question.cases:
            if not case.hidden:
                judged += _run_cases(run.session, question, [case])
                if run.further_down(not_there(str(judged[-1].reason))):
                    judged[-1:] = _run_cases(run.session, question, [case])
        if any(one.ended for one in judged):
            return _with_errors(self._code(question, judged), run)
        return _ToCome(run, judged)

    def hidden(self, begun: _ToCome) -> Verdict:
        """The verdict on a function, with its hidden cases."""
        question, run = self.question, begun.run
        assert isinstance(question, Code)
        cases = [case for case in question.cases if case.hidden]
        if self.running.container.holds(run.session):
            judged = _run_cases(run.session, question, cases)
            run.session.end()
        else:  # another question ended all: this one begins anew, in silence
            judged = self.running.question(
                question.cell, question.seconds, partial(_anew, question, cases, run.done)
            )
        return _with_errors(self._code(question, [*begun.judged, *judged]), run)

    def _code(self, question: Code, judged: Sequence[CaseResult]) -> Verdict:
        judged = without_what_needs_no_data(judged)
        hidden = sum(case.hidden for case in question.cases)
        share = earned(question, judged)
        right = sum(one.status == "correct" for one in judged if one.case.hidden)
        status = next((one.status for one in judged if one.status != "correct"), "correct")
        if share and status in ("wrong", "error"):
            status = "partly"
        public = [one for one in judged if not one.case.hidden]
        count = f"{right} of {hidden} hidden cases are right."
        if right and not share:
            count += " Where what is right is what came in, that alone earns nothing."
        of_hidden: list[str | Told] = [
            *_by_reason([one for one in judged if one.case.hidden]),
            count,
        ]
        reasons = [*_by_reason(public), *of_hidden]
        wrong = [one for one in judged if one.status == "wrong"]
        evidence = [(w.case, w.got) for w in wrong if w.got and isinstance(w.case, Case)]
        # an idea has to explain all that is wrong
        explained = ideas.explanation(question, evidence) if len(evidence) == len(wrong) else None
        verdict = self._say(status, share / hidden, *reasons, idea=explained)
        return replace(
            verdict,
            hidden=verdict.reasons[-len(of_hidden) :],
            by_the_clock=any(one.by_the_clock for one in judged),
            **_of_public(question, public),
        )

    def _undefined(self, run: Run, names: Sequence[str]) -> Verdict:
        """Where nothing of what is asked for is there."""
        first = run.first_error()
        said = f"Your cell does not define {' and '.join(names)}."
        if first is not None:
            said = f"Your cell stops with {first}"
        status = "memory" if (first or "").startswith("MemoryError") else "error"
        return self._say(status, 0.0, said, *run.errors_of_own())


@dataclass(frozen=True)
class _ToCome(ToBeContinued):
    """A question whose hidden cases are still to be run, and what its public ones said."""

    run: Run
    judged: list[CaseResult]


def _with_errors(found: Verdict, run: Run) -> Verdict:
    """The verdict with what stopped in the cells."""
    own = run.errors_of_own() if found.status != "correct" else []
    errors = [*run.errors(), *own]
    reasons, withheld = [*found.reasons, *errors], [*found.withheld, *errors]
    return replace(found, reasons=reasons, withheld=withheld, drawn=run.drawn)


def _anew(question: Code, cases: Sequence[Case | Reach], last: int, run: Run) -> list[CaseResult]:
    """Run the cells again, and then the hidden cases; of the cells everything has been told."""
    run.to(last)
    return _run_cases(run.session, question, cases)


def _run_cases(session: Session, question: Code, cases: Sequence[Case | Reach]) -> list[CaseResult]:
    """The cases in their order, until one ends the process."""
    judged: list[CaseResult] = []
    for case in cases:
        try:
            judged.append(_run_case(session, question, case))
        except (Stopped, wire.WireError) as stopped:
            status = getattr(stopped, "kind", "killed")
            reason = f"your code gave {stopped}. The cases after this one were not run."
            late = getattr(stopped, "by_the_clock", False)
            judged.append(CaseResult(case, status, reason, by_the_clock=late))
        if judged[-1].ended:
            break
    return judged


def without_what_needs_no_data(judged: Sequence[CaseResult]) -> list[CaseResult]:
    """The results, less those of a function whose result is the same for other data, too."""
    found = [one.got for one in judged if _must_come_from_data(one)]
    if not any(_equal(b, a) for n, b in enumerate(found) for a in found[:n]):
        return list(judged)
    nothing = partial(
        replace,
        status="wrong",
        reason="the result is the same as for other data, so it cannot come from these.",
        share=0.0,
    )
    return [nothing(one) if _must_come_from_data(one) else one for one in judged]


def _must_come_from_data(one: CaseResult) -> bool:
    return isinstance(one.case, Reach) and one.case.from_data and bool(one.got)


def earned(question: Code, judged: Sequence[CaseResult]) -> float:
    """How many of the hidden cases are earned.

    Where the right result is what came in, a function that gives back its arguments is right: that
    earns something only together with a case where it is not.
    """
    hidden = [one for one in judged if one.case.hidden]
    telling = [one for one in hidden if not gives_back(one.case)]
    if any(one.share for one in telling) or all(map(gives_back, question.cases)):
        return sum(one.share for one in hidden)
    return 0.0


def _equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(np.array_equal(value, other[name]) for name, value in one.items())


def gives_back(case: Case | Reach) -> bool:
    """Whether all that a case expects is among what the function is called with."""
    return isinstance(case, Case) and all(
        any(np.array_equal(value, given) for given in case.arguments.values())
        for value in case.expected.values()
    )


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


def _told_typed(name: str, value: Any, want: Any) -> Told:
    """What is to be said of something typed that is wrong."""
    got = spell_answer(value, want)
    if got == UNFILLED:
        return Told(f"{name}: {got}.", f"{name}: {got}.")
    text = f"{name} is {got}, expected {spell_right(want)}."
    return Told(text, f"{name} is {got}, which is not right.")


def _drawn(difference: Difference, steps: list[str]) -> dict[str, Any]:
    """What a page draws of a record that differs: its steps, and the two sides."""
    return {"steps": steps, "rows": [difference.rows] if difference.rows else []}


def _of_public(question: Code, judged: Sequence[CaseResult]) -> dict[str, Any]:
    """What a page draws of the public case, whose numbers the student has."""
    case = question.public
    one = next((one for one in judged if one.case is case), None)
    if case is None or one is None:
        return {}
    T = max(map(len, case.expected.values())) if question.over_time else 0
    if one.difference is None:
        return {"steps": ["right"] * T if one.status == "correct" else []}
    t = one.difference.t
    run = [] if t is None else ["right"] * (t - 1) + ["wrong"] + ["after"] * (T - t)
    return _drawn(one.difference, run)


def _by_reason(judged: Sequence[CaseResult]) -> list[Told]:
    """What is to be said, once for all cases of which it is true."""
    titles: dict[Told, list[str]] = {}
    for one in judged:
        if one.reason:
            told = one.reason if isinstance(one.reason, Told) else Told(one.reason, one.reason)
            titles.setdefault(told, []).append(one.case.title)
    return [Told(*(f"{'; '.join(same)}: {text}" for text in told)) for told, same in titles.items()]


@dataclass(frozen=True)
class CaseResult:
    """One case: its status, what is told of it, the share of it that is earned, the values, and
    how those of a public case differ first."""

    case: Case | Reach
    status: str
    reason: str | Told = ""
    share: float = 0.0
    got: Mapping[str, Any] = field(default_factory=dict)
    difference: Difference | None = None
    by_the_clock: bool = False

    @property
    def ended(self) -> bool:
        """Whether it cost the process its life."""
        return self.status in ("timeout", "memory", "killed")


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
    called = inputs_in_words(case.arguments, first.t)
    told = Told(*(f"{words} {called}".strip() for words in first.told()))
    return CaseResult(case, "wrong", told, share, got, first)


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
        array = as_array(name, want.values, got.get(name))
        if isinstance(array, Difference):
            told = array.without_numbers() if case.hidden else array.in_words()
            return CaseResult(case, "wrong", told)
    with np.errstate(all="ignore"):  # a student's numbers may be huge
        arrays = {name: as_array(name, zeros[name].values, got[name]) for name in case.returns}
        try:
            found = float(case.measure(**arrays))
        except (ArithmeticError, ValueError):
            return CaseResult(case, "wrong", "what it returns cannot be used.")
    if found <= case.at_most:
        return CaseResult(case, "correct", share=1.0, got=arrays)
    # in bands, for a measure is a number that the student may choose
    partly = found <= case.partly
    above = f"is above {case.at_most:g}" if partly else f"is far above {case.at_most:g}"
    told = f"{case.what} {above if case.partly else above.replace('far ', '')}."
    if partly:
        return CaseResult(case, "wrong", f"{told} Up to {case.partly:g} counts half.", 0.5, arrays)
    return CaseResult(case, "wrong", told, got=arrays)
