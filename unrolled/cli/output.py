"""What several commands print in the same way."""

from __future__ import annotations

import io
import json
import sys
from typing import Any, TextIO


def print_json(**values: Any) -> None:
    """Print ``values`` for another program; in ASCII, since a terminal obeys what is beyond it."""
    print(json.dumps(values, indent=1))


class Shown(io.TextIOBase):
    """Standard output, on which what a terminal would obey is shown instead.

    Anything printed may quote a hand-in: a name, an answer, a file.
    """

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def write(self, text: str) -> int:
        self._out.write(_shown(text))
        return len(text)

    def flush(self) -> None:
        self._out.flush()

    def isatty(self) -> bool:
        return self._out.isatty()


def _shown(text: str) -> str:
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    from unrolled.seen import visible

    return visible(text)


def tell(message: object) -> None:
    """Say on standard error what the user should know. It may name files that a stranger named."""
    print(f"unrolled: {_shown(str(message))}", file=sys.stderr)
