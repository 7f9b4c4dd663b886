"""Comparing what a student computed with what was expected, step by step.

The judge and the checks in the students' notebooks both speak through this module, so that a
student reads the same words before handing in as after.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnnlib import Trace, unroll
from unrolled.sandbox.wire import Opaque

RTOL, ATOL = 1e-6, 1e-9
"""Loose enough for another order of summation, far tighter than any mistake. RTOL is a part of a
quantity's largest number: what float32 loses where large numbers cancel is no mistake either."""
NEARLY = 1e-3
"""What is off by less than this part was computed the right way, and rounded or cut on it."""
FARTHEST = 100
"""How many times as large as the largest right number a slip may be for the next step to follow."""
BOUNDS = {"tanh": 1.0, "sigmoid": 1.0}
"""What never gets larger than this: beyond, the next step would be 1 whatever comes in."""
SHOWN = 6
"""The longest row of numbers that is shown whole."""
SHOWN_AXES = 3
"""What has more axes than these is told by its shape."""


@dataclass(frozen=True)
class Difference:
    """The first place at which two records part.

    Attributes
    ----------
    kind : {"missing", "type", "shape", "nan", "tolerance", "value", "gradient"}
        "tolerance" is a value that is nearly right, such as one rounded on the way.
    quantity : str
        The name under which it was asked for, such as ``h``.
    t : int or None
        The notes' time step; None where the difference is one of the whole quantity.
    got, expected : str
        Both sides in short words or numbers.
    agreed : str
        What was the same until there; empty if nothing was.
    entry : tuple of int
        The index of the number in question, where the whole is too large to be shown.
    note : str
        What else may help, with numbers in it: by how much it is off, the finite difference.
    """

    kind: str
    quantity: str
    t: int | None
    got: str
    expected: str
    agreed: str = ""
    entry: tuple[int, ...] = ()
    note: str = ""

    @property
    def place(self) -> str:
        """Such as ``h(2)``; the bare name where there is no time step; ``h(2)[7]`` for an entry."""
        entry = f"[{', '.join(map(str, self.entry))}]" if self.entry else ""
        return f"{self.quantity_and_step}{entry}"

    @property
    def quantity_and_step(self) -> str:
        return self.quantity if self.t is None else f"{self.quantity}({self.t})"

    def in_words(self) -> str:
        """The whole of it, both numbers included: for cases that the student may see."""
        note = f" {self.note}" if self.note else ""
        agreed = f" Until there all agrees: {self.agreed}." if self.agreed else ""
        return f"{self.place} is {self.got}, expected {self.expected}.{note}{agreed}"

    def without_numbers(self) -> str:
        """The step and the kind, but no value and no entry's index: for hidden cases."""
        what = {
            "missing": "was not returned",
            "type": "is not made of numbers",
            "shape": "has another shape than expected",
            "nan": "holds NaN or infinity",
            "tolerance": "is close to what is expected, but not close enough",
            "value": "has another value than expected",
            "gradient": "has another value than expected",
        }[self.kind]
        until = f", after agreeing at the steps before t = {self.t}" if (self.t or 0) > 1 else ""
        return f"{self.quantity_and_step} {what}{until}."


class Expected(NamedTuple):
    """One quantity that was asked for: its values, with time on the first axis or not."""

    values: NDArray
    over_time: bool


def first_difference(
    expected: Mapping[str, Expected], got: Mapping[str, Any], rtol: float = RTOL, atol: float = ATOL
) -> Difference | None:
    """The first time step, and at that step the first quantity, at which ``got`` is wrong.

    Quantities are looked at in the order of ``expected``, which is the order of computation. What
    makes a whole quantity unusable (missing, no numbers, another shape) comes before any value.

    Returns
    -------
    Difference or None
        None if everything agrees within ``rtol`` and ``atol``.
    """
    arrays = {}
    for name, right in expected.items():
        usable = as_numbers(name, right.values.shape, got.get(name))
        if isinstance(usable, Difference):
            return usable
        arrays[name] = usable
    largest = {name: np.abs(right.values).max(initial=0) for name, right in expected.items()}
    agreed: list[str] = []
    for place in _in_order_of_computation(expected):
        name, t = place
        want = expected[name].values if t is None else expected[name].values[t - 1]
        have = arrays[name] if t is None else arrays[name][t - 1]
        wrong = ~np.isclose(have, want, rtol=rtol, atol=max(atol, rtol * largest[name]))
        if wrong.any():
            return _of_values(name, t, have, want, wrong, _listed(agreed))
        agreed.append(name if t is None else f"{name}({t})")
    return None


