"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import re
from pathlib import Path

from unrolled.errors import UnrolledError


class StoreError(UnrolledError):
    """Something cannot be written; the message says what, and what to do."""


class DiskError(StoreError):
    """Nothing more can be written: the disk is full, cannot be written to, or fails."""


_NOTHING_MORE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EFBIG}


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises
    ------
    StoreError
        If it cannot be written, such as on a full disk. What was there before is still there.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        kind = DiskError if error.errno in _NOTHING_MORE else StoreError
        raise kind(
            f"{path} cannot be written: {error.strerror}. What was graded until here is kept; "
            "make room or give the right to write, and run the same command again"
        ) from None


def in_a_name(text: str) -> str:
    """A text, such as that of a section, as a part of a file's name."""
    return re.sub(r"[^\w-]+", "-", text).strip("-")[:100] or "none"


FORMULA = re.compile(r"((?:\A|[;,\t|\r\n])[\s\"']*)(?=[=+\-@＝＋－＠|%])")
"""Before what a spreadsheet computes: at the start of a cell, or of what it may take for one."""


def harmless(text: str) -> str:
    """A text for a table's cell that a spreadsheet shows and never computes.

    What begins with one of these characters is a formula to a spreadsheet, which may send the
    table's other cells to anyone; an apostrophe before it makes it a text. A cell may also begin
    after a semicolon or a tab, where these separate the cells of a list.
    """
    return FORMULA.sub(r"\1'", text.replace("\0", ""))
