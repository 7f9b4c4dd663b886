"""Wrong ideas against a student's values: which one explains them, and its hint.

The judge compares all that a function returned, in public and hidden cases alike. The checks in the
students' notebooks have only what stands in the notebook: for each idea the first place at which it
shows, ``h(2) = (3, 1, 0)``, and its hint.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from unrolled.judging.compare import (
    Expected,
    agrees,
    first_difference,
    in_place,
    named,
    spell_rounded,
)
from unrolled.judging.rubric import ByHand, Case, Code, Question, Typed, Wrong

SAME_RTOL, SAME_ATOL = 1e-5, 1e-8
"""How near a student's values must be to an idea's: the same formula, in another order."""


def explains(question: Question, got: Iterable[tuple[Any, Mapping[str, Any]]]) -> Wrong | None:
    """The first wrong idea of a question that gives all the values ``got``.

    Parameters
    ----------
    got
        Pairs: a case in which the student is wrong, and the student's values by name. Where there
        are no cases the first is None.
    """
    evidence = list(got)
    for wrong in question.wrong if evidence else ():
        if all(_gives(wrong, question, case, values) for case, values in evidence):
            return wrong
    return None


def hints(question: Question) -> dict[str, str]:
    """What the public check can tell: where each wrong idea shows first, and its hint."""
    found: dict[str, str] = {}
    for wrong in getattr(question, "wrong", ()):
        case = question.public if isinstance(question, Code) else None
        if isinstance(question, Code) and not isinstance(case, Case):
            continue
        for place in _places(question, case, wrong):
            found.setdefault(place, wrong.hint)
    return found


def _places(question: Question, case: Case | None, wrong: Wrong) -> list[str]:
    values = values_of(wrong, question, case)
    if values is None:
        return _stops_with(wrong, case) if case is not None else []
    right = right_values(question, case)
    if isinstance(question, Typed):
        return [
            f"{name} = {spell_rounded(value, question.tolerance)}"
            for name, value in values.items()
            if not agrees(value, right[name].values, question.tolerance)
        ]
    difference = first_difference(right, values)
    return [in_place(difference)] if difference is not None else []


def _stops_with(wrong: Wrong, case: Case) -> list[str]:
    """The kind of error that this idea ends in, such as that of shapes that do not fit."""
    try:
        wrong.values(**{name: np.array(value) for name, value in case.arguments.items()})
    except ValueError as error:
        return [type(error).__name__]
    except Exception:
        return []
    return []


def right_values(question: Question, case: Case | None) -> dict[str, Expected]:
    """What is right, by the name under which it is asked for."""
    match question:
        case ByHand():
            return {name: Expected(getattr(question.true, name), True) for name in ("h", "y")}
        case Typed():
            return {k: Expected(np.asarray(v, float), False) for k, v in question.right.items()}
    return {name: Expected(value, question.over_time) for name, value in case.expected.items()}


def values_of(wrong: Wrong, question: Question, case: Case | None) -> dict[str, Any] | None:
    """What somebody with this idea computes; None where it comes to nothing."""
    try:
        with np.errstate(all="ignore"):
            match question:
                case ByHand():
                    trace = wrong.values(question.true)
                    return {name: np.asarray(getattr(trace, name)) for name in ("h", "y")}
                case Typed():
                    return dict(wrong.values())
                case Code():
                    arguments = {k: np.array(v) for k, v in case.arguments.items()}
                    return named(wrong.values(**arguments), list(case.expected))
    except (ValueError, TypeError, IndexError, KeyError, FloatingPointError, ZeroDivisionError):
        return None  # with these sizes there is no such mistake


def _gives(wrong: Wrong, question: Question, case: Case | None, got: Mapping[str, Any]) -> bool:
    values = values_of(wrong, question, case)
    if not values:
        return False
    if isinstance(question, Typed):
        return all(
            agrees(got.get(name), value, question.tolerance) for name, value in values.items()
        )
    return all(_same(got.get(name), value) for name, value in values.items())


def _same(have: Any, want: Any) -> bool:
    try:
        have, want = np.asarray(have, float), np.asarray(want, float)
    except (TypeError, ValueError):
        return False
    return have.shape == want.shape and np.allclose(
        have, want, SAME_RTOL, SAME_ATOL, equal_nan=True
    )