def _of_values(
    name: str, t: int | None, have: NDArray, want: NDArray, wrong: NDArray, agreed: str
) -> Difference:
    """The difference between two arrays of one shape, where some entries are ``wrong``."""
    entry: tuple[int, ...] = ()
    if max(have.shape, default=0) > SHOWN:
        # too long to be shown whole, and the first that is wrong might be cut off
        entry = tuple(int(i) for i in np.argwhere(wrong)[0])
        have, want, wrong = have[entry], want[entry], wrong[entry]
    got, expected = spell(have), spell(want)
    if not np.isfinite(have).all():
        return Difference("nan", name, t, got, expected, agreed, entry)
    off = np.abs(have - want)
    if np.all(off[wrong] <= NEARLY * np.abs(want)[wrong]):
        note = f"It is off by {off.max():.1g}: is a number rounded on the way?"
        return Difference("tolerance", name, t, got, expected, agreed, entry, note)
    return Difference("value", name, t, got, expected, agreed, entry)


def place_and_value(difference: Difference) -> str:
    """Where two records part, and what stands there: ``h(2) = (3, 1, 0)``."""
    return f"{difference.place} = {difference.got}"


def agrees(have: Any, want: Any, tolerance: float) -> bool:
    """Whether a typed number or row is right, up to ``tolerance``."""
    have, want = array_of(have), np.asarray(want, float)
    if isinstance(have, str):
        return False
    # a hair more: 0.005 is no number that a computer holds
    most = tolerance + RTOL * np.abs(want) + ATOL
    return have.shape == want.shape and bool(np.all(np.abs(have - want) <= most))


def spell_rounded(value: Any, tolerance: float) -> str:
    """A typed number as it is looked up: with as many decimals as ``tolerance`` asks for."""
    array = array_of(value)
    if isinstance(array, str):
        return spell_typed(value)
    if tolerance:
        array = np.round(array, max(0, math.floor(-math.log10(2 * tolerance)))) + 0.0
    return spell(array)


def spell_typed(value: Any) -> str:
    """Whatever a student typed, in a few words: numbers, or what it is instead."""
    if value is None:
        return "missing"
    array = array_of(value)
    return array if isinstance(array, str) else spell(array)


def gradient_difference(
    name: str,
    got: Any,
    expected: NDArray,
    loss: Callable[[NDArray], float],
    at: NDArray,
    rtol: float = 1e-5,
    atol: float = 1e-8,
) -> Difference | None:
    """Where a gradient is wrong: its worst entry, with the finite difference there as a witness.

    Parameters
    ----------
    name : str
        What it is the gradient of, such as ``W_h``.
    got
        The student's gradient.
    expected : array
        The right one.
    loss : callable
        The loss as a function of the array ``at``; it is called twice, near ``at``.
    at : array
        The parameter's value.

    Returns
    -------
    Difference or None
        None if every entry agrees within ``rtol`` and ``atol``.
    """
    expected = np.asarray(expected, float)
    array = as_numbers(name, expected.shape, got)
    if isinstance(array, Difference):
        return array
    if np.allclose(array, expected, rtol=rtol, atol=atol):
        return None
    with np.errstate(all="ignore"):  # a student's numbers may be huge
        off = np.abs(array - expected)
    off[~np.isfinite(array)] = np.inf
    entry = tuple(int(i) for i in np.unravel_index(np.argmax(off), off.shape))
    slope = finite_difference(loss, at, entry)
    return Difference(
        "gradient" if np.isfinite(array[entry]) else "nan",
        f"the gradient of {name}",
        None,
        spell(array[entry]),
        spell(expected[entry]),
        entry=entry,
        note=f"The finite difference there is {spell(slope)}.",
    )


