"""Marks of typed numbers, by which the same numbers are known again.

Each row of each quantity has a mark of its own: who changes one number of somebody else's still
has all the other rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.judging.compare import array_of
from unrolled.judging.rubric import ByHand, Question, Typed

DECIMALS = 2


def fingerprint(values: Mapping[str, Any], right: Mapping[str, Any]) -> str:
    """The marks of typed numbers, with spaces between; of what has not ``right``'s shape, none."""
    return " ".join(
        _mark(name, place, row)
        for name, value in sorted(right.items())
        for place, row in _rows(values.get(name), np.shape(value))
    )


def right_numbers(question: Question) -> Mapping[str, Any]:
    """The right answer to a typed question, by name; empty for another one."""
    match question:
        case ByHand():
            return {name: getattr(question.true, name) for name in question.names}
        case Typed():
            return question.right
    return {}


def _rows(value: Any, shape: tuple[int, ...]) -> Iterator[tuple[int, NDArray]]:
    array = array_of(value)
    if isinstance(array, str) or array.shape != shape or array.dtype.kind == "c":
        return
    if not np.isfinite(array).all():
        return
    yield from enumerate(array if array.ndim > 1 else [array])


def _mark(name: str, place: int, row: NDArray) -> str:
    rounded = np.round(np.asarray(row, float), DECIMALS) + 0.0  # + 0 makes −0 a 0
    return hashlib.sha256(f"{name} {place} {rounded.tolist()}".encode()).hexdigest()[:12]
