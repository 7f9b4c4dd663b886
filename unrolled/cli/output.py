"""What several commands print in the same way."""

from __future__ import annotations

import json
from typing import Any


def print_json(**values: Any) -> None:
    """Print ``values`` for another program."""
    print(json.dumps(values, ensure_ascii=False, indent=1))