def finite_difference(
    loss: Callable[[NDArray], float], at: NDArray, entry: tuple[int, ...], step: float = 1e-6
) -> float:
    """The central difference of ``loss`` along one entry: (L(p + ε) − L(p − ε)) / 2ε."""
    up, down = (np.array(at, float) for _ in range(2))
    up[entry] += step
    down[entry] -= step
    return float((loss(up) - loss(down)) / (2 * step))


def inputs_in_words(arguments: Mapping[str, Any], t: int | None = None) -> str:
    """What a public case was called with, as far as it fits into a sentence.

    Of a sequence (``xs``) it is the step t that is told, and the one before is the student's own.

    >>> inputs_in_words({"xs": [[1, 2], [3, 4]], "h_0": [0, 0], "W_x": np.zeros((9, 9))}, t=2)
    'Called with x(2) = (3, 4), h_0 = (0, 0).'
    """
    told = []
    for name, value in arguments.items():
        array = np.asarray(value)
        if t is not None and name.endswith("s") and array.ndim > 1 and len(array) >= t:
            name, array = f"{name[:-1]}({t})", array[t - 1]
        if array.ndim < 2 and array.size <= SHOWN:
            told.append(f"{name} = {spell(array)}")
    return f"Called with {', '.join(told)}." if told else ""


def _in_order_of_computation(expected: Mapping[str, Expected]) -> Iterable[tuple[str, int | None]]:
    over_time = [name for name, want in expected.items() if want.over_time]
    T = max((len(expected[name].values) for name in over_time), default=0)
    yield from ((name, t) for t in range(1, T + 1) for name in over_time)
    yield from ((name, None) for name in expected if name not in over_time)


def as_numbers(name: str, shape: tuple[int, ...], value: Any) -> NDArray | Difference:
    """``value`` as an array of the expected shape, or what keeps it from being one."""
    wanted = f"an array of shape {shape}" if shape else "a number"
    if value is None:
        return Difference("missing", name, None, "missing", wanted)
    array = array_of(value)
    if isinstance(array, str):
        return Difference("type", name, None, array, wanted)
    if array.shape != shape:
        turned = array.ndim > 1 and array.shape == shape[::-1]
        note = "It looks transposed: time comes first, vectors are rows." if turned else ""
        return Difference("shape", name, None, f"of shape {array.shape}", wanted, note=note)
    return array.astype(float)


def array_of(value: Any) -> NDArray | str:
    """``value`` as an array of numbers; or, in words, what it is instead."""
    if _holds_text(value):  # the text "28" is no number; and NumPy makes all as long as the longest
        return _not_numbers(value)
    try:
        array = np.asarray(value)
    except ValueError:
        return "ragged (its rows have different lengths)"
    return array if array.dtype.kind in "biuf" else _not_numbers(value)


def _holds_text(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_text, value))
    return isinstance(value, str)


def _not_numbers(value: Any) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return "made of entries that are not all numbers"
    kind = value.kind if isinstance(value, Opaque) else type(value).__name__
    return f"of type {kind}, not a number"


def _listed(places: list[str]) -> str:
    return ", ".join(places) if len(places) <= 6 else f"{places[0]} to {places[-1]}"


def spell(array: Any) -> str:
    """Numbers as a person writes them: (0, 2, 1); long arrays are cut.

    >>> spell(np.array([0.0, -0.0, -1.5]))
    '(0, 0, −1.5)'
    """
    array = np.asarray(array)
    if array.ndim > SHOWN_AXES:
        return f"an array of shape {array.shape}"
    if array.ndim == 0:
        return f"{array + 0:.6g}".replace("-", "−")  # + 0 makes −0 a 0
    parts = [spell(entry) for entry in array[:SHOWN]] + (["…"] if len(array) > SHOWN else [])
    return "(" + ", ".join(parts) + ")"


