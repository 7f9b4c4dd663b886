"""The page of a class, for the instructor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

from unrolled.judging.assignment import Assignment
from unrolled.judging.results import STATUSES, Result
from unrolled.pages import charts, statistics
from unrolled.pages.rendering import render


def report_page(
    assignment: Assignment,
    results: Sequence[Result],
    link: Callable[[str], str],
    known: Mapping[str, Sequence[str]] | None = None,
    wall: float | None = None,
    formgrader: Callable[[str], str] | None = None,
    late: Mapping[str, str] | None = None,
    missing: Sequence[str] = (),
) -> str:
    """The class, for the instructor.

    Parameters
    ----------
    link
        The address of a student's feedback, seen from this page.
    known
        What else somebody should look at, by student.
    wall
        How many seconds the run took, if somebody measured them.
    formgrader
        The address of a student's hand-in in formgrader; of all with an empty name. An empty
        address is none.
    late
        Who handed in late, and how late, in words.
    missing
        Who of the class has not handed in.
    """
    bars = statistics.distribution(results)
    return render(
        "report.html",
        assignment=assignment,
        results=results,
        late=late or {},
        missing=missing,
        link=link,
        formgrader=formgrader or (lambda student: ""),
        statuses=STATUSES,
        # our own drawings, of numbers alone
        histogram=Markup(charts.histogram(bars, statistics.distribution_in_words(bars))),
        bar=lambda share, what: Markup(charts.bar(share, what)),
        questions=statistics.questions(results),
        statuses_in_words=statistics.statuses_in_words,
        mistakes=statistics.mistakes(results),
        for_a_human=statistics.for_a_human(results, known),
        waiting=statistics.waiting(results),
        cost=statistics.cost(results, wall),
    )
