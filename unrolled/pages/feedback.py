"""The page that one student gets: what went well, each question, and what to do next."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from markupsafe import Markup

from unrolled.judging.assignment import Assignment
from unrolled.judging.results import STATUSES, Result, Verdict
from unrolled.pages.rendering import points, render

EACH_STEP = 16
"""The most time steps that are drawn one by one."""
MARKS = {"right": "✓", "follows": "↪", "wrong": "✗", "after": "·"}
STEPS = {
    "right": "right",
    "follows": "right for your own numbers before",
    "wrong": "differs",
    "after": "after the first that differs",
}
STANDS = ("right", "follows")
NEXT = {
    "error": "Mend the error. Choose Restart Kernel and Run All, and read the last line of what "
    "Jupyter says.",
    "timeout": "Find what takes so long: a loop whose end is never reached?",
    "memory": "Find what grows so large: an array of many more entries than are asked for?",
    "killed": "Find what ends the whole process.",
    "not attempted": "It is still to be answered.",
    "altered": "Put your answer into the cell of the notebook that you were given.",
    "unreadable": "Open the notebook in Jupyter, save it, and hand in that file.",
}
"""What helps where no wrong idea is known that explains an answer, by its status."""


def feedback_page(
    assignment: Assignment,
    result: Result,
    answers: Mapping[str, str],
    drawn: Mapping[str, Sequence[bytes]] | None = None,
    withhold: bool = False,
) -> str:
    """The page that one student gets: points, reasons, and the answers they belong to.

    Parameters
    ----------
    drawn
        The pictures of each answer: PNG, made anew.
    withhold
        Leave out the numbers that were expected.
    """
    unread = {verdict.standing for verdict in result.verdicts} == {"unreadable"}
    return render(
        "feedback.html",
        unread=result.verdicts[0].reasons[0] if unread else "",
        assignment=assignment,
        result=result,
        answers=answers,
        pictures={name: [_data(png) for png in pngs] for name, pngs in (drawn or {}).items()},
        withhold=withhold,
        well=went_well(result),
        next=to_do_next(result),
        reasons=partial(reasons, withhold=withhold),
        strip=strip,
        in_words=strip_in_words,
        marks=MARKS,
        statuses=STATUSES,
        look_up=partial(look_up, book=assignment.book),
    )


def reasons(verdict: Verdict, withhold: bool) -> list[str]:
    """What is told of a question beside its hidden cases."""
    told = verdict.withheld if withhold else verdict.reasons
    return [reason for reason in told if reason not in verdict.hidden]


def went_well(result: Result) -> list[str]:
    """What is right, or right in part."""
    told = []
    for verdict in result.verdicts:
        title, earned = verdict.question.title, verdict.score or 0
        until = next((n for n, step in enumerate(verdict.steps) if step != "right"), 0)
        if earned and earned >= verdict.max_points:
            told.append(title)
        elif earned:
            told.append(f"{title}: {points(earned)} of {points(verdict.max_points)} points")
        elif until:
            steps = "step 1 is" if until == 1 else f"steps 1 to {until} are"
            told.append(f"{title}: {steps} right")
    return told


@dataclass(frozen=True)
class Next:
    """One thing to do: at which question, how many points there are to gain, and what."""

    place: int
    verdict: Verdict
    open: float
    what: str


def to_do_next(result: Result) -> list[Next]:
    """What to do at each question that is not all right, most points first."""
    found = []
    for place, verdict in enumerate(result.verdicts, start=1):
        still = verdict.max_points - (verdict.score or 0)
        if still > 0 and (verdict.score is not None or verdict.standing == "unreadable"):
            found.append(Next(place, verdict, still, _what_next(verdict)))
    if found and all(one.verdict.standing == "unreadable" for one in found):
        return [Next(0, found[0].verdict, sum(one.open for one in found), found[0].what)]
    return sorted(found, key=lambda one: -one.open)


def _what_next(verdict: Verdict) -> str:
    if verdict.standing == "graded":
        return "Read what a human says of it."
    if verdict.hint:
        return verdict.hint
    if verdict.status in NEXT:
        return NEXT[verdict.status]
    if verdict.rows:
        return f"Look at {verdict.rows[0].place}, which differs first. What is it made of?"
    if verdict.hidden and verdict.steps and "wrong" not in verdict.steps:
        return "The example is right. Try other sizes, zeros and a single time step."
    return "Read what is told above, and try again the check below your answer."


@dataclass(frozen=True)
class Part:
    """Time steps from ``first`` to ``last`` of which the same is true."""

    first: int
    last: int
    status: str

    @property
    def name(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first}–{self.last}"


def strip(steps: Sequence[str]) -> list[Part]:
    """A run in parts: a step each, or of a long one those that have the same status."""
    numbered = list(enumerate(steps, start=1))
    if len(steps) <= EACH_STEP:
        return [Part(t, t, status) for t, status in numbered]
    groups = (list(group) for _, group in groupby(numbered, key=lambda step: step[1]))
    return [Part(group[0][0], group[-1][0], group[0][1]) for group in groups]


def strip_in_words(steps: Sequence[str]) -> str:
    """A run in words, for those who do not see it."""
    if set(steps) == {"right"}:
        return f"All {len(steps)} time steps are right." if len(steps) > 1 else "The step is right."
    if "wrong" not in steps:
        return "; ".join(f"{part.name}: {STEPS[part.status]}" for part in strip(steps)) + "."
    first = steps.index("wrong") + 1
    before = {1: "", 2: "Step 1 is right. "}.get(first, f"Steps 1 to {first - 1} are right. ")
    count = [str(t) for t, step in enumerate(steps, start=1) if step in STANDS and t > first]
    after = f" After it these count: {', '.join(count)}." if count else ""
    return f"{before}Step {first} is the first that differs.{after}"


def _data(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def look_up(figure: str, book: str) -> Markup:
    """Where in the book a question is settled, ``page#heading``; a link if the book has a place."""
    page, _, heading = figure.partition("#")
    where = f"{page}, “{heading.replace('-', ' ')}”" if heading else page
    if not book.startswith(("https://", "http://", "file://")):
        return Markup("The book shows it: {}.").format(where)
    link = Markup('The book shows it: <a href="{}/{}.html{}">{}</a>.')
    return link.format(book.rstrip("/"), page, f"#{heading}" if heading else "", where)