@dataclass(frozen=True)
class HandComputation:
    """A record that was computed by hand, judged step by step.

    A step counts if it is right, or if it follows from the student's own step before: one slip
    costs one step, not all that come after it. (Rows of zeros count only where zeros are right,
    since with ReLU zeros often follow from zeros. And what follows from numbers far larger than any
    in the exercise does not count, since beside them neither input nor bias would matter.)

    Attributes
    ----------
    follows : list of bool
        For t = 1 … T, whether step t counts; those that are not there do not.
    first : Difference or None
        The first difference from the true record.
    slips : dict
        For each step t that does not follow from the one before, how it differs from what does.
    """

    follows: list[bool]
    first: Difference | None
    slips: dict[int, Difference]


def hand_computation(true: Trace, got: Mapping[str, Any]) -> HandComputation:
    """Judge the numbers ``got`` (keys ``h`` and ``y``, time first) against the record ``true``."""
    names, T = ("h", "y"), len(true)
    expected = {name: Expected(getattr(true, name), True) for name in names}
    first = first_difference(expected, got)
    if first is None:
        return HandComputation([True] * T, None, {})
    own = {name: _rows(got.get(name), getattr(true, name)) for name in names}
    slips = {t: slip for t in range(1, T + 1) if (slip := _slip(true, own, t))}
    right = [
        all(_agree(own[n][t], all_[t], all_) for n in names for all_ in [getattr(true, n)])
        for t in range(T)
    ]
    follows = [right[t] or (t + 1 not in slips and bool(own["h"][t].any())) for t in range(T)]
    return HandComputation(follows, first, slips)


def _rows(typed: Any, right: NDArray) -> NDArray:
    """The rows that a student typed; NaN where there is none of as many numbers."""
    rows = np.full(right.shape, np.nan)
    if isinstance(typed, list | tuple) or (isinstance(typed, np.ndarray) and typed.ndim):
        for t, row in enumerate(typed[: len(rows)]):
            numbers = array_of(row)
            if not isinstance(numbers, str) and numbers.shape == rows[t].shape:
                rows[t] = numbers
    return rows


def _agree(have: NDArray, want: NDArray, right: NDArray) -> bool:
    """Whether two rows are the same, measured by the whole of what is ``right``."""
    return np.allclose(have, want, rtol=0, atol=ATOL + RTOL * np.abs(right).max(initial=1))


def _could_be(have: NDArray, right: NDArray, activation: Any) -> bool:
    """Whether a slip can have led to these numbers: of the scale of what is ``right``."""
    most = BOUNDS.get(str(activation), FARTHEST * np.abs(right).max(initial=1))
    return bool((np.abs(have) <= most).all())


def _slip(true: Trace, own: Mapping[str, NDArray], t: int) -> Difference | None:
    """Where the student's step t does not follow from the student's own step t−1."""
    cell = true.cell
    at = {name: values[t - 1] for name, values in own.items()}
    before = true[0] if t == 1 else cell.Step(h=own["h"][t - 2], y=own["y"][t - 2])
    if not all(np.isfinite(v).all() for v in (*at.values(), before.h, before.y) if v is not None):
        return Difference("nan", "h", t, spell(at["h"]), "finite numbers")
    memory = {"h": cell.g_h, "y": cell.g_o} if t > 1 else {}
    for name, activation in memory.items():
        row = own[name][t - 2]
        if name in cell.state and not _could_be(row, getattr(true, name), activation):
            return Difference("value", name, t - 1, spell(row), "a number of the exercise's size")
    with np.errstate(all="ignore"):  # a student's numbers may be huge
        step = unroll(cell, true.xs[t - 1 : t], before)[1]
    if not _agree(at["h"], step.h, true.h):
        return Difference("value", "h", t, spell(at["h"]), spell(step.h))
    # the readout is judged on the student's own h(t), which here equals what was to follow
    if not _agree(at["y"], step.y, true.y):
        return Difference("value", "y", t, spell(at["y"]), spell(step.y))
    return None


def by_name(returned: Any, names: Sequence[str]) -> dict[str, Any] | None:
    """What a function returned, by the names of its quantities; None if there are not as many."""
    if len(names) == 1:
        return {names[0]: returned}
    if isinstance(returned, tuple | list) and len(returned) == len(names):
        return dict(zip(names, returned, strict=True))
    return None
