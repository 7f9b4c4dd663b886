"""What several commands print in the same way."""

from __future__ import annotations

import json
import sys
from typing import Any


def print_json(**values: Any) -> None:
    """Print ``values`` for another program; in ASCII, since a terminal obeys what is beyond it."""
    print(json.dumps(values, indent=1))


def show(text: str) -> None:
    """Print a text that may quote a hand-in: what a terminal would obey is shown instead."""
    from unrolled.pages.rendering import visible

    print(visible(text))


def tell(message: object) -> None:
    """Say on standard error what the user should know. It may name files that a stranger named."""
    from unrolled.pages.rendering import visible

    print(f"unrolled: {visible(str(message))}", file=sys.stderr)
