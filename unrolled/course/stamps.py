"""Time stamps of hand-ins, which a stranger may have written: one strict format, and no look-up.

The general parsers know hundreds of formats, and look a zone up by its name: in a table, and where
the name is a path, in any file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

FORM = "2026-03-01 12:00:00 UTC, or +01:00 for UTC"
_STAMP = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?)(?P<fraction>\.\d{1,9})?"
    r" ?(?P<zone>UTC|GMT|Z|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>[0-5]\d))?",
    re.ASCII,
)


def parse(text: str) -> datetime:
    """The moment in UTC, without a zone as nbgrader keeps it. Where no zone is told it is UTC.

    Raises
    ------
    ValueError
        If it is no date and time of the form ``2026-03-01 12:00:00.5 UTC`` or ``… +01:00``.
    """
    found = _STAMP.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text[:100]!r} is no time of the form {FORM}")
    moment = datetime.fromisoformat(found["time"])
    moment += timedelta(seconds=float(found["fraction"] or 0))
    zone = timezone(_offset(found)) if found["sign"] else UTC
    try:
        return moment.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    except OverflowError:
        raise ValueError(f"{text[:100]!r} is outside of the calendar") from None


def _offset(found: re.Match) -> timedelta:
    minutes = 60 * int(found["hours"]) + int(found["minutes"])
    return timedelta(minutes=minutes if found["sign"] == "+" else -minutes)
