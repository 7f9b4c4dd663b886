"""Comparing what a student computed with what was expected, step by step.

The judge and the checks in the students' notebooks both speak through this module, so that a
student reads the same words before handing in as after.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
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
"""The longest row of numbers that is told whole."""
DRAWN = 9
"""The longest row of numbers that is drawn whole."""
SHOWN_AXES = 3
"""What has more axes than these is told by its shape."""


@dataclass(frozen=True)
class Words:
    """A text that is right, and others that are as good; capitals and spaces around do not count.

    >>> Words("ReLU", "rectified linear unit").agrees(" relu")
    True
    """

    texts: tuple[str, ...]

    def __init__(self, *texts: str) -> None:
        object.__setattr__(self, "texts", texts)

    def agrees(self, have: Any) -> bool:
        return isinstance(have, str) and _plain(have) in map(_plain, self.texts)

    def in_words(self) -> str:
        return _quoted(self.texts[0])


@dataclass(frozen=True)
class Choice:
    """What is to be chosen ``among`` some texts: one, or several, in any order.

    >>> Choice("a", "c", among="abcd").agrees(["C", "a"])
    True
    """

    right: tuple[str, ...]
    among: tuple[str, ...]

    def __init__(self, *right: str, among: Iterable[str] = ()) -> None:
        object.__setattr__(self, "right", right)
        object.__setattr__(self, "among", tuple(among))

    def agrees(self, have: Any) -> bool:
        chosen = [have] if isinstance(have, str) else have
        if not isinstance(chosen, list | tuple | set | frozenset | np.ndarray):
            return False
        texts = {_plain(one) if isinstance(one, str) else one for one in chosen}
        return texts == set(map(_plain, self.right))

    def in_words(self) -> str:
        return _quoted(*self.right)


def _plain(text: str) -> str:
    """A text without what does not count in it."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _quoted(*texts: str) -> str:
    return ", ".join(f"“{text}”" for text in texts)


@dataclass(frozen=True)
class Rows:
    """What was given and what was expected, one under the other, with what is wrong marked.

    Attributes
    ----------
    place : str
        What they are, such as ``h(2)``.
    start : int
        The index of the first that is shown.
    """

    place: str
    got: list[str]
    expected: list[str]
    wrong: list[bool]
    start: int = 0


