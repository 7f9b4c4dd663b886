"""What comes in from outside is checked here, once, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_array(name: str, value: ArrayLike) -> NDArray:
    """``value`` as a floating-point array; integers become float64, float32 stays.

    Complex numbers pass, so that derivatives can be taken by the complex step.

    Raises
    ------
    ValueError
        If rows differ in length, or an entry is NaN or infinite.
    TypeError
        If the entries are not numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(
            f"{name} is ragged: {_lengths(value)}; every term needs the same length"
        ) from None
    if array.dtype == object or array.dtype.kind not in "biufc":
        raise TypeError(f"{name} holds entries of type {array.dtype}; numbers were expected")
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} holds {array[where]} at index {where}; finite numbers were expected"
        )
    return array


def _lengths(value: ArrayLike) -> str:
    lengths = [len(term) if isinstance(term, Sequence | np.ndarray) else 1 for term in value]
    return "its terms have lengths " + ", ".join(map(str, lengths))


def check_shape(name: str, array: NDArray, expected: tuple[int | str, ...]) -> None:
    """Raise ValueError unless ``array`` has the ``expected`` shape.

    An axis given as a string is free: its name only serves the message.
    """
    fits = array.ndim == len(expected) and all(
        isinstance(want, str) or have == want
        for have, want in zip(array.shape, expected, strict=True)
    )
    if not fits:
        raise ValueError(f"{name} has shape {array.shape}, expected {_spell(expected)}")


def _spell(shape: tuple[int | str, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def check_last_axis(name: str, array: NDArray, size: int, why: str) -> None:
    """Raise ValueError unless the last axis of ``array`` has ``size`` entries."""
    if array.ndim == 0 or array.shape[-1] != size:
        raise ValueError(f"{name} has shape {array.shape}, expected (..., {size}): {why}")
