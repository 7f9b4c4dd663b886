"""What comes in from outside is checked here, once, with errors that say what to do."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_array(name: str, value: ArrayLike) -> NDArray:
    """``value`` as a floating-point array; integers become float64, float32 stays.

    Complex numbers pass, so that derivatives can be taken by the complex step.

    Raises
    ------
    ValueError
        If terms differ in shape, or an entry is NaN or infinite.
    TypeError
        If the entries are not numbers.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ValueError(_how_ragged(name, value) or f"{name}: {error}") from None
    if array.dtype.kind not in "biufc":
        entries = array.dtype.type.__name__.rstrip("_")
        raise TypeError(f"{name} holds entries of type {entries}; numbers were expected")
    if array.dtype.kind in "biu":
        array = array.astype(np.float64)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} holds {array[where]} at index {where}; finite numbers were expected"
        )
    return array


def _how_ragged(name: str, value: ArrayLike) -> str | None:
    """The first two terms of nested lists that differ in shape, in words."""
    first = None
    for i, term in enumerate(value):
        try:
            shape = np.shape(term)
        except ValueError:
            return _how_ragged(f"{name}[{i}]", term)
        if first is None:
            first = shape
        elif shape != first:
            root = name.partition("[")[0]
            return (
                f"{root} is ragged: {name}[0] has shape {first}, but {name}[{i}] has shape "
                f"{shape}; all terms need the same shape"
            )
    return None


def check_shape(name: str, array: NDArray, expected: tuple[int | str, ...]) -> None:
    """Raise ValueError unless ``array`` has the ``expected`` shape.

    An axis given as a string may have any length but 0; the string only serves the message.
    """
    fits = array.ndim == len(expected) and all(
        have > 0 if isinstance(want, str) else have == want
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
