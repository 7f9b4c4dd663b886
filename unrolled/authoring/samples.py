"""Answers as text files: some words, then a line ``=== CELL`` before the text of each cell.

They are never imported, and only ever run in the sandbox.
"""

from __future__ import annotations

import re
from pathlib import Path


def texts(sample: Path) -> dict[str, str]:
    """The cells of a sample, by id; ``=== like NAME`` takes over another file's."""
    _, *parts = re.split(r"^=== (.+)\n", sample.read_text(encoding="utf-8"), flags=re.MULTILINE)
    cells: dict[str, str] = {}
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        if name.startswith("like "):
            cells |= texts(sample.with_name(name.removeprefix("like ") + ".txt"))
        else:
            cells[name] = text.strip("\n")
    return cells
