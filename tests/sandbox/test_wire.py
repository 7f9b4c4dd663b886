"""What crosses the sandbox's wall: every value comes back as itself, and nothing else does."""

import contextlib
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ARRAYS, ENCODED, JSON, NUMBERS

from unrolled.judging.compare import array_of, spell
from unrolled.sandbox import wire


def across(value):
    """A value after it has gone through the wall."""
    return wire.decode(wire.from_line(wire.to_line({"value": wire.encode(value)}))["value"])


@given(NUMBERS)
def test_a_number_comes_back_exactly(value):
    assert across(value) == value


@given(ARRAYS)
def test_an_array_comes_back_exactly_with_its_type_and_shape(array):
    back = across(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


@given(st.lists(st.lists(NUMBERS, max_size=3), max_size=3))
def test_nested_lists_come_back(value):
    assert across(value) == value


def test_tuples_come_back_as_lists_and_nan_as_nan():
    assert across((1, (2.5, None))) == [1, [2.5, None]]
    assert np.isnan(across(float("nan")))
    assert np.isnan(across(np.array([1.0, np.nan]))[1])


class Hostile(np.ndarray):
    """An array that claims to equal everything, and refuses to be pickled or printed."""

    def __eq__(self, other):
        return True

    def __reduce__(self):
        raise AssertionError("pickled")

    def __repr__(self):
        raise AssertionError("printed")


def test_a_subclass_crosses_as_the_plain_numbers_it_holds():
    back = across(np.zeros(2).view(Hostile))
    assert type(back) is np.ndarray
    assert not (back == 1).any()


@pytest.mark.parametrize("value", [open, object(), {"a": 1}, b"bytes", np.array([b"x"])])
def test_anything_else_crosses_as_the_name_of_its_type_alone(value):
    assert isinstance(across(value), wire.Opaque)


def test_what_is_too_large_or_too_deep_does_not_cross():
    deep = []
    for _ in range(100):
        deep = [deep]
    assert "other" in json.dumps(wire.encode(deep))
    assert "other" in wire.encode(np.zeros(wire.MAX_ENTRIES + 1))
    assert "other" in wire.encode([0] * (wire.MAX_ENTRIES + 1))
    assert len(across("x" * 10_000)) == wire.MAX_TEXT


@given(JSON)
def test_a_forged_message_is_a_value_or_an_error_and_nothing_else(message):
    with contextlib.suppress(wire.WireError):
        wire.decode(message)


@given(st.binary(max_size=200))
def test_forged_bytes_are_a_message_or_an_error_and_nothing_else(line):
    with contextlib.suppress(wire.WireError):
        assert isinstance(wire.from_line(line), dict)


@pytest.mark.parametrize(
    "forged",
    [
        {"array": "AAAA", "dtype": "object", "shape": [1]},
        {"array": "AAAA", "dtype": "float64", "shape": [-1]},
        {"array": "AAAA", "dtype": "float64", "shape": [10**9]},
        {"array": "AAAA", "dtype": "float64", "shape": [True]},
        {"array": "not base64!", "dtype": "float64", "shape": [1]},
        {"array": "", "dtype": "float64", "shape": ["1"]},
        {"text": "x" * 501},
        {"number": "1e999"},
        2**53 + 1,
        -(10**400),
        float("nan"),
        float("inf"),
        {"list": [10**400]},
    ],
)
def test_a_forged_value_is_refused(forged):
    with pytest.raises(wire.WireError):
        wire.decode(forged)


def without_data(*shape):
    return {"array": "", "dtype": "float64", "shape": list(shape)}


@pytest.mark.parametrize(
    "forged",
    [
        without_data(50_000, 50_000, 0),
        without_data(0, 50_000, 50_000),
        without_data(300, 0, 300),
        without_data(*[50] * 7, 0),
        {"list": [without_data(50_000, 0)] * 30_000},
        {"list": [{"list": [{"list": [without_data(1000, 0)] * 100}] * 100}]},
        {"list": [{"list": [0] * 50_000}] * 20},
    ],
    ids=["last axis", "first", "middle", "many", "in a list", "nested", "numbers"],
)
def test_what_takes_no_bytes_on_the_way_but_much_on_arrival_is_refused(forged):
    with pytest.raises(wire.WireError, match="more than"):
        wire.decode(forged)


def test_an_empty_array_of_a_usual_size_still_crosses():
    assert across(np.zeros((0, 3, 4))).shape == (0, 3, 4)
    assert "other" in wire.encode(np.zeros((50_000, 50_000, 0)))


def places(value):
    if isinstance(value, list):
        return sum(map(places, value)) + 1
    return int(np.prod([max(n, 1) for n in np.shape(value)]))


@given(ENCODED)
def test_whatever_crosses_is_bounded_and_so_is_all_that_is_made_of_it(message):
    with contextlib.suppress(wire.WireError):
        value = wire.decode(message)
        assert places(value) <= wire.MAX_TOTAL
        array = array_of(value)
        if not isinstance(array, str):
            assert array.nbytes <= 8 * wire.MAX_TOTAL
            assert len(spell(array)) < 10_000


def test_texts_among_numbers_are_never_made_one_array():
    """NumPy would make each as long as the longest."""
    value = wire.decode({"list": [{"text": "x" * 500}, *[{"text": ""}] * 40_000]})
    assert array_of(value) == "made of entries that are not all numbers"
    assert array_of([[1, "2"], [3, 4]]) == "made of entries that are not all numbers"


def test_many_axes_are_told_in_a_few_words():
    assert spell(np.ones((6,) * 6)) == "an array of shape (6, 6, 6, 6, 6, 6)"


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b'{"a": 1' + b"0" * 5000 + b"}", b"[1]", b"{}" * 2]
)
def test_a_line_that_is_no_message_is_refused(line):
    with pytest.raises(wire.WireError):
        wire.from_line(line)


def test_a_line_that_is_too_long_is_refused():
    with pytest.raises(wire.WireError, match="more than 2000000 bytes"):
        wire.from_line(b" " * (wire.MAX_BYTES + 1))


def test_numbers_and_lists_of_other_kinds_cross_as_what_they_are():
    values = [Fraction(1, 4), Decimal("0.25"), range(2), {1: 0.5, 2: 2}.values()]
    assert wire.decode(wire.encode(values)) == [0.25, 0.25, [0, 1], [0.5, 2]]
    assert wire.encode(range(10**12)) == {"other": "range of 1000000000000 entries"}
