"""The page of hand-ins that are alike, for the instructor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unrolled.judging.assignment import Assignment
from unrolled.pages.rendering import render


def similar_page(assignment: Assignment, pairs: Sequence[Any], compared: int, above: float) -> str:
    """The ``pairs``, side by side, of which at least the share ``above`` is the same."""
    return render(
        "similar.html", assignment=assignment, pairs=pairs, compared=compared, above=above
    )
