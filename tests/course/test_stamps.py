"""When something was handed in: one strict format, whatever else stands there."""

import builtins
import os
import warnings
from datetime import datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from unrolled.course import stamps

NOON = datetime(2026, 3, 1, 12)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01 12:00:00.000000 UTC",  # as nbgrader's exchange writes it
        "2026-03-01 12:00:00 UTC\n",
        "2026-03-01 12:00 GMT",
        "2026-03-01T12:00:00Z",
        "2026-03-01 12:00:00",
        "2026-03-01 13:00:00 +0100",
        "2026-03-01 06:30:00.0 -05:30",
        "2026-03-02T02:00+14:00",
    ],
)
def test_the_same_moment_in_each_form_that_is_read(text):
    assert stamps.parse(text) == NOON


def test_parts_of_a_second_are_kept():
    assert stamps.parse("2026-03-01 12:00:00.25 UTC").microsecond == 250_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-03-01",
        "2026-02-30 12:00:00 UTC",
        "2026-03-01 24:00:00 UTC",
        "2026-03-01 12:00:60 UTC",
        "0001-01-01 00:00:00 +14:00",
        "9999-12-31 23:59:59 -14:00",
        "9999-12-31 23:59:59.9999999999 UTC",
        "2026-03-01 12:00:00 +99:00",
        "2026-03-01 12:00:00 +24:00",
        "2026-03-01 12:00:00 +00:99",
        "2026-03-01 12:00:00 CET",
        "2024-01-01 00:00:00 ..",
        "2024-01-01 00:00:00 /etc/localtime",
        "2024-01-01 00:00:00 ../../../etc/passwd",
        "2024-01-01 00:00:00 :Europe/Berlin",
        "2024-01-01 00:00:00 UTC0",
        "2024-01-01 00:00:00 UTC UTC",
        "2024-01-01 00:00:00 99999999999999999999",
        "２０２６-03-01 12:00:00 UTC",
        "2026-03-01 12:00:00 UTC\n2027-03-01 12:00:00 UTC",
        "9" * 100_000,
    ],
)
def test_anything_else_is_no_time(text):
    with pytest.raises(ValueError, match=r"form|calendar|offset|range|day|hour|minute|second"):
        stamps.parse(text)


STAMPS = st.builds(
    "{}{}{}".format,
    st.datetimes().map(lambda d: d.isoformat(" ")) | st.from_regex(r"\d{4}-\d\d-\d\d \d\d:\d\d"),
    st.sampled_from(["", " ", "T", "\t"]),
    st.text(max_size=20)
    | st.from_regex(r"[+-]\d\d:?\d\d", fullmatch=True)
    | st.sampled_from(["..", "/", ".", "~", "UTC", "localtime", "EST5EDT", "\0", "/dev/zero"]),
)


@given(st.text(max_size=60) | STAMPS)
@example("2024-01-01 00:00:00 ..")
def test_whatever_stands_there_is_a_time_or_a_value_error_and_no_file_is_opened(text):
    def refuse(*arguments, **named):
        raise AssertionError(f"opened {arguments}")

    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("error")
        patch.setattr(builtins, "open", refuse)
        patch.setattr(os, "open", refuse)
        patch.setattr(os, "stat", refuse)
        try:
            found = stamps.parse(text)
        except ValueError:
            return
    assert found.tzinfo is None
