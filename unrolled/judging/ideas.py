"""Wrong ideas against a student's values: which one explains them, and its hint.

The judge compares all that a function returned, in public and hidden cases alike. The checks in the
students' notebooks have only what stands in the notebook: for each idea the first place at which it
shows, ``h(2) = (3, 1, 0)``, and its hint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unrolled.judging.compare import (
    Expected,
    agrees,
    array_of,
    by_name,
    first_difference,
    place_and_value,
    spell_rounded,
    texts_of,
    typed_values,
)
from unrolled.judging.rubric import Autograded, ByHand, Case, Code, Question, Typed, Wrong

SAME_RTOL, SAME_ATOL = 1e-5, 1e-8
"""How near a student's values must be to an idea's: the same formula, in another order."""

Asked = ByHand | Typed | Case
"""What has one right answer: numbers to be typed, or a call of a function."""


def what_is_asked(question: Autograded) -> Sequence[Asked]:
    """The question itself; of a function, those of its cases that have one right answer."""
    if isinstance(question, Code):
        return [case for case in question.cases if isinstance(case, Case)]
    return [question]


def explanation(
    question: Autograded, evidence: Sequence[tuple[Asked, Mapping[str, Any]]]
) -> Wrong | None:
    """The first wrong idea of a question that gives all of a student's values.

    Parameters
    ----------
    evidence
        Pairs: what the student answered wrongly, and the student's values by name.
    """
    for wrong in question.wrong if evidence else ():
        if all(_gives(wrong, asked, values) for asked, values in evidence):
            return wrong
    return None


def hints(question: Question) -> dict[str, str]:
    """What the public check can tell: where each wrong idea shows first, and its hint."""
    match question:
        case ByHand() | Typed():
            return _hints(question.wrong, question)
        case Code(public=Case() as public):
            return _hints(question.wrong, public, question.over_time)
    return {}


def _hints(ideas: Sequence[Wrong], asked: Asked, over_time: bool = False) -> dict[str, str]:
    found: dict[str, str] = {}
    for wrong in ideas:
        for place in _places(wrong, asked, over_time):
            found.setdefault(place, wrong.hint)
    return found


def _places(wrong: Wrong, asked: Asked, over_time: bool) -> list[str]:
    values = values_of(wrong, asked)
    if values is None:
        return _stops_with(wrong, asked) if isinstance(asked, Case) else []
    right = right_values(asked, over_time)
    if isinstance(asked, Typed):
        return [
            f"{name} = {spell_rounded(value, asked.tolerance, asked.right[name])}"
            for name, value in values.items()
            if not agrees(value, asked.right[name], asked.tolerance)
        ]
    difference = first_difference(right, values)
    return [place_and_value(difference)] if difference is not None else []


def _stops_with(wrong: Wrong, case: Case) -> list[str]:
    """The kind of error that this idea ends in, such as that of shapes that do not fit."""
    try:
        wrong.values(**{name: as_argument(value) for name, value in case.arguments.items()})
    except ValueError as error:
        return [type(error).__name__]
    except Exception:
        return []
    return []


def right_values(asked: Asked, over_time: bool = False) -> dict[str, Expected]:
    """What is right, by the name under which it is asked for.

    ``over_time`` says whether what a function returns has time on its first axis.
    """
    match asked:
        case ByHand():
            return {name: Expected(getattr(asked.true, name), True) for name in ("h", "y")}
        case Typed():
            return {k: Expected(typed_values(v), False) for k, v in asked.right.items()}
        case Case():
            return {name: Expected(value, over_time) for name, value in asked.expected.items()}


def as_argument(value: Any) -> Any:
    """An argument of a case as it is given to a function: a copy, of numbers as an array."""
    return value if isinstance(value, str) else np.array(value)


def values_of(wrong: Wrong, asked: Asked) -> dict[str, Any] | None:
    """What somebody with this idea computes; None where it comes to nothing."""
    try:
        with np.errstate(all="ignore"):
            match asked:
                case ByHand():
                    trace = wrong.values(asked.true)
                    return {name: np.asarray(getattr(trace, name)) for name in ("h", "y")}
                case Typed():
                    return dict(wrong.values())
                case Case():
                    arguments = {k: as_argument(v) for k, v in asked.arguments.items()}
                    return by_name(wrong.values(**arguments), list(asked.expected))
    except (ValueError, TypeError, IndexError, KeyError, FloatingPointError, ZeroDivisionError):
        return None  # with these sizes there is no such mistake


def _gives(wrong: Wrong, asked: Asked, got: Mapping[str, Any]) -> bool:
    values = values_of(wrong, asked)
    if not values:
        return False
    if isinstance(asked, Typed):
        return all(agrees(got.get(name), value, asked.tolerance) for name, value in values.items())
    return all(_same(got.get(name), value) for name, value in values.items())


def _same(have: Any, want: Any) -> bool:
    texts = isinstance(want, str) or np.asarray(want).dtype.kind == "U"
    have, want = (texts_of(each) if texts else array_of(each) for each in (have, want))
    if isinstance(have, str) or isinstance(want, str):
        return False
    if have.shape != want.shape:
        return False
    if texts:
        return bool(np.all(have == want))
    return np.allclose(have, want, SAME_RTOL, SAME_ATOL, equal_nan=True)