def rows(place: str, have: NDArray, want: NDArray, wrong: NDArray) -> Rows:
    """The row of two arrays in which the first entry is ``wrong``, or as much of it as is drawn."""
    if have.ndim > 1:
        index = tuple(int(i) for i in np.argwhere(wrong)[0][:-1])
        place = f"{place}[{', '.join(map(str, index))}]"
        have, want, wrong = have[index], want[index], wrong[index]
    have, want, wrong = (np.atleast_1d(array) for array in (have, want, wrong))
    start = 0
    if len(have) > DRAWN:
        start = min(max(int(np.argmax(wrong)) - DRAWN // 2, 0), len(have) - DRAWN)
    part = slice(start, start + DRAWN)
    got, expected = ([spell(entry) for entry in array[part]] for array in (have, want))
    return Rows(place, got, expected, [bool(entry) for entry in wrong[part]], start)


class Told(NamedTuple):
    """A reason, and the same without what was expected."""

    text: str
    withheld: str


@dataclass(frozen=True)
class Difference:
    """The first place at which two records part.

    Attributes
    ----------
    kind : {"missing", "empty", "type", "shape", "nan", "tolerance", "value", "gradient"}
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
    rows : Rows or None
        Both sides to be drawn, where they are of one shape.
    """

    kind: str
    quantity: str
    t: int | None
    got: str
    expected: str
    agreed: str = ""
    entry: tuple[int, ...] = ()
    note: str = ""
    rows: Rows | None = None

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
        if self.kind == "empty":
            return f"{self.place}: {self.got}."
        note = f" {self.note}" if self.note else ""
        return f"{self.place} is {self.got}, expected {self.expected}.{note}{self._until}"

    def told(self) -> Told:
        """The same, and without the right numbers; what shape is expected is no secret."""
        if self.kind in ("missing", "empty", "type", "shape"):
            return Told(self.in_words(), self.in_words())
        withheld = f"{self.place} is {self.got}, which is not right.{self._until}"
        return Told(self.in_words(), withheld)

    @property
    def _until(self) -> str:
        return f" Until there all agrees: {self.agreed}." if self.agreed else ""

    def without_numbers(self) -> str:
        """The step and the kind, but no value and no entry's index: for hidden cases."""
        what = {
            "missing": "was not returned",
            "empty": "is not filled in yet",
            "type": "is not made of texts" if "text" in self.expected else "is not made of numbers",
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
        usable = as_array(name, right.values, got.get(name))
        if isinstance(usable, Difference):
            return usable
        arrays[name] = usable
    largest = {name: _largest(right.values) for name, right in expected.items()}
    agreed: list[str] = []
    for place in _in_order_of_computation(expected):
        name, t = place
        want = expected[name].values if t is None else expected[name].values[t - 1]
        have = arrays[name] if t is None else arrays[name][t - 1]
        wrong = _wrong(have, want, rtol, max(atol, rtol * largest[name]))
        if wrong.any():
            return _of_values(name, t, have, want, wrong, _listed(agreed))
        agreed.append(name if t is None else f"{name}({t})")
    return None


def _largest(values: NDArray) -> float:
    """The largest of an array's finite numbers; 0 of texts."""
    if values.dtype.kind == "U":
        return 0.0
    return float(np.abs(values[np.isfinite(values)]).max(initial=0))


def _wrong(have: NDArray, want: NDArray, rtol: float, atol: float) -> NDArray:
    """Which entries differ; NaN is right where NaN is expected."""
    if want.dtype.kind == "U":
        return np.asarray(have != want)
    return ~np.asarray(np.isclose(have, want, rtol=rtol, atol=atol, equal_nan=True))


def _of_values(
    name: str, t: int | None, have: NDArray, want: NDArray, wrong: NDArray, agreed: str
) -> Difference:
    """The difference between two arrays of one shape, where some entries are ``wrong``."""
    entry: tuple[int, ...] = ()
    drawn = rows(name if t is None else f"{name}({t})", have, want, wrong)
    if max(have.shape, default=0) > SHOWN:
        # too long to be shown whole, and the first that is wrong might be cut off
        entry = tuple(int(i) for i in np.argwhere(wrong)[0])
        have, want, wrong = have[entry], want[entry], wrong[entry]
    differs = partial(
        Difference,
        quantity=name,
        t=t,
        got=spell(have),
        expected=spell(want),
        agreed=agreed,
        entry=entry,
        rows=drawn,
    )
    if want.dtype.kind == "U":
        return differs("value")
    if not np.isfinite(have[wrong]).all():
        return differs("nan")
    with np.errstate(all="ignore"):  # of infinities that are right
        off = np.abs(have - want)
    if np.all(off[wrong] <= NEARLY * np.abs(want)[wrong]):
        note = f"It is off by {off[wrong].max():.1g}: is a number rounded on the way?"
        return differs("tolerance", note=note)
    return differs("value")


def place_and_value(difference: Difference) -> str:
    """Where two records part, and what stands there: ``h(2) = (3, 1, 0)``."""
    return f"{difference.place} = {difference.got}"


def agrees(have: Any, want: Any, tolerance: float) -> bool:
    """Whether a typed number, row or text is right, up to ``tolerance``."""
    want = as_right(want)
    if isinstance(want, Words | Choice):
        return want.agrees(have)
    have = array_of(have)
    if isinstance(have, str) or have.shape != want.shape:
        return False
    with np.errstate(all="ignore"):  # a student's numbers may be huge
        # a hair more: 0.005 is no number that a computer holds
        near = np.abs(have - want) <= tolerance + RTOL * np.abs(want) + ATOL
        return bool(np.all(near | (have == want) | (np.isnan(have) & np.isnan(want))))


def as_right(want: Any) -> Any:
    """What was said to be right, as it is compared: Words, a Choice, or an array of numbers."""
    if isinstance(want, Words | Choice):
        return want
    if isinstance(want, str):
        return Words(want)
    if isinstance(want, set | frozenset):
        return Choice(*sorted(want))
    array = np.asarray(want)
    if array.dtype.kind == "U":
        return Words(str(array)) if array.ndim == 0 else Choice(*map(str, array))
    return array if array.dtype.kind == "c" else array.astype(float)


def typed_values(want: Any) -> NDArray:
    """What somebody types who is right."""
    want = as_right(want)
    if isinstance(want, Words):
        return np.asarray(want.texts[0])
    if isinstance(want, Choice):
        return np.asarray(want.right if len(want.right) > 1 else want.right[0])
    return np.asarray(want)


def spell_right(want: Any) -> str:
    """What is right, in words."""
    want = as_right(want)
    return want.in_words() if isinstance(want, Words | Choice) else spell(want)


def spell_answer(have: Any, want: Any) -> str:
    """Whatever a student typed where ``want`` is right, in a few words."""
    if not isinstance(as_right(want), Words | Choice):
        return spell_typed(have)
    if isinstance(have, str):
        return _quoted(have[:60])
    listed = isinstance(have, list | tuple | set | frozenset) and have
    if listed and all(isinstance(one, str) for one in listed):
        return _quoted(*[one[:60] for one in list(listed)[:SHOWN]])
    if have is None or unfilled(have):
        return spell_typed(have)
    return spell(np.asarray(have)) if isinstance(have, int | float) else _kind(have, "a text")


def typed_rows(name: str, have: Any, want: Any, tolerance: float) -> Rows | None:
    """A typed row under the right one; None where they cannot be compared entry by entry."""
    want = as_right(want)
    if isinstance(want, Words | Choice):
        return None
    have = as_array(name, want, have)
    if isinstance(have, Difference) or not have.size:
        return None
    right = [agrees(*pair, tolerance) for pair in zip(have.flat, want.flat, strict=True)]
    wrong = ~np.reshape(right, have.shape)
    return rows(name, have, want, wrong) if wrong.any() else None


def spell_rounded(value: Any, tolerance: float, want: Any = 0) -> str:
    """What was typed as it is looked up: numbers with as many decimals as ``tolerance`` asks for.

    ``want`` is what is right, which may be a text.
    """
    if isinstance(as_right(want), Words | Choice):
        return spell_answer(value, want)
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
    if unfilled(value):
        return UNFILLED
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
    array = as_array(name, expected, got)
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
        rows=_around(f"the gradient of {name}", array, expected, entry, rtol, atol),
    )


def _around(
    place: str, have: NDArray, want: NDArray, entry: tuple[int, ...], rtol: float, atol: float
) -> Rows:
    """The row of a gradient that holds its worst ``entry``."""
    wrong = ~np.isclose(have, want, rtol=rtol, atol=atol)
    if len(entry) > 1:
        place = f"{place}[{', '.join(map(str, entry[:-1]))}]"
        have, want, wrong = have[entry[:-1]], want[entry[:-1]], wrong[entry[:-1]]
    return rows(place, have, want, wrong)


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


UNFILLED = "nothing is filled in yet"
MOST_LETTERS = 5_000_000
"""Of an array of texts, each made as long as the longest."""
NUMBERS = "biufc"
"""The kinds of arrays whose entries are numbers."""


def as_array(name: str, like: NDArray, value: Any) -> NDArray | Difference:
    """``value`` as an array of the shape and kind of ``like``, or what keeps it from being one."""
    texts = like.dtype.kind == "U"
    of_texts = " of texts" if texts else ""
    wanted = f"an array{of_texts} of shape {like.shape}" if like.shape else "a number"
    if texts and not like.shape:
        wanted = "a text"
    if value is None:
        return Difference("missing", name, None, "missing", wanted)
    if unfilled(value):
        return Difference("empty", name, None, UNFILLED, wanted)
    array = texts_of(value) if texts else array_of(value)
    if isinstance(array, str):
        return Difference("type", name, None, array, wanted)
    if array.dtype.kind == "c" and like.dtype.kind != "c":
        # a library may return a real number as a complex one
        if array.imag.any():
            return Difference("type", name, None, "made of complex numbers", wanted)
        array = array.real
    if array.shape != like.shape:
        turned = array.ndim > 1 and array.shape == like.shape[::-1]
        note = "It looks transposed: time comes first, vectors are rows." if turned else ""
        got = f"of shape {array.shape}" if array.shape else "a single value"
        return Difference("shape", name, None, got, wanted, note=note)
    if texts or like.dtype.kind == "c":
        return array if texts else array.astype(complex)
    return array.astype(float)


def unfilled(value: Any) -> bool:
    """Whether the ``...`` that a notebook is given out with still stands in a value."""
    if isinstance(value, list | tuple):
        return any(map(unfilled, value))
    return value is ... or (isinstance(value, Opaque) and value.kind == "ellipsis")


def array_of(value: Any) -> NDArray | str:
    """``value`` as an array of numbers; or, in words, what it is instead."""
    if _holds_text(value):  # the text "28" is no number; and NumPy makes all as long as the longest
        return _not_numbers(value)
    try:
        array = np.asarray(value)
    except ValueError:
        return "ragged (its rows have different lengths)"
    return array if array.dtype.kind in NUMBERS else _not_numbers(value)


def texts_of(value: Any) -> NDArray | str:
    """``value`` as an array of texts; or, in words, what it is instead."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "U":
        return value
    flat = [*_leaves(value)]
    if not flat or not all(isinstance(one, str) for one in flat):
        return _kind(value, "a text")
    # NumPy makes all as long as the longest
    if len(flat) * max(map(len, flat)) > MOST_LETTERS:
        return "far more text than was asked for"
    try:
        return np.asarray(value)
    except ValueError:
        return "ragged (its rows have different lengths)"


def _leaves(value: Any) -> Iterable[Any]:
    if isinstance(value, list | tuple):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _holds_text(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_holds_text, value))
    return isinstance(value, str)


def _not_numbers(value: Any) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        return "made of entries that are not all numbers"
    return _kind(value, "a number")


def _kind(value: Any, wanted: str) -> str:
    kind = value.kind if isinstance(value, Opaque) else type(value).__name__
    return f"of type {kind}, not {wanted}"


def _listed(places: list[str]) -> str:
    return ", ".join(places) if len(places) <= 6 else f"{places[0]} to {places[-1]}"


def spell(array: Any) -> str:
    """Numbers and texts as a person writes them: (0, 2, 1); long arrays are cut.

    >>> spell(np.array([0.0, -0.0, -1.5]))
    '(0, 0, −1.5)'
    """
    array = np.asarray(array)
    if array.ndim > SHOWN_AXES:
        return f"an array of shape {array.shape}"
    if array.ndim == 0:
        if array.dtype.kind == "U":
            return _quoted(str(array)[:60])
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
    right : list of bool
        For t = 1 … T, whether step t is the true one.
    """

    follows: list[bool]
    first: Difference | None
    slips: dict[int, Difference]
    right: list[bool]

    @property
    def steps(self) -> list[str]:
        """What became of each step: "right", "follows" or "wrong"."""
        return [
            "right" if right else "follows" if follows else "wrong"
            for right, follows in zip(self.right, self.follows, strict=True)
        ]


def hand_computation(true: Trace, got: Mapping[str, Any]) -> HandComputation:
    """Judge the numbers ``got`` (keys ``h`` and ``y``, time first) against the record ``true``."""
    names, T = ("h", "y"), len(true)
    expected = {name: Expected(getattr(true, name), True) for name in names}
    first = first_difference(expected, got)
    if first is None:
        return HandComputation([True] * T, None, {}, [True] * T)
    own = {name: _rows(got.get(name), getattr(true, name)) for name in names}
    slips = {t: slip for t in range(1, T + 1) if (slip := _slip(true, own, t))}
    right = [
        all(_agree(own[n][t], all_[t], all_) for n in names for all_ in [getattr(true, n)])
        for t in range(T)
    ]
    follows = [right[t] or (t + 1 not in slips and bool(own["h"][t].any())) for t in range(T)]
    return HandComputation(follows, first, slips, right)


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
