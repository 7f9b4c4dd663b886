"""The public checks in the students' notebooks: they say at once what is wrong, and where.

A check raises CheckFailed with a message for the student, or prints that all is well.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rnnlib import Cell, unroll
from unrolled.judging.compare import (
    Expected,
    agrees,
    by_name,
    first_difference,
    hand_computation,
    inputs_in_words,
    place_and_value,
    spell_rounded,
    unfilled,
)


class CheckFailed(AssertionError):
    """What is wrong with an answer, in words for the student."""

    def _render_traceback_(self) -> list[str]:
        # IPython asks for this: in a notebook the message stands alone, without our lines of code
        return [str(self)]


def check_by_hand(
    cell: Cell, xs: Any, h: Any, y: Any, hints: Mapping[str, str] | None = None
) -> None:
    """Check a computation by hand, each step from the student's own step before.

    The message names the first step that does not follow, but not the right number.

    Parameters
    ----------
    cell, xs
        The exercise's network and its input, (T, k).
    h, y
        The student's numbers: T rows each.
    hints
        What helps, by the place and the numbers at which a common mistake shows first.
    """
    true = unroll(cell, xs)
    result = hand_computation(true, {"h": h, "y": y})
    if result.first is None:
        print(f"Right: h and y at all {len(true)} time steps.")
        return
    if result.first.kind == "empty":
        raise CheckFailed(f"{result.first.quantity}: {result.first.got}.")
    t, slip = next(iter(result.slips.items()), (len(true) + 1, result.first))
    fine = {1: "", 2: " Step 1 is fine."}.get(t, f" Steps 1 to {t - 1} are fine.")
    if result.first.kind in ("missing", "type", "shape"):
        T, size = getattr(true, result.first.quantity).shape
        raise CheckFailed(
            f"{result.first.quantity} is {result.first.got}; it needs {T} rows of {size} numbers "
            f"each, one row for each time step t = 1 to {T}.{fine}"
        )
    source = {"h": f"x({t}) and your {cell.state[0]}({t - 1})", "y": f"your h({t})"}[slip.quantity]
    help_ = (hints or {}).get(place_and_value(slip)) or (
        "Write out each product, add the bias, then apply the activation."
    )
    raise CheckFailed(f"{place_and_value(slip)} does not follow from {source}.{fine} {help_}")


def check_numbers(
    got: Mapping[str, Any],
    right: Mapping[str, Any],
    tolerance: float = 0.0,
    hints: Mapping[str, str] | None = None,
) -> None:
    """Check typed numbers. The message names those that are wrong, but not the right ones.

    Parameters
    ----------
    got, right
        The student's numbers and the right ones, by name.
    tolerance
        How far off is still right: 0.005 where two decimals are asked for.
    hints
        What helps, by a name and the wrong number under it.
    """
    told = []
    for name, value in got.items():
        if agrees(value, right[name], tolerance):
            continue
        if value is None or unfilled(value):
            told.append(f"{name} is not filled in yet.")
            continue
        place = f"{name} = {spell_rounded(value, tolerance, right[name])}"
        hint = (hints or {}).get(place) or _of_another_shape(value, right[name])
        told.append(f"{place} is not right. {hint}".strip())
    if told:
        right_ones = len(got) - len(told)
        raise CheckFailed("\n".join([*told, f"{right_ones} of {len(got)} are right."]))
    print("Right." if len(got) == 1 else f"Right: all {len(got)}.")


def _of_another_shape(value: Any, right: Any) -> str:
    wanted = np.shape(right)
    try:
        same = np.shape(value) == wanted
    except ValueError:
        same = False
    if same:
        return ""
    return f"It must be a row of {wanted[0]} numbers." if wanted else "It must be a single number."


def check_call(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    expected: Mapping[str, Any],
    over_time: bool = False,
    hints: Mapping[str, str] | None = None,
) -> None:
    """Call the student's ``function`` and compare what it returns, in order, with ``expected``.

    Parameters
    ----------
    arguments
        The function's arguments by name.
    expected
        Name of each returned quantity and its right value, in the order of the return statement.
    over_time : bool
        Whether the first axis of the quantities is time.
    hints
        What helps, by the place and the numbers at which a common mistake shows first.
    """
    name = function.__name__
    taken = inspect.signature(function).parameters
    missing = [argument for argument in arguments if argument not in taken]
    if missing and not any(each.kind is each.VAR_KEYWORD for each in taken.values()):
        raise CheckFailed(f"{name} has no argument {missing[0]}; keep the arguments as given.")
    returned = _called(function, arguments, hints or {})
    if returned is None:
        raise CheckFailed(f"{name} returns nothing: does it end with a return statement?")
    wanted = {key: Expected(np.asarray(value), over_time) for key, value in expected.items()}
    got = by_name(returned, list(expected))
    if got is None:
        raise CheckFailed(f"{name} does not return {' and '.join(expected)}.")
    difference = first_difference(wanted, got)
    if difference is not None:
        called = inputs_in_words(arguments, difference.t)
        hint = (hints or {}).get(place_and_value(difference), "")
        told = [f"{name}: {difference.in_words()}", called, hint]
        raise CheckFailed(" ".join(part for part in told if part))
    print(f"{name} agrees with the example. Hidden cases use other numbers and sizes.")


def _called(
    function: Callable[..., Any], arguments: Mapping[str, Any], hints: Mapping[str, str]
) -> Any:
    """What it returns; where it stops as a common mistake does, the hint comes with the error."""
    try:
        return function(**{key: _as_given(value) for key, value in arguments.items()})
    except Exception as error:
        kind = type(error).__name__
        if kind not in hints:
            raise
        raise CheckFailed(
            f"{function.__name__} stops with {kind}: {error}. {hints[kind]}"
        ) from error


def _as_given(value: Any) -> Any:
    """An argument as the judge gives it: arrays of floats; a number of steps remains an integer."""
    array = np.array(value)
    if isinstance(value, int | str) or array.dtype.kind == "U":
        return value
    return array if array.dtype.kind == "c" else array.astype(float)
