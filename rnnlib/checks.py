"""What comes in from outside is checked here, once, with errors that say what to do."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Array: TypeAlias = NDArray[Any]
"""An array of floating-point numbers, float64 unless said otherwise; or of complex ones."""

Thing = TypeVar("Thing")


def as_array(name: str, value: ArrayLike, like: DTypeLike = np.float64) -> Array:
    """``value`` as an array of finite floating-point numbers; float32 stays, complex ones pass.

    Integers have no floating-point type of their own, nor have numbers in lists: they become
    ``like``. (Complex numbers pass, so that derivatives can be taken by the complex step.)
    """
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"{name} is a masked array, and masks are not looked at: give {name}.filled(0), and "
            f"say by lengths or mask= which steps count"
        )
    array = read(name, value)
    if array.dtype.kind not in "biufc":
        entries = array.dtype.type.__name__.rstrip("_")
        what = f"{name} holds entries of type {entries}"
        if array.dtype.kind == "O" and array.ndim == 0:
            what = f"{name} is {said(value)}"
        raise TypeError(f"{what}; numbers were expected")
    if array.dtype.kind in "biu" or (array.dtype == np.float64 and not hasattr(value, "dtype")):
        array = array.astype(like, copy=False)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name} holds {array[where]} at index {where}; finite numbers were expected"
        )
    return array


def read(name: str, value: ArrayLike) -> Array:
    """``value`` as an array of whatever it holds, or an error that says why it is none."""
    if hasattr(value, "_fields") or hasattr(value, "cell"):
        raise TypeError(
            f"{name} is of type {type(value).__name__}; an array was expected, such as one of the "
            f"quantities in it"
        )
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(_how_ragged(name, value) or f"{name}: {error}") from None
    except (TypeError, RuntimeError) as error:  # such as a tensor's that requires a gradient
        raise TypeError(
            f"{name} is {said(value)}, of which no array can be made: {error}"
        ) from None


def _how_ragged(name: str, value: Any) -> str | None:
    """The first two terms of nested lists that differ in shape, in words."""
    first = None
    for i, term in enumerate(value):
        try:
            shape = np.shape(term)
        except ValueError:
            return _how_ragged(f"{name}[{i}]", term)
        first = shape if first is None else first
        if shape != first:
            return (
                f"{name.partition('[')[0]} is ragged: {name}[0] has shape {first}, but {name}[{i}] "
                f"has shape {shape}; all terms need the same shape"
            )
    return None


def said(value: object) -> str:
    """What was given, in a few words: an error is no place for a whole array.

    >>> said(5), said([1, 2]), said(np.zeros((2, 3))), said(int)
    ('5', '[1, 2]', 'an array of shape (2, 3)', 'the class int')
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    short = repr(value)
    if len(short) <= 40 and "\n" not in short and " at 0x" not in short:
        return short
    article = "an" if type(value).__name__[0] in "AEIOaeiou" else "a"
    return f"{article} {type(value).__name__}"


def check_shape(name: str, array: Array, expected: Iterable[int | str]) -> dict[str, int]:
    """Raise ValueError unless ``array`` has the ``expected`` shape; returns what its symbols are.

    A symbol stands for one length, which may be any but 0.

    >>> check_shape("W", np.zeros((2, 3)), ("k", 3))
    {'k': 2}
    """
    expected = list(expected)
    symbols: dict[str, int] = {}
    fits = array.ndim == len(expected)
    for have, want in zip(array.shape, expected, strict=False):
        if isinstance(want, str):
            fits, want = fits and have > 0, symbols.setdefault(want, have)
        fits = fits and have == want
    if not fits:
        axes = ", ".join(map(str, expected)) + ("," if len(expected) == 1 else "")
        raise ValueError(f"{name} has shape {array.shape}, expected ({axes})")
    return symbols


def as_count(name: str, value: object, least: int = 1, what: str = "a whole number") -> int:
    """``value`` as a whole number that is at least ``least``; True and 2.0 are none."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} is {said(value)}, expected {what}, at least {least}")
    return int(value)


def check_generator(rng: object) -> None:
    """Raise TypeError unless ``rng`` is a generator of random numbers."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng is of type {type(rng).__name__}, expected a numpy.random.Generator: "
            f"give numpy.random.default_rng(SEED)"
        )


def read_only(value: Thing) -> Thing:
    """The same numbers, which can no longer be written into: an array, or a record of arrays.

    What a cell or a trace holds would else change behind the back of all that was computed of it.
    """
    if isinstance(value, np.ndarray) and value.flags.writeable:
        view = value.view()
        view.flags.writeable = False
        return view
    if isinstance(value, tuple) and hasattr(value, "_make"):
        return type(value)._make(map(read_only, value))
    return value
