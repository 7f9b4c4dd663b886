"""Running the program of a hand-in up to a question, and what is to be said of its errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from unrolled.judging.beside import drawn_inside
from unrolled.judging.program import Program, Step, defined
from unrolled.sandbox.containers import Container, Limits, Session, Stopped

MOST_STOPS = 2
"""How many of a student's own cells may end the process before none of them is run any more."""
MOST_TOLD = 3
MOST_ERRORS = 5

USUAL_ERRORS = {
    *("ValueError", "TypeError", "IndexError", "KeyError", "NameError", "AttributeError"),
    *("ZeroDivisionError", "AssertionError", "RecursionError", "NotImplementedError"),
}
"""What an honest program stops with. In a hidden case no other name is told, for each can carry a
part of a number."""

T = TypeVar("T")


class ToBeContinued:
    """What comes of a question whose process is to wait, with all that it has defined."""


class _Again(Exception):
    """A cell that is not the question's ended the process: it is to run without it."""


@dataclass
class Running:
    """What is known of a hand-in's program, from one question to the next.

    Attributes
    ----------
    deadly : dict
        The cells that ended the process, by their number, and how.
    slow : dict
        The statements of a student's own cells that took too long, by the cell's number.
    held : ExitStack
        The questions whose processes wait for their hidden cases.
    """

    program: Program
    container: Container
    limits: Limits
    deadly: dict[int, str] = field(default_factory=dict)
    slow: dict[int, set[int]] = field(default_factory=dict)
    held: ExitStack = field(default_factory=ExitStack)

    def question(self, answer: str, seconds: float, then: Callable[[Run], T]) -> T:
        """Run the program for the question of one ``answer``, and ``then`` what is asked of it.

        Raises
        ------
        Stopped, WireError
            If its own code gives no answer.
        """
        while True:
            with ExitStack() as stack, suppress(_Again):
                session = stack.enter_context(self.container.question(seconds))
                time = self.limits.with_seconds(seconds).seconds
                found = then(Run(self, session, answer, time))
                if isinstance(found, ToBeContinued):
                    self.held.push(stack.pop_all())
                return found

    def stopped(self, number: int, reason: str) -> None:
        """Leave out a cell from now on; if it is one too many of a student's own, all of these."""
        self.deadly[number] = reason
        own = [n for n, step in enumerate(self.program.steps) if step.own or step.ours]
        if sum(n in self.deadly for n in own) > MOST_STOPS:
            self.deadly |= {n: reason for n in own if n not in self.deadly}

    def left_out(self) -> list[str]:
        """What of the student's own cells did not run, and why."""
        own = {n: step for n, step in enumerate(self.program.steps) if not step.answer}
        return [
            *(
                f"{_capital(own[n].name)} was left out: it gave {reason}."
                for n, reason in self.deadly.items()
                if n in own
            ),
            *(
                f"Of {own[n].name} a part was left out: cells of your own may take "
                f"{own[n].message(self.limits.seconds)['own_seconds']:g} seconds together."
                for n in self.slow
                if n in own
            ),
        ]


@dataclass
class Run:
    """The program of a hand-in, as it runs for one question.

    Attributes
    ----------
    drawn : list of str
        The figures that the answer's cells drew: PNG made anew, in base64.
    """

    running: Running
    session: Session
    answer: str
    seconds: float
    done: int = 0
    raised: list[tuple[Step, dict[str, Any]]] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)

    def to_check(self) -> None:
        """Run what stands before the check of the question, and keep what its cells draw."""
        self.to(self.running.program.until.get(self.answer, 0))
        if self.running.program.draws:
            self.drawn = drawn_inside(self.session.ask({"drawn": True}).get("drawn"))

    def further_down(self, names: Iterable[str]) -> bool:
        """Run the rest, too, if it defines one of these names; says whether it did."""
        steps = self.running.program.steps
        wanted = set(names)
        found = any(wanted & defined(step.source) for step in steps[self.done :])
        if found:
            self.to(len(steps))
        return found

    def to(self, last: int) -> None:
        """Run all up to a step."""
        running = self.running
        steps = {
            n: running.program.steps[n] for n in range(self.done, last) if n not in running.deadly
        }
        self.done = last
        program = running.program
        sent = [
            step.message(self.seconds, running.slow.get(n, ()), program.is_of(n, self.answer))
            for n, step in steps.items()
        ]
        numbers = list(steps)
        try:
            errors = self.session.run(sent)
        except Stopped as stopped:
            if stopped.cell is None:
                raise
            number = numbers[stopped.cell]
            running.stopped(number, str(stopped))
            if steps[number].answer == self.answer:
                raise
            raise _Again from None
        for number, found in zip(numbers, errors, strict=True):
            self.raised += [(steps[number], error) for error in found[:MOST_ERRORS]]
            slow = {error["statement"] for error in found if type(error.get("statement")) is int}
            if slow:
                running.slow.setdefault(number, set()).update(slow)

    def defined(self, names: Sequence[str]) -> set[str]:
        """Those of the names that are defined now."""
        values = self.session.ask({"read": list(names)}).get("values")
        values = values if isinstance(values, dict) else {}
        return {name for name in names if values.get(name) is not None}

    def first_error(self) -> str | None:
        """The first error in the answer's own cells, in words."""
        own = (error for step, error in self.raised if step.answer == self.answer)
        return told(next(own, None), hidden=False)

    def errors(self) -> list[str]:
        """What stops in the answer's cells, where something of it was judged."""
        said = [
            f"Your cell stops with {_sentence(error)} What it defines was judged all the same."
            for step, error in self._told()
            if step.answer == self.answer
        ]
        return list(dict.fromkeys(said))[:MOST_TOLD]

    def errors_of_own(self) -> list[str]:
        """What stops in the student's own cells."""
        said = [
            f"{_capital(step.name)} stops with {_sentence(error)}"
            for step, error in self._told()
            if step.own
        ]
        return list(dict.fromkeys(said))[:MOST_TOLD]

    def _told(self) -> list[tuple[Step, str]]:
        return [(step, told(error, hidden=False) or "") for step, error in self.raised]


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."


def not_there(words: str) -> list[str]:
    """The names that an error speaks of as not defined."""
    return re.findall(r"name '(\w+)' is not defined", words)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def told(error: Any, hidden: bool) -> str | None:
    """What may be told of an error: in a hidden case only its name, if it is one of the usual."""
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
    if hidden:
        return f"{kind if kind in USUAL_ERRORS else 'an error'}."
    where = f" in line {line}" if type(line) is int and 0 < line < 10**6 else ""
    said = f": {str(message)[:300]}" if message else ""
    return f"{str(kind)[:100]}{where}{said}"
